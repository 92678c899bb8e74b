"""The work of a LatentExplorer, free of the explorer: distilling, the sliders, and single pictures.

Generators of steps for an engine's worker, and what they give as the browser receives it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import numpy.typing as npt

from xai_widgets.relabel import RelabelDistillation, RelabelExplanation
from xai_widgets.relabel.editing import Axis, Edited, Editor, axes_of
from xai_widgets.relabel.neighbours import Readout
from xai_widgets.relabel.teacher import InterruptibleVAE
from xai_widgets.targets import Target, class_name
from xai_widgets.widgets.base.maps import finite, quantise
from xai_widgets.widgets.base.photos import map_of, picture_to_json, small_picture

if TYPE_CHECKING:
    from xai_widgets.engine import Engine
    from xai_widgets.images import Picture
    from xai_widgets.relabel import VAE
    from xai_widgets.targets import TargetLike

SLIDERS = 8
READOUTS: tuple[Readout, ...] = tuple(name for name in get_args(Readout) if name != "auto")
_TOP = 5
_FULL = 100_000  # bytes without meaning at most
_SMALL = 112  # pixels of a neighbour's picture
_UNSIGNED = ("magnitude", "positive")


@dataclass(frozen=True)
class Asked:
    """What an explorer's traits ask for; `options` are those of `relabel.DistillationOptions`."""

    target: TargetLike
    options: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Opening:
    """What is known before the first neighbour is drawn."""

    target: Target
    editor: Editor
    facts: dict[str, Any]


@dataclass(frozen=True, eq=False)
class Found:
    """What a distillation says so far, and the frame that shows it, all but its `seq`."""

    explanation: RelabelExplanation
    frame: dict[str, Any]


@dataclass(frozen=True, eq=False)
class Sliders:
    """The sliders, and what stands at either end of each."""

    axes: Sequence[Axis]
    shown: list[dict[str, Any]]


Step = Opening | Found | Sliders


def distilling(
    engine: Engine,
    vae: VAE,
    picture: Picture,
    asked: Asked,
    decoded: Callable[[int], None],
) -> Iterator[Step]:
    """The reconstruction, maps and neighbours as they come in, and the sliders at the end.

    `decoded` is told of every batch of pictures while it is made.
    """
    paused = pausing(engine, vae, decoded)
    distillation = RelabelDistillation(engine, paused, **asked.options)
    target = engine.resolve_target(picture, asked.target)
    yield opening(engine, vae, picture, target, distillation)
    found = None
    for progress in distillation.stream(picture, asked.target):
        explanation = progress.result
        early = found is None and progress.fraction < 1
        found = Found(explanation, _frame_of(explanation, progress.fraction))
        yield found
        if early:  # something to move already, while the rest is drawn
            yield sliders(engine, explanation)
    assert found is not None
    yield sliders(engine, found.explanation)


def pausing(engine: Engine, vae: VAE, decoded: Callable[[int], None]) -> InterruptibleVAE:
    """The VAE, which lets what a person waits for go first before it decodes."""

    def pause(count: int) -> None:
        if engine.worker.give_way():
            decoded(count)

    return InterruptibleVAE(vae, pause)


def opening(
    engine: Engine,
    vae: VAE,
    picture: Picture,
    target: Target,
    distillation: RelabelDistillation,
) -> Opening:
    """The picture's reconstruction, and what the network says of either."""
    editor = Editor(engine, vae, picture, target, distillation.options)
    reconstruction, rest = editor.reconstruction(), editor.decoded(editor.latent)
    prediction = engine.predict(picture).probabilities
    likely = np.argsort(-prediction, kind="stable")[:_TOP].tolist()
    if target.index is not None and target.index not in likely:
        likely[-1] = target.index
    facts = {
        "target": {
            "index": target.index,
            "name": target.name,
            "probability": finite(_of(prediction, target.index)),
        },
        "classes": [
            {
                "index": index,
                "name": _name(engine, index),
                "probability": round(float(prediction[index]), 5),
            }
            for index in likely
        ],
        "reconstruction": picture_to_json(reconstruction.pictures[0], "reconstruction")
        | said(engine, reconstruction.probabilities[0], likely),
        "rest": picture_to_json(rest.pictures[0], "at rest")
        | said(engine, rest.probabilities[0], likely),
    }
    return Opening(target, editor, facts)


