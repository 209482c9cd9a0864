// The card of the selected vehicle: its facts, the state of its trail, and whether the map follows it.

import { age } from "./age.ts";
import { element, input, say, write } from "./dom.ts";
import type { Fleet } from "./fleet.ts";
import { formatAgo, formatHeading, formatPoint, formatSpeed, type Unit } from "./format.ts";

export interface CardWishes {
  close(): void;
  follow(following: boolean): void;
}

export class Card {
  readonly #root = element("card");
  readonly #follow = input("card-follow");
  readonly #trailNote = element("card-note");
  readonly #fleet: Fleet;
  #note: string | null = null;

  constructor(fleet: Fleet, wishes: CardWishes) {
    this.#fleet = fleet;
    element("card-close").addEventListener("click", () => {
      wishes.close();
    });
    this.#follow.addEventListener("change", () => {
      wishes.follow(this.#follow.checked);
    });
  }

  /** What to say of the trail; null when it is simply there. */
  set note(note: string | null) {
    this.#note = note;
  }

  set following(following: boolean) {
    this.#follow.checked = following;
  }

  show(name: string | null, unit: Unit, canFollow: boolean, waiting: boolean): void {
    this.#root.hidden = name === null;
    if (name === null) return;
    write(element("card-name"), name);
    const vehicle = this.#fleet.get(name);
    element("card-facts").hidden = !vehicle;
    element("card-follow-label").hidden = !vehicle || !canFollow;
    if (!vehicle) {
      say(this.#trailNote, waiting ? "Waiting for the fleet…" : "No vehicle of this name is reporting.");
      return;
    }
    write(element("card-speed"), formatSpeed(vehicle.speed, unit));
    write(element("card-heading"), formatHeading(vehicle.motion.to.heading));
    write(element("card-seen"), formatAgo(age(vehicle, Date.now())));
    write(element("card-position"), formatPoint(vehicle));
    say(this.#trailNote, this.#note);
  }
}
