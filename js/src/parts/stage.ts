/** The picture with its heat: zoom, pan, swipe, and the value under the cursor. */
import { signed } from "../core/format";
import {
  arrowOf,
  type Cell,
  cellAt,
  centre,
  centreOf,
  clamp,
  panBy,
  type Size,
  stepCell,
  WHOLE,
  type Zoom,
  zoomAt,
} from "../core/geometry";
import type { Appearance } from "../core/model";
import { valueAt } from "../maps/levels";
import { done, el, isCommand, on, say, set, svg, tool } from "./dom";
import type { Painted } from "./heat";

const BRUSH = "M13 3L8 9c-2-1-4 0-4 2 0 1-1 2-2 2 3 1 7 0 6-4";
const CORNERS = "M3 6V3h3M10 3h3v3M13 10v3h-3M6 13H3v-3";

export type Spot = readonly [x: number, y: number];

export type Stage = ReturnType<typeof newStage>;

/**
 * `pointed` is told the value under the cursor, and the words for it when it was moved by keyboard; and how
 * far it is zoomed, and where the cursor is in shares of the picture. `brush` is what its button does, if
 * there is to be one.
 */
export function newStage(
  signal: AbortSignal,
  pointed: (value: number | null, spoken: string, zoom: Zoom, spot: Spot | null) => void,
  brush: false | (() => void),
) {
  const photo = el("canvas.canvas", { _canvas: "picture" });
  const heat = el("canvas.canvas", { _canvas: "heat" });
  const veil = el(".heat", heat);
  const ring = el(".ring", { hidden: true });
  const readout = el(".readout.pill", { hidden: true, _readout: true });
  const plate = el(".plate.pill", { hidden: true, _plate: true });
  const slides = { role: "slider", tabindex: 0, $label: "Swipe", _control: "swipe" };
  const handle = el(".handle", slides, el("span.grip", svg("M6 4L2.5 8 6 12M10 4l3.5 4L10 12")));
  const reads = { tabindex: 0, role: "application", $label: "Picture", _stage: true };
  const pane = el(".pane", reads, photo, veil, ring, plate);
  const tools = [
    tool(signal, "zoom-out", "Zoom out (−)", "M4 8h8", () => zoomBy(1 / 1.5)),
    tool(signal, "zoom-in", "Zoom in (+)", "M4 8h8M8 4v8", () => zoomBy(1.5)),
    tool(signal, "zoom-reset", "Whole picture (0)", CORNERS, () => zoomBy(0)),
  ];
  if (brush) tools.unshift(tool(signal, "brush", "Brush (B)", BRUSH, brush, { $pressed: "false" }));
  const frame = el(".frame", pane, handle);
  const element = el(".stage", frame, readout, el(".tools.pill", ...tools));
  let zoom: Zoom = WHOLE;
  let split = 0.5;
  let cell: Cell | null = null;
  let byKeyboard = false;
  let size: Size = { width: 1, height: 1 };
  let painted: Painted | undefined;
  let arrangement: Appearance["arrangement"] = "overlay";
  let mix = "";
  /** Side by side the pane holds two pictures: this many. */
  const panels = (): number => (arrangement === "side_by_side" ? 2 : 1);

  function draw(): void {
    const { scale, x, y } = zoom;
    for (const { style } of [photo, heat]) {
      style.transform = `translate(${100 * x}%, ${100 * y}%) scale(${scale})`;
    }
    set(element, {
      _arrangement: arrangement,
      _zoom: +scale.toFixed(3),
      _zoomed: scale > 1,
      // From here on single pixels are what one wants to see.
      _pixels: (scale * pane.clientWidth) / size.width >= 6 * panels(),
    });
    element.style.setProperty("--xw-aspect", String((panels() * size.width) / size.height));
    const share = Math.round(100 * split);
    const right = arrangement === "swipe" ? 100 * (1 - split) : 0;
    veil.style.cssText = `${mix};clip-path:inset(0 ${right}% 0 0)`;
    handle.style.left = `${100 * split}%`;
    set(handle, { $valuenow: share, $valuetext: `${share} % heatmap` });
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
  }
  function point(to: Cell | null, keyboard = false): void {
    cell = to;
    byKeyboard = keyboard;
    ring.hidden = readout.hidden = !cell;
    if (!cell) {
      pointed(null, "", zoom, null);
      return;
    }
    const [x, y] = centreOf(zoom, cell, size);
    // In the panel of the map, the last one.
    ring.style.cssText = `left:${100 * (1 - (1 - x) / panels())}%;top:${100 * y}%`;
    const place = `row ${cell.row}, col ${cell.column}`;
    const value = painted ? valueAt(painted.map, cell.row, cell.column) : null;
    const text = value === null ? "" : signed(value);
    readout.replaceChildren(place, el("b", text));
    pointed(value, byKeyboard ? `${place}: ${text}` : "", zoom, spot());
  }

  /** Where in its panel, in shares of the panel's size. */
  function within({ clientX, clientY }: MouseEvent): [number, number] {
    const { left, top, width: w, height: h } = pane.getBoundingClientRect();
    const x = (panels() * (clientX - left)) / w;
    return [x >= 1 && x < panels() ? x - 1 : x, (clientY - top) / h];
  }
  /** Calls back with the shift of every move, in shares of a panel, until the pointer is let go. */
  function drag(begin: PointerEvent, moved: (x: number, y: number) => void): void {
    const target = begin.currentTarget as HTMLElement;
    const { clientWidth: w, clientHeight: h } = pane;
    const end = new AbortController();
    let last = begin;
    target.setPointerCapture(begin.pointerId);
    on(end.signal, target, "pointermove", (event: PointerEvent) => {
      moved((panels() * (event.clientX - last.clientX)) / w, (event.clientY - last.clientY) / h);
      last = event;
    });
    on(end.signal, target, "pointerup pointercancel lostpointercapture", () => end.abort());
  }

  on(signal, pane, "pointermove", (event: PointerEvent) =>
    point(cellAt(zoom, ...within(event), size)),
  );
  on(signal, pane, "pointerleave", () => byKeyboard || point(null));
  on(signal, pane, "blur", () => point(null));
  on(signal, pane, "dblclick", () => zoomBy(0));
  on(signal, pane, "pointerdown", (event: PointerEvent) => {
    if (event.button > 1 || zoom.scale === 1) return;
    drag(event, (dx, dy) => {
      zoom = panBy(zoom, dx, dy);
      draw();
    });
  });
  on(signal, pane, "wheel", (event: WheelEvent) => {
    if (!event.ctrlKey && !event.metaKey) return; // a plain wheel scrolls the notebook
    done(event);
    zoomBy(Math.exp(-clamp(event.deltaY, -60, 60) / 120), ...within(event));
  });
  on(signal, pane, "keydown", (event: KeyboardEvent) => {
    const { key, shiftKey } = event;
    if (isCommand(event)) return;
    const from = cell ?? { row: size.height >> 1, column: size.width >> 1 };
    const factor = { "+": 1.5, "=": 1.5, "-": 1 / 1.5, "0": 0 }[key];
    const next = stepCell(from, key, shiftKey, size);
    if (factor !== undefined) {
      zoomBy(factor, ...(cell ? centreOf(zoom, cell, size) : []));
    } else if (next) {
      cell = cell ? next : from; // the first key only shows where it is
      zoom = centre(zoom, ...centreOf(WHOLE, cell, size));
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
    photo,
    heat,
    /** Where the cursor is, in shares of the picture. */
    spot,
    /** What is seen, for those who do not see it. */
    describe: (text: string): void => set(pane, { $label: text }),
    resize({ width, height }: Size): void {
      size = { width, height };
      cell = null;
      draw();
    },
    show(now: Painted | undefined, look: Appearance, faint: boolean, words: string): void {
      ({ arrangement } = look);
      painted = now;
      const alone = panels() > 1;
      const opacity = (alone ? 1 : look.opacity) * (faint ? 0.3 : 1);
      mix = `opacity:${opacity};mix-blend-mode:${alone ? "normal" : look.blend}`;
      veil.hidden = !now;
      handle.hidden = arrangement !== "swipe";
      say(plate, words);
      draw();
    },
    /** Follows another stage: its zoom, and its cursor. */
    follow(other: Zoom, at: Spot | null): void {
      zoom = other;
      cell = at && cellAt(WHOLE, ...at, size);
      byKeyboard = false;
      draw();
    },
    reset(): void {
      split = 0.5;
      zoomBy(0);
    },
    /** What is on the stage as one picture, `scale` times its own size. */
    snapshot({ opacity, blend }: Appearance, scale: number): HTMLCanvasElement {
      const [w, h] = [size.width * scale, size.height * scale];
      const alone = panels() > 1;
      const picture = el("canvas", { width: panels() * w, height: h });
      const context = picture.getContext("2d")!;
      context.drawImage(photo, 0, 0, w, h);
      if (!alone) {
        context.globalAlpha = opacity;
        context.globalCompositeOperation = blend === "normal" ? "source-over" : blend;
        context.rect(0, 0, arrangement === "swipe" ? w * split : w, h);
        context.clip();
      }
      if (painted) context.drawImage(heat, alone ? w : 0, 0, w, h);
      return picture;
    },
  };
}
