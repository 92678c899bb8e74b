/** A few pictures with their plain and their guided gradient, after an epoch. */

import { fixed, percent } from "../core/format";
import { APPEARANCE } from "../core/model";
import type { Picture, PictureGradients } from "../core/wire";
import { el, set, write } from "../parts/dom";
import { heatPainter, paintPicture } from "../parts/heat";
import type { TrainingSession } from "./session";

const COLUMNS = ["Picture", "Plain gradient", "Guided gradient"];
const OPAQUE = { ...APPEARANCE, arrangement: "side_by_side" } as const;

type Show = (gradients: PictureGradients | undefined) => void;

/** Returns the element and how to bring it up to date. */
export function gradients(session: TrainingSession): [HTMLElement, () => void] {
  const element = el(".gradients");
  let built: readonly Picture[] = [];
  let shows: Show[] = [];

  function line(picture: Picture, number: number): [HTMLElement[], Show] {
    const title = picture.name || `Picture ${number + 1}`;
    const photo = el("canvas", { role: "img", $label: title });
    void paintPicture(picture, photo);
    const cells = COLUMNS.slice(1).map((name) => {
      const canvas = el("canvas", { role: "img", $label: name, _canvas: `${name[0]}${number}` });
      const plate = el("span.pill.plate", { hidden: true });
      return { canvas, plate, box: el(".map", {}, canvas, plate), paint: heatPainter(canvas) };
    });
    const answer = el("span.answer");
    const cosine = el("span.note", {
      title: "Of the class score's two gradients, shown here; training compares those of the loss",
    });
    const head = el(".watched", {}, el("b.label", {}, title), answer, cosine);
    const { width, height } = picture;
    const boxes = [el(".map", {}, photo), ...cells.map(({ box }) => box)];
    for (const box of boxes) {
      box.style.setProperty("--xw-aspect", String(width / height));
      set(box, { _pixels: Math.max(width, height) <= 96 });
    }
    const show: Show = (shown) => {
      for (const [i, { canvas, plate, paint }] of cells.entries()) {
        const map = shown?.maps[i];
        if (map?.data) paint(map, OPAQUE, width, height);
        canvas.hidden = !map?.data;
        plate.hidden = !map?.error;
        write(plate, map?.error ?? "");
      }
      write(answer, shown ? `says ${shown.top.name} ${percent(shown.top.probability, 0)}` : "");
      set(answer, { _wrong: shown && !shown.right });
      write(cosine, shown?.cosine == null ? "" : `cosine here ${fixed(shown.cosine)}`);
    };
    return [[head, ...boxes], show];
  }

  return [
    element,
    () => {
      const { thumbnails, shownLook } = session;
      if (thumbnails !== built) {
        built = thumbnails;
        const made = thumbnails.map(line);
        shows = made.map(([, show]) => show);
        const heads = ["", ...COLUMNS].map((title) => el("h3", {}, title));
        element.replaceChildren(...heads, ...made.flatMap(([cells]) => cells));
      }
      for (const [i, show] of shows.entries()) show(shownLook?.pictures[i]);
    },
  ];
}
