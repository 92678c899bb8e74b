/** The photograph under its map, its reconstruction, and the edited picture with what the network says. */

import { percent, signed } from "../core/format";
import { APPEARANCE } from "../core/model";
import type { Picture, QuantisedMap } from "../core/wire";
import { lut, resolveColormap } from "../maps/colormap";
import { bytesOf } from "../maps/levels";
import { colourIndex } from "../maps/overlay";
import { el, paintLine, set, write } from "../parts/dom";
import { heatPainter, type Painted, paintPicture } from "../parts/heat";
import type { LatentSession } from "./session";
import type { Chances } from "./wire";

const ROWS = 5;

export interface Pictures {
  /** Photograph, reconstruction, edited: heading, picture, what belongs under it. */
  columns: readonly HTMLElement[];
  canvases: readonly HTMLCanvasElement[];
  heat: HTMLCanvasElement;
  /** The map and all pictures. */
  show(): void;
  /** The edited picture alone: this is what has to be quick. */
  edit(): void;
  /** What the network says of the edited picture: "cat 43 %". */
  words(): string;
}

/** `controls` stand under the photograph; `painted` is called when the edited picture has been painted. */
export function newPictures(
  session: LatentSession,
  controls: readonly HTMLElement[],
  painted: () => void,
): Pictures {
  const photograph = newPane("Photograph");
  const reconstructed = newPane("Reconstruction");
  const edited = newPane("Edited");
  const panes = [photograph, reconstructed, edited];
  const heat = el("canvas.heat", { _canvas: "heat", role: "img", hidden: true });
  const plate = el(".pill.plate", { hidden: true });
  photograph.pane.append(heat, plate);
  const paintHeat = heatPainter(heat);
  const [scale, showScale] = scaleBar();
  const [before, now] = [newBars(session), newBars(session)];
  before.element.classList.add("xw-before");
  const below = [el(".reading", {}, ...controls, scale), before.element, now.element];
  const columns = panes.map(({ head, pane }, i) =>
    el(`section.column.column${i}`, {}, el("", {}, head, pane), below[i]!),
  );
  const shown: { [name: string]: Picture | undefined } = {};
  let image: ImageData | undefined;
  let turn = 0; // pictures are decoded one after the other, and the latest counts

  /** The edited picture. Raw pixels are painted at once. */
  function paint(picture: Picture): void {
    const { width, height, mime, data } = picture;
    const { canvas } = edited;
    turn += 1;
    const own = turn;
    if (mime) {
      void paintPicture(picture, canvas).then(() => own === turn && painted());
      return;
    }
    if (canvas.width !== width || canvas.height !== height)
      Object.assign(canvas, { width, height });
    if (image?.width !== width || image.height !== height) image = new ImageData(width, height);
    expand(bytesOf(data), image.data);
    canvas.getContext("2d")?.putImageData(image, 0, 0);
    painted();
  }

  const pictureEdited = (): (Picture & Chances) | undefined =>
    session.edited ?? session.reconstruction?.rest;

  function words(): string {
    const picture = pictureEdited();
    if (!picture) return "";
    const probability = picture.chances.find(([index]) => index === picture.label)?.[1];
    return `${picture.label_name}${probability === undefined ? "" : ` ${percent(probability, 0)}`}`;
  }

  function showMap(picture: Picture): void {
    const { frame, map, readout, opacity } = session;
    const drawn = map && paintHeat(map, { ...APPEARANCE, opacity }, picture.width, picture.height);
    const full = map?.peak ? drawn : undefined;
    heat.hidden = !full;
    heat.style.opacity = String(opacity);
    const none = frame ? "This student has no such read-out." : "";
    write(plate, map ? (full ? "" : map.message) : none);
    plate.hidden = map ? !!full : !frame;
    set(heat, { $label: `Map over the picture, read-out ${readout}` });
    showScale(full, map);
  }

  function edit(): void {
    const picture = pictureEdited();
    if (!picture) return;
    const { neighbour, values, sliders, reconstruction } = session;
    now.show(picture, reconstruction?.rest.chances);
    if (picture !== shown.edited) {
      shown.edited = picture;
      paint(picture);
    }
    const moved = values.some((value) => value);
    const from = neighbour < 0 ? "" : `neighbour ${neighbour + 1}`;
    const hint = moved || !sliders.length ? "" : "move a slider";
    write(edited.note, from ? `${moved ? "from " : ""}${from}` : hint);
    set(edited.canvas, { $label: `The edited picture: ${words()}` });
  }

  return {
    columns,
    canvases: panes.map(({ canvas }) => canvas),
    heat,
    words,
    edit,
    show() {
      const { picture, reconstruction } = session;
      if (picture && picture !== shown.photograph) {
        const { width, height } = picture;
        for (const { pane } of panes) {
          pane.style.setProperty("--xw-aspect", String(width / height));
          set(pane, { _pixels: Math.max(width, height) <= 96 });
        }
        void paintPicture(picture, photograph.canvas);
      }
      const again = reconstruction?.reconstruction;
      if (again && again !== shown.again) void paintPicture(again, reconstructed.canvas);
      Object.assign(shown, { photograph: picture, again });
      if (picture) showMap(picture);
      const target = reconstruction?.target;
      const chance = target?.probability == null ? "" : ` ${percent(target.probability)}`;
      write(photograph.note, target ? `${target.name}${chance}` : "");
      set(photograph.canvas, { $label: `The picture: ${photograph.note.textContent}` });
      before.show(again);
      reconstructed.head.title = again ? `The network takes it for ${again.label_name}` : "";
      edit();
    },
  };
}

