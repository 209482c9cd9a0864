// The fleet as last reported: one entry a vehicle, and never one that goes back in time.

import { moveOn, restsAt, standing, type Motion } from "./motion.ts";
import type { Report } from "./position.ts";

export interface Vehicle extends Report {
  /** When this page learnt of the report, by the browser's clock. */
  readonly receivedAt: number;
  readonly motion: Motion;
}

export class Fleet {
  readonly #vehicles = new Map<string, Vehicle>();
  #version = 0;
  #restsAt = 0;

  /** Changes whenever a vehicle does. */
  get version(): number {
    return this.#version;
  }

  /** When the last moving marker comes to rest. */
  get restsAt(): number {
    return this.#restsAt;
  }

  get size(): number {
    return this.#vehicles.size;
  }

  get(name: string): Vehicle | undefined {
    return this.#vehicles.get(name);
  }

  all(): IterableIterator<Vehicle> {
    return this.#vehicles.values();
  }

  /** Makes these the whole fleet. Returns how many vehicles came, went or moved on. */
  replace(reports: readonly Report[], now: number): number {
    const names = new Set(reports.map((report) => report.name));
    let gone = 0;
    for (const name of this.#vehicles.keys()) {
      if (names.has(name)) continue;
      this.#vehicles.delete(name);
      gone++;
    }
    if (gone > 0) this.#version++;
    return gone + this.merge(reports, now);
  }

  /** Takes in new reports. Returns how many vehicles came or moved on; a report not newer changes nothing. */
  merge(reports: readonly Report[], now: number): number {
    let changed = 0;
    for (const report of reports) {
      const known = this.#vehicles.get(report.name);
      if (known && report.time <= known.time) continue;
      const motion = known
        ? moveOn(known.motion, report, report.time - known.time, now)
        : standing(report, now);
      this.#vehicles.set(report.name, { ...report, receivedAt: now, motion });
      this.#restsAt = Math.max(this.#restsAt, restsAt(motion));
      changed++;
    }
    if (changed > 0) this.#version++;
    return changed;
  }
}
