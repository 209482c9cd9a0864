// A vehicle's marker, drawn into a canvas: an arrow where it is heading, a dot when that is unknown.
// Freshness shows in shape as well as colour: a stale vehicle is hollow.

import type { Freshness } from "./age.ts";
import type { Theme } from "./theme.ts";

const SIZE = 48;
export const PIXEL_RATIO = 2;

export type MarkerName = `${"arrow" | "dot"}-${Freshness}${"" | "-selected"}`;

export function markerName(heading: number | null, freshness: Freshness, selected: boolean): MarkerName {
  return `${heading === null ? "dot" : "arrow"}-${freshness}${selected ? "-selected" : ""}`;
}

export function drawMarkers(theme: Theme): Map<MarkerName, ImageData> {
  const images = new Map<MarkerName, ImageData>();
  for (const freshness of ["fresh", "ageing", "stale"] as const)
    for (const heading of [0, null])
      for (const selected of [false, true])
        images.set(
          markerName(heading, freshness, selected),
          drawMarker(theme, heading !== null, freshness, selected),
        );
  return images;
}

function drawMarker(theme: Theme, arrow: boolean, freshness: Freshness, selected: boolean): ImageData {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIZE * PIXEL_RATIO;
  const pen = canvas.getContext("2d");
  if (!pen) throw new Error("this browser cannot draw the vehicles");
  pen.scale(PIXEL_RATIO, PIXEL_RATIO);
  pen.translate(SIZE / 2, SIZE / 2);
  pen.lineJoin = "round";

  if (selected) {
    pen.beginPath();
    pen.arc(0, 0, 19, 0, 2 * Math.PI);
    pen.fillStyle = theme.selected;
    pen.globalAlpha = 0.18;
    pen.fill();
    pen.globalAlpha = 1;
    pen.lineWidth = 1.75;
    pen.strokeStyle = theme.selected;
    pen.stroke();
  }

  const colour = theme.vehicle[freshness];
  pen.beginPath();
  if (arrow) {
    pen.moveTo(0, -11);
    pen.lineTo(8, 9);
    pen.lineTo(0, 5);
    pen.lineTo(-8, 9);
    pen.closePath();
  } else {
    pen.arc(0, 0, 6.5, 0, 2 * Math.PI);
  }
  pen.lineWidth = 5;
  pen.strokeStyle = theme.outline;
  pen.stroke();
  pen.fillStyle = freshness === "stale" ? theme.outline : colour;
  pen.fill();
  pen.lineWidth = freshness === "stale" ? 2 : 1;
  pen.strokeStyle = colour;
  pen.stroke();
  return pen.getImageData(0, 0, canvas.width, canvas.height);
}
