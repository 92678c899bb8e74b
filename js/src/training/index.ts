/** TrainingMonitor in the browser: curves as the training goes, and the gradients back through it. */
import { fixed, percent } from "../core/format";
import { clamp } from "../core/geometry";
import { now } from "../core/model";
import { el, on, set, write } from "../parts/dom";
import { type Drawing, type Line, lineSwatch, plot } from "../parts/plot";
import { heightToFit } from "../parts/room";
import { type Saved, saveButton } from "../parts/save";
import { rangeInput } from "../parts/slider";
import { fit, widget } from "../parts/view";
import { gradients } from "./gradients";
import { linesOf, rangeOf, type Series, trainingSession } from "./session";

const FRAME = 180; // pixels of the height for all but the pictures
const MEASURES = [
  ["test accuracy", "test_accuracy"],
  ["loss cosine", "cosine"],
  ["train accuracy", "accuracy"],
] as const;

const short = (value: number): string => String(+value.toPrecision(2)).replace("-", "−");
/** Always as many digits: what changes while one looks must not jump. */
const steady = (value: number): string => fixed(value, Math.abs(value) < 0.1 ? 3 : 2);

/** A line, and its value at a point: the latest one there, where not each point has one. */
function lineOf(title: string, values: Series, i: number, point: number): Line {
  const there = values.slice(0, point + 1).filter((value) => value !== null);
  const last = there.at(-1);
  const value = last === undefined ? "–" : steady(last);
  return { name: title, title, colour: `var(--xw-c${i})`, values, value, dashed: false };
}

/** A plot whose lines are named in a legend below it. */
function plotWithLegend(
  signal: AbortSignal,
  title: string,
  control: string,
  moved: (point: number) => void,
): [HTMLElement, HTMLElement, (drawing: Drawing) => void] {
  const [element, draw] = plot(signal, title, "", control, (i) => i !== null && moved(i));
  const legend = el(".legend");
  const show = (drawing: Drawing): void => {
    const { lines } = drawing;
    draw({ ...drawing, lines: lines.map((line) => ({ ...line, title: "", value: "" })) });
    const keys = lines.map(({ title: name, colour, value }) =>
      el("span", lineSwatch(colour), `${name} `, el("b", value)),
    );
    legend.replaceChildren(...(keys.length > 1 ? keys : []));
  };
  return [element, legend, show];
}

const spokenAt = (lines: readonly Line[]): string =>
  lines.map(({ title, value }) => `${title} ${value}`).join(", ");

