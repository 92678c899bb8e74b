// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { fileName, type Saved, saveButton } from "../../src/parts/save";

describe("a file's name", () => {
  it("is letters and numbers of the words", () => {
    expect(fileName(["photo 1.jpg", undefined, "grad_cam", "Höhe/日本"])).toBe(
      "photo_1_jpg_grad_cam_Höhe_日本",
    );
    expect(fileName([null, ""])).toBe("picture");
  });
});

type Listener = (message: object, buffers: DataView[]) => void;

describe("what is seen", () => {
  const canvas = document.createElement("canvas");
  let saved: string[];
  let copied: Array<Record<string, Promise<Blob>>>;
  let said: string[];
  let listener: Listener;
  let sent: object[];
  let frozen: boolean;
  let state: string;
  let end: AbortController;

  beforeEach(() => {
    [saved, copied, said, sent, frozen, state] = [[], [], [], [], false, "rest"];
    end = new AbortController();
    canvas.toBlob = (take: BlobCallback) => take(new Blob(["picture"]));
    URL.createObjectURL = (blob: Blob | MediaSource) => `blob:${(blob as Blob).size}`;
    URL.revokeObjectURL = () => {};
    vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (
      this: HTMLAnchorElement,
    ) {
      saved.push(`${this.download} ${this.href}`);
    });
    vi.stubGlobal("ClipboardItem", function (this: object, item: object) {
      Object.assign(this, item);
    });
    const write = async (items: Array<Record<string, Promise<Blob>>>) => {
      copied.push(...items);
      await items[0]!["image/png"];
    };
    Object.defineProperty(navigator, "clipboard", { value: { write }, configurable: true });
  });
  afterEach(() => {
    end.abort();
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
  });

  function shown(alone = false) {
    const host = document.createElement("div");
    const session = {
      get frozen() {
        return frozen;
      },
      state: () => state as never,
      save: () => sent.push({ saved: true }),
      send: (message: object) => sent.push(message),
      on: (_name: string, heard: never) => {
        listener = heard;
      },
    };
    const speak = (text: string) => said.push(text);
    const seen = (): Saved => [alone ? null : canvas, ["cat"]];
    const button = saveButton(end.signal, host, session as never, speak, seen, alone);
    host.prepend(button);
    document.body.append(host);
    Object.defineProperty(HTMLElement.prototype, "offsetParent", {
      get: () => host,
      configurable: true,
    });
    const choice = (value: string) =>
      host.querySelector<HTMLElement>(`[data-xw-value="${value}"]`)!;
    return { button, choice };
  }

  it("is saved and copied as a picture by the browser alone", async () => {
    const { button, choice } = shown();
    button.click();
    choice("save picture").click();
    await vi.waitFor(() => expect(said).toEqual(["Saved."]));
    expect(saved).toEqual(["cat.png blob:7"]);
    button.click();
    choice("copy picture").click();
    await vi.waitFor(() => expect(said).toEqual(["Saved.", "Copied."]));
    expect((await copied[0]!["image/png"])!.size).toBe(7);
    expect(sent).toEqual([]);
  });

  it("is drawn by Python as a figure, after it was told how it looks", async () => {
    const { button, choice } = shown();
    button.click();
    choice("save figure").click();
    expect(sent).toEqual([{ saved: true }, { kind: "figure" }]);
    listener({ kind: "pong" }, []);
    listener({ kind: "figure" }, [new DataView(new ArrayBuffer(3))]);
    await vi.waitFor(() => expect(saved).toEqual(["cat_figure.png blob:3"]));
  });

  it("is given up where the kernel does not answer", async () => {
    vi.useFakeTimers();
    const { button, choice } = shown();
    button.click();
    choice("save figure").click();
    await vi.advanceTimersByTimeAsync(19_000);
    expect(said).toEqual([]);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(said).toEqual(["It could not be saved: Error: no answer from the kernel"]);
    vi.useRealTimers();
  });

  it("is a figure alone where there is no one picture, and nothing in a saved page", async () => {
    const { button, choice } = shown(true);
    button.click();
    expect([choice("save picture"), choice("copy picture")]).toEqual([null, null]);
    choice("save figure").click();
    listener({ kind: "figure" }, [new DataView(new ArrayBuffer(3))]);
    await vi.waitFor(() => expect(saved).toEqual(["cat_figure.png blob:3"]));
    frozen = true;
    expect([shown(true).button.hidden, shown().button.hidden]).toEqual([true, false]);
  });

  it("has no figure where there is no kernel, and says why", () => {
    const { button, choice } = shown();
    frozen = true;
    button.click();
    expect(choice("save figure").getAttribute("aria-disabled")).toBe("true");
    expect(choice("save figure").textContent).toContain("not in this saved page");
    expect(choice("save picture").getAttribute("aria-disabled")).toBeNull();
    button.click();
    [frozen, state] = [false, "gone"];
    button.click();
    expect(choice("copy figure").textContent).toContain("the kernel is gone");
  });

  it("is nothing to keep before anything is shown", () => {
    const host = document.createElement("div");
    const session = { frozen: false, state: () => "rest", save() {}, send() {}, on() {} };
    const button = saveButton(
      ...([end.signal, host, session as never, () => {}, () => undefined] as const),
    );
    host.prepend(button);
    button.click();
    for (const how of ["save", "copy"]) {
      const choice = host.querySelector(`[data-xw-value="${how} picture"]`)!;
      expect(choice.getAttribute("aria-disabled")).toBe("true");
      expect(choice.textContent).toContain("nothing is shown yet");
    }
    expect(
      host.querySelector('[data-xw-value="save figure"]')!.getAttribute("aria-disabled"),
    ).toBeNull();
  });

  it("cannot be copied where the page may not, and says what went wrong", async () => {
    Object.defineProperty(navigator, "clipboard", { value: undefined, configurable: true });
    const { button, choice } = shown();
    button.click();
    expect(choice("copy picture").textContent).toContain("needs https or localhost");
    canvas.toBlob = (take: BlobCallback) => take(null);
    choice("save picture").click();
    await vi.waitFor(() => expect(said[0]).toContain("the picture is empty"));
    expect(saved).toEqual([]);
  });
});
