/** The colour bar: its true range, how the values are spread over it, and where the cursor's value lies. */

import { signed } from "../core/format";
import { clamp } from "../core/geometry";
import type { Appearance } from "../core/model";
import type { Session } from "../core/session";
import type { MapFrame, MethodCard } from "../core/wire";
import { COLORMAPS, lut, resolveColormap } from "../maps/colormap";
import { colourIndex } from "../maps/overlay";
import { type BarScale, barScale, peakOf, shareOf, spreadOver, valueAtShare } from "../maps/scale";
import { el, type Part, paintLine, set, shape, svg, write } from "./dom";
import type { Painted } from "./heat";
import { picker } from "./picker";
import type { Choice } from "./popup";

const BINS = 80;

/** A session about one map at a time. */
export interface MapSession extends Pick<Session, "look"> {
  readonly appearance: Appearance;
  readonly shown: MapFrame | undefined;
  readonly method: MethodCard | undefined;
}

/** What stands on the bar and may be moved there. */
export interface Handles {
  elements: readonly HTMLElement[];
  /** The scale that it is drawn in: while one is moved, that of its beginning. */
  hold(scale: BarScale): BarScale;
  show(painted: Painted | undefined, scale: BarScale): void;
}

/**
 * Returns the element, how to show what was painted, and how to mark a value (null: none). With `handled` the
 * bar shows how far values go that all have the last colour, and what may be moved there.
 */
export function colourbar(
  signal: AbortSignal,
  session: MapSession,
  host: HTMLElement,
  handled?: (bar: HTMLElement) => Handles,
): [...Part<[painted: Painted | undefined]>, mark: (value: number | null) => void] {
  const canvas = el("canvas.ramp", { _canvas: "bar" });
  const spread = svg("", "xw-spread", `0 0 ${BINS} 1`);
  const cut = shape("path", { class: "xw-cut" }); // below the threshold
  spread.append(cut);
  const mark = el(".mark", { hidden: true });
  const [left, right] = [el("span"), el("span")];
  const pick = (value: string): void => session.look("colormap", value);
  const maps = picker(signal, host, "Colormap", "colormap", "plain", pick, () => pick("auto"));
  const ends = el(".ends", left, maps.element, right);
  const bar = el(".rampbox", spread, canvas, mark);
  const element = el(".colourbar", bar, ends);
  const handles = handled?.(bar);
  if (handles) bar.append(...handles.elements);
  let scale: BarScale = barScale(0, 0, 0);

  function show(painted: Painted | undefined): void {
    const { colormap, threshold, sign } = session.appearance;
    const isSigned = painted?.map.signed ?? session.method?.signed ?? false;
    const { name, diverging, title } = resolveColormap(colormap, isSigned);
    const most = painted?.most ?? 0;
    // Both sides of zero need a diverging table; a sequential one shows sizes.
    const low = isSigned && sign !== "positive" && (diverging || sign === "negative") ? -1 : 0;
    const high = isSigned && sign === "negative" ? 0 : 1;
    const peak = handles && painted ? peakOf(painted.map, sign) : 0;
    const own = barScale(low * most, high * most, peak);
    scale = handles && painted ? handles.hold(own) : own;
    const shade = (share: number): number =>
      most > 0 ? clamp(valueAtShare(scale, share) / most, -1, 1) : low + (high - low) * share;
    paintLine(canvas, 256, (i) => colourOf(name, diverging, shade(i / 255), threshold));
    const heights = painted ? spreadOver(scale, painted.map, sign, BINS) : [];
    const under = (i: number): boolean =>
      Math.abs(valueAtShare(scale, (i + 0.5) / BINS)) < threshold * most;
    const outline = (seen: (i: number) => boolean): string =>
      `M0 1${heights.map((height, i) => `V${seen(i) ? (1 - height).toFixed(3) : 1}H${i + 1}`).join("")}V1Z`;
    set(spread.firstElementChild!, { d: painted ? outline((i) => !under(i)) : "" });
    set(cut, { d: painted && threshold ? outline(under) : "" });
    const clipped = own.tail > 0;
    write(left, painted ? (clipped && low ? "≤\xa0" : "") + signed(own.low) : "");
    write(right, painted ? (clipped && high ? "≥\xa0" : "") + signed(own.high) : "");
    handles?.show(painted, scale);
    const range = session.shown?.range.map(signed).join(" to ");
    set(element, { _low: own.low, _high: own.high });
    set(ends, { title: range ? `Values: ${range}` : null });
    const auto = resolveColormap("auto", isSigned);
    const choices = COLORMAPS.map((map): Choice => {
      const group = map.diverging ? "Two-sided" : "One-sided";
      return { value: map.name, label: map.title, group, swatch: () => swatch(map.name) };
    });
    const bySign = { value: "auto", label: "Automatic", group: "By sign" };
    choices.unshift({ ...bySign, swatch: () => swatch(auto.name) });
    maps.show(choices, colormap, title);
  }

  function point(value: number | null): void {
    mark.hidden = value === null || scale.high <= scale.low;
    mark.style.left = `${100 * clamp(shareOf(scale, value ?? 0), 0, 1)}%`;
  }
  return [element, show, point];
}

/** The colours from `low` to 1, in shares of the shown maximum. */
export function paintRamp(
  canvas: HTMLCanvasElement,
  name: string,
  diverging: boolean,
  low: number,
): void {
  paintLine(canvas, 256, (i) => colourOf(name, diverging, low + ((1 - low) * i) / 255, 0));
}

/** Pale below the threshold. */
function colourOf(name: string, diverging: boolean, t: number, threshold: number): number[] {
  const at = 3 * colourIndex(t, diverging);
  return [...lut(name).subarray(at, at + 3), Math.abs(t) < threshold ? 40 : 255];
}

function swatch(name: string): HTMLElement {
  const canvas = el("canvas.swatch");
  const table = lut(name);
  paintLine(canvas, 64, (i) => [...table.subarray(12 * i + 3, 12 * i + 6), 255]);
  return canvas;
}
