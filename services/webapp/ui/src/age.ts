// How old a vehicle's last report is, and what that makes of the vehicle.

export type Freshness = "fresh" | "ageing" | "stale";

export const FRESH_MS = 15_000;
export const AGEING_MS = 60_000;

/**
 * Milliseconds since the report. Also counts from its arrival, so that a vehicle falls silent on a computer
 * whose clock is behind the fleet's, too.
 */
export function age(vehicle: { readonly time: number; readonly receivedAt: number }, now: number): number {
  return Math.max(0, now - vehicle.time, now - vehicle.receivedAt);
}

export function freshness(ms: number): Freshness {
  if (ms < FRESH_MS) return "fresh";
  return ms < AGEING_MS ? "ageing" : "stale";
}
