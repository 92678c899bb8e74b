/** A button that shows what is chosen and opens the list of what could be. */
import { button, CHEVRON, el, icon, set, write } from "./dom";
import { type Choice, Popup } from "./popup";

const PAUSE = 700; // milliseconds after which type-ahead starts a new word

export class Picker {
  readonly button: HTMLButtonElement;
  private readonly title = el("span", "xw-value");
  private readonly hint = el("span", "xw-hint");
  private readonly popup: Popup;
  private choices: readonly Choice[] = [];
  private value = "";
  private typed = "";
  private typedAt = 0;

  constructor(
    host: HTMLElement,
    private readonly label: string,
    control: string,
    picked: (value: string) => void,
    signal: AbortSignal,
    prefix = "",
  ) {
    this.button = button("xw-field xw-picker", { "data-xw-control": control });
    if (prefix) this.button.append(el("span", "xw-hint", {}, prefix));
    this.button.append(this.title, this.hint, icon(CHEVRON));
    this.popup = new Popup(this.button, label, ({ value }) => picked(value), signal);
    host.append(this.popup.list);
    const listen = this.button.addEventListener.bind(this.button);
    listen("click", () => (this.popup.isOpen ? this.popup.close() : this.open()), { signal });
    listen("keydown", (event) => this.key(event as KeyboardEvent), { signal });
  }

  show(choices: readonly Choice[], value: string, title: string, hint = "", disabled = false): void {
    this.choices = choices;
    this.value = value;
    write(this.title, title);
    write(this.hint, hint);
    this.button.disabled = disabled;
    set(this.button, { "aria-label": `${this.label}: ${title}${hint ? `, ${hint}` : ""}` });
  }

  private open(): void {
    this.popup.open(this.choices, this.value);
  }

  private key(event: KeyboardEvent): void {
    const { key } = event;
    const printable = key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (!this.popup.isOpen) {
      if (key !== "ArrowDown" && key !== "ArrowUp" && (!printable || key === " " || key === "?")) return;
      event.preventDefault();
      this.open();
      if (printable) this.typeAhead(key, event.timeStamp);
      return;
    }
    if (this.popup.key(event)) return;
    if (key === "Home" || key === "End") {
      event.preventDefault();
      this.popup.jump(key === "Home" ? "first" : "last");
    } else if (printable && key !== " ") {
      event.preventDefault();
      event.stopPropagation();
      this.typeAhead(key, event.timeStamp);
    }
  }

  private typeAhead(key: string, now: number): void {
    this.typed = now - this.typedAt > PAUSE ? key : this.typed + key;
    this.typedAt = now;
    this.popup.jump(this.typed.toLowerCase());
  }
}
