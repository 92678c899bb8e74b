// @vitest-environment jsdom
// The brush without a browser: what is painted where, what is asked and what is said. Pixels are looked at elsewhere.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import brush, { type Brush } from "../../src/brush/index";
import { maskOf, runsOf } from "../../src/brush/mask";
import type { Model } from "../../src/core/model";
import type { BrushMessage, Bytes } from "../../src/core/wire";
import { classBar } from "../../src/parts/bar";
import { el } from "../../src/parts/dom";
import { newStage } from "../../src/parts/stage";
import { FakeModel, NAMES } from "../fake";

const drawn = vi.hoisted(() => ({ boxes: [] as unknown[][] }));
vi.mock("../../src/brush/mask", async (original) => ({
  ...(await original<object>()),
  newPaint: () => ({
    load: async () => {},
    draw: (box: unknown, mask: Uint8Array, ...how: unknown[]) =>
      drawn.boxes.push([box, String(mask), ...how]),
  }),
}));

const [WIDTH, HEIGHT] = [8, 4];
const BEFORE = [0.1, 0.2, 0.4, 0.25, 0.05, 0, 0];
const AFTER = [0.1, 0.1, 0.125, 0.175, 0, 0.5, 0];
const OPENED: BrushMessage = {
  kind: "brush",
  fills: ["black", "blur"],
  mean: [1, 2, 3],
  mime: "image/png",
};
const floats = (values: number[]): Bytes => new Uint8Array(Float32Array.from(values).buffer);
const pixels = (lit: number[]): Uint8Array =>
  Uint8Array.from({ length: WIDTH * HEIGHT }, (_, i) => Number(lit.includes(i)));
const runs = (lit: number[]): Bytes => new Uint8Array(runsOf(pixels(lit)).buffer);

/** What was sent, its mask as the painted pixels. */
class Kernel extends FakeModel {
  override send(content: unknown, _callbacks?: unknown, buffers: unknown[] = []): void {
    const [mask] = buffers as Uint16Array[];
    const lit =
      mask && [...maskOf(mask, WIDTH * HEIGHT).entries()].flatMap(([i, on]) => (on ? [i] : []));
    this.sent.push(lit ? { ...(content as object), lit } : content);
  }
  get questions(): Array<{ by: string; seq: number; fill: string; lit: number[] }> {
    return this.sent.filter((one) => (one as { kind: string }).kind === "paint") as never[];
  }
}

let model: Kernel;
let life: AbortController;
let root: HTMLElement;
let pane: HTMLElement;
let repainted: number;
let covered: (cell: { row: number; column: number }) => boolean;
let spot: readonly [number, number] | null;
let made: Brush;

const find = <Kind extends HTMLElement>(selector: string): Kind => {
  const found = root.querySelector<Kind>(selector);
  if (!found) throw new Error(`nothing matches ${selector}`);
  return found;
};
const control = <Kind extends HTMLElement>(name: string): Kind =>
  find<Kind>(`[data-xw-control="${name}"]`);
const words = (selector: string): string =>
  (find(selector).textContent ?? "").replaceAll("\xa0", " ");
/** What is said of the paint: parts that stand there. */
const said = (): string =>
  [".xw-change", ".xw-turn", ".xw-outcome .xw-facts"].map(words).filter(Boolean).join(" | ");
/** Lengths in pixels of the page; the stage stands at (10, 20), the picture is shown four times as large. */
function standsAt(
  element: HTMLElement,
  left: number,
  top: number,
  width: number,
  height: number,
): void {
  element.getBoundingClientRect = () => ({ left, top, width, height }) as DOMRect;
}

