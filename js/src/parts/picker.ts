/** A button that shows what is chosen and opens the list of what could be. */
import { done, el, on, set, svg, write } from "./dom";
import { type Choice, popup } from "./popup";

const PAUSE = 700; // milliseconds after which type-ahead starts a new word

export interface Picker {
  element: HTMLButtonElement;
  show(
    choices: readonly Choice[],
    value: string,
    title: string,
    hint?: string,
    disabled?: boolean,
  ): void;
}

/** `kind` is its class, `initial` what a double click comes back to. */
export function picker(
  signal: AbortSignal,
  host: HTMLElement,
  label: string,
  control: string,
  kind: string,
  picked: (value: string) => void,
  initial?: () => void,
): Picker {
  const title = el("span.label");
  const hint = el("span.note");
  const button = el(
    `button.field.picker.${kind}`,
    { _control: control },
    title,
    hint,
    svg("M4 6.5l4 4 4-4"),
  ) as HTMLButtonElement;
  const list = popup(signal, host, button, label, picked);
  let choices: readonly Choice[] = [];
  let value = "";
  let typed = "";
  let typedAt = 0;
  const open = (): void => {
    button.focus(); // Safari does not, on a click
    list.open(choices, value);
  };

  on(signal, button, "click", () => (list.isOpen() ? list.close() : open()));
  if (initial) on(signal, button, "dblclick", initial);
  on(signal, button, "keydown", (event: KeyboardEvent) => {
    const { key, timeStamp } = event;
    const letter = /^[^ ?]$/.test(key) && !event.ctrlKey && !event.metaKey && !event.altKey;
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
    show(given, chosen, text, note = "", disabled = false) {
      choices = given;
      value = chosen;
      write(title, text);
      write(hint, note);
      set(button, { disabled, $label: `${label}: ${text}${note && `, ${note}`}` });
    },
  };
}
