// What the page says about its connection and about an empty list.

import { formatAge } from "./format.ts";
import type { Connection, Phase } from "./stream.ts";

export const PHASE_WORDS: Readonly<Record<Phase, string>> = {
  connecting: "Connecting",
  live: "Live",
  reconnecting: "Reconnecting",
  stale: "Stale",
  "no-data": "No data",
};

/** The trouble in a sentence, or null when there is none. */
export function trouble(connection: Connection, now: number): string | null {
  const { phase, reason, updatedAt } = connection;
  const because = reason === null ? "" : `, because ${reason}`;
  switch (phase) {
    case "connecting":
    case "live":
      return null;
    case "no-data":
      return `No data${because}.`;
    case "reconnecting":
      return reason === null
        ? "The live stream is interrupted. Positions are fetched every 2 s until it is back."
        : `The live stream is interrupted and fetching failed${because}.`;
    case "stale": {
      const silent = updatedAt === null ? "a while" : formatAge(now - updatedAt);
      return `Nothing new for ${silent}${because === "" ? ": no vehicle has reported" : because}.`;
    }
  }
}

/** The same for a screen reader: without the running seconds, so that it is read out once. */
export function announcement({ phase, reason }: Connection): string {
  return `Connection: ${PHASE_WORDS[phase]}${reason === null || phase === "live" ? "" : `, because ${reason}`}`;
}

/** Why the list is empty, or null when it is not. */
export function whyEmpty(
  connection: Connection,
  fleet: { readonly known: number; readonly listed: number; readonly rejected: number },
  query: string,
): string | null {
  if (fleet.listed > 0) return null;
  if (fleet.known > 0) return `No vehicle's name contains “${query.trim()}”.`;
  if (connection.phase === "connecting") return "Connecting to the fleet…";
  if (connection.phase === "no-data") return "No vehicles to show: there is no data yet.";
  if (fleet.rejected > 0) return "The server sent vehicles, but none whose position could be read.";
  return "No vehicle has reported yet. The first will appear here by itself.";
}
