import assert from "node:assert/strict";
import { test } from "node:test";
import { parseHistory, parseReports, parseTime } from "../src/position.ts";

const wire = {
  name: "City Truck",
  lat: 53.37983,
  longitude: -1.46665,
  timestamp: "2024-01-08T10:00:00.123+0000",
  speed: 23.4,
  heading: 271.5,
};

test("a timestamp's offset may lack its colon", (t) => {
  // As strict as the standard allows an engine to be; node's own takes either form.
  const parse = Date.parse.bind(Date);
  t.mock.method(Date, "parse", (text: string) => (/(Z|[+-]\d\d:\d\d)$/.test(text) ? parse(text) : NaN));
  const utc = Date.UTC(2024, 0, 8, 10, 0, 0, 123);
  assert.equal(parseTime("2024-01-08T10:00:00.123+0000"), utc);
  assert.equal(parseTime("2024-01-08T11:30:00.123+0130"), utc);
  assert.equal(parseTime("2024-01-08T05:00:00.123-0500"), utc);
  assert.equal(parseTime("2024-01-08T05:00:00.123-05:00"), utc);
  assert.equal(parseTime("2024-01-08T10:00:00.123Z"), utc);
  assert.ok(Number.isNaN(parseTime("yesterday")));
  assert.ok(Number.isNaN(parseTime(1_704_708_000_123)));
});

test("a position is read as the gateway sends it", () => {
  assert.deepEqual(parseReports([wire]), {
    rejected: 0,
    reports: [
      {
        name: "City Truck",
        lat: 53.37983,
        lng: -1.46665,
        time: Date.UTC(2024, 0, 8, 10, 0, 0, 123),
        speed: 23.4,
        heading: 271.5,
      },
    ],
  });
});

test("speed and heading may be unknown, and a heading is brought into 0 to 360", () => {
  const [none, turned] = parseReports([
    { ...wire, speed: null, heading: null },
    { ...wire, heading: -90 },
  ]).reports;
  assert.equal(none?.speed, null);
  assert.equal(none.heading, null);
  assert.equal(turned?.heading, 270);
});

test("unreadable entries are left out and counted; what is no list is refused", () => {
  const bad = [
    null,
    7,
    { ...wire, lat: 91 },
    { ...wire, lat: "53" },
    { ...wire, longitude: NaN },
    { ...wire, timestamp: "?" },
    { ...wire, name: "" },
  ];
  const { reports, rejected } = parseReports([...bad, wire]);
  assert.equal(reports.length, 1);
  assert.equal(rejected, bad.length);
  assert.throws(() => parseReports({ error: "no" }), /not a list/);
});

test("a history keeps its order and only what is a point", () => {
  const points = [
    { lat: 1, lng: 2 },
    { lat: 3, lng: 4 },
  ];
  assert.deepEqual(parseHistory([points[0], { lat: 1 }, { ...points[1], extra: true }]), points);
  assert.throws(() => parseHistory("x"), /not a list/);
});