function newPane(title: string) {
  const canvas = el("canvas.canvas", { _canvas: title.toLowerCase(), role: "img", $label: title });
  const note = el("span.note");
  const head = el("h3.heading", {}, title, note);
  return { canvas, note, head, pane: el(".pane", {}, canvas) };
}

/** RGB bytes into RGBA pixels. */
export function expand(rgb: Uint8Array, out: Uint8ClampedArray): void {
  for (let i = 0, j = 0; j < out.length; i += 3, j += 4) {
    out[j] = rgb[i]!;
    out[j + 1] = rgb[i + 1]!;
    out[j + 2] = rgb[i + 2]!;
    out[j + 3] = 255;
  }
}

/** What the network says, class by class; ticks show what it said before. */
function newBars(session: LatentSession) {
  const rows = Array.from({ length: ROWS + 1 }, () => {
    const [name, chance, tick] = [el("span.class"), el("span.chance"), el("i.tick")];
    name.append(el("span"), tick);
    return { bar: el(".bar", { hidden: true }, name, chance), name, chance, tick };
  });
  const element = el(".answers", {}, ...rows.map(({ bar }) => bar));

  function show(answer: Chances | undefined, earlier: Chances["chances"] = []): void {
    const { top, reconstruction } = session;
    const names = new Map<number, string>(top.map(({ index, name }) => [index, name]));
    // One more row, for what was not likely at first.
    const risen = answer && !names.has(answer.label) ? answer.label : undefined;
    if (answer && risen !== undefined) names.set(risen, answer.label_name);
    for (const [i, { bar, name, chance, tick }] of rows.entries()) {
      const index = i < ROWS ? top[i]?.index : risen;
      bar.hidden = i < ROWS ? index === undefined : !top.length;
      set(bar, {
        _empty: index === undefined,
        _class: index,
        _target: index !== undefined && index === reconstruction?.target.index,
        _label: index !== undefined && index === answer?.label,
      });
      const share = answer?.chances.find(([other]) => other === index)?.[1] ?? 0;
      const was = earlier.find(([other]) => other === index)?.[1];
      const text = index === undefined ? "" : (names.get(index) ?? "");
      write(name.firstElementChild!, text);
      set(name, { title: text });
      name.style.backgroundSize = `${100 * share}% 100%`;
      write(chance, index === undefined || !answer ? "" : percent(share));
      tick.hidden = was === undefined;
      tick.style.left = `${100 * (was ?? 0)}%`;
    }
  }
  return { element, show };
}

/** A plain colour bar with its true range: nothing to choose. */
function scaleBar(): [
  HTMLElement,
  (painted: Painted | undefined, map: QuantisedMap | undefined) => void,
] {
  const canvas = el("canvas.ramp", { _canvas: "bar", $hidden: "true" });
  const [left, right] = [el("span"), el("span")];
  const element = el(".scalebar", { _empty: true }, left, canvas, right);
  return [
    element,
    (painted, map) => {
      set(element, { _empty: !painted });
      if (!painted || !map) return;
      const { name, diverging } = resolveColormap("auto", painted.map.signed);
      const low = painted.map.signed ? -1 : 0;
      const table = lut(name);
      paintLine(canvas, 256, (i) => {
        const at = 3 * colourIndex(low + ((1 - low) * i) / 255, diverging);
        return [...table.subarray(at, at + 3), 255];
      });
      write(left, signed(low * painted.most));
      write(right, signed(painted.most));
      set(element, { title: `Values: ${map.range.map(signed).join(" to ")}` });
    },
  ];
}
