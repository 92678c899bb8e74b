/** HeatmapViewer in the browser: puts the parts together and keeps them in step with the model. */
import { percent, signed } from "./core/format";
import { layoutOf } from "./core/geometry";
import { type Change, Session } from "./core/session";
import { watchTheme } from "./core/theme";
import { APPEARANCE, type Appearance, type Model, type Picture } from "./core/wire";
import { Card } from "./parts/card";
import { Classes } from "./parts/classes";
import { el, set, write } from "./parts/dom";
import { Footer } from "./parts/footer";
import { Header } from "./parts/header";
import { Heat, type Painted, paintPicture } from "./parts/heat";
import { Looks } from "./parts/looks";
import { Parameters } from "./parts/parameters";
import { Stage } from "./parts/stage";

interface RenderProps {
  model: Model;
  el: HTMLElement;
  signal?: AbortSignal;
}

function render({ model, el: host, signal: given }: RenderProps): () => void {
  const life = new AbortController();
  const signal = life.signal;
  given?.addEventListener("abort", () => life.abort());
  new Viewer(model, host, signal);
  return () => life.abort();
}

class Viewer {
  // The attribute tells JupyterLab to leave keys alone in here.
  readonly root = el("div", "xw-root", { "data-lm-suppress-shortcuts": "true", "data-xw-layout": "medium" });
  private readonly session: Session;
  private readonly stage: Stage;
  private readonly heat: Heat;
  private readonly header: Header;
  private readonly classes: Classes;
  private readonly looks: Looks;
  private readonly parameters: Parameters;
  private readonly card: Card;
  private readonly footer: Footer;
  private readonly live = el("div", "xw-live", { "aria-live": "polite", role: "status" });
  private picture: Picture | undefined;
  private painted: Painted | undefined;
  private due = new Set<Change>();
  private announced = "";

  constructor(
    model: Model,
    host: HTMLElement,
    private readonly signal: AbortSignal,
  ) {
    host.append(this.root);
    this.session = new Session(model, (change) => this.invalidate(change));
    const { session, root } = this;
    this.stage = new Stage((value, spoken) => this.point(value, spoken), signal);
    this.heat = new Heat(this.stage.heat);
    this.header = new Header(session, root, () => this.save(), () => this.reset(), signal);
    this.classes = new Classes(session, root, signal);
    this.looks = new Looks(session, root, signal);
    this.parameters = new Parameters(session, root, signal);
    this.card = new Card(signal);
    this.footer = new Footer(session, signal);
    const side = el("div", "xw-side", {}, this.classes.element, this.looks.element, this.parameters.element);
    const body = el("div", "xw-body", {}, this.stage.element, side, this.card.element);
    root.prepend(this.header.element, body, this.footer.element, this.live);
    set(root, { role: "group", "aria-label": "Heatmap viewer" });
    this.listen();
    session.listen(signal);
    this.loadPicture();
    this.refresh();
  }

  private listen(): void {
    const { root, signal } = this;
    root.addEventListener(
      "keydown",
      (event) => {
        const typing = event.target instanceof HTMLInputElement && event.target.type === "text";
        if (event.key === "?" && !typing) this.card.flip();
        // The notebook would take arrows and letters for its own.
        if (event.key !== "Escape" && event.key !== "Tab") event.stopPropagation();
      },
      { signal },
    );
    watchTheme(root, signal, (theme) => {
      const vscode = document.body.dataset.vscodeThemeKind !== undefined;
      set(root, { "data-xw-theme": theme, "data-xw-host": vscode ? "vscode" : null });
    });
    const observer = new ResizeObserver(() => this.arrange());
    observer.observe(root);
    const clock = setInterval(() => this.tick(), 250);
    signal.addEventListener("abort", () => {
      observer.disconnect();
      clearInterval(clock);
      // Browsers keep a canvas' memory until it is empty.
      for (const canvas of root.querySelectorAll("canvas")) canvas.width = canvas.height = 0;
      root.remove();
    });
  }

  /** Many changes, one repaint. */
  private invalidate(change: Change): void {
    if (this.due.size === 0) requestAnimationFrame(() => this.refresh());
    this.due.add(change);
    if (change === "request") setTimeout(() => this.tick(), 160);
  }

  private refresh(): void {
    if (this.signal.aborted) return;
    const only = (...changes: Change[]): boolean =>
      this.due.size > 0 && [...this.due].every((change) => changes.includes(change));
    const look = only("appearance");
    const quiet = only("status");
    if (this.due.has("picture")) this.loadPicture();
    this.due.clear();
    if (!quiet) this.paint();
    if (!quiet && !look) {
      this.classes.update();
      this.parameters.update();
      this.card.update(this.session.method);
    }
    if (!quiet) {
      this.header.update();
      this.looks.update(this.session.shown, this.painted);
      this.arrange();
    }
    this.tick();
    this.announce();
  }