export default widget(
  "Training monitor",
  (view) => {
    const { signal, root } = view;
    const session = trainingSession(view);
    const start = el("button.field", { _control: "start", hidden: true });
    on(signal, start, "click", session.resume);
    const facts = el("span.facts");
    const words = (): Saved => [null, ["training", session.get("network")?.name]];
    const save = saveButton(signal, root, session, view.speak, words, true);
    const [lossPlot, lossLegend, showLoss] = plotWithLegend(signal, "Loss", "loss", (point) => {
      const x = session.loss?.x[point];
      if (x !== undefined) session.go(x * session.plan.epochs);
    });
    const toEpoch = (point: number): void => {
      const epoch = session.epochs[point]?.epoch;
      if (epoch !== undefined) session.go(epoch + 1);
    };
    const [measuresPlot, measuresLegend, showMeasures] = plotWithLegend(
      signal,
      "Accuracy and cosine",
      "epochs",
      toEpoch,
    );
    const { range, show: showRange } = rangeInput(signal, "Epoch", "epoch", (i) =>
      session.go(session.lookEpochs[i] ?? 0),
    );
    const where = el("span.number");
    const [maps, showMaps] = gradients(signal, session);

    function refresh(): void {
      const { plan, loss, epochs, shownLook, lookEpochs, follows } = session;
      // As far as it has come: of a long training the beginning would be a line at the edge.
      const extent = Math.max(loss?.x.at(-1) ?? 0, epochs.length / plan.epochs) || 1;
      const far = +(extent * plan.epochs).toFixed(1);
      const ends = ["start", `epoch ${far} of ${plan.epochs}`] as const;
      const x = (loss?.x ?? []).map((share) => share / extent);
      const terms = loss && x.length ? linesOf(loss) : [];
      const shown = (shownLook?.epoch ?? 0) / plan.epochs / extent;
      const nearest = x.reduce(
        (best, share, i) => (Math.abs(share - shown) < Math.abs(x[best]! - shown) ? i : best),
        0,
      );
      const marked = follows ? x.length - 1 : nearest;
      const losses = terms.map(([name, values], i) => lineOf(name, values, i, marked));
      showLoss({
        x,
        lines: losses,
        range: rangeOf(losses.map(({ values }) => values)),
        chosen: "total",
        point: x.length ? marked : null,
        spoken: spokenAt(losses),
        format: short,
        ends,
      });
      const point = epochs.findIndex(({ epoch }) => epoch + 1 === shownLook?.epoch);
      const lines = MEASURES.map(([title, name], i) => {
        const values = epochs.map((measures) => measures[name]);
        return lineOf(title, values, i, point);
      }).filter(({ values }) => values.some((value) => value !== null));
      showMeasures({
        x: epochs.map(({ epoch }) => (epoch + 1) / plan.epochs / extent),
        lines,
        range: { low: rangeOf(lines.map(({ values }) => values)).low, high: 1 },
        chosen: "test accuracy",
        point: point < 0 ? null : point,
        spoken: spokenAt(lines),
        format: short,
        ends,
      });
      const at = shownLook ? lookEpochs.indexOf(shownLook.epoch) : 0;
      const seen = lookEpochs.length;
      const text = shownLook ? `${shownLook.epoch} of ${plan.epochs}` : "…";
      showRange(at, 0, Math.max(seen - 1, 1), text, seen < 2);
      write(where, text);
      showMaps();
      write(facts, summary());
      set(root, {
        _epoch: shownLook?.epoch,
        _seen: seen,
        _epochs: epochs.length,
        _points: x.length,
        _ready: session.thumbnails.length > 0,
        "_painted-at": now(),
      });
    }

    /** How it stands, in a few words. */
    function summary(): string {
      const { step, plan, done, shownLook, measured } = session;
      const parts = [
        done && `trained for ${plan.epochs} epoch${plan.epochs === 1 ? "" : "s"}`,
        plan.regularised ? `weight ${plan.weight}` : "no regularisation",
        !done && step.learning_rate != null && `learning rate ${short(step.learning_rate)}`,
        shownLook && `epoch ${shownLook.epoch}`,
        measured?.test_accuracy != null && `test accuracy ${percent(measured.test_accuracy)}`,
        measured?.cosine != null && `loss cosine ${fixed(measured.cosine)}`,
      ];
      return parts.filter(Boolean).join(" · ");
    }

    const plots = el(".plots", lossPlot, lossLegend, measuresPlot, measuresLegend);
    const epoch = el(".epoch", el("span.name", "After epoch"), range, where);
    return {
      session,
      children: [
        el("header.header", start, facts, el("span.spring"), save),
        el(".body", plots, el(".looks", epoch, maps)),
      ],
      refresh,
      arrange() {
        fit(root);
        // As large as all pictures can be seen together.
        const side = (heightToFit(root) - FRAME) / Math.max(session.thumbnails.length, 1) - 2;
        root.style.setProperty("--xw-side", `${Math.round(clamp(side, 72, 168))}px`);
      },
      tick(_now, state) {
        const { status, frozen, done } = session;
        const running = status?.state === "running";
        // A training that was stopped goes on by the footer's button.
        start.hidden = frozen || done || running || state === "stopped";
        write(start, session.step.step || session.epochs.length ? "Go on" : "Start");
      },
      words: () =>
        session.epochs.length ? `Epoch ${session.epochs.length} done. ${summary()}.` : "",
    };
  },
  ".training",
);
