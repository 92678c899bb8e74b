/** A plot of lines over one axis, with a point on it that can be dragged: a slider that shows its curve. */

import { clamp } from "../core/geometry";
import { atEnd } from "../core/model";
import { type Attributes, done, el, on, set } from "./dom";

export interface Line {
  name: string;
  title: string;
  colour: string;
  values: readonly (number | null)[];
  low?: readonly number[] | undefined;
  high?: readonly number[] | undefined;
  /** Stands at its end. */
  value: string;
  dashed?: boolean;
}

export interface Drawing {
  x: readonly number[];
  lines: readonly Line[];
  range: Range;
  chosen: string;
  /** Where the mark is; null where it is on another plot. */
  point: number | null;
  /** For a screen reader: what is at the point. */
  spoken: string;
  format(value: number): string;
  ends: readonly [string, string];
}

export interface Plot {
  element: HTMLElement;
  show(drawing: Drawing): void;
}

const NAMESPACE = "http://www.w3.org/2000/svg";
const GAP = 15; // between two labels
const LONG = 13; // letters of a name; the legend has all of it
const ROOMY = 300; // pixels of width from which on labels carry names

export function shape(
  tag: string,
  attributes: Attributes,
  ...children: Array<Node | string>
): SVGElement {
  const made = document.createElementNS(NAMESPACE, tag);
  set(made, attributes);
  made.append(...children);
  return made;
}

