/** What a TrainingMonitor is told, and which of its epochs is shown. It asks for nothing. */
import { traitsOf } from "../core/model";
import { type Connection, converse, extend } from "../core/session";
import type {
  EpochMeasures,
  GradientLook,
  LookMessage,
  LossCurve,
  Picture,
  TrainingPlan,
  TrainingStep,
} from "../core/wire";

export type Series = ReadonlyArray<number | null>;

export type TrainingSession = ReturnType<typeof trainingSession>;

const SHOWS = {
  network: undefined,
  thumbnails: [] as readonly Picture[],
  plan: { epochs: 1, steps: 1, weight: 0, regularised: false } as TrainingPlan,
  loss: undefined as LossCurve | undefined,
  epochs: [] as readonly EpochMeasures[],
  step: {} as Partial<TrainingStep>,
};

export function trainingSession(connection: Connection) {
  const looks = new Map<number, GradientLook>(); // by the number of epochs done
  let chosen: number | null = null; // the latest while nobody chose

  const session = converse<GradientLook>(connection, {
    traits: { shows: SHOWS },
    receive({ kind, frame }: LookMessage, buffers) {
      if (kind !== "look" || !frame) return undefined;
      const data = [...buffers];
      const pictures = frame.pictures.map((picture) => ({
        ...picture,
        maps: picture.maps.map((map) => {
          const own = data.shift();
          return map.error || !own ? map : { ...map, data: own };
        }),
      }));
      keep({ ...frame, pictures });
      return "all";
    },
  });
  function keep(look: GradientLook | undefined): void {
    if (look?.pictures) looks.set(look.epoch, look);
  }
  session.saved.forEach(keep);
  keep(session.answer);
  session.on("change:frame", () => keep(session.answer));

  const traits = traitsOf(connection.model, SHOWS);
  return extend(extend(session, traits), {
    /** Whether the whole plan is done. */
    get done(): boolean {
      return session.status?.state === "idle" && traits.epochs.length >= traits.plan.epochs;
    },
    /** The numbers of epochs after which there was a look. */
    get lookEpochs(): readonly number[] {
      return [...looks.keys()].sort((a, b) => a - b);
    },
    /** The look that is shown. */
    get shownLook(): GradientLook | undefined {
      const epoch = chosen !== null && looks.has(chosen) ? chosen : this.lookEpochs.at(-1);
      return epoch === undefined ? undefined : looks.get(epoch);
    },
    /** What was measured when that look was made; nothing before the first epoch. */
    get measured(): EpochMeasures | undefined {
      return traits.epochs.find(({ epoch }) => epoch + 1 === this.shownLook?.epoch);
    },
    /** Whether what is shown follows the training. */
    get follows(): boolean {
      return this.shownLook?.epoch === this.lookEpochs.at(-1);
    },
    /** To the look nearest to an epoch; to the latest one, and on with the training, from there on. */
    go(epoch: number): void {
      const all = this.lookEpochs;
      const [nearest] = [...all].sort((a, b) => Math.abs(a - epoch) - Math.abs(b - epoch));
      chosen = nearest === all.at(-1) ? null : (nearest ?? null);
      connection.changed("all");
    },
  });
}

/** The loss that is drawn: of a total that is all classification, that alone. */
export function linesOf(loss: LossCurve): ReadonlyArray<readonly [name: string, values: Series]> {
  if (loss.regularization.every((value) => value === null)) return [["loss", loss.total]];
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
