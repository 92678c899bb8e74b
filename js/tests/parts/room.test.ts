// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { heightToFit, visibleHeight } from "../../src/parts/room";

/** A box that scrolls, as high as said, with content of some height in it. */
function box(height: number, content: number, overflow = "auto"): HTMLElement {
  const node = document.createElement("div");
  node.style.overflowY = overflow;
  const child = document.createElement("div");
  node.append(child);
  Object.defineProperty(node, "clientHeight", { value: height });
  Object.defineProperty(node, "scrollHeight", {
    value: Math.max(height, content),
    configurable: true,
  });
  node.getBoundingClientRect = () => ({ top: 50, bottom: 50 + height }) as DOMRect;
  child.getBoundingClientRect = () => ({ top: 50, bottom: 50 + content }) as DOMRect;
  return node;
}
function within(...boxes: HTMLElement[]): HTMLElement {
  const view = document.createElement("div");
  let inner: HTMLElement = view;
  for (const outer of boxes) {
    outer.firstElementChild!.append(inner);
    inner = outer;
  }
  document.body.replaceChildren(inner);
  return view;
}

describe("the height that is seen at once", () => {
  beforeEach(() => {
    vi.stubGlobal("innerHeight", 900);
    vi.stubGlobal("screen", { availHeight: 1200 });
  });
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  it("is the window's, or the lowest part of the page that scrolls", () => {
    expect(visibleHeight(within())).toBe(900);
    expect(visibleHeight(within(box(600, 2000)))).toBe(600);
    expect(visibleHeight(within(box(500, 2000), box(700, 3000)))).toBe(500);
    expect(visibleHeight(within(box(700, 3000), box(500, 2000)))).toBe(500);
    expect(visibleHeight(within(box(1500, 3000)))).toBe(900);
  });
  it("is not that of an output that grows with its content, of a low one, or one that does not scroll", () => {
    expect(visibleHeight(within(box(600, 600)))).toBe(900); // full to its end
    expect(visibleHeight(within(box(600, 561)))).toBe(900); // padding below
    expect(visibleHeight(within(box(600, 559)))).toBe(600); // room to spare: a height of its own
    expect(visibleHeight(within(box(200, 2000)))).toBe(900); // an output of a few lines
    expect(visibleHeight(within(box(600, 2000, "visible")))).toBe(900);
  });
  it("is not that of an output which a view's own popup overflows for a moment", () => {
    const view = within(box(600, 700));
    view.innerHTML = '<div class="xw-popup"></div>';
    expect(visibleHeight(view)).toBe(900);
    view.firstElementChild!.toggleAttribute("hidden", true);
    expect(visibleHeight(view)).toBe(600);
  });
  it("stays that of a part that had a height of its own, once it is just full", () => {
    const part = box(600, 2000);
    const view = within(part);
    expect(visibleHeight(view)).toBe(600);
    Object.defineProperty(part, "scrollHeight", { value: 600 });
    part.firstElementChild!.getBoundingClientRect = () => ({ top: 50, bottom: 650 }) as DOMRect;
    expect(visibleHeight(view)).toBe(600);
  });
  it("is a share of the screen's in a frame, which is as high as what is in it", () => {
    vi.stubGlobal("parent", {});
    expect(visibleHeight(within())).toBe(960);
  });
  it("leaves a view what a notebook shows above it, and never makes it too low", () => {
    expect(heightToFit(within())).toBe(788);
    expect(heightToFit(within(box(300, 2000)))).toBe(520);
  });
});