/** `moved` is told the point (null: where it was) and, where one was near, the line that was taken hold of. */
export function plot(
  signal: AbortSignal,
  title: string,
  note: string,
  control: string,
  moved: (point: number | null, name?: string) => void,
): Plot {
  const canvas = shape("svg", { class: "xw-curves", $hidden: "true" });
  const pane = el(
    ".plotpane",
    { tabindex: 0, role: "slider", $label: title, _control: control },
    canvas,
  );
  const element = el("section.plot", {}, el("h3", {}, title, el("span.note", {}, note)), pane);
  let drawing: Drawing | undefined;
  let box: Box = { width: 0, height: 0, left: 0, right: 0, top: 0, bottom: 0 };
  let held: string | undefined;

  function draw(): void {
    const [width, height] = [pane.clientWidth, pane.clientHeight];
    if (!drawing || !width || !height) return; // measured while hidden
    const { x, lines, range, chosen, point, format, ends } = drawing;
    const named = width >= ROOMY;
    const wide = (line: Line): number => (line.name === chosen ? 7.4 : 6.6);
    const right = 16 + Math.max(...lines.map((line) => wide(line) * label(line, named).length), 0);
    box = { width, height, left: 38, right, top: 8, bottom: 20 };
    const y = (value: number): number => yOf(box, range, value);
    const floor = height - box.bottom;
    set(canvas, { viewBox: `0 0 ${width} ${height}`, width, height });

    const grid = ticks(range, height < 160 ? 3 : 4).flatMap((value) => [
      shape("path", { class: "xw-grid", d: `M${box.left} ${y(value)}H${width - right}` }),
      shape(
        "text",
        { class: "xw-tick", x: box.left - 6, y: y(value) + 4, "text-anchor": "end" },
        format(value),
      ),
    ]);
    const foot = [0, 1].map((share) =>
      shape(
        "text",
        {
          class: "xw-tick",
          x: xOf(box, share),
          y: height - 4,
          "text-anchor": share ? "end" : "start",
        },
        ends[share]!,
      ),
    );
    // The chosen line comes last, over the others.
    const sorted = [...lines].sort((a, b) => Number(a.name === chosen) - Number(b.name === chosen));
    const drawn = sorted.map((line) => {
      const own = line.name === chosen;
      const heights = line.values.map((value) => value ?? 0);
      const parts: Node[] = [];
      if (line.low && line.high) {
        const d = areaPath(box, range, x, line.high, line.low);
        parts.push(shape("path", { class: "xw-band", d }));
      }
      if (own && !line.values.includes(null))
        parts.push(shape("path", { class: "xw-area", d: areaPath(box, range, x, heights) }));
      parts.push(shape("path", { class: "xw-line", d: path(line) }));
      return shape(
        "g",
        { style: `color:${line.colour}`, _line: line.name, _chosen: own, _dashed: line.dashed },
        ...parts,
      );
    });
    canvas.replaceChildren(...grid, ...foot, ...drawn, ...labels(named), ...mark());
    if (point !== null) set(pane, { _x: xOf(box, x[point]!).toFixed(1) });

    function path(line: Line): string {
      if (line.values.every((value) => value !== null)) {
        return linePath(box, range, x, line.values as number[]);
      }
      const points = line.values.map((value, i) => (value === null ? null : [x[i]!, value]));
      return points
        .map((at, i) => (at ? `${points[i - 1] ? "L" : "M"}${xOf(box, at[0]!)} ${y(at[1]!)}` : ""))
        .join("");
    }

    function labels(withName: boolean): SVGElement[] {
      const ended = lines.filter((line) => line.values.some((value) => value !== null));
      const last = (line: Line): number => y(line.values.filter((value) => value !== null).at(-1)!);
      // Lines that end together are told apart by how they ran: the larger area above.
      const area = (line: Line): number =>
        line.values.reduce<number>((sum, value) => sum + (value ?? 0), 0) / line.values.length;
      const wanted = ended.map((line) => last(line) - 1e-3 * area(line) + 4);
      const at = spread(wanted, GAP, box.top + 8, floor);
      const from = xOf(box, x.at(-1)!);
      return ended.map((line, i) =>
        shape(
          "g",
          {
            class: "xw-end",
            style: `color:${line.colour}`,
            _line: line.name,
            _chosen: line.name === chosen,
          },
          shape("path", {
            class: "xw-leader",
            d: `M${from + 1} ${last(line)}L${from + 9} ${at[i]! - 4}`,
          }),
          shape("text", { x: from + 13, y: at[i]! }, label(line, withName)),
        ),
      );
    }

    function mark(): SVGElement[] {
      if (point === null) return [];
      const px = xOf(box, x[point]!);
      const dots = sorted.flatMap((line) => {
        const value = line.values[point];
        if (value === null || value === undefined) return [];
        const own = line.name === chosen;
        return [
          shape("circle", {
            class: own ? "xw-dot xw-own" : "xw-dot",
            style: `color:${line.colour}`,
            cx: px,
            cy: y(value),
            r: own ? 5.5 : 3,
          }),
        ];
      });
      return [shape("path", { class: "xw-cursor", d: `M${px} ${box.top}V${floor}` }), ...dots];
    }
  }

  const label = ({ title: name, value }: Line, named: boolean): string =>
    named ? `${name.length > LONG ? `${name.slice(0, LONG - 1)}…` : name} ${value}`.trim() : value;

  function take(event: PointerEvent, begins: boolean): void {
    if (!drawing) return;
    const { left, top } = pane.getBoundingClientRect();
    const [px, py] = [event.clientX - left, event.clientY - top];
    const at = pointAt(box, drawing.x, px);
    if (begins) {
      const under = (event.target as Element).closest("[data-xw-line]");
      held = under?.getAttribute("data-xw-line") ?? undefined;
      if (px > box.width - box.right + 8 && held) {
        moved(null, held); // its label: the point stays
        return;
      }
      const values = drawing.lines.map(({ values: own }) => own[at] ?? Number.NaN);
      const near = nearestValue(box, drawing.range, values, py, 18);
      held = drawing.lines[near]?.name;
    }
    moved(at, begins ? held : undefined);
  }

  on(signal, pane, "pointerdown", (event: PointerEvent) => {
    if (event.button) return;
    pane.setPointerCapture(event.pointerId);
    pane.focus({ preventScroll: true });
    take(event, true);
    done(event);
  });
  on(signal, pane, "pointermove", (event: PointerEvent) => {
    if (pane.hasPointerCapture(event.pointerId)) take(event, false);
  });
  on(signal, pane, "keydown", (event: KeyboardEvent) => {
    if (!drawing || event.ctrlKey || event.metaKey || event.altKey) return;
    const last = drawing.x.length - 1;
    const next = stepPoint(drawing.point ?? 0, event.key, last);
    if (next === null || last < 1) return;
    done(event);
    moved(next);
  });
  const observer = new ResizeObserver(draw);
  observer.observe(pane);
  atEnd(signal, () => observer.disconnect());

  return {
    element,
    show(next) {
      drawing = next;
      const { x, point, spoken } = next;
      set(pane, {
        $valuemin: 0,
        $valuemax: Math.max(x.length - 1, 0),
        $valuenow: point ?? 0,
        $valuetext: spoken,
        _here: point !== null,
        _point: point,
        _lines: next.lines.map(({ name }) => name).join(" "),
      });
      draw();
    },
  };
}

