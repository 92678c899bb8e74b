/** Making elements. Text from outside only ever becomes text. */

type Value = string | number | boolean | null | undefined;

/** Short forms: `_name` is data-xw-name, `$name` is aria-name. True is an empty attribute, false and null none. */
export type Attributes = Readonly<Record<string, Value>>;

type Tag<Spec extends string> = Spec extends `${infer Name}.${string}` ? Name : Spec;
type Made<Spec extends string> =
  Tag<Spec> extends keyof HTMLElementTagNameMap ? HTMLElementTagNameMap[Tag<Spec>] : HTMLDivElement;

/** `el("button.tool")` is a button of class xw-tool, `el(".row")` a div. */
export function el<Spec extends string>(
  spec: Spec,
  attributes: Attributes = {},
  ...children: Array<Node | string>
): Made<Spec> {
  const [tag, ...names] = spec.split(".");
  const element = document.createElement(tag || "div");
  if (tag === "button") set(element, { type: "button" });
  element.className = names.map((name) => `xw-${name}`).join(" ");
  set(element, attributes);
  element.append(...children);
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

/** Draws in the element's own lines: a 16 x 16 icon unless another box is given. */
export function svg(path: string, name = "", box = "0 0 16 16"): SVGElement {
  const made = (tag: string, attributes: Attributes): SVGElement => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    set(element, attributes);
    return element;
  };
  const drawing = made("svg", {
    class: name,
    viewBox: box,
    preserveAspectRatio: "none",
    $hidden: "true",
  });
  drawing.append(made("path", { d: path }));
  return drawing;
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
  el("section.section", {}, el("h3", {}, title), ...children);

export const row = (label: string, help: string, ...children: Node[]): HTMLElement =>
  el(".row", { title: help || null }, el("span.name", {}, label), ...children);

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
