// What the map draws, bottom to top: roads, their names, the trail, the vehicles and theirs.

import type {
  DataDrivenPropertyValueSpecification,
  ExpressionSpecification,
  FilterSpecification,
  LayerSpecification,
} from "maplibre-gl";
import type { Theme } from "./theme.ts";

export const ROADS = "roads";
export const TRAIL = "trail";
export const VEHICLES = "vehicles";

/** Drawn from the reader's own fonts: the style names no glyphs, so MapLibre asks no server for any. */
const FONT = ["system-ui", "sans-serif"];
const NAMES_FROM_ZOOM = 14.5;

/** Vehicles of this rank and above are picked out: pointed at or selected. */
export const PICKED = 2;

type Width = DataDrivenPropertyValueSpecification<number>;

export function layers(theme: Theme): LayerSpecification[] {
  return [
    { id: "ground", type: "background", paint: { "background-color": theme.ground } },
    {
      id: "road-casings",
      type: "line",
      source: ROADS,
      layout: { "line-cap": "round", "line-join": "round", "line-sort-key": rank },
      paint: { "line-color": byClass(theme, "casing"), "line-width": roadWidth(1.5) },
    },
    {
      id: "roads",
      type: "line",
      source: ROADS,
      layout: { "line-cap": "round", "line-join": "round", "line-sort-key": rank },
      paint: { "line-color": byClass(theme, "fill"), "line-width": roadWidth(0) },
    },
    {
      id: TRAIL,
      type: "line",
      source: TRAIL,
      layout: { "line-cap": "round", "line-join": "round" },
      paint: {
        "line-width": ["interpolate", ["linear"], ["zoom"], 10, 2.5, 16, 5],
        "line-gradient": [
          "interpolate",
          ["linear"],
          ["line-progress"],
          0,
          faded(theme.selected, 0.1),
          1,
          faded(theme.selected, 0.85),
        ],
      },
    },
    roadNames("main-road-names", theme, 12, ["in", ["get", "class"], ["literal", ["motorway", "primary"]]]),
    roadNames("street-names", theme, 14, ["==", ["get", "class"], "residential"]),
    {
      id: VEHICLES,
      type: "symbol",
      source: VEHICLES,
      layout: {
        "icon-image": ["get", "marker"],
        "icon-rotate": ["get", "heading"],
        "icon-rotation-alignment": "map",
        "icon-size": ["interpolate", ["linear"], ["zoom"], 9, 0.55, 13, 0.85, 16, 1.1],
        "icon-allow-overlap": true,
        "icon-ignore-placement": true,
        "symbol-sort-key": ["get", "rank"],
      },
    },
    vehicleNames("vehicle-names", theme, false),
    vehicleNames("picked-names", theme, true),
  ];
}

function roadNames(
  id: string,
  theme: Theme,
  minzoom: number,
  filter: FilterSpecification,
): LayerSpecification {
  return {
    id,
    type: "symbol",
    source: ROADS,
    minzoom,
    filter,
    layout: {
      "symbol-placement": "line",
      "symbol-sort-key": ["-", 0, rank],
      "symbol-spacing": 320,
      "text-field": ["coalesce", ["get", "name"], ""],
      "text-font": FONT,
      "text-size": ["interpolate", ["linear"], ["zoom"], 12, 10.5, 17, 13],
      "text-max-angle": 35,
      "text-padding": 6,
    },
    paint: {
      "text-color": theme.roadName,
      "text-halo-color": theme.ground,
      "text-halo-width": 1.5,
    },
  };
}

/** Names of all vehicles close up; of the selected and the pointed-at one always. */
function vehicleNames(id: string, theme: Theme, picked: boolean): LayerSpecification {
  return {
    id,
    type: "symbol",
    source: VEHICLES,
    minzoom: picked ? 0 : NAMES_FROM_ZOOM,
    filter: [picked ? ">=" : "<", ["get", "rank"], PICKED],
    layout: {
      "text-field": ["get", "name"],
      "text-font": FONT,
      "text-size": picked ? 13 : 11.5,
      "text-anchor": "top",
      "text-offset": [0, picked ? 1.6 : 1.2],
      "text-max-width": 12,
      "text-allow-overlap": picked,
      "symbol-sort-key": ["get", "rank"],
    },
    paint: {
      "text-color": theme.vehicleName,
      "text-halo-color": theme.ground,
      "text-halo-width": 2,
    },
  };
}

const rank: ExpressionSpecification = ["match", ["get", "class"], "motorway", 2, "primary", 1, 0];

function byClass(theme: Theme, part: "fill" | "casing"): ExpressionSpecification {
  return [
    "match",
    ["get", "class"],
    "motorway",
    theme.motorway[part],
    "primary",
    theme.primary[part],
    theme.residential[part],
  ];
}

/** Pixels by zoom and class; `casing` is how much wider on either side. */
function roadWidth(casing: number): Width {
  const at = (motorway: number, primary: number, residential: number): ExpressionSpecification => [
    "match",
    ["get", "class"],
    "motorway",
    motorway + 2 * casing,
    "primary",
    primary + 2 * casing,
    residential + (residential < 2 ? casing : 2 * casing),
  ];
  return [
    "interpolate",
    ["exponential", 1.5],
    ["zoom"],
    9,
    at(1.5, 1, 0.5),
    12,
    at(3.5, 2.5, 1.5),
    14,
    at(7, 5.5, 4),
    18,
    at(30, 26, 20),
  ];
}

function faded(colour: string, alpha: number): string {
  return (
    colour +
    Math.round(alpha * 255)
      .toString(16)
      .padStart(2, "0")
  );
}
