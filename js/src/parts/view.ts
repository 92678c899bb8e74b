/** What every view does from its first moment to its last, so that a widget only says what it shows. */

import { atEnd, now, type RenderProps } from "../core/model";
import type { Change, Connection, State } from "../core/session";
import { followTheme } from "../core/theme";
import { el, on, set, tool, write } from "./dom";
import { type FooterSession, footer } from "./footer";

/** What a widget is given to build its view with. A change is shown with the next frame of the screen. */
export interface View extends Connection {
  root: HTMLElement;
  /** Has screen readers say this now. */
  speak: (text: string) => void;
}

/** What a widget shows and does. */
export interface Built {
  session: FooterSession & { tick?(now: number): void };
  /** From top to bottom; the footer comes below. */
  children: readonly HTMLElement[];
  /** Brings it up to date: all of it, or only how it looks. */
  refresh(all: boolean): void;
  /** What depends on time alone: four times a second, and after every refresh. */
  tick?(now: number, state: State): void;
  /** Its size has changed; without it the layout is that of `fit`. */
  arrange?(): void;
  press?(event: KeyboardEvent): void;
  /** For screen readers: the result, once it is final. */
  words?(): string;
}

/**
 * The browser half of a widget: its default export. The view is named `label` and has the classes of
 * `kind` ("" or ".name"). Its footer, theme, keyboard, clock and voice are taken care of; `build` does
 * the rest.
 */
export function widget(label: string, build: (view: View) => Built, kind = "") {
  function render({ model, el: host, signal: given }: RenderProps): () => void {
    const end = new AbortController();
    const { signal } = end;
    if (given) atEnd(given, () => end.abort());
    // The attribute tells JupyterLab to leave keys alone in here.
    const suppressed = { "data-lm-suppress-shortcuts": "true" };
    const live = el(".live", { role: "status", $live: "polite" });
    const named = { role: "group", $label: label, _layout: "medium" };
    const root = el(`.root${kind}`, named, suppressed, live);
    host.append(root);
    const speak = (text: string): void => write(live, text);
    let last = "";
    let due = new Set<Change>();

    function changed(change: Change): void {
      if (!due.size) requestAnimationFrame(refresh);
      due.add(change);
      setTimeout(tick, 160); // when an answer begins to be late
    }
    let down = false;
    const pressed = (event: PointerEvent): void => {
      down = event.type === "pointerdown" || (down && event.buttons > 0);
    };
    root.addEventListener("pointerdown", pressed, { capture: true, signal });
    for (const name of ["pointermove", "pointerup", "pointercancel"] as const)
      window.addEventListener(name, pressed, { capture: true, signal });
    const held = (): boolean => down;
    const built = build({ model, signal, root, changed, held, speak });
    const { session, children, words } = built;
    const arrange = built.arrange ?? (() => void fit(root));
    const [footerElement, showFooter] = footer(signal, session);
    root.prepend(...children, footerElement);

    function refresh(): void {
      if (signal.aborted) return;
      const changes = due;
      due = new Set();
      if (changes.has("all") || changes.has("look")) {
        built.refresh(changes.has("all"));
        arrange();
      }
      tick();
      announce();
    }
    function tick(): void {
      if (signal.aborted) return;
      const time = now();
      session.tick?.(time);
      const state = session.state(time);
      showFooter(time);
      set(root, { _busy: state === "busy" || session.computes(time), _state: state });
      built.tick?.(time, state);
    }
    /** What it has not just said. */
    function announce(): void {
      const { status } = session;
      const wrong = session.state() === "error" && `${status?.message} ${status?.hint}`;
      const text = wrong || words?.() || last;
      if (text !== last) speak(text);
      last = text;
    }

    on(signal, root, "keydown", (event: KeyboardEvent) => {
      built.press?.(event);
      // The notebook would take arrows and letters for its own.
      if (event.key !== "Escape" && event.key !== "Tab") event.stopPropagation();
    });
    followTheme(root, signal);
    new ResizeObserver(arrange).observe(root); // which ends with the root
    on(signal, window, "resize", arrange); // it may have become higher alone
    const clock = setInterval(tick, 250);
    atEnd(signal, () => {
      clearInterval(clock);
      // Browsers keep a canvas' memory until it is empty.
      for (const canvas of root.querySelectorAll("canvas")) canvas.width = 0;
      root.remove();
    });
    due.add("all");
    refresh();
    return () => end.abort();
  }
  return { render };
}

/** Lays a view out for its width in pixels, unless it is hidden; returns how. */
export function fit(root: HTMLElement, narrow = 560, wide = 880): string {
  const width = root.clientWidth;
  const layout = width < narrow ? "narrow" : width < wide ? "medium" : "wide";
  if (width) set(root, { _layout: layout });
  return layout;
}

export const resetButton = (
  signal: AbortSignal,
  label: string,
  reset: () => void,
  control = "reset",
): HTMLElement => tool(signal, control, label, "M3.2 6.5a5 5 0 1 1-.2 2.6M3 2.8v3.7h3.7", reset);
