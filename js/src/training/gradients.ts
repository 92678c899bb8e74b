/** A few pictures with their plain and their guided gradient, after an epoch. */

import { percent } from "../core/format";
import { APPEARANCE, type Frame, type Picture } from "../core/wire";
import { el, set, write } from "../parts/dom";
import { heatPainter, paintPicture } from "../parts/heat";
import type { Seen, Training } from "./session";

const COLUMNS = ["Picture", "Plain gradient", "Guided gradient"];

/** Returns the element and how to bring it up to date. */
export function gradients(session: Training): [HTMLElement, () => void] {
  const element = el(".gradients");
  let built: readonly Picture[] = [];
  let shows: Array<(seen: Seen | undefined) => void> = [];

  function line(
    picture: Picture,
    number: number,
  ): [HTMLElement[], (seen: Seen | undefined) => void] {
    const photo = el("canvas", { role: "img", $label: picture.name || `Picture ${number + 1}` });
    void paintPicture(picture, photo);
    const cells = COLUMNS.slice(1).map((title) => {
      const canvas = el("canvas", { role: "img", $label: title, _canvas: `${title[0]}${number}` });
      const plate = el("span.pill.plate", { hidden: true });
      return { canvas, plate, element: el(".map", {}, canvas, plate), paint: heatPainter(canvas) };
    });
    const says = el("span.says");
    const alike = el("span.note", {
      title: "Of the class score's two gradients, shown here; training compares those of the loss",
    });
    const head = el(
      ".watched",
      {},
      el("b.label", {}, picture.name || `Picture ${number + 1}`),
      says,
      alike,
    );
    const { width, height } = picture;
    const pixels = Math.max(width, height) <= 96;
    const boxes = [el(".map", {}, photo), ...cells.map((cell) => cell.element)];
    for (const box of boxes) {
      box.style.setProperty("--xw-aspect", String(width / height));
      set(box, { _pixels: pixels });
    }
    const show = (seen: Seen | undefined): void => {
      for (const [i, { canvas, plate, paint }] of cells.entries()) {
        const map = seen?.maps[i];
        if (map?.data) {
          const look = { ...APPEARANCE, view: "side_by_side" as const }; // opaque
          paint(map as Frame, look, width, height);
        }
        canvas.hidden = !map?.data;
        plate.hidden = !map?.error;
        write(plate, map?.error ?? "");
      }
      write(says, seen ? `says ${seen.top.name} ${percent(seen.top.probability, 0)}` : "");
      set(says, { _wrong: seen && !seen.right });
      const cosine = seen?.cosine?.toFixed(2).replace("-", "−");
      write(alike, cosine ? `cosine here ${cosine}` : "");
    };
    return [[head, ...boxes], show];
  }

  return [
    element,
    () => {
      const { strip, look } = session;
      if (strip !== built) {
        built = strip;
        const made = strip.map(line);
        shows = made.map(([, show]) => show);
        const heads = ["", ...COLUMNS].map((title) => el("h3", {}, title));
        element.replaceChildren(...heads, ...made.flatMap(([cells]) => cells));
      }
      for (const [i, show] of shows.entries()) show(look?.pictures[i]);
    },
  ];
}
