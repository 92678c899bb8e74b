// Imports go down: core < maps < parts < widgets, a widget knows no other, and nothing goes in a circle.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, it } from "vitest";

const SRC = join(import.meta.dirname, "../src");
const FLOORS = ["core", "maps", "parts"];
const files = readdirSync(SRC, { recursive: true }).filter((name) => /(?<!\.d)\.ts$/.test(name));

/** The files that each one imports, also where only for a type. */
const imports = new Map(
  files.map((name) => {
    const text = readFileSync(join(SRC, name), "utf8");
    const paths = [...text.matchAll(/(?:from|import)\s+"(\.[^"]+)"/g)].map(([, path]) => path);
    const own = paths.filter((path) => !path.endsWith(".css"));
    return [name, own.map((path) => relative(SRC, `${join(SRC, dirname(name), path)}.ts`))];
  }),
);
const room = (name) => name.split("/")[0];
const floor = (name) => (FLOORS.indexOf(room(name)) + FLOORS.length + 1) % (FLOORS.length + 1);

describe("imports", () => {
  it("are found, and exist", () => {
    expect(files.length).toBeGreaterThan(30);
    expect([...imports.values()].flat().filter((name) => !imports.has(name))).toEqual([]);
  });

  it("go down, and never from one widget to another", () => {
    const wrong = files.flatMap((name) =>
      imports
        .get(name)
        .filter((other) => room(other) !== room(name) && floor(other) >= floor(name))
        .map((other) => `${name} -> ${other}`),
    );
    expect(wrong).toEqual([]);
  });

  it("never go in a circle", () => {
    const done = new Set();
    function walk(name, path) {
      if (path.includes(name)) return [[...path.slice(path.indexOf(name)), name].join(" -> ")];
      if (done.has(name)) return [];
      const circles = imports.get(name).flatMap((other) => walk(other, [...path, name]));
      done.add(name);
      return circles;
    }
    expect(files.flatMap((name) => walk(name, []))).toEqual([]);
  });

  it("from parts come from two widgets at least, or from another part", () => {
    const users = (part) =>
      new Set(files.filter((name) => imports.get(name).includes(part)).map(room));
    const parts = files.filter((name) => room(name) === "parts");
    const alone = parts.filter((part) => users(part).size < 2 && !users(part).has("parts"));
    expect(alone).toEqual([]);
  });
});
