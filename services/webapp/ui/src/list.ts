// The list of vehicles: a listbox that keeps only the rows in view in the page and changes them in place.

import { age, freshness } from "./age.ts";
import { element, set, write } from "./dom.ts";
import type { Fleet, Vehicle } from "./fleet.ts";
import { formatAge, formatAgo, formatSpeed, type Unit } from "./format.ts";
import { arrange, nextSort, rowsInView, type Sort, type SortKey } from "./listing.ts";

const ROW = 40;
/** The order changes no oftener than this... */
const REORDER_MS = 1000;
/** ...and not under a hand that is about to click. */
const HAND_MS = 2500;

export interface ListWishes {
  select(name: string): void;
  sorted(sort: Sort): void;
}

interface Row {
  readonly root: HTMLElement;
  readonly speed: HTMLElement;
  readonly seen: HTMLElement;
}

export class VehicleList {
  readonly #rows = element("rows");
  readonly #filler = element("filler");
  readonly #headings = document.querySelectorAll<HTMLButtonElement>("[data-sort]");
  readonly #fleet: Fleet;
  readonly #wishes: ListWishes;
  /** The rows in the page, by vehicle. */
  readonly #shown = new Map<string, Row>();
  #order: string[] = [];
  #orderedAt = -Infinity;
  #handAt = -Infinity;
  #query = "";
  #sort: Sort;
  #unit: Unit;
  #selected: string | null = null;
  /** The option the keyboard is on. */
  #active: string | null = null;
  #ids = 0;
  #scheduled = false;

