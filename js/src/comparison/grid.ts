/** The grid: networks by methods, each cell a small stage; one cursor and one zoom for all of them. */

import { amount, percent } from "../core/format";
import { WHOLE, type Zoom } from "../core/geometry";
import type { Appearance } from "../core/model";
import { stepsBack } from "../core/session";
import type { MethodCard, Picture } from "../core/wire";
import { classBar } from "../parts/bar";
import { done, el, on, type Part, renewable, say, set, write } from "../parts/dom";
import { progressBar } from "../parts/footer";
import { formAs, heatPainter, type Painted, paintPicture } from "../parts/heat";
import { methodChoices, picker, UNSAVED } from "../parts/picker";
import type { Choice } from "../parts/popup";
import { newStage, type Spot, type Stage } from "../parts/stage";
import { captioned, type Layout, layoutOf, placeOf } from "./layout";
import { type Cell, type ComparisonSession, cellKey } from "./session";

const REMOVE = "";
const PICTURE = "Picture";

export type Grid = ReturnType<typeof newGrid>;

/** How the maps look in their cells. */
export const lookOf = ({ appearance, alone }: ComparisonSession): Appearance => ({
  ...appearance,
  ...(alone && { opacity: 1, blend: "normal" }),
  arrangement: "overlay",
});

/** The methods, all but the columns there are, or `own` among them. */
export function choicesOf({ cards, methods, frozen }: ComparisonSession, own = ""): Choice[] {
  const free = ({ name }: MethodCard): boolean => name === own || !methods.includes(name);
  return methodChoices(cards.filter(free), () => (frozen ? UNSAVED : null));
}

