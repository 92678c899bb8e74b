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
export type Arrangement = "overlay" | "side_by_side" | "swipe" | "difference";
export type Interpolation = "smooth" | "cells";
export type Backdrop = "photograph" | "input";

/** How a map looks: traits that never make the kernel compute anything. */
export interface Appearance {
  colormap: string;
  opacity: number;
  clip: number;
  threshold: number;
  sign: Sign;
  blend: Blend;
  arrangement: Arrangement;
  /** How a map smaller than the picture is enlarged. */
  interpolation: Interpolation;
  /** What lies under the map, where there is a choice. */
  backdrop?: Backdrop;
  /** Where the handle of a swipe stands, in shares of the width. */
  split?: number;
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
  interpolation: "smooth",
};

/** What a trait says; undefined for null and for {} and [], which is how Python says nothing. */
export function traitValue<Value>(model: Pick<Model, "get">, name: string): Value | undefined {
  const value = model.get(name);
  const empty = typeof value === "object" && value !== null && !Object.keys(value).length;
  return empty ? undefined : (value ?? undefined);
}

/** Traits as properties that always say what the model has, or what stands here while it has nothing. */
export function traitsOf<Traits extends object>(
  model: Pick<Model, "get">,
  initial: Traits,
): Readonly<Traits> {
  const properties = Object.entries(initial).map(([name, value]) => {
    const get = () => traitValue(model, name) ?? value;
    return [name, { get, enumerable: true, configurable: true }] as const;
  });
  return Object.defineProperties({} as Traits, Object.fromEntries(properties));
}
