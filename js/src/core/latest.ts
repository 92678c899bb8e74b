/** One question at a time: while an answer is awaited, only the latest further question is kept. */

/**
 * How many bytes a quick answer should have from a kernel on this machine, 0 for any other. Jupyter's server
 * leaves a small packet waiting until the browser has acknowledged the one before, which takes 40 ms; one
 * that is full goes at once. On the same machine that costs nothing, over a network it would.
 */
export const FULL = /^(localhost|127\.|\[::1)/.test(globalThis.location?.hostname) ? 66_000 : 0;

const PATIENCE = 4_000; // milliseconds after which an answer is given up

export interface Latest<T> {
  /** Sends it now, or as soon as the answer to the last one is here. */
  ask(question: T): void;
  /** The answer is here, or there will be none. */
  answered(): void;
  /** Neither is an answer awaited any longer, nor anything to be asked. */
  forget(): void;
  /** Time has passed: what waits behind an answer that never came is asked now. */
  overdue(): void;
  readonly waiting: boolean;
}

export function latest<T>(
  send: (question: T) => void,
  clock: () => number = () => performance.now(),
): Latest<T> {
  let since: number | null = null;
  let next: { question: T } | undefined;
  function ask(question: T): void {
    if (since !== null && clock() - since < PATIENCE) {
      next = { question };
      return;
    }
    since = clock();
    next = undefined;
    send(question);
  }
  return {
    ask,
    answered() {
      since = null;
      if (next) ask(next.question);
    },
    forget() {
      since = null;
      next = undefined;
    },
    overdue() {
      if (next) ask(next.question);
    },
    get waiting() {
      return since !== null;
    },
  };
}
