/** A button that plays and pauses. */
import { el, on, type Part, set, svg } from "./dom";

const PLAY = "M5 3.5l7.5 4.5L5 12.5z";
const PAUSE = "M5.5 3.5v9M10.5 3.5v9";

/** Whether somebody does not want things to move. */
export const isCalm = (): boolean => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** Returns the button, and how to show whether it plays; `what` is what it plays. */
export function playButton(
  signal: AbortSignal,
  what: string,
  pressed: () => void,
): Part<[plays: boolean]> {
  const icons = [svg(PLAY), svg(PAUSE)] as const;
  const button = el("button.tool", ...icons);
  on(signal, button, "click", pressed);
  const show = (plays: boolean): void => {
    icons[0].style.display = plays ? "none" : "";
    icons[1].style.display = plays ? "" : "none";
    const act = `${plays ? "Pause" : "Play along"} ${what}`;
    set(button, { title: act, $label: act, $pressed: String(plays) });
  };
  return [button, show];
}
