/** The grid: networks by methods, each cell a small stage; one cursor and one zoom for all of them. */

import { percent } from "../core/format";
import { WHOLE, type Zoom } from "../core/geometry";
import { atEnd } from "../core/host";
import type { Appearance, Picture } from "../core/wire";
import { done, el, on, set, write } from "../parts/dom";
import { UNSAVED } from "../parts/header";
import { heatPainter, type Painted, paintPicture } from "../parts/heat";
import { picker } from "../parts/picker";
import type { Choice } from "../parts/popup";
import { newStage, type Spot, type Stage } from "../parts/stage";
import type { Comparing, Place, Said } from "./session";

const REMOVE = "";

export interface Grid {
  element: HTMLElement;
  /** What was painted where. */
  painted(place: Place): Painted | undefined;
  stage(place: Place): Stage | undefined;
  show(): void;
  /** What depends on time alone. */
  tick(): void;
  /** The value under the cursor. */
  valueAt(place: Place): number | null;
  /** Narrow: a column for each network, the methods below each other. */
  arrange(narrow: boolean): void;
  /** Another stage leads. */
  follow(zoom: Zoom, spot: Spot | null): void;
  reset(): void;
}

interface Made {
  element: HTMLElement;
  stage: Stage;
  /** Paints, with a scale of its own or with one that is shared. */
  show(shared?: number): Painted | undefined;
  finish(): void;
  value(): number | null;
}

const key = ([row, method]: Place): string => `${row} ${method}`;

/** How the maps look in their cells. */
export const lookOf = ({ appearance, alone }: Comparing): Appearance => ({
  ...appearance,
  ...(alone && { opacity: 1, blend: "normal" }),
  view: "overlay",
});

/** The methods, all but the columns there are, or `own` among them. */
export const choicesOf = ({ cards, methods, frozen }: Comparing, own = ""): Choice[] =>
  cards
    .filter(({ name }) => name === own || !methods.includes(name))
    .map(({ name, title, family, cost, unavailable }) => ({
      value: name,
      label: title,
      group: family,
      note: cost,
      reason: unavailable || (frozen ? UNSAVED : null),
    }));

