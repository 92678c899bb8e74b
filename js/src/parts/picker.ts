/** A button that shows what is chosen and opens the list of what could be; methods and classes to choose from. */
import { amount } from "../core/format";
import type { ClassScore, FrameTarget, MethodCard } from "../core/wire";
import { done, el, isCommand, on, type Part, set, svg, write } from "./dom";
import { type Choice, popup } from "./popup";

/** Why a choice is closed in a saved page. */
export const UNSAVED = "not in this saved page";

const PAUSE = 700; // milliseconds after which type-ahead starts a new word

/** `kind` is its class, `initial` what a double click comes back to. */
export function picker(
  signal: AbortSignal,
  host: HTMLElement,
  label: string,
  control: string,
  kind: string,
  picked: (value: string) => void,
  initial?: () => void,
) {
  const [title, hint] = [el("span.label"), el("span.note")];
  const arrow = svg("M4 6.5l4 4 4-4");
  const button = el(`button.field.picker.${kind}`, { _control: control }, title, hint, arrow);
  const list = popup(signal, host, button, label, picked);
  let source: readonly Choice[] | (() => readonly Choice[]) = [];
  let choices: readonly Choice[] = [];
  let value = "";
  let typed = "";
  let typedAt = 0;
  const open = (): void => {
    button.focus(); // Safari does not, on a click
    choices = typeof source === "function" ? source() : source;
    list.open(choices, value);
  };

  on(signal, button, "click", () => (list.isOpen() ? list.close() : open()));
  if (initial) on(signal, button, "dblclick", initial);
  on(signal, button, "keydown", (event: KeyboardEvent) => {
    const { key, timeStamp } = event;
    const letter = /^[^ ?]$/.test(key) && !isCommand(event);
    if (list.isOpen()) {
      if (list.key(event)) return;
      if (key === "Home") list.walk(0, 1);
      else if (key === "End") list.walk(choices.length - 1, -1);
      else if (!letter) return;
    } else if (letter || key === "ArrowDown" || key === "ArrowUp") open();
    else return;
    done(event);
    if (!letter) return;
    typed = timeStamp - typedAt > PAUSE ? key : typed + key;
    typedAt = timeStamp;
    list.find(typed.toLowerCase());
  });

  return {
    element: button,
    /** Choices that take long to work out are given as a function, which is called when they open. */
    show(
      given: readonly Choice[] | (() => readonly Choice[]),
      chosen: string,
      text: string,
      note = "",
      disabled = false,
    ): void {
      source = given;
      value = chosen;
      write(title, text);
      set(title, { title: text });
      write(hint, note);
      set(hint, { title: note || null }); // it is cut where there is little room
      set(button, { disabled, $label: `${label}: ${text}${note && `, ${note}`}` });
    },
  };
}

/** Methods to choose from, with their cost or why not; `closed` tells why one cannot be asked for now. */
export function methodChoices(
  cards: readonly MethodCard[],
  closed: (card: MethodCard) => string | null,
): Choice[] {
  return cards.map((card) => ({
    value: card.name,
    label: card.title,
    group: card.family,
    note: card.cost,
    reason: card.unavailable || closed(card),
  }));
}

/** A picker of the most probable classes; a double click asks for the most probable one, null. */
export function classPicker(
  signal: AbortSignal,
  host: HTMLElement,
  ask: (target: number | null) => void,
): Part<
  [
    top: readonly ClassScore[],
    shown: FrameTarget | undefined,
    target: number | null,
    frozen: boolean,
  ]
> {
  const pick = (index: string): void => ask(Number(index));
  const best = (): void => ask(null);
  const classes = picker(signal, host, "Class", "target", "prefixed.target", pick, best);
  return [
    classes.element,
    (top, shown, target, frozen) => {
      const choices = top.map(({ index, name, probability, unit }) => ({
        value: String(index),
        label: name,
        note: amount(probability, unit),
        reason: frozen && index !== shown?.index ? UNSAVED : null,
      }));
      const value = String(shown?.index ?? target ?? "");
      const chance = shown?.probability == null ? "" : amount(shown.probability, shown.unit);
      classes.show(choices, value, shown?.name ?? "…", chance, !choices.length);
    },
  ];
}
