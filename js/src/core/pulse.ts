/** Whether the kernel lives and how long an answer is overdue. */

import { atEnd, type Model, now as passed } from "./model";
import type { State } from "./session";
import type { Status } from "./wire";

const SLOW = 150; // milliseconds: anything quicker is not worth a word
const PATIENCE = 8_000; // without a word from the kernel
const PATIENCE_RUNNING = 120_000; // one step may be many passes of a large network

export type Listen = (name: string, listener: (...values: never[]) => void) => void;

/** Listens to a model until the view is gone. */
export function listening(model: Model, signal: AbortSignal): Listen {
  const listeners: Array<[string, () => void]> = [];
  atEnd(signal, () => {
    for (const [name, listener] of listeners) model.off(name, listener);
  });
  return (name, listener) => {
    model.on(name, listener as () => void);
    listeners.push([name, listener as () => void]);
  };
}

export function pulse(
  model: Model,
  listen: Listen,
  changed: () => void,
  clock: () => number = passed,
) {
  let awaiting: number | null = null; // since when an answer is due
  let heard = clock();
  let gone = false;
  listen("change:status", () => {
    heard = clock();
    gone = false;
    awaiting = null; // from here on the status itself tells
    changed();
  });
  // JupyterLab tells so when the kernel restarts or goes; other hosts are found out by their silence.
  listen("comm_live_update", () => {
    gone = true;
    changed();
  });
  return {
    asked(): void {
      awaiting ??= clock();
    },
    state(now = clock()): State {
      const status: Status | undefined = model.get("status");
      const running = status?.state === "running";
      if (model.get("frozen")) return "rest";
      if (gone) return "gone";
      if (awaiting !== null) {
        const patience = running ? PATIENCE_RUNNING : PATIENCE;
        if (now - Math.max(awaiting, heard) > patience) return "silent";
        return now - awaiting >= SLOW ? "busy" : "rest";
      }
      if (status?.state === "error") return "error";
      return running && (status.seconds ?? 0) * 1000 >= SLOW ? "busy" : "rest";
    },
  };
}
