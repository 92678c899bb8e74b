/** FaithfulnessViewer in the browser: curves, the picture at any point of them, and the sanity check. */

import type { Judged, Kind } from "../core/curves";
import { percent } from "../core/format";
import { now } from "../core/host";
import { el, on, section, set, tool } from "../parts/dom";
import { footer } from "../parts/footer";
import { UNSAVED } from "../parts/header";
import { picker } from "../parts/picker";
import { type Line, plot } from "../parts/plot";
import { segments } from "../parts/segments";
import { slider } from "../parts/slider";
import { fit, opened, type RenderProps, saveAs, soon } from "../parts/view";
import { type At, pictureAtPoint, sight, verdict } from "./point";
import { colourOf, isDashed, ranking } from "./ranking";
import { sanity } from "./sanity";
import { judging, type View } from "./session";

type Baseline = "blur" | "black" | "mean" | "zero";

const KINDS: readonly Kind[] = ["insertion", "deletion"];

function render(props: RenderProps): () => void {
  const { model } = props;
  const [root, signal, _live, say, alive] = opened(props, "Faithfulness viewer", ".judge");
  const later = soon(refresh, tick);
  const session = judging(model, signal, later);
  // What is looked at, in this view alone.
  let kind: Kind = "insertion";
  let point = -1;
  let stage = 1;

  const [views, showView] = segments<View>(
    signal,
    "View",
    "view",
    [
      ["curves", "Curves", "Insertion and deletion"],
      ["sanity", "Sanity", "Does the map depend on what the network learned?"],
    ],
    (view) => session.look(["view", view]),
  );
  const classes = picker(
    signal,
    root,
    "Class",
    "target",
    "layer",
    (index) => session.ask(["target", Number(index)]),
    () => session.ask(["target", null]),
  );
  const save = tool(
    signal,
    "save",
    "Save this picture as PNG",
    "M8 2.5v8M4.5 7.5L8 11l3.5-3.5M3 13.5h10",
    download,
  );
  const header = el("header.header", {}, views, classes.element, el("span.spring"), save);
  const plots = KINDS.map((each) =>
    plot(
      signal,
      each === "insertion" ? "Insertion" : "Deletion",
      each === "insertion" ? "probability; high is good" : "probability; low is good",
      each,
      (at, name) => {
        if (at !== null) [kind, point] = [each, at];
        if (name && name !== session.chosen) session.hold(["method", name]);
        refresh();
      },
    ),
  );
  const [pointElement, pointCanvas, showPoint] = pictureAtPoint(later);
  const [pictures, sanitySide, showSanity] = sanity(signal, session, (at) => {
    stage = at;
    refresh();
  });
  const [ranks, showRanks] = ranking(signal, session, root);
  const [baselines, showBaseline] = segments<Baseline>(
    signal,
    "Baseline",
    "baseline",
    [
      ["blur", "Blur", "The picture under a strong blur"],
      ["black", "Black"],
      ["mean", "Mean", "The picture's mean colour"],
      ["zero", "Zero", "The network's own zero"],
    ],
    (baseline) => session.ask(["baseline", baseline]),
  );
  const [steps, showSteps] = slider(
    signal,
    "Steps",
    "steps",
    { least: 2, most: 255, step: 1, initial: 25, whole: true, format: (n) => String(n) },
    (value, done) => done && session.ask(["steps", value]),
    "In how many parts the pixels come or go: more are finer and slower",
  );
  const protocol = section(
    "Protocol",
    el(
      ".row.wide",
      { title: "What stands where pixels are gone" },
      el("span.name", {}, "Baseline"),
      baselines,
    ),
    steps,
  );
  protocol.classList.add("xw-protocol");
  const curvesArea = el(".plots", {}, ...plots.map(({ element }) => element));
  const side = el(".side", {}, ranks, protocol);
  const [footerElement, showFooter] = footer(signal, session);
  const resume = el("button.link.stop", { _control: "resume", hidden: true }, "Go on");
  on(signal, resume, "click", session.resume);
  footerElement.firstElementChild?.append(resume);
  root.prepend(
    header,
    el(".body", {}, curvesArea, pictures, pointElement, sanitySide, side),
    footerElement,
  );

  function at(): At | undefined {
    const { frame, chosen } = session;
    const judged = frame?.curves.find(({ method }) => method === chosen) ?? frame?.curves[0];
    if (!frame || !judged) return undefined;
    const last = frame.fractions.length - 1;
    if (point < 0) point = Math.round(last * 0.2);
    point = Math.min(point, last);
    return { frame, judged, kind, point };
  }

  function refresh(): void {
    if (signal.aborted) return;
    const { view, frozen } = session;
    const looked = at();
    set(root, { _view: view });
    for (const each of [curvesArea, pointElement]) each.hidden = view !== "curves";
    for (const each of [pictures, sanitySide]) each.hidden = view !== "sanity";
    save.hidden = protocol.hidden = view !== "curves";
    showView(view);
    showClasses();
    showRanks();
    showBaseline(session.baseline as Baseline);
    for (const input of baselines.querySelectorAll("input")) input.disabled = frozen;
    set(baselines, { title: frozen ? UNSAVED : null });
    showSteps(session.steps, frozen);
    if (view === "curves") {
      for (const [i, each] of plots.entries()) drawPlot(each.show, KINDS[i]!, looked);
      showPoint(session.picture, looked);
    } else showSanity(stage);
    set(root, {
      _seq: session.frame?.seq,
      _methods: session.frame?.curves.map(({ method }) => method).join(" "),
      _chosen: session.chosen,
      _kind: kind,
      _point: looked?.point,
      _baseline: session.frame?.baseline,
      _points: session.frame?.fractions.length,
      _stages: session.check?.stages.length,
      _ready: !!session.picture,
    });
    fit(root);
    tick();
    announce(looked);
  }

  function drawPlot(
    show: (typeof plots)[number]["show"],
    each: Kind,
    looked: At | undefined,
  ): void {
    const { frame, chosen } = session;
    const curves = frame?.curves ?? [];
    const highest = curves.flatMap((judged) =>
      KINDS.flatMap((one) => [...judged[one].probability, ...(judged[one].high ?? [])]),
    );
    const own = looked && { ...looked, kind: each };
    show({
      x: frame?.fractions ?? [],
      lines: curves.map((judged) => lineOf(judged, each)),
      range: { low: 0, high: highest.length ? Math.min(1, 1.08 * Math.max(...highest, 0.01)) : 1 },
      chosen: looked?.judged.method ?? chosen,
      point: looked && kind === each ? looked.point : null,
      spoken: own ? `${own.judged.title}, ${sight(own)}: ${verdict(own)}` : "",
      format: (value) => percent(value, value && value < 0.01 ? 1 : 0),
      ends: each === "insertion" ? ["nothing", "all put in"] : ["all there", "all taken out"],
    });
  }

  function lineOf(judged: Judged, each: Kind): Line {
    const { method, title } = judged;
    const { probability, auc, low, high } = judged[each];
    return {
      name: method,
      title,
      colour: colourOf(session, method),
      values: probability,
      low: judged.maps > 1 ? low : undefined,
      high: judged.maps > 1 ? high : undefined,
      value: auc.toFixed(3),
      dashed: isDashed(session, method),
    };
  }

  function showClasses(): void {
    const { top, frame, target, frozen } = session;
    const choices = top.map(({ index, name, probability }) => ({
      value: String(index),
      label: name,
      note: percent(probability),
      reason: frozen && index !== frame?.target.index ? UNSAVED : null,
    }));
    const shown = frame?.target;
    const chance = shown?.probability == null ? "" : percent(shown.probability);
    const value = String(shown?.index ?? target ?? "");
    classes.show(choices, value, shown?.name ?? "…", chance, !choices.length);
  }

  /** What depends on time alone. */
  function tick(): void {
    if (signal.aborted) return;
    const time = now();
    const state = session.state(time);
    showFooter(time);
    resume.hidden = state !== "rest" || session.status?.state !== "stopped" || session.frozen;
    set(root, { _busy: state === "busy" || session.status?.state === "running" });
  }

  /** Tells screen readers the result once it is final, or what went wrong. */
  function announce(looked: At | undefined): void {
    const { status, frame } = session;
    if (session.state() === "error") say(`${status?.message} ${status?.hint}`);
    else if (frame && status?.state === "idle" && session.view === "curves" && looked) {
      const words = frame.curves.map((each) => {
        const areas = KINDS.map((one) => `${one} ${each[one].auc.toFixed(3)}`).join(", ");
        return `${each.title}: ${areas}.`;
      });
      say(words.join(" "));
    }
  }

  function download(): void {
    const looked = at();
    const { picture } = session;
    if (!looked || !picture) return;
    const share = Math.round(100 * (looked.frame.fractions[looked.point] ?? 0));
    saveAs(pointCanvas, [picture.name, looked.judged.method, kind, String(share)]);
  }

  return alive(() => fit(root), tick, refresh);
}

export default { render };
