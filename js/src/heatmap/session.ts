/** What a HeatmapViewer asks for and is told: which frame answers which request. */
import { type Appearance, appearanceOf, type Model, now } from "../core/model";
import { type Change, converse, extend } from "../core/session";
import type {
  BrushMessage,
  Bytes,
  ClassScore,
  Frame,
  Layer,
  MethodCard,
  Picture,
  PrefetchedMessage,
} from "../core/wire";

/** `null` is the most probable class; a string is the name of a Python callable. */
export type TargetChoice = number | string | null;

export interface Request {
  method: string;
  target: TargetChoice;
  layer: string | null;
  parameters: Readonly<Record<string, unknown>> | null;
}

/** What a request is understood by. */
export interface Context {
  cards: readonly MethodCard[];
  layers: readonly Layer[];
  top: readonly ClassScore[];
}

const TRAITS = {
  asks: ["method", "target", "layer", "parameters"],
  looks: ["colormap", "opacity", "clip", "threshold", "sign", "blend", "arrangement"],
  shows: ["picture", "cards", "class_names", "layers", "prediction", "network"],
};

export type HeatmapSession = ReturnType<typeof heatmapSession>;

/** `brush` takes the part that the kernel sends when the brush is first used. */
export function heatmapSession(
  model: Model,
  signal: AbortSignal,
  changed: (change: Change) => void,
  brush?: (message: BrushMessage, buffers: Bytes[]) => void,
  clock: () => number = now,
) {
  const context = {
    get cards(): readonly MethodCard[] {
      return model.get("cards") ?? [];
    },
    get layers(): readonly Layer[] {
      return model.get("layers") ?? [];
    },
    get top(): readonly ClassScore[] {
      return model.get("prediction")?.top ?? [];
    },
  };
  const session = converse<Frame, Request>(
    model,
    signal,
    {
      traits: TRAITS,
      keyOf: (request) => requestKey(request, context),
      requestOf,
      nearest: (request, frames) => nearestFrame(request, frames, context.top[0]?.index),
      receive(message: PrefetchedMessage | BrushMessage, buffers) {
        const [data] = buffers;
        if (message.kind === "prefetched" && data) session.keep({ ...message.frame, data });
        if (message.kind === "brush") brush?.(message, buffers);
        return undefined;
      },
    },
    changed,
    clock,
  );
  return extend(session, {
    get cards(): readonly MethodCard[] {
      return context.cards;
    },
    get layers(): readonly Layer[] {
      return context.layers;
    },
    get top(): readonly ClassScore[] {
      return context.top;
    },
    get classNames(): readonly string[] {
      return model.get("class_names") ?? [];
    },
    get picture(): Picture | undefined {
      return model.get("picture");
    },
    get shown(): Frame | undefined {
      return session.answer;
    },
    /** The card of the method that is asked for. */
    get method(): MethodCard | undefined {
      return context.cards.find(({ name }) => name === model.get("method"));
    },
    get appearance(): Appearance {
      return appearanceOf(model);
    },
  });
}

/** Every parameter of the method: the default unless overridden. */
export function allParameters(
  method: MethodCard | undefined,
  overrides: Request["parameters"],
): Record<string, unknown> {
  return Object.fromEntries(
    method?.parameters.map(({ name, default: initial }) => [name, overrides?.[name] ?? initial]) ??
      [],
  );
}

/** The key under which the answer to a request is found: nothing left to default. */
export function requestKey(request: Request, { cards, layers, top }: Context): string {
  const { target, layer } = request;
  const method = cards.find(({ name }) => name === request.method);
  return JSON.stringify([
    request.method,
    target ?? top[0]?.index,
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
