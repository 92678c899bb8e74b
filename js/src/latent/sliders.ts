/** Sliders through latent space, which can play by themselves. */

import { parseNumber } from "../core/format";
import { clamp } from "../core/geometry";
import { atEnd } from "../core/host";
import { el, on, set, svg, write } from "../parts/dom";
import { type Slid, shareOf, sweep } from "./latents";
import type { Exploring } from "./session";

const PLAY = "M5 3.5l7.5 4.5L5 12.5z";
const PAUSE = "M5.5 3.5v9M10.5 3.5v9";
const STILL = 1_000; // milliseconds between two pictures where motion is not wanted

const format = (value: number): string => value.toFixed(2).replace("-", "−");

interface Row {
  element: HTMLElement;
  show(value: number): void;
}

/** Returns the element and how to bring it up to date. `moved` is told of every move by hand. */
export function glide(
  signal: AbortSignal,
  session: Exploring,
  spoken: () => string,
): [HTMLElement, () => void] {
  const rows = el(".glides");
  const reset = el("button.link", { _control: "reset-all" }, "Reset all");
  const better = el("button.link", { _control: "better" }, "Use the new directions");
  on(signal, better, "click", session.takeBetter);
  const waiting = el("p.facts", { _waiting: true });
  const turning = el("p.facts.turning", { _turning: true });
  const element = el(
    "section.section.latents",
    {},
    el(".headed", {}, el("h3.heading", {}, "Directions"), better, reset),
    waiting,
    turning,
    rows,
  );
  let made: Row[] = [];
  let built: readonly Slid[] = [];
  let life = new AbortController();
  let playing = -1;
  atEnd(signal, () => life.abort());
  on(signal, reset, "click", () => {
    playing = -1;
    session.reset();
  });

  function play(number: number): void {
    playing = playing === number ? -1 : number;
    if (playing < 0) return;
    const slid = built[number]!;
    const from = session.values[number]!;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const begun = performance.now();
    let last = 0;
    const step = (now: number): void => {
      if (playing !== number || signal.aborted || !element.isConnected) return;
      // Where motion is not wanted, one picture a second.
      if (!calm || now - last >= STILL) {
        last = now;
        session.move(number, sweep((now - begun) / 1000, slid, from, calm ? 12 : 6));
      }
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }

  function row(slid: Slid, number: number, alive: AbortSignal): Row {
    const { name, low, high, weight, flip } = slid;
    const first = number === 0;
    const title = first ? "Counterfactual" : `Direction ${number}`;
    const range = el("input.range", {
      type: "range",
      min: low,
      max: high,
      step: 0.01,
      $label: title,
      _control: name.replace(" ", "-"),
    });
    const field = el("input.number", {
      inputmode: "decimal",
      autocomplete: "off",
      $label: `${title}, number`,
      _number: name.replace(" ", "-"),
    });
    const icons = [svg(PLAY), svg(PAUSE)];
    const button = el("button.tool", { _play: number }, ...icons);
    const track = el(".track", {}, range);
    if (flip !== null) {
      const tick = el("i.flip", { title: `The label turns at ${format(flip)}` });
      tick.style.left = `calc(7px + (100% - 14px) * ${shareOf(flip, slid)})`;
      track.append(tick);
    }
    const label = el("span.name", {}, title);
    const help = first
      ? "Against what the student needs to see: the label should turn"
      : `Student's weight ${format(weight ?? 0)} for one step: ${
          (weight ?? 0) < 0 ? "against keeping" : "for keeping"
        } the label`;
    const row_ = el(".glide", { title: help }, button, label, track, field);
    if (weight !== null) {
      const heaviest = Math.max(...built.map((each) => Math.abs(each.weight ?? 0)), 1e-9);
      const bar = el("i.weight", { _against: weight < 0 });
      bar.style.width = `${(28 * Math.abs(weight)) / heaviest}px`;
      label.append(bar);
    }
    let current = 0;
    let editing = false;
    const move = (value: number): void => {
      playing = -1;
      session.move(number, clamp(value, low, high));
    };
    on(alive, button, "click", () => {
      play(number);
      show(current);
    });
    on(alive, range, "input", () => move(Number(range.value)));
    for (const each of [range, field]) on(alive, each, "dblclick", () => move(0));
    on(alive, field, "focus", () => {
      editing = true;
      field.select();
    });
    const commit = (): void => {
      const typed = parseNumber(field.value);
      if (typed !== null && field.value !== format(current)) move(typed);
    };
    on(alive, field, "blur", () => {
      commit();
      editing = false;
      show(session.values[number]!); // which may not be shown yet
    });
    on(alive, field, "keydown", (event: KeyboardEvent) => {
      if (event.key === "Enter") commit();
      else if (event.key !== "Escape") return;
      field.value = format(current);
      field.select();
    });

    function show(value: number): void {
      current = value;
      const running = playing === number;
      range.value = String(value);
      if (!editing) field.value = format(value);
      set(range, { $valuetext: `${format(value)}. ${spoken()}` });
      const [zero, at] = [shareOf(0, slid), shareOf(value, slid)];
      range.style.setProperty("--xw-from", `${100 * Math.min(zero, at)}%`);
      range.style.setProperty("--xw-to", `${100 * Math.max(zero, at)}%`);
      set(row_, { _turned: flip !== null && value >= flip - 1e-6 });
      icons[0]!.style.display = running ? "none" : "";
      icons[1]!.style.display = running ? "" : "none";
      const act = `${running ? "Pause" : "Play along"} ${title.toLowerCase()}`;
      set(button, { title: act, $label: act, $pressed: String(running) });
    }
    return { element: row_, show };
  }

  return [
    element,
    () => {
      const { slid, values, frozen, status } = session;
      if (slid !== built) {
        built = slid;
        playing = -1;
        life.abort();
        life = new AbortController();
        made = slid.map((each, i) => row(each, i, life.signal));
        rows.replaceChildren(...made.map((each) => each.element));
      }
      for (const [i, each] of made.entries()) each.show(values[i]!);
      const first = slid[0];
      turning.hidden = !first;
      if (first) {
        write(
          turning,
          first.flip === null
            ? "Along the counterfactual direction the label does not turn within reach."
            : `Along the counterfactual direction the label turns at ${format(first.flip)}${
                first.becomes ? `, to ${first.becomes}` : ""
              }.`,
        );
      }
      waiting.hidden = slid.length > 0;
      write(
        waiting,
        frozen
          ? "No directions were saved with this page."
          : status?.state === "running"
            ? "The directions that matter come once the student has learned."
            : "No directions were found.",
      );
      better.hidden = !session.better;
      reset.disabled = session.place < 0 && values.every((value) => !value);
      set(element, { _sliders: slid.length, _playing: playing < 0 ? null : playing });
    },
  ];
}
