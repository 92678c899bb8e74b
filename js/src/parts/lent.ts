/**
 * What the viewer lends to a part that the kernel sends later, so that it is not sent twice. The build
 * puts a list of the same names in the place of these modules; see scripts/build.mjs.
 */
import { percent } from "../core/format";
import { bytesOf } from "../core/frame";
import { clamp } from "../core/geometry";
import { atEnd, now } from "../core/life";
import { done, el, freshId, on, set, tool, write } from "./dom";
import { segments } from "./segments";

export const LENT = [
  atEnd,
  bytesOf,
  clamp,
  done,
  el,
  freshId,
  now,
  on,
  percent,
  segments,
  set,
  tool,
  write,
] as const;

/** In a part: takes them over, before anything else is done. */
export function borrow(_lent: typeof LENT): void {}
