// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { OpenedMessage } from "../../src/core/wire";
import { inPlace } from "../../src/dataset/views/inplace";

/** What a viewer's module is given, and whether its life is over. */
interface Shown {
  model: object;
  el: HTMLElement;
  signal: AbortSignal;
}
const MODULE = "export default { render: (given) => globalThis.xwShown.push(given) }";

describe("a viewer in the place of the pictures", () => {
  const shown: Shown[] = [];
  let end: AbortController;
  let said: string[];
  let wanted: string[];
  const child = { get: (name: string) => ({ _esm: MODULE, _css: ".a { color: red }" })[name] };
  const message = (part: Partial<OpenedMessage> = {}): OpenedMessage =>
    ({ kind: "opened", row: 2, viewer: "heatmap", model: "m1", words: "", ...part }) as never;

  function open() {
    const model = {
      widget_manager: {
        get_model: async (id: string) => {
          wanted.push(id);
          return child;
        },
      },
    };
    const act = { open: (name: string) => said.push(name), closed: () => said.push("closed") };
    const made = inPlace(end.signal, model as never, act);
    document.body.replaceChildren(made.element);
    return made;
  }
  const words = (): string | null => document.querySelector(".xw-nothing")!.textContent;

  beforeEach(() => {
    [said, wanted, shown.length] = [[], [], 0];
    end = new AbortController();
    vi.stubGlobal("xwShown", shown);
    URL.createObjectURL = () => `data:text/javascript,${encodeURIComponent(MODULE)}`;
    URL.revokeObjectURL = () => {};
  });
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  it("is drawn where it was asked for, and ends when it is closed", async () => {
    const place = open();
    expect(place.isOpen()).toBe(false);
    place.wait("heatmap", "a cat");
    expect([place.isOpen(), words()]).toEqual([true, "Opening …"]);
    await place.take(message());
    expect([wanted, shown.length, words()]).toEqual([["m1"], 1, ""]);
    expect(shown[0]!.model).toBe(child);
    expect(shown[0]!.signal.aborted).toBe(false);
    place.close();
    expect(shown[0]!.signal.aborted).toBe(true);
    expect([place.isOpen(), said]).toEqual([false, ["closed"]]);
    place.close();
    expect(said).toEqual(["closed"]);
  });
  it("makes room for the next one, and ends with the view", async () => {
    const place = open();
    place.wait("heatmap", "a cat");
    await place.take(message());
    place.wait("faithfulness", "a cat");
    expect(shown[0]!.signal.aborted).toBe(true);
    await place.take(message({ viewer: "faithfulness" }));
    expect(shown[1]!.signal.aborted).toBe(false);
    end.abort();
    expect(shown[1]!.signal.aborted).toBe(true);
  });
  it("does not come up once it was closed", async () => {
    const place = open();
    place.wait("heatmap", "a cat");
    place.close();
    await place.take(message());
    await place.take(message({ words: "no such row" }));
    expect([wanted, shown, words()]).toEqual([[], [], "Opening …"]);
  });
  it("says why there is none", async () => {
    const place = open();
    place.wait("heatmap", "a cat");
    await place.take(message({ words: "it needs the network" }));
    expect([wanted, words()]).toEqual([[], "it needs the network"]);
    URL.createObjectURL = () => {
      throw new Error("blob: is forbidden");
    };
    await place.take(message());
    expect(words()).toContain("cannot show a viewer in place (Error: blob: is forbidden)");
  });
});
