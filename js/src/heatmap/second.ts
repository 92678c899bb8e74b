/** Two maps of one picture: the first left of a handle and the second right of it, or their difference. */

import type { Size } from "../core/geometry";
import type { Appearance } from "../core/model";
import type { Frame, QuantisedMap } from "../core/wire";
import { lut, resolveColormap } from "../maps/colormap";
import { difference } from "../maps/difference";
import { heatMap } from "../maps/levels";
import { shownMaximum } from "../maps/overlay";
import { el, set, write } from "../parts/dom";
import { picker, UNSAVED } from "../parts/picker";
import type { Choice } from "../parts/popup";
import { type HeatmapSession, type Request, requestKey } from "./session";

/** The look of a difference: in colours that have zero at their centre. */
export function twoSided<Look extends Appearance>(look: Look): Look {
  const chosen = resolveColormap(look.colormap, true);
  return chosen.diverging ? look : { ...look, colormap: resolveColormap("auto", true).name };
}

/** What the ends of a two-sided colormap are called, and their colours. */
export function endsOf(
  look: Appearance,
): Record<"low" | "high", readonly [name: string, colour: string]> {
  const { name, title } = resolveColormap(twoSided(look).colormap, true);
  const table = lut(name);
  const words = title.split(",")[0]!.toLowerCase().split(" to ");
  const colour = (at: number): string => `rgb(${table.subarray(3 * at, 3 * at + 3).join()})`;
  return { low: [words[0]!, colour(1)], high: [words[1]!, colour(255)] };
}

/**
 * Returns how to subtract a second map from a first. Maps of one method have one unit; those of two are first
 * divided by what is shown of each at most. As xai_widgets/widgets/heatmap/second.py.
 */
export function subtraction() {
  let before: readonly unknown[] = [];
  let made: QuantisedMap;
  return (a: Frame, b: Frame, { width, height }: Size, look: Appearance): QuantisedMap => {
    const of = [a, b, width, height, look.clip, look.interpolation];
    if (of.some((value, i) => value !== before[i])) {
      const [first, second] = [a, b].map((frame) => {
        const map = heatMap(frame, width, height, look.interpolation);
        return { map, most: shownMaximum(map, look.clip, "both") };
      });
      made = difference(first!, second!, a.method !== b.method);
      before = of;
    }
    return made;
  };
}

/** What tells two maps apart: their methods, their classes, or both. */
export function namesOf(session: HeatmapSession, a: Request, b: Request): [string, string] {
  const { cards, class_names: names, top } = session;
  const index = ({ target }: Request) => target ?? top[0]?.index ?? null;
  const methods = a.method !== b.method;
  const classes = index(a) !== index(b);
  const name = (request: Request): string => {
    const of = index(request);
    const title = cards.find((card) => card.name === request.method)?.title ?? request.method;
    const words = methods || !classes ? [title] : [];
    if (classes) words.push(typeof of === "number" ? (names[of] ?? `class ${of}`) : `${of}`);
    return words.join(" · ");
  };
  return [name(a), name(b)];
}

/** The two maps in words; nothing where there is one. */
export function pairInWords(session: HeatmapSession): string {
  const { request, second, appearance } = session;
  if (!second) return "";
  const [first, other] = namesOf(session, request, second);
  if (appearance.arrangement === "swipe")
    return `Left of the handle ${first}, right of it ${other}.`;
  if (appearance.arrangement !== "difference") return "";
  const { low, high } = endsOf(appearance);
  return `Difference: ${high[0]} is more for ${first}, ${low[0]} more for ${other}.`;
}

/** Classes and methods to compare with, as requests for a second map. */
function candidates(
  session: HeatmapSession,
): Array<[Choice, method: string | null, target: number | null]> {
  const { request, top, cards, frozen } = session;
  const own = request.target ?? top[0]?.index;
  const closed = (part: Partial<Request>): string | null =>
    !frozen || session.kept(requestKey({ ...request, ...part }, session)) ? null : UNSAVED;
  const classes = top
    .filter(({ index }) => index !== own)
    .map(({ index, name }): [Choice, null, number] => [
      { value: `class ${index}`, label: name, group: "Class", reason: closed({ target: index }) },
      null,
      index,
    ]);
  const methods = cards
    .filter(({ name }) => name !== request.method)
    .map(({ name, title, unavailable }): [Choice, string, null] => [
      {
        value: `method ${name}`,
        label: title,
        group: "Method",
        reason: unavailable || closed({ method: name }),
      },
      name,
      null,
    ]);
  return [...classes, ...methods];
}

/** Compares with something, where nothing was chosen: the next class, else another method. */
export function compareWithNext(session: HeatmapSession): void {
  if (session.second) return;
  const next = candidates(session).find(([{ reason }]) => !reason);
  if (next) session.compare(next[1], next[2]);
}

/** The two names over the picture; the second one is chosen there. Fills `element`, and returns how to show it. */
export function captions(
  signal: AbortSignal,
  session: HeatmapSession,
  host: HTMLElement,
  element: HTMLElement,
): () => void {
  const first = el("span.caption.first");
  const pick = (value: string): void => {
    const chosen = candidates(session).find(([choice]) => choice.value === value);
    session.compare(chosen?.[1] ?? null, chosen?.[2] ?? null);
  };
  const none = (): void => pick("");
  const second = picker(signal, host, "Compared with", "second", "caption", pick, none);
  element.append(first, second.element);
  return () => {
    const { request, second: asked, appearance } = session;
    const { arrangement } = appearance;
    element.hidden = arrangement !== "swipe" && arrangement !== "difference";
    set(element, { _difference: arrangement === "difference" });
    if (element.hidden) return;
    const {
      low: [low, cold],
      high: [high, hot],
    } = endsOf(appearance);
    element.style.setProperty("--xw-low", cold);
    element.style.setProperty("--xw-high", hot);
    const title = session.method?.title ?? request.method;
    const names = asked ? namesOf(session, request, asked) : ([title, "photograph"] as const);
    const differs = arrangement === "difference";
    const told = (name: string, colour: string, more = ""): string =>
      differs ? `${colour}: ${more}for ${name}` : name;
    write(first, told(names[0], high));
    set(first, { title: told(names[0], high, "more ") });
    const alone = { value: "", label: "The photograph alone" };
    const choices = () => [
      ...(arrangement === "swipe" ? [alone] : []),
      ...candidates(session).map(([choice]) => choice),
    ];
    const { other_method: method, other_target: target } = request;
    const value =
      method != null && target != null
        ? "both"
        : method != null
          ? `method ${method}`
          : target != null
            ? `class ${target}`
            : "";
    second.show(choices, value, asked ? told(names[1], low) : names[1]);
    set(second.element, { title: asked ? told(names[1], low, "more ") : names[1] });
  };
}
