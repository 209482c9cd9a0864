import assert from "node:assert/strict";
import { test } from "node:test";
import { age, freshness } from "../src/age.ts";
import { messageIn } from "../src/api.ts";
import { readLink, writeLink } from "../src/deeplink.ts";
import { formatAge, formatAgo, formatHeading, formatPoint, formatSpeed, isUnit } from "../src/format.ts";

test("speeds are shown in the chosen unit, unknown ones as a dash", () => {
  assert.equal(formatSpeed(60, "mph"), "60 mph");
  assert.equal(formatSpeed(60, "km/h"), "97 km/h");
  assert.equal(formatSpeed(0, "km/h"), "0 km/h");
  assert.equal(formatSpeed(null, "mph"), "–");
  assert.ok(isUnit("km/h"));
  assert.ok(!isUnit("knots"));
});

test("ages are short, and change unit where one would", () => {
  const texts = [0, 4999, 5000, 59_999, 60_000, 3_599_999, 3_600_000, 172_799_999, 172_800_000].map(
    formatAge,
  );
  assert.deepEqual(texts, ["now", "now", "5 s", "59 s", "1 min", "59 min", "1 h", "47 h", "2 d"]);
  assert.equal(formatAge(-5000), "now");
  assert.equal(formatAgo(1000), "just now");
  assert.equal(formatAgo(61_000), "1 min ago");
});

test("freshness changes at 15 s and at 60 s", () => {
  assert.deepEqual([0, 14_999, 15_000, 59_999, 60_000].map(freshness), [
    "fresh",
    "fresh",
    "ageing",
    "ageing",
    "stale",
  ]);
});

test("a vehicle ages by the report's time, and by its arrival where the browser's clock is behind", () => {
  assert.equal(age({ time: 1000, receivedAt: 9000 }, 10_000), 9000);
  assert.equal(age({ time: 90_000, receivedAt: 1000 }, 21_000), 20_000);
  assert.equal(age({ time: 90_000, receivedAt: 21_000 }, 21_000), 0);
});

test("headings have a compass point", () => {
  assert.equal(formatHeading(0), "N · 0°");
  assert.equal(formatHeading(359.9), "N · 0°");
  assert.equal(formatHeading(271.5), "W · 272°");
  assert.equal(formatHeading(135), "SE · 135°");
  assert.equal(formatHeading(null), "–");
});

test("positions carry a true minus", () => {
  assert.equal(formatPoint({ lat: 53.37983, lng: -1.46665 }), "53.37983, −1.46665");
});

test("any name survives the address", () => {
  for (const name of ["City Truck", "Depot 7/β & Co", "a=b#c+d%20"])
    assert.equal(readLink(writeLink(name)), name);
  assert.equal(writeLink(null), "");
  assert.equal(readLink(""), null);
  assert.equal(readLink("#vehicle="), null);
  assert.equal(readLink("#other=1"), null);
});

test("an error's body is read out, unless it is a page", () => {
  assert.equal(messageIn('{"error":"tracker is down"}'), "tracker is down");
  assert.equal(messageIn('{"message":"m"}'), "m");
  assert.equal(messageIn(" tracker\n is down.\n"), "tracker is down");
  assert.equal(messageIn("<html><body>502</body></html>"), "");
  assert.equal(messageIn('{"code":7}'), "");
  assert.equal(messageIn("x".repeat(500)).length, 160);
});
