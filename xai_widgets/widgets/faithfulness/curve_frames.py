"""Curves and sanity checks as the browser receives them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from xai_widgets.metrics import Control, Faithfulness, Randomization
from xai_widgets.targets import class_name
from xai_widgets.widgets.base.maps import finite, quantise
from xai_widgets.widgets.base.photos import map_of
from xai_widgets.widgets.faithfulness.work import Checked, Opening

if TYPE_CHECKING:
    from xai_widgets.engine import Engine

Kind = Literal["insertion", "deletion"]
KINDS: tuple[Kind, ...] = ("insertion", "deletion")
_SHOWN = 4  # classes at each point: three, and the target where it is not among them


def frame_of_curves(
    engine: Engine, opening: Opening, curves: Mapping[str, Faithfulness | Control]
) -> dict[str, Any]:
    """The `frame` of a FaithfulnessViewer, all but its `seq`.

    Each pixel travels as the point (1 to K, one byte) at which it changes: with the picture and
    the picture gone, a browser puts together what the network was given at any point.
    """
    shown = [_curve_json(name, each, opening.protocol.target) for name, each in curves.items()]
    indices = {i for curve in shown for kind in KINDS for top in curve[kind]["top"] for i, _ in top}
    count = max(indices, default=0) + 1
    points = next((_first(each).insertion.fraction for each in curves.values()), np.zeros(0))
    return {
        **asdict(opening.protocol),
        "target": {
            "index": opening.target.index,
            "name": opening.target.name,
            "probability": finite(opening.probability),
        },
        "gone": opening.gone,
        "fractions": [round(float(share), 6) for share in points],
        "names": {
            str(i): class_name(i, engine.class_names, max(count, i + 1)) for i in sorted(indices)
        },
        "curves": shown,
    }


def _first(each: Faithfulness | Control) -> Faithfulness:
    return each.maps[0] if isinstance(each, Control) else each


def _curve_json(name: str, each: Faithfulness | Control, target: int) -> dict[str, Any]:
    first = _first(each)
    order = first.insertion.point_of_change()
    made: dict[str, Any] = {
        "method": name,
        "title": "Random" if name == "random" else first.attribution.title,
        "order": np.ascontiguousarray(order, dtype=np.uint8).tobytes(),
        "maps": len(each.maps) if isinstance(each, Control) else 1,
    }
    for kind in KINDS:
        curve = getattr(first, kind)
        made[kind] = {
            "probability": _numbers(curve.probability),
            "auc": round(curve.auc, 6),
            "top": [_top(row, target) for row in curve.probabilities],
        }
        if isinstance(each, Control):
            mean, low, high = each.band(kind)
            auc = each.auc(kind)
            made[kind] |= {
                "probability": _numbers(mean),
                "auc": round(auc.mean, 6),
                "low": _numbers(low),
                "high": _numbers(high),
                "interval": [round(auc.low, 6), round(auc.high, 6)],
            }
    return made


def _numbers(values: Sequence[float] | np.ndarray[Any, Any]) -> list[float]:
    return [round(float(value), 5) for value in values]


def _top(probabilities: np.ndarray[Any, Any], target: int) -> list[tuple[int, float]]:
    order = np.argsort(-probabilities, kind="stable")[:_SHOWN].tolist()
    if target not in order:
        order[-1] = target
    return [(int(i), round(float(probabilities[i]), 5)) for i in order]


def check_to_json(checked: Checked, total: int) -> dict[str, Any]:
    """A sanity check as the browser receives it; `total` stages are to come in all."""
    title = checked.stages[0].attribution.title
    signed = any(float(stage.attribution.values.min()) < 0 for stage in checked.stages)
    mean = finite(Randomization(checked.stages).spearman) if checked.done else None
    return {
        "method": checked.method,
        "title": title,
        "target": checked.target,
        "total": len(checked.stages) if checked.done else total + 1,
        "done": checked.done,
        "mean": mean,
        "stages": [
            {
                "randomised": list(stage.layers),
                "spearman": finite(stage.spearman),
                "ssim": finite(stage.ssim),
                "map": quantise(map_of(stage.attribution), signed=signed).to_json(),
            }
            for stage in checked.stages
        ],
    }


def panel_of(curves: Mapping[str, Faithfulness | Control], kind: Kind) -> dict[str, Any]:
    """One kind of curve of all methods, as `render.curves_figure` draws it."""
    lines = []
    for each in curves.values():
        first = _first(each)
        curve = getattr(first, kind)
        line = {"title": first.attribution.title, "x": curve.fraction, "y": curve.probability}
        line |= {"low": None, "high": None, "auc": curve.auc, "control": False}
        if isinstance(each, Control):
            mean, low, high = each.band(kind)
            line |= {"title": "Random", "y": mean, "low": low, "high": high}
            line |= {"auc": each.auc(kind).mean, "control": True}
        lines.append(line)
    return {"title": kind.capitalize(), "lines": lines}
