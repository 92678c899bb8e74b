/** The brush's controls: what it paints with, how large it is, undo and clear. */
import { clamp } from "../core/geometry";
import { el, on, set, tool, write } from "../parts/dom";
import { segments } from "../parts/segments";
import { rangeInput } from "../parts/slider";

const FILLS = [
  ["black", "black", "Paint it black"],
  ["blur", "blur", "Leave a blur of it"],
  ["mean", "mean", "Paint it in the picture's mean colour"],
] as const;

const WIPE = "M4 4l8 8M12 4l-8 8";
const UNDO = "M5.5 3L2.5 6l3 3M2.5 6H10a3.5 3.5 0 0 1 0 7H6";

interface Acts {
  fill(next: string): void;
  undo(): void;
  clear(): void;
  /** The brush has another size. */
  resized(): void;
}

export function newToolbar(signal: AbortSignal, acts: Acts) {
  const [fills, showFill] = segments<string>(signal, "Paint with", "fill", FILLS, acts.fill);
  const sizes = rangeInput(signal, "Brush size", "brush-size", resize);
  set(sizes.range, { title: "Brush size ([ and ])" });
  const number = el("span.number");
  const undo = tool(signal, "undo", "Undo (Ctrl+Z)", UNDO, acts.undo);
  const wipe = tool(signal, "wipe", "Clear the paint", WIPE, acts.clear);
  const element = el(".toolbar", { role: "group", $label: "Brush" }, fills);
  element.append(el(".sizes", sizes.range, number), undo, wipe);
  let size = 0;
  let most = 1;
  let possible: readonly string[] = []; // fills
  function resize(to: number): void {
    size = clamp(Math.round(to), 1, most);
    sizes.show(size, 1, most, `${size} pixels`);
    write(number, `${size}\xa0px`);
    acts.resized();
  }
  on(signal, sizes.range, "dblclick", () => resize(most / 4));

  return {
    element,
    /** The brush's diameter in pixels of the picture. */
    get size(): number {
      return size;
    },
    larger: (): void => resize(Math.max(size + 1, size * 1.25)),
    smaller: (): void => resize(Math.min(size - 1, size / 1.25)),
    /** Sizes for a picture with this shorter side, and the fills that there are of it. */
    fit(side: number, there: readonly string[]): void {
      const before = most;
      most = Math.max(2, side >> 1);
      resize(before === most ? size : most / 4);
      possible = there;
    },
    show(fill: string, undoable: boolean, painted: boolean): void {
      showFill(fill);
      for (const input of fills.querySelectorAll("input")) {
        input.disabled = !possible.includes(input.value);
      }
      undo.disabled = !undoable;
      wipe.disabled = !painted;
    },
  };
}
