/** The picture at a point of a curve, put together here, and what the network says of it. */
import { amount, percent } from "../core/format";
import type { Curves, CurvesFrame, Picture } from "../core/wire";
import { bytesOf } from "../maps/levels";
import { classBar } from "../parts/bar";
import { el, say, set, write } from "../parts/dom";
import { formAs, imageFor, pixelsOf } from "../parts/heat";
import type { Kind } from "./session";

const ROWS = 4; // three classes, and the target where it is not among them

/** A point of one of a method's curves. */
export interface CurvePoint {
  frame: CurvesFrame;
  curves: Curves;
  kind: Kind;
  point: number;
}

/** How much of the picture the network sees: "20 % put in". */
export function shareInWords({ frame, kind, point }: CurvePoint): string {
  const share = percent(frame.fractions[point] ?? 0, 0);
  return kind === "insertion" ? `${share} put in` : `${share} taken out`;
}

/** The same, and what the network says of it: "20 % put in: cat 42.9 %, dog 7.1 %". */
export function pointInWords(at: CurvePoint): string {
  const { frame, curves, kind, point } = at;
  const classes = (curves[kind].top[point] ?? []).slice(0, 3);
  const says = classes.map(
    ([index, share]) => `${frame.names[index]} ${amount(share, frame.target.unit)}`,
  );
  return `${shareInWords(at)}: ${says.join(", ")}`;
}

/** The pixels at a point: those that have changed by then are of `end`, the others of `begin`. */
export function compose(
  out: Uint32Array,
  order: Uint8Array,
  begin: Uint32Array,
  end: Uint32Array,
  point: number,
): void {
  for (let i = 0; i < out.length; i++) out[i] = order[i]! <= point ? end[i]! : begin[i]!;
}

/** Returns the element, its canvas, and how to show a point; `repaint` is called once a picture is decoded. */
export function pictureAtPoint(
  repaint: () => void,
  play: HTMLElement,
): [
  HTMLElement,
  HTMLCanvasElement,
  (picture: Picture | undefined, at: CurvePoint | undefined) => void,
] {
  const canvas = el("canvas", { _canvas: "point", role: "img" });
  const pill = el(".pill.readout", { hidden: true });
  const pane = el(".pointpane", canvas, pill, el(".pill.film", play));
  const bars = Array.from({ length: ROWS }, () => classBar(".bar"));
  const title = el("h3", "What it says");
  const says = el(".section", title, ...bars.map(({ element }) => element));
  const element = el(".point", pane, says);

  // Pictures are decoded once; those of the latest frames are kept.
  const decoded = new Map<Picture, Uint32Array | undefined>();
  function pixels(picture: Picture): Uint32Array | undefined {
    if (!decoded.has(picture)) {
      decoded.set(picture, undefined);
      void pixelsOf(picture).then((made) => {
        decoded.set(picture, made);
        repaint();
      });
      while (decoded.size > 4) decoded.delete(decoded.keys().next().value!);
    }
    return decoded.get(picture);
  }
  let image: ImageData | undefined;

  function show(picture: Picture | undefined, at: CurvePoint | undefined): void {
    if (!picture) return;
    const whole = pixels(picture);
    const gone = at && pixels(at.frame.gone);
    image = imageFor(canvas, picture, image);
    formAs(pane, picture);
    if (!whole) return;
    const out = new Uint32Array(image.data.buffer);
    if (at && gone && gone.length === out.length) {
      const [begin, end] = at.kind === "insertion" ? [gone, whole] : [whole, gone];
      compose(out, bytesOf(at.curves.order), begin, end, at.point);
    } else out.set(whole);
    canvas.getContext("2d")?.putImageData(image, 0, 0);
    say(pill, at ? shareInWords(at) : "");
    set(canvas, { $label: at ? `The picture with ${pointInWords(at)}` : "The picture" });
    const top = at?.curves[at.kind].top[at.point] ?? [];
    for (const [i, { element: bar, name, show: showClass }] of bars.entries()) {
      const [index, probability] = top[i] ?? [];
      const isTarget = index !== undefined && index === at?.frame.target.index;
      bar.hidden = !at;
      // The last bar is there for the target alone, but keeps its place.
      const empty = index === undefined || (i === ROWS - 1 && !isTarget);
      set(bar, { _empty: empty, _target: isTarget });
      if (index === undefined) continue;
      const title = at?.frame.names[index] ?? `class ${index}`;
      showClass(title, probability, at?.frame.target.unit);
      set(name, { title });
    }
    write(title, `What it says${at && at.curves.maps > 1 ? " of the first map" : ""}`);
  }
  return [element, canvas, show];
}
