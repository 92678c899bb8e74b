/** The picture at a point of a curve, put together here, and what the network says of it. */
import { type CurvesFrame, compose, type Judged, type Kind } from "../core/curves";
import { percent } from "../core/format";
import type { Picture } from "../core/wire";
import { bytesOf } from "../maps/levels";
import { pixelsOf } from "../maps/pixels";
import { el, set, write } from "../parts/dom";

const ROWS = 4; // three classes, and the target where it is not among them

export interface At {
  frame: CurvesFrame;
  judged: Judged;
  kind: Kind;
  point: number;
}

/** In words: how much of the picture the network sees. */
export function sight({ frame, kind, point }: At): string {
  const share = percent(frame.fractions[point] ?? 0, 0);
  return kind === "insertion" ? `${share} put in` : `${share} taken out`;
}

/** In words: what the network says. */
export function verdict({ frame, judged, kind, point }: At): string {
  return (judged[kind].top[point] ?? [])
    .slice(0, 3)
    .map(([index, chance]) => `${frame.names[index]} ${percent(chance)}`)
    .join(", ");
}

export function pictureAtPoint(
  repainted: () => void,
): [HTMLElement, HTMLCanvasElement, (picture: Picture | undefined, at: At | undefined) => void] {
  const canvas = el("canvas", { _canvas: "point", role: "img" });
  const pill = el(".pill.readout", { hidden: true });
  const pane = el(".pointpane", {}, canvas, pill);
  const bars = Array.from({ length: ROWS }, () => {
    const [name, chance] = [el("span.class"), el("span.chance")];
    return { element: el(".bar", { hidden: true }, name, chance), name, chance };
  });
  const title = el("h3", {}, "What it says");
  const says = el(".section", {}, title, ...bars.map(({ element }) => element));
  const element = el(".point", {}, pane, says);

  // Pictures are decoded once each, and the latest two are kept.
  const decoded = new Map<Picture, Uint32Array | undefined>();
  function pixels(picture: Picture): Uint32Array | undefined {
    if (!decoded.has(picture)) {
      decoded.set(picture, undefined);
      void pixelsOf(picture).then((made) => {
        decoded.set(picture, made);
        repainted();
      });
      while (decoded.size > 4) decoded.delete(decoded.keys().next().value!);
    }
    return decoded.get(picture);
  }
  let image: ImageData | undefined;

  function show(picture: Picture | undefined, at: At | undefined): void {
    if (!picture) return;
    const { width, height } = picture;
    const whole = pixels(picture);
    const gone = at && pixels(at.frame.gone);
    if (canvas.width !== width || canvas.height !== height || !image) {
      canvas.width = width;
      canvas.height = height;
      image = new ImageData(width, height);
      pane.style.setProperty("--xw-aspect", String(width / height));
      set(pane, { _pixels: Math.max(width, height) < 128 });
    }
    if (!whole) return;
    const out = new Uint32Array(image.data.buffer);
    if (at && gone && gone.length === out.length) {
      const { judged, kind, point } = at;
      const ends = kind === "insertion" ? [gone, whole] : [whole, gone];
      compose(out, bytesOf(judged.order), ends[0]!, ends[1]!, point);
    } else out.set(whole);
    canvas.getContext("2d")?.putImageData(image, 0, 0);
    pill.hidden = !at;
    write(pill, at ? sight(at) : "");
    set(canvas, { $label: at ? `The picture with ${sight(at)}: ${verdict(at)}` : "The picture" });
    const top = at?.judged[at.kind].top[at.point] ?? [];
    const target = at?.frame.target.index;
    for (const [i, bar] of bars.entries()) {
      const said = top[i];
      // The fourth is there for the target alone, but keeps its place.
      const beyond = i === ROWS - 1 && said?.[0] !== target;
      bar.element.hidden = !at;
      set(bar.element, { _empty: !said || beyond, _target: said?.[0] === target });
      if (!said || !at) continue;
      const name = at.frame.names[said[0]] ?? `class ${said[0]}`;
      write(bar.name, name);
      set(bar.name, { title: name });
      bar.name.style.backgroundSize = `${100 * said[1]}% 100%`;
      write(bar.chance, percent(said[1]));
    }
    const maps = at && at.judged.maps > 1 ? " of the first map" : "";
    write(title, `What it says${maps}`);
  }
  return [element, canvas, show];
}
