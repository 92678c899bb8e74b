/** A slider and a number that can be typed. It shows its effect while it moves; a double click resets it. */
import { parseNumber, percent } from "../core/format";
import { clamp } from "../core/geometry";
import { APPEARANCE } from "../core/model";
import type { Session } from "../core/session";
import { el, on, row, set } from "./dom";

/** Wider than this a number is typed, not slid. */
export const WIDE = 1e9;

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

export type Slider = [HTMLElement, (value: number, disabled?: boolean) => void];

/** `changed` is told `done` false while the slider still moves. Returns the row and how to show a value. */
export function slider(
  signal: AbortSignal,
  label: string,
  control: string,
  scale: Scale,
  changed: (value: number, done: boolean) => void,
  help = "",
): Slider {
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
  for (const input of [range, field]) on(signal, input, "dblclick", () => update(initial, true));
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

/** From 0 to 1, shown and typed in per cent. */
export const SHARE = {
  least: 0,
  most: 1,
  step: 0.01,
  factor: 100,
  format: (value: number): string => percent(value, 0),
};

/** How much of the picture the map covers. */
export function opacitySlider(signal: AbortSignal, session: Pick<Session, "look">): Slider {
  const scale = { ...SHARE, initial: APPEARANCE.opacity };
  return slider(signal, "Opacity", "opacity", scale, (value) => session.look("opacity", value));
}

/** Where the colours end. */
export function clipSlider(signal: AbortSignal, session: Pick<Session, "look">): Slider {
  const format = (value: number): string => percent(value / 100);
  const scale = { least: 90, most: 100, step: 0.1, initial: APPEARANCE.clip, format };
  const clip = (value: number): void => session.look("clip", value);
  return slider(signal, "Clip", "clip", scale, clip, "The percentile where colours end");
}
