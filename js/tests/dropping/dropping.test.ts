// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import dropping, { pictureIn } from "../../src/dropping/index";
import type { DropSession } from "../../src/parts/bring";
import { el } from "../../src/parts/dom";
import { FakeModel } from "../fake";

vi.mock("../../src/dropping/style.css", () => ({ default: "" }));

interface Piece {
  kind: string;
  by: string;
  name: string;
  size: number;
  at: number;
  bytes: number;
}
class Kernel extends FakeModel {
  override send(content: unknown, _callbacks?: unknown, buffers: unknown[] = []): void {
    const [piece] = buffers as Uint8Array[];
    this.sent.push(piece ? { ...(content as object), bytes: piece.length } : content);
  }
  get pieces(): Piece[] {
    return this.sent.filter((one) => (one as Piece).kind === "picture") as Piece[];
  }
}

let model: Kernel;
let root: HTMLElement;
let life: AbortController;
let state: string;
let spoken: string[];

const file = (bytes: number, name = "owl.png", type = "image/png"): File => {
  const made = new File([new Uint8Array(bytes)], name, { type });
  // jsdom's blobs have none.
  made.slice = (from = 0, to = bytes) =>
    ({
      arrayBuffer: async () => new ArrayBuffer(Math.min(to, bytes) - from),
    }) as Blob;
  return made;
};
const veil = (): HTMLElement => root.querySelector("[data-xw-drop], .xw-veil")!;
const mode = (): string | null | undefined =>
  veil().hidden ? undefined : veil().getAttribute("data-xw-drop");
const words = (): string => veil().querySelector(".xw-dropwords")!.textContent!;
const back = (): HTMLButtonElement => root.querySelector('[data-xw-control="drop-back"]')!;
const settled = (): Promise<unknown> => vi.advanceTimersByTimeAsync(5);
const answer = (more: object): void =>
  model.emit("msg:custom", { kind: "dropped", by: model.pieces[0]!.by, ...more });

function open(earlier = ""): void {
  model = new Kernel({ earlier_picture: earlier });
  const stage = el("", { _stage: true, tabindex: 0 });
  root = el(".root", stage, el("footer", el("", "status"), el("span", "Small")));
  document.body.replaceChildren(root);
  life = new AbortController();
  spoken = [];
  const session = {
    frozen: false,
    state: () => state,
    send: (message: object) => model.send(message),
    on: (name: string, listener: (...values: never[]) => void) =>
      model.on(name, listener as (...values: unknown[]) => void),
  };
  dropping(
    { model, root, signal: life.signal, speak: (text: string) => void spoken.push(text) },
    session as unknown as DropSession,
    { kind: "drop", most: 2_000_000 },
  );
}

function transfer(types: string[], files: File[] = [], markup = "") {
  return { types, files, getData: () => markup, dropEffect: "" };
}
function fire(kind: string, target: Element, from: ReturnType<typeof transfer>): Event {
  const event = new Event(kind, { bubbles: true, cancelable: true, composed: true });
  const name = kind === "paste" ? "clipboardData" : "dataTransfer";
  Object.defineProperty(event, name, { value: from });
  target.dispatchEvent(event);
  return event;
}
/** As the browser tells of it; a paste comes where the focus is. */
function take(kind: string, here: boolean, files: File[], markup: string): Event {
  if (kind === "paste") stage().focus();
  const types = files.length || !markup ? ["Files"] : ["text/uri-list", "text/html"];
  return fire(
    kind,
    here && kind !== "paste" ? root : document.body,
    transfer(types, files, markup),
  );
}
const stage = (): HTMLElement => root.querySelector("[data-xw-stage]")!;

beforeEach(() => {
  vi.useFakeTimers();
  state = "rest";
  open();
});
afterEach(() => {
  life.abort();
  vi.useRealTimers();
});

