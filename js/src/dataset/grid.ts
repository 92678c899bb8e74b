/** The pictures: a grid of which only the lines near what is seen exist. */
import { percent, pictures } from "../core/format";
import { atEnd } from "../core/model";
import { done, el, freshId, isCommand, on, type Part, set, write } from "../parts/dom";
import type { DatasetSession } from "./session";
import { paintTile } from "./tile";

const SIDE = 104; // pixels of a picture at least
const GAP = 10;
const WORDS = 36; // pixels under a picture
const BEYOND = 2; // lines kept on either side of what is seen
const AHEAD = 6; // lines whose pictures are fetched on either side
const BUDGET = 32; // milliseconds of painting in one frame: each costs the browser as much again

interface Cell {
  element: HTMLElement;
  canvas: HTMLCanvasElement;
  answer: HTMLElement;
  chance: HTMLElement;
  label: HTMLElement;
  row: number;
  painted: string;
}
interface Line {
  element: HTMLElement;
  cells: Cell[];
  at: number;
}

/** Which lines of `count` lie within a window of the scroller, with `beyond` more on either side. */
export function linesWithin(
  top: number,
  height: number,
  line: number,
  count: number,
  beyond: number,
): [first: number, last: number] {
  const first = Math.max(0, Math.floor(top / line) - beyond);
  const last = Math.min(count - 1, Math.ceil((top + height) / line) - 1 + beyond);
  return [first, last];
}

/** How many pictures lie side by side, and how large they are. */
export function columnsOf(width: number): [across: number, side: number] {
  const across = Math.max(2, Math.floor((width + GAP) / (SIDE + GAP)));
  return [across, Math.floor((width + GAP) / across - GAP)];
}

