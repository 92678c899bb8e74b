"""What several widgets take by keyword: how a map looks, and the parameters of the methods."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, get_args

import traitlets as t
from typing_extensions import TypedDict

from xai_widgets.attribution import Attribution
from xai_widgets.engine import Engine
from xai_widgets.errors import brief, nearest
from xai_widgets.render.colours import COLORMAPS, Blend, Interpolation, Sign, colorize, overlay
from xai_widgets.widgets.base.maps import Pixels, map_of
from xai_widgets.widgets.base.traits import Choice, Share, TraitProblem
from xai_widgets.widgets.base.widget import EngineWidget

_BLENDS = [mode for mode in get_args(Blend) if mode != "color"]  # what a browser's canvas shows too


class WidgetOptions(TypedDict, total=False):
    """Keywords of every widget, as ipywidgets understands them."""

    layout: Any
    tooltip: str | None
    tabbable: bool | None


class AppearanceOptions(TypedDict, total=False):
    """Keywords of a widget whose maps lie over a picture: see `Appearance`."""

    colormap: str
    opacity: float
    clip: float
    threshold: float
    sign: Literal["both", "positive", "negative"]
    blend: Literal["normal", "multiply", "screen", "luminosity"]
    interpolation: Interpolation


class MethodOptions(TypedDict, total=False):
    """The parameters of the methods of this library. Those of methods of your own go into
    `parameters`.
    """

    parameters: Mapping[str, Any]
    area: float
    base: Literal["saliency", "input_x_gradient", "guided_backprop"]
    baseline: Literal["zero", "black", "mean", "blur", "noise", "several"]
    centred: bool
    count: int
    distance: Literal["cosine", "l2"]
    fraction: float
    grid: int
    heads: Literal["mean", "max", "min"]
    keep: float
    penalty: float
    rate: float
    regions: Literal["slic", "grid"]
    rule: Literal["gauss_legendre", "riemann", "trapezoid"]
    samples: int
    seed: int
    shape: Literal["rectangle", "ellipse"]
    sigma: float
    steps: int
    stray: float
    stride: int
    width: float
    window: int


class MapOptions(AppearanceOptions, MethodOptions, WidgetOptions, total=False):
    """Keywords of a widget that is both `Appearance` and `Parametrised`."""


class Appearance(t.HasTraits):
    """The traits of a widget that say how its map looks over the picture.

    It is the browser that applies them; Python does so for static pictures.
    """

    colormap = Choice(
        ["auto", *COLORMAPS],
        "auto",
        help='Colours of the map; "auto" is inferno, or coolwarm where values have signs.',
    ).tag(sync=True, keyword=True)
    opacity = Share(0, 1, 0.7, help="How strongly the map lies over the picture, 0 to 1.").tag(
        sync=True, keyword=True
    )
    clip = Share(
        90, 100, 99.5, help="Percentile of the values from which on the colour is full, 90 to 100."
    ).tag(sync=True, keyword=True)
    threshold = Share(
        0, 1, 0, help="Share of the largest shown value below which nothing is shown, 0 to 1."
    ).tag(sync=True, keyword=True)
    sign = Choice(
        get_args(Sign), "both", help='Which values are shown: "both", "positive" or "negative".'
    ).tag(sync=True, keyword=True)
    blend = Choice(_BLENDS, "normal", help="How the map is laid over the picture.").tag(
        sync=True, keyword=True
    )

    interpolation = Choice(
        get_args(Interpolation),
        "smooth",
        help='How a map smaller than the picture is enlarged: "smooth", or in its own "cells".',
    ).tag(sync=True, keyword=True)

    def _overlaid(self, pixels: Pixels, attribution: Attribution, *, signed: bool) -> Pixels:
        """The map over the picture (H, W, 3), as the browser shows it."""
        return overlay(pixels, map_of(attribution), signed=signed, **self._appearance())

    def _map_alone(self, pixels: Pixels, attribution: Attribution, *, signed: bool) -> Pixels:
        """The map alone, as large as the picture (H, W, 3)."""
        look = self._appearance()
        del look["opacity"], look["blend"]
        return colorize(map_of(attribution), pixels.shape[:2], signed=signed, **look)

    def _appearance(self) -> dict[str, Any]:
        """How maps look, as keywords of `overlay`."""
        return {name: getattr(self, name) for name in Appearance.class_trait_names(keyword=True)}


class Parametrised(EngineWidget):
    """A widget that takes the keywords of its engine's methods."""

    parameters = t.Dict(
        help="Parameters of the methods by name; those left out have their defaults."
    ).tag(sync=True, keyword=True)

    _parameter_names: tuple[str, ...] = ()

    def __init__(self, engine: Engine, *positional: Any, **given: Any) -> None:
        self._check_engine(engine, *positional, *given.values())
        names = (p.name for method in engine.methods.values() for p in method.parameters)
        self._parameter_names = tuple(dict.fromkeys(names))
        own = [name for name in given if name in self._parameter_names and not self.has_trait(name)]
        parameters = {**given.get("parameters", {}), **{name: given.pop(name) for name in own}}
        super().__init__(engine, *positional, **{**given, "parameters": parameters})

    @t.validate("parameters")
    def _check_parameters(self, proposal: Any) -> dict[str, Any]:
        parameters: dict[str, Any] = proposal["value"]
        for name in parameters:
            if name not in self._parameter_names:
                names = self._parameter_names
                raise TraitProblem(
                    f"No method has a parameter {brief(name)}.{nearest(name, names)}"
                )
        return parameters

    def _keywords(self) -> Iterable[str]:
        return [*super()._keywords(), *self._parameter_names]
