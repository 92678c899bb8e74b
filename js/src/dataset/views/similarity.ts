/** Similar pictures near each other: points, coloured by what is asked, and a lasso around some. */
import { atEnd } from "../../core/model";
import { done, el, on, type Part, say, set, write } from "../../parts/dom";
import { picker } from "../../parts/picker";
import { segments } from "../../parts/segments";
import { inside } from "../filters";
import type { DatasetSession } from "../session";
import { NONE } from "../table";

const AUTOMATIC = 5000; // rows, up to which t-SNE is made without being asked
const COLOURS = ["correct", "label", "prediction", "loss", "probability", "slice"] as const;
type Colour = string;
const PALETTE = [
  "#4477aa",
  "#ee7733",
  "#228833",
  "#cc3377",
  "#66ccee",
  "#aa7744",
  "#9988dd",
  "#bbaa33",
  "#009988",
  "#777777",
];

/** Shares of the box in which points lie, 0 to 1 in both directions, with a little room. */
export function placed(xs: Float32Array, ys: Float32Array): [Float32Array, Float32Array] {
  return [spread(xs), spread(ys)];
}
function spread(values: Float32Array): Float32Array {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return values.map((value) => 0.03 + (0.94 * (value - low)) / (high - low || 1));
}

export function similarityView(
  signal: AbortSignal,
  session: DatasetSession,
  host: HTMLElement,
  act: { lasso(rows: number[]): void; choose(row: number): void; speak(words: string): void },
): Part {
  const canvas = el("canvas.cloud", { role: "img", _control: "similarity" });
  const drawn = el("canvas.cloud", { $hidden: "true" });
  const [words, legend] = [el("p.facts"), el("p.legend2")];
  const bubble = el(".hover2", { hidden: true });
  const pane = el(
    ".cloudbox",
    { tabindex: 0, role: "group", $label: "Similarity" },
    canvas,
    drawn,
    bubble,
  );
  let method: "pca" | "tsne" = "tsne";
  let colour: Colour = "correct";
  const [methods, showMethod] = segments(
    signal,
    "Projection",
    "projection",
    [
      ["tsne", "t-SNE"],
      ["pca", "components"],
    ],
    (value: "tsne" | "pca") => {
      method = value;
      session.read(method);
      refresh();
    },
  );
  const colours = picker(signal, host, "Colour by", "colour", "prefixed.colour", (value) => {
    colour = value;
    refresh();
  });
  const go = el("button.wide", { _control: "tsne" }, "Place all pictures by t-SNE");
  on(signal, go, "click", () => session.read("tsne", true));
  const element = el(
    ".similarity",
    el(".tools2", colours.element, el("span.spring"), methods),
    pane,
    go,
    legend,
    words,
  );
  let [xs, ys] = [new Float32Array(), new Float32Array()];
  let source: Float32Array | undefined;
  let drawnKey = "";
  let lasso: number[] = [];
  let drawing = false;

  function colourOf(): { of: (row: number) => string; keys: Array<[string, string]> } {
    const table = session.table!;
    const styles = getComputedStyle(host);
    const brand = styles.getPropertyValue("--xw-point") || "#4477aa";
    const wrong = styles.getPropertyValue("--xw-wrong-ink") || "#d9480f";
    const soft = styles.getPropertyValue("--xw-faint") || "#bbb";
    if (colour === "correct") {
      return {
        of: (row) =>
          table.correct[row] ? brand : table.codes("label")[row] === NONE ? soft : wrong,
        keys: [
          ["right", brand],
          ["wrong", wrong],
        ],
      };
    }
    if (colour === "slice") {
      const mask = session.set(session.looks.slice)?.mask;
      const title = session.set(session.looks.slice)?.title ?? "no slice is shown";
      return {
        of: (row) => (mask?.[row] ? wrong : brand),
        keys: [
          [title, wrong],
          ["the others", brand],
        ],
      };
    }
    const column = table.columns.get(colour);
    if (column?.kind === "number") {
      let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
      for (const value of column.data) {
        if (value < low) low = value;
        if (value > high && Number.isFinite(value)) high = value;
      }
      const mixed = (share: number): string =>
        `hsl(${(250 - 215 * share).toFixed(0)} 75% ${(45 + 8 * share).toFixed(0)}%)`;
      return {
        of: (row) => {
          const share = (column.data[row]! - low) / (high - low || 1);
          return Number.isNaN(share)
            ? soft
            : mixed(Math.round(12 * Math.min(1, Math.sqrt(share))) / 12);
        },
        keys: [
          [`${colour} ${+low.toPrecision(2)}`, mixed(0)],
          [String(+high.toPrecision(3)), mixed(1)],
        ],
      };
    }
    if (column?.kind === "code") {
      const many = new Map<number, number>();
      for (const code of column.data) if (code !== NONE) many.set(code, (many.get(code) ?? 0) + 1);
      const top = [...many]
        .sort((a, b) => b[1] - a[1])
        .slice(0, PALETTE.length - 1)
        .map(([code]) => code);
      const rank = new Map(top.map((code, i) => [code, PALETTE[i]!]));
      const keys = top.map((code, i): [string, string] => [column.values[code]!, PALETTE[i]!]);
      if (many.size > top.length) keys.push(["others", soft]);
      return { of: (row) => rank.get(column.data[row]!) ?? soft, keys };
    }
    return { of: () => brand, keys: [] };
  }

  function draw(): void {
    const { clientWidth: width, clientHeight: height } = pane;
    const { table, mask, rows } = session;
    if (!table || !width || !source) return;
    const theme = host.dataset.xwTheme;
    const key = [
      width,
      height,
      method,
      colour,
      table.version,
      rows.length,
      session.looks.slice,
      theme,
      source.length,
    ].join();
    if (key === drawnKey && memoRows === rows) return;
    memoRows = rows;
    drawnKey = key;
    const ratio = Math.min(devicePixelRatio || 1, 2);
    for (const one of [canvas, drawn])
      Object.assign(one, { width: width * ratio, height: height * ratio });
    const context = canvas.getContext("2d")!;
    const { of, keys } = colourOf();
    const few = rows.length < table.done;
    const radius = ratio * (table.done > 20_000 ? 1.2 : table.done > 3000 ? 1.8 : 2.8);
    const paths = new Map<string, Path2D>();
    const add = (name: string, i: number, r: number): void => {
      let path = paths.get(name);
      path ??= new Path2D();
      paths.set(name, path);
      const [x, y] = [xs[i]! * canvas.width, ys[i]! * canvas.height];
      path.moveTo(x + r, y);
      path.arc(x, y, r, 0, 7);
    };
    for (let i = 0; i < xs.length; i++) {
      if (!Number.isNaN(xs[i]!))
        add(`${mask[i] ? "1" : "0"}${of(i)}`, i, mask[i] ? radius : 0.8 * radius);
    }
    for (const front of ["0", "1"]) {
      context.globalAlpha = front === "0" ? (few ? 0.14 : 0.6) : table.done > 20_000 ? 0.6 : 0.85;
      for (const [name, path] of paths) {
        if (name[0] !== front) continue;
        context.fillStyle = name.slice(1);
        context.fill(path);
      }
    }
    context.globalAlpha = 1;
    legend.replaceChildren(
      ...keys.map(([name, own]) => {
        const dot = el("i.dot");
        dot.style.background = own;
        return el("span", dot, name);
      }),
    );
    mark();
  }
  let memoRows: Uint32Array | undefined;

  /** The lasso, and a ring around the picture that is chosen. */
  function mark(): void {
    const context = drawn.getContext("2d")!;
    context.clearRect(0, 0, drawn.width, drawn.height);
    const row = session.looks.row ?? -1;
    const ratio = drawn.width / (pane.clientWidth || 1);
    context.lineWidth = 2 * ratio;
    context.strokeStyle = getComputedStyle(host).color;
    if (row >= 0 && !Number.isNaN(xs[row] ?? Number.NaN)) {
      context.beginPath();
      context.arc(xs[row]! * drawn.width, ys[row]! * drawn.height, 6 * ratio, 0, 7);
      context.stroke();
    }
    if (lasso.length < 4) return;
    context.lineWidth = 1.2 * ratio;
    context.setLineDash([4 * ratio, 3 * ratio]);
    context.beginPath();
    for (let i = 0; i < lasso.length; i += 2)
      context.lineTo(lasso[i]! * drawn.width, lasso[i + 1]! * drawn.height);
    context.closePath();
    context.stroke();
    context.setLineDash([]);
  }

  const at = ({ clientX, clientY }: MouseEvent): [number, number] => {
    const { left, top, width, height } = pane.getBoundingClientRect();
    return [(clientX - left) / width, (clientY - top) / height];
  };
  function nearestTo(x: number, y: number): number {
    const [w, h] = [pane.clientWidth, pane.clientHeight];
    let [best, least] = [-1, 12 ** 2];
    const { mask } = session;
    for (let i = 0; i < xs.length; i++) {
      const d = ((xs[i]! - x) * w) ** 2 + ((ys[i]! - y) * h) ** 2;
      if (d < least && mask[i]) [best, least] = [i, d];
    }
    return best;
  }
  on(signal, pane, "pointerdown", (event: PointerEvent) => {
    if (event.button) return;
    drawing = true;
    lasso = at(event);
    pane.setPointerCapture(event.pointerId);
  });
  on(signal, pane, "pointermove", (event: PointerEvent) => {
    if (drawing) {
      lasso.push(...at(event));
      mark();
      return;
    }
    const row = nearestTo(...at(event));
    bubble.hidden = row < 0;
    if (row < 0) return;
    const { table } = session;
    const label = table!.word("label", row);
    const answer = table!.word("prediction", row);
    write(bubble, label && label !== answer ? `${answer}, labelled ${label}` : answer);
    bubble.style.cssText = `left:${100 * xs[row]!}%;top:${100 * ys[row]!}%`;
    set(bubble, { _late: xs[row]! > 0.6 });
  });
  on(signal, pane, "pointerleave", () => {
    bubble.hidden = true;
  });
  on(signal, pane, "pointerup pointercancel", (event: PointerEvent) => {
    if (!drawing) return;
    drawing = false;
    const polygon = lasso;
    lasso = [];
    if (polygon.length < 12) {
      const row = nearestTo(...at(event));
      if (row >= 0) act.choose(row);
    } else {
      const found = inside(xs, ys, session.mask, polygon);
      if (found.length) act.lasso(found);
      act.speak(`${found.length} pictures within the lasso`);
    }
    mark();
    done(event);
  });
  on(signal, pane, "keydown", (event: KeyboardEvent) => {
    const [dx, dy] = {
      ArrowLeft: [-1, 0],
      ArrowRight: [1, 0],
      ArrowUp: [0, -1],
      ArrowDown: [0, 1],
    }[event.key] ?? [0, 0];
    if (!dx && !dy) return;
    const row = session.looks.row ?? session.rows[0] ?? -1;
    let [best, least] = [-1, Number.POSITIVE_INFINITY];
    for (let i = 0; i < xs.length; i++) {
      const [x, y] = [xs[i]! - xs[row]!, ys[i]! - ys[row]!];
      const along = x * dx! + y * dy!;
      const aside = Math.abs(x * dy!) + Math.abs(y * dx!);
      if (i === row || !session.mask[i] || along <= 0 || aside > along) continue;
      if (along + 2 * aside < least) [best, least] = [i, along + 2 * aside];
    }
    if (best >= 0) act.choose(best);
    done(event);
  });
  const observer = new ResizeObserver(draw);
  observer.observe(pane);
  atEnd(signal, () => observer.disconnect());

  function refresh(): void {
    const { table, frozen, head } = session;
    if (!table || session.looks.view !== "similarity") return;
    const complete = table.done + table.failed === table.count;
    if (complete) session.read(table.count <= AUTOMATIC ? "tsne" : "pca");
    const there = (["tsne", "pca"] as const).filter((name) => session.points(name));
    if (there.length && !there.includes(method)) method = there[0]!;
    const points = session.points(method);
    showMethod(method, frozen ? "not in this saved page" : null);
    if (points && points[0] !== source) {
      source = points[0];
      [xs, ys] = placed(...points) as [Float32Array<ArrayBuffer>, Float32Array<ArrayBuffer>];
    }
    const metadata = (head?.metadata ?? []).filter(
      (name) => table.columns.get(name)?.kind !== "text",
    );
    const choices = [...COLOURS, ...metadata].map((value) => ({
      value,
      label: value === "correct" ? "right or wrong" : value,
    }));
    colours.show(choices, colour, choices.find(({ value }) => value === colour)?.label ?? colour);
    const busy = session.busy("tsne") || session.busy("pca");
    go.hidden =
      frozen ||
      !complete ||
      table.count <= AUTOMATIC ||
      session.known("tsne") ||
      Boolean(session.points("tsne"));
    go.disabled = session.busy("tsne");
    pane.hidden = !points;
    const way = frozen
      ? "Similarity is not in this saved page: it was not worked out before."
      : complete
        ? ""
        : "Similarity is worked out when all pictures are explained.";
    const hint = "Draw around points to keep them. What lies far apart says little.";
    say(words, busy ? "Placing the pictures …" : session.words(method) || (points ? hint : way));
    set(canvas, {
      $label: `${session.rows.length.toLocaleString("en")} pictures, alike ones near each other`,
    });
    draw();
    if (source) mark();
  }
  return [element, refresh];
}
