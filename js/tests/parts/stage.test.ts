// @vitest-environment jsdom
// What the stage says, where it puts things, and what it keeps; pixels are looked at elsewhere.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { panBy, type Zoom, zoomAt } from "../../src/core/geometry";
import { APPEARANCE, type Appearance } from "../../src/core/model";
import { heatMap } from "../../src/maps/levels";
import type { Painted } from "../../src/parts/heat";
import { newStage, type Spot, type Stage } from "../../src/parts/stage";

const SIZE = { width: 4, height: 2 };
const FRAME = {
  ...{ shape: [2, 4] as [number, number], signed: false, peak: 255, gamma: 1 },
  ...{ state: "ok" as const, message: "", range: [0, 255] as [number, number] },
  data: Uint8Array.of(10, 20, 30, 40, 50, 60, 70, 80),
};
const PAINTED = {
  ...{ map: heatMap(FRAME, 4, 2), most: 255, kept: 1, colormap: "inferno", milliseconds: 0 },
} as Painted;

let end: AbortController;
let stage: Stage;
let pane: HTMLElement;
let zoom: Zoom;
let told: Array<[value: number | null, spoken: string, scale: number, spot: Spot | null]>;

function open(strip = true): void {
  told = [];
  end = new AbortController();
  const pointed: Parameters<typeof newStage>[1] = (value, spoken, now, spot) => {
    told.push([value, spoken, now.scale, spot]);
    zoom = now;
  };
  stage = newStage(end.signal, pointed, false, strip);
  document.body.replaceChildren(stage.element);
  pane = find("[data-xw-stage]");
  pane.getBoundingClientRect = () => ({ left: 100, top: 50, width: 400, height: 200 }) as DOMRect;
  Object.defineProperty(pane, "clientWidth", { value: 400 });
  Object.defineProperty(pane, "clientHeight", { value: 200 });
  stage.resize(SIZE);
}
const find = (selector: string): HTMLElement => stage.element.querySelector(selector)!;
const look = (part: Partial<Appearance> = {}): Appearance => ({ ...APPEARANCE, ...part });
const show = (part: Partial<Appearance> = {}, faint = false): void =>
  stage.show(PAINTED, look(part), faint, "");
const zoomed = (): string => stage.element.dataset.xwZoom!;
/** jsdom has no PointerEvent. */
function pointer(type: string, x: number, y: number, more: PointerEventInit = {}): void {
  const event = new MouseEvent(type, { clientX: x, clientY: y, bubbles: true });
  pane.dispatchEvent(Object.assign(event, { pointerId: 1, pointerType: "mouse", ...more }));
}
/** The handle of a swipe, from the middle to three tenths. */
function swipe(): HTMLElement {
  const handle = find("[data-xw-control=swipe]");
  handle.dispatchEvent(new KeyboardEvent("keydown", { key: "PageDown", cancelable: true }));
  return handle;
}
const finger = (type: string, x: number, y: number, pointerId = 1): void =>
  pointer(type, x, y, { pointerId, pointerType: "touch", isPrimary: pointerId === 1 });
const wheel = (deltaY: number, ctrlKey = false): void => {
  pane.dispatchEvent(new WheelEvent("wheel", { deltaY, ctrlKey, clientX: 300, clientY: 150 }));
};
const key = (name: string, shiftKey = false): void => {
  pane.dispatchEvent(new KeyboardEvent("keydown", { key: name, shiftKey, cancelable: true }));
};

