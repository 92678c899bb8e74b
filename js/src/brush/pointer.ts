/** Painting by mouse, pen, touch and keyboard, on a stage that would otherwise pan. */

import { done, el, on } from "../parts/dom";
import type { Point } from "./mask";

interface Acts {
  /** Whether the brush is on. */
  active(): boolean;
  /** The picture's width and height in pixels; 0 while there is nothing to paint on. */
  extent(): Point;
  /** The brush's diameter. */
  size(): number;
  beside(): boolean;
  /** Where the keyboard's cross stands, in shares of the picture. */
  spot(): Point | null;
  begin(): void;
  paint(from: Point, to: Point): void;
  /** Some of a stroke has been painted. */
  painted(): void;
  end(): void;
}

export function newPointer(signal: AbortSignal, root: HTMLElement, photo: HTMLElement, acts: Acts) {
  const pane = root.querySelector<HTMLElement>("[data-xw-stage]")!;
  const circle = el(".circle", { hidden: true });
  pane.append(circle);
  const boxOf = (element: Element): DOMRect => element.getBoundingClientRect();
  let last: Point | null = null; // while a stroke is being painted
  let pressed = 0; // the pointer that paints
  let over: PointerEvent | null = null; // where the pointer is, while it is over the picture
  let panning = false; // with the space bar held

  /** Where in the picture, in its pixels. */
  function place({ clientX, clientY }: MouseEvent): Point {
    const { left, top, width, height } = boxOf(photo);
    const outer = boxOf(pane);
    const half = acts.beside() ? outer.width / 2 : 0;
    const x = half && clientX - outer.left >= half ? clientX - half : clientX;
    const [w, h] = acts.extent();
    return [((x - left) / width) * w, ((clientY - top) / height) * h];
  }
  /** The circle is as large as what it will paint. */
  function follow(at: Point | null = over && place(over)): void {
    const [w] = acts.extent();
    circle.hidden = !acts.active() || !at || !w || panning;
    if (!at || circle.hidden) return;
    const { left, top, width } = boxOf(photo);
    const outer = boxOf(pane);
    const scale = width / w;
    const [x, y] = [left - outer.left + at[0] * scale, top - outer.top + at[1] * scale];
    circle.style.cssText = `left:${x}px;top:${y}px;width:${scale * acts.size()}px`;
  }
  function paint(to: Point): void {
    acts.paint(last ?? to, to);
    last = to;
  }

  /** Before the stage takes it for itself. */
  function first<Kind extends Event>(names: string, act: (event: Kind) => void): void {
    for (const name of names.split(" ")) {
      pane.addEventListener(name, act as (event: Event) => void, { signal, capture: true });
    }
  }
  const ready = (): boolean => acts.active() && !panning && acts.extent()[0] > 0;
  first("pointerdown", (event: PointerEvent) => {
    over = event;
    if (!ready() || event.button) return;
    event.stopImmediatePropagation();
    if (last) return; // a second finger
    pane.setPointerCapture(event.pointerId);
    pressed = event.pointerId;
    acts.begin();
    paint(place(event));
    follow(); // before bars and words are written, which would have it wait for their layout
    acts.painted();
  });
  first("pointermove", (event: PointerEvent) => {
    if (last && event.pointerId !== pressed) return;
    over = event;
    const between = event.getCoalescedEvents?.() ?? [];
    if (last) for (const step of between.length ? between : [event]) paint(place(step));
    follow();
    if (last) acts.painted();
  });
  first("pointerup pointercancel lostpointercapture", (event: PointerEvent) => {
    if (!last || event.pointerId !== pressed) return;
    last = null;
    if (event.pointerType === "touch") over = null;
    follow();
    acts.end();
  });
  first("pointerleave", (event: PointerEvent) => {
    // Seen here too: a stroke's pointer leaves the canvas for the pane that takes it.
    if (event.target !== pane) return;
    over = null;
    follow();
  });
  first("dblclick", (event) => ready() && event.stopImmediatePropagation());
  // The middle button pans; it must not scroll the page as well.
  first("mousedown", (event: MouseEvent) => {
    if (acts.active() && event.button === 1) done(event);
  });
  on(signal, pane, "wheel", () => follow());
  on(signal, pane, "blur", () => {
    panning = false;
    follow();
  });
  on(signal, root, "keyup", ({ key }: KeyboardEvent) => {
    if (key !== " " || !panning) return;
    panning = false;
    follow();
  });

  /** The keyboard's cross, with a dab of paint or without. */
  function cross(dab: boolean): void {
    const [w, h] = acts.extent();
    const [x, y] = acts.spot() ?? [0.5, 0.5];
    const at: Point = [x * w, y * h];
    over = null;
    if (dab && ready()) {
      acts.begin();
      paint(at);
      last = null;
      acts.painted();
      acts.end();
    }
    follow(at);
  }

  return {
    follow,
    painting: (): boolean => !!last,
    focus: (): void => pane.focus({ preventScroll: true }),
    /** What a key does on the picture; tells whether it did. The stage has moved its cross already. */
    press({ key, target, defaultPrevented }: KeyboardEvent): boolean {
      if (target !== pane || !acts.active()) return false;
      if (key.startsWith("Arrow")) cross(false);
      else if (defaultPrevented) follow();
      else if (key === " " && over) {
        panning = true;
        follow();
      } else if (key === " " || key === "Enter") cross(true);
      else return false;
      return true;
    },
  };
}
