import assert from "node:assert/strict";
import { test } from "node:test";
import { Stream, type Connection, type Phase, type Source } from "../src/stream.ts";
import { announcement, trouble, whyEmpty } from "../src/wording.ts";

class FakeSource implements Source {
  readyState = 0;
  closed = false;
  readonly #listeners = new Map<string, (event: MessageEvent<string>) => void>();
  addEventListener(type: string, listener: (event: MessageEvent<string>) => void): void {
    this.#listeners.set(type, listener);
  }
  close(): void {
    this.closed = true;
    this.readyState = 2;
  }
  send(kind: "snapshot" | "positions", json: unknown): void {
    this.readyState = 1;
    this.#listeners.get(kind)?.({ data: JSON.stringify(json) } as MessageEvent<string>);
  }
  fail(readyState: 0 | 2): void {
    this.readyState = readyState;
    this.#listeners.get("error")?.({} as MessageEvent<string>);
  }
}

/** A stream in a world of its own: a clock, sources and a server that answer as told. */
class World {
  time = 0;
  readonly sources: FakeSource[] = [];
  readonly told: Connection[] = [];
  readonly delivered: unknown[] = [];
  polls = 0;
  answer: () => Promise<unknown> = () => Promise.resolve(["polled"]);
  /** How many vehicles the next deliveries change. */
  news = 1;
  #ticks: (() => void)[] = [];
  readonly stream = new Stream({
    open: () => {
      const source = new FakeSource();
      this.sources.push(source);
      return source;
    },
    poll: () => {
      this.polls++;
      return this.answer();
    },
    now: () => this.time,
    every: (_, task) => this.#ticks.push(task),
    deliver: (_, json) => {
      if (!Array.isArray(json)) throw new Error("not a list");
      this.delivered.push(json);
      return this.news;
    },
    changed: (connection) => this.told.push(connection),
  });

