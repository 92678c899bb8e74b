/** All cells with their names as one picture. */

import { percent } from "../core/format";
import { el } from "../parts/dom";
import type { Grid } from "./cells";
import { lookOf } from "./cells";
import type { Comparing } from "./session";

const SIDE = 320; // pixels of a cell
const LEFT = 220;
const LINE = 20;

export function sheetOf(session: Comparing, grid: Grid, root: HTMLElement): HTMLCanvasElement {
  const { rows, methods } = session;
  const top = LINE + 12;
  const sheet = el("canvas", {
    width: LEFT + methods.length * (SIDE + 2),
    height: top + rows.length * (SIDE + 2),
  });
  const pen = sheet.getContext("2d")!;
  const { backgroundColor, color, fontFamily } = getComputedStyle(root);
  pen.fillStyle = backgroundColor;
  pen.fillRect(0, 0, sheet.width, sheet.height);
  pen.fillStyle = color;
  const write = (text: string, x: number, y: number, bold: boolean, width: number): void => {
    pen.font = `${bold ? 600 : 400} 15px ${fontFamily}`;
    pen.fillText(text, x, y, width);
  };
  methods.forEach((method, column) => {
    write(session.title(method), LEFT + column * (SIDE + 2) + 2, LINE, true, SIDE - 4);
  });
  rows.forEach(({ name }, row) => {
    const y = top + row * (SIDE + 2);
    const first = session.said(row)?.top?.[0];
    const says = first ? `${first.name} ${percent(first.probability)}` : "";
    write(name, 8, y + LINE, true, LEFT - 16);
    write(says, 8, y + 2 * LINE, false, LEFT - 16);
    methods.forEach((method, column) => {
      const cell = grid.stage([row, method])?.snapshot(lookOf(session), 1);
      const x = LEFT + column * (SIDE + 2);
      const error = session.cell([row, method]).cell?.error;
      if (error) write(error, x + 8, y + SIDE / 2, false, SIDE - 16);
      else if (cell?.width) {
        const scale = SIDE / Math.max(cell.width, cell.height);
        pen.imageSmoothingEnabled = scale < 2;
        pen.drawImage(cell, x, y, cell.width * scale, cell.height * scale);
      }
    });
  });
  return sheet;
}
