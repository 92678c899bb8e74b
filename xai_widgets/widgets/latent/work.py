"""The work of a LatentExplorer, free of the widget: distillation, sliders, and single pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast, get_args

import numpy as np
import numpy.typing as npt
import torch
from typing_extensions import TypedDict

from xai_widgets.engine import Engine
from xai_widgets.images import Picture
from xai_widgets.progress import Progress
from xai_widgets.relabel import VAE, RelabelDistillation, RelabelExplanation
from xai_widgets.relabel.editing import Axis, Edited, Editor, axes_of
from xai_widgets.relabel.neighbours import Readout
from xai_widgets.relabel.teacher import InterruptibleVAE
from xai_widgets.targets import Target, TargetLike, class_name
from xai_widgets.widgets.base import wire as shared
from xai_widgets.widgets.base.maps import (
    class_score,
    finite,
    frame_target,
    map_of,
    picture_to_json,
    quantise,
    small_picture,
    target_of,
)
from xai_widgets.widgets.latent import wire

SLIDERS = 8
POSITIONS = 11  # of each slider, in a saved page
READOUTS: tuple[Readout, ...] = tuple(name for name in get_args(Readout) if name != "auto")
_TOP = 5
_FULL = 100_000  # bytes without meaning at most
_SMALL = 112  # pixels of a neighbour's picture
_THUMBNAIL = 56  # and of one at the end of a slider
_UNSIGNED = ("magnitude", "positive")
_NEARLY_ALL = 0.99


@dataclass(frozen=True, eq=False)
class Reconstructed:
    """The picture in latent space, and its likely classes: there before any neighbour is drawn."""

    engine: Engine
    target: Target
    editor: Editor
    likely: Sequence[int]

    def judged(self, edited: Edited, picture: shared.Picture) -> wire.JudgedPicture:
        """The picture, and what the network says of it: the classes that were likely, and the
        likeliest now.
        """
        probabilities = edited.probabilities[0]
        top = int(probabilities.argmax())
        shown = [*self.likely, *([top] if top not in self.likely else [])]
        return {
            **picture,
            "chances": [(index, round(float(probabilities[index]), 5)) for index in shown],
            "label": top,
            "label_name": _name(self.engine, top),
        }


@dataclass(frozen=True, eq=False)
class Distilled:
    """A distillation so far, and the frame that shows it, all but its `seq`."""

    explanation: RelabelExplanation
    frame: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class SliderAxes:
    """The sliders' directions, and how they are shown."""

    axes: Sequence[Axis]
    shown: Sequence[wire.SliderRow]


Result = tuple[Reconstructed, wire.Reconstruction] | Distilled | SliderAxes


def distil(
    engine: Engine, vae: VAE, picture: Picture, target: TargetLike, options: Mapping[str, Any]
) -> Iterator[Progress[Result | None]]:
    """The reconstruction, maps and neighbours as they come in, and the sliders at the end.

    `options` are those of `relabel.DistillationOptions`.
    """

    def give_way(count: int) -> None:
        """A slider that moves, which a person waits for, goes before a batch of neighbours."""
        engine.internals.worker.give_way()

    distillation = RelabelDistillation(engine, InterruptibleVAE(vae, give_way), **options)
    resolved = engine.internals.resolve_target(picture, target)
    editor = Editor(engine, vae, picture, resolved, distillation.options)
    yield Progress(0.0, reconstruct(engine, picture, resolved, editor))
    explanation: RelabelExplanation | None = None
    for step in distillation.steps(picture, resolved):
        early = explanation is None and step.fraction < 1
        explanation = step.result or explanation
        fraction = min(step.fraction, _NEARLY_ALL)
        if step.result is None:
            yield Progress(fraction, None)
            continue
        words = "" if step.fraction < 1 else "Finding the directions that matter"
        frame = _frame_of(step.result, step.fraction)
        yield Progress(fraction, Distilled(step.result, frame), words)
        if early:  # something to move already, while the rest is drawn
            yield Progress(fraction, slider_axes(engine, step.result, editor))
    assert explanation is not None
    yield Progress(1.0, slider_axes(engine, explanation, editor))


def reconstruct(
    engine: Engine, picture: Picture, target: Target, editor: Editor
) -> tuple[Reconstructed, wire.Reconstruction]:
    """The picture's reconstruction, and what the network says of either."""
    prediction = engine.predict(picture)
    probabilities = prediction.probabilities
    likely = np.argsort(-probabilities, kind="stable")[:_TOP].tolist()
    index, own = target.index, None
    if index is not None and index not in likely:
        likely[-1] = index
    if index is not None and index < len(probabilities):
        own = finite(float(probabilities[index]))
    made = Reconstructed(engine, target, editor, likely)

    def shown(edited: Edited, name: str) -> wire.JudgedPicture:
        return made.judged(edited, picture_to_json(edited.pictures[0], name))

    return made, {
        "target": frame_target(index, target.name, own, prediction.unit),
        "classes": [
            class_score(i, _name(engine, i), round(float(probabilities[i]), 5), prediction.unit)
            for i in likely
        ],
        "reconstruction": shown(editor.reconstruction(), "reconstruction"),
        "rest": shown(editor.decoded(editor.latent), "at rest"),
    }


def _name(engine: Engine, index: int) -> str:
    return class_name(index, engine.class_names, index + 1)


