// @vitest-environment jsdom
// The whole viewer without a browser: what it says, asks and lets go of. Pixels are looked at elsewhere.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import viewer from "../../src/heatmap/index";
import { CAM, FakeModel, frameOf, OCCLUSION, RULED_OUT, SALIENCY } from "../fake";

const frame = frameOf({
  shape: [2, 4],
  data: Uint8Array.of(0, 255, 128, 64, 0, 0, 0, 0),
  peak: 1.42,
  range: [0, 1.42],
});

let model: FakeModel;
let life: AbortController;
let host: HTMLElement;
let cell: HTMLElement;

async function frames(): Promise<void> {
  await vi.advanceTimersByTimeAsync(40);
}

async function open(traits: Record<string, unknown> = {}): Promise<void> {
  model = new FakeModel({ frame, ...traits });
  life = new AbortController();
  cell = document.createElement("div");
  host = document.createElement("div");
  cell.append(host);
  document.body.replaceChildren(cell);
  viewer.render({ model, el: host, signal: life.signal });
  await frames();
}

const find = <Kind extends HTMLElement>(selector: string): Kind => {
  const found = host.querySelector<Kind>(selector);
  if (!found) throw new Error(`nothing matches ${selector}`);
  return found;
};
const control = <Kind extends HTMLElement>(name: string): Kind =>
  find<Kind>(`[data-xw-control="${name}"]`);
/** What is to be seen of it. */
function text(selector: string): string {
  const copy = find(selector).cloneNode(true) as HTMLElement;
  for (const hidden of copy.querySelectorAll("[hidden]")) hidden.remove();
  return copy.textContent!.replaceAll("\xa0", " ");
}
const root = (): HTMLElement => find(".xw-root");
const opened = (): HTMLElement[] => [
  ...host.querySelectorAll<HTMLElement>(".xw-popup:not([hidden]) [role=option]"),
];
const active = (): string | null | undefined =>
  host.querySelector("[data-xw-active] .xw-label")?.textContent;
