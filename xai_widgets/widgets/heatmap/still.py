"""A HeatmapViewer as a still picture, for wherever its browser half does not run."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image

from xai_widgets.attribution import Attribution
from xai_widgets.render.card import Bars, Card, Cell, Cells, Column, Ramp, Words
from xai_widgets.render.colours import overlay
from xai_widgets.targets import in_words
from xai_widgets.widgets.base.maps import Pixels, map_of
from xai_widgets.widgets.base.options import Appearance
from xai_widgets.widgets.base.stills import class_bars, colour_bar, of_target
from xai_widgets.widgets.heatmap.second import Comparing, difference, ends_in_words, two_sided

_SIDE, _SIDE_OF_TWO, _ASIDE = 280, 216, 262


class HeatmapStills(Appearance, Comparing):
    """The pictures that are left of a viewer."""

    # Of the viewer.
    method: Any
    attribution: Any
    prediction: Any
    _whole: dict[str, Any]

    def _card(self, scale: float) -> Card:
        """The map over the picture, the likeliest classes, and what the colours stand for."""
        method, attribution, frame = self.engine.methods[self.method], self.attribution, self.frame
        beside = self.arrangement == "side_by_side"
        heading, words = method.title, ""
        pixels = self._picture_at((_SIDE_OF_TWO if beside else _SIDE) * scale)
        cells = [Cell(pixels)]
        blocks: list[Bars | Words | Ramp] = []
        target = None
        if self.prediction:
            target = frame.get("target")
            blocks.append(class_bars(self.prediction["top"], target, 5))
        if attribution is not None and frame:
            method = self.engine.methods[attribution.method]
            heading, words = self._of_both() if self.other_frame else (method.title, "")
            shown = self._shown_over(pixels)
            cells = [*cells, Cell(shown)] if beside else [Cell(shown)]
            blocks += [Words(frame["message"] or words or method.shows), self._bar(attribution)]
        side = pixels.shape[1] / scale
        columns = [Column(len(cells) * (side + 6) - 6, [Cells([cells], most=side)])]
        if blocks:
            columns.append(Column(_ASIDE, blocks, last_at_bottom=True))
        of_what = "" if target and target["name"] in heading else of_target(target)
        return Card(heading, of_what, columns, below=self._of_what())

    def _picture_at(self, side: float) -> Pixels:
        if not self._whole:
            return super()._picture_at(side)
        height, width = self._picture.pixels.shape[:2]
        scale = side / max(height, width)
        with Image.open(io.BytesIO(self._whole["data"])) as whole:
            left, top, across, down = self._whole["window"]
            box = (left, top, min(left + across, 1), min(top + down, 1))
            part = [share * whole.size[i % 2] for i, share in enumerate(box)]
            size = (max(round(width * scale), 1), max(round(height * scale), 1))
            sharp = whole.convert("RGB").resize(size, Image.Resampling.LANCZOS, tuple(part))
        return np.asarray(sharp)

    def _shown_over(self, pixels: Pixels) -> Pixels:
        """What the browser shows of the map, or of both: over the picture, or alone beside it."""
        attribution, second = self.attribution, self.other_attribution
        signed = self.frame["signed"]
        if self.arrangement == "side_by_side":
            return self._map_alone(pixels, attribution, signed=signed)
        if self.arrangement == "difference":
            return pixels if second is None else self._difference_over(pixels, attribution, second)
        shown = self._overlaid(pixels, attribution, signed=signed)
        if self.arrangement == "swipe":
            at = round(self.split * pixels.shape[1])
            right = pixels
            if second is not None:
                right = self._overlaid(pixels, second, signed=self.other_frame["signed"])
            shown = np.concatenate([shown[:, :at], right[:, at:]], axis=1)
            shown[:, max(at - 1, 0) : at + 1] = 255
        return shown

    def _difference_over(self, pixels: Pixels, first: Attribution, second: Attribution) -> Pixels:
        look = {**self._appearance(), "colormap": two_sided(self.colormap)}
        field = difference(first, second, clip=self.clip, interpolation=self.interpolation)
        return overlay(pixels, field, signed=True, **look)

    def _bar(self, attribution: Attribution) -> Ramp:
        """What the colours stand for."""
        look = self._appearance()
        if self.arrangement != "difference" or self.other_attribution is None:
            return colour_bar(map_of(attribution), self.frame["signed"], look)
        field = difference(
            attribution, self.other_attribution, clip=self.clip, interpolation=self.interpolation
        )
        return colour_bar(field, True, {**look, "colormap": two_sided(self.colormap)})

    def _of_both(self) -> tuple[str, str]:
        """A title and a sentence for two maps."""
        first, second = self._names()
        title = self.engine.methods[self.frame["method"]].title
        alone = title if title not in first else ""
        if self.arrangement == "difference":
            low, high = ends_in_words(self.colormap)
            sentence = f"{high.capitalize()} is more for {first}, {low} more for {second}."
            return " · ".join(filter(None, [alone, f"{first} − {second}"])), sentence
        if self.arrangement == "swipe":
            sentence = f"Left of the line {first}, right of it {second}."
            return " · ".join(filter(None, [alone, f"{first} | {second}"])), sentence
        return title, ""

    def _picture_alone(self) -> Image.Image:
        pixels = self._picture.pixels
        if self.attribution is not None and self.frame:
            shown = self._shown_over(pixels)
            beside = self.arrangement == "side_by_side"
            pixels = np.concatenate([pixels, shown], axis=1) if beside else shown
        return Image.fromarray(pixels)

    def _in_words(self) -> str:
        what = self.engine.methods[self.method].title
        if self.frame:
            target = self.frame["target"]
            share = ""
            if target["probability"] is not None:
                unit = target.get("unit", "probability")
                share = f" ({in_words(target['probability'], unit, digits=0)})"
            pair = self._of_both()[0] if self.other_frame else what
            what = f"{what} of {target['name']}{share}" if pair == what else pair
        return self._named(what)
