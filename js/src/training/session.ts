/** What a TrainingMonitor is told and asks for. The model's traits are the truth. */
import { now } from "../core/host";
import { listening, pulse } from "../core/session";
import type { Bytes, Frame, Model, Network, Picture, Status } from "../core/wire";

export interface Plan {
  epochs: number;
  steps: number;
  weight: number;
  regularised: boolean;
}

export type Series = readonly (number | null)[];

/** The loss over the training: `x` in shares of it. */
export interface Loss {
  x: readonly number[];
  total: Series;
  classification: Series;
  regularization: Series;
}

/** What was measured after an epoch. */
export interface Measured {
  epoch: number;
  accuracy: number | null;
  test_accuracy: number | null;
  cosine: number | null;
}

/** The two gradients of a picture, or why there is none. */
export type Gradient = Partial<Frame> & { error?: string };

export interface Seen {
  top: { index: number; name: string; probability: number };
  right: boolean;
  cosine: number | null;
  maps: readonly Gradient[];
}

/** What is seen after so many epochs. */
export interface Look {
  epoch: number;
  pictures: readonly Seen[];
}

const TRAITS = ["network", "strip", "plan", "loss", "epochs", "now", "frozen", "frames"];

export type Training = ReturnType<typeof training>;

export function training(
  model: Model,
  signal: AbortSignal,
  changed: () => void,
  clock: () => number = now,
) {
  const listen = listening(model, signal);
  const heart = pulse(model, listen, changed, clock);
  const looks = new Map<number, Look>();
  let chosen: number | null = null; // the latest while nobody chose

  const session = {
    get strip(): readonly Picture[] {
      return model.get("strip") ?? [];
    },
    get plan(): Plan {
      return { epochs: 1, steps: 1, weight: 0, regularised: false, ...model.get("plan") };
    },
    get loss(): Loss | undefined {
      const loss: Loss | undefined = model.get("loss");
      return loss?.x?.length ? loss : undefined;
    },
    get epochs(): readonly Measured[] {
      return model.get("epochs") ?? [];
    },
    get now(): Readonly<Record<string, number | null>> {
      return model.get("now") ?? {};
    },
    /** The numbers of epochs after which there was a look. */
    get seen(): readonly number[] {
      return [...looks.keys()].sort((a, b) => a - b);
    },
    /** The look that is shown. */
    get look(): Look | undefined {
      const { seen } = session;
      const at = chosen !== null && looks.has(chosen) ? chosen : seen.at(-1);
      return at === undefined ? undefined : looks.get(at);
    },
    /** Whether what is shown follows the training. */
    get follows(): boolean {
      return session.look?.epoch === session.seen.at(-1);
    },
    /** To the look nearest to an epoch; to the latest one, and on with the training, from there on. */
    go(epoch: number): void {
      const { seen } = session;
      const [nearest] = [...seen].sort((a, b) => Math.abs(a - epoch) - Math.abs(b - epoch));
      chosen = nearest === seen.at(-1) ? null : (nearest ?? null);
      changed();
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
    stale: (): boolean => false,
    state: heart.state,
    start(): void {
      heart.asked();
      model.send({ kind: "start" });
      changed();
    },
    pause: (): void => model.send({ kind: "pause" }),
    stop: (): void => model.send({ kind: "stop" }),
  };

  function take(look: Look | undefined): void {
    if (look?.pictures) looks.set(look.epoch, look);
  }
  function follow(): void {
    take(model.get("frame"));
    changed();
  }
  listen("change:frame", follow);
  listen("msg:custom", (told: { kind?: string; frame?: Look }, buffers: Bytes[] = []) => {
    if (told.kind !== "look" || !told.frame) return;
    let at = 0;
    const pictures = told.frame.pictures.map((each) => ({
      ...each,
      maps: each.maps.map((map) => {
        const data = buffers[at++];
        return map.error || !data ? map : { ...map, data };
      }),
    }));
    take({ ...told.frame, pictures });
    changed();
  });
  for (const name of TRAITS) listen(`change:${name}`, changed);
  const saved: readonly Look[] = model.get("frames") ?? [];
  saved.forEach(take);
  take(model.get("frame"));
  model.send({ kind: "ready" }); // from now on what is sent is heard
  return session;
}

/** The loss that is drawn: of a total that is all classification, that alone. */
export function drawn(loss: Loss): ReadonlyArray<readonly [name: string, values: Series]> {
  const known = loss.regularization.some((value) => value !== null);
  if (!known) return [["loss", loss.total]];
  return [
    ["total", loss.total],
    ["classification", loss.classification],
    ["regularization", loss.regularization],
  ];
}

/** From the lowest to the highest of several series, zero included. */
export function rangeOf(series: readonly Series[]): { low: number; high: number } {
  const values = series.flat().filter((value) => value !== null);
  return { low: Math.min(0, ...values), high: Math.max(1e-3, ...values) * 1.05 };
}
