/** TrainingMonitor in the browser: curves as the training goes, and the gradients back through it. */
import { percent } from "../core/format";
import { now } from "../core/host";
import { el, on, set, write } from "../parts/dom";
import { footer } from "../parts/footer";
import { type Line, lineSwatch, plot } from "../parts/plot";
import { fit, opened, type RenderProps, soon } from "../parts/view";
import { gradients } from "./gradients";
import { drawn, rangeOf, type Series, training } from "./session";

const COLOURS = ["var(--xw-c0)", "var(--xw-c1)", "var(--xw-c2)"];

const short = (value: number): string => String(+value.toPrecision(2)).replace("-", "−");
/** As many digits each time: what changes while one looks must not jump. */
const steady = (value: number): string =>
  value.toFixed(Math.abs(value) < 0.1 ? 3 : 2).replace("-", "−");

function render(props: RenderProps): () => void {
  const { model } = props;
  const [root, signal, _live, say, alive] = opened(props, "Training monitor", ".training");
  const later = soon(refresh, tick);
  const session = training(model, signal, later);

  const pause = el("button.field", { _control: "pause" }, "Pause");
  on(signal, pause, "click", () =>
    session.status?.state === "running" ? session.pause() : session.start(),
  );
  const facts = el("span.facts");
  const header = el("header.header", {}, pause, facts);
  const losses = plot(signal, "Loss", "", "loss", (point) => {
    const x = session.loss?.x[point ?? -1];
    if (x !== undefined) session.go(x * session.plan.epochs);
  });
  const measures = plot(signal, "Accuracy and cosine", "", "epochs", (point) => {
    const epoch = session.epochs[point ?? -1]?.epoch;
    if (epoch !== undefined) session.go(epoch + 1);
  });
  const legends = [el(".legend"), el(".legend")];
  const range = el("input.range", { type: "range", min: 0, $label: "Epoch", _control: "epoch" });
  on(signal, range, "input", () => session.go(session.seen[+range.value] ?? 0));
  const where = el("span.number");
  const [maps, showMaps] = gradients(session);
  const [footerElement, showFooter] = footer(signal, session);
  root.prepend(
    header,
    el(
      ".body",
      {},
      el(".plots", {}, losses.element, legends[0]!, measures.element, legends[1]!),
      el(".seen", {}, el(".epoch", {}, el("span.name", {}, "After epoch"), range, where), maps),
    ),
    footerElement,
  );

  function lineOf(title: string, values: Series, i: number): Line {
    const last = values.filter((value) => value !== null).at(-1);
    return {
      name: title,
      title,
      colour: COLOURS[i]!,
      values,
      value: last === undefined ? "" : steady(last),
      dashed: false,
    };
  }

  function legend(element: HTMLElement, lines: readonly Line[]): void {
    const keys = lines.map(({ title, colour, value }) =>
      el("span", {}, lineSwatch(colour), `${title} `, el("b", {}, value)),
    );
    element.replaceChildren(...(keys.length > 1 ? keys : []));
  }

  function refresh(): void {
    if (signal.aborted) return;
    const { plan, loss, epochs, look, seen, follows } = session;
    // As far as it has come: of a long training the beginning would be a line at the edge.
    const extent = Math.max(loss?.x.at(-1) ?? 0, epochs.length / plan.epochs) || 1;
    const far = +(extent * plan.epochs).toFixed(1);
    const ends = ["start", `epoch ${far} of ${plan.epochs}`] as const;
    const terms = loss ? drawn(loss).map(([name, values], i) => lineOf(name, values, i)) : [];
    const x = (loss?.x ?? []).map((each) => each / extent);
    const share = (look?.epoch ?? 0) / plan.epochs / extent;
    const nearest = x.reduce(
      (best, each, i) => (Math.abs(each - share) < Math.abs(x[best]! - share) ? i : best),
      0,
    );
    losses.show({
      x,
      lines: terms.map((each) => ({ ...each, title: "", value: "" })),
      range: rangeOf(terms.map(({ values }) => values)),
      chosen: "total",
      point: x.length && !follows ? nearest : null,
      spoken: terms.map(({ title, values }) => `${title} ${values[nearest] ?? ""}`).join(", "),
      format: short,
      ends,
    });
    legend(legends[0]!, terms);
    const known = (
      [
        ["test accuracy", "test_accuracy"],
        ["cosine, of the loss", "cosine"],
        ["train accuracy", "accuracy"],
      ] as const
    ).map(([title, name], i) =>
      lineOf(
        title,
        epochs.map((each) => each[name]),
        i,
      ),
    );
    const lines = known.filter(({ values }) => values.some((value) => value !== null));
    const point = epochs.findIndex(({ epoch }) => epoch + 1 === look?.epoch);
    measures.show({
      x: epochs.map(({ epoch }) => (epoch + 1) / plan.epochs / extent),
      lines: lines.map((each) => ({ ...each, title: "", value: "" })),
      range: { low: rangeOf(lines.map(({ values }) => values)).low, high: 1 },
      chosen: "test accuracy",
      point: point < 0 ? null : point,
      spoken: lines.map(({ title, values }) => `${title} ${values[point] ?? ""}`).join(", "),
      format: short,
      ends,
    });
    legend(legends[1]!, lines);
    const at = look ? seen.indexOf(look.epoch) : 0;
    range.max = String(Math.max(seen.length - 1, 1));
    range.value = String(at);
    range.disabled = seen.length < 2;
    range.style.setProperty("--xw-share", `${(100 * at) / Number(range.max)}%`);
    const place = look ? `${look.epoch} of ${plan.epochs}` : "…";
    set(range, { $valuetext: place });
    write(where, place);
    showMaps();
    write(facts, words());
    set(root, {
      _epoch: look?.epoch,
      _seen: seen.length,
      _epochs: epochs.length,
      _points: x.length,
      _ready: session.strip.length > 0,
      "_painted-at": now(),
    });
    fit(root);
    tick();
    announce();
  }

  const done = (): boolean =>
    session.status?.state === "idle" && session.epochs.length >= session.plan.epochs;

  /** How it stands, in a few words. */
  function words(): string {
    const { now: step, plan, epochs } = session;
    const last = epochs.at(-1);
    const ended = done();
    const parts = [
      ended && `trained for ${plan.epochs} epoch${plan.epochs === 1 ? "" : "s"}`,
      plan.regularised ? `weight ${plan.weight}` : "no regularisation",
      !ended && step.learning_rate != null && `learning rate ${short(step.learning_rate)}`,
      last?.test_accuracy != null && `test accuracy ${percent(last.test_accuracy)}`,
      last?.cosine != null && `cosine ${last.cosine.toFixed(2).replace("-", "−")}`,
    ];
    return parts.filter(Boolean).join(" · ");
  }

  /** What depends on time alone. */
  function tick(): void {
    if (signal.aborted) return;
    const { status, frozen } = session;
    const time = now();
    const running = status?.state === "running";
    showFooter(time);
    pause.hidden = frozen || done();
    write(pause, running ? "Pause" : session.now.step || session.epochs.length ? "Go on" : "Start");
    set(root, { _busy: running, _state: status?.state });
  }

  /** Tells screen readers what an epoch brought, or what went wrong. */
  function announce(): void {
    const { status, epochs } = session;
    if (session.state() === "error") say(`${status?.message} ${status?.hint}`);
    else if (epochs.length) say(`Epoch ${epochs.length} done. ${words()}.`);
  }

  return alive(() => fit(root), tick, refresh);
}

export default { render };
