/** What a FaithfulnessViewer asks for, what only looks different, and what it is told. */
import { traitsOf } from "../core/model";
import { type Connection, converse, extend } from "../core/session";
import type {
  ClassScore,
  CurvesFrame,
  Likeness,
  MethodCard,
  Picture,
  SanityCheck,
} from "../core/wire";

export const KINDS = ["insertion", "deletion"] as const;
export type Kind = (typeof KINDS)[number];

export type View = "curves" | "sanity";

export type FaithfulnessSession = ReturnType<typeof faithfulnessSession>;

const SHOWS = {
  check: undefined as SanityCheck | undefined,
  likeness: {} as Readonly<Record<string, Likeness>>,
  /** Why there is no curve of a method, by its name. */
  refused: {} as Readonly<Record<string, string>>,
  cards: [] as readonly MethodCard[],
  prediction: { top: [] as readonly ClassScore[] },
  picture: undefined as Picture | undefined,
  network: undefined,
};

export function faithfulnessSession(connection: Connection) {
  const { model } = connection;
  const methods: readonly string[] = [];
  const traits = traitsOf(model, { ...SHOWS, methods, view: "curves" as View });
  const session = converse<CurvesFrame>(connection, {
    traits: {
      asks: ["methods", "target", "baseline", "steps"],
      looks: ["method", "view"],
      shows: SHOWS,
    },
    saved: [], // a saved page has one set of curves; its `frames` are checks
  });
  return extend(extend(session, traits), {
    get top(): readonly ClassScore[] {
      return traits.prediction.top;
    },
    get frame(): CurvesFrame | undefined {
      return session.answer;
    },
    /** The method whose pictures are shown. */
    get chosen(): string {
      const name: string | null = model.get("method");
      const random = name === "random" && traits.view === "curves";
      return name && (random || traits.methods.includes(name)) ? name : traits.methods[0]!;
    },
    /** The sanity check of the chosen method, if it has been made. */
    get check(): SanityCheck | undefined {
      const index = this.frame?.target.index;
      const saved: readonly SanityCheck[] = model.get("frames") ?? [];
      return [traits.check, ...saved].find(
        (check) => check?.method === this.chosen && check.target === index,
      );
    },
    title(name: string): string {
      if (name === "random") return "Random";
      return traits.cards.find((card) => card.name === name)?.title ?? name;
    },
    /** Shows another method or view. The kernel then makes the check that is missing, if one is. */
    show(name: "method" | "view", value: string): void {
      session.look(name, value);
      if (traits.view === "sanity" && !this.check) session.ask({});
    },
  });
}
