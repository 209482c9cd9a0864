// A report and a vehicle to test with.

import type { Vehicle } from "../src/fleet.ts";
import { standing } from "../src/motion.ts";
import type { Report } from "../src/position.ts";

export function report(name: string, time: number, change: Partial<Report> = {}): Report {
  return { name, time, lat: 53.38, lng: -1.47, speed: 20, heading: 90, ...change };
}

export function vehicle(name: string, time: number, change: Partial<Report> = {}): Vehicle {
  const made = report(name, time, change);
  return { ...made, receivedAt: time, motion: standing(made, time) };
}
