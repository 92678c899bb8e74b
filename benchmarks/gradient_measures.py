"""What the experiment of interpretable gradients measures of a trained network."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from xai_widgets import Engine, metrics
from xai_widgets.datasets import Labelled
from xai_widgets.training import Trainer

CAMS = ("grad_cam", "grad_cam_pp", "score_cam", "ablation_cam", "xgrad_cam")
CAM_MEASURES: tuple[Any, ...] = (
    "average_drop", "average_gain", "average_increase",
    ("insertion", {"steps": 28}), ("deletion", {"steps": 28}),
)  # fmt: skip
GRADIENTS = ("saliency", "guided_backprop")


class OutOfTime(Exception):
    """Raised between two values; those known are in the ledger."""


def measured(
    trainer: Trainer, test: Labelled, pictures: int, folder: Path, until: float
) -> dict[str, Any] | None:
    """Each measure of each method: mean, interval and number of pictures; None when time is out."""
    engine = Engine(
        trainer.model, preprocessing=trainer.preprocessing, class_names=test.class_names,
        name=type(trainer.model).__name__,
    )  # fmt: skip
    chosen = np.random.default_rng(0).permutation(len(test))[:pictures]
    images = [test.pixels[number] for number in chosen]
    few = images[: max(pictures // 2, 2)]  # randomisation explains a picture many times

    parts: tuple[tuple[Any, Sequence[str], tuple[Any, ...]], ...] = (
        (images, CAMS, CAM_MEASURES),
        (images, GRADIENTS, ("sparseness", "total_variation", smooth_grad_distance)),
        (few, GRADIENTS, (
            ("random_logit", {"absolute": True}),
            ("model_randomization", {"stages": 4, "absolute": True}),
        )),
    )  # fmt: skip
    found: dict[str, Any] = {}
    try:
        for inputs, methods, measures in parts:
            for step in metrics.stream_evaluate(
                engine, inputs, methods, measures, control=methods is CAMS,
                resume=folder / "measures.jsonl",
            ):  # fmt: skip
                if time.monotonic() > until:
                    raise OutOfTime
                table = step.result
            for interval in table.summary():
                name = interval.measure.split("(")[0]
                values = [interval.mean, interval.low, interval.high]
                row = [None if v != v else round(v, 4) for v in values]
                found.setdefault(interval.method, {})[name] = [*row, interval.pictures]
    except OutOfTime:
        return None
    return found


def smooth_grad_distance(engine: Engine, picture: Any, attribution: Any, target: Any) -> float:
    """1 − cosine between the map and the mean of such maps over noisy pictures: how much of it
    smoothing takes away.
    """
    base = attribution.method
    smooth = engine.explain(picture, "smooth_grad", target=target, base=base, samples=25, seed=0)
    return 1 - metrics.cosine(attribution, smooth)
