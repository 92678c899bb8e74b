/** Light or dark, from what the host really shows: `prefers-color-scheme` does not follow JupyterLab. */

export type Theme = "light" | "dark";

/** Relative luminance (0 black, 1 white) of a CSS colour as computed styles write it; null when it is see-through or unknown. */
export function luminance(colour: string): number | null {
  const [r, g, b, alpha] = channels(colour.trim()) ?? [];
  if (r === undefined || g === undefined || b === undefined || (alpha ?? 1) < 0.5) return null;
  const linear = (byte: number): number => {
    const c = byte / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
}

function channels(colour: string): number[] | null {
  const hex = /^#([0-9a-f]{3,8})$/i.exec(colour)?.[1];
  if (hex) {
    const short = hex.length < 6;
    const parts = hex.match(short ? /./g : /../g) ?? [];
    const bytes = parts.map((part) => Number.parseInt(short ? part + part : part, 16));
    return bytes.map((byte, i) => (i === 3 ? byte / 255 : byte));
  }
  if (/^rgba?\(/.test(colour)) {
    return (colour.match(/[\d.]+%?/g) ?? []).map((part, i) =>
      part.endsWith("%") ? (Number.parseFloat(part) / 100) * (i === 3 ? 1 : 255) : Number(part),
    );
  }
  if (colour === "white") return [255, 255, 255];
  return colour === "black" ? [0, 0, 0] : null;
}

/** Dark below the luminance at which black and white text read equally well. */
export function themeOf(background: string): Theme | null {
  const light = luminance(background);
  if (light === null) return null;
  return light < 0.179 ? "dark" : "light";
}

/**
 * VS Code says it on the body, JupyterLab in a variable, marimo and others in a class; a plain page
 * by the background that is seen behind the element.
 */
export function detectTheme(element: Element): Theme {
  const page = element.ownerDocument;
  const kind = page.body.dataset.vscodeThemeKind;
  if (kind) return kind.includes("light") ? "light" : "dark";
  const style = getComputedStyle(element);
  const host = themeOf(style.getPropertyValue("--jp-layout-color0"));
  if (host) return host;
  for (let node: Node | null = element.parentNode; node; node = node.parentNode) {
    if (node instanceof ShadowRoot) node = node.host;
    if (!(node instanceof Element)) continue;
    if (node.classList.contains("dark") || node.classList.contains("dark-theme")) return "dark";
    const seen = themeOf(getComputedStyle(node).backgroundColor);
    if (seen) return seen;
  }
  return style.colorScheme === "dark" ? "dark" : "light";
}

/** Calls back now and whenever the host changes its theme. */
export function watchTheme(
  element: HTMLElement,
  signal: AbortSignal,
  changed: (theme: Theme) => void,
): void {
  const page = element.ownerDocument;
  let frame = 0;
  let late: ReturnType<typeof setTimeout> | undefined;
  const look = (): void => changed(detectTheme(element));
  const observer = new MutationObserver(() => {
    cancelAnimationFrame(frame);
    clearTimeout(late);
    frame = requestAnimationFrame(look);
    late = setTimeout(look, 400); // JupyterLab names the theme before its style sheet has arrived
  });
  const attributes = { attributes: true };
  observer.observe(page.body, attributes);
  observer.observe(page.documentElement, attributes);
  signal.addEventListener("abort", () => {
    observer.disconnect();
    cancelAnimationFrame(frame);
    clearTimeout(late);
  });
  look();
}
