/** The picture that is chosen: what it is, why, what is like it, and what a person makes of it. */
import { percent, signed } from "../../core/format";
import { stepsBack } from "../../core/session";
import type { Picture, QuantisedMap } from "../../core/wire";
import { bytesOf } from "../../maps/levels";
import { done, el, lines, on, type Part, say, set, write } from "../../parts/dom";
import type { Painted } from "../../parts/heat";
import { segments } from "../../parts/segments";
import type { DatasetSession } from "../session";
import { paintTile } from "../tile";
import type { Viewer } from "./inplace";

const VIEWERS = [
  ["heatmap", "Open in the heatmap viewer"],
  ["faithfulness", "Does the map tell the truth?"],
  ["comparison", "Compare gradients"],
] as const;
const SIDE = 288;

type Of = "prediction" | "label";

export function chosenRow(
  signal: AbortSignal,
  session: DatasetSession,
  act: {
    choose(row: number): void;
    decide(verdict: string): void;
    open(viewer: Viewer): void;
    subjects(): readonly number[];
  },
) {
  const canvas = el("canvas.photo", { role: "img" });
  const box = el(".placebox", { hidden: true });
  const stage = el(".photobox", canvas, box);
  const [key, note] = [el("p.facts.key"), el("p.facts")];
  const bars = el(".bars");
  const near = el(".near");
  const nearest = el("section.part", el("h3", "Looks most like"), near);
  const verdicts = el(".verdicts");
  const undo = el("button.link", { _control: "undo" }, "Undo");
  const whom = el("span");
  const decide = el("section.part", el("h3.split", "What is it?", whom), verdicts, undo);
  const viewers = VIEWERS.map(([viewer, title]) =>
    el("button.wide", { _control: `open-${viewer}` }, title),
  );
  const test = el("button.wide", { _control: "cover" });
  const tried = el("p.tried");
  const testing = el(
    "section.part.test",
    el(
      "p",
      el("b", "Test it. "),
      "Draw a box on the picture over what you suspect, and cover it in all that are shown: the change is told beside that of random places.",
    ),
    test,
    tried,
  );
  const open = el("section.part", ...viewers);
  const nothing = el("p.nothing", "Choose a picture: click one, or walk with the arrow keys.");
  let of: Of = "prediction";
  let painted: Painted | undefined;
  let place: number[] | undefined; // the box, in shares of the picture
  let shown = -1;
  let sharp: { row: number; picture: Picture; bitmap: ImageBitmap } | undefined;
  let size: readonly [number, number] = [1, 1];
  const [maps, showMaps] = segments<Of>(
    signal,
    "Map for",
    "map-of",
    [
      ["prediction", "answer"],
      ["label", "label"],
    ],
    (value) => {
      of = value;
      refresh();
    },
  );
  const body = el(".chosen", stage, maps, key, note, bars, nearest, decide, testing, open);
  const element = el(".one", nothing, body);

  on(signal, undo, "click", session.undo);
  viewers.forEach((button, i) => {
    on(signal, button, "click", () => act.open(VIEWERS[i]![0]));
  });
  on(signal, test, "click", () => {
    if (place) session.cover([...session.rows], place);
  });

  // The box is drawn by the pointer.
  let from: [number, number] | undefined;
  const at = ({ clientX, clientY }: PointerEvent): [number, number] => {
    const { left, top, width, height } = canvas.getBoundingClientRect();
    const clip = (value: number): number => Math.max(0, Math.min(1, value));
    return [clip((clientX - left) / width), clip((clientY - top) / height)];
  };
  on(signal, canvas, "pointerdown", (event: PointerEvent) => {
    if (session.frozen || !session.head?.able) return;
    from = at(event);
    canvas.setPointerCapture(event.pointerId);
    done(event);
  });
  on(signal, canvas, "pointermove", (event: PointerEvent) => {
    if (!from) return;
    const to = at(event);
    const [left, top] = [Math.min(from[0], to[0]), Math.min(from[1], to[1])];
    place = [left, top, Math.abs(to[0] - from[0]), Math.abs(to[1] - from[1])];
    showPlace();
  });
  on(signal, canvas, "pointerup pointercancel", () => {
    from = undefined;
    if (place && place[2]! * place[3]! < 2e-4) place = undefined;
    showPlace();
  });
  function showPlace(): void {
    const shownPlace = place ?? session.set(session.looks.slice)?.box ?? undefined;
    box.hidden = !shownPlace;
    if (shownPlace) {
      const [left, top, width, height] = shownPlace.map((share) => `${100 * share}%`);
      box.style.cssText = `left:${left};top:${top};width:${width};height:${height}`;
    }
    place ??= shownPlace ? [...shownPlace] : undefined;
    const n = session.rows.length;
    write(
      test,
      place ? `Cover it in these ${n.toLocaleString("en")} pictures` : "Draw a box on the picture",
    );
    test.disabled = !place || Boolean(session.experiment?.busy) || !n;
  }

  const verdictLines = lines<string>(signal, verdicts, (word, i, alive) => {
    const button = el(
      "button.verdict",
      { $pressed: "false" },
      el("span.keycap", String(i + 1)),
      word,
    );
    on(alive, button, "click", () => act.decide(word));
    return [
      button,
      () => set(button, { $pressed: String(session.table?.word("verdict", shown) === word) }),
    ];
  });
  const barLines = lines<readonly [string, number, string]>(
    signal,
    bars,
    ([name, chance, kind]) => {
      const label = el("span.class", name, kind && el("span.note", ` ${kind}`));
      label.style.backgroundSize = `${100 * chance}% 100%`;
      const made = el(".bar", { _kind: kind }, label, el("span.chance", percent(chance)));
      return [made, () => {}];
    },
  );
  const nearLines = lines<number>(signal, near, (row, _, alive) => {
    const small = el("canvas", { $hidden: "true" });
    const button = el("button.mini", small);
    on(alive, button, "click", () => act.choose(row));
    let painted = false;
    return [
      button,
      () => {
        const { table } = session;
        const answer = table?.word("prediction", row) ?? "";
        const label = table?.word("label", row) ?? "";
        const words = label && label !== answer ? `${answer}, labelled ${label}` : answer;
        set(button, { title: words, $label: words, _wrong: Boolean(label && label !== answer) });
        const bitmap = session.pictures.bitmap(row);
        if (!bitmap || painted) return;
        painted = true;
        Object.assign(small, { width: 112, height: 112 });
        paintTile(small, bitmap, undefined, session.looks);
      },
    ];
  });

  async function sharpen(row: number, picture: Picture): Promise<void> {
    try {
      const bitmap = await createImageBitmap(
        new Blob([bytesOf(picture.data)], { type: picture.mime }),
      );
      sharp?.bitmap.close();
      sharp = { row, picture, bitmap };
      if (row === shown) paint();
    } catch (problem) {
      console.warn(problem);
    }
  }

  /** The photograph from its thumbnail at once, then sharp; the map over it. */
  function paint(): void {
    const picture = sharp?.row === shown ? sharp.bitmap : session.pictures.bitmap(shown);
    if (!picture) return;
    const ratio = Math.min(devicePixelRatio || 1, 2);
    const scale = (SIDE * ratio) / Math.max(picture.width, picture.height);
    const next = [Math.round(picture.width * scale), Math.round(picture.height * scale)] as const;
    if (canvas.width !== next[0] || canvas.height !== next[1]) {
      Object.assign(canvas, { width: next[0], height: next[1] });
    }
    size = next;
    stage.style.setProperty("--xw-aspect", String(size[0] / size[1]));
    painted = paintTile(canvas, picture, session.looks.maps ? mapNow() : undefined, session.looks);
    set(canvas, { _sharp: sharp?.row === shown, _row: shown });
  }
  function mapNow(): QuantisedMap | undefined {
    if (of === "prediction" || alike()) return session.pictures.sprite(shown)?.map;
    const found = session.labelMap(shown);
    return typeof found === "string" ? undefined : found;
  }
  /** Whether label and answer are the same, or one is missing. */
  const alike = (): boolean => {
    const { table } = session;
    const label = table?.word("label", shown);
    return !label || label === table?.word("prediction", shown);
  };

  function refresh(): void {
    const { table, frozen, head, looks } = session;
    const row = looks.row ?? -1;
    const there = Boolean(table && row >= 0 && row < table.count);
    nothing.hidden = there;
    body.hidden = !there;
    if (!table || !there) return;
    if (row !== shown) {
      shown = row;
      place = undefined;
      session.lookAt(row);
    }
    const detail = session.detail(row);
    if (detail?.picture && sharp?.picture !== detail.picture) void sharpen(row, detail.picture);
    const [answer, label] = [table.word("prediction", row), table.word("label", row)];
    const chance = table.number("probability", row);
    maps.hidden = alike() || (frozen && session.labelMap(row) === undefined);
    if (of === "label" && !maps.hidden) session.askLabelMap(row);
    showMaps(of);
    paint();
    showPlace();
    write(
      key,
      [table.word("key", row), `row ${row.toLocaleString("en")}`, ...facts(row)]
        .filter(Boolean)
        .join(" · "),
    );
    const mapWords =
      of === "label" && typeof session.labelMap(row) === "string"
        ? String(session.labelMap(row))
        : "";
    say(note, [detail?.words, mapWords].filter(Boolean).join(" "));
    const right = Boolean(table.correct[row]);
    const known = (detail?.top ?? []).map(
      ({ name, probability, index }) => [name, probability, kindOf(name, index)] as const,
    );
    const kindOfLabel = Math.exp(-table.number("loss", row));
    const plain: Array<readonly [string, number, string]> = [];
    if (answer && !Number.isNaN(chance))
      plain.push([answer, chance, right ? "right" : label ? "wrong" : ""]);
    if (label && !right && !Number.isNaN(kindOfLabel)) plain.push([label, kindOfLabel, "label"]);
    if (known.length && label && !right && !known.some(([name]) => name === label))
      known.push([label, kindOfLabel, "label"]);
    function kindOf(name: string, _index: number): string {
      if (name === label) return right ? "right" : "label";
      return name === answer && label && !right ? "wrong" : "";
    }
    const listed = known.length ? known : plain;
    for (const show of barLines(listed, JSON.stringify(listed))) show();
    const neighbours = session.nearest(row);
    nearest.hidden = !neighbours.length;
    session.wantAlso(neighbours, "chosen");
    for (const show of nearLines(neighbours, neighbours.join())) show();
    const subjects = act.subjects();
    write(whom, subjects.length > 1 ? `${subjects.length.toLocaleString("en")} chosen` : "");
    decide.hidden = frozen && !table.word("verdict", row);
    undo.hidden = frozen;
    for (const show of verdictLines(session.verdict_words)) show();
    for (const button of verdicts.querySelectorAll("button")) button.disabled = frozen;
    testing.hidden = open.hidden = frozen || !head?.able;
    const { experiment } = session;
    set(tried, { _survives: experiment?.survives });
    say(tried, experiment?.busy ? "Covering …" : (experiment?.words ?? ""));
    const lost = stepsBack(session.state()) && ["gone", "silent"].includes(session.state());
    for (const button of viewers) button.disabled = lost;
    set(canvas, {
      $label: `${table.word("key", row)}: ${answer} ${Number.isNaN(chance) ? "" : percent(chance)}${label && !right ? `, labelled ${label}` : ""}`,
    });
  }
  function facts(row: number): string[] {
    const { table, head } = session;
    const found = (head?.metadata ?? []).slice(0, 6).map((name) => {
      const word = table!.word(name, row);
      return word && `${name} ${word}`;
    });
    const loss = table!.number("loss", row);
    return [...found, Number.isNaN(loss) ? "" : `loss ${signed(loss).replace("+", "")}`];
  }
  const part: Part = [element, refresh];
  return {
    part,
    painted: () => (shown >= 0 ? painted : undefined),
    paint: () => {
      paint();
      for (const show of nearLines(session.nearest(shown), session.nearest(shown).join())) show();
    },
  };
}
