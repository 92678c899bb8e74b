/** One question at a time: while an answer is awaited, only the latest further question is kept. */

const PATIENCE = 4_000; // milliseconds after which an answer is given up

export interface Latest<T> {
  /** Sends it now, or as soon as the answer to the last one is here. */
  ask(wanted: T): void;
  /** The answer is here, or there will be none. */
  answered(): void;
  /** Neither is an answer awaited any longer, nor anything to be asked. */
  forget(): void;
  /** Time has passed: what waits behind an answer that never came is asked now. */
  overdue(): void;
  readonly waiting: boolean;
}

export function latest<T>(
  send: (wanted: T) => void,
  clock: () => number = () => performance.now(),
): Latest<T> {
  let since: number | null = null;
  let next: { wanted: T } | undefined;
  function ask(wanted: T): void {
    if (since !== null && clock() - since < PATIENCE) {
      next = { wanted };
      return;
    }
    since = clock();
    next = undefined;
    send(wanted);
  }
  return {
    ask,
    answered() {
      since = null;
      if (next) ask(next.wanted);
    },
    forget() {
      since = null;
      next = undefined;
    },
    overdue() {
      if (next) ask(next.wanted);
    },
    get waiting() {
      return since !== null;
    },
  };
}
