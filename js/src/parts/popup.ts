/** The list that opens under a field: shared by the pickers and the class search. */
import { clamp } from "../core/geometry";
import { atEnd } from "../core/model";
import { done, el, freshId, on, set } from "./dom";

export interface Choice {
  value: string;
  label: string;
  note?: string;
  group?: string;
  /** Why it cannot be chosen. */
  reason?: string | null | undefined;
  /** What it means, for those who rest on it. */
  title?: string;
  swatch?: () => HTMLElement;
}

const HEIGHT = 380;

/**
 * Keyboard focus stays on `field`; the list is walked by aria-activedescendant. It opens under `box`, as wide
 * as that.
 */
export function popup(
  signal: AbortSignal,
  host: HTMLElement,
  field: HTMLElement,
  label: string,
  pick: (value: string) => void,
  box: HTMLElement = field,
) {
  const id = freshId();
  const list = el(".popup", { role: "listbox", id, $label: label, hidden: true });
  let options: HTMLElement[] = [];
  let choices: readonly Choice[] = [];
  let active = -1;
  host.append(list);
  atEnd(signal, () => list.remove());
  set(field, { role: "combobox", $haspopup: "listbox", $expanded: "false", $controls: id });
  // A press in the list must not take the focus from the field.
  on(signal, list, "pointerdown mousedown", done);
  on(signal, field, "blur", close);

  function close(): void {
    if (list.hidden) return;
    list.hidden = true;
    set(field, { $expanded: "false", $activedescendant: null });
  }

  function choose(choice: Choice | undefined): void {
    if (!choice || choice.reason) return;
    close();
    pick(choice.value);
  }

  function activate(at: number): void {
    options[active]?.removeAttribute("data-xw-active");
    active = at;
    const option = options[at];
    set(field, { $activedescendant: option?.id });
    if (!option) return;
    set(option, { _active: true });
    // scrollIntoView would also scroll the notebook.
    const { offsetTop: top, offsetHeight: height } = option;
    list.scrollTop = clamp(
      list.scrollTop,
      top + height - list.clientHeight + 4,
      Math.max(0, top - 28),
    );
  }

  /** To the first choice that can be made from `start` on, stepping by `step`. */
  function walk(start: number, step: number): void {
    for (let at = start; choices[at]; at += step) {
      if (choices[at]?.reason) continue;
      activate(at);
      break;
    }
  }

  function build(choice: Choice, at: number, selected: string): HTMLElement {
    const { value, reason, note, title, swatch } = choice;
    const option = el("label.option", {
      id: `${id}-${at}`,
      role: "option",
      $selected: String(value === selected),
      $disabled: reason ? "true" : null,
      _value: value,
      title,
    });
    if (swatch) option.append(swatch());
    option.append(el("span.label", choice.label), el("span.note", reason ?? note ?? ""));
    on(signal, option, "click", () => choose(choice));
    return option;
  }

  /** Under the field, or above it where the card leaves more room there. */
  function place(): void {
    const card = list.offsetParent!.getBoundingClientRect();
    const at = box.getBoundingClientRect();
    const below = card.bottom - at.bottom - 12;
    const above = at.top - card.top - 12;
    const up = below < Math.min(list.scrollHeight + 2, HEIGHT) && above > below;
    const room = card.width - 16;
    const left = Math.min(at.left - card.left - 1, room + 8 - list.offsetWidth);
    list.style.cssText = `min-width:${Math.min(at.width, room)}px;left:${Math.max(8, left)}px;max-height:${clamp(
      up ? above : below,
      120,
      HEIGHT,
    )}px;${up ? `bottom:${card.bottom - at.top + 3}` : `top:${at.bottom - card.top + 3}`}px`;
  }

  return {
    isOpen: (): boolean => !list.hidden,
    close,
    walk,
    open(given: readonly Choice[], selected: string): void {
      choices = given;
      active = -1;
      options = choices.map((choice, at) => build(choice, at, selected));
      list.replaceChildren();
      let heading: string | undefined;
      let group: HTMLElement = list;
      choices.forEach((choice, at) => {
        if (choice.group && choice.group !== heading) {
          heading = choice.group;
          group = el("", { role: "group", $label: heading }, el(".group", heading));
          list.append(group);
        }
        group.append(options[at]!);
      });
      list.hidden = false;
      set(field, { $expanded: "true" });
      place();
      const at = choices.findIndex(({ value }) => value === selected);
      if (at < 0) walk(0, 1);
      else activate(at);
    },
    /** To the next choice that begins with these letters. */
    find(letters: string): void {
      const n = choices.length;
      const from = Math.max(0, letters.length > 1 ? active : active + 1);
      for (let i = 0; i < n; i++) {
        const { label: text, reason } = choices[(from + i) % n]!;
        if (reason || !text.toLowerCase().startsWith(letters)) continue;
        activate((from + i) % n);
        break;
      }
    },
    /** True when the key was for the list. */
    key(event: KeyboardEvent): boolean {
      const { key } = event;
      if (key === "ArrowDown") walk(active + 1, 1);
      else if (key === "ArrowUp") walk(active - 1, -1);
      else if (key === "Enter") choose(choices[active]);
      else if (key === "Escape") {
        close();
        event.stopPropagation(); // closing the list was all it meant; the notebook must not take it
      } else return false;
      done(event);
      return true;
    },
  };
}
