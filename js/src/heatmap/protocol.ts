/** Which frame answers which request, and the frames already seen. */
import type { ClassScore, Frame, Layer, Method, Request } from "../core/wire";

/** What a request is understood by. */
export interface Around {
  methods: readonly Method[];
  layers: readonly Layer[];
  top: readonly ClassScore[];
}

/** Every parameter of the method: the default unless overridden. */
export function allParameters(
  method: Method | undefined,
  overrides: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return Object.fromEntries(
    method?.parameters.map(({ name, default: usual }) => [name, overrides[name] ?? usual]) ?? [],
  );
}

/** The key under which the answer to a request is found: nothing left to default. */
export function requestKey(request: Request, { methods, layers, top }: Around): string {
  const { target, layer } = request;
  const method = methods.find(({ name }) => name === request.method);
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

const KEPT = 64; // a 224 x 224 map is 50 KB, one of 1024 x 1024 a megabyte

/** Frames already computed; the least recently used go first. */
export class FrameCache {
  readonly frames = new Map<string, Frame>();

  get(key: string): Frame | undefined {
    const frame = this.frames.get(key);
    if (frame) this.put(key, frame);
    return frame;
  }

  put(key: string, frame: Frame): void {
    this.frames.delete(key);
    this.frames.set(key, frame);
    if (this.frames.size > KEPT) this.frames.delete(this.frames.keys().next().value!);
  }
}

/**
 * In a saved page only saved frames exist. The one nearest to what is asked: of the same method, if
 * possible of the same target, if possible of the same layer.
 */
export function nearestFrame(request: Request, frames: readonly Frame[]): Frame | undefined {
  const closeness = (frame: Frame): number => {
    const { target, layer } = requestOf(frame);
    return 2 * Number(target === request.target) + Number(layer === request.layer);
  };
  return frames
    .filter(({ method }) => method === request.method)
    .sort((a, b) => closeness(b) - closeness(a))[0];
}
