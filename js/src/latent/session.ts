/** What a LatentExplorer asks for: a distillation by its traits, moves of the sliders by messages. */

import { FULL, latest } from "../core/latest";
import { APPEARANCE, traitsOf } from "../core/model";
import { type Connection, converse, extend } from "../core/session";
import type {
  Bytes,
  ClassScore,
  Edited,
  LatentSaved,
  NeighboursMessage,
  Picture,
  QuantisedMap,
  Reconstruction,
  RelabelFrame,
  SliderRow,
  Sliders,
} from "../core/wire";

export type LatentSession = ReturnType<typeof latentSession>;

/** Where the sliders stand: from the picture (−1) or from a neighbour of the distillation `run` on. */
interface Position {
  values: readonly number[];
  neighbour: number;
  run: number;
}

const LOOKS = { readout: "weight", opacity: APPEARANCE.opacity };
const SHOWS = {
  sliders: undefined as Sliders | undefined,
  reconstruction: undefined as Reconstruction | undefined,
  picture: undefined as Picture | undefined,
  network: undefined,
};
const METHOD = { name: "relabel_distillation", title: "" };

/** The nearest of these values, or the value itself where there is none. */
export const snapped = (value: number, values: readonly number[]): number =>
  values.reduce(
    (best, other) => (Math.abs(other - value) < Math.abs(best - value) ? other : best),
    values[0] ?? value,
  );

/**
 * `changedAlone` is told at once of what changes by itself and often: the edited picture, that is a slider or
 * the picture for it, and the neighbours' pictures.
 */
export function latentSession(
  connection: Connection,
  changedAlone: (part: "edited" | "neighbours") => void,
) {
  const { model, clock } = connection;
  const pictures = new Map<number, Picture>(); // of neighbours
  let at: Position = { values: [], neighbour: -1, run: 0 };
  let savedEdit: Edited | undefined; // shown in a saved page
  let run = 0; // the distillation that is shown

  const session = converse<RelabelFrame>(connection, {
    traits: { asks: ["target", "samples", "scale", "temperature"], looks: LOOKS, shows: SHOWS },
    receive(message: NeighboursMessage, buffers: Bytes[]) {
      if (message.kind !== "neighbours") return undefined;
      if (message.run === run) {
        for (const [i, picture] of message.pictures.entries()) {
          pictures.set(picture.neighbour, { ...picture, data: buffers[i]! });
        }
      }
      pointed.answered();
      changedAlone("neighbours");
      return undefined;
    },
    saved: [], // a saved page has one distillation; its `frames` are positions and neighbours
  });
  const moves = latest<Position>((to) => session.send({ kind: "edit", full: FULL, ...to }), clock);
  const pointed = latest<readonly number[]>(
    (neighbours) => session.send({ kind: "neighbours", run, neighbours }),
    clock,
  );
  const saved: readonly LatentSaved[] = model.get("frames") ?? [];
  const traits = traitsOf(model, { ...SHOWS, ...LOOKS, edited: undefined as Edited | undefined });
  const sliders = (): readonly SliderRow[] => traits.sliders?.shown ?? [];
  const { tick } = session;

  /** Moves the sliders here, and has the kernel follow. */
  function go(to: Position): void {
    at = to;
    moves.ask(to);
    changedAlone("edited");
  }
  /** The same in a saved page, which has a few positions. */
  function showSaved(values: readonly number[], neighbour: number, kept?: LatentSaved): void {
    at = { ...at, values, neighbour };
    savedEdit = kept && { ...kept, values, neighbour, run, answer: 0 };
    changedAlone("edited");
  }
  /** The sliders stand where Python, or another view, has put them. */
  function follow(): void {
    const edited = traits.edited ?? { values: [], neighbour: -1, run };
    at = { values: edited.values, neighbour: edited.neighbour, run: edited.run };
  }

  session.on("change:edited", () => {
    moves.answered();
    if (!moves.waiting) follow();
    changedAlone("edited");
  });
  session.on("change:sliders", () => {
    moves.forget(); // a move of sliders that are gone has no answer
    if (traits.edited || session.frozen) return;
    at = { ...at, values: [], neighbour: -1 };
    changedAlone("edited");
  });
  session.on("change:frame", () => {
    const seq = session.answer?.seq ?? 0;
    if (seq !== run) pictures.clear();
    run = seq;
  });
  session.on("change:status", () => {
    if (session.status?.state === "error") moves.answered();
  });
  run = session.answer?.seq ?? 0;
  if (!session.frozen) follow();
  for (const kept of saved) {
    if (kept.neighbour !== undefined) pictures.set(kept.neighbour, kept);
  }

  return extend(extend(session, traits), {
    get frame(): RelabelFrame | undefined {
      return session.answer;
    },
    get rows(): readonly SliderRow[] {
      return sliders();
    },
    /** The picture where the sliders stand; nothing while they stand at 0 and nobody asked. */
    get edited(): Edited | undefined {
      return session.frozen ? savedEdit : traits.edited;
    },
    get values(): readonly number[] {
      return sliders().map((_, i) => at.values[i] ?? 0);
    },
    /** The neighbour from which the sliders go, or −1 for the picture. */
    get neighbour(): number {
      return at.neighbour;
    },
    /** The same, or −1 where the neighbour's distillation is no longer shown. */
    get shownNeighbour(): number {
      return session.frozen || at.run === run ? at.neighbour : -1;
    },
    get top(): readonly ClassScore[] {
      return traits.reconstruction?.classes ?? [];
    },
    get map(): QuantisedMap | undefined {
      return this.frame?.maps[traits.readout];
    },
    // What the footer reads.
    method: METHOD,
    get shown() {
      const seconds = this.frame?.seconds ?? 0;
      return this.map && { method: METHOD.name, partial: false, fraction: 1, seconds };
    },

    /** Sliders from more neighbours are there, but somebody has moved the first ones. */
    get hasNewSliders(): boolean {
      return !session.frozen && !!traits.sliders?.better;
    },
    takeSliders: (): void => session.send({ kind: "take_sliders" }),

    /** Moves one slider; a saved page has them one at a time, at a few positions. */
    move(slider: number, value: number): void {
      const put = (to: number, others: readonly number[]): readonly number[] =>
        sliders().map((_, i) => (i === slider ? to : (others[i] ?? 0)));
      if (session.frozen) {
        const kept = saved.filter((own) => own.slider === slider);
        const values = kept.map((own) => own.value!);
        const to = snapped(value, values);
        showSaved(put(to, []), -1, kept[values.indexOf(to)]);
      } else go({ ...at, values: put(value, at.values) });
    },
    /** Back to the picture, all sliders at 0. */
    reset(): void {
      if (session.frozen) showSaved([], -1);
      else go({ ...at, values: [], neighbour: -1 });
    },
    /** Takes a neighbour for the picture that is edited. */
    take(neighbour: number): void {
      const kept = saved.find((own) => own.neighbour === neighbour);
      if (!session.frozen) go({ values: [], neighbour, run });
      else if (kept) showSaved([], neighbour, kept);
    },
    /** The picture of a neighbour if it is here; asks for it, and those around it, if not. */
    neighbourPicture(neighbour: number, around: () => readonly number[]): Picture | undefined {
      const picture = pictures.get(neighbour);
      if (!picture && !session.frozen) pointed.ask(around().filter((i) => !pictures.has(i)));
      return picture;
    },
    tick(time?: number): void {
      tick(time);
      moves.overdue();
      pointed.overdue();
    },
  });
}
