// Numbers into words: speeds in the chosen unit, ages, headings.

export type Unit = "mph" | "km/h";

const KM_PER_MILE = 1.609344;
const NONE = "–";

export function isUnit(value: unknown): value is Unit {
  return value === "mph" || value === "km/h";
}

/** "23 mph", "37 km/h"; a dash when the speed is unknown. */
export function formatSpeed(mph: number | null, unit: Unit): string {
  if (mph === null) return NONE;
  return `${wholeSpeed(mph, unit)} ${unit}`;
}

/** The number that is shown, and sorted by: vehicles showing the same speed are equally fast. */
export function wholeSpeed(mph: number, unit: Unit): number {
  return Math.round(unit === "mph" ? mph : mph * KM_PER_MILE);
}

/** "now", "12 s", "3 min", "5 h", "2 d": short enough for a column. */
export function formatAge(ms: number): string {
  const seconds = Math.floor(Math.max(0, ms) / 1000);
  if (seconds < 5) return "now";
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** The same in a sentence: "just now", "12 s ago". */
export function formatAgo(ms: number): string {
  const text = formatAge(ms);
  return text === "now" ? "just now" : `${text} ago`;
}

const POINTS = ["N", "NE", "E", "SE", "S", "SW", "W", "NW"] as const;

/** "NW · 315°"; a dash when unknown. */
export function formatHeading(degrees: number | null): string {
  if (degrees === null) return NONE;
  const whole = Math.round(degrees) % 360;
  return `${POINTS[Math.round(whole / 45) % 8] ?? ""} · ${whole}°`;
}

/** "53.37983, −1.46665", with a true minus. */
export function formatPoint(point: { readonly lat: number; readonly lng: number }): string {
  return `${point.lat.toFixed(5)}, ${point.lng.toFixed(5)}`.replaceAll("-", "−");
}

export function formatCount(count: number, one: string, many: string): string {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}