def _frame_of(explanation: RelabelExplanation, fraction: float) -> dict[str, Any]:
    attribution = explanation.attribution

    def packed(values: npt.ArrayLike, kind: str = "<f4") -> bytes:
        return np.ascontiguousarray(values, dtype=kind).tobytes()

    return {
        "target": target_of(attribution),
        "maps": {
            name: quantise(map_of(explanation.read(name)), signed=name not in _UNSIGNED)
            for name in READOUTS
        },
        "scores": packed(explanation.scores),
        "coordinate": packed(explanation.coordinate),
        "kept": packed(explanation.kept, "u1"),
        "probability": packed(explanation.probability),
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


def slider_axes(engine: Engine, explanation: RelabelExplanation, editor: Editor) -> SliderAxes:
    """The directions in latent space that matter most, ready to be moved along, with what is at
    their ends.
    """
    axes = axes_of(explanation, SLIDERS)
    strips = [_ends_of(engine, editor, axis, explanation.attribution.unit) for axis in axes]
    turning = explanation.counterfactual
    shown = [
        wire.SliderRow(
            name=axis.name,
            low=round(axis.low, 4),
            high=round(axis.high, 4),
            weight=finite(axis.weight),
            flip=finite(axis.flip),
            ends=strip["ends"],
            change=strip["change"],
        )
        for axis, strip in zip(axes, strips, strict=True)
    ]
    shown[0]["becomes"] = None
    if turning.flip is not None:
        turned = turning.label[turning.t >= turning.flip - 1e-9]
        if len(turned):
            shown[0]["becomes"] = _name(engine, max(int(turned[0]), 0))
    return SliderAxes(axes, shown)


class _Strip(TypedDict):
    ends: Sequence[wire.SliderEnd]
    change: wire.SliderChange


def _ends_of(engine: Engine, editor: Editor, axis: Axis, unit: shared.Unit) -> _Strip:
    latents = torch.cat(
        [editor.latent + value * axis.vector.to(editor.latent) for value in axis.ends]
    )
    edited = editor.decoded(latents)
    ends = []
    for pixels, probabilities in zip(edited.pictures, edited.probabilities, strict=True):
        top = int(probabilities.argmax())
        ends.append(
            wire.SliderEnd(
                **small_picture(pixels, _THUMBNAIL),
                label_name=_name(engine, top),
                probability=finite(float(probabilities[top])),
            )
        )
    differs = edited.probabilities[1] - edited.probabilities[0]
    most = int(np.abs(differs).argmax())
    by = round(float(np.nan_to_num(differs[most])), 5)
    return {"ends": ends, "change": {"name": _name(engine, most), "by": by, "unit": unit}}


def edited_to_json(
    rest: Reconstructed, edited: Edited, values: Sequence[float], neighbour: int, full: int = 0
) -> dict[str, Any]:
    """The `edited` trait without `run` and `answer`: a picture at these values, from that neighbour
    on (−1: the picture).

    Where the browser is on this machine, it asks for messages of so many bytes at least: then
    pixels travel as they are, since encoding and decoding them would take longer than sending them.
    """
    pixels = edited.pictures[0]
    height, width = pixels.shape[:2]
    picture: shared.Picture
    if full:
        raw = pixels.tobytes().ljust(min(full, _FULL), b"\0")
        picture = {"width": width, "height": height, "mime": "", "data": raw}
    else:
        picture = small_picture(pixels, max(width, height), 88)
    return {
        "values": [round(float(value), 5) for value in values],
        "neighbour": neighbour,
        "score": None if edited.scores is None else finite(float(edited.scores[0])),
        **rest.judged(edited, picture),
    }


def neighbour_pictures(
    explanation: RelabelExplanation, neighbours: Sequence[int]
) -> list[wire.NeighbourPicture]:
    """These neighbours as small pictures."""
    pictures = explanation.pictures(list(neighbours))
    return [
        {"neighbour": int(neighbour), **small_picture(pixels, _SMALL)}
        for neighbour, pixels in zip(neighbours, pictures, strict=True)
    ]


def saved_frames(
    rest: Reconstructed, explanation: RelabelExplanation, axes: Sequence[Axis]
) -> Iterator[Progress[wire.LatentSaved]]:
    """What a saved page can show, one a step: positions of every slider, and neighbours from the
    lowest score to the highest, fewer where pictures are large.
    """

    def frame(edited: Edited, **position: float) -> wire.LatentSaved:
        assert edited.scores is not None
        made = {
            **position,
            "score": finite(float(edited.scores[0])),
            **rest.judged(edited, small_picture(edited.pictures[0])),
        }
        return cast(wire.LatentSaved, made)

    most = 240 if explanation.reconstruction.shape[0] <= 64 else 40
    order = np.argsort(explanation.scores, kind="stable")
    neighbours = set(order[np.linspace(0, len(order) - 1, min(most, len(order))).astype(int)])
    done, total = 0, len(axes) * POSITIONS + len(neighbours)
    for number, axis in enumerate(axes):
        for value, edited in rest.editor.along(axis, POSITIONS, explanation):
            done += 1
            yield Progress(done / total, frame(edited, slider=number, value=round(value, 4)))
    for neighbour in sorted(map(int, neighbours)):
        done += 1
        edited = rest.editor.decoded(explanation.latents([neighbour]), explanation)
        yield Progress(done / total, frame(edited, neighbour=neighbour))
