// The connection's state and the fleet's, in the panel's head and foot.

import { age, freshness, type Freshness } from "./age.ts";
import { element, say, set, write } from "./dom.ts";
import type { Fleet } from "./fleet.ts";
import { formatCount } from "./format.ts";
import type { Connection } from "./stream.ts";
import { announcement, PHASE_WORDS, trouble } from "./wording.ts";

const LEGEND: Readonly<Record<Freshness, string>> = { fresh: "<15 s", ageing: "<1 min", stale: "older" };

export class Status {
  readonly #counts = new Map<Freshness, { readonly root: HTMLElement; readonly text: Text }>();
  readonly #total = document.createElement("span");

  constructor() {
    const legend = Object.entries(LEGEND) as [Freshness, string][];
    element("summary").append(
      this.#total,
      ...legend.map(([key, meaning]) => {
        const root = document.createElement("span");
        const dot = document.createElement("span");
        const text = document.createTextNode("");
        root.dataset.freshness = key;
        root.title = `Vehicles by the age of their last report: ${meaning}`;
        dot.className = "dot";
        root.append(dot, text);
        this.#counts.set(key, { root, text });
        return root;
      }),
    );
  }

  show(connection: Connection, now: number): void {
    const { phase } = connection;
    set(element("phase"), "data-phase", phase);
    write(element("phase-word"), PHASE_WORDS[phase]);
    write(element("announcement"), announcement(connection));
    set(element("trouble"), "data-phase", phase);
    say(element("trouble"), trouble(connection, now));
  }

  summarise(fleet: Fleet, listed: number, rejected: number, now: number): void {
    const counts: Record<Freshness, number> = { fresh: 0, ageing: 0, stale: 0 };
    for (const vehicle of fleet.all()) counts[freshness(age(vehicle, now))]++;
    const all = formatCount(fleet.size, "vehicle", "vehicles");
    const total = listed === fleet.size ? all : `${listed.toLocaleString("en")} of ${all}`;
    write(this.#total, rejected === 0 ? total : `${total}, ${rejected} unreadable`);
    for (const [key, { root, text }] of this.#counts) {
      root.hidden = fleet.size === 0;
      write(text, `${counts[key]} ${LEGEND[key]}`);
    }
  }
}
