/** The one quiet place for status: what runs and how long still, what went wrong and the way out. */
import { duration, size, timeLeft, wholePercent } from "../core/format";
import type { Session } from "../core/session";
import { button, el, set, write } from "./dom";

const SLOW = 150; // milliseconds: anything quicker is not worth a word

export class Footer {
  readonly element: HTMLElement;
  private readonly words = el("span", "xw-words");
  private readonly hint = el("span", "xw-way");
  private readonly bar = el("div", "xw-progress", { role: "progressbar", "aria-label": "Progress", hidden: true }, el("div"));
  private readonly numbers = el("span", "xw-numbers");
  private readonly stop: HTMLButtonElement;
  private readonly facts = el("span", "xw-about", { "data-xw-about": true });

  constructor(
    private readonly session: Session,
    signal: AbortSignal,
  ) {
    this.stop = button("xw-link xw-stop", { hidden: true, "data-xw-control": "stop" }, "Stop");
    this.stop.addEventListener("click", () => session.stop(), { signal });
    this.element = el(
      "footer",
      "xw-footer",
      {},
      el("div", "xw-status", { "data-xw-status": true }, this.words, this.bar, this.numbers, this.stop, this.hint),
      this.facts,
    );
  }

  /** True when something is awaited for long enough to say so. */
  busy(now: number): boolean {
    const { awaiting, session } = { awaiting: this.session.awaiting, session: this.session };
    if (session.silent(now)) return false;
    if (awaiting !== null) return now - awaiting >= SLOW;
    return session.status?.state === "running" && (session.status.seconds ?? 0) >= SLOW / 1000;
  }

  update(now: number): void {
    const { session } = this;
    const { status, shown, method } = session;
    const busy = this.busy(now);
    const silent = session.silent(now);
    const failed = status?.state === "error" && session.awaiting === null && !silent;
    const running = busy && status?.state === "running";
    const [words, hint] = this.say(busy, silent, failed);
    write(this.words, words);
    write(this.hint, hint);
    this.bar.hidden = !busy;
    this.stop.hidden = !running;
    const fraction = running ? (status?.fraction ?? null) : null;
    const bar = this.bar.firstElementChild as HTMLElement;
    set(this.bar, {
      "aria-valuenow": fraction === null ? null : Math.round(100 * fraction),
      "data-xw-unknown": fraction === null,
    });
    bar.style.width = fraction === null ? "" : `${100 * fraction}%`;
    const left = running && status?.remaining ? `${timeLeft(status.remaining)} left` : "";
    const parts = [fraction === null ? "" : wholePercent(fraction), left].filter(Boolean);
    write(this.numbers, busy ? parts.join(" · ") : "");
    const network = session.model.get("network");
    const about = [
      network?.name,
      network?.input && size(network.input[0], network.input[1]),
      shown && !busy && !session.frozen && shown.method === method?.name && duration(shown.seconds),
    ];
    write(this.facts, about.filter(Boolean).join(" · "));
    const state = silent ? "silent" : failed ? "error" : busy ? "busy" : "rest";
    set(this.element, { "data-xw-state": state });
  }

  /** What is said, and the way out. */
  private say(busy: boolean, silent: boolean, failed: boolean): [string, string] {
    const { session } = this;
    const { status, shown, method } = session;
    const title = method?.title ?? "";
    if (session.frozen) return ["Saved page", "what was computed before saving can still be looked at"];
    if (silent) {
      return session.disconnected
        ? ["The kernel is gone.", "Run the cell again; until then, what was seen can still be looked at."]
        : ["No answer from the kernel.", "It may be busy or gone: wait for its cells, or run this cell again."];
    }
    if (failed) return [status?.message || `${title} failed.`, status?.hint ?? ""];
    if (busy) {
      const refining = status?.state === "running" && shown?.partial && !session.stale;
      return [status?.message || (refining ? `${title} refining` : title), ""];
    }
    if (status?.state === "stopped") {
      const share = shown?.partial ? ` at ${wholePercent(shown.fraction)}` : "";
      return [status.message || `${title} stopped${share}.`, status.hint];
    }
    if (!shown || session.stale) return [shown ? "" : "Nothing explained yet", ""];
    return ["", ""];
  }
}
