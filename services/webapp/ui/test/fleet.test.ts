import assert from "node:assert/strict";
import { test } from "node:test";
import { Fleet } from "../src/fleet.ts";
import { report } from "./vehicle.ts";

test("positions are merged: the named vehicles move, the others stay", () => {
  const fleet = new Fleet();
  assert.equal(fleet.replace([report("A", 1000), report("B", 1000)], 1100), 2);
  assert.equal(fleet.merge([report("A", 3000, { lat: 53.381, speed: 40 })], 3100), 1);
  assert.equal(fleet.get("A")?.lat, 53.381);
  assert.equal(fleet.get("A")?.speed, 40);
  assert.equal(fleet.get("A")?.receivedAt, 3100);
  assert.equal(fleet.get("B")?.receivedAt, 1100);
});

test("a report that is not newer never moves a vehicle back in time", () => {
  const fleet = new Fleet();
  fleet.merge([report("A", 5000, { lat: 53.39 })], 5000);
  const { version } = fleet;
  assert.equal(fleet.merge([report("A", 4000, { lat: 53.1 })], 6000), 0);
  assert.equal(fleet.merge([report("A", 5000, { lat: 53.1 })], 6000), 0);
  assert.equal(fleet.replace([report("A", 4999, { lat: 53.1 })], 6000), 0);
  assert.equal(fleet.get("A")?.lat, 53.39);
  assert.equal(fleet.get("A")?.receivedAt, 5000);
  assert.equal(fleet.version, version);
});

test("of one batch with two reports of a vehicle, the newest counts in either order", () => {
  for (const times of [
    [1000, 2000],
    [2000, 1000],
  ]) {
    const fleet = new Fleet();
    fleet.merge(
      times.map((time) => report("A", time)),
      2000,
    );
    assert.equal(fleet.get("A")?.time, 2000);
  }
});

test("a snapshot is the whole fleet: who is missing is gone", () => {
  const fleet = new Fleet();
  fleet.replace([report("A", 1000), report("B", 1000)], 1000);
  const { version } = fleet;
  assert.equal(fleet.replace([report("B", 1000)], 2000), 1);
  assert.deepEqual(
    [...fleet.all()].map(({ name }) => name),
    ["B"],
  );
  assert.notEqual(fleet.version, version);
});

test("markers rest after the last report's step, not before", () => {
  const fleet = new Fleet();
  fleet.merge([report("A", 1000)], 1000);
  assert.equal(fleet.restsAt, 1000);
  fleet.merge([report("A", 3000, { lat: 53.381 })], 3000);
  assert.equal(fleet.restsAt, 3000 + 2.5 * 2000);
});
