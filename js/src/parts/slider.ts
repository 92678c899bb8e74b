/** A slider and a number that can be typed. It shows its effect while it moves; a double click resets it. */
import { parseNumber, percent } from "../core/format";
import { clamp } from "../core/geometry";
import { APPEARANCE } from "../core/model";
import type { Session } from "../core/session";
import { el, on, type Part, row, set } from "./dom";

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
  /** What is said after the value. */
  spoken?: () => string;
  /** Typed numbers are this many times the value: 100 for per cent. */
  factor?: number;
  whole?: boolean;
}

type Slider = Part<[value: number, disabled?: boolean]>;

/** An input whose track is filled up to its value; `words` are what is said of it. */
export function rangeInput(
  signal: AbortSignal,
  label: string,
  control: string,
  moved: (value: number) => void,
) {
  const range = el("input.range", { type: "range", $label: label, _control: control });
  on(signal, range, "input", () => moved(+range.value));
  return {
    range,
    show(value: number, least: number, most: number, words: string, disabled = false): void {
      set(range, { min: least, max: most, $valuetext: words, disabled });
      range.value = String(value);
      range.style.setProperty("--xw-share", `${(100 * (value - least)) / (most - least || 1)}%`);
    },
  };
}

/**
 * The two inputs, and how to show a value in both. `changed` is told `done` false while the slider still
 * moves. What is being typed is left alone until it is done.
 */
export function sliderInputs(
  signal: AbortSignal,
  label: string,
  control: string,
  scale: Scale,
  changed: (value: number, done: boolean) => void,
) {
  const { least, most, step, initial, format, rest, spoken, factor = 1, whole } = scale;
  const { range, show: showRange } = rangeInput(signal, label, control, (value) =>
    update(value, false),
  );
  set(range, { step });
  const field = el("input.number", {
    inputmode: "decimal",
    autocomplete: "off",
    $label: `${label}, number`,
    _number: control,
  });
  let current = initial;
  let before: string | null = null; // what the field said when editing began; null while nobody edits

  function show(value: number, disabled = false): void {
    current = value;
    const text = rest?.() ?? format(value);
    if (before === null) field.value = text;
    field.disabled = disabled;
    const words = spoken ? `${format(value)}. ${spoken()}` : text;
    showRange(value, least, most, rest ? `${format(value)}, ${text}` : words, disabled);
  }
  function edit(): void {
    field.value = before = format(current);
  }
  function update(value: number, done: boolean): void {
    show(value);
    if (before !== null) edit();
    changed(value, done);
  }
  function commit(): void {
    const typed = parseNumber(field.value);
    if (typed === null || field.value === before) return;
    const value = clamp(typed / factor, least, most);
    update(whole ? Math.round(value) : value, true);
  }

  on(signal, range, "change", () => update(+range.value, true));
  for (const input of [range, field]) on(signal, input, "dblclick", () => update(initial, true));
  on(signal, field, "focus", () => {
    edit();
    field.select();
  });
  on(signal, field, "blur", () => {
    commit();
    before = null;
    show(current);
  });
  on(signal, field, "keydown", (event: KeyboardEvent) => {
    if (event.key === "Enter") commit();
    else if (event.key !== "Escape") return;
    edit();
    field.select();
  });
  return { range, field, show };
}

/** Returns the row with both inputs, and how to show a value. */
export function slider(
  signal: AbortSignal,
  label: string,
  control: string,
  scale: Scale,
  changed: (value: number, done: boolean) => void,
  help = "",
): Slider {
  const { range, field, show } = sliderInputs(signal, label, control, scale, changed);
  const wide = scale.most - scale.least >= WIDE;
  return [row(label, help, wide ? el("span") : range, field), show];
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
