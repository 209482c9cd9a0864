// What a browser remembers for its user; where storage is closed to the page, it simply forgets.

export function recall<T>(key: string, valid: (value: unknown) => value is T, otherwise: T): T {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(`fleetman.${key}`) ?? "null");
    return valid(value) ? value : otherwise;
  } catch {
    return otherwise;
  }
}

export function remember(key: string, value: unknown): void {
  try {
    localStorage.setItem(`fleetman.${key}`, JSON.stringify(value));
  } catch {
    // Private windows and blocked storage: the choice lasts as long as the page.
  }
}
