"""The Python side of every widget, and a study, over a network on a device."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import comm
import numpy as np
import pytest
import torch

from tests.device.comparing import assert_alike, on_both
from tests.relabel.linear import LinearTeacher, OrthogonalVAE
from tests.relabel.linear import picture as grey
from tests.training.data import QUICK, network, pictures
from tests.widgets.conftest import RecordingComm, SmallNetwork, photograph
from tests.widgets.dataset.test_viewer import told
from tests.widgets.heatmap.test_viewer import channel, until
from xai_widgets import (
    DatasetExplorer,
    FaithfulnessViewer,
    GradientComparison,
    HeatmapViewer,
    LatentExplorer,
    TrainingMonitor,
)
from xai_widgets.engine import Engine
from xai_widgets.study import Study
from xai_widgets.training import Trainer
from xai_widgets.widgets.base.maps import dequantise
from xai_widgets.widgets.base.widget import EngineWidget

NAMES = ["red fox", "green frog", "blue whale"]
PHOTO = photograph()


@pytest.fixture(autouse=True)
def recorded_comms(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comm, "create_comm", lambda **given: RecordingComm(**given))


def small(where: torch.device) -> Engine:
    return Engine(SmallNetwork().to(where), class_names=NAMES, name="Small")


def at_rest(widget: EngineWidget) -> None:
    widget.wait(60)
    assert widget.status["state"] == "idle", widget.status


@pytest.mark.parametrize("method", ["grad_cam", "saliency", "occlusion"])
def test_a_heatmap_and_its_brush(method: str, device: torch.device) -> None:
    mask = np.zeros(PHOTO.shape[:2], dtype=bool)
    mask[8:20, 4:16] = True

    def shown(where: torch.device) -> list[Any]:
        options = {"window": 16, "stride": 16} if method == "occlusion" else {}
        viewer = HeatmapViewer(small(where), PHOTO, method, prefetch=False, **options)
        at_rest(viewer)
        painted = []
        for fill in ("blur", "mean"):
            viewer.paint(mask, fill)
            until(lambda: viewer.painted_probabilities is not None, 60)
            painted.append(viewer.painted_probabilities)
            viewer.clear_paint()
        viewer.target = 2
        at_rest(viewer)
        found = [dequantise(viewer.frame), viewer.attribution.values, painted]
        viewer.close()
        return found

    on_both(shown, device, share=0.02)


def test_maps_are_fetched_ahead(device: torch.device) -> None:
    viewer = HeatmapViewer(small(device), PHOTO, prefetch=True)
    at_rest(viewer)
    viewer.method = "saliency"
    at_rest(viewer)
    expected = small(torch.device("cpu")).explain(PHOTO, "saliency")
    assert_alike(viewer.attribution.values, expected.values)
    viewer.close()


def test_faithfulness(device: torch.device) -> None:
    def shown(where: torch.device) -> list[Any]:
        viewer = FaithfulnessViewer(small(where), PHOTO, ["saliency"], steps=4, random_maps=1,
                                    stages=2)  # fmt: skip
        at_rest(viewer)
        curves, control = viewer.curves["saliency"], viewer.curves["random"]
        found = [curves.insertion.probability, curves.deletion.probability]
        found += [*control.band("insertion"), *control.band("deletion")]
        channel(viewer).change(view="sanity", method="saliency")
        at_rest(viewer)
        found += [[stage["spearman"] for stage in viewer.check["stages"]]]
        viewer.close()
        return found

    on_both(shown, device)


def test_networks_beside_each_other(device: torch.device) -> None:
    def shown(where: torch.device) -> list[Any]:
        comparison = GradientComparison(
            [small(where), small(torch.device("cpu"))], PHOTO, ["saliency", "grad_cam"],
            names=["a", "b"],
        )  # fmt: skip
        at_rest(comparison)
        found = [one.values for _, one in sorted(comparison.attributions.items())]
        numbers = [
            {name: np.nan if v is None else v for name, v in measured.items()}
            for _, measured in sorted(comparison.measures.items())
        ]
        comparison.close()
        return [found, numbers]

    on_both(shown, device, share=5e-3)


def test_checkpoints_of_a_network(device: torch.device) -> None:
    def shown(where: torch.device) -> list[Any]:
        engine = small(where)
        weights = {name: value.cpu() * 0.5 for name, value in engine.model.state_dict().items()}
        comparison = GradientComparison(
            engine, PHOTO, ["saliency"], checkpoints={"half": weights}
        )  # fmt: skip
        at_rest(comparison)
        found = [one.values for _, one in sorted(comparison.attributions.items())]
        comparison.close()
        return found

    on_both(shown, device)


def test_latents(device: torch.device) -> None:
    def shown(where: torch.device) -> list[Any]:
        engine = Engine(LinearTeacher().to(where), class_names=["up", "down"])
        explorer = LatentExplorer(engine, OrthogonalVAE().to(where), grey(), samples=60, seed=3)
        at_rest(explorer)
        count = len(explorer.sliders["shown"])
        explorer.move([0.5] + [0.0] * (count - 1), 2)
        until(lambda: explorer.edited.get("neighbour") == 2, 60)
        channel(explorer).message(kind="neighbours", run=explorer.frame["seq"], neighbours=[0, 1])
        until(lambda: any(c["kind"] == "neighbours" for c, _ in channel(explorer).custom()), 60)
        explorer.readout = "times_difference"
        at_rest(explorer)
        found = [explorer.explanation.scores, explorer.attribution.values]
        explorer.close()
        return found

    on_both(shown, device)


def test_a_training_is_watched(device: torch.device) -> None:
    trainer = Trainer(
        network().to(device), pictures(), pictures(12, seed=1), recipe=QUICK, measured=4
    )
    with TrainingMonitor(trainer, pictures=2) as monitor:
        at_rest(monitor)
        assert trainer.finished
        assert np.isfinite(monitor.loss["total"]).all()
        assert all(not isinstance(g, str) for looks in monitor.looks.values()
                   for row in looks for g in row)  # fmt: skip


# A study.


@pytest.fixture
def data() -> tuple[list[Any], list[int]]:
    photos = [photograph(seed=seed) for seed in range(8)]
    for i, photo in enumerate(photos):
        photo[..., i % 3] = np.clip(photo[..., i % 3].astype(int) + 90, 0, 255)
    return photos, [i % 3 for i in range(8)]


@pytest.mark.parametrize("method", ["grad_cam", "saliency"])
def test_a_study(method: str, data: Any, device: torch.device, tmp_path: Path) -> None:
    def studied(where: torch.device) -> list[Any]:
        folder = tmp_path / f"{where.type}.study"
        study = Study(small(where), data, folder=folder, method=method, block=4)
        study.run(wait=True, progress=False)
        found = [study.rows[name].astype(float) for name in ("prediction", "probability", "loss")]
        found += [study.cover([0, 1, 2], (4, 4, 12, 12), fill=fill, controls=2).effect
                  for fill in ("blur", "mean")]  # fmt: skip
        found += [study.map_of(1), study.map_of(1, 2), study.mean_map([0, 3])[0]]
        found += [study.probabilities([0, 5])]
        if len(set(study.rows["prediction"].tolist())) > 1:
            found += [study.swap([0, 1], (4, 4, 12, 12), controls=2).effect]
        return found

    on_both(studied, device)


def test_a_data_set_is_explored(data: Any, device: torch.device, tmp_path: Path) -> None:
    study = Study(small(device), data, folder=tmp_path / "some.study", block=4)
    study.run(wait=True, progress=False)
    explorer = DatasetExplorer(study)
    channel(explorer).message(kind="ready")
    assert told(explorer, "columns")
    messages: dict[str, dict[str, Any]] = {
        "detail": {"row": 3}, "map": {"row": 2}, "pictures": {"rows": [0, 1]},
        "cover": {"rows": [1, 2], "box": [0, 0, 0.5, 0.5]}, "open": {"row": 2, "viewer": "heatmap"},
    }  # fmt: skip
    answers = {"cover": "experiment", "open": "opened"}
    for kind, content in messages.items():
        channel(explorer).message(kind=kind, **content)
        assert not told(explorer, answers.get(kind, kind))[-1][0].get("words")
    explorer.close()
