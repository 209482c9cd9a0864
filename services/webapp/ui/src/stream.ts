// The line to the gateway: the event stream while it holds, polling while it does not, and what to call that.

export type Phase = "connecting" | "live" | "reconnecting" | "stale" | "no-data";

export interface Connection {
  readonly phase: Phase;
  /** Why it is not live, if known. */
  readonly reason: string | null;
  /** When something new last arrived; null when nothing has yet. */
  readonly updatedAt: number | null;
}

export type Delivery = "snapshot" | "positions";

/** As much of EventSource as is used here. */
export interface Source {
  readonly readyState: number;
  addEventListener(type: string, listener: (event: MessageEvent<string>) => void): void;
  close(): void;
}

export interface Surroundings {
  open(): Source;
  poll(): Promise<unknown>;
  now(): number;
  every(ms: number, task: () => void): void;
  /** Takes in vehicles and returns how many of them were news; throws what it cannot read. */
  deliver(kind: Delivery, json: unknown): number;
  changed(connection: Connection): void;
}

export const STALE_MS = 10_000;
export const POLL_MS = 2000;
/** While an open stream is silent, this often a poll checks whether it has only gone deaf. */
export const CHECK_MS = 10_000;
/** A stream that has not delivered by then (a proxy may be holding it back) is helped out by polling. */
export const OPENING_MS = 5000;
const REOPEN_MS = [1000, 2000, 4000, 8000, 15_000];
const TICK_MS = 1000;
const CLOSED = 2;

export interface Facts {
  readonly now: number;
  readonly startedAt: number;
  readonly updatedAt: number | null;
  /** The stream is open and has delivered. */
  readonly streaming: boolean;
  readonly reason: string | null;
}

/** The connection's state from its facts: nothing else decides it. */
export function judge({ now, startedAt, updatedAt, streaming, reason }: Facts): Connection {
  if (updatedAt === null) {
    if (reason !== null) return { phase: "no-data", reason, updatedAt };
    return now - startedAt > STALE_MS
      ? { phase: "no-data", reason: `nothing has arrived for ${STALE_MS / 1000} s`, updatedAt }
      : { phase: "connecting", reason, updatedAt };
  }
  if (now - updatedAt > STALE_MS) return { phase: "stale", reason, updatedAt };
  return { phase: streaming ? "live" : "reconnecting", reason, updatedAt };
}

export class Stream {
  readonly #around: Surroundings;
  readonly #startedAt: number;
  #source: Source | null = null;
  #streaming = false;
  #updatedAt: number | null = null;
  #reason: string | null = null;
  #failures = 0;
  #openedAt = 0;
  #reopenAt = 0;
  #pollAt = Infinity;
  #polling = false;
  /** Counts deliveries by the stream: a poll that was overtaken by one is dropped. */
  #delivered = 0;
  #told: Connection | null = null;

  constructor(around: Surroundings) {
    this.#around = around;
    this.#startedAt = around.now();
    this.#open();
    around.every(TICK_MS, () => {
      this.tick();
    });
    this.#tell();
  }

  /** Does what is due. Called every second, and by the page when it has reason to hurry. */
  tick(): void {
    const now = this.#around.now();
    if (this.#source === null && now >= this.#reopenAt) this.#open();
    const suspicious = this.#streaming
      ? this.#judge().phase === "stale"
      : this.#source !== null && now - this.#openedAt > OPENING_MS;
    if (suspicious && this.#pollAt === Infinity) this.#pollAt = now;
    if (this.#streaming && !suspicious) this.#pollAt = Infinity;
    if (now >= this.#pollAt) void this.#poll();
    this.#tell();
  }

  #open(): void {
    const source = this.#around.open();
    this.#source = source;
    this.#openedAt = this.#around.now();
    const heard = (kind: Delivery) => (event: MessageEvent<string>) => {
      if (this.#source === source) this.#heard(kind, event.data);
    };
    source.addEventListener("snapshot", heard("snapshot"));
    source.addEventListener("positions", heard("positions"));
    source.addEventListener("error", () => {
      if (this.#source === source) this.#failed(source);
    });
  }

  #heard(kind: Delivery, data: string): void {
    try {
      this.#deliver(kind, JSON.parse(data));
      this.#delivered++;
      this.#streaming = true;
      this.#failures = 0;
      this.#pollAt = Infinity;
    } catch (error) {
      this.#reason = `the stream is unreadable: ${said(error)}`;
    }
    this.#tell();
  }

  #failed(source: Source): void {
    this.#streaming = false;
    this.#pollAt = this.#around.now();
    // An EventSource reconnects by itself after a lost connection, but gives up on an answer such as 503.
    if (source.readyState === CLOSED) {
      this.#drop(REOPEN_MS[Math.min(this.#failures, REOPEN_MS.length - 1)] ?? 0);
      this.#failures++;
    }
    this.tick();
  }

  #drop(retryMs: number): void {
    this.#source?.close();
    this.#source = null;
    this.#streaming = false;
    this.#reopenAt = this.#around.now() + retryMs;
  }

  async #poll(): Promise<void> {
    if (this.#polling) return;
    this.#polling = true;
    this.#pollAt = this.#around.now() + (this.#streaming ? CHECK_MS : POLL_MS);
    const delivered = this.#delivered;
    try {
      const json = await this.#around.poll();
      // What the stream brought meanwhile is newer than this answer.
      if (delivered === this.#delivered) {
        const news = this.#deliver("snapshot", json);
        // The stream says nothing and yet there is news: it only looks open.
        if (this.#streaming && news > 0) this.#drop(0);
      }
    } catch (error) {
      if (delivered === this.#delivered) this.#reason = said(error);
    } finally {
      this.#polling = false;
    }
    this.tick();
  }

  #deliver(kind: Delivery, json: unknown): number {
    const news = this.#around.deliver(kind, json);
    if (news > 0 || this.#updatedAt === null) this.#updatedAt = this.#around.now();
    this.#reason = null;
    return news;
  }

  #judge(): Connection {
    return judge({
      now: this.#around.now(),
      startedAt: this.#startedAt,
      updatedAt: this.#updatedAt,
      streaming: this.#streaming,
      reason: this.#reason,
    });
  }

  #tell(): void {
    const now = this.#judge();
    const told = this.#told;
    if (told?.phase === now.phase && told.reason === now.reason && told.updatedAt === now.updatedAt) return;
    this.#told = now;
    this.#around.changed(now);
  }
}

function said(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
