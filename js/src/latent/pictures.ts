/** The photograph under its map, its reconstruction, and the edited picture with what the network says. */

import { percent } from "../core/format";
import { APPEARANCE, type Picture } from "../core/wire";
import { bytesOf } from "../maps/levels";
import { el, set, write } from "../parts/dom";
import { heatPainter, type Painted, paintPicture } from "../parts/heat";
import { type Chance, expand, type Said } from "./latents";
import type { Exploring } from "./session";

const ROWS = 5;

export interface Trio {
  /** Photograph, reconstruction, edited: heading, picture, what belongs under it. */
  columns: readonly [HTMLElement, HTMLElement, HTMLElement];
  canvases: readonly HTMLCanvasElement[];
  heat: HTMLCanvasElement;
  /** The map and the reconstruction. */
  show(): Painted | undefined;
  /** The edited picture alone: this is what has to be quick. */
  edit(): void;
  /** In words, what the network says of the edited picture. */
  words(): string;
}

/** `edited` is called when the edited picture has been painted. */
export function trio(session: Exploring, under: HTMLElement, painted: () => void): Trio {
  const panes = ["Photograph", "Reconstruction", "Edited"].map((title, i) => {
    const canvas = el("canvas.canvas", {
      _canvas: ["photograph", "reconstruction", "edited"][i]!,
      role: "img",
      $label: title,
    });
    const note = el("span.note");
    const pane = el(".pane", {}, canvas);
    const head = el("h3.heading", {}, title, note);
    return { canvas, pane, note, head };
  });
  const heat = el("canvas.heat", { _canvas: "heat", role: "img" });
  const plate = el(".pill.plate", { hidden: true });
  panes[0]!.pane.append(heat, plate);
  const paintHeat = heatPainter(heat);
  const [before, now] = [bars(), bars()];
  before.element.classList.add("xw-before");
  const below = [under, before.element, now.element];
  const columns = panes.map(({ head, pane }, i) =>
    el(`section.column.column${i}`, {}, el("", {}, head, pane), below[i]!),
  ) as unknown as Trio["columns"];
  let shown: Array<Picture | undefined> = [];
  let image: ImageData | undefined;
  let turn = 0; // pictures are decoded one after the other, and the latest counts

  function size({ width, height }: Picture): void {
    for (const { pane } of panes) {
      pane.style.setProperty("--xw-aspect", String(width / height));
      set(pane, { _pixels: Math.max(width, height) <= 96 });
    }
  }

  /** Raw pixels are painted at once. */
  function paint(picture: Picture, canvas: HTMLCanvasElement, then?: () => void): void {
    const { width, height, mime, data } = picture;
    turn += 1;
    const own = turn;
    if (mime) {
      void paintPicture(picture, canvas).then(() => own === turn && then?.());
      return;
    }
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    if (image?.width !== width || image.height !== height) image = new ImageData(width, height);
    expand(bytesOf(data), image.data);
    canvas.getContext("2d")?.putImageData(image, 0, 0);
    then?.();
  }

  function words(): string {
    const { edited, opening } = session;
    const said = edited ?? opening?.rest;
    if (!said) return "";
    const chance = said.chances.find(([index]) => index === said.label)?.[1];
    return `${said.label_name}${chance === undefined ? "" : ` ${percent(chance, 0)}`}`;
  }

  return {
    columns,
    canvases: panes.map(({ canvas }) => canvas),
    heat,
    words,
    show() {
      const { picture, opening, frame, readout, opacity } = session;
      if (picture && picture !== shown[0]) {
        size(picture);
        void paintPicture(picture, panes[0]!.canvas);
      }
      const again = opening?.reconstruction;
      if (again && again !== shown[1]) void paintPicture(again, panes[1]!.canvas);
      shown = [picture, again, shown[2]];
      const map = frame?.maps[readout];
      let done: Painted | undefined;
      if (map && picture) {
        const look = { ...APPEARANCE, opacity };
        done = paintHeat(map, look, picture.width, picture.height);
        if (!map.peak) done = undefined;
      }
      heat.hidden = !done;
      heat.style.opacity = String(opacity);
      const empty = map && !map.peak;
      const unread = frame && !map;
      plate.hidden = !(empty || unread);
      write(plate, empty ? map.message : unread ? "This student has no such read-out." : "");
      const target = opening?.target;
      const chance = target?.probability;
      write(
        panes[0]!.note,
        target ? `${target.name}${chance == null ? "" : ` ${percent(chance)}`}` : "",
      );
      set(panes[0]!.canvas, { $label: `The picture: ${panes[0]!.note.textContent}` });
      set(heat, { $label: `Map over the picture, read-out ${readout}` });
      before.show(session, again, undefined);
      panes[1]!.head.title = again ? `The network takes it for ${again.label_name}` : "";
      this.edit();
      return done;
    },
    edit() {
      const { edited, opening } = session;
      const picture = edited ?? opening?.rest;
      if (!picture) return;
      now.show(session, picture, opening?.rest.chances);
      if (picture !== shown[2]) {
        shown[2] = picture;
        paint(picture, panes[2]!.canvas, painted);
      }
      const { place } = session;
      const moved = session.values.some((value) => value);
      const from = place < 0 ? "" : `neighbour ${place + 1}`;
      const still = session.slid.length ? "move a slider" : "";
      write(panes[2]!.note, from && moved ? `from ${from}` : from || (moved ? "" : still));
      set(panes[2]!.canvas, { $label: `The edited picture: ${words()}` });
    },
  };
}

/** What the network says, class by class; ticks show what it said before. */
function bars() {
  const rows = Array.from({ length: ROWS + 1 }, () => {
    const [name, chance, tick] = [el("span.class"), el("span.chance"), el("i.tick")];
    name.append(el("span"), tick);
    return { element: el(".bar", { hidden: true }, name, chance), name, chance, tick };
  });
  const element = el(".answers", {}, ...rows.map((each) => each.element));

  function show(
    session: Exploring,
    said: Said | undefined,
    earlier: readonly Chance[] | undefined,
  ): void {
    const { top, opening } = session;
    const known = new Map<number, string>(top.map(({ index, name }) => [index, name]));
    const indices = top.map(({ index }) => index);
    // One more row, for what was not likely at first.
    const risen = said && !known.has(said.label) ? said.label : null;
    if (said && risen !== null) known.set(risen, said.label_name);
    for (const [i, { element: bar, name, chance, tick }] of rows.entries()) {
      const index = i < ROWS ? indices[i] : (risen ?? undefined);
      bar.hidden = i < ROWS ? index === undefined : !top.length;
      set(bar, {
        _empty: index === undefined,
        _class: index,
        _target: index !== undefined && index === opening?.target.index,
        _label: index !== undefined && index === said?.label,
      });
      const share = said?.chances.find(([each]) => each === index)?.[1] ?? 0;
      const was = earlier?.find(([each]) => each === index)?.[1];
      const text = index === undefined ? "" : (known.get(index) ?? "");
      write(name.firstElementChild!, text);
      set(name, { title: text });
      name.style.backgroundSize = `${100 * share}% 100%`;
      write(chance, index === undefined || !said ? "" : percent(share));
      tick.hidden = was === undefined;
      tick.style.left = `${100 * (was ?? 0)}%`;
    }
  }
  return { element, show };
}
