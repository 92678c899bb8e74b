/** Light or dark, from what the host really shows: `prefers-color-scheme` does not follow JupyterLab. */

import { atEnd } from "./model";

export type Theme = "light" | "dark";

/** Dark when a computed `rgb()` or `rgba()` is nearer to black than to white; null when it is see-through. */
export function themeOf(background: string): Theme | null {
  const [r = 0, g = 0, b = 0, alpha = 1] = background.match(/[\d.]+/g)?.map(Number) ?? [];
  if (!background.startsWith("rgb") || alpha < 0.5) return null;
  return 0.299 * r + 0.587 * g + 0.114 * b < 128 ? "dark" : "light";
}

/**
 * VS Code and JupyterLab say it in a variable, which is the colour of `probe`; any other page by the
 * background that is seen behind `element`.
 */
export function detectTheme(element: Element, probe: Element): Theme {
  let node: Node | null = probe;
  while (node) {
    const seen = node instanceof Element && themeOf(getComputedStyle(node).backgroundColor);
    if (seen) return seen;
    if (node === probe) node = element;
    node = node instanceof ShadowRoot ? node.host : node.parentNode;
  }
  return "light";
}

/** Says the host's theme in the element's `data-xw-theme`, now and whenever it changes. */
export function followTheme(element: HTMLElement, signal: AbortSignal): void {
  const probe = document.createElement("i");
  probe.hidden = true;
  probe.style.background = "var(--vscode-editor-background,var(--jp-layout-color0))";
  element.append(probe);
  const look = (): void => {
    element.dataset.xwTheme = detectTheme(element, probe);
  };
  const observer = new MutationObserver(() => {
    look();
    setTimeout(look, 400); // JupyterLab names the theme before its style sheet has arrived
  });
  for (const node of [document.body, document.documentElement]) {
    observer.observe(node, { attributes: true });
  }
  atEnd(signal, () => observer.disconnect());
  look();
}
