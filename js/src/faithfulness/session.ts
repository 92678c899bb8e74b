/** What a FaithfulnessViewer is told and asks for. The model's traits are the truth. */

import type { CurvesFrame } from "../core/curves";
import { now } from "../core/host";
import { listening, pulse } from "../core/session";
import type { ClassScore, Frame, Method, Model, Network, Picture, Status } from "../core/wire";

export interface Stage {
  randomised: readonly string[];
  spearman: number | null;
  ssim: number | null;
  map: Frame;
}

export interface Check {
  method: string;
  title: string;
  target: number;
  total: number;
  done: boolean;
  mean: number | null;
  stages: readonly Stage[];
}

/** A trait of the model and its value. */
export type Setting = readonly [name: string, value: unknown];

export type View = "curves" | "sanity";

export type Judging = ReturnType<typeof judging>;

const TRAITS = [
  ...["frame", "check", "refused", "cards", "prediction", "picture", "network", "frozen", "frames"],
  ...["methods", "target", "baseline", "steps", "method", "view"],
];

export function judging(
  model: Model,
  signal: AbortSignal,
  changed: () => void,
  clock: () => number = now,
) {
  const listen = listening(model, signal);
  const heart = pulse(model, listen, changed, clock);

  const session = {
    get frame(): CurvesFrame | undefined {
      const frame: CurvesFrame | undefined = model.get("frame");
      return frame?.gone ? frame : undefined;
    },
    get picture(): Picture | undefined {
      const picture: Picture | undefined = model.get("picture");
      return picture?.data ? picture : undefined;
    },
    get methods(): readonly string[] {
      return model.get("methods") ?? [];
    },
    get cards(): readonly Method[] {
      return model.get("cards") ?? [];
    },
    get refused(): Readonly<Record<string, string>> {
      return model.get("refused") ?? {};
    },
    get top(): readonly ClassScore[] {
      return model.get("prediction")?.top ?? [];
    },
    get target(): number | null {
      return model.get("target") ?? null;
    },
    get baseline(): string {
      return model.get("baseline");
    },
    get steps(): number {
      return model.get("steps");
    },
    get view(): View {
      return model.get("view") ?? "curves";
    },
    /** The method whose pictures are looked at. */
    get chosen(): string {
      const chosen: string | null = model.get("method");
      const random = chosen === "random" && session.view === "curves";
      return chosen && (random || session.methods.includes(chosen)) ? chosen : session.methods[0]!;
    },
    /** The sanity check of the chosen method, if it is known. */
    get check(): Check | undefined {
      const index = session.frame?.target.index;
      const saved: readonly Check[] = model.get("frames") ?? [];
      return [model.get("check") as Check, ...saved].find(
        (each) => each?.stages && each.method === session.chosen && each.target === index,
      );
    },
    get network(): Network | undefined {
      return model.get("network");
    },
    get status(): Status | undefined {
      return model.get("status");
    },
    get frozen(): boolean {
      return Boolean(model.get("frozen"));
    },
    // A footer asks for these; there is no one map here.
    shown: undefined,
    method: undefined,
    stale: (): boolean => !session.frame,

    state: heart.state,

    title(name: string): string {
      if (name === "random") return "Random";
      return session.cards.find((card) => card.name === name)?.title ?? name;
    },

    /** Asks for other curves. */
    ask(...traits: Setting[]): void {
      if (session.frozen) return;
      for (const [name, value] of traits) model.set(name, value);
      heart.asked();
      model.save_changes();
      changed();
    },

    /** Looks at another method or view; only a check that is not known has to be waited for. */
    look(trait: Setting): void {
      session.hold(trait);
      const waits = session.view === "sanity" && !session.check;
      if (waits) session.ask();
      else if (!session.frozen) model.save_changes();
    },

    /** The same within a drag: the kernel hears of it with the next message. */
    hold([name, value]: Setting): void {
      model.set(name, value);
      changed();
    },

    stop: (): void => model.send({ kind: "stop" }),
    resume: (): void => model.send({ kind: "resume" }),
  };

  for (const name of TRAITS) listen(`change:${name}`, changed);
  model.send({ kind: "ready" });
  return session;
}
