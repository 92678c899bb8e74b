/** The grid: networks by methods, each cell a small stage; one cursor and one zoom for all of them. */

import { percent } from "../core/format";
import { WHOLE, type Zoom } from "../core/geometry";
import type { Appearance } from "../core/model";
import { stepsBack } from "../core/session";
import type { MethodCard, Picture } from "../core/wire";
import { classBar } from "../parts/bar";
import { done, el, on, type Part, renewable, say, set, write } from "../parts/dom";
import { progressBar } from "../parts/footer";
import { heatPainter, type Painted, paintPicture } from "../parts/heat";
import { methodChoices, picker, UNSAVED } from "../parts/picker";
import type { Choice } from "../parts/popup";
import { newStage, type Spot, type Stage } from "../parts/stage";
import { type Cell, type ComparisonSession, cellKey } from "./session";

const REMOVE = "";

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
  /** Everything in the grid with its row and column; heads have −1 in the place of one. */
  let items: Array<[HTMLElement, number, number]> = [];
  let paintings = new Map<string, Painted>();
  let zoom: Zoom = WHOLE;
  let spot: Spot | null = null;
  let narrow = false;
  let following = false;

  function follow(other: Zoom, to: Spot | null): void {
    if (following) return;
    [zoom, spot, following] = [other, to, true];
    for (const { stage } of views.values()) stage.follow(zoom, spot);
    following = false;
  }

  function viewOf(cell: Cell, alive: AbortSignal) {
    const [row, method] = cell;
    let value: number | null = null;
    let pointer = "";
    const stage = newStage(
      alive,
      (pointed, spoken, next, to) => {
        value = pointed;
        const now = JSON.stringify([next, to]);
        const same = now === pointer && !spoken;
        pointer = now;
        if (following || same) return;
        follow(next, to);
        if (to) session.pick(cell);
        moved(zoom, spot, cell, spoken);
      },
      false,
    );
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
          title: words || null,
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
      bar.show(first?.name ?? "", first?.probability);
      set(bar.name, { title: first?.name });
      const other = target && first && target.index !== first.index;
      const share = target?.probability == null ? "" : ` ${percent(target.probability)}`;
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

  /** Puts all items in their rows and columns. */
  function layOut(): void {
    const { rows, methods } = session;
    element.style.setProperty("--xw-across", String(narrow ? rows.length : methods.length));
    set(element, { _narrow: narrow });
    for (const [item, row, column] of items) {
      // Narrow, a method's name has a line of its own over its maps.
      item.style.gridArea = narrow
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
    const alive = renew();
    for (const canvas of element.querySelectorAll("canvas")) canvas.width = canvas.height = 0;
    views = new Map();
    const columns = methods.map((method) => columnHead(method, alive));
    const lines = rows.map((_, row) => rowHead(row));
    heads = [...columns, ...lines].map(([, show]) => show);
    items = columns.map(([head], column) => [head, -1, column]);
    lines.forEach(([head], row) => {
      items.push([head, row, -1]);
      methods.forEach((method, column) => {
        const view = viewOf([row, method], alive);
        views.set(cellKey([row, method]), view);
        items.push([view.element, row, column]);
      });
    });
    element.replaceChildren(...items.map(([item]) => item));
    layOut();
  }

  function show(): void {
    build();
    const { rows, methods, scale } = session;
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
    /** Narrow: a column for each network, the methods below each other. */
    arrange(next: boolean): void {
      if (next === narrow) return;
      narrow = next;
      if (built) layOut();
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
    const says = first ? `${first.name} ${percent(first.probability)}` : "";
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
