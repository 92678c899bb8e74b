/** What every view does from its first moment to its last, and how it saves a picture of itself. */

import { atEnd, type RenderProps } from "../core/model";
import { followTheme } from "../core/theme";
import { el, on, write } from "./dom";

/**
 * A view in its host: its root, the signal of its end, and its voice. `live` is read out by screen readers
 * whenever it changes, `say` writes there what it has not just said. `alive` shows the view for the first
 * time, then keeps it fitting its cell, in the page's colours and told the time: `arrange` is called when
 * its size has changed, `tick` four times a second, `press` for every key; it returns what ends the view.
 */
export function opened({ el: host, signal: given }: RenderProps, label: string, kind = "") {
  const life = new AbortController();
  const { signal } = life;
  if (given) atEnd(given, () => life.abort());
  // The attribute tells JupyterLab to leave keys alone in here.
  const root = el(`.root${kind}`, {
    role: "group",
    $label: label,
    "data-lm-suppress-shortcuts": "true",
    _layout: "medium",
  });
  const live = el(".live", { role: "status", $live: "polite" });
  root.append(live);
  host.append(root);
  let said = "";
  function say(text: string): void {
    if (text !== said) write(live, text);
    said = text;
  }
  function alive(
    arrange: () => void,
    tick: () => void,
    refresh: () => void,
    press?: (event: KeyboardEvent) => void,
  ): () => void {
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
  return [root, signal, live, say, alive] as const;
}

/**
 * Many changes, one repaint, and a look at the clock when an answer begins to be late. A change of the
 * "status" alone is seen by that look.
 */
export function soon(refresh: () => void, tick: () => void): (change?: string) => void {
  let due = false;
  return (change) => {
    if (change === "status") return tick();
    setTimeout(tick, 160);
    if (due) return;
    due = true;
    requestAnimationFrame(() => {
      due = false;
      refresh();
    });
  };
}
