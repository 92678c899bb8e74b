/** A plot of lines over one axis, with a point on it that can be dragged: a slider that shows its curve. */

import { arrowOf, clamp } from "../core/geometry";
import { atEnd } from "../core/model";
import { done, el, isCommand, on, type Part, set, shape } from "./dom";

export interface Line {
  name: string;
  title: string;
  colour: string;
  values: Values;
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

const GAP = 15; // between two labels
const LONG = 13; // letters of a name; the legend has all of it
const LETTER = 6; // pixels of one at the foot
const ROOMY = 300; // pixels of width from which on labels carry names

/** Where the words at the ends of the axis stand. Where both do not fit, the second ends further right; or is alone. */
export function feet(
  box: Box,
  [first, last]: readonly [string, string],
): Array<[x: number, anchor: "start" | "end", text: string]> {
  const needed = LETTER * (first.length + last.length + 2);
  const from = xOf(box, 0);
  const to = xOf(box, 1) - from < needed ? box.width - 2 : xOf(box, 1);
  const end: [number, "end", string] = [to, "end", last];
  return to - from < needed ? [end] : [[from, "start", first], end];
}

/** Returns the element and how to draw. `moved` is told the point (null: where it was) and, where one was near, the line that was taken hold of. */
export function plot(
  signal: AbortSignal,
  title: string,
  note: string,
  control: string,
  moved: (point: number | null, name?: string) => void,
): Part<[drawing: Drawing]> {
  const canvas = shape("svg", { class: "xw-curves", $hidden: "true" });
  const named = { tabindex: 0, role: "slider", $label: title, _control: control };
  const pane = el(".plotpane", named, canvas);
  const element = el("section.plot", el("h3", title, el("span.note", note)), pane);
  let drawing: Drawing | undefined;
  let box: Box = { width: 0, height: 0, left: 0, right: 0, top: 0, bottom: 0 };
  let held: string | undefined;

  function draw(): void {
    const [width, height] = [pane.clientWidth, pane.clientHeight];
    if (!drawing || !width || !height) return; // measured while hidden
    const { x, lines, range, chosen, point, format, ends } = drawing;
    const withName = width >= ROOMY;
    const wide = (line: Line): number =>
      (line.name === chosen ? 7.4 : 6.6) * label(line, withName).length;
    const right = 16 + Math.max(...lines.map(wide), 0);
    box = { width, height, left: 38, right, top: 8, bottom: 20 };
    const y = (value: number): number => yOf(box, range, value);
    const floor = height - box.bottom;
    set(canvas, { viewBox: `0 0 ${width} ${height}`, width, height });

    const grid = ticks(range, height < 160 ? 3 : 4).flatMap((value) => [
      shape("path", { class: "xw-grid", d: `M${box.left} ${y(value)}H${width - right}` }),
      tickText(box.left - 6, y(value) + 4, "end", format(value)),
    ]);
    const foot = feet(box, ends).map(([at, anchor, text]) =>
      tickText(at, height - 4, anchor, text),
    );
    // The chosen line comes last, over the others.
    const sorted = [...lines].sort((a, b) => Number(a.name === chosen) - Number(b.name === chosen));
    const drawn = sorted.map((line) => {
      const { name, values, low, high, colour, dashed } = line;
      const own = name === chosen;
      const area = own && !values.includes(null) && areaPath(box, range, x, values);
      const paths = [
        ["band", low && high && areaPath(box, range, x, high, low)],
        ["area", area],
        ["line", linePath(box, range, x, values)],
      ].flatMap(([kind, d]) => (d ? [shape("path", { class: `xw-${kind}`, d })] : []));
      const attributes = { style: `color:${colour}`, _line: name, _chosen: own, _dashed: dashed };
      return shape("g", attributes, ...paths);
    });
    canvas.replaceChildren(...grid, ...foot, ...drawn, ...labels(), ...mark());
    if (point !== null) set(pane, { _x: xOf(box, x[point]!).toFixed(1) });

    function labels(): SVGElement[] {
      const ended = lines.filter((line) => line.values.some((value) => value !== null));
      const last = (line: Line): number => y(line.values.filter((value) => value !== null).at(-1)!);
      // Lines that end together are told apart by how they ran: the larger area above.
      const area = (line: Line): number =>
        line.values.reduce<number>((sum, value) => sum + (value ?? 0), 0) / line.values.length;
      const wanted = ended.map((line) => last(line) - 1e-3 * area(line) + 4);
      const at = spread(wanted, GAP, box.top + 8, floor);
      const from = xOf(box, x.at(-1)!);
      return ended.map((line, i) => {
        const { name, colour } = line;
        const d = `M${from + 1} ${last(line)}L${from + 9} ${at[i]! - 4}`;
        return shape(
          "g",
          { class: "xw-end", style: `color:${colour}`, _line: name, _chosen: name === chosen },
          shape("path", { class: "xw-leader", d }),
          shape("text", { x: from + 13, y: at[i]! }, label(line, withName)),
        );
      });
    }

    function mark(): SVGElement[] {
      if (point === null) return [];
      const cx = xOf(box, x[point]!);
      const dots = sorted.flatMap(({ name, values, colour }) => {
        const value = values[point];
        if (value === null || value === undefined) return [];
        const [kind, r] = name === chosen ? ["xw-dot xw-own", 5.5] : ["xw-dot", 3];
        return [shape("circle", { class: kind, style: `color:${colour}`, cx, cy: y(value), r })];
      });
      return [shape("path", { class: "xw-cursor", d: `M${cx} ${box.top}V${floor}` }), ...dots];
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
    // The focus is left to the browser, which draws a ring where it came by keyboard.
    pane.setPointerCapture(event.pointerId);
    take(event, true);
  });
  on(signal, pane, "pointermove", (event: PointerEvent) => {
    if (pane.hasPointerCapture(event.pointerId)) take(event, false);
  });
  on(signal, pane, "keydown", (event: KeyboardEvent) => {
    if (!drawing || isCommand(event)) return;
    const last = drawing.x.length - 1;
    const next = stepPoint(drawing.point ?? 0, event.key, last);
    if (next === null || last < 1) return;
    done(event);
    moved(next);
  });
  const observer = new ResizeObserver(draw);
  observer.observe(pane);
  atEnd(signal, () => observer.disconnect());

  const show = (next: Drawing): void => {
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
  };
  return [element, show];
}

/** Words at an axis, which begin, end or have their middle at x. */
export const tickText = (x: number, y: number, anchor: string, text: string): SVGElement =>
  shape("text", { class: "xw-tick", x, y, "text-anchor": anchor }, text);

/** A line in its colour, as in the plot. */
export function lineSwatch(colour: string, dashed = false): SVGElement {
  const style = `color:${colour}`;
  const line = shape("path", { class: "xw-line", d: "M1 6H19" });
  return shape("svg", { class: "xw-key", style, viewBox: "0 0 20 12", _dashed: dashed }, line);
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

type Values = readonly (number | null)[];

/** The path of a line; x in shares of the axis. It is interrupted where there is no value. */
export function linePath(box: Box, range: Range, x: readonly number[], y: Values): string {
  const at = (i: number, v: number): string => pair(xOf(box, x[i]!), yOf(box, range, v));
  const begins = (i: number): boolean => (y[i - 1] ?? null) === null;
  return y.map((v, i) => (v === null ? "" : `${begins(i) ? "M" : "L"}${at(i, v)}`)).join("");
}

/** The closed outline between two lines, or between a line and the axis where there is no second. */
export function areaPath(
  box: Box,
  range: Range,
  x: readonly number[],
  y: Values,
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
export function spread(wanted: readonly number[], gap: number, low: number, high: number) {
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
  const far: Record<string, number> = { PageUp: page, PageDown: -page, Home: -last, End: last };
  const by = arrowOf(key) ?? far[key];
  return by === undefined ? null : clamp(point + by, 0, last);
}
