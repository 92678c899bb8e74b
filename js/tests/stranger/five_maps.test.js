// @vitest-environment jsdom
// A widget from outside of this tree: progress, Stop, errors and the saved page come with the base.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { FakeModel, frameOf } from "../fake";
import viewer from "./five_maps/index";

const maps = ["a", "b", "c", "d", "e"].map((title) => ({ ...frameOf(), title }));
const target = { index: 2, name: "cat", probability: 0.4 };
const frame = { seq: 1, target, maps, partial: false };
const status = { seq: 1, message: "Five maps", hint: "", fraction: 0.4, seconds: 1, remaining: 6 };
let model;
let host;
let close;

function open(traits = {}) {
  model = new FakeModel({ frame, opacity: 0.7, ...traits });
  host = document.createElement("div");
  document.body.replaceChildren(host);
  close = viewer.render({ model, el: host });
}
const find = (selector) => host.querySelector(selector);
const control = (name) => find(`[data-xw-control="${name}"]`);
const say = async (state, more = {}) => {
  model.set("status", { ...status, state, ...more });
  await vi.advanceTimersByTimeAsync(300);
};

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ["setTimeout", "setInterval", "requestAnimationFrame", "performance"],
  });
  vi.stubGlobal(
    "ResizeObserver",
    class {
      observe() {}
    },
  );
  vi.stubGlobal(
    "ImageData",
    class {
      data = new Uint8ClampedArray(64);
    },
  );
  vi.stubGlobal("createImageBitmap", () => new Promise(() => {}));
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockReturnValue(null);
  open();
});
afterEach(() => {
  close();
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

it("is at most 60 lines", () => {
  const text = readFileSync("tests/stranger/five_maps/index.ts", "utf8");
  expect(text.trimEnd().split("\n").length).toBeLessThanOrEqual(60);
});

it("shows its maps, and says so", () => {
  expect(host.querySelectorAll("[data-xw-map]").length).toBe(5);
  expect(find(".xw-live").textContent).toBe("Five maps for cat.");
});

it("has progress, Stop and Go on", async () => {
  await say("running");
  expect([control("stop").hidden, find(".xw-words").textContent]).toEqual([false, "Five maps"]);
  expect(find("[role=progressbar]").getAttribute("aria-valuenow")).toBe("40");
  control("stop").click();
  await say("stopped", { message: "Stopped at 40%." });
  expect([control("stop").hidden, find(".xw-words").textContent]).toEqual([
    true,
    "Stopped at 40%.",
  ]);
  control("resume").click();
  expect(model.sent).toEqual([{ kind: "ready" }, { kind: "stop" }, { kind: "resume" }]);
});

it("shows an error with the way out, and a kernel that died", async () => {
  await say("error", { message: "No rectifier.", hint: "Choose another method." });
  expect(find(".xw-live").textContent).toBe("No rectifier. Choose another method.");
  await say("running");
  await vi.advanceTimersByTimeAsync(61_000);
  expect(model.sent).toContainEqual({ kind: "ping" });
  expect(find(".xw-words").textContent).toBe("No answer from the kernel.");
});

it("is a saved page", () => {
  close();
  open({ frozen: true });
  expect(find(".xw-words").textContent).toBe("Saved page");
  expect(model.sent).toEqual([{ kind: "ready" }]);
});

it("is built outside of this tree by the same build", () => {
  const out = mkdtempSync(join(tmpdir(), "five-maps-"));
  const build = ["scripts/build.mjs", "--src", "tests/stranger", "--out", out];
  execFileSync(process.execPath, build, { stdio: "pipe" });
  expect(readdirSync(join(out, "five_maps"))).toEqual(["index.js", "style.css"]);
  expect(readFileSync(join(out, "five_maps/style.css"), "utf8")).toContain(".xw-strip");
});
