// The selected vehicle in the address: #vehicle=Name.

export function readLink(hash: string): string | null {
  const name = new URLSearchParams(hash.replace(/^#/, "")).get("vehicle");
  return name === "" ? null : name;
}

export function writeLink(name: string | null): string {
  return name === null ? "" : `#vehicle=${encodeURIComponent(name)}`;
}
