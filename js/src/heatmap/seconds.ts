/** How long a method takes: as it was measured or, from what was measured of others, estimated. */
import { duration } from "../core/format";
import type { Frame, Layer, MethodCard, Picture } from "../core/wire";
import { allParameters } from "./session";

/** What the number of passes depends on, beside the method's parameters. */
export interface Extent {
  picture: Pick<Picture, "width" | "height"> | undefined;
  /** Of the layer that is looked at. */
  layer: Pick<Layer, "channels"> | undefined;
}

export interface Seconds {
  value: number;
  /** How the value was found. */
  measured: boolean;
}

const BACKWARD = 2; // forward passes that a backward pass takes as long as

/**
 * How many forward passes a method is, read off the sentence on its card that says what it costs; undefined
 * where that does not tell.
 */
export function forwardsOf(
  card: MethodCard,
  given: Readonly<Record<string, unknown>> | null,
  extent: Extent,
): number | undefined {
  const { cost } = card;
  if (cost.includes("behind the layer")) return undefined; // a part of a pass
  const number = (text: string): number => Number(text || 1);
  const forwards = /(\d*) ?forward/.exec(cost);
  if (!forwards) return undefined;
  const backwards = /(\d*) ?backward/.exec(cost);
  const each = number(forwards[1]!) + (backwards ? BACKWARD * number(backwards[1]!) : 0);
  const count = countOf(cost, allParameters(card, given), extent);
  return count === undefined ? undefined : each * count;
}

/** How many times: per sample, step, segment, window position, feature map. */
function countOf(
  cost: string,
  parameters: Readonly<Record<string, unknown>>,
  { picture, layer }: Extent,
): number | undefined {
  const of = (name: string): number | undefined =>
    typeof parameters[name] === "number" ? parameters[name] : undefined;
  if (/^2\^segments/.test(cost)) return 2 ** (of("count") ?? Number.NaN) || undefined;
  const per = / per (\w+)/.exec(cost)?.[1];
  switch (per) {
    case undefined:
      return 1;
    case "sample": {
      const most = cost.includes("2^segments")
        ? 2 ** (of("count") ?? 99)
        : Number.POSITIVE_INFINITY;
      return Math.min(of("samples") ?? Number.NaN, most) || undefined;
    }
    case "step":
      return parameters.baseline === "several" ? undefined : of("steps");
    case "segment":
      return of("count");
    case "feature":
      return layer?.channels;
    case "window": {
      const [side, stride] = [of("window"), of("stride")];
      if (!picture || !side || !stride) return undefined;
      const along = (length: number, own: number): number =>
        1 + Math.max(Math.ceil((length - own) / stride), 0);
      return along(picture.height, side) * along(picture.width, of("width") || side);
    }
    default:
      return undefined;
  }
}

/** 44 ms; ≈ 7 s, where it is estimated; nothing where nobody knows. */
export const secondsInWords = (seconds: Seconds | undefined): string =>
  seconds ? `${seconds.measured ? "" : "≈\xa0"}${duration(seconds.value)}` : "";

/** What was measured so far, of whatever was asked. */
export class Measured {
  private readonly latest = new Map<string, { seconds: number; forwards: number | undefined }>();

  add(frame: Frame, forwards: number | undefined): void {
    if (!frame.partial && frame.seconds > 0)
      this.latest.set(frame.method, { seconds: frame.seconds, forwards });
  }

  /** Of a method that has not answered this very request: as long as each pass took at the least. */
  estimate(method: string, forwards: number | undefined): Seconds | undefined {
    const own = this.latest.get(method);
    if (own && own.forwards === forwards) return { value: own.seconds, measured: false };
    if (!forwards) return undefined;
    const passes = own?.forwards ? [own] : [...this.latest.values()];
    const each = passes.flatMap((one) => (one.forwards ? [one.seconds / one.forwards] : []));
    return each.length ? { value: forwards * Math.min(...each), measured: false } : undefined;
  }
}
