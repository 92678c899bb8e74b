"""What a person may ask a GradientComparison: which picture, class, methods, and how much noise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import traitlets as t

from xai_widgets.widgets.base.options import Parametrised
from xai_widgets.widgets.base.traits import (
    Share,
    TraitProblem,
    WholeNumber,
    as_trait_problem,
    several_of,
)
from xai_widgets.widgets.comparison.answers import Asked
from xai_widgets.widgets.comparison.networks import Row

_MOST_NOISE = 0.5


class Asking(Parametrised):
    """A widget that is asked about one of several pictures, for all of its networks."""

    methods: t.List[str] = t.List().tag(sync=True, keyword=True)
    target = t.Any(None, allow_none=True).tag(sync=True, keyword=True)
    own = t.Bool(False).tag(sync=True, keyword=True)
    place = t.Int(0).tag(sync=True, keyword=True)
    noise = Share(0, _MOST_NOISE, 0).tag(sync=True, keyword=True)
    seed = WholeNumber(0, 9999, 0).tag(keyword=True)
    pair: t.List[Any] = t.List().tag(sync=True, keyword=True)

    _rows: Sequence[Row] = ()
    _images: Sequence[Any] = ()

    @t.validate("image")
    def _check_image(self, proposal: Any) -> Any:
        image = proposal["value"]
        if self._loaded[0] is not image:
            with as_trait_problem():
                several = listed(image)
                self._loaded = (image, [self.engine.picture(each) for each in several])
                self._images = several
        return image

    @t.validate("methods")
    def _check_methods(self, proposal: Any) -> list[str]:
        return several_of("methods", proposal["value"], self.engine.methods)

    @t.validate("target")
    def _check_target(self, proposal: Any) -> int | None:
        target = proposal["value"]
        if target is None:
            return None
        if callable(target):
            raise TraitProblem("target is a function; expected a class, which all networks have.")
        with as_trait_problem():
            return self.engine.resolve_target(self._loaded[1][0], target).index

    @t.validate("place")
    def _check_place(self, proposal: Any) -> int:
        place: int = proposal["value"]
        if not 0 <= place < len(self._images):
            raise TraitProblem(f"place is {place}; expected 0 to {len(self._images) - 1}.")
        return place

    @t.validate("pair")
    def _check_pair(self, proposal: Any) -> list[Any]:
        pair: list[tuple[int, str]] = [(int(row), str(name)) for row, name in proposal["value"]]
        if len(pair) > 2 or any(not 0 <= row < len(self._rows) for row, _ in pair):
            raise TraitProblem(f"pair is {pair}; expected two cells [row, method].")
        return [list(each) for each in pair]

    @property
    def _asked_for(self) -> Asked:
        return Asked(self.place, self.target, self.own, round(self.noise, 3), self.seed)


def listed(image: Any) -> list[Any]:
    """The pictures that are meant. Raises TraitProblem for none."""
    found = list(image) if isinstance(image, (list, tuple)) else [image]
    if not found:
        raise TraitProblem("image is an empty list; expected a picture or more.")
    return found
