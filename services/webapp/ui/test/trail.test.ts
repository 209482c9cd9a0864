import assert from "node:assert/strict";
import { test } from "node:test";
import { extendTrail, joinTrail, LONGEST_TRAIL } from "../src/trail.ts";

const at = (step: number) => ({ lat: 53.38 + step * 0.0001, lng: -1.47 });
const line = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => at(from + i));

test("live positions are appended, a repeated one is not", () => {
  assert.deepEqual(extendTrail([at(0)], at(1)), [at(0), at(1)]);
  assert.deepEqual(extendTrail([at(0), at(1)], at(1)), [at(0), at(1)]);
});

test("history and what came in meanwhile join without doubling", () => {
  assert.deepEqual(joinTrail(line(0, 5), line(3, 7)), line(0, 7));
  assert.deepEqual(joinTrail(line(0, 5), line(5, 7)), line(0, 7));
  assert.deepEqual(joinTrail([], line(0, 2)), line(0, 2));
  assert.deepEqual(joinTrail(line(0, 2), []), line(0, 2));
});

test("a jump starts the trail anew", () => {
  assert.deepEqual(extendTrail(line(0, 3), at(300)), [at(300)]);
  assert.deepEqual(joinTrail([...line(0, 3), ...line(300, 303)], []), line(300, 303));
});

test("a trail is no longer than is worth drawing, and loses its oldest part", () => {
  assert.equal(joinTrail(line(0, 3000), []).length, LONGEST_TRAIL);
  const longest = extendTrail(line(0, LONGEST_TRAIL), at(LONGEST_TRAIL));
  assert.equal(longest.length, LONGEST_TRAIL);
  assert.deepEqual(longest[0], at(1));
});
