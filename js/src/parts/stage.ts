/** The picture with its heat: zoom, pan, swipe, and the value under the cursor. */
import { valueAt } from "../core/frame";
import { signed } from "../core/format";
import {
  type Cell,
  cellAt,
  centreOf,
  clamp,
  panBy,
  reveal,
  stepCell,
  WHOLE,
  type Zoom,
  zoomAt,
} from "../core/geometry";
import type { Appearance, Picture } from "../core/wire";
import { button, el, icon, set, write } from "./dom";
import type { Painted } from "./heat";

export class Stage {
  readonly element: HTMLElement;
  readonly photo = el("canvas", "xw-canvas", { "data-xw-canvas": "picture" });
  readonly heat = el("canvas", "xw-canvas", { "data-xw-canvas": "heat" });
  private readonly twin = el("canvas", "xw-canvas", { "data-xw-canvas": "twin" });
  private readonly veil = el("div", "xw-heat", {}, this.heat);
  private readonly ring = el("div", "xw-ring", { hidden: true });
  private readonly readout = el("div", "xw-readout", { hidden: true, "data-xw-readout": true });
  private readonly plate = el("div", "xw-plate", { hidden: true, "data-xw-plate": true });
  private readonly handle: HTMLElement;
  private readonly pane: HTMLElement;
  private readonly before: HTMLElement;
  private zoom: Zoom = WHOLE;
  private split = 0.5;
  private cell: Cell | null = null;
  private byKeyboard = false;
  private size = { width: 1, height: 1 };
  private painted: Painted | undefined;
  private arrangement: Appearance["view"] = "overlay";

  constructor(
    /** The value under the cursor, or null; `spoken` when it was moved by keyboard. */
    private readonly pointed: (value: number | null, spoken: string) => void,
    private readonly signal: AbortSignal,
  ) {
    this.handle = el(
      "div",
      "xw-handle",
      {
        role: "slider",
        tabindex: 0,
        "aria-label": "Swipe between heatmap and picture",
        "aria-valuemin": 0,
        "aria-valuemax": 100,
        "data-xw-control": "swipe",
      },
      el("span", "xw-grip", {}, icon("M6 4L2.5 8 6 12M10 4l3.5 4L10 12")),
    );
    const tool = (control: string, label: string, path: string): HTMLButtonElement =>
      button(
        "xw-tool",
        { "data-xw-control": control, title: label, "aria-label": label },
        icon(path),
      );
    const tools = [
      tool("zoom-out", "Zoom out (−)", "M4 8h8"),
      tool("zoom-in", "Zoom in (+)", "M4 8h8M8 4v8"),
      tool("zoom-reset", "Whole picture (0)", "M3 6V3h3M10 3h3v3M13 10v3h-3M6 13H3v-3"),
    ] as const;
    this.before = el("div", "xw-pane xw-before", { hidden: true }, this.twin);
    this.pane = el(
      "div",
      "xw-pane",
      { tabindex: 0, role: "application", "data-xw-stage": true },
      this.photo,
      this.veil,
      this.ring,
      this.plate,
    );
    this.element = el(
      "div",
      "xw-stage",
      {},
      this.before,
      el("div", "xw-frame", {}, this.pane, this.handle),
      this.readout,
      el("div", "xw-tools", {}, ...tools),
    );
    const zooms = [1 / 1.5, 1.5, 0];
    tools.forEach((button, i) => {
      button.addEventListener("click", () => this.zoomBy(zooms[i]!), { signal });
    });
    this.listen();
  }

  /** Announces what is seen, for those who do not see it. */
  describe(text: string): void {
    set(this.pane, { "aria-label": text });
  }

  resize({ width, height }: Pick<Picture, "width" | "height">): void {
    this.size = { width, height };
    this.element.style.setProperty("--xw-aspect", String(width / height));
    this.cell = null;
    this.drawCursor();
  }

  /** The photograph has been painted: the pane beside it shows the same. */
  copyPicture(): void {
    this.twin.width = this.photo.width;
    this.twin.height = this.photo.height;
    this.twin.getContext("2d")?.drawImage(this.photo, 0, 0);
  }

