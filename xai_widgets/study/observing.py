"""What the network says of pictures, all at once: scores, features, maps.

The one place where a study meets the engine. `observe` takes pictures and gives an `Observation` of
each; everything else of a run is files and bookkeeping.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from xai_widgets.attribution import Attribution
from xai_widgets.engine import Engine
from xai_widgets.engine.many import Batches
from xai_widgets.errors import ExplanationError
from xai_widgets.images import Picture
from xai_widgets.methods import Method, find
from xai_widgets.probe.guard import ordinary_modes
from xai_widgets.probe.trace import Trace
from xai_widgets.render import resize
from xai_widgets.targets import Target

__all__ = ["Observation", "Observer", "TargetRule"]

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
# "prediction", "label", or one class for all.
TargetRule = str | int
MAP_SIDE = 32  # methods of the input space are pooled to so many positions a side, at most


@dataclass(frozen=True, eq=False)
class Observation:
    """What the network says of one picture.

    logits, probabilities: (C,). prediction: the class. score: what was explained of class
    ``target``. features: the layer's map, its mean over positions (K,); attributed: the same,
    positions weighted by the positive part of the map. map: (h, w), raw.
    """

    logits: Floats
    probabilities: Floats
    prediction: int
    target: int
    score: float
    features: Floats
    attributed: Floats
    map: Floats
    warnings: tuple[str, ...] = field(default=())


class Observer:
    """An engine bound to a method, its parameters and a rule for targets."""

    def __init__(
        self,
        engine: Engine,
        method: str,
        target: TargetRule,
        layer: str | None,
        parameters: Mapping[str, Any],
    ) -> None:
        self.engine = engine
        self.target = target
        self.layer = layer
        self._card: Method = find(method, engine.methods)
        self._parameters = self._card.resolve(dict(parameters))
        self._learned: set[tuple[int, ...]] = set()
        self._predicted: tuple[Trace, Ints] | None = None
        if layer is not None and not self._card.takes_layer:
            raise ExplanationError(
                f"{self._card.name} explains the picture itself and takes no layer; "
                f"got layer={layer!r}"
            )

        # Features are of a layer also where the method needs none.
        needs = engine.internals.needs(self._card, self._parameters)
        self._batches = Batches(
            engine.internals,
            self._card,
            layer,
            self._parameters,
            needs="layer" if needs == "layer" else "everything",
            resolve=self._target,
        )

    def observe(
        self, pictures: Sequence[Picture], labels: Sequence[int]
    ) -> Iterator[tuple[int, Observation]]:
        """An observation of each picture, with its place; in an order that depends on the pictures
        alone. ``labels`` are classes, -1 where there is none.
        """
        groups: dict[tuple[int, ...], list[int]] = {}
        for place, picture in enumerate(pictures):
            groups.setdefault(tuple(picture.input.shape), []).append(place)
        for shape, members in groups.items():
            if shape not in self._learned:
                # Twice one picture: batches are the same whichever of the rows come first.
                one = members[0]
                self._batches.may_join([pictures[one]] * 2, [labels[one]] * 2)
                self._learned.add(shape)
            places = iter(members)
            for trace, found in self._batches.passes((pictures[i], labels[i]) for i in members):
                of_pass = [next(places) for _ in found]
                seen = self._observations(trace, found, [labels[i] for i in of_pass])
                del trace  # it is let go of before the next one runs
                yield from zip(of_pass, seen, strict=True)

    def _observations(
        self, trace: Trace, found: Sequence[Attribution], labels: Sequence[int]
    ) -> list[Observation]:
        with ordinary_modes():
            logits, probabilities = _both(trace)
            predictions = self._predictions(trace)
            values = [_pooled(one.grid(), self._card.space) for one in found]
            features, attributed = self._features(trace, found[0].layer, values)
        self._predicted = None
        return [
            Observation(
                logits[i],
                probabilities[i],
                int(predictions[i]),
                self._own(int(predictions[i]), labels[i]),
                found[i].score,
                features[i],
                attributed[i],
                values[i],
                found[i].warnings,
            )
            for i in range(len(found))
        ]

    def _predictions(self, trace: Trace) -> Ints:
        """The predicted class of each picture of a pass."""
        known = self._predicted  # other threads observe too
        if known is None or known[0] is not trace:
            _, probabilities = _both(trace)
            # Of one logit an even chance is the second class, as `Prediction` has it.
            single = trace.logits.shape[1] == 1
            classes = probabilities[:, 1] >= 0.5 if single else probabilities.argmax(1)
            known = self._predicted = trace, classes.astype(np.int64)
        return known[1]

    def _target(self, label: Any, trace: Trace, place: int) -> Target:
        """What is explained of a picture, by the rule."""
        return target_of(self._own(int(self._predictions(trace)[place]), label), trace)

    def _own(self, prediction: int, label: int) -> int:
        """The class that is explained of a picture."""
        if isinstance(self.target, int):
            return self.target
        return label if self.target == "label" and label >= 0 else prediction

    def _features(
        self, trace: Trace, layer: str | None, values: list[Floats]
    ) -> tuple[Floats, Floats]:
        """The mean of the layer's map over positions, plain and weighted, (N, K) both; the logits
        where no layer has a map.
        """
        name = layer or self.layer or (trace.layers[0].name if trace.layers else None)
        if name is None:
            logits = trace.logits.float().cpu().numpy()
            return logits, logits
        activation = trace.activation(name).detach().float().cpu()
        features = activation.mean(dim=(2, 3))
        size = activation.shape[-2:]
        weights = torch.stack([torch.from_numpy(resize(v, size)) for v in values]).clamp_min(0)
        total = weights.sum(dim=(1, 2)).clamp_min(torch.finfo(torch.float32).tiny)
        attributed = torch.einsum("nkhw,nhw->nk", activation, weights) / total[:, None]
        return features.numpy(), attributed.numpy()


def target_of(index: int, trace: Trace) -> Target:
    """A class as a target. A network of one logit answers "is it the second?": its first class has
    that logit times −1.
    """
    readout = trace.network.readout
    if trace.logits.shape[1] > 1:
        return readout.resolve(index, trace.output, len(trace.input))
    second = readout.resolve(0, trace.output, len(trace.input))
    if index == 1:
        return second

    def score(output: Any) -> Tensor:
        return -readout.logits(output)[:, 0]

    return Target(None, f"not {second.name}", score)


def _both(trace: Trace) -> tuple[Floats, Floats]:
    """Logits and probabilities (N, C), C at least 2."""
    logits = trace.logits.float().cpu().numpy()
    probabilities = trace.probabilities.float().cpu().numpy()
    if trace.unit != "probability":
        raise ExplanationError(
            'the network gives numbers, not classes (activation="identity"); a study is of '
            "classifiers"
        )
    if logits.shape[1] == 1:
        logits = np.concatenate([np.zeros_like(logits), logits], axis=1)
        probabilities = np.concatenate([1 - probabilities, probabilities], axis=1)
    return logits, probabilities


def _pooled(values: Floats, space: str) -> Floats:
    """A map of the input space as sums over at most 32 x 32 rectangles; a layer's map as it is."""
    if space == "layer":
        return values
    for axis in (0, 1):
        cells = min(values.shape[axis], MAP_SIDE)
        edges = np.linspace(0, values.shape[axis], cells + 1).round().astype(int)[:-1]
        values = np.add.reduceat(values, edges, axis=axis)
    return np.asarray(values, dtype=np.float32)


Observe = Callable[[Sequence[Picture], Sequence[int]], Iterator["tuple[int, Observation]"]]
