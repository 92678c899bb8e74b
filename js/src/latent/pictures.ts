/** The photograph under its map, its reconstruction, and the edited picture with what the network says. */

import { amount, signed } from "../core/format";
import { APPEARANCE } from "../core/model";
import type { JudgedPicture, Picture, QuantisedMap } from "../core/wire";
import { resolveColormap } from "../maps/colormap";
import { bytesOf } from "../maps/levels";
import { classBar } from "../parts/bar";
import { paintRamp } from "../parts/colourbar";
import { el, type Part, set, write } from "../parts/dom";
import { formAs, imageFor, type Painted, paintPicture, smallMap } from "../parts/heat";
import type { LatentSession } from "./session";

const ROWS = 5;

/** `controls` stand under the photograph; `painted` is called when the edited picture has been painted. */
export function newPictures(
  session: LatentSession,
  controls: readonly HTMLElement[],
  painted: () => void,
) {
  const photograph = newPane("Photograph");
  const reconstructed = newPane("Reconstruction");
  const edited = newPane("Edited");
  const panes = [photograph, reconstructed, edited];
  const map = smallMap({ _canvas: "heat" });
  photograph.pane.append(map.heat, map.plate);
  const [scale, showScale] = scaleBar();
  const [before, now] = [newBars(session), newBars(session)];
  before.element.classList.add("xw-before");
  const below = [el(".reading", ...controls, scale), before.element, now.element];
  const shown: { [name: string]: Picture | undefined } = {};
  let image: ImageData | undefined;
  let turn = 0; // pictures are decoded one after the other, and the latest counts

  /** The edited picture. Raw pixels are painted at once. */
  function paint(picture: Picture): void {
    const { mime, data } = picture;
    const { canvas } = edited;
    turn += 1;
    const own = turn;
    if (mime) {
      void paintPicture(picture, canvas).then(() => own === turn && painted());
      return;
    }
    image = imageFor(canvas, picture, image);
    expand(bytesOf(data), image.data);
    canvas.getContext("2d")?.putImageData(image, 0, 0);
    painted();
  }

  const pictureEdited = (): JudgedPicture | undefined =>
    session.edited ?? session.reconstruction?.rest;

  /** What the network says of the edited picture: "cat 43 %". */
  function words(): string {
    const picture = pictureEdited();
    if (!picture) return "";
    const probability = picture.chances.find(([index]) => index === picture.label)?.[1];
    return `${picture.label_name}${probability === undefined ? "" : ` ${amount(probability, session.reconstruction?.target.unit, 0)}`}`;
  }

  function showMap(picture: Picture): void {
    const { frame, map: shownMap, readout, opacity } = session;
    const drawable = shownMap?.peak ? shownMap : undefined;
    const none = frame ? "This student has no such read-out." : "";
    const says = shownMap ? (drawable ? "" : shownMap.message) : none;
    const painted = map.show(drawable, { ...APPEARANCE, opacity }, picture, says);
    map.heat.style.opacity = String(opacity);
    set(map.heat, { $label: `Map over the picture, read-out ${readout}` });
    showScale(painted, drawable);
  }

  /** The edited picture alone: this is what has to be quick. */
  function edit(): void {
    const picture = pictureEdited();
    if (!picture) return;
    const { neighbour, values, rows, reconstruction } = session;
    now.show(picture, reconstruction?.rest.chances);
    if (picture !== shown.edited) {
      shown.edited = picture;
      paint(picture);
    }
    const moved = values.some((value) => value);
    const from = neighbour < 0 ? "" : `neighbour ${neighbour + 1}`;
    const hint = moved || !rows.length ? "" : "move a slider";
    write(edited.note, from ? `${moved ? "from " : ""}${from}` : hint);
    set(edited.canvas, { $label: `The edited picture: ${words()}` });
  }

  return {
    /** Photograph, reconstruction, edited: heading, picture, what belongs under it. */
    columns: panes.map(({ head, pane }, i) =>
      el(`section.column.column${i}`, el("", head, pane), below[i]!),
    ),
    canvases: panes.map(({ canvas }) => canvas),
    heat: map.heat,
    words,
    edit,
    /** The map and all pictures. */
    show(): void {
      const { picture, reconstruction } = session;
      if (picture && picture !== shown.photograph) {
        for (const { pane } of panes) formAs(pane, picture);
        void paintPicture(picture, photograph.canvas);
      }
      const again = reconstruction?.reconstruction;
      if (again && again !== shown.again) void paintPicture(again, reconstructed.canvas);
      Object.assign(shown, { photograph: picture, again });
      if (picture) showMap(picture);
      const target = reconstruction?.target;
      const chance =
        target?.probability == null ? "" : ` ${amount(target.probability, target.unit)}`;
      write(photograph.note, target ? `${target.name}${chance}` : "");
      set(photograph.note, { title: photograph.note.textContent });
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
  return { canvas, note, head: el("h3.heading", title, note), pane: el(".pane", canvas) };
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
  const bars = Array.from({ length: ROWS + 1 }, () => classBar(".bar"));
  const element = el(".answers", ...bars.map((bar) => bar.element));

  function show(answer: JudgedPicture | undefined, earlier: JudgedPicture["chances"] = []): void {
    const { top, reconstruction } = session;
    const names = new Map<number, string>(top.map(({ index, name }) => [index, name]));
    // One more row, for what was not likely at first.
    const risen = answer && !names.has(answer.label) ? answer.label : undefined;
    if (answer && risen !== undefined) names.set(risen, answer.label_name);
    for (const [i, { element: bar, name, show: showClass }] of bars.entries()) {
      const index = i < ROWS ? top[i]?.index : risen;
      const empty = index === undefined;
      const title = empty ? "" : (names.get(index) ?? "");
      const share = answer?.chances.find(([other]) => other === index)?.[1] ?? 0;
      const was = earlier.find(([other]) => other === index)?.[1];
      showClass(title, empty || !answer ? null : share, reconstruction?.target.unit, was);
      set(name, { title });
      bar.hidden = i < ROWS ? empty : !top.length;
      set(bar, {
        _empty: empty,
        _class: index,
        _target: !empty && index === reconstruction?.target.index,
        _label: !empty && index === answer?.label,
      });
    }
  }
  return { element, show };
}

/** A plain colour bar with its true range: nothing to choose. */
function scaleBar(): Part<[painted: Painted | undefined, map: QuantisedMap | undefined]> {
  const canvas = el("canvas.ramp", { _canvas: "bar", $hidden: "true" });
  const [left, right] = [el("span"), el("span")];
  const element = el(".scalebar", { _empty: true }, left, canvas, right);
  return [
    element,
    (painted, map) => {
      set(element, { _empty: !painted });
      if (!painted || !map) return;
      const { name, diverging } = resolveColormap("auto", map.signed);
      const low = map.signed ? -1 : 0;
      paintRamp(canvas, name, diverging, low);
      write(left, signed(low * painted.most));
      write(right, signed(painted.most));
      set(element, { title: `Values: ${map.range.map(signed).join(" to ")}` });
    },
  ];
}