def _of(probabilities: npt.NDArray[np.float32], index: int | None) -> float | None:
    return None if index is None or index >= len(probabilities) else float(probabilities[index])


def _name(engine: Engine, index: int) -> str:
    return class_name(index, engine.class_names, index + 1)


def said(
    engine: Engine, probabilities: npt.NDArray[np.float32], likely: Sequence[int]
) -> dict[str, Any]:
    """What the network says of a picture: the classes that were likely, and the likeliest now."""
    top = int(probabilities.argmax())
    shown = [*likely, *([top] if top not in likely else [])]
    return {
        "chances": [[index, round(float(probabilities[index]), 5)] for index in shown],
        "label": top,
        "label_name": _name(engine, top),
    }


def _frame_of(explanation: RelabelExplanation, fraction: float) -> dict[str, Any]:
    attribution = explanation.attribution
    return {
        "target": {
            "index": attribution.target.index,
            "name": attribution.target.name,
            "probability": finite(attribution.probability),
            "score": finite(attribution.score),
        },
        "maps": {
            name: quantise(map_of(explanation.read(name)), signed=name not in _UNSIGNED).to_json()
            for name in READOUTS
        },
        "scores": np.ascontiguousarray(explanation.scores, dtype="<f4").tobytes(),
        "coordinate": np.ascontiguousarray(explanation.coordinate, dtype="<f4").tobytes(),
        "kept": np.ascontiguousarray(explanation.kept, dtype=np.uint8).tobytes(),
        "probability": np.ascontiguousarray(explanation.probability, dtype="<f4").tobytes(),
        "count": len(explanation.scores),
        "sentence": explanation.sentence,
        "warnings": list(explanation.warnings),
        "fidelity": finite(explanation.fidelity),
        "kept_share": finite(explanation.kept_share),
        "scale": finite(explanation.scale),
        "error": finite(explanation.reconstruction_error),
        "keeps_label": explanation.reconstruction_keeps_label,
        "partial": fraction < 1,
        "fraction": fraction,
        "seconds": round(attribution.seconds, 4),
    }


def sliders(engine: Engine, explanation: RelabelExplanation) -> Sliders:
    """The ways through latent space that matter most, ready to be moved along."""
    axes = axes_of(explanation, SLIDERS)
    turning = explanation.counterfactual
    shown = [
        {
            "name": axis.name,
            "low": round(axis.low, 4),
            "high": round(axis.high, 4),
            "weight": finite(axis.weight),
            "flip": finite(axis.flip),
        }
        for axis in axes
    ]
    shown[0]["becomes"] = None
    if turning.flip is not None:
        turned = turning.label[turning.t >= turning.flip - 1e-9]
        if len(turned):
            shown[0]["becomes"] = _name(engine, max(int(turned[0]), 0))
    return Sliders(axes, shown)


def edited_to_json(
    engine: Engine,
    edited: Edited,
    likely: Sequence[int],
    values: Sequence[float],
    place: int,
    full: int = 0,
) -> dict[str, Any]:
    """The `edited` trait: a picture at these values from that neighbour on (−1: the picture).

    Where the browser is on this machine, it asks for messages of so many bytes at least: then
    pixels travel as they are, since encoding and decoding them would take longer than sending them.
    """
    pixels = edited.pictures[0]
    height, width = pixels.shape[:2]
    if full:
        raw = pixels.tobytes().ljust(min(full, _FULL), b"\0")
        picture = {"width": width, "height": height, "mime": "", "data": raw}
    else:
        picture = small_picture(pixels, max(width, height), 88)
    return {
        "values": [round(float(value), 5) for value in values],
        "place": place,
        **picture,
        "score": None if edited.scores is None else finite(float(edited.scores[0])),
        **said(engine, edited.probabilities[0], likely),
    }


def neighbour_pictures(
    explanation: RelabelExplanation, places: Sequence[int]
) -> list[dict[str, Any]]:
    """The neighbours at these places as small pictures."""
    made = explanation.pictures(list(places))
    return [
        {"place": int(place), **small_picture(pixels, _SMALL)}
        for place, pixels in zip(places, made, strict=True)
    ]
