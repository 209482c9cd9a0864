// Puts the page together: the stream fills the fleet; the list, the card and the map show it.

import { getJson } from "./api.ts";
import { Card } from "./card.ts";
import { readLink, writeLink } from "./deeplink.ts";
import { element, input, say } from "./dom.ts";
import { Fleet } from "./fleet.ts";
import { isUnit, type Unit } from "./format.ts";
import { VehicleList } from "./list.ts";
import { isSort } from "./listing.ts";
import type { FleetMap } from "./map.ts";
import { parseHistory, parseReports, type Point } from "./position.ts";
import { recall, remember } from "./settings.ts";
import { Status } from "./status.ts";
import { Stream, type Connection } from "./stream.ts";
import { extendTrail, joinTrail } from "./trail.ts";
import { whyEmpty } from "./wording.ts";

const ROADS_RETRY_MS = 10_000;

const fleet = new Fleet();
const status = new Status();
const search = input("search");
let map: FleetMap | null = null;
let unit = recall<Unit>("unit", isUnit, "mph");
let selected: string | null = null;
let trail: Point[] = [];
let connection: Connection = { phase: "connecting", reason: null, updatedAt: null };
let rejected = 0;

const card = new Card(fleet, {
  close: () => {
    select(null);
  },
  follow,
});
const list = new VehicleList(fleet, recall("sort", isSort, { key: "name", reversed: false }), unit, {
  select,
  sorted: (sort) => {
    remember("sort", sort);
    show();
  },
});

function show(): void {
  const now = Date.now();
  list.update();
  status.show(connection, now);
  status.summarise(fleet, list.count, rejected, now);
  const empty = whyEmpty(connection, { known: fleet.size, listed: list.count, rejected }, search.value);
  say(element("empty"), empty);
  element("rows").hidden = empty !== null;
  card.show(selected, unit, map !== null, connection.updatedAt === null);
}

// Data

const stream = new Stream({
  open: () => new EventSource("api/stream"),
  poll: () => getJson("api/vehicles/"),
  now: () => Date.now(),
  every: (ms, task) => setInterval(task, ms),
  deliver(kind, json) {
    const parsed = parseReports(json);
    if (kind === "snapshot" || parsed.rejected > 0) rejected = parsed.rejected;
    const wasKnown = selected !== null && fleet.get(selected) !== undefined;
    const now = Date.now();
    const news = kind === "snapshot" ? fleet.replace(parsed.reports, now) : fleet.merge(parsed.reports, now);
    const vehicle = selected === null ? undefined : fleet.get(selected);
    if (vehicle && !wasKnown) select(selected);
    else if (vehicle) showTrail(extendTrail(trail, vehicle));
    if (news > 0) show();
    return news;
  },
  changed(now) {
    connection = now;
    show();
  },
});

// Selection

function select(name: string | null): void {
  const again = name === selected && name !== null && fleet.get(name) !== undefined && trail.length > 1;
  selected = name;
  list.select(name);
  const link = writeLink(name);
  if (location.hash !== link)
    history.replaceState(null, "", link === "" ? location.pathname + location.search : link);
  if (!again) {
    card.note = null;
    trail = [];
    if (name !== null && fleet.get(name)) void loadTrail(name);
  }
  map?.select(name);
  map?.setTrail(trail);
  follow(name !== null);
  show();
}

async function loadTrail(name: string): Promise<void> {
  card.note = "Loading the trail…";
  try {
    const past = parseHistory(await getJson(`api/history/${encodeURIComponent(name)}`));
    if (name !== selected) return;
    showTrail(joinTrail(past, trail));
    card.note = null;
  } catch (error) {
    if (name !== selected) return;
    card.note = `No earlier trail, because ${error instanceof Error ? error.message : String(error)}.`;
  }
  show();
}

function showTrail(points: Point[]): void {
  trail = points;
  map?.setTrail(trail);
}

function follow(following: boolean): void {
  card.following = following;
  map?.follow(following);
}

// The map: comes as a script of its own, and the page lives without it.

async function openMap(): Promise<void> {
  const stage = element("map");
  const notice = element("map-notice");
  try {
    if (!document.createElement("canvas").getContext("webgl2"))
      throw new Error("this browser offers no WebGL 2");
    const { FleetMap } = await import("./map.ts");
    map = new FleetMap(stage, fleet, {
      select,
      letGo: () => {
        follow(false);
      },
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    stage.hidden = true;
    notice.classList.add("alone");
    say(notice, `The map is not shown, because ${reason}. The list works without it.`);
    return;
  }
  element("map-buttons").hidden = false;
  map.setUnit(unit);
  if (selected !== null) select(selected);
  await loadRoads(map, notice);
}

async function loadRoads(to: FleetMap, notice: HTMLElement): Promise<void> {
  try {
    const roads = await getJson("roads.geojson");
    if (!isFeatureCollection(roads)) throw new Error("roads.geojson holds no roads");
    to.setRoads(roads);
    say(notice, null);
  } catch (error) {
    say(notice, `No roads on the map, because ${error instanceof Error ? error.message : String(error)}.`);
    to.fit();
    setTimeout(() => void loadRoads(to, notice), ROADS_RETRY_MS);
  }
}

function isFeatureCollection(json: unknown): json is GeoJSON.FeatureCollection {
  return typeof json === "object" && json !== null && "features" in json && Array.isArray(json.features);
}

// Controls

search.addEventListener("input", () => {
  list.query = search.value;
  show();
});
search.addEventListener("keydown", (event) => {
  const first = list.first();
  if (event.key === "Enter" && first !== null) select(first);
  if (event.key === "ArrowDown") {
    element("rows").focus();
    event.preventDefault();
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented) return;
  if (document.activeElement === search && search.value !== "") {
    search.value = "";
    list.query = "";
    show();
  } else if (selected !== null) select(null);
});
for (const choice of document.querySelectorAll<HTMLInputElement>("input[name=unit]")) {
  choice.checked = choice.value === unit;
  choice.addEventListener("change", () => {
    if (!isUnit(choice.value)) return;
    unit = choice.value;
    remember("unit", unit);
    list.unit = unit;
    map?.setUnit(unit);
    show();
  });
}
element("map-buttons").addEventListener("click", ({ target }) => {
  const wish = target instanceof Element ? target.closest<HTMLElement>("[data-map]")?.dataset.map : undefined;
  if (wish === "in") map?.zoom(1);
  if (wish === "out") map?.zoom(-1);
  if (wish !== "fit") return;
  follow(false);
  map?.fit();
});

addEventListener("hashchange", () => {
  const linked = readLink(location.hash);
  if (linked !== selected) select(linked);
});
addEventListener("online", () => {
  stream.tick();
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) stream.tick();
});
setInterval(show, 1000);
select(readLink(location.hash));
void openMap();
