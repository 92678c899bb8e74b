"""A HeatmapViewer on a page, as somebody sees and uses it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Frame, Locator, Page

from tests.browser.notebook_page import checksum

PATIENCE = 120_000  # milliseconds; a method may have to run

# Whether an element has a ring around it that says where the keyboard is.
RING = """element => {
  const after = getComputedStyle(element, "::after");
  const outlined = (style) => style.outlineStyle !== "none" && style.outlineWidth !== "0px";
  return outlined(getComputedStyle(element)) || outlined(after) || after.borderTopWidth === "2px";
}"""

# The first cell of a notebook: a network small enough to answer at once, and a picture for it.
# A VAE whose latents are the mean colours of a picture's quarters; the class is the brightest one.
QUARTERS = """
import torch, xai_widgets as xw
from torch import nn
from torch.nn.functional import adaptive_avg_pool2d, interpolate

class Quarters:
    def encode(self, pixels):
        mean = adaptive_avg_pool2d(pixels, 2).flatten(1)
        return mean, torch.full_like(mean, -2.0)
    def decode(self, latents):
        return interpolate(latents.view(-1, 3, 2, 2), size=(32, 32), mode="bilinear").clamp(0, 1)

class Brightest(nn.Module):
    def forward(self, x):
        return 20 * x.mean((2, 3))

drab = torch.tensor([0.54, 0.5, 0.4]).view(1, 3, 1, 1) * torch.linspace(0.9, 1.1, 32)
drab = drab.expand(1, 3, 32, 32).contiguous()
"""
SMALL = """
import torch, xai_widgets as xw
from torch import nn

torch.manual_seed(0)
network = nn.Sequential(
    nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU(), nn.Conv2d(8, 16, 3, 2, 1), nn.ReLU(),
    nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10),
).eval()
names = ["plane", "car", "bird", "cat", "deer", "dog", "frog", "horse", "<b>ship</b>", "truck"]
engine = xw.Engine(network, preprocessing=dict(size=64, crop=64), class_names=names, name="Small")
photo = xw.demo.photo("cat")
"""
DEMO = """
import xai_widgets as xw

engine = xw.demo.engine()
photo = xw.demo.photo("cat")
"""
VIEWER = "viewer = xw.HeatmapViewer(engine, photo)\nviewer"


class Viewer:
    """The ``nth`` viewer of a page."""

    def __init__(self, page: Page | Frame, nth: int = 0) -> None:
        self.page = page
        self.root = page.locator(".xw-root").nth(nth)

    def until(self, condition: str, argument: Any = None, *, timeout: int = PATIENCE) -> None:
        """Wait until a JavaScript function of (root, argument) is true."""
        self.root.wait_for(timeout=timeout)
        handle = self.root.element_handle()
        self.page.wait_for_function(
            f"([root, argument]) => ({condition})(root, argument)",
            arg=[handle, argument],
            timeout=timeout,
        )

    def until_painted(self, method: str | None = None, target: int | None = None) -> None:
        """Wait for a complete map, of this method and target where they are given."""
        self.until(
            """(root, [method, target]) => {
              const {xwReady, xwMethod, xwTarget, xwBusy} = root.dataset;
              return xwReady !== undefined && xwBusy === undefined && xwMethod !== undefined
                && (method === null || xwMethod === method)
                && (target === null || xwTarget === String(target));
            }""",
            [method, target],
        )

    def until_changed(self, before: int | None, canvas: str = "heat") -> int:
        """Wait until a canvas shows something else than before; return its new checksum."""
        for _ in range(PATIENCE // 50):
            now = self.checksum(canvas)
            if now is not None and now != before:
                return now
            self.page.wait_for_timeout(50)
        raise AssertionError(f"the {canvas} canvas did not change")

    def checksum(self, canvas: str = "heat") -> int | None:
        """Return a number for what a canvas shows: ``picture`` or ``heat``."""
        return checksum(self.find(f'[data-xw-canvas="{canvas}"]'))

    def visible_share(self) -> float:
        """Return the share of the map's pixels that are not wholly transparent."""
        share: float = self.find('[data-xw-canvas="heat"]').evaluate(
            """canvas => {
              const {width, height} = canvas;
              const {data} = canvas.getContext("2d").getImageData(0, 0, width, height);
              let visible = 0;
              for (let i = 3; i < data.length; i += 4) visible += data[i] > 0;
              return visible / (width * height);
            }"""
        )
        return share

    def find(self, selector: str) -> Locator:
        """Return the first element of the viewer that matches."""
        return self.root.locator(selector).first

    def control(self, name: str) -> Locator:
        """Return a control by its name."""
        return self.find(f'[data-xw-control="{name}"]')

    def number(self, name: str) -> Locator:
        """Return the field beside a slider, in which its number can be typed."""
        return self.find(f'[data-xw-number="{name}"]')

    def shown(self, name: str) -> str:
        """Return what that field says, with plain spaces."""
        return self.number(name).input_value().replace("\u00a0", " ")

    def choose(self, name: str, value: str) -> None:
        """Choose a value from a picker's list."""
        self.control(name).click()
        self.find(f'.xw-popup:not([hidden]) [data-xw-value="{value}"]').click()

    def bars(self) -> Locator:
        """Return the classes' bars."""
        return self.root.locator(".xw-bar")

    def style(self, selector: str, name: str) -> str:
        """Return a computed style of an element of the viewer."""
        value: str = self.find(selector).evaluate(
            "(element, name) => getComputedStyle(element)[name]", name
        )
        return value

    def until_style(self, selector: str, name: str, value: str) -> None:
        """Wait until a computed style of an element has a value; changes of style take a moment."""
        self.until(
            """(root, [selector, name, value]) =>
              getComputedStyle(root.querySelector(selector))[name] === value""",
            [selector, name, value],
        )

    def data(self, name: str) -> str | None:
        """Return what the viewer says about itself in ``data-xw-<name>``."""
        return self.root.get_attribute(f"data-xw-{name}")

    def status(self) -> str:
        """Return the words in the footer."""
        return self.find("[data-xw-status]").inner_text().replace("\u00a0", " ")


@contextmanager
def saved_page(
    browser: Browser, file: Path, width: int = 1000, height: int = 800
) -> Iterator[Page]:
    """A saved page in a browser that is offline; any error on it, and whatever it asks for beside
    the file, fails the test.
    """
    context = browser.new_context(offline=True, viewport={"width": width, "height": height})
    try:
        page = context.new_page()
        requests: list[str] = []
        problems: list[str] = []
        page.on("request", lambda request: requests.append(request.url))
        page.on("console", lambda line: line.type == "error" and problems.append(line.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(file.as_uri())
        yield page
        assert problems == []
        assert [url for url in requests if not url.startswith(("file:", "blob:"))] == []
    finally:
        context.close()
