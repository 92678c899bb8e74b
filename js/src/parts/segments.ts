/** A few choices side by side, one of them pressed: radio buttons, so keys and speech come from the browser. */
import { el, freshId, on } from "./dom";

export type Segment<Value extends string> = readonly [value: Value, text: string, title?: string];

/** Returns the element and how to show a choice; a double click picks the first. */
export function segments<Value extends string>(
  signal: AbortSignal,
  label: string,
  control: string,
  options: ReadonlyArray<Segment<Value>>,
  picked: (value: Value) => void,
): [HTMLElement, (value: Value) => void] {
  const name = freshId();
  const inputs = options.map(([value, , title]) =>
    el("input", { type: "radio", name, value, $label: title }),
  );
  const labels = options.map(([, text, title], i) =>
    el("label.segment", { title }, inputs[i]!, text),
  );
  const element = el(
    ".segments",
    { role: "radiogroup", $label: label, _control: control },
    ...labels,
  );
  on(signal, element, "change", ({ target }) =>
    picked((target as HTMLInputElement).value as Value),
  );
  on(signal, element, "dblclick", () => picked(options[0]![0]));
  return [
    element,
    (value) => {
      for (const input of inputs) input.checked = input.value === value;
    },
  ];
}
