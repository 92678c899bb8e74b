/** How much of a page is seen at once. */

const LEAST = 240; // of a part of the page that scrolls by itself
const SLACK = 40; // pixels that padding and margins may leave below the content
const LOWEST = 520; // of a view
const ABOVE = 112;
const OPEN = ".xw-popup:not([hidden])"; // which lies over what is around, and would fill it
const FRAMED = 0.8; // of the screen, in a frame that may be as high as what is in it

const known = new WeakMap<Element, boolean>();

/**
 * The height in pixels of what can be seen at once around an element: of the window, or of the part of the
 * page that scrolls. What only grows with its content, as a notebook's output does, is none.
 */
export function visibleHeight(element: Element): number {
  const framed = window.parent !== window;
  const overlaid = element.querySelector(OPEN) !== null;
  let height = framed ? FRAMED * screen.availHeight : window.innerHeight;
  for (let node = element.parentElement; node; node = node.parentElement) {
    if (known.get(node) ?? (!overlaid && scrolls(node)))
      height = Math.min(height, node.clientHeight);
  }
  return height;
}

/** The height that a view may have to be seen whole, below what a notebook shows above it. */
export const heightToFit = (root: Element): number => Math.max(LOWEST, visibleHeight(root) - ABOVE);

/** Once known to have a height of its own it keeps it: how it is filled is what is being decided. */
function scrolls(node: Element): boolean {
  if (node.clientHeight < LEAST) return false;
  if (!/auto|scroll/.test(getComputedStyle(node).overflowY)) return false;
  const { top } = node.getBoundingClientRect();
  const bottom = Math.max(
    ...[...node.children].map((child) => child.getBoundingClientRect().bottom),
  );
  const own = node.scrollHeight > node.clientHeight + 1 || bottom - top < node.clientHeight - SLACK;
  if (own) known.set(node, true);
  return own;
}
