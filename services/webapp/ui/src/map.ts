// The map: our own roads, the vehicles moving on them, and the camera. Asks nobody for tiles, fonts or icons.

import { LngLatBounds, Map as MapLibre, ScaleControl, setWorkerUrl, type GeoJSONSource } from "maplibre-gl";
import { age, freshness } from "./age.ts";
import type { Fleet, Vehicle } from "./fleet.ts";
import type { Unit } from "./format.ts";
import { layers, ROADS, TRAIL, VEHICLES } from "./layers.ts";
import { drawMarkers, markerName, PIXEL_RATIO } from "./marker.ts";
import { poseAt, type Pose } from "./motion.ts";
import type { Point } from "./position.ts";
import * as themes from "./theme.ts";

export interface Wishes {
  select(name: string): void;
  /** The user has dragged the map away from the vehicle it was following. */
  letGo(): void;
}

const FRAME_MS = 33;
const CLOSE_UP = 14.5;
const FIT = { padding: 36, maxZoom: 15 };
const nothing: GeoJSON.FeatureCollection = { type: "FeatureCollection", features: [] };

export class FleetMap {
  readonly #map: MapLibre;
  readonly #fleet: Fleet;
  readonly #scale = new ScaleControl({ maxWidth: 90 });
  readonly #dark = matchMedia("(prefers-color-scheme: dark)");
  readonly #calm = matchMedia("(prefers-reduced-motion: reduce)");
  #home: LngLatBounds | null = null;
  /** The camera has been put somewhere: from here on it travels, before it jumps. */
  #placed = false;
  #selected: string | null = null;
  #hovered: string | null = null;
  #following = false;
  #trail: readonly Point[] = [];
  #drawn = "";
  #drawnAt = 0;
  #drawing = false;