  get source(): FakeSource {
    const last = this.sources.at(-1);
    assert.ok(last);
    return last;
  }
  get now(): Connection {
    const last = this.told.at(-1);
    assert.ok(last);
    return last;
  }
  is(phase: Phase): void {
    assert.equal(this.now.phase, phase);
  }
  async pass(seconds: number): Promise<void> {
    for (let i = 0; i < seconds; i++) {
      this.time += 1000;
      for (const task of this.#ticks) task();
      await settle();
    }
  }
}

const settle = () => new Promise((done) => setImmediate(done));
const refused = (message: string) => () => Promise.reject(new Error(message));

test("connecting, then live with the snapshot, without a single poll", async () => {
  const world = new World();
  world.is("connecting");
  world.source.send("snapshot", ["a"]);
  world.is("live");
  for (let i = 0; i < 10; i++) {
    await world.pass(5);
    world.source.send("positions", ["a"]);
  }
  world.is("live");
  assert.equal(world.polls, 0);
  assert.equal(world.sources.length, 1);
});

test("an interrupted stream is bridged by polling every 2 s, and polling ends with the next snapshot", async () => {
  const world = new World();
  world.source.send("snapshot", ["a"]);
  world.source.fail(0);
  world.is("reconnecting");
  assert.equal(world.polls, 1, "polls at once");
  await world.pass(6);
  assert.equal(world.polls, 4);
  assert.equal(world.sources.length, 1, "EventSource reconnects by itself");
  world.is("reconnecting");
  world.source.send("snapshot", ["a"]);
  world.is("live");
  const { polls } = world;
  await world.pass(6);
  assert.equal(world.polls, polls);
});

test("a stream that gave up is opened again, less and less often", async () => {
  const world = new World();
  world.source.fail(2);
  assert.ok(world.source.closed);
  const openedAt: number[] = [];
  for (let second = 1; second <= 40; second++) {
    const { length } = world.sources;
    await world.pass(1);
    if (world.sources.length === length) continue;
    openedAt.push(second);
    world.source.fail(2);
  }
  assert.deepEqual(openedAt, [1, 3, 7, 15, 30]);
});

test("with no data at all it says why, and recovers", async () => {
  const world = new World();
  world.answer = refused("the server answered 503: tracker is down");
  world.source.fail(2);
  await settle();
  assert.deepEqual(world.now, {
    phase: "no-data",
    reason: "the server answered 503: tracker is down",
    updatedAt: null,
  });
  world.answer = () => Promise.resolve(["a"]);
  await world.pass(2);
  world.is("reconnecting");
  world.source.send("snapshot", ["a"]);
  world.is("live");
  assert.equal(world.now.reason, null);
});

test("a stream that opens and never delivers is helped out by polling", async () => {
  const world = new World();
  const polls: number[] = [];
  for (const seconds of [5, 2]) {
    await world.pass(seconds);
    polls.push(world.polls);
  }
  assert.deepEqual(polls, [0, 1]);
  world.is("reconnecting");
});

test("a server that never answers leaves no data, with a reason", async () => {
  const world = new World();
  world.answer = () => new Promise(() => undefined);
  await world.pass(10);
  world.is("connecting");
  await world.pass(1);
  world.is("no-data");
  assert.match(world.now.reason ?? "", /nothing has arrived for 10 s/);
});

test("stale after 10 s without an update, streaming or not, and live again with the next", async () => {
  const world = new World();
  world.source.send("snapshot", ["a"]);
  world.news = 0;
  await world.pass(10);
  world.is("live");
  await world.pass(1);
  world.is("stale");
  world.source.send("positions", []);
  world.is("stale");
  world.news = 1;
  world.source.send("positions", ["a"]);
  world.is("live");

  world.answer = refused("the server cannot be reached");
  world.source.fail(0);
  await world.pass(10);
  world.is("reconnecting");
  await world.pass(1);
  world.is("stale");
  assert.equal(world.now.reason, "the server cannot be reached");
});

test("a stream that only looks open is found out by a poll with news, and opened anew", async () => {
  const world = new World();
  world.source.send("snapshot", ["a"]);
  await world.pass(12);
  assert.equal(world.sources.length, 2);
  assert.ok(world.sources[0]?.closed);
  const { delivered } = world;
  const count = delivered.length;
  world.sources[0].send("positions", ["late"]);
  assert.equal(delivered.length, count, "the old stream is no longer listened to");
});

test("a quiet fleet does not make the page reconnect", async () => {
  const world = new World();
  world.source.send("snapshot", ["a"]);
  world.news = 0;
  await world.pass(60);
  world.is("stale");
  assert.equal(world.sources.length, 1);
  assert.ok(world.polls >= 4 && world.polls <= 6, `${world.polls} polls`);
});

test("a poll overtaken by the stream is dropped", async () => {
  const world = new World();
  let arrive: (json: unknown) => void = () => undefined;
  world.answer = () => new Promise((resolve) => (arrive = resolve));
  world.source.fail(0);
  world.source.send("snapshot", ["new"]);
  arrive(["old"]);
  await settle();
  assert.deepEqual(world.delivered, [["new"]]);
  world.is("live");
});

test("what cannot be read is a reason, not a crash", () => {
  const world = new World();
  world.source.send("snapshot", { error: "?" });
  world.is("no-data");
  assert.match(world.now.reason ?? "", /unreadable: not a list/);
});

test("every state that is not live is explained, and every empty list", () => {
  const at = (phase: Phase, reason: string | null = null): Connection => ({ phase, reason, updatedAt: 0 });
  assert.equal(trouble(at("live"), 0), null);
  assert.equal(trouble(at("no-data", "x"), 0), "No data, because x.");
  assert.equal(trouble(at("stale"), 34_000), "Nothing new for 34 s: no vehicle has reported.");
  assert.match(trouble(at("stale", "x"), 34_000) ?? "", /34 s, because x/);
  assert.match(trouble(at("reconnecting"), 0) ?? "", /every 2 s/);
  assert.equal(announcement(at("stale", "x")), "Connection: Stale, because x");
  const none = { known: 0, listed: 0, rejected: 0 };
  for (const phase of ["connecting", "live", "reconnecting", "stale", "no-data"] as const)
    assert.ok(whyEmpty(at(phase), none, ""));
  assert.match(whyEmpty(at("live"), { ...none, known: 3 }, "zz ") ?? "", /“zz”/);
  assert.match(whyEmpty(at("live"), { ...none, rejected: 2 }, "") ?? "", /none whose position/);
  assert.equal(whyEmpty(at("live"), { ...none, known: 3, listed: 3 }, ""), null);
});