/** `moved` is told the zoom and cursor of all; `caption` gives the number that stands in each cell. */
export function newGrid(
  signal: AbortSignal,
  session: ComparisonSession,
  host: HTMLElement,
  moved: (zoom: Zoom, spot: Spot | null, cell: Cell, spoken: string) => void,
  pressed: (cell: Cell) => void,
  caption: (cell: Cell) => string,
) {
  const element = el(".cells");
  const renew = renewable(signal);
  let built = "";
  let views = new Map<string, ReturnType<typeof viewOf>>();
  let heads: Array<() => void> = [];
  /** Everything in the grid with its row and column; heads have null in the place of one. */
  let items: Array<[HTMLElement, number | null, number | null]> = [];
  let photographs: Array<ReturnType<typeof photographOf>> = [];
  let paintings = new Map<string, Painted>();
  let zoom: Zoom = WHOLE;
  let spot: Spot | null = null;
  let room = { width: 0, height: 0, most: 0 };
  let layout: Layout | undefined;
  let laid = "";
  let following = false;

  function follow(other: Zoom, to: Spot | null): void {
    if (following) return;
    [zoom, spot, following] = [other, to, true];
    for (const { stage } of [...photographs, ...views.values()]) stage.follow(zoom, spot);
    following = false;
  }

  /** A stage that leads the others; `led` is told the value under its cursor, and whether it leads now. */
  function leading(
    alive: AbortSignal,
    led: (value: number | null, spoken: string, leads: boolean, to: Spot | null) => void,
  ): Stage {
    let pointer = "";
    const lead = (value: number | null, spoken: string, next: Zoom, to: Spot | null): void => {
      const now = JSON.stringify([next, to]);
      const same = now === pointer && !spoken;
      pointer = now;
      const leads = !following && !same;
      if (leads) follow(next, to);
      led(value, spoken, leads, to);
    };
    return newStage(alive, lead, false);
  }

  /** The picture as a network is given it, before its maps. */
  function photographOf(row: number, alive: AbortSignal) {
    const stage = leading(alive, (_value, spoken, leads) => {
      if (leads) moved(zoom, spot, session.picked, spoken);
    });
    const element = el(".cell", { _photograph: row }, stage.element);
    let photo: Picture | undefined;
    const show = (): void => {
      const picture = session.photo(row);
      if (!picture?.data || picture === photo) return;
      photo = picture;
      formAs(element, picture);
      stage.resize(picture);
      stage.follow(zoom, spot);
      stage.show(undefined, lookOf(session), false, "");
      void paintPicture(picture, stage.photo);
      stage.describe(`Picture, ${session.rows[row]?.name}. Arrow keys read all maps.`);
    };
    return { element, stage, show };
  }

  function viewOf(cell: Cell, alive: AbortSignal) {
    const [row, method] = cell;
    let value: number | null = null;
    const stage = leading(alive, (pointed, spoken, leads, to) => {
      value = pointed;
      if (!leads) return;
      if (to) session.pick(cell);
      moved(zoom, spot, cell, spoken);
    });
    const number = el("span.pill.measure", { hidden: true });
    const badge = el("span.pill.badge", { hidden: true });
    const [bar, showBar] = progressBar(".progress.filling");
    const box = el(".cell", { _cell: cellKey(cell) }, stage.element, number, badge, bar);
    const paint = heatPainter(stage.heat);
    let photo: Picture | undefined;
    let down: MouseEvent | undefined;
    on(alive, box, "pointerdown", (event: PointerEvent) => {
      down = event;
    });
    on(alive, box, "click", (event: MouseEvent) => {
      // The end of a pan is no press.
      const by = down && Math.hypot(event.clientX - down.clientX, event.clientY - down.clientY);
      if (!by || by < 4) pressed(cell);
    });
    on(alive, box, "focusin", () => session.pick(cell));
    on(alive, box, "keydown", (event: KeyboardEvent) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      done(event);
      pressed(cell);
    });
    // What was painted last, of what and how; and what the stage showed last.
    let painted: Painted | undefined;
    let paintedFrame: unknown;
    let paintedLook = "";
    let stageLook = "";
    let onStage: Painted | undefined;

    return {
      element: box,
      stage,
      value: () => value,
      /** Paints, with a scale of its own or with one that is shared. */
      show(shared?: number): Painted | undefined {
        const picture = session.photo(row);
        if (picture?.data && picture !== photo) {
          photo = picture;
          painted = undefined;
          formAs(box, picture);
          stage.resize(picture);
          stage.follow(zoom, spot);
          void paintPicture(picture, stage.photo);
        }
        const { frame } = session.frameOf(cell);
        const look = JSON.stringify([session.appearance, shared]);
        if (frame === paintedFrame && look === paintedLook && painted) return painted;
        [paintedFrame, paintedLook, painted] = [frame, look, undefined];
        if (frame?.data && photo) {
          const all = paint(frame, session.appearance, photo, shared);
          if (frame.peak) painted = all;
        }
        return painted;
      },
      finish(): void {
        const { frame, stale } = session.frameOf(cell);
        const state = session.state();
        const waits = state === "busy" && (stale || !!frame?.partial);
        const unsaved = !frame && session.frozen ? UNSAVED : "";
        const words = frame?.error ?? (frame && frame.state !== "ok" ? frame.message : unsaved);
        const faint = stale && stepsBack(state);
        const look = paintedLook + faint + words;
        if (look !== stageLook || painted !== onStage) {
          stage.show(painted, lookOf(session), faint, words);
        }
        [stageLook, onStage] = [look, painted];
        set(box, {
          title: words || frame?.note || null,
          _picked: cellKey(session.picked) === cellKey(cell),
          _fresh: !stale && !frame?.partial,
        });
        const text = stale || frame?.error ? "" : caption(cell);
        say(number, text);
        const which = session.pair.findIndex((other) => cellKey(other) === cellKey(cell));
        say(badge, session.view === "grid" ? "" : (["A", "B"][which] ?? ""));
        showBar(waits, frame?.partial ? frame.fraction : null);
        const says = words || (text ? `measure ${text}` : "");
        stage.describe(
          `${session.title(method)}, ${session.rows[row]?.name}. ${says} Arrow keys read values, Enter chooses.`,
        );
      },
    };
  }

  function rowHead(row: number): Part {
    const { name, accuracy } = session.rows[row]!;
    const bar = classBar(".bar");
    const explained = el("span.note");
    const accurate = el("span.note", { hidden: accuracy === null });
    write(accurate, `${percent(accuracy ?? 0)} accurate`);
    const label = el("b.label", { title: name }, name);
    const head = el(".rowhead", { _row: row }, label, accurate, bar.element, explained);
    const show = (): void => {
      const { top, target } = session.prediction(row) ?? {};
      const [first] = top ?? [];
      bar.element.hidden = !first;
      bar.show(first?.name ?? "", first?.probability, first?.unit);
      set(bar.name, { title: first?.name });
      const other = target && first && target.index !== first.index;
      const share =
        target?.probability == null ? "" : ` ${amount(target.probability, target.unit)}`;
      write(explained, other ? `explained: ${target.name}${share}` : "");
      set(explained, { title: explained.textContent });
    };
    return [head, show];
  }

  function columnHead(method: string, alive: AbortSignal): Part {
    const change = (value: string): void => {
      const methods = session.methods.map((name) => (name === method ? value : name));
      session.ask({ methods: methods.filter((name) => name !== REMOVE) });
    };
    const title = session.title(method);
    const list = picker(alive, host, `Column ${title}`, `column-${method}`, "plain", change);
    const show = (): void => {
      const choices = choicesOf(session, method);
      const remove = { value: REMOVE, label: "Remove this column" };
      if (session.methods.length > 1) choices.unshift(remove);
      list.show(choices, method, title, "", session.frozen);
    };
    return [el(".colhead", { title }, list.element), show];
  }

  /** Puts everything in its place, as large as there is room. */
  function layOut(): void {
    const { rows, methods } = session;
    const counts = { rows: rows.length, columns: methods.length + 1 };
    const { width = 1, height = 1 } = session.photo(0) ?? {};
    const next = layoutOf({ ...room, ...counts, aspect: height / width });
    const now = JSON.stringify([next, counts]);
    if (now === laid || !room.width) return;
    laid = now;
    layout = next;
    const { kind, left, across, cell } = next;
    const { style } = element;
    style.setProperty("--xw-cell", `${cell}px`);
    style.setProperty("--xw-across", String(across));
    set(element, { _kind: kind, _left: left, _cell: cell });
    for (const [item, row, column] of items) {
      const [line, at, span] = placeOf(next, counts, row, column)!;
      item.style.gridArea = `${line} / ${at} / auto / span ${span}`;
      const caption = item.querySelector(".xw-caption");
      if (!(caption instanceof HTMLElement) || row === null || column === null) continue;
      const what = captioned(next, counts.rows, row);
      const method = column ? session.title(methods[column - 1]!) : PICTURE;
      const words = what === "method" ? method : (rows[row]?.name ?? "");
      say(caption, what ? words : "");
      set(caption, { title: words });
    }
  }

  function build(): void {
    const { rows, methods, cards } = session;
    const titles = methods.map((method) => session.title(method));
    const now = JSON.stringify([rows, methods, titles, cards.length]);
    if (now === built) return;
    built = now;
    laid = "";
    const alive = renew();
    for (const canvas of element.querySelectorAll("canvas")) canvas.width = canvas.height = 0;
    views = new Map();
    const columns = methods.map((method) => columnHead(method, alive));
    const lines = rows.map((_, row) => rowHead(row));
    heads = [...columns, ...lines].map(([, show]) => show);
    const picture = el(".colhead", el("span.label", PICTURE));
    photographs = rows.map((_, row) => photographOf(row, alive));
    const slot = (cell: HTMLElement): HTMLElement =>
      el(".slot", el("span.caption.note", { hidden: true }), cell);
    items = [picture, ...columns.map(([head]) => head)].map((head, i) => [head, null, i]);
    lines.forEach(([head], row) => {
      items.push([head, row, null], [slot(photographs[row]!.element), row, 0]);
      methods.forEach((method, column) => {
        const view = viewOf([row, method], alive);
        views.set(cellKey([row, method]), view);
        items.push([slot(view.element), row, column + 1]);
      });
    });
    element.replaceChildren(...items.map(([item]) => item));
    layOut();
  }

  function show(): void {
    build();
    const { rows, methods, scale } = session;
    for (const photograph of photographs) photograph.show();
    layOut();
    for (const head of heads) head();
    paintings = new Map();
    /** The largest of those that share a scale. */
    const largest = new Map<string, number>();
    const groupOf = (method: string): string => (scale === "method" ? method : "");
    const all = methods.flatMap((method) => rows.map((_, row): Cell => [row, method]));
    for (const cell of all) {
      const painted = views.get(cellKey(cell))!.show();
      if (!painted) continue;
      paintings.set(cellKey(cell), painted);
      const group = groupOf(cell[1]);
      largest.set(group, Math.max(largest.get(group) ?? 0, painted.most));
    }
    if (scale === "cell") return;
    for (const cell of all) {
      if (!paintings.has(cellKey(cell))) continue;
      const painted = views.get(cellKey(cell))!.show(largest.get(groupOf(cell[1])));
      if (painted) paintings.set(cellKey(cell), painted);
    }
  }

  const stageOf = (cell: Cell): Stage | undefined => views.get(cellKey(cell))?.stage;

  return {
    element,
    /** What was painted where. */
    painted: (cell: Cell): Painted | undefined => paintings.get(cellKey(cell)),
    stage: stageOf,
    show,
    /** What depends on time alone. */
    tick(): void {
      for (const view of views.values()) view.finish();
    },
    /** The value under the cursor. */
    valueAt: (cell: Cell): number | null => views.get(cellKey(cell))?.value() ?? null,
    /** Lays the cells out for this much room; returns how. */
    arrange(width: number, height: number, most: number): Layout | undefined {
      room = { width, height, most };
      if (built) layOut();
      return layout;
    },
    /** Another stage leads. */
    follow,
    reset: (): void => follow(WHOLE, null),
    /** All cells with their names as one picture, in the colours of `root`. */
    snapshot: (root: HTMLElement): HTMLCanvasElement => gridPicture(session, stageOf, root),
  };
}

