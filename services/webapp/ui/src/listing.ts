// Which vehicles the list shows, in which order, and which of them are in view.

import { age, freshness } from "./age.ts";
import type { Vehicle } from "./fleet.ts";
import { wholeSpeed, type Unit } from "./format.ts";

export type SortKey = "name" | "speed" | "seen";

export interface Sort {
  readonly key: SortKey;
  readonly reversed: boolean;
}

/** Clicking a column sorts by it, what one looks for first: A to Z, the fastest, the longest silent. */
export function nextSort(current: Sort, key: SortKey): Sort {
  return { key, reversed: current.key === key && !current.reversed };
}

export function isSort(value: unknown): value is Sort {
  if (typeof value !== "object" || value === null) return false;
  const { key, reversed } = value as Record<string, unknown>;
  return (key === "name" || key === "speed" || key === "seen") && typeof reversed === "boolean";
}

const names = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

/** Every word of the query must occur in the name; case and accents do not matter. */
export function matches(name: string, query: string): boolean {
  const folded = fold(name);
  return fold(query)
    .split(/\s+/)
    .every((word) => folded.includes(word));
}

function fold(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().trim();
}

/** The vehicles to show, sorted; equal ones by name, an unknown speed always last. */
export function arrange(
  vehicles: Iterable<Vehicle>,
  query: string,
  sort: Sort,
  unit: Unit,
  now: number,
): Vehicle[] {
  const sign = sort.reversed ? -1 : 1;
  const speedRank = (vehicle: Vehicle) => wholeSpeed(vehicle.speed ?? 0, unit);
  const byName = (a: Vehicle, b: Vehicle) => names.compare(a.name, b.name) || (a.name < b.name ? -1 : 1);
  const compare = {
    name: (a: Vehicle, b: Vehicle) => sign * byName(a, b),
    speed: (a: Vehicle, b: Vehicle) => sign * (speedRank(b) - speedRank(a)) || byName(a, b),
    seen: (a: Vehicle, b: Vehicle) => sign * (silence(b, now) - silence(a, now)) || byName(a, b),
  }[sort.key];
  const known = (vehicle: Vehicle) => Number(sort.key === "speed" && vehicle.speed === null);
  return [...vehicles]
    .filter((vehicle) => matches(vehicle.name, query))
    .sort((a, b) => known(a) - known(b) || compare(a, b));
}

/** Fresh vehicles count as equal: sorting them by the second would only make the list jump. */
function silence(vehicle: Vehicle, now: number): number {
  const ms = age(vehicle, now);
  return freshness(ms) === "fresh" ? 0 : ms;
}

/** The rows in view, [first, end), with `spare` rows more on either side. */
export function rowsInView(
  scrollTop: number,
  height: number,
  rowHeight: number,
  count: number,
  spare = 6,
): { readonly first: number; readonly end: number } {
  const first = Math.max(0, Math.min(count, Math.floor(scrollTop / rowHeight) - spare));
  const end = Math.max(first, Math.min(count, Math.ceil((scrollTop + height) / rowHeight) + spare));
  return { first, end };
}
