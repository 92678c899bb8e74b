/** FaithfulnessViewer in the browser: curves, the picture at any point of them, and the sanity check. */

import { amount } from "../core/format";
import type { ClassScore, Curves } from "../core/wire";
import { takePictures } from "../parts/bring";
import { el, row, section, set, write } from "../parts/dom";
import { classPicker, UNSAVED } from "../parts/picker";
import { isCalm, playButton } from "../parts/play";
import { type Line, plot } from "../parts/plot";
import { type Saved, saveButton } from "../parts/save";
import { type Segment, segments } from "../parts/segments";
import { slider } from "../parts/slider";
import { widget } from "../parts/view";
import { type CurvePoint, pictureAtPoint, pointInWords } from "./point";
import { colourOf, isDashed, ranking } from "./ranking";
import { sanity } from "./sanity";
import { faithfulnessSession, KINDS, type Kind, type View } from "./session";
import { likenessInWords, listed, verdict } from "./verdict";

type Baseline = "blur" | "black" | "mean" | "zero";

const VIEWS: ReadonlyArray<Segment<View>> = [
  ["curves", "Curves", "Insertion and deletion"],
  ["sanity", "Sanity", "Does the map depend on what the network learned?"],
];

const BASELINES: ReadonlyArray<Segment<Baseline>> = [
  ["blur", "Blur", "The picture under a strong blur"],
  ["black", "Black"],
  ["mean", "Mean", "The picture's mean colour"],
  ["zero", "Zero", "The network's own zero"],
];

const FILM = 5_000; // milliseconds for all of a curve
const WORDS = {
  insertion: {
    title: "Insertion",
    note: "high is good",
    ends: ["nothing", "all put in"],
  },
  deletion: {
    title: "Deletion",
    note: "low is good",
    ends: ["all there", "all taken out"],
  },
} as const;

