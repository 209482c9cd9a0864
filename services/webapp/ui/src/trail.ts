// Where the selected vehicle has been: its history, and every live position since.

import { distance, SNAP_METRES } from "./motion.ts";
import type { Point } from "./position.ts";

/** Enough for the last half hour at a report every two seconds, and few enough to redraw as it grows. */
export const LONGEST_TRAIL = 900;

/** A history and the positions that came in while it was on its way, joined without doubling any. */
export function joinTrail(history: readonly Point[], live: readonly Point[]): Point[] {
  const last = history.at(-1);
  const known = last ? live.findLastIndex((point) => same(point, last)) : -1;
  return live.slice(known + 1).reduce(extendTrail, shorten(history));
}

/** The trail with one more position: a repeated one adds nothing, a jump starts the trail anew. */
export function extendTrail(trail: readonly Point[], point: Point): Point[] {
  const last = trail.at(-1);
  if (last && same(last, point)) return [...trail];
  if (last && distance(last, point) > SNAP_METRES) return [point];
  return [...trail, point].slice(-LONGEST_TRAIL);
}

function shorten(history: readonly Point[]): Point[] {
  const recent = history.slice(-LONGEST_TRAIL);
  const jump = recent.findLastIndex((point, i) => {
    const before = recent[i - 1];
    return before !== undefined && distance(before, point) > SNAP_METRES;
  });
  return recent.slice(Math.max(0, jump)).map(({ lat, lng }) => ({ lat, lng }));
}

function same(a: Point, b: Point): boolean {
  return a.lat === b.lat && a.lng === b.lng;
}
