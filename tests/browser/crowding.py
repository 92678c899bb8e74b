"""What does not fit: what leaves its view, text over other text, and text cut without a word."""

from __future__ import annotations

from playwright.sync_api import Locator

WIDTHS = (400, 560, 700, 1000, 1400)

_CROWDED = """root => {
  const found = [];
  const edge = root.getBoundingClientRect();
  if (root.scrollWidth > root.clientWidth + 1)
    found.push(`the view is ${root.scrollWidth} wide in ${root.clientWidth}`);
  const texts = [];
  for (const element of root.querySelectorAll("*")) {
    if (element.closest(".xw-live, .xw-popup, .xw-pill, .xw-plot, .xw-scatter, [hidden]")) continue;
    const own = [...element.childNodes].filter(({nodeType}) => nodeType === 3);
    const text = own.map(({data}) => data.trim()).join("");
    const seen = {visibilityProperty: true, opacityProperty: true};
    if (!text || !element.checkVisibility(seen)) continue;
    const range = document.createRange();
    range.setStartBefore(own[0]);
    range.setEndAfter(own.at(-1));
    let {left, right, top, bottom} = range.getBoundingClientRect();
    // What is hidden of it is not seen over anything.
    for (let box = element; box !== root; box = box.parentElement) {
      const {overflowX, overflowY, display} = getComputedStyle(box);
      if (display === "inline" || (overflowX === "visible" && overflowY === "visible")) continue;
      const frame = box.getBoundingClientRect();
      const cut = right > frame.right + 1 || bottom > frame.bottom + 2;
      const scrolls = /auto|scroll/.test(overflowX + overflowY);
      if (cut && !scrolls && !element.closest("[title]:not([title=''])"))
        found.push(`"${text}" is cut, and nothing has all of it`);
      [left, right] = [Math.max(left, frame.left), Math.min(right, frame.right)];
      [top, bottom] = [Math.max(top, frame.top), Math.min(bottom, frame.bottom)];
    }
    if (right - left < 1 || bottom - top < 1) continue;
    if (right > edge.right + 1 || left < edge.left - 1) found.push(`"${text}" leaves the view`);
    // A text of several lines is where its lines are, not where a box around them is.
    const lines = [...range.getClientRects()].map((line) => ({
      left: Math.max(left, line.left), right: Math.min(right, line.right),
      top: Math.max(top, line.top), bottom: Math.min(bottom, line.bottom),
    }));
    texts.push({element, text, lines});
  }
  for (const [i, a] of texts.entries()) {
    for (const b of texts.slice(i + 1)) {
      if (a.element.contains(b.element) || b.element.contains(a.element)) continue;
      const over = a.lines.some((one) => b.lines.some((other) => {
        const across = Math.min(one.right, other.right) - Math.max(one.left, other.left);
        const down = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
        return across > 1 && down > 4;
      }));
      if (over) found.push(`"${a.text}" lies over "${b.text}"`);
    }
  }
  return [...new Set(found)];
}"""


def crowded(view: Locator, width: int) -> list[str]:
    """What does not fit in a view that is given so many pixels of width, in words."""
    view.evaluate(
        """async (root, width) => {
          Object.assign(root.style, {width: `${width}px`, maxWidth: "none"});
          for (let i = 0; i < 4; i++) await new Promise(requestAnimationFrame);
        }""",
        width,
    )
    found: list[str] = view.evaluate(_CROWDED)
    view.evaluate("root => Object.assign(root.style, {width: '', maxWidth: ''})")
    return found
