import { describe, expect, it } from "vitest";
import { captioned, HEADS, layoutOf, placeOf, SIDE } from "../../src/comparison/layout";

const WIDTHS = [376, 536, 676, 976, 1100, 1376];
const room = (width: number, rows: number, columns: number, height = 640, aspect = 1) => ({
  width,
  height,
  rows,
  columns,
  aspect,
});
const COUNTS = [1, 2, 3, 5].flatMap((rows) =>
  [2, 3, 4, 6, 7].map((columns): [number, number] => [rows, columns]),
);

describe.each(COUNTS)("%d networks with %d cells each", (rows, columns) => {
  it.each(WIDTHS)("are within %d pixels, and nothing is under anything", (width) => {
    const layout = layoutOf(room(width, rows, columns));
    const { across, cell, left, beside } = layout;
    const taken = across * (cell + 2) - 2 + (left ? HEADS : 0) + (beside ? SIDE : 0) + 24;
    expect(taken).toBeLessThanOrEqual(width);
    const seen = new Set<string>();
    const occupy = (place: ReturnType<typeof placeOf>): void => {
      const [line, at, span] = place!;
      for (let i = 0; i < span; i++) {
        expect(at + i).toBeLessThanOrEqual(across + Number(left));
        expect(seen.has(`${line} ${at + i}`)).toBe(false);
        seen.add(`${line} ${at + i}`);
      }
    };
    for (let column = 0; column < columns; column++) {
      occupy(placeOf(layout, { rows, columns }, null, column));
    }
    for (let row = 0; row < rows; row++) {
      occupy(placeOf(layout, { rows, columns }, row, null));
      for (let column = 0; column < columns; column++) {
        occupy(placeOf(layout, { rows, columns }, row, column));
      }
    }
  });

  it("are below 170 pixels only where all of them are seen at once then", () => {
    const one = layoutOf(room(1376, rows, columns));
    const perNetwork = one.kind === "methods" ? one.across / rows : one.across;
    const down = Math.ceil(columns / perNetwork) * (one.kind === "methods" ? 1 : rows);
    if (one.cell < 170) expect(down * one.cell).toBeLessThan(640);
    expect(one.cell).toBeGreaterThanOrEqual(120);
    expect(layoutOf(room(376, rows, columns)).across).toBeGreaterThan(1);
  });
});

describe("one network with its picture and five methods", () => {
  it.each([
    [376, 640, { across: 2, cell: 175, beside: false }],
    [436, 640, { across: 2, cell: 205, beside: false }],
    [700, 640, { across: 3, cell: 224, beside: false }],
    [1100, 640, { across: 3, cell: 245, beside: true }],
    [1256, 520, { across: 3, cell: 196, beside: true }],
  ])("in %d x %d pixels", (width, height, expected) => {
    expect(layoutOf(room(width, 1, 6, height))).toMatchObject({ ...expected, left: false });
  });
});

it.each([
  [4, 147],
  [5, 122],
])("two networks and %d methods are seen at once on a projector", (methods, cell) => {
  const projector = { ...room(1104, 2, methods + 1, 436), most: 514 };
  expect(layoutOf(projector)).toMatchObject({ kind: "table", cell, beside: true });
});

it("takes all that is seen before cells become small", () => {
  const [short, all] = [room(1000, 2, 5, 600), { ...room(1000, 2, 5, 600), most: 704 }];
  expect(layoutOf(all).cell).toBeGreaterThan(layoutOf(short).cell);
});

it("puts the controls below where cells grow by it", () => {
  expect(layoutOf(room(1100, 1, 3, 800))).toMatchObject({ across: 3, cell: 357, beside: false });
});

it("keeps networks in a table while its cells are large enough", () => {
  expect(layoutOf(room(1376, 2, 4, 1000))).toMatchObject({ kind: "table", across: 4 });
  expect(layoutOf(room(376, 2, 5)).kind).not.toBe("table");
});

it("gives wide pictures more of the height", () => {
  const cells = [1, 0.5].map((aspect) => layoutOf(room(1100, 1, 6, 640, aspect)).cell);
  expect(cells[1]!).toBeGreaterThan(cells[0]!);
});

it("captions the cells whose heads are elsewhere", () => {
  const layout = { kind: "networks", across: 3, cell: 200, left: false, beside: false } as const;
  expect([0, 1].map((row) => captioned(layout, 2, row))).toEqual([null, "method"]);
  expect(captioned({ ...layout, kind: "methods", across: 4 }, 2, 0)).toBe("network");
  expect(captioned({ ...layout, kind: "methods", across: 2 }, 2, 1)).toBeNull();
});
