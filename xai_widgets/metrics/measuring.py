"""All measures of all methods on one picture."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import torch

from xai_widgets.attribution import Attribution
from xai_widgets.engine import Engine
from xai_widgets.errors import ExplanationError
from xai_widgets.images import Picture
from xai_widgets.metrics.blocks import Blocks
from xai_widgets.metrics.fidelity import Memo, once
from xai_widgets.metrics.registry import Measure
from xai_widgets.metrics.relevance import explained, random_map
from xai_widgets.metrics.requests import Request, name_of
from xai_widgets.targets import Target, TargetLike

__all__ = ["PictureMeasures", "engine_word", "weights_digest"]

_FORMAT = 1  # of the keys


@dataclass
class PictureMeasures:
    """All measures of all methods on one picture; what they share is computed once."""

    engine: Engine
    blocks: Blocks
    number: int
    goal: TargetLike
    mask: Any
    seed: int
    network: str
    memo: Memo = field(default_factory=dict)
    _said: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    _seconds: dict[str, float] = field(default_factory=dict)

    @property
    def picture(self) -> Picture:
        """The picture that is measured."""
        return self.blocks.picture(self.number)

    def key(self, method: Request, measure: Request) -> str:
        """What a value is found again by, of all that it depends on."""
        outline = None
        if measure.what.of == "mask":
            outline = _digest(np.asarray(self.mask).tobytes())
        picture, goal = self.picture.digest.hex(), _words(self.goal)
        context = [_FORMAT, self.network, picture, goal, outline, self.seed, *_reading(self.engine)]
        return _digest(json.dumps([*context, method.key, measure.key]).encode())

    def entry(self, method: Request, measure: Request) -> dict[str, Any]:
        """The measure's value, the name of the target it was taken for, and what was said of the
        map and the measure.
        """
        with self._naming(f"{measure.label} of {method.label}"):
            target = self._target(method, measure.what.of != "method")
            value = self._taken(method, measure, target)
        said = [
            *self._said.get((method.label, ""), ()),
            *self._said.get((method.label, measure.label), ()),
        ]
        found: dict[str, Any] = {"value": value, "target": target.name}
        return {**found, "warnings": said} if said else found

    def seconds(self, method: Request) -> float | None:
        """What the method's map took; None where it was not made."""
        return self._seconds.get(method.label)

    def attribution(self, method: Request) -> Attribution:
        """The method's map."""
        with self._naming(method.label):
            return self._map(method, self._target(method, True))

    @contextmanager
    def _naming(self, what: str) -> Iterator[None]:
        try:
            yield
        except ExplanationError as error:
            raise ExplanationError(f"{what} on {self.picture.name!r}: {error}") from error

    def _target(self, method: Request, wants_map: bool) -> Target:
        """What is explained of the picture; a map that is made together with those of others is
        made first, since its pass tells.
        """
        if wants_map:
            self._together(method)
        target = self.blocks.target(self.number)
        if target is None:
            target = self.engine.internals.resolve_target(self.picture, self.goal)
        return target

    def _together(self, method: Request) -> Attribution | None:
        """The method's map, where it is made together with those of other pictures."""
        if callable(method.what) or method.what == "random":
            return None
        return self.blocks.attribution(self.number, method.label, method.what, method.parameters)

    def _map(self, method: Request, target: Target) -> Attribution:
        attribution = self._together(method)
        if attribution is None:

            def made() -> Attribution:
                started = time.perf_counter()
                found = _explain(self.engine, self.picture, target, method=method, seed=self.seed)
                self._seconds[method.label] = time.perf_counter() - started
                return found

            attribution = once(self.memo, ("explanation", method.label), made)
        else:
            self._seconds[method.label] = self.blocks.seconds(method.label)
        self._said[method.label, ""] = attribution.warnings
        return attribution

    def _taken(self, method: Request, measure: Request, target: Target) -> float:
        card: Measure = measure.what
        # A seed for this measure and picture, whatever the order in which values are taken.
        words = [self.seed, self.picture.digest.hex(), measure.name]
        drawn = int(_digest(json.dumps(words).encode())[:12], 16)
        given = {"seed": drawn, "memo": self.memo, "target": target}
        keywords = {name: value for name, value in given.items() if card.takes(name)}
        keywords |= measure.parameters
        subjects: tuple[Any, ...]
        if card.of == "method":
            subjects = (
                self.engine,
                self.picture,
                partial(_explain, method=method, seed=self.seed),
            )
        else:
            attribution = self._map(method, target)
            subjects = {
                "map": (self.engine, self.picture, attribution),
                "mask": (attribution, self.mask),
                "values": (attribution,),
            }[card.of]
        found = card.function(*subjects, **keywords)
        self._said[method.label, measure.label] = tuple(getattr(found, "warnings", ()))
        return card.read(found)


def _explain(
    engine: Engine, picture: Picture, target: Target, *, method: Request, seed: int
) -> Attribution:
    if method.what == "random":
        return random_map(picture, target, seed)
    parameters = dict(method.parameters)
    layer = parameters.pop("layer", None)
    return explained(engine, picture, method.what, target, layer, parameters)


def _reading(engine: Engine) -> list[Any]:
    """The engine's layer, and its choices of how the network's output is read, where it has any."""
    found: list[Any] = [engine.layer]
    options = engine.internals.readout.options().values()
    if any(option is not None for option in options):
        found += [name_of(option) if callable(option) else repr(option) for option in options]
    return found


def engine_word(engine: Engine, network: str) -> str:
    """A word for all of an engine that values depend on, but for its preprocessing; `network` is
    the digest of its weights.
    """
    return _digest(json.dumps([network, *_reading(engine)]).encode())


def _words(goal: TargetLike) -> str:
    """A target in words that are the same in the next process."""
    if isinstance(goal, Target):
        return f"{goal.index} {goal.name}"
    return name_of(goal) if callable(goal) else repr(goal)


def weights_digest(engine: Engine) -> str:
    """Tells a network from others, by its parameters and buffers."""
    digest = hashlib.blake2b(digest_size=16)
    for name, value in engine.model.state_dict().items():
        if isinstance(value, torch.Tensor):
            digest.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
            digest.update(value.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()