  /** Throws where the browser has no WebGL 2. */
  constructor(container: HTMLElement, fleet: Fleet, wishes: Wishes) {
    setWorkerUrl(new URL("./maplibre-worker.js", import.meta.url).href);
    this.#fleet = fleet;
    const theme = this.#theme();
    this.#map = new MapLibre({
      container,
      style: {
        version: 8,
        sources: {
          [ROADS]: { type: "geojson", data: nothing },
          [TRAIL]: { type: "geojson", data: nothing, lineMetrics: true },
          [VEHICLES]: { type: "geojson", data: nothing, maxzoom: 14 },
        },
        layers: layers(theme),
      },
      attributionControl: false,
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      maxPitch: 0,
      minZoom: 3,
      maxZoom: 18,
      fadeDuration: 0,
      locale: { "Map.Title": "Map of the fleet; arrow keys move it, plus and minus zoom" },
    });
    this.#map.touchZoomRotate.disableRotation();
    this.#map.keyboard.disableRotation();
    this.#map.addControl(this.#scale, "bottom-right");
    this.#map.on("error", ({ error }) => {
      console.error("map:", error);
    });
    for (const [name, image] of drawMarkers(theme))
      this.#map.addImage(name, image, { pixelRatio: PIXEL_RATIO });

    this.#map.on("click", VEHICLES, ({ features }) => {
      const name: unknown = features?.at(-1)?.properties.name;
      if (typeof name === "string") wishes.select(name);
    });
    this.#map.on("mousemove", VEHICLES, ({ features }) => {
      const name: unknown = features?.at(-1)?.properties.name;
      this.#hover(typeof name === "string" ? name : null);
    });
    this.#map.on("mouseleave", VEHICLES, () => {
      this.#hover(null);
    });
    this.#map.on("dragstart", () => {
      if (this.#following) wishes.letGo();
    });
    this.#dark.addEventListener("change", () => {
      this.#repaint();
    });
    this.#map.once("load", () => {
      this.#animate();
    });
  }

  setRoads(roads: GeoJSON.FeatureCollection): void {
    const bounds = new LngLatBounds();
    for (const { geometry } of roads.features)
      if (geometry.type === "LineString")
        for (const [lng, lat] of geometry.coordinates)
          if (lng !== undefined && lat !== undefined) bounds.extend([lng, lat]);
    this.#whenLoaded(() => {
      void this.#source(ROADS).setData(roads);
    });
    if (bounds.isEmpty()) return;
    this.#home = bounds;
    if (!this.#placed) this.fit();
  }

  /** Shows all roads, or where there are none, all vehicles. */
  fit(): void {
    const bounds = this.#home ?? this.#fleetBounds();
    if (bounds.isEmpty()) return;
    this.#map.fitBounds(bounds, { ...FIT, animate: this.#placed });
    this.#placed = true;
  }

  zoom(by: number): void {
    const center = this.#following ? this.#pose() : null;
    this.#map.easeTo({ zoom: this.#map.getZoom() + by, ...(center ? { center } : {}), duration: 250 });
  }

  select(name: string | null): void {
    this.#selected = name;
    this.setTrail([]);
    const pose = this.#pose();
    if (!pose) return;
    const zoom = Math.max(this.#map.getZoom(), CLOSE_UP);
    if (this.#placed) this.#map.flyTo({ center: pose, zoom, speed: 1.8, maxDuration: 2000 });
    else this.#map.jumpTo({ center: pose, zoom });
    this.#placed = true;
  }

  follow(following: boolean): void {
    this.#following = following;
    const around = following && { around: "center" as const };
    // enable() alone does not change a handler that is already enabled.
    for (const handler of [this.#map.scrollZoom, this.#map.touchZoomRotate]) {
      handler.disable();
      handler.enable(around);
    }
    this.#map.touchZoomRotate.disableRotation();
  }

  setTrail(points: readonly Point[]): void {
    this.#trail = points;
    this.#drawn = "";
  }

  setUnit(unit: Unit): void {
    this.#scale.setUnit(unit === "mph" ? "imperial" : "metric");
  }

  #animate(): void {
    requestAnimationFrame((at) => {
      this.#animate();
      // Never more than one update on its way to the worker: a slow machine gets fewer frames, not a backlog.
      if (this.#drawing || at - this.#drawnAt < FRAME_MS) return;
      const now = Date.now();
      const moving = !this.#calm.matches && now < this.#fleet.restsAt;
      const picked = `${this.#selected ?? ""}\n${this.#hovered ?? ""}`;
      const due = `${this.#fleet.version}\n${picked}\n${Math.floor(now / 1000)}`;
      if (!moving && due === this.#drawn) return;
      this.#drawn = due;
      this.#drawnAt = at;
      this.#drawing = true;
      void this.#draw(now).finally(() => {
        this.#drawing = false;
      });
    });
  }

  async #draw(now: number): Promise<void> {
    if (this.#following && !this.#map.isMoving()) {
      const pose = this.#pose();
      if (pose) this.#map.setCenter(pose);
    }
    await Promise.all([
      this.#source(VEHICLES).setData({
        type: "FeatureCollection",
        features: Array.from(this.#fleet.all(), (vehicle) => this.#feature(vehicle, now)),
      }),
      this.#source(TRAIL).setData(this.#trailLine()),
    ]);
  }

  #feature(vehicle: Vehicle, now: number): GeoJSON.Feature {
    const { lat, lng, heading } = this.#poseOf(vehicle, now);
    const selected = vehicle.name === this.#selected;
    const fresh = freshness(age(vehicle, now));
    const picked = selected ? 3 : vehicle.name === this.#hovered ? 2 : fresh === "stale" ? 0 : 1;
    return {
      type: "Feature",
      properties: {
        name: vehicle.name,
        marker: markerName(heading, fresh, selected),
        heading: heading ?? 0,
        rank: picked,
      },
      geometry: { type: "Point", coordinates: [lng, lat] },
    };
  }

  /** Ends at the marker, which is on its way to the newest position. */
  #trailLine(): GeoJSON.GeoJSON {
    const pose = this.#pose();
    const points = pose ? [...this.#trail.slice(0, -1), pose] : [];
    if (points.length < 2) return nothing;
    return {
      type: "Feature",
      properties: {},
      geometry: { type: "LineString", coordinates: points.map(({ lat, lng }) => [lng, lat]) },
    };
  }

  #pose(): Pose | null {
    const vehicle = this.#selected === null ? undefined : this.#fleet.get(this.#selected);
    return vehicle ? this.#poseOf(vehicle, Date.now()) : null;
  }

  #poseOf(vehicle: Vehicle, now: number): Pose {
    return this.#calm.matches ? vehicle.motion.to : poseAt(vehicle.motion, now);
  }

  #hover(name: string | null): void {
    this.#hovered = name;
    this.#map.getCanvas().style.cursor = name === null ? "" : "pointer";
  }

  #fleetBounds(): LngLatBounds {
    const bounds = new LngLatBounds();
    for (const { lng, lat } of this.#fleet.all()) bounds.extend([lng, lat]);
    return bounds;
  }

  #repaint(): void {
    const theme = this.#theme();
    for (const [name, image] of drawMarkers(theme)) this.#map.updateImage(name, image);
    for (const layer of layers(theme))
      for (const [property, value] of Object.entries(layer.paint ?? {}))
        this.#map.setPaintProperty(layer.id, property as never, value as never);
  }

  #theme(): themes.Theme {
    return this.#dark.matches ? themes.dark : themes.light;
  }

  #source(id: string): GeoJSONSource {
    const source = this.#map.getSource<GeoJSONSource>(id);
    if (!source) throw new Error(`the map has no source ${id}`);
    return source;
  }

  #whenLoaded(task: () => void): void {
    if (this.#map.isStyleLoaded()) task();
    else this.#map.once("load", task);
  }
}
