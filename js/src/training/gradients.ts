/** A few pictures with their plain and their guided gradient, after an epoch. */

import { amount, fixed } from "../core/format";
import { APPEARANCE } from "../core/model";
import type { Picture, PictureGradients } from "../core/wire";
import { el, lines, type Part, set, write } from "../parts/dom";
import { formAs, paintPicture, smallMap } from "../parts/heat";
import type { TrainingSession } from "./session";

const GRADIENTS = ["Plain gradient", "Guided gradient"];
const OPAQUE = { ...APPEARANCE, arrangement: "side_by_side" } as const;

/** Returns the element and how to bring it up to date. */
export function gradients(signal: AbortSignal, session: TrainingSession): Part {
  const heads = ["", "Picture", ...GRADIENTS].map((title) => el("h3", title));
  const element = el(".gradients", ...heads);

  const show = lines(signal, element, (picture: Picture, number) => {
    const title = picture.name || `Picture ${number + 1}`;
    const photo = el("canvas", { role: "img", $label: title });
    void paintPicture(picture, photo);
    const maps = GRADIENTS.map((name) =>
      smallMap({ $label: name, _canvas: `${name[0]}${number}` }),
    );
    const answer = el("span.answer");
    const cosine = el("span.note", {
      title:
        "Of the class score's two gradients, shown here; the loss cosine compares those of the loss",
    });
    const boxes = [el(".map", photo), ...maps.map(({ heat, plate }) => el(".map", heat, plate))];
    for (const box of boxes) formAs(box, picture);
    const update = (shown: PictureGradients | undefined): void => {
      for (const [i, map] of maps.entries()) {
        const gradient = shown?.maps[i];
        map.show(gradient?.data ? gradient : undefined, OPAQUE, picture, gradient?.error ?? "");
      }
      write(
        answer,
        shown ? `says ${shown.top.name} ${amount(shown.top.probability, shown.top.unit, 0)}` : "",
      );
      set(answer, { _wrong: shown && !shown.right });
      write(cosine, shown?.cosine == null ? "" : `class cosine ${fixed(shown.cosine)}`);
    };
    const name = el("b.label", { title }, title);
    return [[el(".watched", name, answer, cosine), ...boxes], update];
  });

  return [
    element,
    () => {
      const { thumbnails, shownLook } = session;
      for (const [i, update] of show(thumbnails).entries()) update(shownLook?.pictures[i]);
    },
  ];
}