async function open(
  message: Partial<BrushMessage> = {},
  more: Bytes[] = [],
  traits: Record<string, unknown> = {},
  wanted = true,
): Promise<void> {
  model = new Kernel({
    picture: { width: WIDTH, height: HEIGHT, mime: "image/png", data: Uint8Array.of(1) },
    ...traits,
  });
  life = new AbortController();
  const stage = newStage(
    life.signal,
    () => {},
    () => {},
    true,
  );
  const bars = [2, 3].map((index) => {
    const bar = classBar("button.bar");
    bar.element.dataset.xwClass = String(index);
    return bar.element;
  });
  const hint = "Paint over what you think matters (B): the bars answer.";
  const verdict = el("p.verdict", { _verdict: true }, hint);
  root = el(".root", stage.element, el(".bars", ...bars), verdict, el(".live"));
  document.body.replaceChildren(root);
  pane = find(".xw-pane");
  standsAt(pane, 10, 20, 32, 16);
  standsAt(find('[data-xw-canvas="picture"]'), 10, 20, 32, 16);
  pane.setPointerCapture = () => {};
  const data = [floats([]), Uint8Array.of(9), floats(BEFORE), ...more];
  made = brush(
    {
      model: model as unknown as Model,
      root,
      signal: life.signal,
      stage: {
        slot: stage.slot,
        spot: () => spot as never,
        cover: (by) => {
          covered = by;
          by({ row: 0, column: 0 }); // as where the pointer is on the picture already
        },
      },
      repaint: () => {
        repainted += 1;
      },
    },
    { ...OPENED, ...message },
    data,
    wanted,
  );
  await vi.advanceTimersByTimeAsync(1);
}

