/** What a LatentExplorer is told and asks for. The model's traits are the truth. */

import { now } from "../core/host";
import { latest } from "../core/latest";
import { FULL } from "../core/packet";
import { listening, pulse } from "../core/session";
import type { Bytes, ClassScore, Frame, Model, Network, Picture, Status } from "../core/wire";
import {
  type Edited,
  type LatentFrame,
  type Opening,
  type Saved,
  type Slid,
  snapped,
} from "./latents";

/** A trait of the model and its value. */
export type Setting = readonly [name: string, value: unknown];

export type Change = "all" | "edited" | "status";

const TRAITS = [
  ...["frame", "sliders", "opening", "picture", "network", "frozen", "frames"],
  ...["target", "samples", "scale", "temperature", "readout", "opacity"],
];

export type Exploring = ReturnType<typeof exploring>;

interface Wanted {
  values: readonly number[];
  place: number;
  run: number;
}

export function exploring(
  model: Model,
  signal: AbortSignal,
  changed: (change: Change) => void,
  clock: () => number = now,
) {
  const listen = listening(model, signal);
  const heart = pulse(model, listen, () => changed("status"), clock);
  const pictures = new Map<number, Picture>(); // of neighbours
  let values: readonly number[] = [];
  let place = -1;
  let fixed: Edited | undefined; // shown in a saved page
  let run = 0; // the distillation shown
  let of = 0; // the one that the neighbour is of

  const moves = latest<Wanted>(
    (wanted) => model.send({ kind: "edit", full: FULL, ...wanted }),
    clock,
  );
  const hovers = latest<readonly number[]>(
    (places) => model.send({ kind: "neighbours", run: session.frame?.seq, places }),
    clock,
  );

  const session = {
    get frame(): LatentFrame | undefined {
      const frame: LatentFrame | undefined = model.get("frame");
      return frame?.maps ? frame : undefined;
    },
    get opening(): Opening | undefined {
      const opening: Opening | undefined = model.get("opening");
      return opening?.reconstruction ? opening : undefined;
    },
    get picture(): Picture | undefined {
      const picture: Picture | undefined = model.get("picture");
      return picture?.data ? picture : undefined;
    },
    get slid(): readonly Slid[] {
      return model.get("sliders")?.shown ?? [];
    },
    /** The picture where the sliders stand; nothing while they stand at 0 and nobody asked. */
    get edited(): Edited | undefined {
      const edited: Edited | undefined = session.frozen ? fixed : model.get("edited");
      return edited?.data ? edited : undefined;
    },
    get values(): readonly number[] {
      return session.slid.map((_, i) => values[i] ?? 0);
    },
    /** The neighbour from which the sliders go, or −1 for the picture. */
    get place(): number {
      return place;
    },
    /** Where its ring is, or −1 where its distillation is no longer shown. */
    get ring(): number {
      return session.frozen || of === run ? place : -1;
    },
    get saved(): readonly Saved[] {
      return model.get("frames") ?? [];
    },
    get top(): readonly ClassScore[] {
      return session.opening?.classes ?? [];
    },
    get target(): number | null {
      return model.get("target") ?? null;
    },
    get readout(): string {
      return model.get("readout");
    },
    get opacity(): number {
      return model.get("opacity");
    },
    setting: (name: string): number => model.get(name),
    get network(): Network | undefined {
      return model.get("network");
    },
    get status(): Status | undefined {
      return model.get("status");
    },
    get frozen(): boolean {
      return Boolean(model.get("frozen"));
    },
    /** What a footer reads of a map. */
    get shown(): Frame | undefined {
      const { frame } = session;
      const map = frame?.maps[session.readout];
      return map && { ...map, partial: false, fraction: 1, seconds: frame?.seconds ?? 0 };
    },
    method: undefined,
    stale: (): boolean => !session.frame,
    state: heart.state,

    /** Distils anew. */
    ask(...traits: Setting[]): void {
      if (session.frozen) return;
      for (const [name, value] of traits) model.set(name, value);
      heart.asked();
      model.save_changes();
      changed("all");
    },
    again(): void {
      heart.asked();
      model.send({ kind: "distil" });
      changed("status");
    },
    stop: (): void => model.send({ kind: "stop" }),
    /** Sliders from more neighbours are there, but somebody has moved the first ones. */
    get better(): boolean {
      return !session.frozen && Boolean(model.get("sliders")?.better);
    },
    takeBetter: (): void => model.send({ kind: "better" }),

    /** How it looks: never a message to the kernel. */
    look(name: string, value: unknown): void {
      model.set(name, value);
      changed("all");
    },

    /** Moves one slider; a saved page knows them one at a time, at a few positions. */
    move(slider: number, value: number): void {
      if (session.frozen) {
        const own = session.saved.filter((each) => each.slider === slider);
        const at = snapped(
          value,
          own.map((each) => each.value!),
        );
        show(
          session.slid.map((_, i) => (i === slider ? at : 0)),
          -1,
          own.find((each) => each.value === at),
        );
        return;
      }
      go(
        session.values.map((each, i) => (i === slider ? value : each)),
        place,
      );
    },
    reset(): void {
      if (session.frozen) show([], -1, undefined);
      else go([], -1);
    },
    /** Takes a neighbour for the current picture. */
    take(chosen: number): void {
      if (session.frozen) {
        const kept = session.saved.find((each) => each.place === chosen);
        if (kept) show([], chosen, kept);
      } else {
        of = run;
        go([], chosen);
      }
    },

    /** Time has passed. */
    tick(): void {
      moves.overdue();
      hovers.overdue();
    },

    /** The picture of a neighbour if it is here; asks for it, and those around it, if not. */
    neighbour(chosen: number, near: () => readonly number[]): Picture | undefined {
      const known = pictures.get(chosen);
      if (!known && !session.frozen) {
        hovers.ask(near().filter((each) => !pictures.has(each)));
      }
      return known;
    },
  };

  function show(next: readonly number[], at: number, kept: Saved | undefined): void {
    [values, place] = [next, at];
    fixed = kept?.chances ? ({ values: next, ...kept, place: at } as Edited) : undefined;
    changed("edited");
  }

  function go(next: readonly number[], at: number): void {
    [values, place] = [next, at];
    moves.ask({ values: next, place: at, run: of });
    changed("edited");
  }

  for (const name of TRAITS) listen(`change:${name}`, () => changed("all"));
  listen("change:edited", () => {
    moves.answered();
    const edited: Edited | undefined = model.get("edited");
    if (!moves.waiting) {
      // Moved from Python or in another view, or back at rest.
      values = edited?.values ?? [];
      place = edited?.place ?? -1;
      of = edited?.run ?? run;
    }
    changed("edited");
  });
  // A move of sliders that are gone has no answer.
  listen("change:sliders", () => {
    moves.forget();
    if (session.edited) return;
    values = [];
    place = -1;
    changed("edited");
  });
  listen("change:frame", () => {
    if (session.frame?.seq !== run) pictures.clear();
    run = session.frame?.seq ?? 0;
  });
  listen("change:status", () => {
    if (session.status?.state === "error") moves.answered();
  });
  listen(
    "msg:custom",
    (
      told: { kind?: string; run?: number; pictures?: Array<Picture & { place: number }> },
      buffers: Bytes[] = [],
    ) => {
      if (told.kind !== "neighbours") return;
      if (told.run === session.frame?.seq) {
        for (const [i, each] of (told.pictures ?? []).entries()) {
          pictures.set(each.place, { ...each, data: buffers[i]! });
        }
      }
      hovers.answered();
      changed("status");
    },
  );
  for (const each of session.saved) {
    if (each.place !== undefined) pictures.set(each.place, each);
  }
  const edited = session.edited;
  values = edited?.values ?? [];
  place = edited?.place ?? -1;
  of = edited?.run ?? 0;
  run = session.frame?.seq ?? 0;
  model.send({ kind: "ready" });
  return session;
}