export default widget(
  "Faithfulness viewer",
  (view) => {
    const { signal, root, speak } = view;
    const session = faithfulnessSession(view);
    // What is shown in this view alone.
    let kind: Kind = "insertion";
    let point = -1;
    let stage = 1;
    let playing = 0; // since when, in milliseconds; 0 while it does not

    const show = (name: View): void => session.show("view", name);
    const [views, showView] = segments(signal, "View", "view", VIEWS, show);
    const [classes, showClasses] = classPicker(signal, root, (target) => session.ask({ target }));
    const save = saveButton(signal, root, session, speak, seen);
    const plots = KINDS.map((own) =>
      plot(signal, WORDS[own].title, WORDS[own].note, own, (at, name) => {
        if (at !== null) [kind, point, playing] = [own, at, 0];
        if (name && name !== session.chosen) session.look("method", name);
        refresh();
      }),
    );
    const [film, showFilm] = playButton(signal, "the curve", () => {
      playing = playing ? 0 : performance.now();
      if (playing) play();
      refresh();
    });
    set(film, { _control: "film" });
    const [pointElement, pointCanvas, showPoint] = pictureAtPoint(() => view.changed("look"), film);
    const [pictures, sanitySide, showSanity] = sanity(signal, session, (at) => {
      stage = at;
      refresh();
    });
    const [ranks, showRanks] = ranking(signal, session, root);
    const replace = (baseline: Baseline): void => session.ask({ baseline });
    const [baselines, showBaseline] = segments(signal, "Baseline", "baseline", BASELINES, replace);
    const scale = { least: 2, most: 255, step: 1, initial: 25, whole: true, format: String };
    const divide = (value: number, done: boolean): unknown => done && session.ask({ steps: value });
    const help = "In how many parts the pixels come or go: more are finer and slower";
    const [steps, showSteps] = slider(signal, "Steps", "steps", scale, divide, help);
    const gone = row("Baseline", "What stands where pixels are gone", baselines);
    gone.classList.add("xw-wide");
    const protocol = section("Protocol", gone, steps);
    const curvesArea = el(".plots", ...plots.map(([element]) => element));
    const side = el(".side", ranks, protocol);
    const sentence = el("p.sentence", { _sentence: true });

    function pointShown(): CurvePoint | undefined {
      const { frame, chosen } = session;
      const curves = frame?.curves.find(({ method }) => method === chosen) ?? frame?.curves[0];
      if (!frame || !curves) return undefined;
      const last = frame.fractions.length - 1;
      if (point < 0) point = Math.round(last * 0.2);
      point = Math.min(point, last);
      return { frame, curves, kind, point };
    }

    /** From where it stands, or from the beginning, to the end of the curve. */
    function play(): void {
      const at = pointShown();
      const last = (at?.frame.fractions.length ?? 1) - 1;
      const [begun, from] = [playing, point >= last ? 0 : point];
      const each = (isCalm() ? 4 : 1) * (FILM / last);
      const step = (time: number): void => {
        if (playing !== begun || signal.aborted || session.view !== "curves") return;
        const to = Math.min(last, from + Math.floor(Math.max(0, time - begun) / each));
        if (to !== point) {
          point = to;
          if (to === last) playing = 0;
          refresh();
        }
        if (playing) requestAnimationFrame(step);
      };
      if (last > 0) requestAnimationFrame(step);
      else playing = 0;
    }

    function refresh(): void {
      const { frozen, frame, chosen } = session;
      const at = pointShown();
      const curves = session.view === "curves";
      for (const element of [curvesArea, pointElement, save, protocol]) element.hidden = !curves;
      for (const element of [pictures, sanitySide]) element.hidden = curves;
      showView(session.view);
      if (!curves) playing = 0;
      showFilm(!!playing);
      write(sentence, curves ? curvesInWords() : checksInWords());
      showClasses(session.top, frame?.target, session.get("target") ?? null, frozen);
      showRanks();
      showBaseline(session.get("baseline"), frozen ? UNSAVED : null);
      showSteps(session.get("steps"), frozen);
      if (curves) {
        for (const [i, [, draw]] of plots.entries()) draw(drawing(KINDS[i]!, at));
        showPoint(session.picture, at);
      } else showSanity(stage);
      set(root, {
        _view: session.view,
        _seq: frame?.seq,
        _methods: frame?.curves.map(({ method }) => method).join(" "),
        _chosen: chosen,
        _kind: kind,
        _point: at?.point,
        _baseline: frame?.baseline,
        _points: frame?.fractions.length,
        _stages: session.check?.stages.length,
        _ready: !!session.picture,
      });
    }

    function drawing(own: Kind, at: CurvePoint | undefined) {
      const { frame, chosen } = session;
      const all = frame?.curves ?? [];
      const heights = all.flatMap((curves) =>
        KINDS.flatMap((one) => [...curves[one].probability, ...(curves[one].high ?? [])]),
      );
      const unit = frame?.target.unit;
      const there = at && { ...at, kind: own };
      return {
        x: frame?.fractions ?? [],
        lines: all.map((curves) => lineOf(curves, own)),
        range: rangeOf(heights, unit),
        chosen: at?.curves.method ?? chosen,
        point: at && kind === own ? at.point : null,
        spoken: there ? `${there.curves.title}, ${pointInWords(there)}` : "",
        format: (value: number) => amount(value, unit, value && value < 0.01 ? 1 : 0),
        ends: WORDS[own].ends,
      };
    }

    function lineOf(curves: Curves, own: Kind): Line {
      const { method, title, maps } = curves;
      const { probability, auc, low, high } = curves[own];
      return {
        name: method,
        title,
        colour: colourOf(session, method),
        values: probability,
        low: maps > 1 ? low : undefined,
        high: maps > 1 ? high : undefined,
        value: auc.toFixed(3),
        dashed: isDashed(session, method),
      };
    }

    /** The verdict, once there is one; it has its line from the beginning. */
    function curvesInWords(): string {
      const { frame, frozen } = session;
      const all = frame?.curves ?? [];
      const done = frozen || session.state() !== "busy";
      if (done) return verdict(all);
      const titles = listed(all.map(({ title }) => title));
      return titles ? `Measured so far: ${titles} …` : "Nothing is measured yet …";
    }

    function checksInWords(): string {
      const all = session.methods.flatMap((name) => {
        const likeness = session.likeness[name];
        return likeness ? [[session.title(name), likeness] as const] : [];
      });
      return likenessInWords(all) || "Layers are being randomised, from the last to the first …";
    }

    function words(): string {
      const { status, frame } = session;
      if (!frame || status?.state !== "idle" || session.view !== "curves") return "";
      const lines = [verdict(frame.curves)].concat(
        frame.curves.map((curves) => {
          const areas = KINDS.map((one) => `${one} ${curves[one].auc.toFixed(3)}`).join(", ");
          return `${curves.title}: ${areas}.`;
        }),
      );
      return lines.join(" ");
    }

    function seen(): Saved | undefined {
      const at = pointShown();
      const { picture } = session;
      if (!at || !picture) return undefined;
      const share = Math.round(100 * (at.frame.fractions[at.point] ?? 0));
      return [pointCanvas, [picture.name, at.curves.method, kind, String(share)]];
    }

    takePictures(view, session);
    return {
      session,
      children: [
        el("header.header", views, classes, el("span.spring"), save),
        sentence,
        el(".body", curvesArea, pictures, pointElement, sanitySide, side),
      ],
      refresh,
      words,
    };
  },
  ".faithfulness",
);

/** From 0 up to the highest probability; numbers of another kind may be below 0 and above 1. */
function rangeOf(heights: readonly number[], unit: ClassScore["unit"]) {
  if (!heights.length) return { low: 0, high: 1 };
  const high = 1.08 * Math.max(...heights, 0.01);
  if (unit === "number") return { low: 1.08 * Math.min(...heights, 0), high };
  return { low: 0, high: Math.min(1, high) };
}