  constructor(fleet: Fleet, sort: Sort, unit: Unit, wishes: ListWishes) {
    this.#fleet = fleet;
    this.#wishes = wishes;
    this.#sort = sort;
    this.#unit = unit;
    this.#showSort();
    for (const heading of this.#headings) {
      heading.addEventListener("click", () => {
        this.#sort = nextSort(this.#sort, heading.dataset.sort as SortKey);
        this.#showSort();
        this.#rearrange();
        wishes.sorted(this.#sort);
      });
    }
    this.#rows.addEventListener("click", ({ target }) => {
      const row = target instanceof Element ? target.closest<HTMLElement>("[data-name]") : null;
      const name = row?.dataset.name;
      if (name === undefined) return;
      this.#active = name;
      wishes.select(name);
    });
    this.#rows.addEventListener("keydown", (event) => {
      this.#key(event);
    });
    this.#rows.addEventListener("focus", () => {
      this.#active ??= this.#selected ?? this.#order[0] ?? null;
      this.update();
    });
    this.#rows.addEventListener("pointermove", () => {
      this.#handAt = performance.now();
    });
    this.#rows.addEventListener("pointerleave", () => {
      this.#handAt = -Infinity;
    });
    this.#rows.addEventListener("scroll", () => {
      this.update();
    });
    new ResizeObserver(() => {
      this.update();
    }).observe(this.#rows);
  }

  /** How many vehicles the search leaves. */
  get count(): number {
    return this.#order.length;
  }

  set query(query: string) {
    this.#query = query;
    this.#rows.scrollTop = 0;
    this.#rearrange();
  }

  set unit(unit: Unit) {
    this.#unit = unit;
    this.#rearrange();
  }

  select(name: string | null): void {
    this.#selected = name;
    if (name !== null) {
      this.#active = name;
      this.#reveal(name);
    }
    this.update();
  }

  /** The only vehicle left by the search, or the first: what Enter in the search box means. */
  first(): string | null {
    return this.#order[0] ?? null;
  }

  /** Brings the list up to date; the page itself changes in the next frame, so calling this often is fine. */
  update(): void {
    const now = performance.now();
    const due = now - this.#orderedAt > REORDER_MS && now - this.#handAt > HAND_MS;
    if (due || (this.#order.length === 0 && this.#fleet.size > 0)) this.#arrange();
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame(() => {
      this.#scheduled = false;
      this.#draw();
    });
  }

  #rearrange(): void {
    this.#arrange();
    this.#draw();
  }

  #arrange(): void {
    this.#orderedAt = performance.now();
    this.#order = arrange(this.#fleet.all(), this.#query, this.#sort, this.#unit, Date.now()).map(
      ({ name }) => name,
    );
    if (this.#active !== null && !this.#order.includes(this.#active)) this.#active = null;
    this.#filler.style.height = `${this.#order.length * ROW}px`;
  }

  #draw(): void {
    const { scrollTop, clientHeight } = this.#rows;
    const { first, end } = rowsInView(scrollTop, clientHeight, ROW, this.#order.length);
    const inView = new Set(this.#order.slice(first, end));
    for (const [name, { root }] of this.#shown) {
      if (inView.has(name)) continue;
      root.remove();
      this.#shown.delete(name);
    }
    const now = Date.now();
    for (let index = first; index < end; index++) {
      const vehicle = this.#fleet.get(this.#order[index] ?? "");
      if (vehicle) this.#drawRow(vehicle, index, now);
    }
    const active = this.#active === null ? undefined : this.#shown.get(this.#active);
    if (active) set(this.#rows, "aria-activedescendant", active.root.id);
    else this.#rows.removeAttribute("aria-activedescendant");
  }

  #drawRow(vehicle: Vehicle, index: number, now: number): void {
    const row = this.#shown.get(vehicle.name) ?? this.#newRow(vehicle.name);
    const ms = age(vehicle, now);
    const { root, speed, seen } = row;
    const top = `translateY(${index * ROW}px)`;
    if (root.style.transform !== top) root.style.transform = top;
    set(root, "aria-posinset", String(index + 1));
    set(root, "aria-setsize", String(this.#order.length));
    set(root, "aria-selected", String(vehicle.name === this.#selected));
    set(root, "data-freshness", freshness(ms));
    root.classList.toggle("active", vehicle.name === this.#active);
    write(speed, formatSpeed(vehicle.speed, this.#unit));
    speed.classList.toggle("unknown", vehicle.speed === null);
    write(seen, formatAge(ms));
    set(seen, "title", formatAgo(ms));
  }

  #newRow(name: string): Row {
    const root = document.createElement("div");
    root.className = "row";
    root.id = `vehicle-${this.#ids++}`;
    root.role = "option";
    root.dataset.name = name;
    const [label, speed, seen] = [span("name"), span("speed"), span("seen")];
    label.title = name;
    label.append(span("dot"), name);
    root.append(label, speed, seen);
    this.#filler.append(root);
    const row = { root, speed, seen };
    this.#shown.set(name, row);
    return row;
  }

  #key(event: KeyboardEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const last = this.#order.length - 1;
    const at = this.#active === null ? -1 : this.#order.indexOf(this.#active);
    const page = Math.max(1, Math.floor(this.#rows.clientHeight / ROW) - 1);
    const to = {
      ArrowDown: at + 1,
      ArrowUp: at < 0 ? last : at - 1,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: last,
    }[event.key];
    if (to !== undefined) {
      this.#active = this.#order[Math.max(0, Math.min(last, to))] ?? null;
      if (this.#active !== null) this.#reveal(this.#active);
      this.#draw();
    } else if ((event.key === "Enter" || event.key === " ") && this.#active !== null) {
      this.#wishes.select(this.#active);
    } else return;
    event.preventDefault();
  }

  #reveal(name: string): void {
    const index = this.#order.indexOf(name);
    if (index < 0) return;
    const { scrollTop, clientHeight } = this.#rows;
    const top = index * ROW;
    if (top < scrollTop) this.#rows.scrollTop = top;
    else if (top + ROW > scrollTop + clientHeight) this.#rows.scrollTop = top + ROW - clientHeight;
  }

  #showSort(): void {
    for (const heading of this.#headings) {
      const key = heading.dataset.sort as SortKey;
      const sorted = key === this.#sort.key;
      set(heading, "aria-pressed", String(sorted));
      // The arrow points along the list to where the value grows smaller; names grow downwards.
      heading.toggleAttribute("data-up", sorted && (key === "name") !== this.#sort.reversed);
      heading.title = sorted ? "Sorted; click to reverse" : "Sort by this";
    }
  }
}

function span(className: string): HTMLSpanElement {
  const made = document.createElement("span");
  made.className = className;
  return made;
}
