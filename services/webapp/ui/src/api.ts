// JSON over HTTP, with a failure that can be read out to a person.

const PATIENCE_MS = 8000;
const LONGEST_MESSAGE = 160;

export async function getJson(url: string): Promise<unknown> {
  const response = await ask(url);
  if (!response.ok) throw new Error(await explain(response));
  try {
    return await response.json();
  } catch {
    throw new Error("the server's answer is not JSON");
  }
}

async function ask(url: string): Promise<Response> {
  try {
    return await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS), cache: "no-store" });
  } catch (cause) {
    const slow = cause instanceof DOMException && cause.name === "TimeoutError";
    throw new Error(
      slow ? `the server did not answer within ${PATIENCE_MS / 1000} s` : "the server cannot be reached",
      { cause },
    );
  }
}

async function explain(response: Response): Promise<string> {
  const said = messageIn(await response.text().catch(() => ""));
  return `the server answered ${response.status}${said === "" ? "" : `: ${said}`}`;
}

/** What an error's body says: JSON's "error" or "message", or plain text; a page of HTML says nothing. */
export function messageIn(body: string): string {
  let text = body;
  try {
    const json: unknown = JSON.parse(body);
    if (typeof json === "object" && json !== null) {
      const { error, message } = json as Record<string, unknown>;
      text = [error, message].find((value) => typeof value === "string") ?? "";
    }
  } catch {
    // Not JSON: taken as text.
  }
  text = text.replace(/\s+/g, " ").trim().replace(/\.$/, "");
  if (text.startsWith("<")) return "";
  return text.length > LONGEST_MESSAGE ? `${text.slice(0, LONGEST_MESSAGE - 1)}…` : text;
}
