import assert from "node:assert/strict";
import { test } from "node:test";
import { bearing, distance, fraction, moveOn, poseAt, standing } from "../src/motion.ts";

const a = { lat: 53.38, lng: -1.47, heading: 0 };
const b = { lat: 53.381, lng: -1.47, heading: 0 };
const lat = (part: number) => a.lat + (b.lat - a.lat) * part;
const near = (actual: number, expected: number, within = 1e-9) => {
  assert.ok(Math.abs(actual - expected) <= within, `${actual} is not ${expected}`);
};

test("a marker goes from one position to the next in the time between the reports", () => {
  const motion = moveOn(standing(a, 0), b, 2000, 10_000);
  near(poseAt(motion, 10_000).lat, lat(0));
  near(poseAt(motion, 11_000).lat, lat(0.5));
  near(poseAt(motion, 12_000).lat, lat(1));
});

test("while a report is late the marker runs on, to 1.5 steps at most, and then goes back to what was reported", () => {
  const motion = moveOn(standing(a, 0), b, 2000, 0);
  near(poseAt(motion, 2600).lat, lat(1.3));
  near(poseAt(motion, 3000).lat, lat(1.5));
  for (let now = 0; now < 20_000; now += 50) assert.ok(poseAt(motion, now).lat <= lat(1.5) + 1e-12);
  assert.equal(poseAt(motion, 5000).lat, b.lat);
  assert.equal(poseAt(motion, 1e9).lat, b.lat);
  near(fraction(2), 1.25);
});

test("a clock set back does not throw a marker behind where it started", () => {
  assert.equal(poseAt(moveOn(standing(a, 0), b, 2000, 10_000), 0).lat, a.lat);
});

test("a new report continues from where the marker is shown, not from where it should have been", () => {
  const first = moveOn(standing(a, 0), b, 2000, 0);
  const second = moveOn(first, { ...b, lat: 53.382 }, 2000, 1000);
  near(poseAt(second, 1000).lat, lat(0.5));
});

test("a jump of more than 2 km is not driven", () => {
  const far = { ...a, lat: a.lat + 0.0181 };
  const close = { ...a, lat: a.lat + 0.0179 };
  assert.equal(poseAt(moveOn(standing(a, 0), far, 2000, 0), 1).lat, far.lat);
  assert.notEqual(poseAt(moveOn(standing(a, 0), close, 2000, 0), 1).lat, close.lat);
});

test("a marker catches up within seconds even when reports are a minute apart", () => {
  assert.equal(moveOn(standing(a, 0), b, 60_000, 0).duration, 5000);
});

test("it turns the short way round", () => {
  const motion = moveOn(standing({ ...a, heading: 350 }, 0), { ...b, heading: 20 }, 2000, 0);
  const heading = poseAt(motion, 350).heading ?? NaN;
  near(heading, 5, 1e-6);
});

test("without a heading it points where it went, and standing still keeps the one it had", () => {
  const east = { lat: a.lat, lng: a.lng + 0.001, heading: null };
  const went = moveOn(standing({ ...a, heading: null }, 0), east, 2000, 0);
  near(went.to.heading ?? NaN, 90, 0.1);
  assert.equal(moveOn(went, east, 2000, 10_000).to.heading, went.to.heading);
  assert.equal(
    moveOn(standing({ ...a, heading: null }, 0), { ...a, heading: null }, 2000, 0).to.heading,
    null,
  );
});

test("distances and bearings are those of a map", () => {
  near(distance(a, { lat: 53.39, lng: -1.47 }), 1112, 1);
  near(distance(a, { lat: 53.38, lng: -1.46 }), 663, 2);
  near(bearing(a, { lat: 53.37, lng: -1.47 }), 180, 0.1);
  near(bearing(a, { lat: 53.38, lng: -1.48 }), 270, 0.1);
});