describe("the target", () => {
  it("is seen while a picture is dragged, and gone when it goes elsewhere", async () => {
    expect(mode()).toBeUndefined();
    take("dragover", false, [], "");
    expect(mode()).toBe("near");
    take("dragover", true, [], "");
    expect([mode(), words()]).toEqual([
      "over",
      "Drop a pictureThe network says what it sees in it",
    ]);
    await vi.advanceTimersByTimeAsync(4_000);
    expect(mode()).toBe("over");
    await vi.advanceTimersByTimeAsync(2_000); // nobody says any more that it is dragged
    expect(mode()).toBeUndefined();
  });

  it("is gone when it has left the page", async () => {
    take("dragover", true, [], "");
    const within = new MouseEvent("dragleave", { bubbles: true, relatedTarget: stage() });
    stage().dispatchEvent(within);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(mode()).toBe("over");
    stage().dispatchEvent(new MouseEvent("dragleave", { bubbles: true }));
    take("dragover", true, [], ""); // it was said too early
    await vi.advanceTimersByTimeAsync(1_000);
    expect(mode()).toBe("over");
    stage().dispatchEvent(new MouseEvent("dragleave", { bubbles: true }));
    await vi.advanceTimersByTimeAsync(500);
    expect(mode()).toBeUndefined();
  });

  it("is gone when it is dropped elsewhere", () => {
    take("dragover", false, [], "");
    take("drop", false, [file(3)], "");
    expect(mode()).toBeUndefined();
    expect(model.pieces).toEqual([]);
  });

  it("says so where the kernel is gone", async () => {
    state = "gone";
    take("dragover", true, [], "");
    expect([mode(), words()]).toEqual(["gone", expect.stringContaining("The kernel is gone")]);
    take("paste", true, [file(3)], "");
    expect([mode(), words()]).toEqual(["refused", expect.stringContaining("The kernel is gone")]);
    expect(model.pieces).toEqual([]);
  });
});

describe("a file", () => {
  it("is sent in pieces, and shown", async () => {
    take("drop", true, [file(1_300_000)], "");
    await settled();
    expect(model.pieces.map(({ at, bytes, size, name }) => [at, bytes, size, name])).toEqual([
      [0, 640_000, 1_300_000, "owl.png"],
      [640_000, 640_000, 1_300_000, "owl.png"],
      [1_280_000, 20_000, 1_300_000, "owl.png"],
    ]);
    expect([mode(), words()]).toEqual(["reading", "Reading owl.png"]);
    take("dragover", true, [], ""); // another one waits
    expect(mode()).toBe("reading");
    model.emit("msg:custom", { kind: "dropped", by: "another view" });
    expect(mode()).toBe("reading");
    answer({ name: "owl.png" });
    expect(mode()).toBeUndefined();
    expect(spoken).toEqual(["Reading owl.png", "owl.png is shown now."]);
  });

  it("of no bytes is sent as well: the kernel says what is wrong", async () => {
    take("drop", true, [file(0)], "");
    await settled();
    expect(model.pieces.map(({ at, bytes }) => [at, bytes])).toEqual([[0, 0]]);
  });

  it("that is too large is refused before anything is sent", async () => {
    take("drop", true, [file(3_200_000)], "");
    await settled();
    expect(words().replaceAll("\xa0", " ")).toContain(
      "“owl.png” has 3 MB; expected at most 2 MB. Make it smaller",
    );
    expect(model.pieces).toEqual([]);
  });

  it("that cannot be read is said to be so", async () => {
    const folder = file(4096, "holiday", "");
    folder.slice = () => ({ arrayBuffer: () => Promise.reject(new Error("not found")) }) as Blob;
    take("drop", true, [folder], "");
    await settled();
    expect(words()).toContain("“holiday” cannot be read (not found). Is it a folder?");
  });

  it("is one, not several", async () => {
    take("drop", true, [file(1), file(2)], "");
    expect(words()).toContain("These are 2 files. Bring one picture.");
    expect(model.pieces).toEqual([]);
  });

  it("that is no picture: the kernel's words stay until they are read", async () => {
    take("drop", true, [file(5, "notes.txt")], "");
    await settled();
    answer({ failed: '"notes.txt" is not a picture.' });
    expect([mode(), words()]).toEqual([
      "refused",
      'This picture is not shown"notes.txt" is not a picture.',
    ]);
    expect(veil().getAttribute("role")).toBe("alert");
    const close = root.querySelector<HTMLElement>('[data-xw-control="drop-close"]')!;
    expect(document.activeElement).toBe(close);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(mode()).toBe("refused");
    close.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
    expect(mode()).toBeUndefined();
    expect(document.activeElement).toBe(root.firstElementChild);
  });

  it("that is long in coming is explained", async () => {
    take("drop", true, [file(5)], "");
    await vi.advanceTimersByTimeAsync(10_100);
    expect(words()).toContain("The kernel is busy with something else.");
  });
});

