// The map's colours, light and dark. The page's own are in style.css; the vehicles' are the same in both.

import type { Freshness } from "./age.ts";

export interface Theme {
  readonly ground: string;
  readonly motorway: RoadColours;
  readonly primary: RoadColours;
  readonly residential: RoadColours;
  readonly roadName: string;
  readonly vehicleName: string;
  readonly vehicle: Readonly<Record<Freshness, string>>;
  /** Around every vehicle, so that it stands out from the road. */
  readonly outline: string;
  readonly selected: string;
}

interface RoadColours {
  readonly fill: string;
  readonly casing: string;
}

export const light: Theme = {
  ground: "#eef0ee",
  motorway: { fill: "#f3cf9f", casing: "#d3a468" },
  primary: { fill: "#fbecc8", casing: "#d9c48f" },
  residential: { fill: "#ffffff", casing: "#c3c9c9" },
  roadName: "#5b6268",
  vehicleName: "#14191f",
  vehicle: { fresh: "#1d5fd1", ageing: "#b4690e", stale: "#6b747d" },
  outline: "#ffffff",
  selected: "#1d5fd1",
};

export const dark: Theme = {
  ground: "#12161b",
  motorway: { fill: "#6b5f4a", casing: "#0c0f13" },
  primary: { fill: "#50504a", casing: "#0c0f13" },
  residential: { fill: "#333b44", casing: "#0c0f13" },
  roadName: "#98a2ac",
  vehicleName: "#eef2f6",
  vehicle: { fresh: "#62a5ff", ageing: "#f0b041", stale: "#98a2ac" },
  outline: "#0c0f13",
  selected: "#62a5ff",
};
