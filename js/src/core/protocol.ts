/** Which frame answers which request, and the frames already seen. */
import { bytesOf } from "./frame";
import type { ClassScore, Frame, Layer, Method, Request, Status } from "./wire";

export interface Surroundings {
  methods: readonly Method[];
  layers: readonly Layer[];
  top: readonly ClassScore[];
}

/** Every parameter of the method: the default unless overridden. */
export function allParameters(
  method: Method | undefined,
  overrides: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const known = (method?.parameters ?? []).map(({ name, default: value }) => [
    name,
    overrides[name] ?? value,
  ]);
  return Object.fromEntries(known);
}

function key(
  method: string,
  target: number | string | null,
  layer: string | null,
  parameters: Readonly<Record<string, unknown>>,
): string {
  const sorted = Object.entries(parameters).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([method, target, layer, sorted]);
}

/** The key under which the answer to a request will be found. */
export function requestKey(request: Request, around: Surroundings): string {
  const method = around.methods.find(({ name }) => name === request.method);
  const layer = method?.space === "layer" ? (request.layer ?? around.layers[0]?.name ?? null) : null;
  const target = request.target ?? around.top[0]?.index ?? null;
  return key(request.method, target, layer, allParameters(method, request.parameters));
}

export function frameKey(frame: Frame, methods: readonly Method[]): string {
  const method = methods.find(({ name }) => name === frame.method);
  const layer = method?.space === "layer" ? frame.layer : null;
  const known = allParameters(method, frame.parameters);
  return key(frame.method, frame.target.index ?? frame.target.name, layer, known);
}

/** Frames already computed; the least recently used go first when the bytes run over. */
export class FrameCache {
  private readonly frames = new Map<string, Frame>();
  private bytes = 0;

  constructor(private readonly limit = 64 * 2 ** 20) {}

  get(key: string): Frame | undefined {
    const frame = this.frames.get(key);
    if (frame) {
      this.frames.delete(key);
      this.frames.set(key, frame);
    }
    return frame;
  }

  has(key: string): boolean {
    return this.frames.has(key);
  }

  put(key: string, frame: Frame): void {
    this.drop(key);
    this.frames.set(key, frame);
    this.bytes += bytesOf(frame.data).length;
    for (const oldest of this.frames.keys()) {
      if (this.bytes <= this.limit || this.frames.size === 1) break;
      this.drop(oldest);
    }
  }

  get size(): number {
    return this.frames.size;
  }

  private drop(key: string): void {
    const frame = this.frames.get(key);
    if (!frame) return;
    this.bytes -= bytesOf(frame.data).length;
    this.frames.delete(key);
  }
}

/**
 * In a saved page only saved frames exist. The one nearest to what was asked: same method, then as
 * much as possible of target and layer.
 */
export function nearestFrame(
  request: Request,
  frames: readonly Frame[],
  around: Surroundings,
): Frame | undefined {
  const target = request.target ?? around.top[0]?.index ?? null;
  const exact = requestKey(request, around);
  const closeness = (frame: Frame): number =>
    (frameKey(frame, around.methods) === exact ? 4 : 0) +
    ((frame.target.index ?? frame.target.name) === target ? 2 : 0) +
    (frame.layer === request.layer ? 1 : 0);
  return frames
    .filter(({ method }) => method === request.method)
    .sort((a, b) => closeness(b) - closeness(a))[0];
}

/** Seconds without a word from the kernel after which we say so. A running method may be quiet for longer. */
export function patience(status: Status | undefined): number {
  return status?.state === "running" ? 60 : 8;
}
