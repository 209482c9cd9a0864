// How a marker moves between two reports: on from where it is shown, over the time between the reports.

import type { Point } from "./position.ts";

/** Farther than this between two reports is not driven but corrected: the marker jumps. */
export const SNAP_METRES = 2000;
/** A late report lets the marker run on this far, as a multiple of the step... */
export const OVERRUN = 1.5;
/** ...and by here it is back at the position that was really reported. */
export const SETTLED = 2.5;
/** A marker never trails reality by more than this, however seldom a vehicle reports. */
const LONGEST_MS = 5000;
/** Turning takes this part of the step. */
const TURN = 0.35;
/** Less than this is noise: it says nothing about where the vehicle is heading. */
const MOVED_METRES = 3;

export interface Pose extends Point {
  readonly heading: number | null;
}

export interface Motion {
  readonly from: Pose;
  readonly to: Pose;
  readonly start: number;
  /** 0: the marker stands at `to`. */
  readonly duration: number;
}

export function standing(at: Pose, now: number): Motion {
  return { from: at, to: at, start: now, duration: 0 };
}

/** The motion from where `previous` is at `now` to a new report, `interval` ms younger than the one before. */
export function moveOn(previous: Motion, target: Pose, interval: number, now: number): Motion {
  const from = poseAt(previous, now);
  const metres = distance(from, target);
  // Without a heading of its own, a vehicle points where it went; standing still, it keeps the one it had.
  const heading = target.heading ?? (metres > MOVED_METRES ? bearing(from, target) : from.heading);
  const to = { ...target, heading };
  if (metres > SNAP_METRES || interval <= 0) return standing(to, now);
  return { from, to, start: now, duration: Math.min(interval, LONGEST_MS) };
}

export function poseAt(motion: Motion, now: number): Pose {
  const { from, to, start, duration } = motion;
  if (duration <= 0 || now - start >= duration * SETTLED) return to;
  const elapsed = Math.max(0, (now - start) / duration);
  const part = fraction(elapsed);
  return {
    lat: from.lat + (to.lat - from.lat) * part,
    lng: from.lng + (to.lng - from.lng) * part,
    heading: turn(from.heading, to.heading, Math.min(1, elapsed / TURN)),
  };
}

/** When the marker comes to rest if nothing more is reported. */
export function restsAt(motion: Motion): number {
  return motion.start + motion.duration * SETTLED;
}

/** Steps done after `elapsed` steps: straight on up to OVERRUN, then back to exactly 1. */
export function fraction(elapsed: number): number {
  if (elapsed <= OVERRUN) return elapsed;
  const back = Math.min(1, (elapsed - OVERRUN) / (SETTLED - OVERRUN));
  return OVERRUN + (1 - OVERRUN) * back;
}

function turn(from: number | null, to: number | null, part: number): number | null {
  if (from === null || to === null) return to;
  const shortest = ((to - from + 540) % 360) - 180;
  return (from + shortest * part + 360) % 360;
}

const RADIANS = Math.PI / 180;
const METRES_PER_DEGREE = 111_195;

/** Metres between two points, as the crow flies; exact enough within a city and never too short to snap. */
export function distance(a: Point, b: Point): number {
  const dy = (b.lat - a.lat) * METRES_PER_DEGREE;
  const dx = (b.lng - a.lng) * METRES_PER_DEGREE * Math.cos(((a.lat + b.lat) / 2) * RADIANS);
  return Math.hypot(dx, dy);
}

/** Degrees clockwise from north, from one point to another nearby. */
export function bearing(a: Point, b: Point): number {
  const dy = b.lat - a.lat;
  const dx = (b.lng - a.lng) * Math.cos(((a.lat + b.lat) / 2) * RADIANS);
  return (Math.atan2(dx, dy) / RADIANS + 360) % 360;
}