function pointer(name: string, x: number, y: number, more: object = {}): MouseEvent {
  const at = {
    clientX: 10 + 4 * x,
    clientY: 20 + 4 * y,
    bubbles: true,
    cancelable: true,
    button: 0,
  };
  const event = new MouseEvent(name, { ...at, ...more });
  for (const [key, value] of Object.entries({ pointerId: 1, pointerType: "mouse", ...more })) {
    Object.defineProperty(event, key, { value });
  }
  pane.dispatchEvent(event);
  return event;
}
function press(key: string, more: object = {}): KeyboardEvent {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more });
  pane.dispatchEvent(event);
  return event;
}
function dab(x: number, y: number): void {
  pointer("pointerdown", x, y);
  pointer("pointerup", x, y);
}
function answered(seq: number, values: number[], more: object = {}, mask: number[] = []): void {
  const [{ by }] = model.questions.slice(-1) as unknown as [{ by: string }];
  const said = { kind: "painted", by, seq, fill: "blur", ...more };
  model.emit("msg:custom", said, [floats(values), runs(mask)]);
}
const shade = (selector: string): number =>
  Number.parseFloat(find(`${selector} .xw-class`).style.backgroundSize);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  vi.stubGlobal("requestAnimationFrame", (act: () => void) => setTimeout(act, 16));
  vi.stubGlobal(
    "ResizeObserver",
    class {
      observe(): void {}
      disconnect(): void {}
    },
  );
  [repainted, spot, drawn.boxes] = [0, null, []];
});
afterEach(() => {
  life.abort();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("a stroke", () => {
  it("paints where the pointer is, and asks about exactly that mask", async () => {
    await open();
    expect(model.questions).toEqual([]);
    expect(control("brush").getAttribute("aria-pressed")).toBe("true");
    expect(document.activeElement).toBe(pane);
    pointer("pointerdown", 2.5, 1.5);
    expect(model.questions).toMatchObject([{ kind: "paint", seq: 1, fill: "blur", lit: [10] }]);
    expect(drawn.boxes).toEqual([[[1, 0, 4, 3], String(pixels([10])), "blur", false]]);
    pointer("pointermove", 4.5, 1.5);
    expect(model.questions).toHaveLength(1); // one question at a time
    answered(1, AFTER);
    expect(model.questions[1]).toMatchObject({ seq: 2, lit: [10, 11, 12] });
    pointer("pointerup", 4.5, 1.5);
    pointer("pointermove", 6.5, 3.5);
    answered(2, AFTER);
    expect(model.questions).toHaveLength(2);
    expect(new Set(model.questions.map(({ by }) => by)).size).toBe(1);
  });

  it("is of the pointer that began it, of the main button, and ends with it", async () => {
    await open();
    pointer("pointermove", 1.5, 1.5);
    pointer("pointerdown", 1.5, 1.5, { button: 1 });
    expect(model.questions).toEqual([]);
    pointer("pointerdown", 1.5, 1.5);
    const heard = vi.fn();
    root.addEventListener("pointerdown", heard);
    pointer("pointerdown", 6.5, 2.5, { pointerId: 2 });
    expect(heard).not.toHaveBeenCalled(); // nor does the stage pan
    pointer("pointermove", 6.5, 2.5, { pointerId: 2 });
    pointer("pointerup", 6.5, 2.5, { pointerId: 2 });
    answered(1, AFTER);
    expect(model.questions).toMatchObject([{ lit: [9] }]);
    pointer("pointermove", 2.5, 1.5);
    expect(model.questions[1]).toMatchObject({ lit: [9, 10] });
    pointer("pointercancel", 2.5, 1.5);
    pointer("pointermove", 5.5, 1.5);
    answered(2, AFTER);
    expect(model.questions).toHaveLength(2);
  });

  it("takes every step that the browser has put together", async () => {
    await open();
    pointer("pointerdown", 0.5, 0.5);
    const steps = [
      [0.5, 2.5],
      [2.5, 2.5],
    ].map(([x, y]) => ({ clientX: 10 + 4 * x!, clientY: 20 + 4 * y! }));
    pointer("pointermove", 2.5, 2.5, { getCoalescedEvents: () => steps });
    answered(1, AFTER);
    expect(model.questions[1]!.lit).toEqual([0, 8, 16, 17, 18]);
  });

  it("is painted in either panel side by side", async () => {
    await open({}, [], { arrangement: "side_by_side" });
    standsAt(pane, 10, 20, 64, 16);
    dab(2.5, 1.5);
    answered(1, AFTER);
    dab(8 + 5.5, 1.5);
    expect(model.questions[1]!.lit).toEqual([10, 13]);
    expect(drawn.boxes.at(-1)!.at(-1)).toBe(true);
  });

  it("follows a picture that is zoomed", async () => {
    await open();
    standsAt(find('[data-xw-canvas="picture"]'), -10, 0, 96, 48);
    pointer("pointerdown", 0, 0); // (20, 20) from the picture's corner, at 12 pixels each
    expect(model.questions[0]!.lit).toEqual([1 + WIDTH]);
    expect(find(".xw-circle").style.cssText).toBe("left: 0px; top: 0px; width: 12px;");
  });

  it("is nothing while the brush is off", async () => {
    await open({}, [], {}, false);
    expect(control("brush").getAttribute("aria-pressed")).toBe("false");
    dab(2.5, 1.5);
    pointer("pointermove", 2.5, 1.5);
    expect(model.questions).toEqual([]);
    expect(find(".xw-circle").hidden).toBe(true);
    control("brush").click();
    dab(2.5, 1.5);
    expect(model.questions).toHaveLength(1);
  });
});

describe("the circle", () => {
  it("is where the pointer is and as large as what it paints", async () => {
    await open();
    const circle = find(".xw-circle");
    expect(circle.hidden).toBe(true);
    pointer("pointermove", 2, 1);
    expect([circle.hidden, circle.style.cssText]).toEqual([
      false,
      "left: 8px; top: 4px; width: 4px;",
    ]);
    press("]");
    expect(circle.style.width).toBe("8px");
    press("[");
    expect(circle.style.width).toBe("4px");
    pointer("pointerleave", 2, 1);
    expect(circle.hidden).toBe(true);
    pointer("pointermove", 2, 1);
    press(" "); // pans
    expect(circle.hidden).toBe(true);
    dab(2, 1);
    expect(model.questions).toEqual([]);
    pane.dispatchEvent(new KeyboardEvent("keyup", { key: " ", bubbles: true }));
    expect(circle.hidden).toBe(false);
    press("Escape");
    expect(circle.hidden).toBe(true);
    pointer("pointermove", 2, 1);
    expect(circle.hidden).toBe(true);
  });

  it("leaves with the finger that painted", async () => {
    await open();
    pointer("pointerdown", 2, 1);
    pointer("pointerup", 2, 1);
    expect(find(".xw-circle").hidden).toBe(false);
    pointer("pointerdown", 2, 1);
    pointer("pointerup", 2, 1, { pointerType: "touch" });
    expect(find(".xw-circle").hidden).toBe(true);
  });
});

describe("by keyboard", () => {
  it("a dab is painted where the cross stands, else in the middle", async () => {
    await open();
    press("]");
    press("Enter");
    expect(model.questions[0]!.lit).toEqual([11, 12, 19, 20]);
    answered(1, AFTER);
    spot = [0.1, 0.9];
    press(" ");
    expect(model.questions[1]!.lit).toEqual([11, 12, 19, 20, 24, 25]);
    expect(press("ArrowLeft").defaultPrevented).toBe(true);
    expect(find(".xw-circle").style.left).toBe("3.2px");
    expect(press("q").defaultPrevented).toBe(false);
  });
});

describe("the answer", () => {
  it("is on the bars and in words", async () => {
    await open();
    expect(said()).toBe("Paint over what you think matters (B): the bars answer.");
    dab(2.5, 1.5);
    expect(shade("[data-xw-class='2']")).toBeCloseTo(40, 4);
    expect(said()).toBe("cat 40.0 % | 3 % painted");
    answered(1, AFTER);
    expect(said()).toBe("cat 40.0 % → 12.5 % | now <b>zebra</b> 50.0 % | 3 % painted");
    expect(shade("[data-xw-class='2']")).toBe(12.5);
    expect(words("[data-xw-class='2'] .xw-chance")).toBe("12.5 %");
    const tick = find("[data-xw-class='2'] .xw-tick");
    expect(tick.hidden).toBe(false);
    expect(Number.parseFloat(tick.style.left)).toBeCloseTo(40, 4);
    const risen = find(".xw-risen");
    expect([risen.hidden, risen.title]).toEqual([
      false,
      "Most probable in the painted picture (class 5): explain it",
    ]);
    expect(words(".xw-risen")).toBe(`${NAMES[5]}50.0 %`);
    expect(words(".xw-live")).toBe("cat 40.0 % → 12.5 %, now <b>zebra</b> 50.0 %, 3 % painted");
    risen.click();
    expect([model.traits.target, model.saves]).toEqual([5, 1]);
    expect(root.dataset).toMatchObject({ xwStroke: "1", xwPainted: "1" });
  });

  it("of numbers that are no probabilities has no shares", async () => {
    await open({}, [], {
      class_names: [],
      target: 3,
      prediction: { top: [{ index: 2, name: "cat", probability: 37.1, unit: "number" }] },
    });
    dab(2.5, 1.5);
    answered(1, AFTER);
    expect(said()).toBe("class 3 0.25 → 0.175 | 3 % painted");
    expect(shade("[data-xw-class='2']")).toBe(0);
    expect(find("[data-xw-class='2'] .xw-tick").hidden).toBe(true);
  });

  it("of an older mask is not taken for the newest", async () => {
    await open();
    dab(2.5, 1.5);
    await vi.advanceTimersByTimeAsync(10_001); // lost, or late
    dab(4.5, 1.5);
    expect(model.questions.map(({ seq }) => seq)).toEqual([1, 2]);
    answered(2, AFTER);
    answered(1, BEFORE);
    expect(words(".xw-verdict")).toContain("→ 12.5 %");
    expect(model.questions).toHaveLength(2);
  });

  it("that failed, or of another number of classes, says nothing", async () => {
    await open();
    dab(2.5, 1.5);
    answered(1, AFTER, { failed: true });
    expect(said()).toBe("cat 40.0 % | 3 % painted");
    dab(4.5, 1.5);
    answered(2, [1, 0]);
    expect(said()).toBe("cat 40.0 % | 6 % painted");
  });

  it("is late after 200 ms", async () => {
    await open();
    dab(2.5, 1.5);
    await vi.advanceTimersByTimeAsync(199);
    expect(root.dataset.xwLate).toBeUndefined();
    await vi.advanceTimersByTimeAsync(30);
    expect(root.dataset.xwLate).toBe("");
    answered(1, AFTER);
    expect(root.dataset.xwLate).toBeUndefined();
  });
});

describe("the map of the painted picture", () => {
  const map = (seq: number, more: object = {}): void => {
    const [{ by }] = model.questions.slice(-1) as unknown as [{ by: string }];
    model.emit("msg:custom", { kind: "painted_map", by, seq, ...more }, []);
  };
  const note = (): string => (find("[data-xw-whose]").hidden ? "" : words("[data-xw-whose]"));

  it("that is quick comes with each answer, before the next question", async () => {
    await open();
    expect(note()).toBe("");
    pointer("pointerdown", 2.5, 1.5);
    answered(1, AFTER, { map: "now" });
    pointer("pointermove", 4.5, 1.5);
    expect([model.questions.length, note()]).toEqual([1, "Map of the unpainted picture"]);
    root.dataset.xwLive = "";
    map(1);
    expect(model.questions).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(40);
    expect([root.dataset.xwMapped, note()]).toEqual(["1", "Map follows the paint"]);
    answered(2, AFTER, { map: "now" });
    map(2);
    await vi.advanceTimersByTimeAsync(40);
    expect(note()).toBe("Map of the painted picture");
    expect(model.questions).toHaveLength(2);
  });

  it("that never comes holds nothing up for long", async () => {
    await open();
    pointer("pointerdown", 2.5, 1.5);
    answered(1, AFTER, { map: "now" });
    pointer("pointermove", 4.5, 1.5);
    await vi.advanceTimersByTimeAsync(230);
    expect(model.questions).toHaveLength(2);
  });

  it("that is slow is asked for once the stroke has ended, and said so", async () => {
    await open();
    pointer("pointerdown", 2.5, 1.5);
    expect(model.questions).toMatchObject([{ seq: 1, ended: false }]);
    answered(1, AFTER, { map: "after" });
    expect(note()).toBe("The map follows after the stroke");
    pointer("pointerup", 2.5, 1.5);
    expect(model.questions).toMatchObject([{ ended: false }, { seq: 1, ended: true }]);
    answered(1, AFTER, { map: "after" });
    expect([model.questions.length, note()]).toEqual([2, "The map is being computed"]);
    map(1, { failed: "this network has no attention" });
    await vi.advanceTimersByTimeAsync(40);
    expect(note()).toBe("No map of the painted picture: this network has no attention");
  });

  it("is gone with the paint", async () => {
    await open();
    dab(2.5, 1.5);
    answered(1, AFTER, { map: "now" });
    map(1);
    control("wipe").click();
    expect([note(), root.dataset.xwMapped]).toEqual(["", root.dataset.xwStroke]);
  });
});

describe("the tools", () => {
  it("undo, clear and fill change the mask and ask", async () => {
    await open();
    expect([
      control<HTMLButtonElement>("undo").disabled,
      control<HTMLButtonElement>("wipe").disabled,
      control("clear").hidden,
    ]).toEqual([true, true, true]);
    dab(2.5, 1.5);
    answered(1, AFTER);
    dab(4.5, 1.5);
    answered(2, AFTER);
    expect([
      control<HTMLButtonElement>("undo").disabled,
      control<HTMLButtonElement>("wipe").disabled,
      control("clear").hidden,
    ]).toEqual([false, false, false]);
    control("undo").click();
    expect(model.questions[2]).toMatchObject({ seq: 3, fill: "blur", lit: [10] });
    answered(3, AFTER);
    const black = find<HTMLInputElement>("input[value=black]");
    expect(find<HTMLInputElement>("input[value=mean]").disabled).toBe(true);
    expect(black.disabled).toBe(false);
    black.checked = true;
    black.dispatchEvent(new Event("change", { bubbles: true }));
    expect(model.questions[3]).toMatchObject({ seq: 4, fill: "black", lit: [10] });
    answered(4, AFTER);
    control("clear").click();
    expect(model.questions[4]).toMatchObject({ seq: 5, lit: [] }); // sent, though no answer is needed
    expect(said()).toBe("Paint over what you think matters (B): the bars answer.");
    expect(control<HTMLButtonElement>("wipe").disabled).toBe(true);
    expect(control("clear").hidden).toBe(true);
    press("z", { ctrlKey: true });
    expect(model.questions[5]).toMatchObject({ lit: [10] });
    expect(press("z").defaultPrevented).toBe(false);
  });

  it("have sizes up to half of the shorter side", async () => {
    await open({}, [], {
      picture: { width: 40, height: 24, mime: "image/png", data: Uint8Array.of(1) },
    });
    const size = control<HTMLInputElement>("brush-size");
    expect([size.min, size.max, size.value]).toEqual(["1", "12", "3"]);
    expect(size.getAttribute("aria-valuetext")).toBe("3 pixels");
    for (const expected of ["4", "5", "6", "8"]) {
      press("]");
      expect(size.value).toBe(expected);
    }
    for (const expected of ["6", "5", "4", "3", "2", "1", "1"]) {
      press("[");
      expect(size.value).toBe(expected);
    }
    size.value = "9";
    size.dispatchEvent(new Event("input", { bubbles: true }));
    expect(words(".xw-sizes")).toBe("9 px");
    size.dispatchEvent(new MouseEvent("dblclick", { bubbles: true }));
    expect(size.value).toBe("3");
  });
});

describe("what others have painted", () => {
  it("is there from the start", async () => {
    await open({ fill: "black" }, [runs([3, 4]), floats(AFTER)]);
    expect(said()).toBe("cat 40.0 % → 12.5 % | now <b>zebra</b> 50.0 % | 6 % painted");
    expect(model.sent).toEqual([{ kind: "brush", known: true }]);
    expect(control<HTMLButtonElement>("undo").disabled).toBe(true);
    expect(drawn.boxes).toEqual([[[0, 0, 8, 4], String(pixels([3, 4])), "black", false]]);
    made.update();
    expect(drawn.boxes).toHaveLength(2);
  });

  it("is taken over, can be undone, and asks nothing", async () => {
    await open();
    dab(2.5, 1.5);
    answered(1, AFTER);
    answered(1, AFTER, { by: "other", fill: "black" }, [7]);
    expect(drawn.boxes.at(-1)).toEqual([[0, 0, 8, 4], String(pixels([7])), "black", false]);
    expect([repainted, model.questions.length]).toEqual([1, 1]);
    control("undo").click();
    expect(model.questions[1]).toMatchObject({ lit: [10], fill: "black" });
  });

  it("is forgotten with the picture", async () => {
    await open();
    dab(2.5, 1.5);
    model.set("picture", { width: 4, height: 4, mime: "image/png", data: Uint8Array.of(2) });
    expect(model.sent.at(-1)).toEqual({ kind: "brush", known: true });
    expect(control<HTMLButtonElement>("undo").disabled).toBe(true);
    const sent = model.sent.length;
    press("z", { ctrlKey: true });
    expect(model.sent).toHaveLength(sent);
    dab(1.5, 1.5);
    answered(1, AFTER);
    expect(words(".xw-verdict")).not.toContain("→");
    expect(model.questions).toHaveLength(1); // there is nothing to paint on
    model.emit("msg:custom", { ...OPENED, fills: ["black"] }, [Uint8Array.of(1), floats(BEFORE)]);
    await vi.advanceTimersByTimeAsync(1);
    dab(1.5, 1.5);
    expect(model.questions.at(-1)).toMatchObject({ fill: "black" });
  });
});

it("does not begin with the fills of the picture before", async () => {
  await open();
  model.emit("msg:custom", { ...OPENED }, [Uint8Array.of(1), floats(BEFORE)]);
  model.set("picture", { width: 4, height: 4, mime: "image/png", data: Uint8Array.of(2) });
  await vi.advanceTimersByTimeAsync(1);
  dab(2.5, 1.5);
  expect(model.questions).toEqual([]);
});

it("says where the map is not seen", async () => {
  await open();
  dab(2.5, 1.5);
  expect(covered({ row: 1, column: 2 })).toBe(true);
  expect(covered({ row: 1, column: 3 })).toBe(false);
  model.set("arrangement", "side_by_side"); // there the map stands alone
  expect(covered({ row: 1, column: 2 })).toBe(false);
});

it("puts a new winner in the place of the least probable bar, and is cleared from outside", async () => {
  await open();
  dab(2.5, 1.5);
  answered(1, AFTER);
  expect([find("[data-xw-class='2']").hidden, find("[data-xw-class='3']").hidden]).toEqual([
    false,
    true,
  ]);
  made.clear();
  expect(find("[data-xw-class='3']").hidden).toBe(false);
  expect(find(".xw-risen").hidden).toBe(true);
  expect(model.questions.at(-1)).toMatchObject({ lit: [] });
  const asked = model.questions.length;
  made.clear();
  expect(model.questions).toHaveLength(asked);
});

it("hears nothing after its end", async () => {
  await open();
  life.abort();
  expect(model.listening).toBe(0);
});
