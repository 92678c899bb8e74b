/** LatentExplorer in the browser: move a picture through latent space and watch the decision turn. */

import { percent } from "../core/format";
import { atEnd, now } from "../core/host";
import { APPEARANCE } from "../core/wire";
import { el, on, section, set, tool, write } from "../parts/dom";
import { footer } from "../parts/footer";
import { UNSAVED } from "../parts/header";
import { picker } from "../parts/picker";
import { segments } from "../parts/segments";
import { slider } from "../parts/slider";
import { fit, opened, type RenderProps, saveAs } from "../parts/view";
import { belief } from "./fidelity";
import { trio } from "./pictures";
import { ramp } from "./ramp";
import { scatter } from "./scatter";
import { type Change, exploring } from "./session";
import { glide } from "./sliders";

const READOUTS = [
  ["weight", "d", "The student's weights: for keeping the label, and against"],
  ["magnitude", "|d|", "Size of the weights"],
  ["positive", "d⁺", "Weights for keeping the label"],
  ["times_picture", "d·x", "Weights times the picture"],
  ["times_difference", "d·(x−x̄)", "Weights times what sets the picture apart from its neighbours"],
  ["times_detail", "d·r", "Weights times r, the detail that the VAE cannot draw"],
] as const;

function render(props: RenderProps): () => void {
  const { model } = props;
  const [root, signal, live, say, alive] = opened(props, "Latent explorer", ".latent");
  const due = new Set<Change>();
  const session = exploring(model, signal, (change) => {
    if (change === "edited") return moved();
    if (!due.size) requestAnimationFrame(refresh); // many changes, one repaint
    due.add(change);
    setTimeout(tick, 160);
  });
  let rest: ReturnType<typeof setTimeout> | undefined;

  const classes = picker(
    signal,
    root,
    "Class",
    "target",
    "layer",
    (index) => session.ask(["target", Number(index)]),
    () => session.ask(["target", null]),
  );
  const header = el(
    "header.header",
    {},
    classes.element,
    el("span.spring"),
    tool(
      signal,
      "save",
      "Save these pictures as PNG",
      "M8 2.5v8M4.5 7.5L8 11l3.5-3.5M3 13.5h10",
      download,
    ),
    tool(signal, "again", "Distil again", "M3.2 6.5a5 5 0 1 1-.2 2.6M3 2.8v3.7h3.7", session.again),
  );
  const [readouts, showReadout] = segments(signal, "Read-out", "readout", READOUTS, (name) =>
    session.look("readout", name),
  );
  const [opacity, showOpacity] = slider(
    signal,
    "Opacity",
    "opacity",
    {
      least: 0,
      most: 1,
      step: 0.01,
      initial: APPEARANCE.opacity,
      factor: 100,
      format: (value) => percent(value, 0),
    },
    (value) => session.look("opacity", value),
  );
  const [bar, showBar] = ramp();
  const under = el(".reading", {}, readouts, opacity, bar);
  const pictures = trio(session, under, () => {
    set(root, {
      _edited: session.edited?.values.join(" ") ?? "",
      "_painted-at": now(),
    });
  });
  const [beliefElement, showBelief] = belief(session);
  const [points, showPoints] = scatter(signal, session, (words) => write(live, words));
  const [latents, showLatents] = glide(signal, session, pictures.words);
  const settings = (
    [
      ["samples", "Samples", 100, 4000, 100, 1000, "How many synthetic pictures are drawn"],
      ["scale", "Scale", 0, 8, 0.05, 0, "How far from the picture; 0 searches for it"],
      ["temperature", "Temperature", 0.5, 10, 0.5, 1, "Softens what the network says"],
    ] as const
  ).map(([name, label, least, most, step, initial, help]) => {
    const whole = name === "samples";
    const [row, show] = slider(
      signal,
      label,
      name,
      {
        least,
        most,
        step,
        initial,
        whole,
        format: (value) =>
          name === "scale" && !value ? "auto" : whole ? String(value) : String(+value.toFixed(2)),
      },
      (value, done) => done && value !== session.setting(name) && session.ask([name, value]),
      help,
    );
    return { name, row, show };
  });
  const settingsElement = section("Neighbourhood", ...settings.map(({ row }) => row));
  settingsElement.classList.add("xw-settings");
  const [footerElement, showFooter] = footer(signal, session);
  const again = el("button.link.stop", { _control: "resume", hidden: true }, "Distil again");
  on(signal, again, "click", session.again);
  footerElement.firstElementChild?.append(again);
  root.prepend(
    header,
    beliefElement,
    el(".trio", {}, ...pictures.columns),
    el(".space", {}, points, latents),
    settingsElement,
    footerElement,
  );

  function refresh(): void {
    if (signal.aborted) return;
    const all = due.has("all");
    due.clear();
    if (all) {
      const { frame, frozen, readout } = session;
      showBelief();
      showReadout(readout as (typeof READOUTS)[number][0]);
      showOpacity(session.opacity);
      showBar(pictures.show(), frame?.maps[readout]);
      for (const { name, show } of settings) show(session.setting(name), frozen);
      set(settingsElement, { title: frozen ? UNSAVED : null });
      showClasses();
      set(root, {
        _seq: frame?.seq,
        _points: frame?.count,
        _partial: frame?.partial,
        _readout: readout,
        _sliders: session.slid.length,
        _ready: !!session.picture && !!session.opening,
      });
      fit(root);
    }
    showPoints();
    if (all) showLatents();
    tick();
    announce();
  }

  /** A slider has moved, or the picture for it has come: nothing else is looked at. */
  function moved(): void {
    if (signal.aborted) return;
    pictures.edit();
    showLatents();
    showPoints();
    set(root, { _place: session.place, _values: session.values.join(" ") });
    clearTimeout(rest);
    rest = setTimeout(() => write(live, `Edited picture: ${pictures.words()}`), 700);
  }

  function showClasses(): void {
    const { top, opening, target, frozen } = session;
    const shown = opening?.target;
    const choices = top.map(({ index, name, probability }) => ({
      value: String(index),
      label: name,
      note: percent(probability),
      reason: frozen && index !== shown?.index ? UNSAVED : null,
    }));
    const chance = shown?.probability == null ? "" : percent(shown.probability);
    const value = String(shown?.index ?? target ?? "");
    classes.show(choices, value, shown?.name ?? "…", chance, !choices.length);
  }

  /** What depends on time alone. */
  function tick(): void {
    if (signal.aborted) return;
    session.tick();
    const now = performance.now();
    const state = session.state(now);
    showFooter(now);
    const { status, frozen } = session;
    again.hidden = frozen || state === "busy" || !/stopped|error/.test(status?.state ?? "");
    set(root, { _busy: state === "busy" || status?.state === "running" });
  }

  /** Tells screen readers the result once it is final, or what went wrong. */
  function announce(): void {
    const { status, frame } = session;
    if (session.state() === "error") say(`${status?.message} ${status?.hint}`);
    else if (frame && !frame.partial) say([frame.sentence, ...frame.warnings].join(" "));
  }

  /** The three pictures beside each other, the map over the first. */
  function download(): void {
    const { picture } = session;
    if (!picture) return;
    const scale = Math.max(1, Math.round(448 / Math.max(picture.width, picture.height)));
    const [width, height] = [picture.width * scale, picture.height * scale];
    const sheet = el("canvas", { width: 3 * width + 16, height });
    const context = sheet.getContext("2d")!;
    context.imageSmoothingEnabled = picture.width > 96;
    for (const [i, canvas] of pictures.canvases.entries()) {
      if (canvas.width) context.drawImage(canvas, i * (width + 8), 0, width, height);
    }
    context.globalAlpha = session.opacity;
    if (!pictures.heat.hidden) context.drawImage(pictures.heat, 0, 0, width, height);
    saveAs(sheet, [picture.name, session.opening?.target.name, session.readout]);
  }

  atEnd(signal, () => clearTimeout(rest));
  due.add("all");
  return alive(() => fit(root), tick, refresh);
}

export default { render };