beforeEach(() => {
  HTMLElement.prototype.setPointerCapture = () => {};
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockReturnValue(null);
  open();
  show();
});
afterEach(() => {
  end.abort();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe("the value under the pointer", () => {
  it("is that of the pixel, with its place in words", () => {
    pointer("pointermove", 100 + 250, 50 + 150); // column 2, row 1
    expect(told.at(-1)).toEqual([70, "", 1, [0.625, 0.75]]);
    expect(find("[data-xw-readout]").textContent).toBe("row 1, col 2+70");
    expect(find(".xw-ring").style.left).toBe("62.5%");
    expect(find(".xw-ring").style.top).toBe("75%");
    pointer("pointerleave", 0, 0);
    expect(told.at(-1)).toEqual([null, "", 1, null]);
    expect(find(".xw-ring").hidden).toBe(true);
  });
  it("is read in both of two pictures side by side, and ringed in the map's", () => {
    show({ arrangement: "side_by_side" });
    pointer("pointermove", 100 + 50, 50 + 50); // a quarter of the left one
    expect(told.at(-1)![0]).toBe(20);
    expect(find(".xw-ring").style.left).toBe("68.75%");
    pointer("pointermove", 100 + 250, 50 + 50); // and of the right one
    expect(told.at(-1)![0]).toBe(20);
    pointer("pointermove", 100 + 399, 50 + 199);
    expect(told.at(-1)![0]).toBe(80);
  });
  it("is none where the picture is painted over", () => {
    stage.cover(({ column }) => column === 2);
    pointer("pointermove", 100 + 250, 50 + 150);
    expect(told.at(-1)![0]).toBeNull();
    expect([find(".xw-ring").hidden, find("[data-xw-readout]").hidden]).toEqual([true, true]);
    pointer("pointermove", 100 + 350, 50 + 150);
    expect(told.at(-1)![0]).toBe(80);
  });
  it("is moved by arrow keys, ten at a time with shift, and spoken", () => {
    stage.resize({ width: 40, height: 30 });
    key("ArrowRight"); // shows where it is: in the middle
    key("ArrowRight");
    expect(find("[data-xw-readout]").textContent).toContain("row 15, col 21");
    key("ArrowUp", true);
    expect(find("[data-xw-readout]").textContent).toContain("row 5, col 21");
    expect(told.at(-1)![1]).toContain("row 5, col 21");
  });
  it("is read by a tap, and not by a finger that goes far", () => {
    finger("pointerdown", 350, 200);
    finger("pointerup", 354, 203);
    expect(told.at(-1)![0]).toBe(70);
    stage.follow({ scale: 1, x: 0, y: 0 }, null);
    finger("pointerdown", 350, 200);
    finger("pointerup", 350, 180);
    expect(told.at(-1)![0]).toBeNull();
  });
});

describe("zoom", () => {
  it("comes nearer with a wheel that turns away from the hand, about the pointer", () => {
    wheel(-60, true);
    expect(Number(zoomed())).toBeCloseTo(Math.exp(0.5), 3);
    wheel(60, true);
    expect(zoomed()).toBe("1");
  });
  it("tells of the wheel twice, and not to whoever knows it", () => {
    vi.useFakeTimers();
    const hint = find("[data-xw-hint]");
    const shown: boolean[] = [];
    for (let i = 0; i < 3; i++) {
      wheel(10);
      shown.push(!hint.hidden);
      vi.advanceTimersByTime(2000);
      expect(hint.hidden).toBe(true);
    }
    expect(shown).toEqual([true, true, false]);
    end.abort();
    open();
    wheel(-10, true);
    wheel(10);
    expect(find("[data-xw-hint]").hidden).toBe(true);
  });
  it("is moved by one finger, and by two only as they move together", () => {
    wheel(-60, true);
    wheel(-60, true);
    const before = zoom;
    finger("pointerdown", 300, 150);
    finger("pointermove", 320, 150);
    expect(zoom).toEqual(panBy(before, 20 / 400, 0));
    const panned = zoom;
    finger("pointerdown", 320, 110, 2);
    finger("pointermove", 350, 150); // the middle moves by 15 pixels, and they stand 50 apart, not 40
    const [x, y] = [(320 - 100) / 400, (130 - 50) / 200];
    const wanted = panBy(zoomAt(panned, 50 / 40, x, y), 15 / 400, 0);
    for (const side of ["scale", "x", "y"] as const) {
      expect(zoom[side]).toBeCloseTo(wanted[side], 9);
    }
  });
  it("of another stage is followed, with the pixel that is pointed at there", () => {
    stage.follow({ scale: 2, x: -0.5, y: -0.25 }, [0.875, 0.25]);
    expect(find("[data-xw-readout]").textContent).toContain("row 0, col 3");
    expect(told.at(-1)).toEqual([40, "", 2, [0.875, 0.25]]);
  });
  it("shows single pixels once they are six pixels of the screen", () => {
    expect(stage.element.dataset.xwPixels).toBe(""); // 100 each
    stage.resize({ width: 80, height: 40 });
    expect(stage.element.dataset.xwPixels).toBeUndefined(); // 5 each
    const window = { x: 0.25, y: 0.25, width: 0.5, height: 0.5 };
    stage.resize({ width: 60, height: 30 }, { width: 600, height: 300, window });
    show({ backdrop: "photograph" });
    expect(stage.element.dataset.xwPixels).toBeUndefined(); // 6.7 without the part around it
    show({ backdrop: "input" });
    expect(stage.element.dataset.xwPixels).toBe("");
  });
});

describe("how the map lies over the picture", () => {
  const veil = (): string => find(".xw-heat").style.cssText;

  it("steps back while it is not the one that is asked for", () => {
    expect(veil()).toContain("opacity: 0.7");
    show({}, true);
    expect(veil()).toMatch(/opacity: 0\.21/);
    show({ arrangement: "side_by_side" });
    expect(veil()).toContain("opacity: 1");
  });
  it("ends at the handle of a swipe", () => {
    show({ arrangement: "swipe" });
    const handle = swipe();
    expect(handle.style.left).toBe("30%");
    expect(handle.getAttribute("aria-valuetext")).toBe("30 % heatmap");
    expect(veil()).toMatch(/inset\(0(px)? 70% 0(px)? 0(px)?\)/);
    show();
    expect(handle.hidden).toBe(true);
    expect(veil()).toMatch(/inset\(0(px)? 0(%|px)? 0(px)? 0(px)?\)/);
  });
});

describe("a photograph that the picture is a part of", () => {
  const LARGE = { width: 800, height: 400, window: { x: 0.25, y: 0, width: 0.5, height: 1 } };

  it("is shown once it is painted, and the next one's not before", () => {
    stage.resize(SIZE, LARGE);
    show({ backdrop: "photograph" });
    expect([stage.sharp.hidden, stage.photo.style.visibility]).toEqual([true, ""]);
    stage.sharpen();
    expect([stage.sharp.hidden, stage.photo.style.visibility]).toEqual([false, "hidden"]);
    stage.resize(SIZE, LARGE);
    show({ backdrop: "photograph" });
    expect(stage.sharp.hidden).toBe(true);
    stage.sharpen();
    show({ backdrop: "input" });
    expect(stage.sharp.hidden).toBe(true);
  });
  it("is whole, with the part marked that the network is given; a small part is shown alone", () => {
    stage.resize(SIZE, LARGE);
    show({ backdrop: "photograph" });
    expect(stage.ratio(look({ backdrop: "photograph" }))).toBe(2);
    expect([find("[data-xw-crop]").hidden, stage.photo.style.left]).toEqual([false, "25%"]);
    const small = { ...LARGE, window: { x: 0.25, y: 0, width: 0.3, height: 1 } };
    stage.resize(SIZE, small);
    show({ backdrop: "photograph" });
    expect(stage.ratio(look({ backdrop: "photograph" }))).toBeCloseTo(0.6);
    expect([find("[data-xw-crop]").hidden, stage.photo.style.left]).toEqual([true, "0%"]);
  });
});

describe("a picture of what is seen", () => {
  let drawn: unknown[];

  beforeEach(() => {
    drawn = [];
    const names = new Map<unknown, string>([
      [stage.photo, "photo"],
      [stage.sharp, "photograph"],
      [stage.heat, "heat"],
      [find("[data-xw-canvas=paint]"), "paint"],
    ]);
    let clip: number[] = [];
    const context = {
      ...{ save() {}, restore() {}, beginPath() {}, clip() {}, globalAlpha: 1 },
      rect: (...sides: number[]) => {
        clip = sides;
      },
      fill: () => drawn.push(["dim", ...clip]),
      fillRect: (...at: number[]) => drawn.push(["line", at]),
      drawImage: (canvas: unknown, ...at: number[]) =>
        drawn.push([names.get(canvas), at, [clip[0], clip[2]], context.globalAlpha]),
    };
    vi.mocked(HTMLCanvasElement.prototype.getContext).mockReturnValue(context as never);
  });

  it("has picture, paint and map, at so many times its size", () => {
    const made = stage.snapshot(look(), 10);
    expect([made.width, made.height]).toEqual([40, 20]);
    expect(drawn).toEqual([
      ["photo", [0, 0, 40, 20], [0, 40], 1],
      ["paint", [0, 0, 40, 20], [0, 40], 1],
      ["heat", [0, 0, 40, 20], [0, 40], 0.7],
    ]);
  });
  it("ends the map where the swipe does", () => {
    show({ arrangement: "swipe" });
    swipe();
    stage.snapshot(look({ arrangement: "swipe" }), 10);
    expect(drawn.at(-2)).toEqual(["heat", [0, 0, 40, 20], [0, 12], 0.7]);
    expect(drawn.at(-1)).toEqual(["line", [11, 0, 2, 20]]);
  });
  it("has the map beside the picture where they stand side by side", () => {
    show({ arrangement: "side_by_side" });
    const made = stage.snapshot(look({ arrangement: "side_by_side" }), 10);
    expect([made.width, made.height]).toEqual([80, 20]);
    expect(drawn.at(-1)).toEqual(["heat", [40, 0, 40, 20], [40, 40], 1]);
  });
  it("has the whole photograph at its own size, the rest of it dimmed", () => {
    const window = { x: 0.25, y: 0, width: 0.5, height: 1 };
    stage.resize(SIZE, { width: 800, height: 300, window });
    show({ backdrop: "photograph" });
    stage.sharpen();
    const made = stage.snapshot(look({ backdrop: "photograph" }), 10);
    expect([made.width, made.height]).toEqual([800, 300]);
    expect(drawn.map((one) => (one as unknown[])[0])).toEqual([
      ...["photograph", "paint", "dim", "heat"],
    ]);
    expect(drawn.at(-1)).toEqual(["heat", [200, 0, 400, 300], [0, 800], 0.7]);
  });
  it("has a small part of the photograph alone, as sharp as the photograph", () => {
    const window = { x: 0.5, y: 0.5, width: 0.25, height: 0.3 };
    stage.resize(SIZE, { width: 800, height: 400, window });
    show({ backdrop: "photograph" });
    stage.sharpen();
    const made = stage.snapshot(look({ backdrop: "photograph" }), 10);
    expect([made.width, made.height]).toEqual([200, 120]);
  });
});
