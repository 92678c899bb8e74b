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

from xai_widgets.engine import Engine
from xai_widgets.engine.cautions import cautions
from xai_widgets.errors import ExplanationError
from xai_widgets.images import Picture
from xai_widgets.methods import Method, find
from xai_widgets.probe.guard import ordinary_modes
from xai_widgets.probe.partial import Needs
from xai_widgets.probe.trace import Trace
from xai_widgets.render import resize
from xai_widgets.targets import Target, joint

__all__ = ["Observation", "Observer", "TargetRule"]

Floats = npt.NDArray[np.float32]
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
        self._sizes: dict[tuple[int, ...], int] = {}
        if layer is not None and not self._card.takes_layer:
            raise ExplanationError(
                f"{self._card.name} explains the picture itself and takes no layer; "
                f"got layer={layer!r}"
            )

    @property
    def _joined(self) -> bool:
        """Whether the method reads one recorded pass, so that each picture may have its own target
        in one batch.
        """
        return self._card.family in ("CAM", "Gradient") and " per " not in self._card.cost

    @property
    def _needs(self) -> Needs:
        """What is read of a pass; features are of a layer also where the method needs none."""
        needs = self.engine.internals.needs(self._card, self._parameters)
        return "layer" if needs == "layer" else "everything"

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
            size = self._batch_size(shape, pictures[members[0]])
            for start in range(0, len(members), size):
                batch = members[start : start + size]
                seen = self._observe([pictures[i] for i in batch], [labels[i] for i in batch])
                yield from zip(batch, seen, strict=True)

    def _batch_size(self, shape: tuple[int, ...], picture: Picture) -> int:
        if shape not in self._sizes:
            self._sizes[shape] = self._learned_size(picture)
        return self._sizes[shape]

    def _learned_size(self, picture: Picture) -> int:
        """How many pictures like this to observe together. A whole pass of two teaches what later
        passes, recorded in part, rest on; of more it would take much memory and teach no more.
        """
        internals = self.engine.internals
        with ordinary_modes(), internals.network.held(internals.network.state()):
            if internals.network.batch_problem(picture.input):
                return 1
            trace = internals.joint_trace([picture, picture])
            if not trace.joins:
                return 1
            if self._card.takes_layer:
                trace.map(internals.resolve_layer(trace, self.layer))
            return internals.network.best_batch(trace.input, backward=self._needs != "layer")

    def _observe(self, pictures: list[Picture], labels: list[int]) -> list[Observation]:
        internals = self.engine.internals
        network = internals.network
        with ordinary_modes(), network.held(network.state()):
            trace = internals.joint_trace(pictures, needs=self._needs, layer=self.layer)
            logits, probabilities = _both(trace)
            # Of one logit an even chance is the second class, as `Prediction` has it.
            single = trace.logits.shape[1] == 1
            predictions = probabilities[:, 1] >= 0.5 if single else probabilities.argmax(1)
            classes = [
                self._own(int(p), label) for p, label in zip(predictions, labels, strict=True)
            ]
            targets = [target_of(index, trace) for index in classes]
            takes_layer = self._card.takes_layer
            layer = internals.resolve_layer(trace, self.layer) if takes_layer else None
            if self._joined:
                target = joint(targets)
                values, said = self._together(trace, target, layer)
                scores = trace.score(target).float().tolist()
            else:
                values, said, scores = self._one_by_one(pictures, targets)
            features, attributed = self._features(trace, layer, values)
        return [
            Observation(
                logits[i],
                probabilities[i],
                int(predictions[i]),
                classes[i],
                float(scores[i]),
                features[i],
                attributed[i],
                values[i],
                (*pictures[i].warnings, *said[i]),
            )
            for i in range(len(pictures))
        ]

    def _own(self, prediction: int, label: int) -> int:
        """The class that is explained of a picture."""
        if isinstance(self.target, int):
            return self.target
        return label if self.target == "label" and label >= 0 else prediction

    def _together(
        self, trace: Trace, target: Target, layer: str | None
    ) -> tuple[list[Floats], list[tuple[str, ...]]]:
        *_, step = self._card.run(trace, target, layer, self._parameters)
        tensor = step.result.tensor.detach()
        said = cautions(trace, self._card, target, layer, tensor, step.result.warnings)
        space = self._card.space
        return [_pooled(_plain(value), space) for value in tensor.float().cpu()], said

    def _one_by_one(
        self, pictures: list[Picture], targets: list[Target]
    ) -> tuple[list[Floats], list[tuple[str, ...]], list[float]]:
        made = [
            self.engine.explain(
                picture,
                self._card.name,
                target=target,
                layer=self.layer,
                **self._parameters,
            )
            for picture, target in zip(pictures, targets, strict=True)
        ]
        values = [_pooled(a.grid(), self._card.space) for a in made]
        return values, [a.warnings for a in made], [a.score for a in made]

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


def _plain(values: Tensor) -> Floats:
    """A map (C, H, W) or (h, w) as (h, w), channels summed."""
    array = values.numpy()
    return np.asarray(array.sum(0) if array.ndim == 3 else array, dtype=np.float32)


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
