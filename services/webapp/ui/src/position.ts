// What the gateway sends, made safe: unknown JSON in, position reports out.

/** One report of one vehicle, as far as this page uses it. Time is in milliseconds since the epoch. */
export interface Report {
  readonly name: string;
  readonly lat: number;
  readonly lng: number;
  readonly time: number;
  /** Miles per hour; null on a vehicle's first report. */
  readonly speed: number | null;
  /** Degrees clockwise from north, 0 ≤ heading < 360; null when unknown. */
  readonly heading: number | null;
}

export interface Point {
  readonly lat: number;
  readonly lng: number;
}

export interface Parsed {
  readonly reports: readonly Report[];
  /** How many entries were unreadable and left out. */
  readonly rejected: number;
}

/** Parses a list of vehicle positions. Throws when it is not a list at all; skips and counts bad entries. */
export function parseReports(json: unknown): Parsed {
  if (!Array.isArray(json)) throw new Error("the answer is not a list of vehicles");
  const reports = json.map(parseReport).filter((report) => report !== null);
  return { reports, rejected: json.length - reports.length };
}

/** Parses a vehicle's history, a list of {lat, lng}. */
export function parseHistory(json: unknown): Point[] {
  if (!Array.isArray(json)) throw new Error("the answer is not a list of positions");
  return json.filter(isPoint).map(({ lat, lng }) => ({ lat, lng }));
}

/** Milliseconds since the epoch, or NaN. Takes an offset without a colon (+0000), which Date.parse may not. */
export function parseTime(text: unknown): number {
  if (typeof text !== "string") return NaN;
  return Date.parse(text.replace(/([+-]\d{2})(\d{2})$/, "$1:$2"));
}

function parseReport(entry: unknown): Report | null {
  if (!isRecord(entry)) return null;
  const { name, lat, longitude: lng } = entry;
  const time = parseTime(entry.timestamp);
  if (typeof name !== "string" || name === "" || !isPoint({ lat, lng }) || Number.isNaN(time)) return null;
  const speed = finiteOrNull(entry.speed);
  const heading = finiteOrNull(entry.heading);
  return {
    name,
    lat: lat as number,
    lng: lng as number,
    time,
    speed: speed === null ? null : Math.max(0, speed),
    heading: heading === null ? null : ((heading % 360) + 360) % 360,
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function isPoint(value: unknown): value is Point {
  return isRecord(value) && within(value.lat, 90) && within(value.lng, 180);
}

function within(value: unknown, limit: number): boolean {
  return typeof value === "number" && Math.abs(value) <= limit;
}

function finiteOrNull(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}
