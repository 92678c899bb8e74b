/** LatentExplorer in the browser: move a picture through latent space and watch the decision turn. */

import { capital, percent } from "../core/format";
import { atEnd, now } from "../core/model";
import { takePictures } from "../parts/bring";
import { el, type Part, section, set, write } from "../parts/dom";
import { classPicker, picker, UNSAVED } from "../parts/picker";
import { type Saved, saveButton } from "../parts/save";
import { opacitySlider, slider } from "../parts/slider";
import { fit, resetButton, widget } from "../parts/view";
import { newPictures } from "./pictures";
import { scatter } from "./scatter";
import { type LatentSession, latentSession } from "./session";
import { newSliders } from "./sliders";

/** How the student's weights d become a map: its name, how it is said, and its formula. */
const READOUTS = [
  ["weight", "For and against", "d"],
  ["magnitude", "How much it counts", "|d|"],
  ["positive", "For the label only", "d⁺"],
  ["times_picture", "Times the picture", "d·x"],
  ["times_difference", "Times what is unusual", "d·(x−x̄)"],
  ["times_detail", "Times the lost detail", "d·r"],
] as const;

const round = (value: number): string => String(+value.toFixed(2));

const orAuto = (value: number): string => (value ? round(value) : "auto");

const SETTINGS = [
  {
    name: "samples",
    scale: { least: 100, most: 4000, step: 100, initial: 1000, whole: true, format: String },
    help: "How many synthetic pictures are drawn",
  },
  {
    name: "scale",
    scale: { least: 0, most: 8, step: 0.05, initial: 0, format: orAuto },
    help: "How far from the picture; 0 searches for it",
  },
  {
    name: "temperature",
    scale: { least: 0.5, most: 10, step: 0.5, initial: 1, format: round },
    help: "Softens what the network says",
  },
];

export default widget(
  "Latent explorer",
  (view) => {
    const { signal, root, speak } = view;
    const session = latentSession(view, (part) => {
      if (part === "edited") showEdited();
      else showPoints();
    });
    let rest: ReturnType<typeof setTimeout> | undefined;

    const [classes, showClasses] = classPicker(signal, root, (target) => session.ask({ target }));
    const readouts = picker(signal, root, "Map", "readout", "readout", (name) =>
      session.look("readout", name),
    );
    const [opacity, showOpacity] = opacitySlider(signal, session);
    const pictures = newPictures(session, [readouts.element, opacity], () => {
      set(root, { _edited: session.edited?.values.join(" ") ?? "", "_painted-at": now() });
    });
    const facts = el("p.facts", { _facts: true });
    const [fidelityElement, showFidelity] = fidelity(session, facts);
    const [points, showPoints] = scatter(signal, session, speak);
    const [sliders, showSliders] = newSliders(signal, session, pictures.words);
    const settings = SETTINGS.map(({ name, scale, help }) => {
      const commit = (value: number, done: boolean): void => {
        if (done && value !== session.get(name)) session.ask({ [name]: value });
      };
      const [row, show] = slider(signal, capital(name), name, scale, commit, help);
      return { name, row, show };
    });
    const settingsElement = section("Neighbourhood", ...settings.map(({ row }) => row));
    settingsElement.querySelector("h3")!.after(facts);
    settingsElement.classList.add("xw-settings");

    function refresh(): void {
      const { frame, frozen, readout, reconstruction } = session;
      const shown = READOUTS.find(([name]) => name === readout);
      const choices = READOUTS.map(([value, label, note]) => ({ value, label, note }));
      readouts.show(choices, readout, shown?.[1] ?? readout);
      showOpacity(session.opacity);
      pictures.show();
      for (const { name, show } of settings) show(session.get(name), frozen);
      set(settingsElement, { title: frozen ? UNSAVED : null });
      showClasses(session.top, reconstruction?.target, session.get("target") ?? null, frozen);
      set(root, {
        _seq: frame?.seq,
        _points: frame?.count,
        _partial: frame?.partial,
        _readout: readout,
        _sliders: session.rows.length,
        _ready: !!session.picture && !!reconstruction,
      });
      showPoints();
      showSliders();
    }

    /** A slider has moved, or the picture for it has come: nothing else is looked at. */
    function showEdited(): void {
      if (signal.aborted) return;
      pictures.edit();
      showSliders();
      showPoints();
      set(root, { _neighbour: session.neighbour, _values: session.values.join(" ") });
      clearTimeout(rest);
      rest = setTimeout(() => speak(`Edited picture: ${pictures.words()}`), 700);
    }

    /** The three pictures beside each other, the map over the first. */
    function seen(): Saved | undefined {
      const { picture, reconstruction, readout } = session;
      if (!picture) return undefined;
      const scale = Math.max(1, Math.round(448 / Math.max(picture.width, picture.height)));
      const [width, height] = [picture.width * scale, picture.height * scale];
      const all = el("canvas", { width: 3 * width + 16, height });
      const context = all.getContext("2d")!;
      context.imageSmoothingEnabled = picture.width > 96;
      for (const [i, canvas] of pictures.canvases.entries()) {
        if (canvas.width) context.drawImage(canvas, i * (width + 8), 0, width, height);
      }
      context.globalAlpha = session.opacity;
      if (!pictures.heat.hidden) context.drawImage(pictures.heat, 0, 0, width, height);
      return [all, [picture.name, reconstruction?.target.name, readout]];
    }

    atEnd(signal, () => clearTimeout(rest));
    const save = saveButton(signal, root, session, speak, seen);
    const again = resetButton(signal, "Distil again", session.resume, "again");
    takePictures(view, session);
    return {
      session,
      children: [
        el("header.header", classes, el("span.spring"), save, again),
        fidelityElement,
        el(".body", el(".pictures", ...pictures.columns), sliders, points, settingsElement),
      ],
      refresh,
      arrange: () => void fit(root, 560, 1060),
      tick() {
        showFidelity();
        if (!session.rows.length) showSliders(); // which says whether there will be any
      },
      words() {
        const { frame } = session;
        return frame && !frame.partial ? [frame.sentence, ...frame.warnings].join(" ") : "";
      },
    };
  },
  ".latent",
);

