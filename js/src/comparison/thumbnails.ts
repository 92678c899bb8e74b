/** Small pictures side by side, one of them chosen. */
import type { Picture } from "../core/wire";
import { el, freshId, lines, on, type Part, set } from "../parts/dom";
import { paintPicture } from "../parts/heat";

/** Returns the element, and how to show pictures, which is chosen, and why some cannot be. */
export function thumbnails(
  signal: AbortSignal,
  label: string,
  picked: (index: number) => void,
): Part<[pictures: readonly Picture[], chosen: number, reason: (index: number) => string | null]> {
  const name = freshId();
  const element = el(".thumbnails", { role: "radiogroup", $label: label, hidden: true });
  on(signal, element, "change", ({ target }) => picked(+(target as HTMLInputElement).value));
  const show = lines(signal, element, (picture: Picture, i) => {
    const title = [`Picture ${i + 1}`, picture.name].filter(Boolean).join(": "); // many have one name
    const input = el("input", { type: "radio", name, value: i, $label: title });
    const canvas = el("canvas", { $hidden: "true" });
    void paintPicture(picture, canvas);
    const choice = el("label.segment.thumbnail", { _picture: i }, input, canvas);
    const update = (chosen: number, closed: string | null): void => {
      input.checked = i === chosen;
      input.disabled = !!closed;
      set(choice, { title: closed ?? title });
    };
    return [choice, update];
  });
  return [
    element,
    (pictures, chosen, reason) => {
      element.hidden = pictures.length < 2;
      for (const [i, update] of show(pictures).entries()) update(chosen, reason(i));
    },
  ];
}
