import { describe, expect, it } from "vitest";
import {
  amount,
  duration,
  fixed,
  parseNumber,
  percent,
  signed,
  size,
  timeLeft,
} from "../src/core/format";
import { themeOf } from "../src/core/theme";
import type { Parameter } from "../src/core/wire";
import { searchClasses } from "../src/heatmap/classes";
import { formatValue, helpOf, override, scaleOf } from "../src/heatmap/method";
import { NAMES } from "./fake";

const plain = (text: string): string => text.replaceAll("\xa0", " ");

describe("the tooltip of a parameter", () => {
  const number = { name: "window", label: "Window", kind: "int", default: 32 } as const;
  it.each<[Partial<Parameter>, string]>([
    [
      { minimum: 8, maximum: 96, unit: "px", help: "side of the cover" },
      "Side of the cover. 8 to 96 px; 32 px by default.",
    ],
    [{ minimum: 1 }, "From 1 on; 32 by default."],
    [{ maximum: 64, help: "How many?" }, "How many? Up to 64; 32 by default."],
    [{}, "32 by default."],
    [{ kind: "bool", default: true }, "Yes or no; yes by default."],
    [
      { kind: "choice", choices: ["zero", "spread_out"], default: "zero", help: "What stands in" },
      "What stands in. zero, spread out; zero by default.",
    ],
  ])("of %o", (part, words) => expect(plain(helpOf({ ...number, ...part }))).toBe(words));
});

describe("numbers", () => {
  it.each([
    [1.42, "+1.42"],
    [-0.5, "−0.5"],
    [0, "0"],
    [-0, "0"],
    [0.0342178, "+0.0342"],
    [123.4, "+123"],
    [9999, "+10000"],
    [10000, "+1.0e4"],
    [-0.0000123, "−1.2e−5"],
    [Number.NaN, "–"],
  ])("%d is %s", (value, text) => expect(signed(value)).toBe(text));

  it.each([
    [0.4294, 1, "42.9 %"],
    [0.31, 0, "31 %"],
    [1, 1, "100.0 %"],
    [0, 1, "0.0 %"],
    [0.00004, 1, "<0.1 %"],
    [0.001, 0, "<1 %"],
  ])("%d with %d digits is %s", (share, digits, text) => {
    expect(plain(percent(share, digits))).toBe(text);
  });

  it.each([
    [0.0384, "38 ms"],
    [0.9994, "999 ms"],
    [0.9999, "1.0 s"],
    [2.44, "2.4 s"],
    [9.97, "10 s"],
    [80, "1 min 20 s"],
  ])("%d seconds are %s", (seconds, text) => expect(plain(duration(seconds))).toBe(text));

  it.each([
    [0.2, "1 s"],
    [6.4, "6 s"],
    [59.7, "1 min 0 s"],
    [125, "2 min 5 s"],
  ])("%d seconds left are %s", (seconds, text) => expect(plain(timeLeft(seconds))).toBe(text));

  it("shows what is no probability as the number it is", () => {
    expect(amount(0.429)).toBe("42.9\xa0%");
    expect(amount(0.429, "probability", 0)).toBe("43\xa0%");
    expect(amount(37.1306, "number")).toBe("37.1");
    expect(amount(-0.5, "number")).toBe("−0.5");
    expect(amount(Number.NaN, "number")).toBe("–");
  });

  it("keeps as many digits as it is told", () => {
    expect([fixed(-0.5), fixed(1.005, 1), fixed(0)]).toEqual(["−0.50", "1.0", "0.00"]);
    expect([fixed(-0.004), fixed(-0.006), fixed(-10)]).toEqual(["0.00", "−0.01", "−10.00"]);
  });

  it("keeps a number and its unit together", () => {
    expect(percent(0.5)).toBe("50.0\xa0%");
    expect(size(224, 224)).toBe("224\xa0×\xa0224");
  });

  it.each([
    ["42.9 %", 42.9],
    ["42,9", 42.9],
    ["−0.5", -0.5],
    ["1e-3", 0.001],
    ["keeps 31 %", 31],
    [".5", 0.5],
    ["much", null],
    ["", null],
  ])("reads %j as %j", (text, value) => expect(parseNumber(text)).toBe(value));
});

describe("class search", () => {
  const found = (query: string, chances: Array<[number, number]> = []): string[] =>
    searchClasses(query, NAMES, 9, new Map(chances)).map((index) => NAMES[index]!);

  it("ranks the name, a whole word, its beginning, a word's beginning, then any place", () => {
    expect(found("cat")).toEqual(["cat", "tiger cat", "catamaran"]);
    expect(found("n")).toEqual(["lynx", "catamaran"]);
  });
  it("finds every word in any order, in any case, with or without accents", () => {
    expect(found("CAT tig")).toEqual(["tiger cat"]);
    expect(found("cät")).toEqual(["cat", "tiger cat", "catamaran"]);
    expect(searchClasses("epee", ["épée", "sword"], 9, new Map())).toEqual([0]);
  });
  it("finds a class by its number", () => expect(found("4")).toEqual(["dog"]));
  it("puts the more probable of equals first", () => {
    expect(searchClasses("b", ["bad", "bed", "big"], 9, new Map([[2, 0.5]]))).toEqual([2, 0, 1]);
  });
  it("shows all when nothing is typed, the probable first", () => {
    expect(found("  ", [[4, 0.9]])).toEqual(["dog", ...NAMES.filter((name) => name !== "dog")]);
  });
  it("stops at the limit and finds nothing where there is nothing", () => {
    expect(searchClasses("a", NAMES, 2, new Map())).toHaveLength(2);
    expect(found("xyz")).toEqual([]);
  });
  it("takes letters that mean something in a pattern as letters", () => {
    expect(found("<b>")).toEqual(["<b>zebra</b>"]);
    expect(found(".*")).toEqual([]);
  });
});

describe("controls from parameters", () => {
  const window: Parameter = { name: "window", label: "", kind: "int", default: 32, unit: "px" };
  const sigma: Parameter = { name: "sigma", label: "", kind: "float", default: 0.15 };

  it("takes the parameter's own ends and step", () => {
    expect(scaleOf({ ...window, minimum: 8, maximum: 96, step: 4 })).toEqual({
      least: 8,
      most: 96,
      step: 4,
      whole: true,
    });
    expect(scaleOf({ ...sigma, minimum: 0, maximum: 2 })).toMatchObject({
      step: 0.02,
      whole: false,
    });
    expect(scaleOf({ ...window, minimum: 0, maximum: null })).toMatchObject({
      least: 0,
      step: 1,
    });
  });
  it("writes values with their unit and no more digits than matter", () => {
    expect(formatValue(window, 32)).toBe("32\xa0px");
    expect(formatValue(sigma, 0.1 + 0.2)).toBe("0.3");
  });
  it("sends only what differs from the default, and drops it when it is reset", () => {
    expect(override({}, window, 16)).toEqual({ window: 16 });
    expect(override({ window: 16, sigma: 1 }, window, 8)).toEqual({ window: 8, sigma: 1 });
    expect(override({ window: 16, sigma: 1 }, window, 32)).toEqual({ sigma: 1 });
  });
});

describe("theme", () => {
  it.each([
    ["rgb(255, 255, 255)", "light"],
    ["rgb(17, 17, 17)", "dark"],
    ["rgba(30, 30, 30, 0.9)", "dark"],
    ["rgba(0, 0, 0, 0)", null],
    ["rgb(236 238 242)", "light"],
    ["color(srgb 0 0 0)", null],
    ["", null],
  ])("%j is %j", (colour, theme) => expect(themeOf(colour)).toBe(theme));
});