describe("what is taken", () => {
  it("keeps the browser from leaving the page", () => {
    const from = transfer(["Files"], [file(3)]);
    expect(fire("dragover", stage(), from).defaultPrevented).toBe(true);
    expect(from.dropEffect).toBe("copy");
    expect(fire("drop", stage(), from).defaultPrevented).toBe(true);
  });

  it("is not what is elsewhere on the page", () => {
    const from = transfer(["Files"], [file(3)]);
    expect(fire("dragover", document.body, from).defaultPrevented).toBe(false);
    expect(fire("drop", document.body, from).defaultPrevented).toBe(false);
    expect(from.dropEffect).toBe("");
  });

  it("is not words", () => {
    const words = transfer(["text/plain", "text/html"]);
    expect(fire("dragover", stage(), words).defaultPrevented).toBe(false);
    expect(mode()).toBeUndefined();
  });

  it("is nothing while the kernel is gone, and the page stays", () => {
    state = "gone";
    const from = transfer(["Files"], [file(3)]);
    expect(fire("dragover", stage(), from).defaultPrevented).toBe(true);
    expect(from.dropEffect).toBe("none");
  });

  it("is no paste that is meant for something else, nor words", () => {
    const paste = (files: File[]) => fire("paste", document.body, transfer(["Files"], files));
    const [field, slider, other] = [el("input"), el("input", { type: "range" }), el("textarea")];
    root.append(field, slider);
    document.body.append(other);
    for (const [focused, taken] of [
      [field, false],
      [other, false],
      [slider, true],
    ] as const) {
      focused.focus();
      expect(paste([file(3)]).defaultPrevented).toBe(taken);
    }
    stage().focus();
    expect(paste([]).defaultPrevented).toBe(false);
    expect(paste([file(3)]).defaultPrevented).toBe(true);
  });
});

describe("a page's markup", () => {
  it("may have the picture in it", async () => {
    const data = btoa("\x89PNG");
    const found = pictureIn(`<p><img src="data:image/png;base64,${data}"></p>`)!;
    expect([found.name, found.type, found.size]).toEqual(["picture.png", "image/png", 4]);
  });

  it.each([
    "<img src='data:image/svg+xml,%3Csvg/%3E'>",
    "<img src='data:text/html;base64,AAAA'>",
    "<img src='data:image/png;base64,%%%'>",
    "<script>alert(1)</script>",
    "",
  ])("without one: %s", (markup) => expect(pictureIn(markup)).toBeUndefined());

  it("with an address only is not fetched", () => {
    take("drop", true, [], '<img src="https://example.org/cat.jpg">');
    expect(words()).toContain("The page gave an address, not the picture.");
    take("drop", true, [], '<a href="https://example.org">a page</a>');
    expect(words()).toContain("There is no picture in it.");
  });
});

describe("the way back", () => {
  it("is there while there is an earlier picture", () => {
    expect(back().hidden).toBe(true);
    model.set("earlier_picture", "<b>cat</b>.png");
    expect([back().hidden, back().textContent]).toEqual([false, "Back to <b>cat</b>.png"]);
    back().click();
    expect(model.sent).toEqual([{ kind: "back" }]);
    expect(back().hidden).toBe(true);
    model.set("earlier_picture", "");
    expect(back().hidden).toBe(true);
  });

  it("is none without a kernel", () => {
    open("cat.png");
    state = "gone";
    back().click();
    expect(model.sent).toEqual([]);
    expect([mode(), words()]).toEqual(["refused", expect.stringContaining("run this cell again")]);
  });

  it("is there after a reload", () => {
    open("cat.png");
    expect([back().hidden, back().textContent]).toEqual([false, "Back to cat.png"]);
  });
});
