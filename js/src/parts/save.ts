/** What is seen, to keep or to copy: the picture alone, or the figure that Python draws of it, with its words. */
import type { Session } from "../core/session";
import type { Bytes, FigureMessage } from "../core/wire";
import { bytesOf } from "../maps/levels";
import { el, on, set, svg, tool } from "./dom";
import { UNSAVED } from "./picker";
import { popup } from "./popup";

/** A picture, none where there are only figures, and the words that its file is named after. */
export type Saved = readonly [picture: HTMLCanvasElement | null, words: readonly unknown[]];

const DOWN = "M8 2.5v8M4.5 7.5L8 11l3.5-3.5M3 13.5h10";
const TICK = "M3 8.5l3.2 3.2L13 5";
const NAMED = { figure: "Figure", picture: "Picture" } as const;
const PATIENCE = 20_000; // for the kernel's figure

/**
 * `picture` is what is seen now, if anything is; `alone`: there are figures alone, which a saved page has not.
 * Returns the button that opens the list.
 */
export function saveButton(
  signal: AbortSignal,
  host: HTMLElement,
  session: Pick<Session, "frozen" | "on" | "save" | "send" | "state">,
  speak: (text: string) => void,
  picture: () => Saved | undefined,
  alone = false,
): HTMLElement {
  let figureCame: ((figure: Blob) => void) | undefined;
  session.on("msg:custom", (message: FigureMessage, buffers: Bytes[] = []) => {
    if (message.kind !== "figure") return;
    figureCame?.(new Blob([bytesOf(buffers[0]!)], { type: "image/png" }));
  });
  const icon = svg(DOWN);
  const button = tool(signal, "save", "Save or copy as PNG", "", toggle);
  button.replaceChildren(icon);
  button.hidden = alone && session.frozen;
  const list = popup(signal, host, button, "Save or copy", (value) => void act(value));
  on(signal, button, "keydown", (event: KeyboardEvent) => {
    if (list.isOpen()) list.key(event);
  });

  function toggle(): void {
    if (list.isOpen()) {
      list.close();
      return;
    }
    button.focus(); // Safari does not, on a click
    const empty = picture() ? null : "nothing is shown yet";
    const gone = session.state() === "gone" && "the kernel is gone";
    const figure = (session.frozen && UNSAVED) || gone || null;
    const copies = navigator.clipboard && window.ClipboardItem ? null : "needs https or localhost";
    const kinds = alone ? (["figure"] as const) : (["figure", "picture"] as const);
    const choices = kinds.flatMap((what) => {
      const [group, reason] = [NAMED[what], what === "figure" ? figure : empty];
      return [
        { value: `save ${what}`, label: "Save as PNG", group, reason },
        { value: `copy ${what}`, label: "Copy", group, reason: reason ?? copies },
      ];
    });
    list.open(choices, "");
  }

  async function act(value: string): Promise<void> {
    const [how, what] = value.split(" ");
    const seen = picture();
    const words = [...(seen?.[1] ?? []), what === "figure" && "figure"];
    const made = what === "figure" ? ask() : blobOf(seen![0]!);
    try {
      if (how === "copy") {
        // Safari copies only what was promised while the press lasts.
        await navigator.clipboard.write([new ClipboardItem({ "image/png": made })]);
      } else {
        const href = URL.createObjectURL(await made);
        el("a", { href, download: `${fileName(words)}.png` }).click();
        setTimeout(() => URL.revokeObjectURL(href), 60_000);
      }
      confirm(how === "copy" ? "Copied." : "Saved.");
    } catch (problem) {
      speak(`It could not be ${how === "copy" ? "copied" : "saved"}: ${problem}`);
      set(button, { title: `${problem}` });
    }
  }

  /** The figure of what is seen now: how it looks is told first. */
  function ask(): Promise<Blob> {
    session.save();
    const answer = new Promise<Blob>((resolve, reject) => {
      figureCame = resolve;
      setTimeout(() => reject(new Error("no answer from the kernel")), PATIENCE);
    });
    session.send({ kind: "figure" });
    return answer;
  }

  function confirm(words: string): void {
    speak(words);
    const [path] = icon.children;
    set(path!, { d: TICK });
    set(button, { title: words });
    setTimeout(() => {
      set(path!, { d: DOWN });
      set(button, { title: "Save or copy as PNG" });
    }, 1600);
  }
  return button;
}

/** What a file is called: letters and numbers of these words. */
export const fileName = (words: readonly unknown[]): string =>
  words
    .filter(Boolean)
    .join("_")
    .replace(/[^\p{L}\p{N}]+/gu, "_") || "picture";

const blobOf = (canvas: HTMLCanvasElement): Promise<Blob> =>
  new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("the picture is empty"))));
  });