  show(painted: Painted | undefined, look: Appearance, stale: boolean, words: string): void {
    this.painted = painted;
    this.arrangement = look.view;
    const beside = look.view === "side_by_side";
    const { style } = this.veil;
    style.opacity = String(stale ? 0.3 * look.opacity : beside ? 1 : look.opacity);
    style.mixBlendMode = beside ? "normal" : look.blend;
    style.visibility = painted ? "visible" : "hidden";
    this.before.hidden = !beside;
    this.handle.hidden = look.view !== "swipe";
    this.plate.hidden = words === "";
    write(this.plate, words);
    set(this.element, { "data-xw-view": look.view });
    this.drawSplit();
    this.drawZoom();
    this.drawCursor();
  }

  resetView(): void {
    this.zoom = WHOLE;
    this.split = 0.5;
    this.drawSplit();
    this.drawZoom();
    this.drawCursor();
  }

  /** What is on the stage as one picture, `scale` times its own size. */
  snapshot(look: Appearance, scale: number): HTMLCanvasElement {
    const { width, height } = this.size;
    const [w, h] = [width * scale, height * scale];
    const beside = look.view === "side_by_side";
    const sheet = el("canvas", "", { width: beside ? 2 * w : w, height: h });
    const context = sheet.getContext("2d");
    if (!context) return sheet;
    context.imageSmoothingQuality = "high";
    context.drawImage(this.photo, 0, 0, w, h);
    if (!this.painted) return sheet;
    if (beside) {
      context.drawImage(this.heat, w, 0, w, h);
      return sheet;
    }
    context.globalAlpha = look.opacity;
    context.globalCompositeOperation = look.blend === "normal" ? "source-over" : look.blend;
    const share = look.view === "swipe" ? this.split : 1;
    context.beginPath();
    context.rect(0, 0, w * share, h);
    context.clip();
    context.drawImage(this.heat, 0, 0, w, h);
    return sheet;
  }

  private listen(): void {
    const { signal } = this;
    for (const pane of [this.pane, this.before]) {
      const at = (event: PointerEvent | WheelEvent | MouseEvent): [number, number] => {
        const box = pane.getBoundingClientRect();
        return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
      };
      const on = <Name extends "pointermove" | "pointerdown" | "pointerleave" | "dblclick">(
        name: Name,
        listener: (event: HTMLElementEventMap[Name]) => void,
      ): void => pane.addEventListener(name, listener, { signal });
      on("pointermove", (event) => this.point(cellAt(this.zoom, ...at(event), this.size.width, this.size.height), false));
      on("pointerleave", () => this.byKeyboard || this.point(null, false));
      on("dblclick", () => this.zoomBy(0));
      on("pointerdown", (event) => this.drag(pane, event));
      pane.addEventListener(
        "wheel",
        (event) => {
          if (!event.ctrlKey && !event.metaKey) return; // plain wheel scrolls the notebook
          event.preventDefault();
          this.zoomBy(Math.exp(-clamp(event.deltaY, -60, 60) / 120), ...at(event));
        },
        { signal, passive: false },
      );
    }
    this.pane.addEventListener("keydown", (event) => this.key(event), { signal });
    this.pane.addEventListener(
      "blur",
      () => {
        this.byKeyboard = false;
        this.point(null, false);
      },
      { signal },
    );
    this.handle.addEventListener("pointerdown", (event) => this.slide(event), { signal });
    this.handle.addEventListener("dblclick", () => this.splitAt(0.5), { signal });
    this.handle.addEventListener(
      "keydown",
      (event) => {
        const by = { ArrowLeft: -0.02, ArrowDown: -0.02, ArrowRight: 0.02, ArrowUp: 0.02, PageUp: 0.2, PageDown: -0.2, Home: -1, End: 1 }[event.key];
        if (by === undefined) return;
        event.preventDefault();
        this.splitAt(this.split + by);
      },
      { signal },
    );
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { width, height } = this.size;
    const zooms: Record<string, number> = { "+": 1.5, "=": 1.5, "-": 1 / 1.5, "0": 0 };
    const factor = zooms[event.key];
    const from = this.cell ?? { row: height >> 1, column: width >> 1 };
    const next = stepCell(from, event.key, event.shiftKey, width, height);
    if (factor !== undefined) {
      const [x, y] = this.cell ? centreOf(this.zoom, this.cell, width, height) : [0.5, 0.5];
      this.zoomBy(factor, x, y);
    } else if (next) {
      const cell = this.cell ? next : from;
      const [x, y] = centreOf(WHOLE, cell, width, height);
      if (this.zoom.scale > 1) this.zoom = reveal(this.zoom, x, y);
      this.drawZoom();
      this.point(cell, true);
    } else {
      return;
    }
    event.preventDefault();
  }

