/**
 * The conversation with the kernel, without any pixels: what is asked, what is shown, whether it is late.
 * The model's traits are the truth; several views of one model each listen for themselves.
 */
import { carriedOver } from "./controls";
import { FrameCache, frameKey, nearestFrame, patience, requestKey } from "./protocol";
import type {
  Appearance,
  Bytes,
  ClassScore,
  Frame,
  Layer,
  Method,
  Model,
  Request,
  Status,
} from "./wire";
import { APPEARANCE } from "./wire";

const REQUEST = ["method", "target", "layer", "parameters"] as const;
const SURROUNDINGS = ["methods", "class_names", "layers", "prediction", "network", "picture"] as const;

export type Change = "picture" | "frame" | "request" | "appearance" | "status";

export class Session {
  readonly cache = new FrameCache();
  /** The frame on the screen. */
  shown: Frame | undefined;
  /** Since when an answer is awaited (milliseconds), or null. */
  awaiting: number | null = null;
  /** When the kernel last said anything. */
  heard: number;
  disconnected = false;

  constructor(
    readonly model: Model,
    private readonly changed: (change: Change) => void,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.heard = this.now();
    for (const frame of this.savedFrames) this.remember(frame);
    this.receive(model.get("frame"));
  }

  /** Listens until the view is gone. */
  listen(signal: AbortSignal): void {
    const on = (name: string, listener: Parameters<Model["on"]>[1]): void => {
      this.model.on(name, listener);
      signal.addEventListener("abort", () => this.model.off(name, listener));
    };
    for (const name of REQUEST) on(`change:${name}`, () => this.asked());
    for (const name of SURROUNDINGS) on(`change:${name}`, () => this.changed("picture"));
    for (const name of Object.keys(APPEARANCE)) {
      on(`change:${name}`, () => this.changed("appearance"));
    }
    on("change:frame", () => {
      this.heardFrom();
      this.receive(this.model.get("frame"));
      this.changed("frame");
    });
    on("change:status", () => {
      this.heardFrom();
      this.settle();
      this.changed("status");
    });
    on("msg:custom", (message: { kind?: string; frame?: Frame }, buffers?: Bytes[]) => {
      this.heardFrom();
      const data = buffers?.[0];
      if (message?.kind !== "prefetched" || !message.frame || !data) return;
      this.remember({ ...message.frame, data });
      this.changed("request");
    });
    // JupyterLab tells so when the kernel restarts or goes; other hosts are found out by their silence.
    on("comm_live_update", () => {
      this.disconnected = true;
      this.changed("status");
    });
  }

  get methods(): readonly Method[] {
    return this.model.get("methods") ?? [];
  }
  get layers(): readonly Layer[] {
    return this.model.get("layers") ?? [];
  }
  get top(): readonly ClassScore[] {
    return this.model.get("prediction")?.top ?? [];
  }
  get classNames(): readonly string[] {
    return this.model.get("class_names") ?? [];
  }
  get frozen(): boolean {
    return Boolean(this.model.get("frozen"));
  }
  get status(): Status | undefined {
    return this.model.get("status");
  }
  get savedFrames(): readonly Frame[] {
    return this.model.get("frames") ?? [];
  }
  get request(): Request {
    return {
      method: this.model.get("method") ?? "",
      target: this.model.get("target") ?? null,
      layer: this.model.get("layer") ?? null,
      parameters: this.model.get("parameters") ?? {},
    };
  }
  get method(): Method | undefined {
    return this.methods.find(({ name }) => name === this.request.method);
  }
  get appearance(): Appearance {
    const read = (name: keyof Appearance): unknown => this.model.get(name) ?? APPEARANCE[name];
    return Object.fromEntries(
      Object.keys(APPEARANCE).map((name) => [name, read(name as keyof Appearance)]),
    ) as unknown as Appearance;
  }

  /** True while the picture does not show what the controls say. */
  get stale(): boolean {
    return this.shown === undefined || frameKey(this.shown, this.methods) !== this.wanted;
  }

  /** True when an answer is due and none has come for so long that the kernel is probably gone. */
  silent(now = this.now()): boolean {
    if (this.frozen) return false;
    if (this.disconnected) return true;
    if (this.awaiting === null) return false;
    return now - Math.max(this.awaiting, this.heard) > 1000 * patience(this.status);
  }

  /** Asks for another explanation. A frame already seen is shown at once. */
  ask(part: Partial<Request>): void {
    const current = this.request;
    if (this.frozen) {
      const frame = nearestFrame({ ...current, ...part }, this.savedFrames, this.around);
      if (!frame) return;
      const { method, layer, parameters } = frame;
      this.write({ method, layer, parameters, target: frame.target.index ?? frame.target.name });
      return;
    }
    const next = { ...part };
    if (part.method && part.method !== current.method) {
      const method = this.methods.find(({ name }) => name === part.method);
      next.parameters ??= carriedOver(current.parameters, method?.parameters ?? []);
    }
    this.write(next);
    this.model.save_changes();
  }

  /** Sets how the picture looks: never a message to the kernel. */
  look<Name extends keyof Appearance>(name: Name, value: Appearance[Name]): void {
    this.model.set(name, value);
    this.changed("appearance");
  }

  stop(): void {
    this.model.send({ kind: "stop" });
  }

  /** Whether the answer to this request is already here. */
  ready(part: Partial<Request>): boolean {
    return this.cache.has(requestKey({ ...this.request, ...part }, this.around));
  }

  /** Whether a saved page can show this at all. */
  available(part: Partial<Request>): boolean {
    if (!this.frozen) return true;
    if (part.method) return this.savedFrames.some(({ method }) => method === part.method);
    return this.ready(part);
  }

  private get around() {
    return { methods: this.methods, layers: this.layers, top: this.top };
  }
  private get wanted(): string {
    return requestKey(this.request, this.around);
  }

  private write(part: Partial<Request>): void {
    for (const [name, value] of Object.entries(part)) this.model.set(name, value);
    this.asked();
  }

  /** A request trait changed, here or in Python. */
  private asked(): void {
    const seen = this.cache.get(this.wanted);
    if (seen) this.shown = seen;
    this.awaiting = this.stale && !this.frozen ? (this.awaiting ?? this.now()) : null;
    this.changed("request");
  }

  private heardFrom(): void {
    this.heard = this.now();
    this.disconnected = false;
  }

  private remember(frame: Frame): void {
    if (!frame.partial) this.cache.put(frameKey(frame, this.methods), frame);
  }

  /** An answer to an older question is kept, but does not replace what answers the present one. */
  private receive(frame: Frame | undefined): void {
    if (!frame?.shape || !frame.data) return;
    this.remember(frame);
    const fits = frameKey(frame, this.methods) === this.wanted;
    if (fits || !this.cache.has(this.wanted)) this.shown = frame;
    if (fits && !frame.partial) this.awaiting = null;
  }

  /** The kernel came to rest: nothing more is coming for what was asked. */
  private settle(): void {
    const state = this.status?.state;
    if (state && state !== "running") this.awaiting = null;
  }
}
