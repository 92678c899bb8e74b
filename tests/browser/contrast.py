"""Which texts are too faint to read, as WCAG counts it."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Locator

# Every text and every field, against all the backgrounds that lie under it, the nearest last.
_FAINT = """(root, enough) => {
  const pen = Object.assign(document.createElement("canvas"), {width: 1, height: 1})
    .getContext("2d", {willReadFrequently: true});
  const rgba = colour => {
    pen.clearRect(0, 0, 1, 1);
    pen.fillStyle = colour;
    pen.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = ([r, g, b, a], under) =>
    [r, g, b].map((v, i) => v * a + under[i] * (1 - a)).concat(1);
  const behind = element => {
    const layers = [];
    for (let e = element; e; e = e.parentElement) {
      layers.unshift(rgba(getComputedStyle(e).backgroundColor));
    }
    return layers.reduce((under, layer) => over(layer, under), [255, 255, 255, 1]);
  };
  const linear = v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
  const luminance = colour => {
    const [r, g, b] = colour.map(v => linear(v / 255));
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const faint = [];
  for (const element of root.querySelectorAll("*")) {
    const says = [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim());
    const field = element instanceof HTMLInputElement && element.type === "text";
    const seen = element.checkVisibility() && element.getBoundingClientRect().width;
    if (!(says || field) || !seen) continue;
    if (element.closest("svg, .xw-live, :disabled, [aria-disabled=true]")) continue;
    const under = behind(element);
    const lights = [over(rgba(getComputedStyle(element).color), under), under].map(luminance);
    const contrast = (Math.max(...lights) + .05) / (Math.min(...lights) + .05);
    if (contrast < enough) {
      faint.push([element.className, element.textContent.slice(0, 30), contrast.toFixed(2)]);
    }
  }
  return faint;
}"""


def faint_texts(root: Locator, enough: float) -> list[Any]:
    """Return class, text and contrast of each text under ``root`` with less contrast than that."""
    found: list[Any] = root.evaluate(_FAINT, enough)
    return found
