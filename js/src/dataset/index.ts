/** DatasetExplorer in the browser: what to ask, the pictures, the one that is chosen. */
import { percent, pictures } from "../core/format";
import { atEnd } from "../core/model";
import type { Bytes } from "../core/wire";
import { bytesOf } from "../maps/levels";
import { done, el, on, set, tool, write } from "../parts/dom";
import { segments } from "../parts/segments";
import { type View, widget } from "../parts/view";
import { asking } from "./ask";
import { type Filter, wilson } from "./filters";
import { pictureGrid } from "./grid";
import { datasetSession, type Middle } from "./session";
import { toolbar } from "./toolbar";
import type { Views } from "./views/index";
import type { Viewer } from "./views/inplace";

const WIDE = 900; // pixels, under which the right column is a drawer
const NARROW = 560; // and under which the left one is too

function build(view: View) {
  const { model, signal, root, speak } = view;
  const session = datasetSession(
    view,
    () => {
      grid.arrived();
      views?.arrived();
      if (!("xwReady" in root.dataset)) view.changed("all"); // what has waited for it
      set(root, { _ready: true });
    },
    (message) => void views?.viewer.take(message),
    takePart,
  );
  let views: Views | undefined;
  let opening: Viewer | undefined; // waits for the part that shows it
  let anchor: number | undefined; // from which a range is chosen
  let kept = 0; // where the pictures were scrolled to

  const grid = pictureGrid(signal, session, { choose, enter: () => open("heatmap") });
  const left = asking(signal, session, {
    show(filter, slice) {
      show(filter, slice);
      drawer(null);
    },
    confusion() {
      session.look("view", "confusion");
      drawer(null);
    },
  });
  const bar = toolbar(signal, session, root);
  const [tabs, showTab] = segments<Middle>(
    signal,
    "View",
    "view",
    [
      ["pictures", "Pictures"],
      ["confusion", "Confusion"],
      ["groups", "Groups"],
      ["similarity", "Similarity"],
    ],
    (value) => session.look("view", value),
  );
  const [name, facts, interval] = [el("b.study"), el("span.label"), el("span.note")];
  const leftButton = tool(signal, "left", "What to ask", "M2.5 4h11M2.5 8h11M2.5 12h7", () =>
    drawer("left"),
  );
  const rightButton = tool(
    signal,
    "right",
    "The chosen picture",
    "M2.5 3h11v10h-11zM9.5 3v10",
    () => drawer("right"),
  );
  const header = el(
    "header.header",
    leftButton,
    el(".about", name, facts, interval),
    el("span.spring"),
    tabs,
    rightButton,
  );
  const middle = el(".middle", bar.part[0], grid.part[0]);
  const shade = el(".shade", { hidden: true });
  const leftSide = el("aside.left", { $label: "What to ask" }, left.part[0]);
  const rightSide = el("aside.right", { $label: "The chosen picture" });
  const body = el(".columns", leftSide, middle, rightSide, shade);
  on(signal, shade, "click", () => drawer(null));
  atEnd(signal, () => grid.arrived());

  function drawer(side: "left" | "right" | null): void {
    const now = root.dataset.xwDrawer;
    if (!side && !now) return;
    set(root, { _drawer: side && side !== now ? side : null });
    shade.hidden = !root.dataset.xwDrawer;
    (side === "left" ? leftSide : rightSide).scrollTop = 0;
  }

  /** Filters anew: from a slice, a confusion, a verdict. */
  function show(filter: Filter, slice: string): void {
    session.only(filter, slice);
    const inside = ["confusion", "groups"].includes(session.looks.view);
    if (inside) session.look("view", "pictures");
    grid.toStart();
    if (inside) {
      // What was pressed is hidden now: the keyboard goes on among its pictures.
      grid.part[0].hidden = false;
      grid.focus();
    }
    speak(`${slice ? `${session.set(slice)?.title}: ` : ""}${pictures(session.rows.length)}`);
  }

  /** One, one more or less, or all from the last one to this. */
  function choose(row: number, how: "one" | "add" | "range"): void {
    const { chosen } = session.looks;
    // Where the right column is a drawer, a second touch opens it.
    if (how === "one" && row === session.looks.row && root.dataset.xwLayout !== "wide")
      drawer("right");
    model.set("row", row);
    if (how === "one") {
      anchor = row;
      session.look("chosen", [row]);
    } else if (how === "add") {
      anchor = row;
      const without = chosen.filter((own) => own !== row);
      session.look("chosen", without.length < chosen.length ? without : [...chosen, row]);
    } else {
      session.look("chosen", grid.rowsBetween(anchor ?? row, row));
    }
    const n = session.looks.chosen.length;
    if (how !== "one") speak(`${n.toLocaleString("en")} chosen`);
  }
  function subjects(): readonly number[] {
    const { chosen, row } = session.looks;
    return chosen.length ? chosen : row === undefined ? [] : [row];
  }
  function decide(word: string): void {
    const rows = subjects();
    if (!rows.length || session.frozen) return;
    session.decide(rows, word);
    speak(`${word}: ${pictures(rows.length)}`);
  }
  /** Views that not everybody wants are a part of their own, which the kernel sends. */
  async function takePart(content: Bytes): Promise<void> {
    if (views || signal.aborted) return;
    const module = new Blob([bytesOf(content)], { type: "text/javascript" });
    const url = URL.createObjectURL(module);
    const made = (await import(url)).default as (...given: unknown[]) => Views;
    URL.revokeObjectURL(url);
    if (views || signal.aborted) return;
    views = made(view, session, {
      show,
      choose(row: number) {
        choose(row, "one");
        grid.reveal(row);
      },
      decide,
      subjects,
      open,
      closed() {
        session.shut();
        set(root, { _inplace: false });
        grid.top = kept;
        grid.focus();
      },
    });
    rightSide.append(views.chosen.part[0], views.looks[0]);
    middle.append(views.confusion[0], views.groups[0], views.similarity[0]);
    body.append(views.viewer.element);
    tabs.after(views.save);
    if (opening) open(opening);
    view.changed("all");
  }
  function open(kind: Viewer): void {
    const { row } = session.looks;
    if (row === undefined) return;
    if (session.frozen || !session.head?.able) {
      drawer("right");
      return;
    }
    opening = views ? undefined : kind;
    if (!views) {
      session.needPart();
      return;
    }
    if (!views.viewer.isOpen()) kept = grid.top;
    set(root, { _inplace: true });
    views.viewer.wait(kind, session.table?.word("key", row) ?? "");
    session.open(row, kind);
  }

  function press(event: KeyboardEvent): void {
    const { key, target, ctrlKey, metaKey, altKey, defaultPrevented } = event;
    const typing = (target as Element).matches("input:not([type=radio])");
    if (key === "Escape") {
      if (views?.viewer.isOpen()) views.viewer.close();
      else if (root.dataset.xwDrawer) drawer(null);
      else if (typing) grid.focus();
      else if (session.looks.chosen.length > 1) session.look("chosen", []);
      else return;
      event.stopPropagation();
      done(event);
      return;
    }
    if (typing && key === "Enter") grid.focus();
    if ((ctrlKey || metaKey) && key === "z" && !typing) {
      session.undo();
      done(event);
      return;
    }
    if (defaultPrevented || typing || ctrlKey || metaKey || altKey || views?.viewer.isOpen())
      return;
    const word = session.verdict_words[Number(key) - 1];
    if (key === "/") bar.search.focus();
    else if (key === "[") left.step(-1);
    else if (key === "]") left.step(1);
    else if (key === "u") session.undo();
    else if (key >= "1" && key <= "9" && word) decide(word);
    else return;
    done(event);
  }

  function refresh(): void {
    const { table, total, looks, head } = session;
    showTab(looks.view);
    write(name, head?.name ?? "");
    const right2 = total.labelled ? ` · ${percent(total.right / total.labelled)} right` : "";
    write(facts, table ? pictures(table.count) + right2 : "");
    for (const text of [name, facts]) set(text, { title: text.textContent || null });
    const ends = wilson(total.right, total.labelled).map((end) => (100 * end).toFixed(1));
    write(interval, total.labelled ? `[${ends.join(", ")}]` : "");
    grid.part[0].hidden = looks.view !== "pictures";
    left.part[1]();
    bar.part[1]();
    grid.part[1]();
    // What is not seen yet waits until the first pictures are there.
    const begun =
      session.frozen || session.pictures.kept > 0 || Boolean(table?.version && !table.done);
    if (!views && table && (begun || looks.view !== "pictures")) session.needPart();
    for (const name of ["confusion", "groups", "similarity"] as const) {
      if (!views) break;
      const [element, showView] = views[name];
      element.hidden = looks.view !== name;
      if (!element.hidden) showView();
    }
    views?.chosen.part[1]();
    views?.looks[1]();
    set(bar.part[0], { _view: looks.view });
    set(root, { _rows: session.rows.length, _done: table?.done, _version: table?.version });
  }

  function arrange(): void {
    const width = root.clientWidth;
    if (!width) return;
    const layout = width < NARROW ? "narrow" : width < WIDE ? "medium" : "wide";
    if (root.dataset.xwLayout === layout) return;
    set(root, { _layout: layout });
    if (layout === "wide") drawer(null);
  }

  /** Said once what is shown has changed. */
  function words(): string {
    const { table } = session;
    if (!table) return "";
    return `${session.rows.length.toLocaleString("en")} of ${table.count.toLocaleString("en")} pictures`;
  }
  return { session, children: [header, body], refresh, press, arrange, words };
}

export default widget("Data set explorer", build, ".dataset");
