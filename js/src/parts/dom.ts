/** Making elements. Text from outside only ever becomes text. */

import { atEnd } from "../core/model";

type Value = string | number | boolean | null | undefined;

/** Short forms: `_name` is data-xw-name, `$name` is aria-name. True is an empty attribute, false and null none. */
export type Attributes = Readonly<Record<string, Value>>;

type Tag<Spec extends string> = Spec extends `${infer Name}.${string}` ? Name : Spec;
type Made<Spec extends string> =
  Tag<Spec> extends keyof HTMLElementTagNameMap ? HTMLElementTagNameMap[Tag<Spec>] : HTMLDivElement;

/** A part of a view: its element, and how to bring that up to date. */
export type Part<Shown extends unknown[] = []> = [
  element: HTMLElement,
  show: (...shown: Shown) => void,
];

/** `el("button.tool")` is a button of class xw-tool, `el(".row")` a div. Attributes come before children. */
export function el<Spec extends string>(
  spec: Spec,
  ...parts: ReadonlyArray<Attributes | Node | string>
): Made<Spec> {
  const [tag, ...names] = spec.split(".");
  const element = document.createElement(tag || "div");
  if (tag === "button") set(element, { type: "button" });
  element.className = names.map((name) => `xw-${name}`).join(" ");
  for (const part of parts) {
    if (typeof part === "string" || part instanceof Node) element.append(part);
    else set(element, part);
  }
  return element as Made<Spec>;
}

export function set(element: Element, attributes: Attributes): void {
  for (const [short, value] of Object.entries(attributes)) {
    const name = short.replace("_", "data-xw-").replace("$", "aria-");
    if (value == null || value === false) element.removeAttribute(name);
    else element.setAttribute(name, value === true ? "" : `${value}`);
  }
}

/** Writes only what differs: screen readers and selections are left in peace. */
export function write(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Words that are there only while there is something to say. */
export function say(element: HTMLElement, text: string): void {
  element.hidden = !text;
  write(element, text);
}

/** Listens to one or more events, separated by spaces, until the view is gone. */
export function on<Kind extends Event>(
  signal: AbortSignal,
  target: EventTarget,
  names: string,
  listener: (event: Kind) => void,
): void {
  for (const name of names.split(" ")) {
    // Never passive: a handler that takes a wheel turn or a key keeps the notebook from taking it too.
    target.addEventListener(name, listener as (event: Event) => void, { signal, passive: false });
  }
}

/** This event is dealt with: the browser need not do what it usually does. */
export const done = (event: Event): void => event.preventDefault();

/** Whether a key is pressed together with one that makes it a command of the browser or the notebook. */
export const isCommand = ({ ctrlKey, metaKey, altKey }: KeyboardEvent): boolean =>
  ctrlKey || metaKey || altKey;

export function shape(
  tag: string,
  attributes: Attributes,
  ...children: Array<Node | string>
): SVGElement {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  set(made, attributes);
  made.append(...children);
  return made;
}

/** Draws in the element's own lines: a 16 x 16 icon unless another box is given. */
export function svg(d: string, name = "", viewBox = "0 0 16 16"): SVGElement {
  const attributes = { class: name, viewBox, preserveAspectRatio: "none", $hidden: "true" };
  return shape("svg", attributes, shape("path", { d }));
}

/** A square button with an icon. */
export function tool(
  signal: AbortSignal,
  control: string,
  label: string,
  path: string,
  act: () => void,
  more: Attributes = {},
): HTMLButtonElement {
  const named = { _control: control, title: label, $label: label, ...more };
  const made = el("button.tool", named, svg(path));
  on(signal, made, "click", act);
  return made;
}

export const section = (title: string, ...children: Node[]): HTMLElement =>
  el("section.section", el("h3", title), ...children);

export const row = (label: string, help: string, ...children: Node[]): HTMLElement =>
  el(".row", { title: help || null }, el("span.name", label), ...children);

/** Returns a signal that ends with the view, or when the next one is asked for. */
export function renewable(signal: AbortSignal): () => AbortSignal {
  let end = new AbortController();
  atEnd(signal, () => end.abort());
  return () => {
    end.abort();
    end = new AbortController();
    return end.signal;
  };
}

/**
 * Keeps a line for each of some items in an element, below what stands there already. Returns how to show
 * other items: all lines are then made anew, and the listeners of the old ones end. `key` tells whether the
 * items are others.
 */
export function lines<Item, Shown extends unknown[] = []>(
  signal: AbortSignal,
  parent: HTMLElement,
  line: (
    item: Item,
    number: number,
    alive: AbortSignal,
  ) => [HTMLElement | HTMLElement[], (...shown: Shown) => void],
): (items: readonly Item[], key?: unknown) => ReadonlyArray<(...shown: Shown) => void> {
  const fixed = [...parent.children];
  const renew = renewable(signal);
  let built: unknown;
  let shows: Array<(...shown: Shown) => void> = [];
  return (items, key = items) => {
    if (key === built) return shows;
    built = key;
    const alive = renew();
    const made = items.map((item, i) => line(item, i, alive));
    shows = made.map(([, show]) => show);
    parent.replaceChildren(...fixed, ...made.flatMap(([elements]) => elements));
    return shows;
  };
}

/** Paints one line of colours, left to right: rgba of each of its pixels. */
export function paintLine(
  canvas: HTMLCanvasElement,
  length: number,
  colour: (i: number) => readonly number[],
): void {
  canvas.width = length;
  canvas.height = 1;
  const image = new ImageData(length, 1);
  for (let i = 0; i < length; i++) image.data.set(colour(i), 4 * i);
  canvas.getContext("2d")?.putImageData(image, 0, 0);
}

/** An id no other view on the page has. */
export const freshId = (): string => `xw-${Math.random().toString(36).slice(2)}`;
