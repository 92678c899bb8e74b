/** A slider and a number that can be typed. It shows its effect while it moves; a double click resets it. */
import { WIDE } from "../core/controls";
import { parseNumber } from "../core/format";
import { clamp } from "../core/geometry";
import { el, on, row, set } from "./dom";

export interface Scale {
  least: number;
  most: number;
  step: number;
  initial: number;
  format(value: number): string;
  /** What stands there while nobody edits, where that is something else. */
  rest?: () => string;
  /** Typed numbers are this many times the value: 100 for per cent. */
  factor?: number;
  whole?: boolean;
}

/** `changed` is told `done` false while the slider still moves. Returns the row and how to show a value. */
export function slider(
  signal: AbortSignal,
  label: string,
  control: string,
  scale: Scale,
  changed: (value: number, done: boolean) => void,
  help = "",
): [HTMLElement, (value: number, disabled?: boolean) => void] {
  const { least, most, step, initial, format, rest, factor = 1, whole } = scale;
  const range = el("input.range", {
    type: "range",
    min: least,
    max: most,
    step,
    $label: label,
    _control: control,
  });
  const field = el("input.number", {
    inputmode: "decimal",
    autocomplete: "off",
    $label: `${label}, number`,
    _number: control,
  });
  let current = initial;
  let editing = false;

  function show(value: number, disabled = false): void {
    current = value;
    range.value = String(value);
    const text = rest?.() ?? format(value);
    field.value = editing ? format(value) : text;
    range.disabled = disabled;
    field.disabled = disabled;
    set(range, { $valuetext: rest ? `${format(value)}, ${text}` : text });
    range.style.setProperty("--xw-share", `${(100 * (value - least)) / (most - least)}%`);
  }
  function update(value: number, done: boolean): void {
    show(value);
    changed(value, done);
  }
  function commit(): void {
    const typed = parseNumber(field.value);
    if (typed === null || field.value === format(current)) return;
    const value = clamp(typed / factor, least, most);
    update(whole ? Math.round(value) : value, true);
  }

  on(signal, range, "input", () => update(+range.value, false));
  on(signal, range, "change", () => update(+range.value, true));
  for (const each of [range, field]) on(signal, each, "dblclick", () => update(initial, true));
  on(signal, field, "focus", () => {
    editing = true;
    show(current);
    field.select();
  });
  on(signal, field, "blur", () => {
    commit();
    editing = false;
    show(current);
  });
  on(signal, field, "keydown", (event: KeyboardEvent) => {
    if (event.key === "Enter") commit();
    else if (event.key !== "Escape") return;
    show(current);
    field.select();
  });
  return [row(label, help, most - least < WIDE ? range : el("span"), field), show];
}
