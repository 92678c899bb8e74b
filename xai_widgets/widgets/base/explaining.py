"""The work of a viewer, free of the viewer: what the network says, and the frames that explain it.

Generators of steps for an engine's worker. They hold an engine and a picture, never a widget, so
that a widget can go while they run.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from xai_widgets.errors import ExplanationError
from xai_widgets.targets import TargetLike, class_name
from xai_widgets.widgets.base.maps import frame_of

if TYPE_CHECKING:
    from xai_widgets.attribution import Attribution
    from xai_widgets.engine import Engine
    from xai_widgets.images import Picture

# A refining map is shown this often: quick enough to look alive, far below what a host can take.
_SECONDS_BETWEEN_FRAMES = 0.1
_TOP = 5


@dataclass(frozen=True)
class Request:
    """One explanation that was asked for. `parameters` and `layer` are what the method can use."""

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
    """What is known of a network and a picture before anything is explained, as JSON."""

    prediction: dict[str, Any]
    class_names: list[str]
    layers: list[dict[str, Any]]
    methods: list[dict[str, Any]]


@dataclass(frozen=True)
class Explained:
    """A map to show: the request, its attribution, and the frame without `seq`."""

    request: Request
    attribution: Attribution
    frame: dict[str, Any]


class Ahead:
    """The final frames a browser has been sent, the latest of each method: what need not be sent
    again when a person switches to that method.
    """

    def __init__(self) -> None:
        self._frames: dict[str, tuple[Request, dict[str, Any]]] = {}

    def add(self, explained: Explained) -> None:
        self._frames[explained.request.method] = (explained.request, explained.frame)

    def clear(self) -> None:
        self._frames.clear()

    def missing(self, requests: Sequence[Request]) -> list[Request]:
        return [request for request in requests if self._frame(request) is None]

    def frames(self, requests: Sequence[Request]) -> list[dict[str, Any]]:
        return [frame for request in requests if (frame := self._frame(request)) is not None]

    def _frame(self, request: Request) -> dict[str, Any] | None:
        known, frame = self._frames.get(request.method, (None, None))
        return frame if known == request else None


def facts(engine: Engine, picture: Picture) -> Facts:
    prediction = engine.predict(picture)
    count = len(prediction.probabilities)
    reasons = engine.unavailable(picture)
    return Facts(
        prediction={"top": [asdict(score) for score in prediction.top(_TOP)]},
        class_names=[class_name(i, engine.class_names, count) for i in range(count)],
        layers=[
            {"name": layer.name, "size": list(layer.size), "channels": layer.channels}
            for layer in engine.describe_layers(picture)
        ],
        methods=[
            method.to_json() | {"unavailable": reasons.get(name)}
            for name, method in engine.methods.items()
        ],
    )


def explaining(
    engine: Engine, picture: Picture, request: Request, *, with_facts: bool = False
) -> Iterator[Facts | Explained | float]:
    """The facts, if wanted; then maps as they refine. A bare number is progress without a map."""
    if with_facts:
        yield facts(engine, picture)
    began = time.perf_counter()
    shown = float("-inf")
    with closing(_stream(engine, picture, request)) as steps:
        for progress in steps:
            now = time.perf_counter()
            if progress.fraction < 1 and now - shown < _SECONDS_BETWEEN_FRAMES:
                yield progress.fraction
                continue
            shown = now
            frame = frame_of(
                progress.attribution,
                engine.methods[request.method],
                request.parameters,
                fraction=progress.fraction,
                seconds=now - began,
            )
            yield Explained(_spelled_out(request, frame), progress.attribution, frame)


def explaining_each(
    engine: Engine, picture: Picture, requests: Sequence[Request]
) -> Iterator[Explained | None]:
    """The final map of each request. What cannot be explained is left out."""
    for request in requests:
        final = None
        try:
            for step in explaining(engine, picture, request):
                if isinstance(step, Explained):
                    final = step
                if not isinstance(step, Explained) or step.frame["partial"]:
                    yield None  # a place where the work can be stopped
        except ExplanationError:
            continue
        yield final


def frames_within(
    seconds: float, engine: Engine, picture: Picture, requests: Sequence[Request]
) -> list[dict[str, Any]]:
    """The final frames of the requests, as many as the worker makes in that time."""
    frames: list[dict[str, Any]] = []
    job = engine.worker.submit(
        object(),
        lambda: explaining_each(engine, picture, requests),
        on_step=lambda step: frames.append(step.frame) if step is not None else None,
    )
    job.wait(seconds)
    job.cancel()
    return frames


def quick_requests(
    engine: Engine,
    method: str,
    target: TargetLike,
    layer: str | None,
    overrides: Mapping[str, Any],
) -> list[Request]:
    """The same question for every method that needs no refining, `method` first."""
    names = sorted(engine.methods, key=lambda name: name != method)
    return [
        Request.of(engine, name, target, layer, overrides)
        for name in names
        if not engine.methods[name].anytime
    ]


def for_targets(request: Request, targets: Sequence[int]) -> list[Request]:
    """The same request for other classes."""
    return [replace(request, target=target) for target in targets]


def _spelled_out(request: Request, frame: Mapping[str, Any]) -> Request:
    """The request with the class and layer that None stood for."""
    target = frame["target"]["index"] if request.target is None else request.target
    return replace(request, target=target, layer=frame["layer"])


def _stream(engine: Engine, picture: Picture, request: Request) -> Any:
    return engine.stream(
        picture,
        request.method,
        target=request.target,
        layer=request.layer,
        **request.parameters,
    )
