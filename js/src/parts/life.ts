/** What every view does from its first moment to its last, and how it saves a picture of itself. */

import { atEnd } from "../core/life";
import { followTheme } from "../core/theme";
import { el, on } from "./dom";

/**
 * Shows a view for the first time, then keeps it fitting its cell, in the page's colours and told the
 * time: `arrange` is called when its size has changed, `tick` four times a second, `press` for every key.
 * Returns what ends it.
 */
export function alive(
  root: HTMLElement,
  life: AbortController,
  arrange: () => void,
  tick: () => void,
  refresh: () => void,
  press?: (event: KeyboardEvent) => void,
): () => void {
  const { signal } = life;
  on(signal, root, "keydown", (event: KeyboardEvent) => {
    press?.(event);
    // The notebook would take arrows and letters for its own.
    if (event.key !== "Escape" && event.key !== "Tab") event.stopPropagation();
  });
  followTheme(root, signal);
  new ResizeObserver(arrange).observe(root); // which ends with the root
  const clock = setInterval(tick, 250);
  atEnd(signal, () => {
    clearInterval(clock);
    // Browsers keep a canvas' memory until it is empty.
    for (const canvas of root.querySelectorAll("canvas")) canvas.width = 0;
    root.remove();
  });
  refresh();
  return () => life.abort();
}

/** Saves a picture in a file named after these words. */
export function saveAs(picture: HTMLCanvasElement, words: readonly unknown[]): void {
  const name = words
    .filter(Boolean)
    .join("_")
    .replace(/[^\p{L}\p{N}]+/gu, "_");
  el("a", { href: picture.toDataURL(), download: `${name || "picture"}.png` }).click();
}