/** `led` is told the zoom and cursor of all; `caption` gives the number that stands in each cell. */
export function newGrid(
  signal: AbortSignal,
  session: Comparing,
  host: HTMLElement,
  led: (zoom: Zoom, spot: Spot | null, place: Place, spoken: string) => void,
  pressed: (place: Place) => void,
  caption: (place: Place) => string,
): Grid {
  const element = el(".cells");
  let life = new AbortController();
  atEnd(signal, () => life.abort());
  let built = "";
  let made = new Map<string, Made>();
  let heads: Array<(said: Said | undefined) => void> = [];
  let columns: Array<() => void> = [];
  let standing: Array<[HTMLElement, number, number]> = [];
  let paintings = new Map<string, Painted>();
  let zoom: Zoom = WHOLE;
  let spot: Spot | null = null;
  let narrow = false;
  let following = false;

  function follow(other: Zoom, to: Spot | null): void {
    if (following) return;
    [zoom, spot, following] = [other, to, true];
    for (const { stage } of made.values()) stage.follow(zoom, spot);
    following = false;
  }

  function cellOf(place: Place, alive: AbortSignal): Made {
    const [row, method] = place;
    let value: number | null = null;
    let told = "";
    const stage = newStage(
      alive,
      (found, spoken, next, to) => {
        value = found;
        const now = JSON.stringify([next, to]);
        const same = now === told && !spoken;
        told = now;
        if (following || same) return;
        follow(next, to);
        if (to) session.pick(place);
        led(zoom, spot, place, spoken);
      },
      false,
    );
    const number = el("span.pill.measure", { hidden: true });
    const badge = el("span.pill.badge", { hidden: true });
    const progress = el("");
    const bar = el(".progress.filling", { hidden: true }, progress);
    const box = el(".cell", { _cell: key(place) }, stage.element, number, badge, bar);
    const paint = heatPainter(stage.heat);
    let photo: Picture | undefined;
    let down: MouseEvent | undefined;
    on(alive, box, "pointerdown", (event: PointerEvent) => {
      down = event;
    });
    on(alive, box, "click", (event: MouseEvent) => {
      // The end of a pan is no press.
      const moved = down && Math.hypot(event.clientX - down.clientX, event.clientY - down.clientY);
      if (!moved || moved < 4) pressed(place);
    });
    on(alive, box, "focusin", () => session.pick(place));
    on(alive, box, "keydown", (event: KeyboardEvent) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      done(event);
      pressed(place);
    });
    let mine: Painted | undefined;
    let drawn: unknown;
    let how = "";
    let was = "";
    let stood: unknown;

    return {
      element: box,
      stage,
      value: () => value,
      show(shared) {
        const picture = session.photo(row);
        if (picture?.data && picture !== photo) {
          photo = picture;
          mine = undefined;
          stage.resize(picture);
          stage.follow(zoom, spot);
          void paintPicture(picture, stage.photo);
        }
        const shown = session.cell(place).cell;
        const now = JSON.stringify([session.appearance, shared]);
        if (shown === drawn && now === how && mine) return mine; // nothing has changed
        [drawn, how, mine] = [shown, now, undefined];
        if (shown?.data && photo) {
          const all = paint(shown, session.appearance, photo.width, photo.height, shared);
          if (shown.peak) mine = all;
        }
        return mine;
      },
      finish() {
        const { cell, stale } = session.cell(place);
        const state = session.state();
        const waits = state === "busy" && (stale || !!cell?.partial);
        const unsaved = !cell && session.frozen ? UNSAVED : "";
        const words = cell?.error ?? (cell && cell.state !== "ok" ? cell.message : unsaved);
        const faint = stale && waits;
        const next = how + faint + words;
        if (next !== was || mine !== stood) stage.show(mine, lookOf(session), faint, words);
        [was, stood] = [next, mine];
        set(box, {
          title: words || null,
          _picked: key(session.picked) === key(place),
          _fresh: !stale && !cell?.partial,
        });
        const text = stale || cell?.error ? "" : caption(place);
        number.hidden = !text;
        write(number, text);
        const [a, b] = session.pair;
        const which = [a, b].findIndex((each) => key(each) === key(place));
        badge.hidden = session.view === "grid" || which < 0;
        write(badge, which ? "B" : "A");
        bar.hidden = !waits;
        const share = cell?.partial ? cell.fraction : null;
        set(bar, { _unknown: share === null });
        progress.style.width = share === null ? "" : `${100 * share}%`;
        const says = words || (text ? `measure ${text}` : "");
        stage.describe(
          `${session.title(method)}, ${session.rows[row]?.name}. ${says} Arrow keys read values, Enter chooses.`,
        );
      },
    };
  }

  function rowHead(number: number): [HTMLElement, (said: Said | undefined) => void] {
    const { name, accuracy } = session.rows[number]!;
    const [label, chance] = [el("span.class"), el("span.chance")];
    const bar = el(".bar", {}, label, chance);
    const explained = el("span.note");
    const head = el(
      ".rowhead",
      { _row: number },
      el("b.label", { title: name }, name),
      el("span.note", { hidden: accuracy === null }, `${percent(accuracy ?? 0)} accurate`),
      bar,
      explained,
    );
    return [
      head,
      (said) => {
        const [first] = said?.top ?? [];
        bar.hidden = !first;
        write(label, first?.name ?? "");
        set(label, { title: first?.name });
        label.style.backgroundSize = `${100 * (first?.probability ?? 0)}%`;
        write(chance, first ? percent(first.probability) : "");
        const target = said?.target;
        const other = target && first && target.index !== first.index;
        const share = target?.probability;
        write(
          explained,
          other ? `explained: ${target.name}${share == null ? "" : ` ${percent(share)}`}` : "",
        );
        set(explained, { title: explained.textContent });
      },
    ];
  }

  function columnHead(method: string, alive: AbortSignal): [HTMLElement, () => void] {
    const change = (value: string): void => {
      const methods = session.methods.map((each) => (each === method ? value : each));
      session.ask([["methods", methods.filter((each) => each !== REMOVE)]]);
    };
    const title = session.title(method);
    const list = picker(alive, host, `Column ${title}`, `column-${method}`, "plain", change);
    const head = el(".colhead", { title }, list.element);
    return [
      head,
      () => {
        const choices = choicesOf(session, method);
        if (session.methods.length > 1)
          choices.unshift({ value: REMOVE, label: "Remove this column" });
        list.show(choices, method, title, "", session.frozen);
      },
    ];
  }

  /** Each by its row and column, a line of heads among them. */
  function place(): void {
    const { rows, methods } = session;
    element.style.setProperty("--xw-across", String(narrow ? rows.length : methods.length));
    set(element, { _narrow: narrow });
    for (const [child, row, column] of standing) {
      // Narrow, a method's name has a line of its own over its maps.
      child.style.gridArea = narrow
        ? `${row < 0 ? 2 * column + 2 : 2 * column + 3} / ${row < 0 ? "1 / auto / -1" : row + 1}`
        : `${row + 2} / ${column + 2}`;
    }
  }

  function build(): void {
    const { rows, methods, cards } = session;
    const titles = methods.map((method) => session.title(method));
    const now = JSON.stringify([rows, methods, titles, cards.length]);
    if (now === built) return;
    built = now;
    life.abort();
    life = new AbortController();
    for (const canvas of element.querySelectorAll("canvas")) canvas.width = canvas.height = 0;
    const alive = life.signal;
    made = new Map();
    const over = methods.map((method) => columnHead(method, alive));
    columns = over.map(([, show]) => show);
    const beside = rows.map((_, row) => rowHead(row));
    heads = beside.map(([, show]) => show);
    standing = over.map(([head], column) => [head, -1, column]);
    beside.forEach(([head], row) => {
      standing.push([head, row, -1]);
      methods.forEach((method, column) => {
        const cell = cellOf([row, method], alive);
        made.set(key([row, method]), cell);
        standing.push([cell.element, row, column]);
      });
    });
    element.replaceChildren(...standing.map(([child]) => child));
    place();
  }

  function show(): void {
    build();
    const { rows, methods, scale } = session;
    heads.forEach((each, row) => {
      each(session.said(row));
    });
    for (const each of columns) each();
    paintings = new Map();
    /** The largest of those that share a scale. */
    const largest = new Map<string, number>();
    const sharing = (method: string): string => (scale === "method" ? method : "");
    const all = methods.flatMap((method) => rows.map((_, row): Place => [row, method]));
    for (const at of all) {
      const painted = made.get(key(at))!.show();
      if (!painted) continue;
      paintings.set(key(at), painted);
      const group = sharing(at[1]);
      largest.set(group, Math.max(largest.get(group) ?? 0, painted.most));
    }
    for (const at of all) {
      const cell = made.get(key(at))!;
      if (scale !== "cell" && paintings.has(key(at))) {
        const painted = cell.show(largest.get(sharing(at[1])));
        if (painted) paintings.set(key(at), painted);
      }
    }
  }

  return {
    element,
    painted: (at) => paintings.get(key(at)),
    stage: (at) => made.get(key(at))?.stage,
    show,
    tick() {
      for (const each of made.values()) each.finish();
    },
    valueAt: (at) => made.get(key(at))?.value() ?? null,
    arrange(next) {
      if (next === narrow) return;
      narrow = next;
      if (built) place();
    },
    follow: (other, to) => follow(other, to),
    reset: () => follow(WHOLE, null),
  };
}
