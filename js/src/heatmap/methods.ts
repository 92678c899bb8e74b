/**
 * The picker of methods, a contact sheet: each with its map where there is one, how long it takes, and its
 * sanity check. It computes nothing.
 */
import { fixed } from "../core/format";
import { clamp } from "../core/geometry";
import type { Frame, MethodCard } from "../core/wire";
import { done, el, freshId, isCommand, on, set, svg, write } from "../parts/dom";
import { UNSAVED } from "../parts/picker";
import { visibleHeight } from "../parts/room";
import { type Seconds, secondsInWords } from "./seconds";

/** A method as it is offered. */
export interface Offer {
  card: MethodCard;
  /** Its answer to the request, if that is here. */
  frame: Frame | undefined;
  seconds: Seconds | undefined;
  /** Likeness to its own map once the layers are random, if that was checked. */
  likeness: number | undefined;
  /** Whether that was tried. */
  checked: boolean;
  /** Whether it can be asked for. */
  open: boolean;
}

const [LOWEST, LOW] = [180, 360]; // pixels
const AT_ONCE = 4; // previews in a frame of the screen
const [ALIKE, SAME] = [0.25, 0.5]; // likeness from which on a map says less, or little, of the weights

/** What the sanity check found, in a word and a sentence. */
export function sanityOf(likeness: number): [grade: string, sentence: string] {
  const number = `likeness ${fixed(likeness)} to its own map once the weights are random`;
  if (likeness >= SAME) return ["fails", `Fails its sanity check: ${number}.`];
  if (Math.abs(likeness) >= ALIKE) return ["doubtful", `Doubtful in its sanity check: ${number}.`];
  return ["passes", `Passes its sanity check: ${number}.`];
}

/** Lower case, without accents, and what stands for a power or a product as one types it. */
const fold = (text: string): string =>
  text.normalize("NFKD").replace(/\p{M}/gu, "").replaceAll("×", "x").toLowerCase();

/** Whether each word of what is typed is in the method's name, family or key. */
export function matches({ title, name, family }: MethodCard, typed: string): boolean {
  const all = fold(`${title} ${name} ${name.replaceAll("_", " ")} ${family}`);
  const joined = all.replaceAll("-", "");
  return fold(typed)
    .split(/\s+/)
    .every((word) => all.includes(word) || joined.includes(word));
}

interface Cell {
  element: HTMLElement;
  canvas: HTMLCanvasElement;
  offer: Offer;
}

/**
 * `offers` says what there is, when it opens and whenever it is brought up to date; `preview` draws a map, or the
 * picture alone, and tells whether there was anything to draw; `check` asks for the sanity checks.
 */