  /** What depends on time alone. */
  private tick(): void {
    if (this.signal.aborted) return;
    const now = performance.now();
    this.footer.update(now);
    set(this.root, { "data-xw-busy": this.footer.busy(now) });
    this.drawStage(now);
  }

  private paint(): void {
    const { shown, appearance } = this.session;
    const { picture } = this;
    if (!shown || !picture) {
      this.painted = undefined;
      return;
    }
    const painted = this.heat.paint(shown, appearance, picture.width, picture.height);
    this.painted = shown.state === "ok" ? painted : undefined;
    if (shown.state !== "ok") this.heat.clear();
    set(this.root, {
      "data-xw-seq": shown.seq,
      "data-xw-method": shown.method,
      "data-xw-target": shown.target.index ?? shown.target.name,
      "data-xw-colormap": painted.colormap,
      "data-xw-kept": painted.kept.toFixed(4),
      "data-xw-maximum": painted.maximum,
      "data-xw-repaint-ms": painted.milliseconds.toFixed(3),
      "data-xw-painted-at": performance.now().toFixed(1),
    });
  }

  private drawStage(now: number): void {
    const { session } = this;
    const { shown, appearance } = session;
    const waiting = session.stale && (this.footer.busy(now) || session.awaiting === null || session.silent(now));
    this.stage.show(this.painted, appearance, waiting && shown !== undefined, this.plateWords());
    if (waiting) this.looks.bar.point(null);
  }

  /** Said over the picture when there is no heat to see. */
  private plateWords(): string {
    const { shown, frozen } = this.session;
    if (!shown) return frozen ? "No explanation was saved with this page." : "";
    if (shown.state === "zero") {
      return shown.message || "The map is zero everywhere: nothing in this picture moves the score.";
    }
    if (shown.state === "nonfinite") {
      return shown.message || "The map holds values that are not finite numbers, so it is not shown.";
    }
    return "";
  }

  private point(value: number | null, spoken: string): void {
    this.looks?.bar.point(this.painted ? value : null);
    if (spoken) write(this.live, spoken);
  }

  private announce(): void {
    const { shown, methods, status, stale } = this.session;
    const failed = status?.state === "error";
    const text = failed ? `${status.message} ${status.hint}` : this.caption();
    if (shown && !failed) this.stage.describe(`${text} Arrow keys read values, plus and minus zoom.`);
    if (text === this.announced || (!failed && (stale || !shown || shown.partial || methods.length === 0))) return;
    this.announced = text;
    write(this.live, text);
  }

  /** Grad-CAM for Egyptian cat, 42.9 %. Values from 0 to +1.42. */
  private caption(): string {
    const { shown, methods } = this.session;
    if (!shown) return "";
    const title = methods.find(({ name }) => name === shown.method)?.title ?? shown.method;
    const { name, probability } = shown.target;
    const chance = probability === null ? "" : `, ${percent(probability)}`;
    const what = this.plateWords() || `Values from ${signed(shown.range[0])} to ${signed(shown.range[1])}.`;
    return `${title} for ${name}${chance}. ${what}`;
  }

  private loadPicture(): void {
    const picture: Picture | undefined = this.session.model.get("picture");
    if (!picture?.data || picture === this.picture) return;
    this.picture = picture;
    this.stage.resize(picture);
    void paintPicture(picture, this.stage.photo).then((done) => {
      if (this.signal.aborted || !done) return;
      this.stage.copyPicture();
      set(this.root, { "data-xw-ready": true });
    });
  }

  private arrange(): void {
    const width = this.root.clientWidth;
    if (width === 0 || this.signal.aborted) return; // measured while hidden
    const { width: w, height: h } = this.picture ?? { width: 1, height: 1 };
    const beside = this.session.appearance.view === "side_by_side";
    set(this.root, { "data-xw-layout": layoutOf(width, h / (beside ? 2 * w : w)) });
  }

  private reset(): void {
    for (const [name, value] of Object.entries(APPEARANCE)) {
      this.session.look(name as keyof Appearance, value as never);
    }
    this.stage.resetView();
  }

  private save(): void {
    const { session, picture } = this;
    if (!picture) return;
    const scale = Math.max(1, Math.ceil(896 / Math.max(picture.width, picture.height)));
    this.stage.snapshot(session.appearance, scale).toBlob((blob) => {
      if (!blob) return;
      const { shown } = session;
      const name = [picture.name, shown?.method, shown?.target.name].filter(Boolean).join(" ");
      const link = el("a", "", {
        href: URL.createObjectURL(blob),
        download: `${name.replace(/[^\p{L}\p{N}._-]+/gu, "_") || "heatmap"}.png`,
      });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    });
  }
}

export default { render };
