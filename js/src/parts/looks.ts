/** How it looks: everything here stays in the browser. */
import { parseNumber, percent, wholePercent } from "../core/format";
import { clamp } from "../core/geometry";
import type { Session } from "../core/session";
import { APPEARANCE, type Blend, type Frame, type Sign } from "../core/wire";
import { ColourBar } from "./colourbar";
import { el } from "./dom";
import type { Painted } from "./heat";
import { Picker } from "./picker";
import { Segments } from "./segments";
import { type Scale, Slider } from "./slider";

const BLENDS: ReadonlyArray<{ value: Blend; label: string; note: string }> = [
  { value: "normal", label: "Normal", note: "heat over picture" },
  { value: "multiply", label: "Multiply", note: "heat darkens" },
  { value: "screen", label: "Screen", note: "heat lightens" },
  { value: "luminosity", label: "Luminosity", note: "heat gives light" },
  { value: "color", label: "Colour", note: "heat gives hue" },
];

const SIGNS: ReadonlyArray<{ value: Sign; text: string; title: string }> = [
  { value: "both", text: "±", title: "Evidence for and against" },
  { value: "positive", text: "+", title: "Only evidence for the class" },
  { value: "negative", text: "−", title: "Only evidence against the class" },
];

/** A share of one, shown and typed in per cent. */
function share(initial: number, format: (value: number) => string): Scale {
  return {
    minimum: 0,
    maximum: 1,
    step: 0.01,
    initial,
    format,
    edit: wholePercent,
    parse: (text) => {
      const typed = parseNumber(text);
      return typed === null ? null : clamp(typed / 100, 0, 1);
    },
  };
}

export class Looks {
  readonly element: HTMLElement;
  readonly bar: ColourBar;
  private readonly opacity: Slider;
  private readonly threshold: Slider;
  private readonly clip: Slider;
  private readonly blend: Picker;
  private readonly sign: Segments<Sign>;
  private kept = 1;

  constructor(
    private readonly session: Session,
    host: HTMLElement,
    signal: AbortSignal,
  ) {
    const look = session.look.bind(session);
    this.bar = new ColourBar(session, host, signal);
    this.opacity = new Slider(
      "Opacity",
      "opacity",
      share(APPEARANCE.opacity, wholePercent),
      (value) => look("opacity", value),
      signal,
    );
    this.threshold = new Slider(
      "Threshold",
      "threshold",
      share(APPEARANCE.threshold, () => `keeps ${wholePercent(this.kept)}`),
      (value) => look("threshold", value),
      signal,
      true,
      "Hides what is weaker than this share of the shown maximum",
    );
    this.clip = new Slider(
      "Clip",
      "clip",
      {
        minimum: 90,
        maximum: 100,
        step: 0.1,
        initial: APPEARANCE.clip,
        format: (value) => percent(value / 100),
        edit: (value) => percent(value / 100),
        parse: (text) => {
          const typed = parseNumber(text);
          return typed === null ? null : clamp(typed, 90, 100);
        },
      },
      (value) => look("clip", value),
      signal,
      true,
      "The percentile of the values at which the colours end",
    );
    this.blend = new Picker(host, "Blend", "blend", (value) => look("blend", value as Blend), signal);
    this.blend.button.addEventListener("dblclick", () => look("blend", APPEARANCE.blend), { signal });
    this.sign = new Segments<Sign>(
      "Sign",
      "sign",
      SIGNS,
      (value) => look("sign", value),
      APPEARANCE.sign,
      signal,
    );
    this.element = el(
      "section",
      "xw-section",
      {},
      el("h3", "xw-heading", {}, "Appearance"),
      this.opacity.row,
      this.threshold.row,
      this.clip.row,
      el(
        "div",
        "xw-row xw-blend",
        {},
        el("span", "xw-name", {}, "Blend"),
        this.blend.button,
        this.sign.element,
      ),
      this.bar.element,
    );
  }

  update(frame: Frame | undefined, painted: Painted | undefined): void {
    const { opacity, threshold, clip, blend, sign, view } = this.session.appearance;
    this.kept = painted?.kept ?? 1;
    this.opacity.show(opacity);
    this.threshold.show(threshold);
    this.clip.show(clip);
    const beside = view === "side_by_side";
    this.opacity.disabled = beside; // there the map stands alone, opaque
    const chosen = BLENDS.find(({ value }) => value === blend) ?? BLENDS[0]!;
    this.blend.show(BLENDS, blend, chosen.label, "", beside);
    this.sign.show(sign);
    this.sign.element.hidden = !(painted?.map.signed ?? false);
    this.bar.update(frame, painted, threshold, sign);
  }
}
