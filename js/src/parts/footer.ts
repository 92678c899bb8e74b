/** The one quiet place for status: what runs and how long still, what went wrong and the way out. */
import { duration, percent, size, timeLeft } from "../core/format";
import type { Session, State } from "../core/session";
import type { Frame, MethodCard, Network } from "../core/wire";
import { el, on, type Part, set, write } from "./dom";

/** What a footer reads of a session; a widget of one map adds the map and its method. */
export interface FooterSession
  extends Pick<
    Session,
    "get" | "status" | "frozen" | "state" | "computes" | "stale" | "stop" | "resume"
  > {
  readonly shown?: Pick<Frame, "method" | "partial" | "fraction" | "seconds" | "note"> | undefined;
  readonly method?: Pick<MethodCard, "name" | "title"> | undefined;
}

/** Returns the element and how to bring it up to the time `now` (milliseconds). */
export function footer(signal: AbortSignal, session: FooterSession): Part<[now: number]> {
  const [words, hint, numbers] = [el("span.words"), el("span"), el("span")];
  const [bar, showBar] = progressBar(".progress");
  const stop = el("button.link.stop", { _control: "stop" }, "Stop");
  const resume = el("button.link.stop", { _control: "resume" }, "Go on");
  const about = el("span", { _about: true });
  on(signal, stop, "click", () => session.stop());
  on(signal, resume, "click", () => session.resume());
  const line = el(".status", { _status: true }, words, bar, numbers, stop, resume, hint);
  const element = el("footer.footer", line, about);

  const update = (now: number): void => {
    const { status, shown, method, frozen } = session;
    const network: Network | undefined = session.get("network");
    const state = session.state(now);
    const busy = state === "busy";
    const running = busy && status?.state === "running";
    const [text, way] = wordsOf(session, state);
    write(words, text);
    set(words, { title: text });
    write(hint, way);
    stop.hidden = !running;
    // After an error too, where that is the way out.
    resume.hidden = state !== "stopped" && !(state === "error" && /^Go on/.test(way));
    const fraction = (running && status.fraction) || null;
    showBar(busy, fraction);
    const progress = [
      fraction !== null && percent(fraction, 0),
      running && status.remaining && `${timeLeft(status.remaining)} left`,
    ];
    write(numbers, progress.filter(Boolean).join(" · "));
    const facts = [
      network?.name,
      network?.input && size(...network.input),
      network?.note,
      !busy && !frozen && shown && shown.method === method?.name && duration(shown.seconds),
      shown?.note !== network?.note && shown?.note,
    ];
    write(about, facts.filter(Boolean).join(" · "));
  };
  return [element, update];
}

/** Returns the bar, and how to show that something goes on and how much of it is done, if that is told. */
export function progressBar(spec: `.${string}`): Part<[visible: boolean, fraction: number | null]> {
  const filled = el("");
  const bar = el(spec, { role: "progressbar", $label: "Progress", hidden: true }, filled);
  const show = (visible: boolean, fraction: number | null): void => {
    bar.hidden = !visible;
    set(bar, { $valuenow: fraction && Math.round(100 * fraction), _unknown: fraction === null });
    filled.style.width = fraction === null ? "" : `${100 * fraction}%`;
  };
  return [bar, show];
}

/** What is said, and the way out. */
function wordsOf(session: FooterSession, state: State): [string, string] {
  const { status, shown, method } = session;
  const title = method?.title ?? "";
  const message = status?.message ?? "";
  if (session.frozen) return ["Saved page", "what was computed stays alive"];
  switch (state) {
    case "gone":
      return ["The kernel is gone.", "Run this cell again; what was seen can still be looked at."];
    case "silent":
      return ["No answer from the kernel.", "It is busy or gone: wait, or run this cell again."];
    case "error":
      return [message, status?.hint ?? ""];
    case "busy": {
      const refines = shown?.partial && !session.stale();
      return [(message || title) + (refines ? " refining" : ""), ""];
    }
    case "stopped": {
      const share = shown?.partial ? ` at ${percent(shown.fraction, 0)}` : "";
      return [message || `${title} stopped${share}.`, status?.hint ?? ""];
    }
    default:
      return ["", ""];
  }
}
