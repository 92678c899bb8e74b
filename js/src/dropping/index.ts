/**
 * What takes a picture that is dropped or pasted onto a view: it invites, sends the file in pieces, says in words
 * what came of it, and brings the picture back that there was before. A part of its own, which the kernel sends
 * when a view is ready; see xai_widgets/widgets/base/dropping.py for the conversation.
 */

import { atEnd } from "../core/model";
import type { DropMessage, DroppedMessage, PictureMessage } from "../core/wire";
import type { DropSession } from "../parts/bring";
import { done, el, freshId, on, say, set, svg, write } from "../parts/dom";
import type { View } from "../parts/view";
import css from "./style.css";

const PIECE = 640_000; // bytes: some hosts break at messages of a megabyte
const LEFT = 400; // milliseconds after it has left the page; some browsers say so too early
const AWAY = 5_000; // without a word of what is dragged
const SLOW = 10_000; // after which one may wonder
const PANEL = 230; // pixels, half of what the panel may be wide
const ARROW = "M3 10.5v2a1 1 0 0 0 1 1h8a1 1 0 0 0 1-1v-2M8 2.5V10M5 7l3 3 3-3";

const GONE = "The kernel is gone: run this cell again, then bring the picture.";
const GONE_FOR_GOOD = "The kernel is gone, and the earlier picture with it: run this cell again.";
const ADDRESS = "The page gave an address, not the picture. Save it, and drop the file.";

type Mode = "near" | "over" | "gone" | "reading" | "refused";

