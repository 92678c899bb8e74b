/** Sliders through latent space, which can play by themselves. */

import { amount, fixed as fixedTo } from "../core/format";
import { clamp } from "../core/geometry";
import type { ClassScore, SliderEnd, SliderRow } from "../core/wire";
import { el, lines, on, type Part, say, set, write } from "../parts/dom";
import { paintPicture } from "../parts/heat";
import { isCalm, playButton } from "../parts/play";
import { sliderInputs } from "../parts/slider";
import { type Extent, shareOf } from "./points";
import type { LatentSession } from "./session";

const STILL = 1_000; // milliseconds between two pictures where motion is not wanted

/** Where a slider that plays is after so many seconds: from end to end and back, slower at the ends. */
export function sweep(seconds: number, { low, high }: Extent, from: number, period = 6): number {
  const begun = Math.asin(clamp((2 * (from - low)) / (high - low) - 1, -1, 1));
  const wave = Math.sin(begun + (2 * Math.PI * seconds) / period);
  return low + ((high - low) * (wave + 1)) / 2;
}

/** Returns the element and how to bring it up to date; `spoken` has the words for the edited picture. */
export function newSliders(
  signal: AbortSignal,
  session: LatentSession,
  spoken: () => string,
): Part {
  const rows = el(".sliders");
  const reset = el("button.link", { _control: "reset-all" }, "Reset all");
  const renew = el("button.link", { _control: "take-sliders" }, "Use the new directions");
  const waiting = el("p.facts", { _waiting: true });
  const flips = el("p.facts.flips", { _flips: true });
  const head = el(".headed", el("h3.heading", "Directions"), renew, reset);
  const element = el("section.section.latents", head, waiting, flips, rows);
  let built: readonly SliderRow[] = [];
  let playing = -1;
  on(signal, renew, "click", session.takeSliders);
  on(signal, reset, "click", () => {
    playing = -1;
    session.reset();
  });

  function play(number: number): void {
    playing = playing === number ? -1 : number;
    if (playing < 0) return;
    const slider = built[number]!;
    const from = session.values[number]!;
    const calm = isCalm();
    const begun = performance.now();
    let last = 0;
    const step = (now: number): void => {
      if (playing !== number || signal.aborted || !element.isConnected) return;
      if (!calm || now - last >= STILL) {
        last = now;
        session.move(number, sweep((now - begun) / 1000, slider, from, calm ? 12 : 6));
      }
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }

  function line(slider: SliderRow, number: number, alive: AbortSignal): Part<[value: number]> {
    const { weight, flip } = slider;
    // Fine enough for a short way, and 0 is one of the steps.
    const digits = slider.high - slider.low < 0.6 ? 3 : 2;
    const step = 10 ** -digits;
    const whole = (value: number): number => +(Math.round(value / step) * step).toFixed(digits);
    const [low, high] = [whole(slider.low), whole(slider.high)];
    const fixed = (value: number): string => fixedTo(value, digits);
    const title = number ? `Direction ${number}` : "Counterfactual";
    const [called, by] = (number && changeInWords(slider.change)) || [title, ""];
    const scale = { least: low, most: high, step, initial: 0, format: fixed, spoken };
    const inputs = sliderInputs(alive, title, slider.name.replace(" ", "-"), scale, (value) => {
      playing = -1;
      if (value !== session.values[number]) session.move(number, value);
    });
    const { range, field } = inputs;
    const [button, showPlay] = playButton(alive, title.toLowerCase(), () => {
      play(number);
      show(session.values[number]!);
    });
    set(button, { _play: number });
    const track = el(".track", range);
    if (flip !== null) {
      const tick = el("i.flip", { title: `The label turns at ${fixed(flip)}` });
      tick.style.left = `calc(7px + (100% - 14px) * ${shareOf(flip, slider)})`;
      track.append(tick);
    }
    const name = el("span.label", { title: called }, called);
    const label = el("span.name", name, el("span", by));
    const side = (weight ?? 0) < 0 ? "against keeping" : "for keeping";
    const help = number
      ? `${title}. The student's weight for one step is ${fixedTo(weight ?? 0)}: ${side} the label`
      : "Against what the student needs to see: the label should turn";
    const strip = (slider.ends ?? []).map((end, i) =>
      thumbnail(alive, end, slider.change?.unit, `${title}, ${i ? "right" : "left"} end`, () => {
        playing = -1;
        session.move(number, i ? high : low);
      }),
    );
    const ends = strip.length ? strip : [el("span"), el("span")];
    const row = el(".slider", { title: help }, button, label, ends[0]!, track, ends[1]!, field);
    if (weight !== null) {
      const heaviest = Math.max(...built.map((other) => Math.abs(other.weight ?? 0)), 1e-9);
      const bar = el("i.weight", { _against: weight < 0 });
      bar.style.width = `${(90 * Math.abs(weight)) / heaviest}px`;
      label.append(bar);
    }
    function show(value: number): void {
      inputs.show(value);
      const [zero, at] = [shareOf(0, slider), shareOf(value, slider)];
      range.style.setProperty("--xw-from", `${100 * Math.min(zero, at)}%`);
      range.style.setProperty("--xw-to", `${100 * Math.max(zero, at)}%`);
      set(row, { _turned: flip !== null && value >= flip - 1e-6 });
      showPlay(playing === number);
    }
    return [row, show];
  }

  const show = lines(signal, rows, line);
  return [
    element,
    () => {
      const { rows: sliders, values, frozen, neighbour } = session;
      if (sliders !== built) playing = -1;
      built = sliders;
      for (const [i, update] of show(sliders).entries()) update(values[i]!);
      say(flips, sliders[0] ? flipInWords(sliders[0]) : "");
      waiting.hidden = sliders.length > 0;
      const none = session.computes()
        ? "The directions that matter come once the student has learned."
        : "No directions were found.";
      write(waiting, frozen ? "No directions were saved with this page." : none);
      renew.hidden = !session.hasNewSliders;
      reset.disabled = neighbour < 0 && values.every((value) => !value);
      set(element, { _sliders: sliders.length, _playing: playing < 0 ? null : playing });
    },
  ];
}

/** What is at an end of a slider; a press goes there. */
function thumbnail(
  signal: AbortSignal,
  end: SliderEnd,
  unit: ClassScore["unit"],
  where: string,
  go: () => void,
): HTMLElement {
  const canvas = el("canvas", { $hidden: "true" });
  const { label_name: name, probability } = end;
  const says =
    `${where}: ${name} ${probability === null ? "" : amount(probability, unit, 0)}`.trim();
  const button = el("button.end", { title: says, $label: says }, canvas);
  void paintPicture(end, canvas);
  on(signal, button, "click", go);
  return button;
}

/** What a direction does to the network's answer: "Egyptian cat" and "↑ 31 %"; undefined for next to nothing. */
export function changeInWords(change: SliderRow["change"]): [name: string, by: string] | undefined {
  if (!change) return undefined;
  const { name, by, unit } = change;
  const size = amount(Math.abs(by), unit, 0);
  if (unit !== "number" && Math.abs(by) < 0.005) return undefined;
  return [name, `${by < 0 ? "↓" : "↑"}\xa0${size}`];
}

/** Where the label turns along the counterfactual direction. */
function flipInWords({ flip, becomes }: SliderRow): string {
  if (flip === null) return "Along the first, the label does not turn within reach.";
  const to = becomes ? `, to ${becomes}` : "";
  return `Along the first, the label turns at ${fixedTo(flip)}${to}.`;
}
