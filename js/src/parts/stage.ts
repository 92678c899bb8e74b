/** The picture with its heat: zoom, pan, swipe, and the value under the cursor. */
import { signed } from "../core/format";
import {
  ALL,
  around,
  arrowOf,
  type Box,
  type Cell,
  cellIn,
  centre,
  centreIn,
  centreOf,
  clamp,
  panBy,
  placeOf,
  type Size,
  stepCell,
  WHOLE,
  type Zoom,
  zoomAt,
} from "../core/geometry";
import { type Appearance, atEnd } from "../core/model";
import { valueAt } from "../maps/levels";
import { done, el, isCommand, on, say, set, svg, tool } from "./dom";
import type { Painted } from "./heat";

const BRUSH = "M13 3L8 9c-2-1-4 0-4 2 0 1-1 2-2 2 3 1 7 0 6-4";
const CORNERS = "M3 6V3h3M10 3h3v3M13 10v3h-3M6 13H3v-3";

const TAP = 8; // pixels that a finger may move while it taps
const HINTS = 2; // times that a plain wheel is told what zooms
const HINTED = 1600; // milliseconds
const DIM = "#0b0d118c"; // over what the network is not given, as in stage.css
const SMALLEST = 0.4; // of the whole photograph's sides: a smaller crop is shown alone

export type Spot = readonly [x: number, y: number];

/** A larger picture of the same, and which part of it the picture is. */
export interface Photograph extends Size {
  window: Box;
}

export type Stage = ReturnType<typeof newStage>;

const MAC = /Mac|iP(hone|ad)/.test(globalThis.navigator?.platform ?? "");

/**
 * `pointed` is told the value under the cursor, and the words for it when it was moved by keyboard; and how
 * far it is zoomed, and where the cursor is in shares of the picture. `brush` is what its button does, if
 * there is to be one. With `strip` the tools stand below the picture, with room for others between. `moved` is
 * told where the handle of a swipe stands.
 */