/** Returns the element, how to show it, and what else can be done with it. */
export function pictureGrid(
  signal: AbortSignal,
  session: DatasetSession,
  act: { choose(row: number, how: "one" | "add" | "range"): void; enter(row: number): void },
) {
  const sheet = el(".sheet");
  const named = { role: "grid", tabindex: 0, $multiselectable: "true", _control: "pictures" };
  const scroller = el(".pictures", named, sheet);
  const empty = el("p");
  const begin = el("button.wide", { _control: "begin" }, "Explain them now");
  const nothing = el(".nothing", { hidden: true }, empty, begin);
  const element = el(".gridbox", scroller, nothing);
  on(signal, begin, "click", () => session.resume());
  const id = freshId();
  const lines = new Map<number, Line>();
  const spare: Line[] = [];
  let [across, side] = [5, SIDE];
  let rows = new Uint32Array();
  let version = -1;
  let due = false;
  let seen: [first: number, last: number] = [0, -1];
  let look = "";
  let question = "";

  const lineHeight = (): number => side + WORDS + GAP;
  const lineCount = (): number => Math.ceil(rows.length / across);

  function newLine(): Line {
    return { element: el(".line", { role: "row" }), cells: [], at: -1 };
  }
  function newCell(): Cell {
    const canvas = el("canvas", { $hidden: "true" });
    const [answer, chance, label] = [el("span.answer"), el("span.chance2"), el("span.truth")];
    const tick = el("span.tick", { $hidden: "true" });
    const element = el(
      ".tile",
      { role: "gridcell" },
      canvas,
      tick,
      el(".first", answer, chance),
      label,
    );
    return { element, canvas, answer, chance, label, row: -1, painted: "" };
  }

  function fill(line: Line, at: number): void {
    line.at = at;
    const first = at * across;
    const n = Math.min(across, rows.length - first);
    while (line.cells.length > n) line.cells.pop()!.element.remove();
    while (line.cells.length < n) {
      const cell = newCell();
      line.cells.push(cell);
      line.element.append(cell.element);
    }
    set(line.element, { $rowindex: at + 1 });
    line.element.style.transform = `translateY(${at * lineHeight()}px)`;
    for (const [i, cell] of line.cells.entries()) caption(cell, rows[first + i]!, i);
  }

  /** What a cell says; its picture is painted when it is there. */
  function caption(cell: Cell, row: number, column: number): void {
    const { table } = session;
    if (!table) return;
    const failed = table.bits("failed")[row];
    const label = table.word("label", row);
    const answer = failed ? "could not be used" : table.word("prediction", row);
    const chance = table.number("probability", row);
    const right = Boolean(table.correct[row]);
    if (cell.row !== row) cell.painted = "";
    cell.row = row;
    const share = Number.isNaN(chance) ? "" : percent(chance, 0);
    write(cell.answer, answer);
    write(cell.chance, share);
    const verdict = table.word("verdict", row);
    const truth = right ? "" : label && `is ${label}`;
    write(cell.label, verdict ? `✓ ${verdict}` : truth);
    const chosen = session.isChosen(row);
    set(cell.element, {
      id: `${id}-${row}`,
      _row: row,
      _right: right,
      _wrong: Boolean(!right && label && !failed),
      _verdict: Boolean(verdict),
      _failed: Boolean(failed),
      _current: session.looks.row === row,
      $selected: String(chosen),
      $colindex: column + 1,
      title: table.word("key", row),
      $label: [`${answer} ${share}`, label && (right ? "right" : `labelled ${label}`), verdict]
        .filter(Boolean)
        .join(", "),
    });
  }

  /** Paints cells whose picture is there and that show something else; true when some are left. */
  function paint(): boolean {
    const begun = performance.now();
    const ratio = Math.min(devicePixelRatio || 1, 2);
    const isSeen = ({ at }: Line): boolean => at >= seen[0] && at <= seen[1];
    const seenFirst = [...lines.values()].sort((a, b) => Number(isSeen(b)) - Number(isSeen(a)));
    for (const line of seenFirst) {
      for (const cell of line.cells) {
        const { row, canvas } = cell;
        const sprite = session.pictures.sprite(row);
        const want = `${row} ${look} ${side}`;
        if (cell.painted === want) continue;
        const bitmap = session.pictures.bitmap(row);
        if (!bitmap) {
          if (!cell.painted) canvas.width = 0;
          cell.painted = cell.painted === want ? want : "";
          set(canvas, { _waits: true });
          continue;
        }
        if (performance.now() - begun > BUDGET) return true;
        const pixels = Math.round(side * ratio);
        if (canvas.width !== pixels) Object.assign(canvas, { width: pixels, height: pixels });
        paintTile(canvas, bitmap, session.looks.maps ? sprite?.map : undefined, session.looks);
        set(canvas, { _waits: false });
        cell.painted = want;
      }
    }
    return false;
  }

  function place(): void {
    const height = scroller.clientHeight;
    if (!height || !scroller.clientWidth) return; // measured while hidden
    const { scrollTop } = scroller;
    const [first, last] = linesWithin(scrollTop, height, lineHeight(), lineCount(), BEYOND);
    for (const [at, line] of lines) {
      if (at >= first && at <= last) continue;
      lines.delete(at);
      spare.push(line);
    }
    let added = false;
    for (let at = first; at <= last; at++) {
      if (lines.has(at)) continue;
      const line = spare.pop() ?? newLine();
      lines.set(at, line);
      fill(line, at);
      added = true;
    }
    // In their order, which is how a screen reader goes through them.
    const inOrder = [...lines.values()].sort((a, b) => a.at - b.at);
    if (added || sheet.childElementCount !== lines.size) {
      sheet.replaceChildren(...inOrder.map(({ element }) => element));
    }
    want(scrollTop, height);
  }

  /** What is seen first, then what comes below, then what lies above. */
  function want(top: number, height: number): void {
    seen = linesWithin(top, height, lineHeight(), lineCount(), 0);
    const ends = [seen[0] * across, (seen[1] + 1) * across] as const;
    const some = (from: number, to: number): number[] => [
      ...rows.subarray(Math.max(0, from), Math.min(rows.length, to)),
    ];
    const more = AHEAD * across;
    session.pictures.want(some(...ends), [
      ...some(ends[1], ends[1] + more),
      ...some(ends[0] - more, ends[0]),
    ]);
  }

  function draw(): void {
    due = false;
    if (signal.aborted) return;
    place();
    if (paint()) soon();
    set(element, { _painted: paintedAll(), "_painted-at": performance.now() });
  }
  const paintedAll = (): boolean =>
    [...lines.values()].every((line) =>
      line.cells.every(({ row, painted }) => painted || !session.pictures.sprite(row)),
    );
  function soon(): void {
    if (due) return;
    due = true;
    requestAnimationFrame(draw);
  }

  function measure(): void {
    const width = sheet.clientWidth;
    if (!width) return;
    const [a, s] = columnsOf(width);
    if (a === across && s === side) return;
    const top = Math.floor(scroller.scrollTop / lineHeight()) * across;
    [across, side] = [a, s];
    element.style.setProperty("--xw-side", `${side}px`);
    element.style.setProperty("--xw-across", String(across));
    renew();
    scroller.scrollTop = Math.floor(top / across) * lineHeight();
    set(scroller, { $colcount: across, $rowcount: lineCount() });
    soon();
  }
  /** Others are shown: a line keeps its place, and its pictures where they are the same. */
  function renew(): void {
    for (const [at, line] of lines) {
      if (at < lineCount()) fill(line, at);
      else {
        lines.delete(at);
        spare.push(line);
      }
    }
    sheet.style.height = `${Math.max(0, lineCount() * lineHeight() - GAP)}px`;
  }

  on(signal, scroller, "scroll", () => {
    if (!due) draw();
  });
  const rowOf = (event: Event): number | undefined => {
    const tile = (event.target as Element).closest<HTMLElement>("[data-xw-row]");
    return tile ? Number(tile.dataset.xwRow) : undefined;
  };
  on(signal, scroller, "click", (event: MouseEvent) => {
    const row = rowOf(event);
    if (row === undefined) return;
    act.choose(row, event.shiftKey ? "range" : event.metaKey || event.ctrlKey ? "add" : "one");
  });
  on(signal, scroller, "dblclick", (event: MouseEvent) => {
    const row = rowOf(event);
    if (row !== undefined) act.enter(row);
  });
  on(signal, scroller, "keydown", (event: KeyboardEvent) => {
    if (isCommand(event) || !rows.length) return;
    const here = placeOf(session.looks.row);
    const page = Math.max(1, Math.floor(scroller.clientHeight / lineHeight())) * across;
    const steps: Record<string, number> = {
      ArrowRight: 1,
      ArrowLeft: -1,
      ArrowDown: across,
      ArrowUp: -across,
      PageDown: page,
      PageUp: -page,
      Home: -rows.length,
      End: rows.length,
    };
    const step = steps[event.key];
    if (step !== undefined) {
      const next = here < 0 ? 0 : Math.max(0, Math.min(rows.length - 1, here + step));
      act.choose(rows[next]!, event.shiftKey ? "range" : "one");
      show(next);
    } else if (event.key === " ") {
      if (here >= 0) act.choose(rows[here]!, "add");
    } else if (event.key === "Enter") {
      if (here >= 0) act.enter(rows[here]!);
    } else return;
    done(event);
  });
  const placeOf = (row: number | undefined): number => (row === undefined ? -1 : rows.indexOf(row));

  function show(at: number): void {
    const top = Math.floor(at / across) * lineHeight();
    const { scrollTop, clientHeight } = scroller;
    if (top < scrollTop) scroller.scrollTop = top;
    else if (top + lineHeight() > scrollTop + clientHeight) {
      scroller.scrollTop = top + lineHeight() - clientHeight;
    }
    soon();
  }
  const observer = new ResizeObserver(() => {
    measure();
    soon();
  });
  observer.observe(scroller);
  atEnd(signal, () => observer.disconnect());

  const refresh = (): void => {
    const next = session.rows;
    const { maps, opacity, colormap, clip, threshold, sign, blend, row } = session.looks;
    look = `${maps}${opacity}${colormap}${clip}${threshold}${sign}${blend}`;
    const { filter, slice, sort } = session.looks;
    const asked = JSON.stringify([filter, slice, sort]);
    if (asked !== question) scroller.scrollTop = 0;
    question = asked;
    if (next !== rows || version !== session.table?.version) {
      version = session.table?.version ?? -1;
      rows = next as Uint32Array<ArrayBuffer>;
      measure();
    }
    renew();
    const n = rows.length;
    set(scroller, {
      $rowcount: lineCount(),
      $colcount: across,
      $label: pictures(n),
      $activedescendant: row !== undefined ? `${id}-${row}` : null,
      _rows: n,
    });
    nothing.hidden = n > 0;
    const { table, frozen, head, status } = session;
    const none = !table || !(table.done + table.failed);
    begin.hidden = !none || frozen || !head?.able || status?.state === "running";
    const first = status?.state === "running" ? "The first pictures are on their way." : "";
    const words = none ? first || "No picture has been explained yet." : "No picture is like that.";
    write(empty, words);
    draw();
  };
  const part: Part = [element, refresh];
  return {
    part,
    arrived: draw,
    focus: () => scroller.focus({ preventScroll: true }),
    get top(): number {
      return scroller.scrollTop;
    },
    set top(value: number) {
      scroller.scrollTop = value;
    },
    toStart(): void {
      scroller.scrollTop = 0;
    },
    reveal(row: number): void {
      const at = placeOf(row);
      if (at >= 0) show(at);
    },
    rowsBetween(one: number, other: number): number[] {
      const ends = [placeOf(one), placeOf(other)].sort((a, b) => a - b);
      return ends[0]! < 0 ? [other] : [...rows.subarray(ends[0], ends[1]! + 1)];
    },
  };
}
