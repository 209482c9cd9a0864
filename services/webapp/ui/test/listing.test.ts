import assert from "node:assert/strict";
import { test } from "node:test";
import { arrange, isSort, matches, nextSort, rowsInView, type Sort } from "../src/listing.ts";
import { vehicle } from "./vehicle.ts";

const NOW = 1_000_000;
const fleet = [
  vehicle("Van 10", NOW - 1000, { speed: 30 }),
  vehicle("van 2", NOW - 90_000, { speed: null }),
  vehicle("City Truck", NOW - 3000, { speed: 30.4 }),
  vehicle("Zoë's Van", NOW - 20_000, { speed: 55 }),
];
const names = (sort: Sort, query = "") => arrange(fleet, query, sort, "mph", NOW).map(({ name }) => name);

test("names sort as people sort them: case aside, numbers by value", () => {
  const sorted = ["City Truck", "van 2", "Van 10", "Zoë's Van"];
  assert.deepEqual(names({ key: "name", reversed: false }), sorted);
  assert.deepEqual(names({ key: "name", reversed: true }), sorted.toReversed());
});

test("by speed the fastest come first, equal ones by name, and an unknown speed last either way", () => {
  assert.deepEqual(names({ key: "speed", reversed: false }), ["Zoë's Van", "City Truck", "Van 10", "van 2"]);
  assert.deepEqual(names({ key: "speed", reversed: true }), ["City Truck", "Van 10", "Zoë's Van", "van 2"]);
});

test("speeds that differ as shown are told apart: 48 and 49 km/h, though both are 30 mph", () => {
  const sorted = arrange(fleet, "", { key: "speed", reversed: true }, "km/h", NOW);
  assert.deepEqual(
    sorted.map(({ name }) => name),
    ["Van 10", "City Truck", "Zoë's Van", "van 2"],
  );
});

test("by last seen the longest silent come first, and the fresh keep a steady order", () => {
  assert.deepEqual(names({ key: "seen", reversed: false }), ["van 2", "Zoë's Van", "City Truck", "Van 10"]);
  assert.deepEqual(names({ key: "seen", reversed: true }), ["City Truck", "Van 10", "Zoë's Van", "van 2"]);
});

test("a column clicked again reverses; another starts afresh", () => {
  assert.deepEqual(nextSort({ key: "name", reversed: false }, "name"), { key: "name", reversed: true });
  assert.deepEqual(nextSort({ key: "name", reversed: true }, "name"), { key: "name", reversed: false });
  assert.deepEqual(nextSort({ key: "name", reversed: true }, "speed"), { key: "speed", reversed: false });
});

test("the search finds all words in any order, whatever case and accents", () => {
  assert.deepEqual(names({ key: "name", reversed: false }, " VAN "), ["van 2", "Van 10", "Zoë's Van"]);
  assert.ok(matches("Zoë's Van", "zoe"));
  assert.ok(matches("Zoë's Van", "van zo"));
  assert.ok(!matches("Zoë's Van", "van zx"));
  assert.ok(matches("anything", "  "));
});

test("only what a sort can be is remembered as one", () => {
  assert.ok(isSort({ key: "seen", reversed: true }));
  assert.ok(!isSort({ key: "colour", reversed: true }));
  assert.ok(!isSort(null));
});

test("of a thousand rows only those in view are kept", () => {
  assert.deepEqual(rowsInView(0, 400, 40, 1000, 2), { first: 0, end: 12 });
  assert.deepEqual(rowsInView(4010, 400, 40, 1000, 2), { first: 98, end: 113 });
  assert.deepEqual(rowsInView(39_600, 400, 40, 1000, 2), { first: 988, end: 1000 });
  assert.deepEqual(rowsInView(9999, 400, 40, 3, 2), { first: 3, end: 3 });
  assert.deepEqual(rowsInView(0, 0, 40, 0), { first: 0, end: 0 });
});
