"""The work of a widget about a picture: what the network says of it, and the maps that explain it.

Steps for an engine's worker. They hold an engine and a picture, never a widget, so that a widget
can go while they run.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import Any, cast

from xai_widgets import targets
from xai_widgets.attribution import Attribution
from xai_widgets.engine import Engine
from xai_widgets.errors import ExplanationError
from xai_widgets.images import Picture
from xai_widgets.methods import Method
from xai_widgets.progress import Progress
from xai_widgets.targets import TargetLike, class_name
from xai_widgets.widgets.base.maps import class_score, frame_of
from xai_widgets.widgets.base.wire import (
    ClassScore,
    Layer,
    MapFrame,
    MethodCard,
    Network,
    Prediction,
)

# A refining map is shown this often: quick enough to look alive, far below what a host can take.
_SECONDS_BETWEEN_FRAMES = 0.1
_TOP = 5


@dataclass(frozen=True)
class Request:
    """One explanation to be made. `parameters` and `layer` are what the method can use."""

    method: str
    target: TargetLike
    layer: str | None
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        engine: Engine,
        method: str,
        target: TargetLike,
        layer: str | None,
        parameters: Mapping[str, Any],
    ) -> Request:
        """The request without the layer and parameters that belong to other methods."""
        card = engine.methods[method]
        own = {p.name: parameters[p.name] for p in card.parameters if p.name in parameters}
        return cls(method, target, layer if card.takes_layer else None, own)


@dataclass(frozen=True)
class Facts:
    """What a network says of a picture before anything is explained: traits of the same names."""

    prediction: Prediction
    network: Network
    class_names: list[str]
    layers: list[Layer]
    cards: list[MethodCard]


@dataclass(frozen=True)
class Explained:
    """A map to show: the request, its attribution, and the frame without `seq`."""

    request: Request
    attribution: Attribution
    frame: MapFrame


def card_json(engine: Engine, name: str, unavailable: str | None = None) -> MethodCard:
    """The card of a method as the browser receives it: only what is shown."""
    card = engine.methods[name].to_json() | {"unavailable": unavailable}
    return cast(MethodCard, {key: card[key] for key in MethodCard.__annotations__})


def top_of(prediction: targets.Prediction) -> list[ClassScore]:
    """The most probable classes."""
    return [
        class_score(score.index, score.name, score.probability, prediction.unit)
        for score in prediction.top(_TOP)
    ]


def network_of(engine: Engine, picture: Picture, warnings: Sequence[str] = ()) -> Network:
    """The network, and what has to be known of its numbers."""
    network: Network = {"name": engine.name, "input": list(picture.input.shape[-2:])}
    shown = f"The picture shows {picture.shows}." if picture.shows else ""
    note = " ".join(filter(None, [*warnings, shown, engine.internals.preprocessor.note]))
    return {**network, "note": note} if note else network


def facts(engine: Engine, picture: Picture) -> Facts:
    prediction = engine.predict(picture)
    count = len(prediction.probabilities)
    reasons = engine.internals.unavailable(picture)
    return Facts(
        prediction={"top": top_of(prediction)},
        network=network_of(engine, picture, prediction.warnings),
        class_names=[class_name(i, engine.class_names, count) for i in range(count)],
        layers=[
            cast(Layer, asdict(layer) | {"size": list(layer.size)})
            for layer in engine.internals.describe_layers(picture)
        ],
        cards=[card_json(engine, name, reasons.get(name)) for name in engine.methods],
    )


def explanation(
    engine: Engine, picture: Picture, request: Request
) -> Iterator[Progress[Explained | None]]:
    """The map as it refines; steps without a map come in between."""
    began = time.perf_counter()
    shown = float("-inf")
    stream: Any = engine.stream(
        picture, request.method, target=request.target, layer=request.layer, **request.parameters
    )
    with closing(stream) as steps:
        for step in steps:
            now = time.perf_counter()
            if step.fraction < 1 and now - shown < _SECONDS_BETWEEN_FRAMES:
                yield Progress(step.fraction, None)
                continue
            shown = now
            frame = frame_of(
                step.attribution,
                engine.methods[request.method],
                request.parameters,
                fraction=step.fraction,
                seconds=max(now - began, step.attribution.seconds or 0.0),  # it may be kept
            )
            # The request with the class and layer that None stood for.
            target = frame["target"]["index"] if request.target is None else request.target
            made = replace(request, target=target, layer=frame["layer"])
            yield Progress(step.fraction, Explained(made, step.attribution, frame))


@contextmanager
def passed_over(card: Method) -> Iterator[None]:
    """What a method cannot do is passed over, and so is any fault in one of the user's own: what is
    done inside, nobody has asked of this method by itself.
    """
    try:
        yield
    except Exception as problem:
        if not (isinstance(problem, ExplanationError) or card.family == "Own"):
            raise


def explanations(
    engine: Engine, picture: Picture, requests: Sequence[Request]
) -> Iterator[Progress[Explained | None]]:
    """The final map of each request. One that cannot be explained, or whose method is the user's
    own and fails, is left out: nobody has asked for it by itself.
    """
    for number, request in enumerate(requests):
        title = engine.methods[request.method].title
        with passed_over(engine.methods[request.method]):
            for step in explanation(engine, picture, request):
                final = step.result if step.fraction >= 1 else None
                yield Progress((number + step.fraction) / len(requests), final, title)