/** A line in its colour, as in the plot. */
export function lineSwatch(colour: string, dashed = false): SVGElement {
  const line = shape("path", { class: "xw-line", d: "M1 6H19" });
  return shape(
    "svg",
    { class: "xw-key", style: `color:${colour}`, viewBox: "0 0 20 12", _dashed: dashed },
    line,
  );
}

// Where things lie in a plot.

export interface Box {
  width: number;
  height: number;
  left: number;
  right: number;
  top: number;
  bottom: number;
}

export interface Range {
  low: number;
  high: number;
}

export const xOf = ({ width, left, right }: Box, share: number): number =>
  left + share * (width - left - right);

export const yOf = ({ height, top, bottom }: Box, { low, high }: Range, value: number): number =>
  height - bottom - ((value - low) / (high - low || 1)) * (height - top - bottom);

const pair = (x: number, y: number): string => `${x.toFixed(1)} ${y.toFixed(1)}`;

/** The path of a line; x in shares of the axis. */
export function linePath(
  box: Box,
  range: Range,
  x: readonly number[],
  y: readonly number[],
): string {
  return y.map((v, i) => `${i ? "L" : "M"}${pair(xOf(box, x[i]!), yOf(box, range, v))}`).join("");
}

/** The closed outline between two lines, or between a line and the axis where there is no second. */
export function areaPath(
  box: Box,
  range: Range,
  x: readonly number[],
  y: readonly number[],
  low?: readonly number[],
): string {
  const back = [...x.keys()].reverse();
  const floor = Math.max(range.low, 0);
  const under = back.map((i) => `L${pair(xOf(box, x[i]!), yOf(box, range, low?.[i] ?? floor))}`);
  return `${linePath(box, range, x, y)}${under.join("")}Z`;
}

/** The point of the axis nearest to a place in the plot. */
export function pointAt(box: Box, x: readonly number[], px: number): number {
  const share = clamp((px - box.left) / (box.width - box.left - box.right || 1), 0, 1);
  let best = 0;
  for (const [i, value] of x.entries()) {
    if (Math.abs(value - share) < Math.abs(x[best]! - share)) best = i;
  }
  return best;
}

/** Which of these values, drawn at one x, is nearest to the height py: its index, or -1 beyond `reach`. */
export function nearestValue(
  box: Box,
  range: Range,
  values: readonly number[],
  py: number,
  reach: number,
): number {
  let [best, least] = [-1, reach];
  for (const [i, value] of values.entries()) {
    const distance = Math.abs(yOf(box, range, value) - py);
    if (distance <= least) [best, least] = [i, distance];
  }
  return best;
}

/** Round numbers within a range, about `count` of them. */
export function ticks({ low, high }: Range, count: number): number[] {
  const rough = (high - low) / count || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * power).find((size) => size >= rough * 0.999)!;
  const values = [];
  for (let n = Math.ceil(low / step - 1e-9); n * step <= high + 1e-9; n++) values.push(n * step);
  return values;
}

/** Moves heights apart, so that neighbours are at least `gap` away and all stay within low to high. */
export function spread(
  wanted: readonly number[],
  gap: number,
  low: number,
  high: number,
): number[] {
  const order = [...wanted.keys()].sort((a, b) => wanted[a]! - wanted[b]!);
  const placed = new Array<number>(wanted.length);
  let least = low;
  for (const i of order) {
    placed[i] = Math.max(wanted[i]!, least);
    least = placed[i] + gap;
  }
  let most = high;
  for (const i of order.reverse()) {
    placed[i] = Math.min(placed[i]!, most);
    most = placed[i] - gap;
  }
  return placed;
}

/** The next point for a key of a slider, or null for another key. */
export function stepPoint(point: number, key: string, last: number): number | null {
  const page = Math.max(1, Math.round(last / 10));
  const by: Record<string, number> = {
    ArrowLeft: -1,
    ArrowDown: -1,
    ArrowRight: 1,
    ArrowUp: 1,
    PageDown: -page,
    PageUp: page,
    Home: -last,
    End: last,
  };
  return key in by ? clamp(point + by[key]!, 0, last) : null;
}
