/** Small pictures side by side, one of them chosen. */
import type { Picture } from "../core/wire";
import { el, freshId, on, set } from "../parts/dom";
import { paintPicture } from "../parts/heat";

/** Returns the element, and how to show pictures, which is chosen, and why some cannot be. */
export function thumbnails(
  signal: AbortSignal,
  label: string,
  picked: (index: number) => void,
): [
  HTMLElement,
  (pictures: readonly Picture[], chosen: number, reason: (index: number) => string | null) => void,
] {
  const name = freshId();
  const element = el(".thumbnails", { role: "radiogroup", $label: label, hidden: true });
  let built: readonly Picture[] = [];
  let inputs: HTMLInputElement[] = [];
  on(signal, element, "change", ({ target }) => picked(+(target as HTMLInputElement).value));
  return [
    element,
    (pictures, chosen, reason) => {
      if (pictures !== built) {
        built = pictures;
        inputs = [];
        const made = pictures.map((picture, i) => {
          const title = picture.name || `Picture ${i + 1}`;
          const input = el("input", { type: "radio", name, value: i, $label: title });
          const canvas = el("canvas", { $hidden: "true" });
          void paintPicture(picture, canvas);
          inputs.push(input);
          return el("label.segment.thumbnail", { title, _picture: i }, input, canvas);
        });
        element.replaceChildren(...made);
      }
      element.hidden = pictures.length < 2;
      for (const [i, input] of inputs.entries()) {
        const why = reason(i);
        input.checked = i === chosen;
        input.disabled = !!why;
        set(input.parentElement!, { title: why ?? (pictures[i]!.name || `Picture ${i + 1}`) });
      }
    },
  ];
}
