"""What a row opens: another viewer in the place of the pictures, and the experiment of a place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from xai_widgets.errors import ExplanationError, check_choice
from xai_widgets.study import Study
from xai_widgets.widgets.base.widget import EngineWidget
from xai_widgets.widgets.comparison.viewer import GradientComparison
from xai_widgets.widgets.dataset.wire import ExperimentMessage
from xai_widgets.widgets.faithfulness.viewer import FaithfulnessViewer
from xai_widgets.widgets.heatmap.viewer import HeatmapViewer

VIEWERS = ("heatmap", "faithfulness", "comparison")
_COVERED = 200  # pictures of an experiment: more say no more, and take longer


def viewer_of(
    study: Study, row: int, viewer: str, looks: Mapping[str, Any], before: Study | None = None
) -> EngineWidget:
    """A viewer of a row: "heatmap", "faithfulness" or "comparison", with the network of the study
    before where there is one. Raises ExplanationError where a study has no network and pictures.
    """
    check_choice("viewer", viewer, VIEWERS)
    needed = [study, before] if viewer == "comparison" and before is not None else [study]
    for one in needed:
        if one.engine is None or one.source is None:
            raise ExplanationError(
                "a viewer needs the network and the pictures: "
                f'xw.Study.open("{one.store.folder}", engine, data)'
            )
    assert study.engine is not None
    assert study.source is not None
    engine, method = study.engine, str(study.store.manifest["method"])
    image = study.source.read(row)[0]
    if viewer == "faithfulness":
        return FaithfulnessViewer(engine, image, list(dict.fromkeys([method, "saliency"])))
    if viewer == "comparison":
        if before is None:
            return GradientComparison(engine, image)
        assert before.engine is not None
        names = (before.engine.name, engine.name)
        if names[0] == names[1]:  # checkpoints of one network
            names = (before.store.folder.name, study.store.folder.name)
        return GradientComparison([before.engine, engine], image, names=list(names))
    return HeatmapViewer(engine, image, method=method, **looks)


def covered(study: Study, rows: Sequence[int], box: Sequence[float]) -> ExperimentMessage:
    """Cover a box (left, top, width, height; shares of the picture) in rows, and say what became of
    the answers.
    """
    wanted = np.asarray(rows, dtype=np.int64)
    wanted = wanted[study.rows["done"][wanted]]
    if len(wanted) > _COVERED:
        # Spread over all of them: the first are those of highest loss.
        wanted = wanted[np.linspace(0, len(wanted) - 1, _COVERED).astype(np.int64)]
    if study.engine is None or study.source is None:
        raise ExplanationError(
            "an experiment needs the network and the pictures: "
            f'xw.Study.open("{study.store.folder}", engine, data)'
        )
    if not len(wanted):
        raise ExplanationError("none of these pictures has been explained yet")
    height, width = study.engine.picture(study.source.read(int(wanted[0]))[0]).input.shape[-2:]
    left, top, wide, high = (float(share) for share in box)
    region = np.zeros((height, width), bool)
    first = (int(np.clip(top, 0, 1) * height), int(np.clip(left, 0, 1) * width))
    last = (round(np.clip(top + high, 0, 1) * height), round(np.clip(left + wide, 0, 1) * width))
    region[first[0] : max(last[0], first[0] + 1), first[1] : max(last[1], first[1] + 1)] = True
    tried = study.cover(wanted, region)
    return {
        "kind": "experiment",
        "words": str(tried),
        "busy": False,
        "survives": tried.survives,
        "values": [tried.effect, *tried.interval, tried.control, *tried.control_interval],
    }
