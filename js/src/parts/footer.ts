/** The one quiet place for status: what runs and how long still, what went wrong and the way out. */
import { duration, percent, size, timeLeft } from "../core/format";
import type { Session } from "../heatmap/session";
import { el, on, set, write } from "./dom";

/** What a footer reads of a session. */
type Told = Pick<
  Session,
  "status" | "shown" | "method" | "network" | "frozen" | "state" | "stale" | "stop"
>;

/** Returns the element and how to bring it up to the time `now` (milliseconds). */
export function footer(signal: AbortSignal, session: Told): [HTMLElement, (now: number) => void] {
  const words = el("span.words");
  const hint = el("span");
  const filled = el("");
  const bar = el(".progress", { role: "progressbar", $label: "Progress" }, filled);
  const numbers = el("span");
  const stop = el("button.link.stop", { _control: "stop" }, "Stop");
  const about = el("span", { _about: true });
  on(signal, stop, "click", () => session.stop());
  const element = el(
    "footer.footer",
    {},
    el(".status", { _status: true }, words, bar, numbers, stop, hint),
    about,
  );

  const update = (now: number): void => {
    const { status, shown, method, network } = session;
    const state = session.state(now);
    const busy = state === "busy";
    const running = busy && status?.state === "running";
    const [said, way] = say(session, state);
    write(words, said);
    write(hint, way);
    bar.hidden = !busy;
    stop.hidden = !running;
    const fraction = (running && status.fraction) || null;
    set(bar, { $valuenow: fraction && Math.round(100 * fraction), _unknown: fraction === null });
    filled.style.width = fraction === null ? "" : `${100 * fraction}%`;
    const progress = [
      fraction !== null && percent(fraction, 0),
      running && status.remaining && `${timeLeft(status.remaining)} left`,
    ];
    write(numbers, progress.filter(Boolean).join(" · "));
    const facts = [
      network?.name,
      network && size(...network.input),
      !busy &&
        !session.frozen &&
        shown?.method === method?.name &&
        shown &&
        duration(shown.seconds),
      shown?.note,
    ];
    write(about, facts.filter(Boolean).join(" · "));
    set(element, { _state: state });
  };
  return [element, update];
}

/** What is said, and the way out. */
function say(session: Told, state: string): [string, string] {
  const { status, shown, method } = session;
  const title = method?.title ?? "";
  if (session.frozen) return ["Saved page", "what was computed stays alive"];
  if (state === "gone") {
    return ["The kernel is gone.", "Run this cell again; what was seen can still be looked at."];
  }
  if (state === "silent") {
    return ["No answer from the kernel.", "It is busy or gone: wait, or run this cell again."];
  }
  const message = status?.message ?? "";
  if (state === "error") return [message, status?.hint ?? ""];
  if (state === "busy") {
    const refining = shown?.partial && !session.stale();
    return [(message || title) + (refining ? " refining" : ""), ""];
  }
  if (status?.state !== "stopped") return ["", ""];
  const share = shown?.partial ? ` at ${percent(shown.fraction, 0)}` : "";
  return [message || `${title} stopped${share}.`, status.hint];
}