export default function dropping(
  { model, root, signal, speak }: Pick<View, "model" | "root" | "signal" | "speak">,
  session: DropSession,
  { most }: DropMessage,
): void {
  const own = freshId();
  const title = el("b");
  const words = el("span");
  const close = el("button.tool", { $label: "Close", title: "Close", _control: "drop-close" });
  close.append(svg("M4 4l8 8M12 4l-8 8"));
  const icon = svg(ARROW, "xw-dropicon");
  const panel = el(".dropped", icon, el(".dropwords", title, words), close);
  const veil = el(".veil", { _drop: "", hidden: true }, panel);
  const back = el("button.link", { _control: "drop-back", hidden: true });
  root.append(el("style", css), veil);
  root.querySelector("footer")?.lastElementChild?.before(back);

  let mode: Mode | undefined;
  let away: ReturnType<typeof setTimeout> | undefined;
  let slow: ReturnType<typeof setTimeout> | undefined;
  atEnd(signal, () => {
    clearTimeout(away);
    clearTimeout(slow);
  });

  function show(next: Mode | undefined, head = "", more = ""): void {
    mode = next;
    veil.hidden = !next;
    close.hidden = next !== "refused";
    set(veil, { _drop: next, role: next === "refused" ? "alert" : null });
    write(title, head);
    say(words, more);
    if (next && next !== "near") place();
  }
  /** In the middle of what is seen of the picture, or of the view where there are several. */
  function place(): void {
    const [stage, ...others] = root.querySelectorAll(".xw-pane");
    const of = (stage && !others.length ? stage : root).getBoundingClientRect();
    const { left, top, width } = root.getBoundingClientRect();
    const [high, low] = [Math.max(of.top, 0), Math.min(of.bottom, window.innerHeight)];
    const half = Math.min(PANEL, width / 2);
    const x = Math.min(Math.max((of.left + of.right) / 2 - left, half), width - half);
    panel.style.cssText = `left:${x}px;top:${(high + Math.max(low, high)) / 2 - top}px`;
  }
  function refuse(why: string): void {
    clearTimeout(slow);
    show("refused", "This picture is not shown", why);
    close.focus({ preventScroll: true });
  }
  function shut(): void {
    show(undefined);
    root.querySelector<HTMLElement>("[data-xw-stage]")?.focus({ preventScroll: true });
  }

  function leave(soon: number): void {
    clearTimeout(away);
    away = setTimeout(() => mode !== "reading" && mode !== "refused" && show(undefined), soon);
  }
  /** Something is dragged over the page, and may be over this view. */
  function hover(here: boolean): void {
    if (mode === "reading") return;
    leave(AWAY);
    if (!here) show("near");
    else if (session.state() === "gone") show("gone", "No kernel, no answer", GONE);
    else show("over", "Drop a picture", "The network says what it sees in it");
  }

  async function take(files: readonly File[], markup: string): Promise<void> {
    clearTimeout(away);
    if (session.state() === "gone") return refuse(GONE);
    if (files.length > 1) return refuse(`These are ${files.length} files. Bring one picture.`);
    const file = files[0] ?? pictureIn(markup);
    if (!file) return refuse(/<img/i.test(markup) ? ADDRESS : "There is no picture in it.");
    const { name, size } = file;
    if (size > most) {
      const [has, may] = [size, most].map((bytes) => (bytes / 1e6).toFixed(0));
      const way = "Make it smaller, or set it from a cell: viewer.image = path.";
      return refuse(`“${name}” has ${has}\xa0MB; expected at most ${may}\xa0MB. ${way}`);
    }
    show("reading", `Reading ${name}`);
    speak(`Reading ${name}`);
    slow = setTimeout(() => say(words, "The kernel is busy with something else."), SLOW);
    try {
      for (let at = 0; !at || at < size; at += PIECE) {
        const piece = new Uint8Array(await file.slice(at, at + PIECE).arrayBuffer());
        if (signal.aborted) return;
        const message: PictureMessage = { kind: "picture", by: own, name, size, at };
        model.send(message, undefined, [piece]);
      }
    } catch (problem) {
      const folder = size % 4096 === 0 && !file.type ? " Is it a folder?" : "";
      refuse(`“${name}” cannot be read (${(problem as Error).message}).${folder}`);
    }
  }

  function answered({ by, name, failed }: DroppedMessage): void {
    if (by !== own) return;
    clearTimeout(slow);
    if (failed) refuse(failed);
    else {
      show(undefined);
      speak(`${name} is shown now.`);
    }
  }
  function showBack(): void {
    const name: string = model.get("earlier_picture");
    back.hidden = !name;
    write(back, `Back to ${name}`);
    set(back, { title: `Back to ${name}` });
  }

  on(signal, close, "click", shut);
  on(signal, veil, "keydown", (event: KeyboardEvent) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    shut();
  });
  on(signal, back, "click", () => {
    if (session.state() === "gone") {
      refuse(GONE_FOR_GOOD);
      return;
    }
    session.send({ kind: "back" });
    back.hidden = true;
    root.querySelector<HTMLElement>("[data-xw-stage]")?.focus({ preventScroll: true });
  });
  session.on("msg:custom", (message: DroppedMessage) => {
    if (message.kind === "dropped") answered(message);
  });
  session.on("change:earlier_picture", showBack);
  showBack();

  on(signal, document, "dragover drop", (event: DragEvent) => {
    const from = event.dataTransfer;
    // Words that are dragged have no address.
    if (!from?.types.some((type) => /^Files|uri/.test(type))) return;
    const here = event.composedPath().includes(root);
    if (here) {
      done(event); // otherwise the browser would leave this page for the picture
      from.dropEffect = session.state() === "gone" ? "none" : "copy";
    }
    if (event.type === "dragover") hover(here);
    else if (here) void take([...from.files], from.getData("text/html"));
    else if (mode !== "reading") show(undefined);
  });
  on(signal, document, "dragleave", ({ relatedTarget }: DragEvent) => {
    if (mode && !relatedTarget) leave(LEFT);
  });
  on(signal, document, "paste", (event: ClipboardEvent) => {
    const files = event.clipboardData?.files;
    const { activeElement } = root.getRootNode() as Document;
    const ours = root.contains(activeElement) && !activeElement!.matches("input:not([type])");
    if (!ours || !files?.length) return;
    done(event);
    void take([...files], "");
  });
}

/** The picture whose bytes are in a page's markup; none is fetched. */
export function pictureIn(markup: string): File | undefined {
  const image = new DOMParser().parseFromString(markup, "text/html").querySelector("img");
  const [, type, data] = /^data:(image\/[\w.+-]+);base64,(.*)$/s.exec(image?.src ?? "") ?? [];
  if (!type || !data) return undefined;
  try {
    const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    return new File([bytes], `picture.${type.split(/[/+]/)[1]}`, { type });
  } catch {
    return undefined;
  }
}
