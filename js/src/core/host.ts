/** Time, and the end of a view. */

/** Milliseconds since the page was opened. */
export const now = (): number => performance.now();

/** Acts once, when the view is gone. */
export const atEnd = (signal: AbortSignal, act: () => void): void =>
  signal.addEventListener("abort", act);
