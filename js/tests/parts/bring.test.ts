// @vitest-environment jsdom
import { afterEach, expect, it, vi } from "vitest";
import type { Bytes } from "../../src/core/wire";
import { type DropSession, takePictures } from "../../src/parts/bring";
import type { View } from "../../src/parts/view";
import { FakeModel } from "../fake";

const given = vi.hoisted(() => [] as unknown[][]);
vi.mock("../../src/parts/module", () => ({
  moduleOf:
    async (text: Bytes) =>
    (...came: unknown[]) =>
      given.push([text, ...came]),
}));

afterEach(() => {
  given.length = 0;
});

it("a view takes the part that takes pictures once, whoever asked for it", async () => {
  const model = new FakeModel();
  const session = { on: model.on.bind(model) } as unknown as DropSession;
  const view = { model } as unknown as View;
  takePictures(view, session);
  const [text, message] = [Uint8Array.of(7), { kind: "drop", most: 9 }];
  model.emit("msg:custom", { kind: "pong" });
  model.emit("msg:custom", message, [text]);
  model.emit("msg:custom", message, [text]);
  await Promise.resolve();
  await Promise.resolve();
  expect(given).toEqual([[text, view, session, message]]);
});
