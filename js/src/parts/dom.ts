/** Making elements. Text from outside only ever becomes text. */

export type Attributes = Readonly<Record<string, string | number | boolean | null | undefined>>;

export function el<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  name = "",
  attributes: Attributes = {},
  ...children: Array<Node | string>
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  if (name) element.className = name;
  set(element, attributes);
  element.append(...children);
  return element;
}

/** Sets attributes; true is an empty one, false and null take it away. */
export function set(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) element.removeAttribute(name);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
}

/** Writes only what differs: screen readers and selections are left in peace. */
export function write(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

const SVG = "http://www.w3.org/2000/svg";

/** A 16 x 16 line drawing. */
export function icon(path: string): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  set(svg, { class: "xw-icon", viewBox: "0 0 16 16", "aria-hidden": "true" });
  const line = document.createElementNS(SVG, "path");
  set(line, { d: path });
  svg.append(line);
  return svg;
}

export const CHEVRON = "M4 6.5l4 4 4-4";

export function button(
  name: string,
  attributes: Attributes,
  ...children: Array<Node | string>
): HTMLButtonElement {
  return el("button", name, { type: "button", ...attributes }, ...children);
}

let serial = 0;

/** An id no other view on the page has. */
export function freshId(): string {
  serial += 1;
  return `xw-${serial}-${Math.random().toString(36).slice(2, 7)}`;
}
