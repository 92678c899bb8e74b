/** What a host gives a view: a model, the end of the view, and time. And what only the browser knows of a model. */

/** The part of an anywidget model that is used here; an exported HTML page brings a stub of it. */
export interface Model {
  // biome-ignore lint/suspicious/noExplicitAny: traits are typed where they are read
  get(name: string): any;
  set(name: string, value: unknown): void;
  save_changes(): void;
  // biome-ignore lint/suspicious/noExplicitAny: events carry whatever their name says
  on(name: string, listener: (...values: any[]) => void): void;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  off(name: string, listener: (...values: any[]) => void): void;
  send(content: unknown, callbacks?: unknown, buffers?: ArrayBufferView[]): void;
}

/** What a host calls `render` with. */
export interface RenderProps {
  model: Model;
  el: HTMLElement;
  signal?: AbortSignal;
}

/** Milliseconds since the page was opened. */
export const now = (): number => performance.now();

/** Acts once, when the view is gone. */
export const atEnd = (signal: AbortSignal, act: () => void): void =>
  signal.addEventListener("abort", act);

export type Sign = "both" | "positive" | "negative";
export type Blend = "normal" | "multiply" | "screen" | "luminosity";
export type Arrangement = "overlay" | "side_by_side" | "swipe";

/** How a map looks: traits that never make the kernel compute anything. */
export interface Appearance {
  colormap: string;
  opacity: number;
  clip: number;
  threshold: number;
  sign: Sign;
  blend: Blend;
  arrangement: Arrangement;
}

/** How a map looks at first; a double click on a control or the reset button comes back to it. */
export const APPEARANCE: Readonly<Appearance> = {
  colormap: "auto",
  opacity: 0.7,
  clip: 99.5,
  threshold: 0,
  sign: "both",
  blend: "normal",
  arrangement: "overlay",
};

/** The appearance that a model has now. */
export function appearanceOf(model: Pick<Model, "get">): Appearance {
  const traits = Object.entries(APPEARANCE).map(([name, initial]) => [
    name,
    model.get(name) ?? initial,
  ]);
  return Object.fromEntries(traits);
}