export function methodPicker(
  signal: AbortSignal,
  host: HTMLElement,
  offers: () => Offer[],
  preview: (canvas: HTMLCanvasElement, frame: Frame | undefined) => boolean,
  pick: (method: string) => void,
  check?: () => void,
) {
  const [title, hint, arrow] = [el("span.label"), el("span.note"), svg("M4 6.5l4 4 4-4")];
  const listId = freshId();
  const button = el(
    "button.field.picker.method",
    { _control: "method", $haspopup: "dialog", $expanded: "false" },
    title,
    hint,
    arrow,
  );
  const input = el("input.search", {
    autocomplete: "off",
    spellcheck: "false",
    role: "combobox",
    $autocomplete: "list",
    $expanded: "true",
    $controls: listId,
    $label: "Filter the methods",
    placeholder: "Filter: name or family",
    _control: "method-filter",
  });
  const lens = svg("M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9M10.5 10.5L14 14");
  const checking = el("button.link", { _control: "check-methods", hidden: !check }, "Check sanity");
  set(checking, {
    title: "Compare the maps of the quick methods with those of a copy with random weights",
  });
  const list = el(".methods", { role: "listbox", id: listId, $label: "Method" });
  const none = el("p.facts", { hidden: true }, "No such method: try fewer letters.");
  const about = el("p.about.facts", { $live: "off" });
  const head = el(".sheethead", el(".field.find", lens, input), checking);
  const sheet = el(".popup.sheet", { role: "dialog", $label: "Methods", hidden: true });
  sheet.append(head, list, none, about);
  host.append(sheet);

  let cells: Cell[] = [];
  let built = "";
  let active: Cell | undefined;
  let chosen = "";
  let waiting: Cell[] = []; // for their previews
  let asked = false; // whether the checks were asked for

  const isOpen = (): boolean => !sheet.hidden;
  const shown = (): Cell[] => cells.filter(({ element }) => !element.hidden);
  const possible = (): Cell[] => shown().filter(({ offer }) => !reasonOf(offer));

  function build(all: readonly Offer[]): void {
    const key = all.map(({ card }) => `${card.name} ${card.title} ${card.family}`).join();
    if (key === built) return;
    built = key;
    const groups = new Map<string, HTMLElement>();
    list.replaceChildren();
    cells = all.map((offer, i) => {
      const { card } = offer;
      const canvas = el("canvas.preview", { $hidden: "true" });
      const words = el(".about-method", el("span.label", card.title), el("span.note"));
      const element = el(".option.offer", {
        id: `${listId}-${i}`,
        role: "option",
        _value: card.name,
        title: card.shows,
      });
      element.append(canvas, words);
      const cell: Cell = { element, canvas, offer };
      on(signal, element, "click", () => choose(cell));
      on(signal, element, "pointermove", () => active !== cell && describe(cell));
      on(signal, element, "pointerleave", () => describe(active));
      let group = groups.get(card.family);
      if (!group) {
        group = el(".offers");
        const named = { role: "group", $label: card.family };
        list.append(el(".family", named, el(".group", card.family), group));
        groups.set(card.family, group);
      }
      group.append(element);
      return cell;
    });
  }

  function update(): void {
    if (!isOpen()) return;
    const all = offers();
    build(all);
    waiting = [];
    for (const [i, cell] of cells.entries()) {
      const offer = all[i]!;
      cell.offer = offer;
      const reason = reasonOf(offer);
      const note = cell.element.querySelector(".xw-note")!;
      const time = reason ?? secondsInWords(offer.seconds);
      const chip = offer.likeness === undefined ? undefined : sanityOf(offer.likeness);
      const said = `${time} ${chip?.[0] ?? ""}`;
      if (note.getAttribute("data-xw-said") !== said) {
        note.replaceChildren(time || offer.card.cost);
        if (chip) note.append(el("span.chip", { _grade: chip[0], title: chip[1] }, chip[0]));
        set(note, { _said: said, title: time || offer.card.cost });
      }
      const sanity = chip ? `, ${chip[0]} its sanity check` : "";
      set(cell.element, {
        $label: `${offer.card.title}, ${reason ?? spoken(offer)}${sanity}`,
        $selected: String(offer.card.name === chosen),
        $disabled: reason ? "true" : null,
      });
      if (!reason || offer.frame) waiting.push(cell);
    }
    const left = all.filter((offer) => !offer.checked && !offer.card.anytime && !reasonOf(offer));
    write(checking, asked && left.length ? `Checking, ${left.length} left` : "Check sanity");
    checking.disabled = asked && left.length > 0;
    checking.hidden = !check || !left.length;
    draw();
    describe(active);
  }

  /** A few previews now, the others with the next frames of the screen: opening waits for none. */
  function draw(): void {
    for (let left = AT_ONCE; left && waiting.length; ) {
      const { canvas, offer } = waiting.shift()!;
      if (preview(canvas, offer.frame)) left -= 1;
    }
    if (waiting.length) requestAnimationFrame(() => isOpen() && draw());
  }

  function describe(cell: Cell | undefined): void {
    const card = cell?.offer.card;
    const found = cell?.offer.likeness;
    const sanity = found === undefined ? "" : ` ${sanityOf(found)[1]}`;
    write(about, card ? `${card.shows}${sanity} ${card.cost}.` : "");
    set(about, { title: about.textContent });
  }

  function activate(cell: Cell | undefined): void {
    active?.element.removeAttribute("data-xw-active");
    active = cell;
    for (const field of [input, button]) set(field, { $activedescendant: cell?.element.id });
    describe(cell);
    if (!cell) return;
    set(cell.element, { _active: true });
    // scrollIntoView would also scroll the notebook.
    const { offsetTop: top, offsetHeight: height } = cell.element;
    list.scrollTop = clamp(
      list.scrollTop,
      top + height - list.clientHeight + 4,
      Math.max(0, top - 28),
    );
  }

  /** To the next one in reading order, or in the row above or below. */
  function step(key: string): void {
    const able = possible();
    const at = able.indexOf(active!);
    const by = key === "ArrowRight" || key === "ArrowDown" ? 1 : -1;
    let next = able[at + by];
    if (key === "Home") next = able[0];
    else if (key === "End") next = able.at(-1);
    else if (key === "ArrowUp" || key === "ArrowDown") next = beside(able, by) ?? next;
    if (next && (by > 0 || at > 0 || key === "Home" || key === "End")) activate(next);
  }
  function beside(able: readonly Cell[], by: number): Cell | undefined {
    const here = active?.element;
    if (!here) return able[0];
    const ahead = able.filter(({ element }) => by * (element.offsetTop - here.offsetTop) > 0);
    if (!ahead.length)
      return able.every(({ element }) => element.offsetTop === 0) ? undefined : active;
    const row = ahead[by > 0 ? 0 : ahead.length - 1]!.element.offsetTop;
    const away = ({ element }: Cell): number => Math.abs(element.offsetLeft - here.offsetLeft);
    return ahead
      .filter(({ element }) => element.offsetTop === row)
      .sort((a, b) => away(a) - away(b))[0];
  }

  function filter(): void {
    const typed = input.value.trim();
    for (const { element, offer } of cells) element.hidden = !matches(offer.card, typed);
    for (const family of list.querySelectorAll<HTMLElement>(".xw-family"))
      family.hidden = !family.querySelector(".xw-offer:not([hidden])");
    none.hidden = shown().length > 0;
    const able = possible();
    const begins = able.find(({ offer }) => fold(offer.card.title).startsWith(fold(typed)));
    const own = able.find(({ offer }) => offer.card.name === chosen);
    activate((typed ? begins : own) ?? able[0]);
  }

  /** Under the button, as wide as there is room for, and no longer than what is seen of the card. */
  function place(): void {
    const card = host.getBoundingClientRect();
    const at = button.getBoundingClientRect();
    const top = at.bottom - card.top + 3;
    const most = Math.min(card.height, visibleHeight(host)) - top - 8;
    const seen = window.innerHeight - at.bottom - 12;
    const height = Math.max(LOWEST, Math.min(most, Math.max(seen, LOW)));
    sheet.style.cssText = `left:8px;top:${top}px;max-height:${height}px`;
  }

  function open(typed = ""): void {
    sheet.hidden = false;
    set(button, { $expanded: "true" });
    input.value = typed;
    update();
    place();
    filter();
    input.focus({ preventScroll: true });
  }
  function close(): void {
    if (!isOpen()) return;
    const { activeElement } = sheet.getRootNode() as Document | ShadowRoot;
    const inside = sheet.contains(activeElement);
    sheet.hidden = true;
    waiting = [];
    set(button, { $expanded: "false", $activedescendant: null });
    // What had the focus is gone.
    if (inside) button.focus({ preventScroll: true });
  }
  function choose(cell: Cell | undefined): void {
    if (!cell || reasonOf(cell.offer)) return;
    close();
    button.focus({ preventScroll: true });
    pick(cell.offer.card.name);
  }

  function press(event: KeyboardEvent): void {
    const { key, target } = event;
    const letter = /^[^ ?]$/.test(key) && !isCommand(event);
    if (!isOpen()) {
      if (letter) open(key);
      else if (key === "ArrowDown" || key === "ArrowUp") open();
      else return;
    } else if (key === "Escape") {
      close();
      event.stopPropagation(); // closing it was all it meant; the notebook must not take it
    } else if (key === "Tab") {
      if (target !== checking && (target === button || checking.hidden)) close();
      return;
    } else if (target === checking) return;
    else if (key === "Enter") choose(active);
    else if (/^(Arrow|Home$|End$)/.test(key)) step(key);
    else if (letter && target === button) {
      input.value += key;
      filter();
      input.focus();
    } else return;
    done(event);
  }

  on(signal, button, "click", () => (isOpen() ? close() : open()));
  for (const element of [button, sheet]) on(signal, element, "keydown", press);
  on(signal, input, "input", filter);
  // A press in the sheet must not take the focus from its filter.
  on(signal, sheet, "pointerdown mousedown", (event: Event) => {
    if (event.target !== input) done(event);
  });
  on(signal, host, "focusout", ({ relatedTarget, target }: FocusEvent) => {
    const ours = (at: EventTarget | null): boolean =>
      at === button || (at instanceof Node && sheet.contains(at));
    if (isOpen() && ours(target) && relatedTarget && !ours(relatedTarget)) close();
  });
  on(signal, host.ownerDocument, "pointerdown", (event: Event) => {
    const path = event.composedPath();
    if (isOpen() && !path.includes(sheet) && !path.includes(button)) close();
  });
  on(signal, checking, "click", () => {
    asked = true;
    check?.();
    update();
  });

  return {
    element: button,
    isOpen,
    close,
    /** Something about the methods has changed. */
    update,
    show(method: string, text: string, note: string): void {
      chosen = method;
      write(title, text);
      set(title, { title: text });
      write(hint, note);
      set(hint, { title: note || null }); // it is cut where there is little room
      set(button, { $label: `Method: ${text}${note && `, ${note}`}` });
      update();
    },
  };
}

const reasonOf = ({ card, open }: Offer): string | null =>
  card.unavailable || (open ? null : UNSAVED);

/** What is said of how long it takes. */
function spoken({ seconds, card }: Offer): string {
  if (!seconds) return card.cost;
  const time = secondsInWords(seconds).replace("≈\xa0", "");
  return seconds.measured ? `took ${time}` : `about ${time}, estimated`;
}
