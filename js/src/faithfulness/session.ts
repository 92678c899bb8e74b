/** What a FaithfulnessViewer asks for, what only looks different, and what it is told. */
import { type Model, now } from "../core/model";
import { type Change, converse, extend } from "../core/session";
import type { ClassScore, CurvesFrame, MethodCard, Picture, SanityCheck } from "../core/wire";

export const KINDS = ["insertion", "deletion"] as const;
export type Kind = (typeof KINDS)[number];

export type View = "curves" | "sanity";

export type FaithfulnessSession = ReturnType<typeof faithfulnessSession>;

export function faithfulnessSession(
  model: Model,
  signal: AbortSignal,
  changed: (change: Change) => void,
  clock: () => number = now,
) {
  const session = converse<CurvesFrame>(
    model,
    signal,
    {
      traits: {
        asks: ["methods", "target", "baseline", "steps"],
        looks: ["method", "view"],
        shows: ["check", "refused", "cards", "prediction", "picture", "network"],
      },
      saved: [], // a saved page has one set of curves; its `frames` are checks
    },
    changed,
    clock,
  );
  return extend(session, {
    get frame(): CurvesFrame | undefined {
      return session.answer;
    },
    get picture(): Picture | undefined {
      const picture: Picture | undefined = model.get("picture");
      return picture?.data ? picture : undefined;
    },
    get methods(): readonly string[] {
      return model.get("methods") ?? [];
    },
    get cards(): readonly MethodCard[] {
      return model.get("cards") ?? [];
    },
    /** Why there is no curve of a method, by its name. */
    get refused(): Readonly<Record<string, string>> {
      return model.get("refused") ?? {};
    },
    get top(): readonly ClassScore[] {
      return model.get("prediction")?.top ?? [];
    },
    get view(): View {
      return model.get("view") ?? "curves";
    },
    /** The method whose pictures are shown. */
    get chosen(): string {
      const name: string | null = model.get("method");
      const random = name === "random" && this.view === "curves";
      return name && (random || this.methods.includes(name)) ? name : this.methods[0]!;
    },
    /** The sanity check of the chosen method, if it has been made. */
    get check(): SanityCheck | undefined {
      const index = this.frame?.target.index;
      const saved: readonly SanityCheck[] = model.get("frames") ?? [];
      return [model.get("check") as SanityCheck, ...saved].find(
        (check) => check?.stages && check.method === this.chosen && check.target === index,
      );
    },
    title(name: string): string {
      if (name === "random") return "Random";
      return this.cards.find((card) => card.name === name)?.title ?? name;
    },
    /** Shows another method or view. The kernel then makes the check that is missing, if one is. */
    show(name: "method" | "view", value: string): void {
      session.look(name, value);
      if (this.view === "sanity" && !this.check) session.ask({});
      else session.save();
    },
  });
}
