/** The colour bar as a control: where the threshold lies, and where the colours end. */
import { percent, signed } from "../core/format";
import { arrowOf, clamp } from "../core/geometry";
import { APPEARANCE } from "../core/model";
import { type BarScale, clipAt, shareOf, valueAtShare } from "../maps/scale";
import type { Handles, MapSession } from "./colourbar";
import { done, el, isCommand, on, set } from "./dom";
import type { Painted } from "./heat";

const LEAST = 90; // percentile, as Python's trait has it
const HINTS = {
  threshold: "Threshold: drag, or arrow keys; double click resets",
  clip: "Where colours end: drag, or arrow keys; double click resets",
};
const STEPS = { threshold: [0.01, 0.1], clip: [0.1, 1] } as const;

type Name = keyof typeof HINTS;

/** Returns what makes the handles of a bar; they set the traits `threshold` and `clip`. */
export function barHandles(
  signal: AbortSignal,
  session: MapSession,
): (bar: HTMLElement) => Handles {
  return (bar) => {
    const handle = (name: Name, label: string, least: number, most: number) =>
      el(`.barend.bar${name}`, {
        role: "slider",
        tabindex: 0,
        title: HINTS[name],
        $label: label,
        $valuemin: least,
        $valuemax: most,
        _control: `bar-${name}`,
      });
    const ends: Record<Name, HTMLElement> = {
      threshold: handle("threshold", "Threshold on the colour bar", 0, 100),
      clip: handle("clip", "Clip on the colour bar", LEAST, 100),
    };
    // A bar of two sides has each twice; the other is not moved by itself.
    const mirrors = [el(".barend.mirror"), el(".barend.mirror")];
    let painted: Painted | undefined;
    let scale: BarScale | undefined;
    let held: BarScale | undefined;
    let moving: Name | undefined;

    const side = (): number => (scale && scale.high > 0 ? 1 : -1);
    const sizeOf = (name: Name): number =>
      name === "clip" ? painted!.most : session.appearance.threshold * painted!.most;

    function put(name: Name, size: number): void {
      if (!painted) return;
      if (name === "threshold") {
        const share = painted.most > 0 ? size / painted.most : 0;
        session.look("threshold", Math.round(100 * clamp(share, 0, 1)) / 100);
      } else session.look("clip", clipAt(painted.map, size, session.appearance.sign, LEAST));
    }
    const sizeUnder = ({ clientX }: PointerEvent): number => {
      const { left, width } = bar.getBoundingClientRect();
      const value = valueAtShare(scale!, (clientX - left) / (width || 1));
      // Of a bar of two sides both are taken hold of.
      return scale!.low < 0 && scale!.high > 0 ? Math.abs(value) : Math.max(0, side() * value);
    };

    on(signal, bar, "pointerdown", (event: PointerEvent) => {
      if (event.button || !painted || !scale) return;
      const size = sizeUnder(event);
      const near = (name: Name): number =>
        Math.abs(shareOf(scale!, side() * sizeOf(name)) - shareOf(scale!, side() * size));
      const name = near("clip") < near("threshold") ? "clip" : "threshold";
      // A press of the handle itself takes the focus as a press does, without a ring.
      if (event.target !== ends[name]) {
        done(event);
        ends[name].focus({ preventScroll: true });
      }
      ends[name].setPointerCapture(event.pointerId);
      const end = new AbortController();
      held = scale;
      moving = undefined;
      const from = event.clientX;
      on(end.signal, bar, "pointermove", (next: PointerEvent) => {
        if (next.pointerId !== event.pointerId) return;
        if (Math.abs(next.clientX - from) > 2) moving = name; // a click moves nothing
        if (moving) put(name, sizeUnder(next));
      });
      on(end.signal, bar, "pointerup pointercancel lostpointercapture", () => {
        end.abort();
        held = moving = undefined;
        session.look("clip", session.appearance.clip); // shown in its own scale again
      });
    });
    for (const name of ["threshold", "clip"] as const) {
      // What is pressed anywhere on the bar is a press on the nearer one.
      on(signal, ends[name], "dblclick", () => session.look(name, APPEARANCE[name]));
      on(signal, ends[name], "keydown", (event: KeyboardEvent) => {
        const { key, shiftKey } = event;
        const limits = name === "clip" ? [LEAST, 100] : [0, 1];
        const step = STEPS[name][shiftKey ? 1 : 0] * (arrowOf(key) ?? 0);
        const ended = { Home: limits[0]!, End: limits[1]! }[key];
        if (isCommand(event) || (!step && ended === undefined)) return;
        done(event);
        const value = clamp(ended ?? session.appearance[name] + step, limits[0]!, limits[1]!);
        session.look(name, +value.toFixed(name === "clip" ? 1 : 2));
      });
    }

    return {
      elements: [...mirrors, ends.threshold, ends.clip],
      hold: (own) => held ?? own,
      show(now, to) {
        [painted, scale] = [now, to];
        const there = !!now && now.most > 0;
        const { threshold, clip } = session.appearance;
        for (const [i, name] of (["threshold", "clip"] as const).entries()) {
          ends[name].hidden = !there;
          mirrors[i]!.hidden = !there || !(to.low < 0 && to.high > 0);
          if (!there) continue;
          const size = sizeOf(name);
          ends[name].style.left = `${100 * shareOf(to, side() * size)}%`;
          mirrors[i]!.style.left = `${100 * shareOf(to, -size)}%`;
          set(mirrors[i]!, { _of: name });
        }
        set(ends.threshold, {
          $valuenow: Math.round(100 * threshold),
          $valuetext: `${percent(threshold, 0)}, keeps ${percent(now?.kept ?? 1, 0)}`,
        });
        const last = now ? `, ${signed(now.most)}` : "";
        set(ends.clip, { $valuenow: clip, $valuetext: `${percent(clip / 100)}${last}` });
      },
    };
  };
}