  private drag(pane: HTMLElement, event: PointerEvent): void {
    if (event.button !== 0 || this.zoom.scale === 1) return;
    const { width, height } = pane.getBoundingClientRect();
    let [x, y] = [event.clientX, event.clientY];
    this.follow(pane, event, (moved) => {
      this.zoom = panBy(this.zoom, (moved.clientX - x) / width, (moved.clientY - y) / height);
      [x, y] = [moved.clientX, moved.clientY];
      this.drawZoom();
    });
  }

  private slide(event: PointerEvent): void {
    const box = this.pane.getBoundingClientRect();
    this.follow(this.handle, event, (moved) => this.splitAt((moved.clientX - box.left) / box.width));
  }

  /** Calls back for every move until the pointer is let go. */
  private follow(
    element: HTMLElement,
    event: PointerEvent,
    moved: (event: PointerEvent) => void,
  ): void {
    element.setPointerCapture(event.pointerId);
    const ended = new AbortController();
    const signal = AbortSignal.any([ended.signal, this.signal]);
    element.addEventListener("pointermove", moved, { signal });
    for (const name of ["pointerup", "pointercancel", "lostpointercapture"] as const) {
      element.addEventListener(name, () => ended.abort(), { signal });
    }
  }

  /** Factor 0 shows the whole picture. */
  private zoomBy(factor: number, px = 0.5, py = 0.5): void {
    this.zoom = factor === 0 ? WHOLE : zoomAt(this.zoom, factor, px, py);
    this.drawZoom();
    this.drawCursor();
  }

  private splitAt(share: number): void {
    this.split = clamp(share, 0, 1);
    this.drawSplit();
  }

  private point(cell: Cell | null, byKeyboard: boolean): void {
    this.cell = cell;
    this.byKeyboard = byKeyboard;
    this.drawCursor();
  }

  private drawZoom(): void {
    const { scale, x, y } = this.zoom;
    const transform = `translate(${100 * x}%, ${100 * y}%) scale(${scale})`;
    const across = this.pane.clientWidth / this.size.width;
    for (const canvas of [this.photo, this.heat, this.twin]) canvas.style.transform = transform;
    set(this.element, {
      "data-xw-zoom": Number(scale.toFixed(3)),
      "data-xw-zoomed": scale > 1,
      // From here on single pixels are what one wants to see.
      "data-xw-pixels": scale * across >= 6,
    });
  }

  private drawSplit(): void {
    const right = this.arrangement === "swipe" ? 100 * (1 - this.split) : 0;
    this.veil.style.clipPath = right > 0 ? `inset(0 ${right}% 0 0)` : "none";
    this.handle.style.left = `${100 * this.split}%`;
    const share = Math.round(100 * this.split);
    set(this.handle, { "aria-valuenow": share, "aria-valuetext": `${share} % heatmap` });
  }

  private drawCursor(): void {
    const { cell, painted } = this;
    const { width, height } = this.size;
    this.ring.hidden = cell === null;
    this.readout.hidden = cell === null;
    if (!cell) {
      this.pointed(null, "");
      return;
    }
    const [x, y] = centreOf(this.zoom, cell, width, height);
    this.ring.style.left = `${100 * x}%`;
    this.ring.style.top = `${100 * y}%`;
    const value = painted ? valueAt(painted.map, cell.row, cell.column) : null;
    const place = `row ${cell.row}, col ${cell.column}`;
    const text = value === null ? "" : signed(value);
    this.readout.replaceChildren(el("span", "", {}, place), el("b", "", {}, text));
    this.pointed(value, this.byKeyboard ? `${place}: ${text}` : "");
  }
}
