/** The colour bar: its true range, how the values are spread over it, and where the cursor's value lies. */
import { COLORMAPS, lut, resolveColormap } from "../core/colormap";
import { signed } from "../core/format";
import { clamp } from "../core/geometry";
import { distribution } from "../core/overlay";
import type { Session } from "../core/session";
import type { Frame, Sign } from "../core/wire";
import { el, set, write } from "./dom";
import type { Painted } from "./heat";
import { Picker } from "./picker";
import type { Choice } from "./popup";

const BINS = 80;

export class ColourBar {
  readonly element: HTMLElement;
  private readonly canvas = el("canvas", "xw-ramp", { height: 1, "data-xw-canvas": "bar" });
  private readonly curve: SVGPathElement;
  private readonly low = el("span");
  private readonly middle = el("span", "xw-zero");
  private readonly high = el("span");
  private readonly mark = el("div", "xw-mark", { hidden: true });
  private readonly picker: Picker;
  private range: readonly [number, number] = [0, 1];

  constructor(
    private readonly session: Session,
    host: HTMLElement,
    signal: AbortSignal,
  ) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    set(svg, {
      class: "xw-spread",
      viewBox: `0 0 ${BINS} 1`,
      preserveAspectRatio: "none",
      "aria-hidden": "true",
    });
    this.curve = document.createElementNS(svg.namespaceURI, "path") as SVGPathElement;
    svg.append(this.curve);
    const pick = (value: string): void => session.look("colormap", value);
    this.picker = new Picker(host, "Colormap", "colormap", pick, signal);
    this.picker.button.classList.add("xw-plain");
    this.picker.button.addEventListener("dblclick", () => pick("auto"), { signal });
    this.element = el(
      "div",
      "xw-colourbar",
      {},
      svg,
      el("div", "xw-rampbox", {}, this.canvas, this.mark),
      el("div", "xw-ends", {}, this.low, this.middle, this.picker.button, this.high),
    );
  }

  update(frame: Frame | undefined, painted: Painted | undefined, threshold: number, sign: Sign): void {
    const isSigned = painted?.map.signed ?? false;
    const { colormap } = this.session.appearance;
    const { name, diverging, title } = resolveColormap(colormap, isSigned);
    const maximum = painted?.maximum ?? 0;
    const [from, to] = ends(diverging, sign, isSigned);
    const low = from * maximum;
    const high = to * maximum;
    this.range = [low, high];
    this.draw(name, diverging, from, to, threshold);
    const heights = painted && maximum > 0 ? distribution(painted.map, low, high, BINS) : [];
    set(this.curve, { d: outline(heights) });
    const known = painted && frame;
    write(this.low, known ? signed(low) : "");
    write(this.high, known ? signed(high) : "");
    write(this.middle, low < 0 && high > 0 ? "0" : "");
    const more = known && painted.map.peak > maximum * 1.0005;
    const ranged = known
      ? `Values from ${signed(frame.range[0])} to ${signed(frame.range[1])}${more ? "; colours end at the clip percentile" : ""}`
      : "";
    set(this.element, { title: ranged, "data-xw-low": low, "data-xw-high": high });
    const options = COLORMAPS.map(
      (map): Choice => ({
        value: map.name,
        label: map.title,
        group: map.diverging ? "Two sides of zero" : "One side",
        swatch: () => swatch(map.name, map.diverging),
      }),
    );
    const auto = resolveColormap("auto", isSigned);
    options.unshift({
      value: "auto",
      label: "Automatic",
      note: auto.title,
      group: "By the map's sign",
      swatch: () => swatch(auto.name, auto.diverging),
    });
    this.picker.show(options, colormap, title);
  }

  /** Marks a value; null takes the mark away. */
  point(value: number | null): void {
    const [low, high] = this.range;
    this.mark.hidden = value === null || high <= low;
    if (value !== null) {
      this.mark.style.left = `${100 * clamp((value - low) / (high - low), 0, 1)}%`;
    }
  }

  private draw(name: string, diverging: boolean, from: number, to: number, threshold: number): void {
    const table = lut(name);
    const context = this.canvas.getContext("2d");
    const n = 256;
    this.canvas.width = n;
    if (!context) return;
    const image = context.createImageData(n, 1);
    for (let i = 0; i < n; i++) {
      const t = from + ((to - from) * i) / (n - 1);
      const colour = 3 * (diverging ? 128 + Math.round(127 * t) : Math.round(255 * Math.abs(t)));
      image.data.set(table.subarray(colour, colour + 3), 4 * i);
      image.data[4 * i + 3] = Math.abs(t) < threshold ? 40 : 255; // what the threshold hides
    }
    context.putImageData(image, 0, 0);
  }
}

/** Which part of [-maximum, maximum] the bar covers, in shares. */
function ends(diverging: boolean, sign: Sign, isSigned: boolean): [number, number] {
  if (!isSigned) return [0, 1];
  if (sign === "positive") return [0, 1];
  if (sign === "negative") return [-1, 0];
  return diverging ? [-1, 1] : [0, 1];
}

function outline(heights: readonly number[]): string {
  if (heights.length === 0) return "";
  const top = heights.map((height, i) => `V${(1 - height).toFixed(3)}H${i + 1}`).join("");
  return `M0 1${top}V1Z`;
}

function swatch(name: string, diverging: boolean): HTMLElement {
  const canvas = el("canvas", "xw-swatch", { width: 64, height: 1 });
  const context = canvas.getContext("2d");
  if (!context) return canvas;
  const image = context.createImageData(64, 1);
  const table = lut(name);
  const first = diverging ? 1 : 0;
  for (let i = 0; i < 64; i++) {
    const at = 3 * (first + Math.round(((255 - first) * i) / 63));
    image.data.set([table[at]!, table[at + 1]!, table[at + 2]!, 255], 4 * i);
  }
  context.putImageData(image, 0, 0);
  return canvas;
}