const SIDE = 320; // pixels of a cell
const LEFT = 220;
const LINE = 20;

function gridPicture(
  session: ComparisonSession,
  stageOf: (cell: Cell) => Stage | undefined,
  root: HTMLElement,
): HTMLCanvasElement {
  const { rows, methods } = session;
  const top = LINE + 12;
  const picture = el("canvas", {
    width: LEFT + methods.length * (SIDE + 2),
    height: top + rows.length * (SIDE + 2),
  });
  const pen = picture.getContext("2d")!;
  const { backgroundColor, color, fontFamily } = getComputedStyle(root);
  pen.fillStyle = backgroundColor;
  pen.fillRect(0, 0, picture.width, picture.height);
  pen.fillStyle = color;
  const text = (words: string, x: number, y: number, bold: boolean, width: number): void => {
    pen.font = `${bold ? 600 : 400} 15px ${fontFamily}`;
    pen.fillText(words, x, y, width);
  };
  methods.forEach((method, column) => {
    text(session.title(method), LEFT + column * (SIDE + 2) + 2, LINE, true, SIDE - 4);
  });
  rows.forEach(({ name }, row) => {
    const y = top + row * (SIDE + 2);
    const first = session.prediction(row)?.top?.[0];
    const says = first ? `${first.name} ${amount(first.probability, first.unit)}` : "";
    text(name, 8, y + LINE, true, LEFT - 16);
    text(says, 8, y + 2 * LINE, false, LEFT - 16);
    methods.forEach((method, column) => {
      const map = stageOf([row, method])?.snapshot(lookOf(session), 1);
      const x = LEFT + column * (SIDE + 2);
      const error = session.frameOf([row, method]).frame?.error;
      if (error) text(error, x + 8, y + SIDE / 2, false, SIDE - 16);
      else if (map?.width) {
        const scale = SIDE / Math.max(map.width, map.height);
        pen.imageSmoothingEnabled = scale < 2;
        pen.drawImage(map, x, y, map.width * scale, map.height * scale);
      }
    });
  });
  return picture;
}
