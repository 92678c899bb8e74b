"""Maps for an evaluation: of methods that need one pass, a block of pictures at a time."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from xai_widgets.attribution import Attribution
from xai_widgets.engine import Engine
from xai_widgets.engine.arguments import layer_name
from xai_widgets.engine.many import Batches
from xai_widgets.errors import ExplanationError
from xai_widgets.images import Picture
from xai_widgets.methods import find
from xai_widgets.targets import Target, TargetLike

SIZE = 8


class Blocks:
    """The pictures of an evaluation, and their maps by methods that explain several together.

    A block begins at a multiple of eight and is always explained as a whole, whatever is asked of
    it: rounding depends on what is run together, and an evaluation that was cut off and goes on has
    to give the same table. Only the latest block is kept.
    """

    def __init__(
        self,
        engine: Engine,
        images: Mapping[int, Any],
        goals: Mapping[int, TargetLike],
        count: int,
        together: dict[str, Batches | None] | None = None,
    ) -> None:
        """images, goals: of the pictures that are asked for, by their numbers, and of the first
        two, which teach what the others rest on; `count` is how many pictures there are in all.
        together: what other blocks of the same evaluation have learned of the methods.
        """
        self._engine, self._images, self._goals, self._count = engine, images, goals, count
        self._pictures: dict[int, Picture] = {}
        self._together: dict[str, Batches | None] = {} if together is None else together
        self._maps: dict[str, dict[int, Attribution]] = {}
        self._seconds: dict[str, float] = {}

    def picture(self, number: int) -> Picture:
        """The picture of that number, read once for each block."""
        if number not in self._pictures:
            if all(number // SIZE != other // SIZE for other in self._pictures):
                self._pictures.clear()
                self._maps.clear()
            self._pictures[number] = self._engine.picture(self._images[number])
        return self._pictures[number]

    def target(self, number: int) -> Target | None:
        """What a picture was explained for, where it has been."""
        found = (made[number].target for made in self._maps.values() if number in made)
        return next(found, None)

    def attribution(
        self, number: int, label: str, method: str, given: Mapping[str, Any]
    ) -> Attribution | None:
        """A method's map of a picture; None where it has to be explained alone."""
        picture = self.picture(number)
        if label not in self._maps:
            if label not in self._together:
                self._together[label] = self._learned(method, given)
            self._maps[label] = self._made(label, number - number % SIZE)
        made = self._maps[label].get(number)
        return made if made is not None and made.picture_digest == picture.digest.hex() else None

    def seconds(self, label: str) -> float:
        """What each map of the latest block took."""
        return self._seconds[label]

    def _made(self, label: str, first: int) -> dict[int, Attribution]:
        batches = self._together[label]
        if batches is None:
            return {}
        numbers = range(first, min(first + SIZE, self._count))
        try:
            pictures = [self.picture(number) for number in numbers]
            started = time.perf_counter()
            found = batches.explain_as_one(pictures, [self._goals[n] for n in numbers])
        except ExplanationError:  # explained alone, the picture that it is of can be named
            self._together[label] = None
            return {}
        self._seconds[label] = (time.perf_counter() - started) / len(found)
        return dict(zip(numbers, found, strict=True))

    def _learned(self, method: str, given: Mapping[str, Any]) -> Batches | None:
        """The method's batches; None where it does not explain pictures together."""
        if self._count < 2:
            return None
        parameters = dict(given)
        layer = layer_name(self._engine.model, parameters.pop("layer", None))
        card = find(method, self._engine.methods)
        try:
            pair = [self._engine.picture(image) for image in (self._images[0], self._images[1])]
            goals = [self._goals[0], self._goals[1]]
            batches = Batches(self._engine.internals, card, layer, card.resolve(parameters))
            return batches if batches.may_join(pair, goals) else None
        except ExplanationError:
            return None