/** How far the student can be believed, in words; above the map, never apart from it. `facts` are elsewhere. */
function fidelity(session: LatentSession, facts: HTMLElement): Part {
  const sentence = el("p.sentence", { _sentence: true });
  const warnings = el("ul.warnings", { $label: "What speaks against this map" });
  const hint = el("p.facts", { _hint: true });
  let warned = "";
  return [
    el(".fidelity", sentence, warnings, hint),
    () => {
      const { frame, reconstruction, frozen, status } = session;
      const learning = isLearning(session);
      const waiting =
        session.computes() || !status
          ? "Drawing neighbours, and asking the network about each …"
          : "No student has been taught yet.";
      const none = frozen ? "No student was saved with this page." : waiting;
      const agrees =
        frame?.fidelity == null ? "" : `So far: ${percent(frame.fidelity, 0)} agreement`;
      const soFar = `${agrees || "The student is learning"} …`;
      write(sentence, learning ? soFar : (frame?.sentence ?? none));
      const question = reconstruction
        ? `How does the network tell ${reconstruction.target.name} from what is near it?`
        : "";
      write(facts, frame ? factsOf(session).join(" · ") : "");
      const words = learning ? [] : (frame?.warnings ?? []);
      warnings.hidden = !words.length;
      hint.hidden = !!words.length;
      write(hint, frame ? (learning ? LEARNING : TRY) : question);
      if (words.join() === warned) return;
      warned = words.join();
      warnings.replaceChildren(...words.map((warning) => el("li", warning)));
    },
  ];
}

/** Whether there will be a better student than the one that is shown. */
const isLearning = (session: LatentSession): boolean =>
  !!session.frame?.partial && !session.frozen && session.state() === "busy";

const LEARNING = "More neighbours are being drawn; there is a verdict once all of them are.";
const TRY = "Move a slider or click a neighbour, and see what the network says of that picture.";

/** The numbers beside the sentence. */
function factsOf({ frame, reconstruction }: LatentSession): string[] {
  if (!frame) return [];
  const other = reconstruction?.reconstruction.label_name ?? "another class";
  const { kept_share: kept, scale, error } = frame;
  const neighbours = `${frame.count.toLocaleString("en")} neighbours`;
  const facts = [
    kept !== null && `${percent(kept, 0)} of ${neighbours} keep the label`,
    scale !== null && `scale ${+scale.toPrecision(2)}`,
    error !== null && `reconstruction error ${percent(Math.sqrt(error))} a pixel`,
    `the reconstruction ${frame.keeps_label ? "keeps the label" : `is taken for ${other}`}`,
  ];
  return facts.filter((fact) => fact !== false);
}
