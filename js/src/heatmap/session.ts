/** What a HeatmapViewer asks for and is told: which frame answers which request. */
import { APPEARANCE, type Appearance, traitsOf } from "../core/model";
import { type Connection, converse, extend } from "../core/session";
import type {
  BrushMessage,
  Bytes,
  ClassScore,
  Frame,
  Layer,
  MethodCard,
  PaintedMapMessage,
  PaintedMessage,
  Photograph,
  PhotographMessage,
  Picture,
  PrefetchedMessage,
} from "../core/wire";
import { bytesOf } from "../maps/levels";

/** `null` is the most probable class; a string is the name of a Python callable. */
export type TargetChoice = number | string | null;

export interface Request {
  method: string;
  target: TargetChoice;
  layer: string | null;
  parameters: Readonly<Record<string, unknown>> | null;
  /** Those of a second map; null: the same. */
  other_method?: string | null;
  other_target?: TargetChoice;
}

/** How it looks at first. */
export const LOOKS: Readonly<Required<Appearance>> = {
  ...APPEARANCE,
  backdrop: "photograph",
  split: 0.5,
};

const SHOWS = {
  cards: [] as readonly MethodCard[],
  layers: [] as readonly Layer[],
  class_names: [] as readonly string[],
  prediction: { top: [] as readonly ClassScore[] },
  picture: undefined as Picture | undefined,
  photograph: undefined as Photograph | undefined,
  network: undefined,
  other_frame: undefined as Frame | undefined,
  randomization: {} as Readonly<Record<string, number | null>>,
};

/** What a request is understood by. */
export type Context = Pick<typeof SHOWS, "cards" | "layers" | "prediction">;

type Received =
  | PrefetchedMessage
  | BrushMessage
  | PhotographMessage
  | PaintedMessage
  | PaintedMapMessage;

export type HeatmapSession = ReturnType<typeof heatmapSession>;

/** `brush` takes the part that the kernel sends when the brush is first used. */
export function heatmapSession(
  connection: Connection,
  brush?: (message: BrushMessage, buffers: Bytes[]) => void,
) {
  const { model } = connection;
  let sharp: { key: string; data: Bytes } | undefined;
  // The map of what is painted, and the two latest of one stroke.
  let painted: { by: string; seq: number; frame: Frame } | undefined;
  let both: readonly [Frame, Frame] | undefined;
  const traits = traitsOf(model, SHOWS);
  const session = converse<Frame, Request>(connection, {
    traits: {
      asks: ["method", "target", "layer", "parameters", "other_method", "other_target"],
      looks: LOOKS,
      shows: SHOWS,
    },
    keyOf: (request) => requestKey(request, traits),
    requestOf,
    nearest: (request, frames) => nearestFrame(request, frames, traits.prediction.top[0]?.index),
    receive(message: Received, buffers) {
      const [data] = buffers;
      if (message.kind === "painted_map") {
        const late = painted && painted.by === message.by && message.seq < painted.seq;
        if (late || !message.frame || !data) return undefined;
        const frame = { ...message.frame, data };
        if (!message.second) painted = { by: message.by, seq: message.seq, frame };
        else if (painted?.by === message.by && painted.seq === message.seq)
          both = [painted.frame, frame];
        return message.more ? undefined : "look";
      }
      if (message.kind === "painted" && !message.failed && !bytesOf(buffers[1] ?? "").length) {
        unpaint();
        return "look";
      }
      if (message.kind === "photograph" && data) {
        sharp = { key: message.key, data };
        return "all";
      }
      if (message.kind === "prefetched" && data) session.keep({ ...message.frame, data });
      if (message.kind === "brush") brush?.(message, buffers);
      return undefined;
    },
  });
  /** Nothing is painted any more. */
  const unpaint = (): void => {
    painted = both = undefined;
  };
  const answers = (frame: Frame, request: Request | undefined): boolean =>
    !!request && requestKey(requestOf(frame), traits) === requestKey(request, traits);
  session.on("change:picture", unpaint);
  return extend(extend(session, traits), {
    /** The map of the painted picture, if it answers the request. */
    get painted(): Frame | undefined {
      return painted && answers(painted.frame, session.request) ? painted.frame : undefined;
    },
    /** The two maps of the painted picture that are compared, if they are here. */
    get paintedBoth(): readonly [Frame, Frame] | undefined {
      const fits = both && answers(both[0], session.request) && answers(both[1], this.second);
      return fits ? both : undefined;
    },
    /** The photograph's bytes, once they are here. */
    get sharp(): Bytes | undefined {
      const { photograph } = traits;
      const own = photograph?.data && bytesOf(photograph.data).length ? photograph.data : undefined;
      return own ?? (sharp && sharp.key === photograph?.key ? sharp.data : undefined);
    },
    appearance: traitsOf(model, LOOKS),
    get top(): readonly ClassScore[] {
      return traits.prediction.top;
    },
    get shown(): Frame | undefined {
      return session.answer;
    },
    /** The request for the second map, if there is to be one. */
    get second(): Request | undefined {
      const { method, target, other_method, other_target = null, ...rest } = session.request;
      if (other_method == null && other_target === null) return undefined;
      return { ...rest, method: other_method ?? method, target: other_target ?? target };
    },
    /** The second map, once it is here. */
    get other(): Frame | undefined {
      const { second } = this;
      if (!second) return undefined;
      const { other_frame: frame } = traits;
      const fits = frame && answers(frame, second);
      return session.kept(requestKey(second, traits)) ?? (fits ? frame : undefined);
    },
    clearPainted: unpaint,
    /** Asks for a second map, or for none. */
    compare(other_method: string | null, other_target: TargetChoice): void {
      const part = { other_method, other_target };
      if (!session.frozen) session.ask(part);
      else for (const [name, value] of Object.entries(part)) session.look(name, value);
    },
    /** The card of the method that is asked for. */
    get method(): MethodCard | undefined {
      return traits.cards.find(({ name }) => name === model.get("method"));
    },
  });
}

/** Every parameter of the method: the default unless overridden. */
export function allParameters(
  method: MethodCard | undefined,
  overrides: Request["parameters"],
): Record<string, unknown> {
  const parameters = method?.parameters ?? [];
  return Object.fromEntries(
    parameters.map(({ name, default: initial }) => [name, overrides?.[name] ?? initial]),
  );
}

/** The key under which the answer to a request is found: nothing left to default. */
export function requestKey(request: Request, { cards, layers, prediction }: Context): string {
  const { target, layer } = request;
  const method = cards.find(({ name }) => name === request.method);
  return JSON.stringify([
    request.method,
    target ?? prediction.top[0]?.index,
    method?.takes_layer ? (layer ?? layers[0]?.name) : null,
    Object.entries(allParameters(method, request.parameters)).sort(),
  ]);
}

/** The request that a frame answers. */
export function requestOf({ method, target, layer, parameters }: Frame): Request {
  return { method, target: target.index ?? target.name, layer, parameters };
}

/**
 * In a saved page only saved frames exist. The one nearest to what is asked: of the same method, if
 * possible of the same target (`top` where none is chosen), if possible of the same layer.
 */
export function nearestFrame(
  request: Request,
  frames: readonly Frame[],
  top?: number,
): Frame | undefined {
  const closeness = (frame: Frame): number => {
    const { target, layer } = requestOf(frame);
    return 2 * Number(target === (request.target ?? top)) + Number(layer === request.layer);
  };
  return frames
    .filter(({ method }) => method === request.method)
    .sort((a, b) => closeness(b) - closeness(a))[0];
}
