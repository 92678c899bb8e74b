/** How it looks: everything here stays in the browser. */
import { capital, percent } from "../core/format";
import { APPEARANCE, type Blend, type Sign } from "../core/model";
import { barHandles } from "./barhandles";
import { colourbar, type MapSession } from "./colourbar";
import { type Part, row, section } from "./dom";
import type { Painted } from "./heat";
import { picker } from "./picker";
import { type Segment, segments } from "./segments";
import { clipSlider, opacitySlider, SHARE, slider } from "./slider";

const BLENDS = ["normal", "multiply", "screen", "luminosity"] satisfies Blend[];

const SIGNS: ReadonlyArray<Segment<Sign>> = [
  ["both", "±", "For and against"],
  ["positive", "+", "For the class"],
  ["negative", "−", "Against the class"],
];

/** Returns the element, how to show what was painted, and how to mark a value on the colour bar. */
export function looks(
  signal: AbortSignal,
  session: MapSession,
  host: HTMLElement,
): [...Part<[painted: Painted | undefined]>, mark: (value: number | null) => void] {
  let kept = 1;
  const [bar, showBar, point] = colourbar(signal, session, host, barHandles(signal, session));
  const [opacity, showOpacity] = opacitySlider(signal, session);
  const keeps = (): string => `keeps ${percent(kept, 0)}`;
  const shares = { ...SHARE, initial: APPEARANCE.threshold, rest: keeps };
  const cut = (value: number): void => session.look("threshold", value);
  const help = "Hides values below this share of the maximum";
  const [threshold, showThreshold] = slider(signal, "Threshold", "threshold", shares, cut, help);
  const [clip, showClip] = clipSlider(signal, session);
  const mix = (value: string): void => session.look("blend", value as Blend);
  const blends = picker(signal, host, "Blend", "blend", "blend", mix, () => mix(APPEARANCE.blend));
  const [signs, showSign] = segments(signal, "Sign", "sign", SIGNS, (sign) =>
    session.look("sign", sign),
  );
  const mixing = row("Blend", "", blends.element, signs);

  const show = (painted: Painted | undefined): void => {
    const look = session.appearance;
    const beside = look.arrangement === "side_by_side"; // there the map stands alone, opaque
    kept = painted?.kept ?? 1;
    showOpacity(look.opacity, beside);
    showThreshold(look.threshold);
    showClip(look.clip);
    const choices = BLENDS.map((value) => ({ value, label: capital(value) }));
    blends.show(choices, look.blend, capital(look.blend), "", beside);
    showSign(look.sign);
    signs.hidden = !painted?.map.signed;
    showBar(painted);
  };
  return [section("Appearance", opacity, threshold, clip, mixing, bar), show, point];
}
