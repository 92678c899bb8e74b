/** How it looks: everything here stays in the browser. */
import { percent } from "../core/format";
import { APPEARANCE, type Blend, type Sign } from "../core/wire";
import { colourbar } from "../parts/colourbar";
import { row, section } from "../parts/dom";
import type { Painted } from "../parts/heat";
import { picker } from "../parts/picker";
import { type Segment, segments } from "../parts/segments";
import { type Scale, slider } from "../parts/slider";
import type { Session } from "./session";

const BLENDS = ["normal", "multiply", "screen", "luminosity"] satisfies Blend[];
const named = (blend: string): string => blend[0]!.toUpperCase() + blend.slice(1);

const SIGNS: ReadonlyArray<Segment<Sign>> = [
  ["both", "±", "For and against"],
  ["positive", "+", "For the class"],
  ["negative", "−", "Against the class"],
];

/** Returns the element, how to show what was painted, and how to mark a value on the colour bar. */
export function looks(
  signal: AbortSignal,
  session: Pick<Session, "appearance" | "look" | "method" | "shown">,
  host: HTMLElement,
): [HTMLElement, (painted: Painted | undefined) => void, (value: number | null) => void] {
  let kept = 1;
  const whole = (value: number): string => percent(value, 0);
  const share: Omit<Scale, "initial"> = {
    least: 0,
    most: 1,
    step: 0.01,
    factor: 100,
    format: whole,
  };
  const [bar, showBar, point] = colourbar(signal, session, host);
  const [opacity, showOpacity] = slider(
    signal,
    "Opacity",
    "opacity",
    { ...share, initial: APPEARANCE.opacity },
    (value) => session.look("opacity", value),
  );
  const [threshold, showThreshold] = slider(
    signal,
    "Threshold",
    "threshold",
    { ...share, initial: APPEARANCE.threshold, rest: () => `keeps ${whole(kept)}` },
    (value) => session.look("threshold", value),
    "Hides values below this share of the maximum",
  );
  const [clip, showClip] = slider(
    signal,
    "Clip",
    "clip",
    {
      least: 90,
      most: 100,
      step: 0.1,
      initial: APPEARANCE.clip,
      format: (value) => percent(value / 100),
    },
    (value) => session.look("clip", value),
    "The percentile where colours end",
  );
  const mix = (value: string): void => session.look("blend", value as Blend);
  const blends = picker(signal, host, "Blend", "blend", "blend", mix, () => mix(APPEARANCE.blend));
  const [signs, showSign] = segments(signal, "Sign", "sign", SIGNS, (sign) =>
    session.look("sign", sign),
  );
  const mixing = row("Blend", "", blends.element, signs);

  const show = (painted: Painted | undefined): void => {
    const look = session.appearance;
    const beside = look.view === "side_by_side"; // there the map stands alone, opaque
    kept = painted?.kept ?? 1;
    showOpacity(look.opacity, beside);
    showThreshold(look.threshold);
    showClip(look.clip);
    const choices = BLENDS.map((value) => ({ value, label: named(value) }));
    blends.show(choices, look.blend, named(look.blend), "", beside);
    showSign(look.sign);
    signs.hidden = !painted?.map.signed;
    showBar(painted);
  };
  return [section("Appearance", opacity, threshold, clip, mixing, bar), show, point];
}
