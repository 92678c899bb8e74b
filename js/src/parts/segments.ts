/** A few choices side by side, one of them pressed: radio buttons, so keys and speech come from the browser. */
import { el, freshId, on, type Part, set } from "./dom";

export type Segment<Value extends string> = readonly [value: Value, text: string, title?: string];

/**
 * Returns the element, and how to show which is chosen, and why no other can be; a double click picks the first.
 */
export function segments<Value extends string>(
  signal: AbortSignal,
  label: string,
  control: string,
  options: ReadonlyArray<Segment<Value>>,
  picked: (value: Value) => void,
): Part<[value: Value, closed?: string | null]> {
  const name = freshId();
  const inputs = options.map(([value, , title]) =>
    el("input", { type: "radio", name, value, $label: title }),
  );
  const labels = options.map(([, text], i) =>
    el("label.segment", { _text: text }, inputs[i]!, text),
  );
  const element = el(".segments", { role: "radiogroup", $label: label, _control: control });
  element.append(...labels);
  on(signal, element, "change", ({ target }) =>
    picked((target as HTMLInputElement).value as Value),
  );
  on(signal, element, "dblclick", () => picked(options[0]![0]));
  const show = (chosen: Value, closed: string | null = null): void => {
    for (const [i, [value, , title]] of options.entries()) {
      set(labels[i]!, { title: closed ?? title });
      set(inputs[i]!, { disabled: !!closed });
      inputs[i]!.checked = value === chosen;
    }
  };
  return [element, show];
}