function press(target: HTMLElement, key: string): KeyboardEvent {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
  target.dispatchEvent(event);
  return event;
}
function type(field: HTMLInputElement, value: string): void {
  field.focus();
  field.value = value;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

beforeEach(() => {
  vi.useFakeTimers({
    toFake: [
      "setTimeout",
      "clearTimeout",
      "setInterval",
      "clearInterval",
      "requestAnimationFrame",
      "performance",
    ],
  });
  vi.stubGlobal(
    "ResizeObserver",
    class {
      observe(): void {}
      disconnect(): void {}
    },
  );
  vi.stubGlobal(
    "ImageData",
    class {
      data: Uint8ClampedArray;
      constructor(width: number, height: number) {
        this.data = new Uint8ClampedArray(4 * width * height);
      }
    },
  );
  vi.stubGlobal("createImageBitmap", () => new Promise(() => {}));
  // jsdom has no canvas: what is painted is looked at in a real browser.
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockReturnValue(null);
  vi.spyOn(HTMLElement.prototype, "offsetParent", "get").mockReturnValue(document.body);
});

afterEach(() => {
  life.abort();
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

describe("classes", () => {
  it("are buttons with their probability, the explained one pressed", async () => {
    await open();
    const bars = [...host.querySelectorAll(".xw-bar")];
    expect(bars.map((bar) => bar.getAttribute("aria-pressed"))).toEqual(["true", "false"]);
    expect(bars[0]!.textContent!.replaceAll("\xa0", " ")).toBe("cat42.9 %");
    find('[data-xw-class="3"]').click();
    expect([model.traits.target, model.saves]).toEqual([3, 1]);
  });

  it("are found by name and shown as text, whatever they contain", async () => {
    await open();
    const search = control<HTMLInputElement>("class-search");
    expect(search.placeholder).toBe("Search 7 classes…");
    type(search, "zeb");
    expect(opened().map((option) => option.textContent)).toEqual(["<b>zebra</b>"]);
    press(search, "Enter");
    await frames();
    expect(model.traits.target).toBe(5);
    expect(text('[aria-pressed="true"] .xw-class')).toBe("<b>zebra</b>");
    expect(host.querySelector(".xw-class b")).toBeNull();
    expect(search.value).toBe("");
  });

  it("that do not exist are said so", async () => {
    await open();
    type(control("class-search"), "qqq");
    expect(opened()[0]!.textContent).toContain("No such class");
    press(control("class-search"), "Enter");
    expect(model.saves).toBe(0);
  });

  it("include a function of the output", async () => {
    const target = { index: null, name: "margin", probability: null, score: 1.5 };
    await open({ target: "margin", frame: { ...frame, target } });
    expect(text('[aria-pressed="true"]')).toBe("margin");
    expect(root().dataset.xwTarget).toBe("margin");
  });
});

describe("method picker", () => {
  it("lists all by family, with cost, or why not", async () => {
    await open();
    control("method").click();
    const groups = [...host.querySelectorAll(".xw-popup:not([hidden]) .xw-group")];
    expect(groups.map((group) => group.textContent)).toEqual(["CAM", "Gradient", "Perturbation"]);
    expect(opened().map((option) => option.getAttribute("aria-disabled"))).toEqual([
      null,
      null,
      "true",
      null,
    ]);
    expect(opened()[2]!.textContent).toContain("this network has no rectifier");
    opened()[2]!.click();
    expect(model.saves).toBe(0);
    opened()[1]!.click();
    expect([model.traits.method, model.saves, opened().length]).toEqual(["saliency", 1, 0]);
  });

  it("is walked by keyboard, past what cannot be chosen", async () => {
    await open();
    const picker = control("method");
    press(picker, "ArrowDown");
    expect([active(), picker.getAttribute("aria-expanded")]).toEqual(["Grad-CAM", "true"]);
    press(picker, "ArrowDown");
    press(picker, "ArrowDown");
    press(picker, "ArrowDown");
    expect(active()).toBe("Occlusion");
    press(picker, "Home");
    expect(active()).toBe("Grad-CAM");
    press(picker, "End");
    expect(active()).toBe("Occlusion");
    const option = document.getElementById(picker.getAttribute("aria-activedescendant")!);
    expect(option!.textContent).toContain("Occlusion");
    press(picker, "Enter");
    expect([model.traits.method, picker.getAttribute("aria-expanded")]).toEqual([
      "occlusion",
      "false",
    ]);
  });

  it("scrolls its list, not the page, to what is active", async () => {
    const heights = vi.spyOn(HTMLElement.prototype, "offsetHeight", "get").mockReturnValue(30);
    vi.spyOn(Element.prototype, "clientHeight", "get").mockReturnValue(100);
    vi.spyOn(HTMLElement.prototype, "offsetTop", "get").mockImplementation(function (
      this: HTMLElement,
    ) {
      return Number(/-(\d+)$/.exec(this.id)?.[1] ?? 0) * 90;
    });
    await open();
    const picker = control("method");
    picker.click();
    const list = find(".xw-sheet:not([hidden]) [role=listbox]");
    press(picker, "End");
    expect([active(), list.scrollTop]).toEqual(["Occlusion", 204]);
    press(picker, "ArrowUp");
    expect([active(), list.scrollTop]).toEqual(["Saliency", 90 - 28]);
    press(picker, "Home");
    expect(list.scrollTop).toBe(0);
    heights.mockRestore();
  });

  it("goes to what is typed", async () => {
    await open();
    const picker = control("method");
    press(picker, "s");
    expect(active()).toBe("Saliency");
    press(picker, "Escape");
    expect([opened().length, model.saves]).toEqual([0, 0]);
  });

  it("is filtered by what is typed, and gives the focus back", async () => {
    await open();
    const picker = control("method");
    picker.click();
    const filter = control<HTMLInputElement>("method-filter");
    expect([document.activeElement, active()]).toEqual([filter, "Grad-CAM"]);
    type(filter, "grad");
    const left = (): string[] =>
      [...host.querySelectorAll(".xw-offer:not([hidden]) .xw-label")].map(
        (one) => one.textContent!,
      );
    expect([left(), active()]).toEqual([
      ["Grad-CAM", "Saliency", "Guided backpropagation"], // a family is found too
      "Grad-CAM",
    ]);
    type(filter, "sali");
    expect([left(), active()]).toEqual([["Saliency"], "Saliency"]);
    expect(filter.getAttribute("aria-activedescendant")).toBe(
      find('[data-xw-value="saliency"]').id,
    );
    type(filter, "qqq");
    expect([left(), active(), text(".xw-sheet")]).toEqual([
      [],
      undefined,
      expect.stringContaining("No such method"),
    ]);
    press(filter, "Enter");
    expect(model.saves).toBe(0);
    press(filter, "Escape");
    expect([document.activeElement, find(".xw-sheet").hidden]).toEqual([picker, true]);
    picker.click();
    type(filter, "sali");
    press(filter, "Enter");
    expect([document.activeElement, model.traits.method]).toEqual([picker, "saliency"]);
  });

  it("says what each takes: measured, estimated or in passes, and its sanity check", async () => {
    await open({
      cards: [CAM, SALIENCY, { ...OCCLUSION, cost: "1 forward per sample" }, RULED_OUT],
      frame: { ...frame, seconds: 0.03 },
      randomization: { grad_cam: 0.08, saliency: 0.7, occlusion: null },
    });
    control("method").click();
    const words = (value: string): string[] => [
      text(`[data-xw-value="${value}"] .xw-note`),
      find(`[data-xw-value="${value}"]`).getAttribute("aria-label")!.replaceAll("\xa0", " "),
    ];
    expect(words("grad_cam")).toEqual([
      "30 mspasses",
      "Grad-CAM, took 30 ms, passes its sanity check",
    ]);
    expect(words("saliency")).toEqual([
      "≈ 30 msfails",
      "Saliency, about 30 ms, estimated, fails its sanity check",
    ]);
    expect(words("occlusion")).toEqual(["1 forward per sample", "Occlusion, 1 forward per sample"]);
    expect(text(".xw-about")).toContain("likeness 0.08 to its own map once the weights are random");
  });

  it("shows maps that come while it is open, and asks for checks only when told to", async () => {
    await open();
    control("method").click();
    expect(text('[data-xw-value="saliency"] .xw-note')).toBe("≈ 38 ms");
    const made = frameOf({ method: "saliency", layer: null, seconds: 0.21 });
    model.emit("msg:custom", { kind: "prefetched", frame: made }, [Uint8Array.of(0)]);
    expect(text('[data-xw-value="saliency"] .xw-note')).toBe("210 ms");
    expect(model.sent).toEqual([{ kind: "ready" }]);
    control("check-methods").click();
    expect(model.sent.at(-1)).toEqual({ kind: "check" });
    expect(text('[data-xw-control="check-methods"]')).toBe("Checking, 2 left");
    model.set("randomization", { grad_cam: 0, saliency: null });
    await frames();
    expect(control("check-methods").hidden).toBe(true);
  });

  it("closes when the focus or a press goes elsewhere", async () => {
    await open();
    control("method").click();
    control("opacity").focus();
    expect(find(".xw-sheet").hidden).toBe(true);
    control("method").click();
    find(".xw-bars").dispatchEvent(new Event("pointerdown", { bubbles: true, composed: true }));
    expect(find(".xw-sheet").hidden).toBe(true);
  });

  it("offers layers to layer methods only, with their sizes", async () => {
    await open();
    control("layer").click();
    expect(opened().map((option) => option.textContent!.replaceAll("\xa0", " "))).toEqual([
      "conv7 × 7 · 1280 channels · best",
      "early14 × 14 · 112 channels",
    ]);
    opened()[1]!.click();
    expect(model.traits.layer).toBe("early");
    model.set("method", "saliency");
    await frames();
    expect(control("layer").hidden).toBe(true);
  });
});

describe("appearance", () => {
  it("changes at once, and is not sent while it changes", async () => {
    await open();
    const opacity = control<HTMLInputElement>("opacity");
    opacity.value = "0.4";
    opacity.dispatchEvent(new Event("input"));
    await frames();
    expect(find(".xw-heat").style.opacity).toBe("0.4");
    expect(opacity.getAttribute("aria-valuetext")).toBe("40\xa0%");
    find<HTMLInputElement>('[data-xw-control="arrangement"] [value="swipe"]').click();
    await frames();
    expect(control("swipe").hidden).toBe(false);
    expect([model.traits.arrangement, model.saves]).toEqual(["swipe", 0]);
    control("reset").click();
    await frames();
    expect([model.traits.opacity, model.traits.arrangement]).toEqual([0.7, "overlay"]);
    expect(model.sent).toEqual([{ kind: "ready" }]);
  });

  it("can be typed, and a double click brings a control back", async () => {
    await open();
    const field = find<HTMLInputElement>('[data-xw-number="clip"]');
    type(field, "97,3");
    press(field, "Enter");
    expect(model.traits.clip).toBe(97.3);
    type(field, "12");
    press(field, "Enter");
    expect(model.traits.clip).toBe(90);
    type(field, "nonsense");
    field.blur();
    expect([model.traits.clip, field.value]).toEqual([90, "90.0\xa0%"]);
    field.dispatchEvent(new Event("dblclick"));
    expect(model.traits.clip).toBe(99.5);
  });

  it("says what the threshold keeps, and edits what it is", async () => {
    await open();
    const field = find<HTMLInputElement>('[data-xw-number="threshold"]');
    model.set("threshold", 0.5);
    await frames();
    expect(field.value).toBe("keeps 13\xa0%"); // one of eight pixels is half the maximum or more
    field.focus();
    expect(field.value).toBe("50\xa0%");
  });

  it("shows signs for signed maps only", async () => {
    await open();
    expect(control("sign").hidden).toBe(true);
    model.set("frame", { ...frame, seq: 2, signed: true });
    await frames();
    expect(control("sign").hidden).toBe(false);
    expect(root().dataset.xwColormap).toBe("coolwarm");
  });
});

describe("parameters", () => {
  it("become controls that ask once they are set", async () => {
    await open({ method: "occlusion" });
    const window = control<HTMLInputElement>("parameter-window");
    expect([window.min, window.max, window.value]).toEqual(["8", "96", "32"]);
    window.value = "16";
    window.dispatchEvent(new Event("input"));
    expect(model.saves).toBe(0);
    window.dispatchEvent(new Event("change"));
    expect([model.traits.parameters, model.saves]).toEqual([{ window: 16 }, 1]);
    window.dispatchEvent(new Event("dblclick"));
    expect(model.traits.parameters).toEqual({});
    control("parameter-baseline").click();
    opened()[1]!.click();
    expect(model.traits.parameters).toEqual({ baseline: "black" });
  });

  it("survive a look at another method", async () => {
    await open({ method: "occlusion", parameters: { window: 16 } });
    control("method").click();
    opened()[0]!.click();
    expect(model.traits.parameters).toEqual({ window: 16 });
  });
});

describe("a value that is not possible", () => {
  const wrong = {
    seq: 2,
    state: "error",
    message: "occlusion: window=9 leaves gaps; expected window <= 8",
    hint: "Use window=8.",
    fraction: null,
    parameter: "window",
    instead: { window: 8 },
  };

  it("is marked where it is set, with words and a way out, and over the picture", async () => {
    await open({ method: "occlusion", parameters: { window: 9 } });
    model.set("status", wrong);
    await frames();
    const field = find<HTMLInputElement>("[data-xw-number='parameter-window']");
    expect(field.getAttribute("aria-invalid")).toBe("true");
    const problem = find(`#${field.getAttribute("aria-describedby")}`);
    expect(problem.previousElementSibling).toBe(field.closest(".xw-row"));
    expect(text("[data-xw-problem]")).toBe(
      "window=9 leaves gaps; expected window <= 8. Use window 8 px",
    );
    expect(text("[data-xw-plate]")).toBe(wrong.message);
    control("instead").click();
    expect(model.traits.parameters).toEqual({ window: 8 });
    model.set("status", { ...wrong, state: "idle", message: "", hint: "", parameter: undefined });
    await frames();
    expect(field.getAttribute("aria-invalid")).toBeNull();
    expect(problem.hidden).toBe(true);
  });

  it("of another method's parameter is marked nowhere", async () => {
    await open({ method: "occlusion" });
    model.set("status", { ...wrong, parameter: "samples" });
    await frames();
    expect(host.querySelector("[data-xw-problem]:not([hidden])")).toBeNull();
    expect(host.querySelector("[aria-invalid]")).toBeNull();
  });
});

describe("a photograph", () => {
  const photograph = {
    width: 8,
    height: 4,
    mime: "image/jpeg",
    data: Uint8Array.of(1),
    window: [0.25, 0.125, 0.5, 0.5],
    key: "one",
  };
  const place = (name: string): string[] => {
    const { left, top, width, height } = find(`[data-xw-canvas=${name}]`).style;
    return [left, top, width, height];
  };

  it("lies whole under the map, which lies in its window", async () => {
    await open({ photograph });
    const stage = find(".xw-stage");
    expect(stage.dataset.xwBackdrop).toBe("photograph");
    expect(stage.style.getPropertyValue("--xw-aspect")).toBe("2");
    expect(place("photograph")).toEqual(["0%", "0%", "100%", "100%"]);
    for (const name of ["heat", "picture", "paint"]) {
      expect(place(name)).toEqual(["25%", "12.5%", "50%", "50%"]);
    }
    const { left, top, width, height } = find("[data-xw-crop]").style;
    expect([left, top, width, height]).toEqual(["25%", "12.5%", "50%", "50%"]);
  });

  it("gives way to the network's view without a word to the kernel before the hand rests", async () => {
    await open({ photograph });
    control("backdrop").click();
    await frames();
    expect(model.traits.backdrop).toBe("input");
    expect(control("backdrop").getAttribute("aria-pressed")).toBe("true");
    expect(place("heat")).toEqual(["0%", "0%", "100%", "100%"]);
    expect([find("[data-xw-crop]").hidden, find(".xw-sharp").hidden]).toEqual([true, true]);
    expect(model.saves).toBe(0);
    control("backdrop").click();
    await frames();
    expect(place("heat")).toEqual(["25%", "12.5%", "50%", "50%"]);
  });

  it("is cut to the window beside a map that stands alone, or where the window is small", async () => {
    await open({ photograph, arrangement: "side_by_side" });
    expect(place("heat")).toEqual(["0%", "0%", "100%", "100%"]);
    expect(place("photograph")).toEqual(["-50%", "-25%", "200%", "200%"]);
    life.abort();
    await open({ photograph: { ...photograph, window: [0.4, 0, 0.2, 1] } });
    expect(place("heat")).toEqual(["0%", "0%", "100%", "100%"]);
    expect(place("photograph")).toEqual(["-200%", "0%", "500%", "100%"]);
  });

  it("is not shown once it is that of the picture before", async () => {
    const painted: Array<(bitmap: object) => void> = [];
    vi.stubGlobal("createImageBitmap", () => new Promise((done) => painted.push(done)));
    const sharp = (): boolean => !find(".xw-sharp").hidden;
    await open({ photograph });
    expect([painted.length, sharp()]).toEqual([2, false]); // the picture, and the photograph
    model.set("photograph", { ...photograph, key: "two", data: undefined });
    await frames();
    for (const done of painted) done({});
    await frames();
    expect(sharp()).toBe(false);
    model.emit("msg:custom", { kind: "photograph", key: "two" }, [Uint8Array.of(2)]);
    await frames();
    painted.at(-1)!({});
    await frames();
    expect(sharp()).toBe(true);
  });

  it("may come after the picture that it is of", async () => {
    await open();
    expect(control("backdrop").hidden).toBe(true);
    model.set("photograph", photograph);
    await frames();
    expect(control("backdrop").hidden).toBe(false);
    expect(place("heat")).toEqual(["25%", "12.5%", "50%", "50%"]);
    model.set("photograph", { ...photograph, key: "two", window: [0, 0, 0.5, 0.5] });
    await frames();
    expect(place("heat")).toEqual(["0%", "0%", "50%", "50%"]);
  });

  it("is not offered where there is none", async () => {
    await open();
    expect(control("backdrop").hidden).toBe(true);
    expect(find(".xw-stage").dataset.xwBackdrop).toBe("input");
  });
});

it("offers the map's own cells where it has fewer than the picture has pixels, either way", async () => {
  const shapes: Array<[number, number]> = [
    ...([
      [2, 4],
      [1, 4],
      [2, 2],
      [1, 1],
    ] as Array<[number, number]>),
  ];
  const offered: boolean[] = [];
  for (const shape of shapes) {
    await open({ frame: frameOf({ ...frame, shape, data: new Uint8Array(shape[0] * shape[1]) }) });
    offered.push(!control("cells").hidden);
    life.abort();
  }
  expect(offered).toEqual([false, true, true, true]);
});

it("keeps a picture of its longer side's size, named after what is in it", async () => {
  const context = new Proxy({}, { get: () => () => {}, set: () => true });
  vi.mocked(HTMLCanvasElement.prototype.getContext).mockReturnValue(context as never);
  const made: Array<[width: number, height: number]> = [];
  HTMLCanvasElement.prototype.toBlob = function (take: BlobCallback): void {
    made.push([this.width, this.height]);
    take(new Blob(["png"]));
  };
  URL.createObjectURL = () => "blob:1";
  const names: string[] = [];
  vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (
    this: HTMLAnchorElement,
  ) {
    names.push(this.download);
  });
  await open();
  control("save").click();
  find("[data-xw-value='save picture']").click();
  await frames();
  expect([made, names]).toEqual([[[896, 448]], ["cat_jpg_grad_cam_cat.png"]]);
});

describe("fingers and wheels", () => {
  function finger(name: string, id: number, x: number, y: number, primary = id === 1): void {
    const event = new MouseEvent(name, { clientX: x, clientY: y, bubbles: true, button: 0 });
    for (const [key, value] of Object.entries({
      pointerId: id,
      pointerType: "touch",
      isPrimary: primary,
    })) {
      Object.defineProperty(event, key, { value });
    }
    find("[data-xw-stage]").dispatchEvent(event);
  }
  const stand = (): void => {
    const pane = find("[data-xw-stage]");
    pane.getBoundingClientRect = () => ({ left: 0, top: 0, width: 400, height: 200 }) as DOMRect;
    pane.setPointerCapture = () => {};
  };

  it("two that part zoom in about their middle", async () => {
    await open();
    stand();
    finger("pointerdown", 1, 150, 100);
    finger("pointerdown", 2, 250, 100, false);
    finger("pointermove", 1, 100, 100);
    finger("pointermove", 2, 300, 100);
    expect(find(".xw-stage").dataset.xwZoom).toBe("2");
    finger("pointerup", 2, 300, 100);
    finger("pointermove", 1, 0, 0);
    expect(find(".xw-stage").dataset.xwZoom).toBe("2");
  });

  it("one that taps reads a value, which stays; one that scrolls reads none", async () => {
    await open();
    stand();
    finger("pointerdown", 1, 150, 50);
    finger("pointerup", 1, 152, 51);
    finger("pointerleave", 1, 152, 51);
    expect(find("[data-xw-readout]").hidden).toBe(false);
    expect(text("[data-xw-readout]")).toBe("row 0, col 1+1.42");
    find("[data-xw-stage]").dispatchEvent(new Event("blur"));
    finger("pointerdown", 1, 150, 50);
    finger("pointerup", 1, 150, 150);
    expect(find("[data-xw-readout]").hidden).toBe(true);
  });

  it("a plain wheel is told what zooms, twice", async () => {
    await open();
    stand();
    const hint = find("[data-xw-hint]");
    const turn = (more: object = {}): void => {
      const event = new WheelEvent("wheel", { deltaY: 10, cancelable: true, ...more });
      find("[data-xw-stage]").dispatchEvent(event);
      expect(event.defaultPrevented).toBe("ctrlKey" in more); // else the page scrolls
    };
    for (const seen of [true, true, false]) {
      turn();
      expect(hint.hidden).toBe(!seen);
      await vi.advanceTimersByTimeAsync(2000);
      expect(hint.hidden).toBe(true);
    }
    expect(hint.textContent).toMatch(/^(Ctrl|⌘) \+ wheel zooms$/);
    turn({ ctrlKey: true });
  });
});

describe("two maps", () => {
  const target = { index: 3, name: "tiger cat", probability: 0.279 };
  const other = { ...frame, seq: 2, target, data: Uint8Array.of(9, 0, 0, 0, 0, 0, 0, 255) };
  const choose = (arrangement: string): void =>
    find<HTMLInputElement>(`[data-xw-control="arrangement"] [value="${arrangement}"]`).click();

  it("of this class and the next are subtracted with one click", async () => {
    await open();
    expect(find(".xw-captions").hidden).toBe(true);
    choose("difference");
    expect([model.traits.arrangement, model.traits.other_target, model.saves]).toEqual([
      "difference",
      3,
      1,
    ]);
    await frames();
    expect(find(".xw-veil, .xw-heat").hidden).toBe(true); // until the second one is here
    model.set("other_frame", other);
    await frames();
    expect(root().dataset.xwSecond).toBe("grad_cam 3");
    expect(text(".xw-captions")).toBe("red: for catblue: for tiger cat");
    expect(find(".xw-first").title).toBe("red: more for cat");
    expect(text(".xw-live")).toContain("Difference: red is more for cat, blue more for tiger cat.");
    expect(find(".xw-colourbar").dataset.xwLow).toMatch(/^-/);
    choose("overlay");
    await frames();
    expect(find(".xw-captions").hidden).toBe(true);
    expect(find(".xw-colourbar").dataset.xwLow).toBe("0");
  });

  it("stand left and right of the handle, where each is read", async () => {
    await open({ arrangement: "swipe", other_target: 3, other_frame: other, split: 0.5 });
    expect(text(".xw-captions")).toBe("cattiger cat");
    expect(find(".xw-beyond").style.clipPath).toBe("inset(0 0 0 50%)");
    const stage = find("[data-xw-stage]");
    press(stage, "ArrowRight");
    press(stage, "ArrowRight");
    expect(text("[data-xw-readout]")).toBe("row 1, col 3+1.42");
    press(stage, "ArrowLeft");
    press(stage, "ArrowLeft");
    press(stage, "ArrowUp");
    expect(text("[data-xw-readout]")).toBe("row 0, col 1+1.42");
    expect(control("swipe").getAttribute("aria-valuetext")).toBe("50 % first map");
  });

  it("are chosen over the picture, and given up there", async () => {
    await open({ arrangement: "swipe" });
    expect(text(".xw-captions")).toBe("Grad-CAMphotograph");
    control("second").click();
    expect(opened().map((option) => option.dataset.xwValue)).toEqual([
      "",
      "class 3",
      "method saliency",
      "method occlusion",
      "method guided_backprop",
    ]);
    expect(opened()[4]!.getAttribute("aria-disabled")).toBe("true");
    opened()[2]!.click();
    await frames();
    expect([model.traits.other_method, model.traits.other_target]).toEqual(["saliency", null]);
    expect(text(".xw-captions")).toBe("Grad-CAMSaliency");
    control("second").click();
    opened()[0]!.click();
    expect([model.traits.other_method, model.traits.other_target]).toEqual([null, null]);
  });

  it("tell the kernel where the handle stands once it rests", async () => {
    await open({ arrangement: "swipe", split: 0.3 });
    expect(control("swipe").style.left).toBe("30%");
    press(control("swipe"), "ArrowRight");
    expect([control("swipe").style.left, model.traits.split, model.saves]).toEqual([
      "32%",
      0.32,
      0,
    ]);
    await vi.advanceTimersByTimeAsync(300);
    expect(model.saves).toBe(1);
    model.set("split", 0.9); // from Python
    await frames();
    expect(control("swipe").style.left).toBe("90%");
  });

  it("are not there in a page that was saved with one", async () => {
    await open({ frozen: true, frames: [frame] });
    choose("difference");
    await frames();
    expect(text("[data-xw-plate]")).toBe("No second map was saved with this page.");
  });
});

describe("the colour bar", () => {
  const handle = (name: string): HTMLElement => control(`bar-${name}`);
  function at(kind: string, x: number): void {
    const event = new MouseEvent(kind, { clientX: x, bubbles: true, cancelable: true });
    Object.defineProperty(event, "pointerId", { value: 1 });
    find(".xw-rampbox").dispatchEvent(event);
  }
  beforeEach(() => {
    Object.defineProperty(HTMLElement.prototype, "setPointerCapture", {
      value: () => {},
      configurable: true,
    });
    vi.spyOn(HTMLElement.prototype, "getBoundingClientRect").mockReturnValue({
      ...new DOMRect(0, 0, 100, 34).toJSON(),
    });
  });

  it("is dragged at its ends: threshold and clip, told when the hand rests", async () => {
    await open({ threshold: 0.2, clip: 100 });
    expect([handle("threshold").style.left, handle("clip").style.left]).toEqual(["20%", "100%"]);
    at("pointerdown", 25);
    at("pointermove", 40);
    await frames();
    expect([model.traits.threshold, handle("threshold").style.left, model.saves]).toEqual([
      0.4,
      "40%",
      0,
    ]);
    at("pointerup", 40);
    at("pointerdown", 98);
    at("pointermove", 70); // the second largest of eight values is 0.25 of the largest
    await frames();
    const clip = model.traits.clip as number;
    expect(clip).toBeGreaterThan(90);
    expect(clip).toBeLessThan(100);
    at("pointerup", 70);
    at("pointermove", 10);
    expect(model.traits.clip).toBe(clip);
    await vi.advanceTimersByTimeAsync(300);
    expect(model.saves).toBe(1);
  });

  it("is moved by keyboard, within its limits, and reset by a double click", async () => {
    await open({ threshold: 0.2, clip: 99.9 });
    press(handle("threshold"), "ArrowRight");
    expect(model.traits.threshold).toBe(0.21);
    press(handle("threshold"), "Home");
    press(handle("threshold"), "ArrowLeft");
    expect(model.traits.threshold).toBe(0);
    for (let i = 0; i < 3; i++) press(handle("clip"), "ArrowRight");
    expect(model.traits.clip).toBe(100);
    press(handle("clip"), "Home");
    expect(model.traits.clip).toBe(90);
    handle("clip").dispatchEvent(new MouseEvent("dblclick", { bubbles: true }));
    expect([model.traits.clip, model.traits.threshold]).toEqual([99.5, 0]);
  });

  it("agrees with the sliders, and says what it stands at", async () => {
    await open({ threshold: 0, clip: 100 });
    type(find<HTMLInputElement>('[data-xw-number="threshold"]'), "30");
    press(find('[data-xw-number="threshold"]'), "Enter");
    await frames();
    expect(handle("threshold").style.left).toBe("30%");
    expect(handle("threshold").getAttribute("aria-valuetext")!.replaceAll("\xa0", " ")).toBe(
      "30 %, keeps 13 %",
    );
    expect(handle("clip").getAttribute("aria-valuetext")!.replaceAll("\xa0", " ")).toBe(
      "100.0 %, +1.42",
    );
    press(handle("threshold"), "End");
    await frames();
    expect(find<HTMLInputElement>('[data-xw-control="threshold"]').value).toBe("1");
  });

  it("has nothing to be moved where there is no map", async () => {
    await open({ frame: frameOf({ state: "zero", message: "Nothing." }) });
    expect([handle("threshold").hidden, handle("clip").hidden]).toEqual([true, true]);
    at("pointerdown", 25);
    at("pointermove", 40);
    expect(model.traits.threshold).toBeUndefined();
  });
});

describe("words", () => {
  it("of the card, whose address must be one of the web", async () => {
    await open();
    expect(text(".xw-card p")).toBe("Where the last convolution looked.");
    expect(text(".xw-card .xw-facts")).toBe(
      "Coarse. 1 forward, 1 backward · Selvaraju 2017 · formula",
    );
    expect(find("a").getAttribute("href")).toBe("https://arxiv.org/abs/1610.02391");
    model.set("method", "saliency");
    await frames();
    expect(find("a").getAttribute("href")).toBeNull();
  });

  it("of the formula, one key away", async () => {
    await open();
    expect(find(".xw-formula").hidden).toBe(true);
    press(control("method"), "?");
    expect(find(".xw-formula").hidden).toBe(false);
    expect(control("formula").getAttribute("aria-expanded")).toBe("true");
    press(find<HTMLInputElement>('[data-xw-number="clip"]'), "?");
    expect(find(".xw-formula").hidden).toBe(false);
  });

  it("at rest: the network, its input, the time", async () => {
    await open();
    expect(text("[data-xw-about]")).toBe("Small · 2 × 4 · 38 ms");
    expect(root().dataset.xwState).toBe("rest");
  });

  it("while it runs, with progress and Stop, but not before 150 ms", async () => {
    await open();
    control("method").click();
    opened()[3]!.click();
    const status = { seq: 2, message: "Occlusion", hint: "", fraction: 0.38, remaining: 6 };
    model.set("status", { ...status, state: "running", seconds: 0.1 });
    await frames();
    expect([text("[data-xw-status]"), root().dataset.xwState]).toEqual(["", "rest"]);
    await vi.advanceTimersByTimeAsync(200);
    expect([root().dataset.xwState, root().dataset.xwBusy]).toEqual(["busy", ""]);
    expect(text("[data-xw-status]")).toBe("Occlusion38 % · 6 s leftStop");
    expect(find("[role=progressbar]").getAttribute("aria-valuenow")).toBe("38");
    control("stop").click();
    expect(model.sent).toContainEqual({ kind: "stop" });
    model.set("status", { ...status, state: "stopped", message: "Stopped at 38%.", seconds: 1 });
    await frames();
    expect(text(".xw-words")).toBe("Stopped at 38%.");
    expect(control("stop").hidden).toBe(true);
    control("resume").click();
    expect(model.sent.at(-1)).toEqual({ kind: "resume" });
    await vi.advanceTimersByTimeAsync(200);
    expect([control("resume").hidden, root().dataset.xwBusy]).toEqual([true, ""]);
  });

  it("of an error and the way out, also for screen readers", async () => {
    await open();
    const words = { message: "RISE needs <b>3.2 GB</b>.", hint: "Lower samples." };
    model.set("status", { seq: 2, state: "error", fraction: null, ...words });
    await frames();
    expect(root().dataset.xwState).toBe("error");
    expect(text(".xw-words")).toBe(words.message);
    expect(text(".xw-live")).toBe("RISE needs <b>3.2 GB</b>. Lower samples.");
  });

  it("of a kernel that does not answer", async () => {
    await open();
    find('[data-xw-class="3"]').click();
    await vi.advanceTimersByTimeAsync(9_000);
    const said = () => [text(".xw-words"), text("[data-xw-status]")].join(" | ");
    expect(said()).toContain("No answer from the kernel.");
    expect(said()).toContain("It is busy or gone: wait, or run this cell again.");
    model.emit("comm_live_update");
    await frames();
    expect(said()).toContain("The kernel is gone.");
    expect(said()).toContain("Run this cell again; what was seen can still be looked at.");
  });

  it("of a map that is empty, over the picture", async () => {
    await open({ frame: { ...frame, peak: 0, state: "zero", message: "All zero." } });
    expect(text("[data-xw-plate]")).toBe("All zero.");
    expect(find(".xw-heat").hidden).toBe(true);
  });

  it("of the result, announced once it is final", async () => {
    await open();
    expect(text(".xw-live")).toBe("Grad-CAM for cat, 42.9 %. Values from 0 to +1.42.");
    model.set("frame", { ...frame, seq: 2, partial: true, range: [0, 9] });
    await frames();
    expect(text(".xw-live")).toContain("1.42");
  });

  it("of a saved page", async () => {
    await open({ frozen: true, frames: [frame] });
    expect(text("[data-xw-status]")).toContain("Saved page");
    expect(find<HTMLButtonElement>('[data-xw-class="3"]').disabled).toBe(true);
    control("method").click();
    expect(opened()[1]!.textContent).toContain("not in this saved page");
    press(control("method"), "Escape");
    control("layer").click();
    expect(opened().map((option) => option.getAttribute("aria-disabled"))).toEqual([null, "true"]);
    expect(opened()[1]!.textContent).toContain("not in this saved page");
  });
});

describe("manners", () => {
  it("keeps keys to itself, but not Escape and Tab", async () => {
    await open();
    const heard: string[] = [];
    cell.addEventListener("keydown", ({ key }) => heard.push(key));
    for (const key of ["b", "ArrowDown", "Enter", "Escape", "Tab"]) press(control("opacity"), key);
    expect(heard).toEqual(["Escape", "Tab"]);
    press(control("method"), "ArrowDown");
    press(control("method"), "Escape"); // closes the list: that was all
    expect(heard).toEqual(["Escape", "Tab"]);
  });

  it("reads values by keyboard", async () => {
    await open();
    const stage = find("[data-xw-stage]");
    press(stage, "ArrowRight");
    expect(text("[data-xw-readout]")).toBe("row 1, col 20");
    press(stage, "ArrowUp");
    press(stage, "ArrowLeft");
    expect(text("[data-xw-readout]")).toBe("row 0, col 1+1.42");
    expect(text(".xw-live")).toBe("row 0, col 1: +1.42");
    press(stage, "+");
    expect(find(".xw-stage").dataset.xwZoom).toBe("1.5");
    press(stage, "0");
    expect(find(".xw-stage").dataset.xwZoom).toBe("1");
  });

  it("moves the swipe handle by keyboard", async () => {
    await open({ arrangement: "swipe" });
    press(control("swipe"), "PageUp");
    expect(control("swipe").getAttribute("aria-valuenow")).toBe("70");
    press(control("swipe"), "ArrowLeft");
    expect(control("swipe").getAttribute("aria-valuenow")).toBe("68");
    press(control("swipe"), "End");
    expect(control("swipe").getAttribute("aria-valuenow")).toBe("100");
  });

  it("lets everything go with its view, and no other view's", async () => {
    await open();
    const other = document.createElement("div");
    const otherLife = new AbortController();
    viewer.render({ model, el: other, signal: otherLife.signal });
    const both = model.listening;
    const canvas = find<HTMLCanvasElement>("canvas");
    life.abort();
    expect(host.children.length).toBe(0);
    expect([canvas.width, model.listening]).toEqual([0, both / 2]);
    expect(other.querySelectorAll(".xw-root").length).toBe(1);
    otherLife.abort();
    expect(model.listening).toBe(0);
    expect(vi.getTimerCount()).toBeLessThanOrEqual(1);
  });

  it("asks for the brush once, when it is first wanted", async () => {
    await open();
    const asked = () => model.sent.filter((told) => (told as { kind: string }).kind === "brush");
    expect([asked(), control("brush").getAttribute("aria-pressed")]).toEqual([[], "false"]);
    press(control("class-search"), "b"); // somebody writes
    expect(asked()).toEqual([]);
    press(find(".xw-pane"), "b");
    control("brush").click();
    expect(asked()).toEqual([{ kind: "brush" }]);
  });

  it("tells the kernel when the host refuses the part, and asks again", async () => {
    await open();
    control("brush").click();
    vi.stubGlobal("URL", {
      createObjectURL() {
        throw new Error("blob: is forbidden");
      },
    });
    model.emit("msg:custom", { kind: "brush" }, [Uint8Array.of(1)]);
    await frames();
    expect(model.sent.at(-1)).toEqual({ kind: "brush", problem: "Error: blob: is forbidden" });
    vi.unstubAllGlobals();
    control("brush").click();
    expect(model.sent.at(-1)).toEqual({ kind: "brush" });
  });

  it("says what its tools are and where the swipe stands", async () => {
    await open();
    const said = [...host.querySelectorAll(".xw-strip button:not([hidden])")];
    expect(said.map((button) => button.getAttribute("title"))).toEqual([
      "Paint over the picture (B)",
      "Zoom out (−)",
      "Zoom in (+)",
      "Whole picture (0)",
    ]);
    expect(control("brush").getAttribute("aria-pressed")).toBe("false");
    const swipe = control("swipe");
    expect([
      swipe.getAttribute("aria-valuenow"),
      swipe.getAttribute("aria-valuetext"),
      find("[data-xw-canvas=bar]").className,
    ]).toEqual(["50", "50 % heatmap", "xw-ramp"]);
  });

  it("has no brush where no kernel is", async () => {
    await open({ frozen: true, frames: [frame] });
    expect(host.querySelector('[data-xw-control="brush"]')).toBeNull();
  });

  it("cleans up when the host knows no signal", async () => {
    model = new FakeModel({ frame });
    host = document.createElement("div");
    const cleanUp = viewer.render({ model, el: host });
    cleanUp();
    expect([host.children.length, model.listening]).toEqual([0, 0]);
  });
});