export function newStage(
  signal: AbortSignal,
  pointed: (value: number | null, spoken: string, zoom: Zoom, spot: Spot | null) => void,
  brush: false | (() => void),
  strip = false,
  moved?: (split: number) => void,
) {
  const sharp = el("canvas.canvas.sharp", { _canvas: "photograph" });
  const photo = el("canvas.canvas", { _canvas: "picture" });
  const paint = el("canvas.canvas", { _canvas: "paint" });
  const heat = el("canvas.canvas", { _canvas: "heat" });
  const second = el("canvas.canvas", { _canvas: "second" });
  const veil = el(".heat", heat);
  const otherVeil = el(".heat.beyond", { hidden: true }, second);
  const crop = el(".crop", { hidden: true, _crop: true });
  const ring = el(".ring", { hidden: true });
  const readout = el(".readout.pill", { hidden: true, _readout: true });
  const plate = el(".plate.pill", { hidden: true, _plate: true });
  const hint = el(
    ".wheel.pill",
    { hidden: true, _hint: true },
    `${MAC ? "⌘" : "Ctrl"} + wheel zooms`,
  );
  const slides = { hidden: true, role: "slider", tabindex: 0, $label: "Swipe", _control: "swipe" };
  const handle = el(".handle", slides, el("span.grip", svg("M6 4L2.5 8 6 12M10 4l3.5 4L10 12")));
  const reads = { tabindex: 0, role: "application", $label: "Picture", _stage: true };
  const under = el(".under", photo, sharp, paint);
  const pane = el(".pane", reads, under, veil, otherVeil, crop, ring, plate);
  const tools = [
    tool(signal, "zoom-out", "Zoom out (−)", "M4 8h8", () => zoomBy(1 / 1.5)),
    tool(signal, "zoom-in", "Zoom in (+)", "M4 8h8M8 4v8", () => zoomBy(1.5)),
    tool(signal, "zoom-reset", "Whole picture (0)", CORNERS, () => zoomBy(0)),
  ];
  /** What is written at the upper edge of the picture. */
  const captions = el(".captions", { hidden: true });
  const frame = el(".frame", pane, handle, captions, readout, hint);
  const element = el(".stage", el(".mat", frame));
  /** Where others put what belongs to the picture. */
  const slot = el(".tray");
  if (strip) {
    const bar = el(".strip", slot, el(".zooms", ...tools));
    if (brush) {
      const words = { title: "Paint over the picture (B)", $pressed: "false", _control: "brush" };
      const button = el("button.toggle", words, svg(BRUSH), el("span", "Paint"));
      on(signal, button, "click", brush);
      bar.prepend(button);
    }
    element.append(bar);
  } else frame.append(el(".tools.pill", ...tools));

  let zoom: Zoom = WHOLE;
  let split = 0.5;
  let cell: Cell | null = null;
  let byKeyboard = false;
  let size: Size = { width: 1, height: 1 };
  let painted: Painted | undefined;
  let other: Painted | undefined; // right of the handle
  let larger: Photograph | undefined;
  let ready = false; // whether the photograph is painted
  let backdrop: Appearance["backdrop"];
  let arrangement: Appearance["arrangement"] = "overlay";
  let mix = "";
  /** Where the network's picture is in the pane, and where the photograph; null: it is not shown. */
  let box: Box = ALL;
  let whole: Box | null = null;
  let ratio = 1;
  let covered: (cell: Cell) => boolean = () => false;
  let hints = 0;
  /** Side by side the pane holds two pictures: this many. */
  const panels = (): number => (arrangement === "side_by_side" ? 2 : 1);

  /** What lies under the map, and where. */
  function compose(look?: Appearance): void {
    if (look) ({ arrangement, backdrop } = look);
    const before = `${ratio} ${box.width}`;
    const { window } = larger ?? { window: ALL };
    const shown = backdrop !== "input" && larger;
    const alone = panels() > 1 || Math.min(window.width, window.height) < SMALLEST;
    [box, whole] = !shown ? [ALL, null] : alone ? [ALL, around(window)] : [window, ALL];
    ratio = size.width / size.height;
    if (shown) ratio = shown.width / shown.height;
    if (shown && alone) ratio *= window.width / window.height;
    sharp.hidden = !(shown && ready);
    photo.style.visibility = shown && ready ? "hidden" : "";
    set(element, { _backdrop: shown ? "photograph" : "input" });
    if (before !== `${ratio} ${box.width}`) [zoom, cell] = [WHOLE, null];
  }

  function lay({ style }: HTMLElement, at: Box): void {
    const { scale, x, y } = zoom;
    const [across, down] = [
      (x + (scale - 1) * at.x) / at.width,
      (y + (scale - 1) * at.y) / at.height,
    ];
    style.left = `${100 * at.x}%`;
    style.top = `${100 * at.y}%`;
    style.width = `${100 * at.width}%`;
    style.height = `${100 * at.height}%`;
    style.transform = `translate(${100 * across}%, ${100 * down}%) scale(${scale})`;
  }

  function draw(): void {
    const { scale, x, y } = zoom;
    for (const canvas of [photo, paint, heat, second]) lay(canvas, box);
    if (whole) lay(sharp, whole);
    crop.hidden = box.width > 0.999 && box.height > 0.999;
    const [left, top] = [x + scale * box.x, y + scale * box.y];
    const sides = [left, top, scale * box.width, scale * box.height].map(
      (share) => `${100 * share}%`,
    );
    crop.style.cssText = `left:${sides[0]};top:${sides[1]};width:${sides[2]};height:${sides[3]}`;
    set(element, {
      _arrangement: arrangement,
      _zoom: +scale.toFixed(3),
      _zoomed: scale > 1,
      // From here on single pixels are what one wants to see.
      _pixels: (scale * box.width * pane.clientWidth) / size.width >= 6 * panels(),
    });
    element.style.setProperty("--xw-aspect", String(panels() * ratio));
    const share = Math.round(100 * split);
    const right = arrangement === "swipe" ? 100 * (1 - split) : 0;
    veil.style.cssText = `${mix};clip-path:inset(0 ${right}% 0 0)`;
    otherVeil.style.cssText = `${mix};clip-path:inset(0 0 0 ${100 * split}%)`;
    handle.style.left = `${100 * split}%`;
    const whose = other ? "first map" : "heatmap";
    set(handle, { $valuenow: share, $valuetext: `${share} % ${whose}` });
    point(cell, byKeyboard);
  }

  /** Factor 0 shows the whole picture. */
  function zoomBy(factor: number, px = 0.5, py = 0.5): void {
    zoom = factor ? zoomAt(zoom, factor, px, py) : WHOLE;
    draw();
  }
  const spot = (): Spot | null => cell && centreOf(WHOLE, cell, size);
  function splitAt(share: number): void {
    split = clamp(share, 0, 1);
    draw();
    moved?.(split);
  }
  function point(to: Cell | null, keyboard = false): void {
    cell = to;
    byKeyboard = keyboard;
    const there = !!cell && !covered(cell);
    ring.hidden = readout.hidden = !there;
    if (!cell) {
      pointed(null, "", zoom, null);
      return;
    }
    const [x, y] = centreIn(zoom, box, cell, size);
    // In the panel of the map, the last one.
    ring.style.cssText = `left:${100 * (1 - (1 - x) / panels())}%;top:${100 * y}%`;
    const place = `row ${cell.row}, col ${cell.column}`;
    const map = other && x > split ? other : painted;
    const value = map && there ? valueAt(map.map, cell.row, cell.column) : null;
    const text = value === null ? "" : signed(value);
    readout.replaceChildren(place, el("b", text));
    const words = there ? text : "painted over";
    pointed(value, byKeyboard ? `${place}: ${words}` : "", zoom, spot());
  }

  /** Where in its panel, in shares of the panel's size. */
  function within({ clientX, clientY }: { clientX: number; clientY: number }): [number, number] {
    const { left, top, width: w, height: h } = pane.getBoundingClientRect();
    const x = (panels() * (clientX - left)) / w;
    return [x >= 1 && x < panels() ? x - 1 : x, (clientY - top) / h];
  }
  const cellUnder = (event: MouseEvent): Cell | null => cellIn(zoom, box, ...within(event), size);
  /** Calls back with the shift of every move, in shares of a panel, until the pointer is let go. */
  function drag(begin: PointerEvent, moved: (x: number, y: number) => void): void {
    const target = begin.currentTarget as HTMLElement;
    const { clientWidth: w, clientHeight: h } = pane;
    const end = new AbortController();
    let last = begin;
    target.setPointerCapture(begin.pointerId);
    on(end.signal, target, "pointermove", (event: PointerEvent) => {
      if (event.pointerId !== begin.pointerId) return;
      const [dx, dy] = [event.clientX - last.clientX, event.clientY - last.clientY];
      last = event;
      if (fingers.size < 2) moved((panels() * dx) / w, dy / h);
    });
    on(end.signal, target, "pointerup pointercancel lostpointercapture", () => end.abort());
  }

  // Two fingers zoom and move; one that only taps reads a value.
  const fingers = new Map<number, PointerEvent>();
  let tapped: PointerEvent | null = null;
  const between = (): { clientX: number; clientY: number; apart: number } => {
    const [a, b] = [...fingers.values()] as [PointerEvent, PointerEvent];
    const apart = Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY) || 1;
    return { clientX: (a.clientX + b.clientX) / 2, clientY: (a.clientY + b.clientY) / 2, apart };
  };
  on(signal, pane, "pointerdown", (event: PointerEvent) => {
    if (event.pointerType !== "touch") return;
    if (event.isPrimary) fingers.clear(); // whatever became of earlier ones
    fingers.set(event.pointerId, event);
    tapped = fingers.size === 1 ? event : null;
  });
  on(signal, pane, "pointermove", (event: PointerEvent) => {
    if (!fingers.has(event.pointerId)) return;
    const before = fingers.size === 2 && between();
    fingers.set(event.pointerId, event);
    if (!before) return;
    const after = between();
    const [px, py] = within(before);
    const [x, y] = within(after);
    zoom = panBy(zoomAt(zoom, after.apart / before.apart, px, py), x - px, y - py);
    point(null);
    draw();
  });
  on(signal, pane, "pointerup pointercancel", (event: PointerEvent) => {
    fingers.delete(event.pointerId);
    if (event.type === "pointercancel" || tapped?.pointerId !== event.pointerId) return;
    const far = Math.hypot(event.clientX - tapped.clientX, event.clientY - tapped.clientY);
    if (far <= TAP) point(cellUnder(event));
  });

  // Two fingers must not scroll the page meanwhile.
  on(signal, pane, "touchstart touchmove", (event: TouchEvent) => {
    if (event.touches.length > 1) done(event);
  });

  on(signal, pane, "pointermove", (event: PointerEvent) => {
    if (event.pointerType !== "touch") point(cellUnder(event));
  });
  on(signal, pane, "pointerleave", (event: PointerEvent) => {
    if (!byKeyboard && event.pointerType !== "touch") point(null);
  });
  on(signal, pane, "blur", () => point(null));
  on(signal, pane, "dblclick", () => zoomBy(0));
  on(signal, pane, "pointerdown", (event: PointerEvent) => {
    if (event.button > 1 || zoom.scale === 1) return;
    drag(event, (dx, dy) => {
      zoom = panBy(zoom, dx, dy);
      draw();
    });
  });
  let hinting: ReturnType<typeof setTimeout> | undefined;
  atEnd(signal, () => clearTimeout(hinting));
  on(signal, pane, "wheel", (event: WheelEvent) => {
    if (event.ctrlKey || event.metaKey) {
      done(event);
      hint.hidden = true;
      hints = HINTS; // it is known
      zoomBy(Math.exp(-clamp(event.deltaY, -60, 60) / 120), ...within(event));
    } else if (strip && (hints < HINTS || !hint.hidden)) {
      // A plain wheel scrolls the notebook.
      if (hint.hidden) hints += 1;
      hint.hidden = false;
      clearTimeout(hinting);
      hinting = setTimeout(() => {
        hint.hidden = true;
      }, HINTED);
    }
  });
  on(signal, pane, "keydown", (event: KeyboardEvent) => {
    const { key, shiftKey } = event;
    if (isCommand(event)) return;
    const from = cell ?? { row: size.height >> 1, column: size.width >> 1 };
    const factor = { "+": 1.5, "=": 1.5, "-": 1 / 1.5, "0": 0 }[key];
    const next = stepCell(from, key, shiftKey, size);
    if (factor !== undefined) {
      zoomBy(factor, ...(cell ? centreIn(zoom, box, cell, size) : []));
    } else if (next) {
      cell = cell ? next : from; // the first key only shows where it is
      zoom = centre(zoom, ...placeOf(box, ...centreOf(WHOLE, cell, size)));
      byKeyboard = true;
      draw();
    } else return;
    done(event);
  });
  on(signal, handle, "pointerdown", (event: PointerEvent) =>
    drag(event, (dx) => splitAt(split + dx)),
  );
  on(signal, handle, "dblclick", () => splitAt(0.5));
  on(signal, handle, "keydown", (event: KeyboardEvent) => {
    const arrow = (arrowOf(event.key) ?? 0) * (event.shiftKey ? 10 : 1);
    const step = arrow || { PageUp: 10, PageDown: -10, Home: -99, End: 99 }[event.key];
    if (!step) return;
    done(event);
    splitAt(split + step / 50);
  });

  return {
    element,
    slot,
    captions,
    sharp,
    photo,
    heat,
    second,
    /** Where the cursor is, in shares of the picture. */
    spot,
    /** Width over height of what is shown with this look, all panels together. */
    ratio(look: Appearance): number {
      compose(look);
      return panels() * ratio;
    },
    /** What is seen, for those who do not see it. */
    describe: (text: string): void => set(pane, { $label: text }),
    resize({ width, height }: Size, photograph?: Photograph): void {
      size = { width, height };
      larger = photograph;
      ready = false;
      Object.assign(paint, { width, height });
      cell = null;
      zoom = WHOLE;
      ratio = width / height;
      draw();
    },
    /** The photograph is painted. */
    sharpen(): void {
      ready = true;
      compose();
      draw();
    },
    /** Where the map is not seen, and no value is to be read. */
    cover(by: (cell: Cell) => boolean): void {
      covered = by;
      draw();
    },
    /** `beyond` is what is at the right of a swipe's handle, if not the picture alone. */
    show(
      now: Painted | undefined,
      look: Appearance,
      faint: boolean,
      words: string,
      beyond?: Painted,
    ): void {
      painted = now;
      other = beyond;
      split = look.split ?? split;
      compose(look);
      const alone = panels() > 1;
      const opacity = (alone ? 1 : look.opacity) * (faint ? 0.3 : 1);
      mix = `opacity:${opacity};mix-blend-mode:${alone ? "normal" : look.blend}`;
      veil.hidden = !now;
      otherVeil.hidden = !other;
      handle.hidden = arrangement !== "swipe";
      say(plate, words);
      draw();
    },
    /** Follows another stage: its zoom, and its cursor. */
    follow(other: Zoom, at: Spot | null): void {
      zoom = other;
      cell = at && cellIn(WHOLE, ALL, ...at, size);
      byKeyboard = false;
      draw();
    },
    reset(): void {
      splitAt(0.5);
      zoomBy(0);
    },
    /** What is on the stage as one picture: `scale` times the picture's own size, or the photograph's. */
    snapshot({ opacity, blend }: Appearance, scale: number): HTMLCanvasElement {
      let [w, h] = [size.width * scale, size.height * scale];
      if (whole && larger) {
        w = Math.round(larger.width / whole.width);
        h = Math.round(larger.height / whole.height);
      }
      const alone = panels() > 1;
      const picture = el("canvas", { width: panels() * w, height: h });
      const context = picture.getContext("2d")!;
      const put = (canvas: HTMLCanvasElement, at: Box, left = 0): void => {
        const [x, y] = [left + w * at.x, h * at.y];
        context.drawImage(canvas, x, y, w * at.width, h * at.height);
      };
      const within = (left: number, width: number, act: () => void): void => {
        context.save();
        context.beginPath();
        context.rect(left, 0, width, h);
        context.clip();
        act();
        context.restore();
      };
      within(0, w, () => {
        if (whole && ready) put(sharp, whole);
        else put(photo, box);
        if (paint.width) put(paint, box);
      });
      if (!crop.hidden) {
        context.fillStyle = DIM;
        context.beginPath();
        context.rect(0, 0, w, h);
        context.rect(w * box.x, h * box.y, w * box.width, h * box.height);
        context.fill("evenodd");
      }
      const lain = (canvas: HTMLCanvasElement, left: number, width: number): void =>
        within(left, width, () => {
          if (!alone) {
            context.globalAlpha = opacity;
            context.globalCompositeOperation = blend === "normal" ? "source-over" : blend;
          }
          put(canvas, box, alone ? w : 0);
        });
      const swipes = arrangement === "swipe";
      if (painted) lain(heat, alone ? w : 0, swipes ? w * split : w);
      if (other) lain(second, w * split, w * (1 - split));
      if (swipes) {
        context.fillStyle = "#fff";
        context.fillRect(w * split - 1, 0, 2, h);
      }
      return picture;
    },
  };
}
