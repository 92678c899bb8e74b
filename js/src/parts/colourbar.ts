/** The colour bar: its true range, how the values are spread over it, and where the cursor's value lies. */

import { signed } from "../core/format";
import { clamp } from "../core/geometry";
import type { Appearance } from "../core/model";
import type { Session } from "../core/session";
import type { MapFrame, MethodCard } from "../core/wire";
import { COLORMAPS, lut, resolveColormap } from "../maps/colormap";
import { colourIndex, distribution } from "../maps/overlay";
import { el, type Part, paintLine, set, svg, write } from "./dom";
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

/** Returns the element, how to show what was painted, and how to mark a value (null: none). */
export function colourbar(
  signal: AbortSignal,
  session: MapSession,
  host: HTMLElement,
): [...Part<[painted: Painted | undefined]>, mark: (value: number | null) => void] {
  const canvas = el("canvas.ramp", { _canvas: "bar" });
  const spread = svg("", "xw-spread", `0 0 ${BINS} 1`);
  const mark = el(".mark", { hidden: true });
  const [left, right] = [el("span"), el("span")];
  const pick = (value: string): void => session.look("colormap", value);
  const maps = picker(signal, host, "Colormap", "colormap", "plain", pick, () => pick("auto"));
  const ends = el(".ends", left, maps.element, right);
  const element = el(".colourbar", spread, el(".rampbox", canvas, mark), ends);
  let [low, high] = [0, 1];

  function show(painted: Painted | undefined): void {
    const { colormap, threshold, sign } = session.appearance;
    const isSigned = painted?.map.signed ?? session.method?.signed ?? false;
    const { name, diverging, title } = resolveColormap(colormap, isSigned);
    const most = painted?.most ?? 0;
    // Both sides of zero need a diverging table; a sequential one shows sizes.
    low = isSigned && sign !== "positive" && (diverging || sign === "negative") ? -1 : 0;
    high = isSigned && sign === "negative" ? 0 : 1;
    paintRamp(canvas, name, diverging, low, high, threshold);
    low *= most;
    high *= most;
    const heights = painted ? distribution(painted.map, low, high, BINS) : [];
    const outline = heights.map((height, i) => `V${(1 - height).toFixed(3)}H${i + 1}`).join("");
    set(spread.firstElementChild!, { d: painted ? `M0 1${outline}V1Z` : "" });
    write(left, painted ? signed(low) : "");
    write(right, painted ? signed(high) : "");
    const range = session.shown?.range.map(signed).join(" to ");
    set(element, { title: range ? `Values: ${range}` : null, _low: low, _high: high });
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
    mark.hidden = value === null || high <= low;
    const share = ((value ?? 0) - low) / (high - low);
    mark.style.left = `${100 * clamp(share, 0, 1)}%`;
  }
  return [element, show, point];
}

/** The colours from `low` to `high`, in shares of the shown maximum; pale below the threshold. */
export function paintRamp(
  canvas: HTMLCanvasElement,
  name: string,
  diverging: boolean,
  low: number,
  high = 1,
  threshold = 0,
): void {
  const table = lut(name);
  paintLine(canvas, 256, (i) => {
    const t = low + ((high - low) * i) / 255;
    const at = 3 * colourIndex(t, diverging);
    return [...table.subarray(at, at + 3), Math.abs(t) < threshold ? 40 : 255];
  });
}

function swatch(name: string): HTMLElement {
  const canvas = el("canvas.swatch");
  const table = lut(name);
  paintLine(canvas, 64, (i) => [...table.subarray(12 * i + 3, 12 * i + 6), 255]);
  return canvas;
}
