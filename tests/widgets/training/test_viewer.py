"""TrainingMonitor against a recorded channel: what it shows is the trainer's and the engine's."""

from __future__ import annotations

import json
import re
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from tests.widgets.heatmap.test_viewer import channel, until, worked_off
from xai_widgets import TrainingMonitor
from xai_widgets.engine import Engine
from xai_widgets.errors import ExplanationError
from xai_widgets.training import Recipe, Terms, Trainer
from xai_widgets.widgets.base.maps import dequantise
from xai_widgets.widgets.training.work import Look, LossPoints, thinned

NAMES = ["dark", "bright"]


def data(count: int, seed: int) -> tuple[Any, Any]:
    chance = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    pixels = chance.integers(0, 100, (count, 8, 8, 3)) + 120 * labels[:, None, None, None]
    return pixels.astype(np.uint8), labels


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(),
        nn.Linear(16, 2),
    )  # fmt: skip


def trainer(epochs: int = 3, **options: Any) -> Trainer:
    recipe = Recipe(epochs=epochs, batch_size=8, learning_rate=0.02, crop=0, rotation=0, warm_up=0)
    return Trainer(network(), data(32, 0), data(12, 1), recipe=recipe, measured=4, **options)


def test_it_trains_as_the_trainer_does_and_shows_it() -> None:
    alone = trainer()
    reports = [step.result for step in alone.stream()]
    watched = trainer()
    with TrainingMonitor(watched, pictures=2, class_names=NAMES) as monitor:
        monitor.wait(60)
        assert monitor.status["state"] == "idle", monitor.status
        for one, other in zip(alone.model.parameters(), watched.model.parameters(), strict=True):
            torch.testing.assert_close(one, other, rtol=0, atol=0)  # looking changes nothing
        assert monitor.loss["total"] == [round(r.terms["total"], 5) for r in reports]
        assert monitor.loss["x"][-1] == 1
        assert [each["test_accuracy"] for each in monitor.epochs] == [
            round(r.test_accuracy, 5) for r in reports if r.test_accuracy is not None
        ]
        assert [each["cosine"] for each in monitor.epochs] == [
            round(r.cosine, 5) for r in reports if r.cosine is not None
        ]
        assert sorted(monitor.looks) == [0, 1, 2, 3]
        engine = Engine(watched.model, preprocessing=watched.preprocessing)
        picture = np.ascontiguousarray(watched.test.pixels[1].permute(1, 2, 0).numpy())
        for i, method in enumerate(("saliency", "guided_backprop")):
            expected = engine.explain(picture, method, target=1).heatmap()
            sent = dequantise(monitor.frame["pictures"][1]["maps"][i])
            largest = float(np.abs(expected).max())
            np.testing.assert_allclose(sent, expected, atol=largest / 60 + 1e-9)
        assert [each["name"] for each in monitor.thumbnails] == NAMES
        with pytest.warns(DeprecationWarning, match="strip is now called thumbnails"):
            assert monitor.strip == monitor.thumbnails


def test_it_pauses_goes_on_and_ends() -> None:
    watched = trainer(epochs=400)
    with TrainingMonitor(watched, pictures=1) as monitor:
        monitor.open()
        sent = channel(monitor)
        until(lambda: watched.epoch >= 1)
        sent.message(kind="stop")
        assert monitor.status["state"] == "stopped"
        assert "Paused in epoch" in monitor.status["message"]
        worked_off(monitor.engine)  # the step that was being made
        stood = watched.epoch, watched.step
        time.sleep(0.1)
        assert (watched.epoch, watched.step) == stood
        sent.message(kind="resume")
        until(lambda: (watched.epoch, watched.step) > stood)
        monitor.stop()
        assert "Ended in epoch" in monitor.status["message"]
    assert watched.epoch < 400
    assert monitor.status["state"] == "stopped"


def test_it_waits_to_be_started_and_knows_what_was_before(tmp_path: Path) -> None:
    first = trainer(folder=tmp_path)
    for step in first.stream():
        if step.result.ends_epoch:
            break
    again = trainer(folder=tmp_path)
    with TrainingMonitor(again, pictures=1, start=False) as monitor:
        monitor.open()
        assert len(monitor.epochs) == 1
        assert again.epoch == 1
        assert monitor.status.get("state") != "running"
        monitor.start()
        monitor.wait(60)
        assert (again.epoch, len(monitor.epochs)) == (3, 3)
        assert sorted(monitor.looks) == [1, 2, 3]


def test_a_view_that_opens_later_is_told_every_look() -> None:
    with TrainingMonitor(trainer(epochs=2), pictures=2) as monitor:
        monitor.wait(60)
        sent = channel(monitor)
        sent.message(kind="ready")
        looks = [(told["frame"], data) for told, data in sent.custom() if told["kind"] == "look"]
        assert [frame["epoch"] for frame, _ in looks] == [0, 1, 2]
        assert all(len(data) == 4 for _, data in looks)
        assert bytes(looks[-1][1][3]) == monitor.frame["pictures"][1]["maps"][1]["data"]


def test_the_network_is_never_looked_at_within_a_step() -> None:
    threads: set[str] = set()
    within = threading.Event()

    def loss(model: nn.Module, inputs: torch.Tensor, targets: torch.Tensor) -> Terms:
        threads.add(threading.current_thread().name)
        within.set()
        logits = model(inputs)
        time.sleep(0.02)
        found = nn.functional.cross_entropy(logits, targets)
        within.clear()
        return Terms(found, found, torch.full_like(found.detach(), torch.nan), logits.detach())

    watched = trainer(epochs=2, loss=loss)
    seen: list[bool] = []
    with TrainingMonitor(watched, pictures=1) as monitor:
        monitor.engine.model.register_forward_pre_hook(
            lambda module, _: seen.append(within.is_set()) if not module.training else None
        )
        monitor.open()
        until(lambda: bool(threads))
        monitor.engine.predict(np.zeros((8, 8, 3), np.uint8))  # from a cell, while it trains
        monitor.wait(60)
        assert monitor.status["state"] == "idle", monitor.status
    assert len(threads) == 1
    assert seen
    assert not any(seen)
    assert monitor.status["state"] == "idle"


def test_what_goes_wrong_is_said() -> None:
    def loss(model: nn.Module, inputs: torch.Tensor, targets: torch.Tensor) -> Terms:
        raise ExplanationError("the loss is not a number")

    with TrainingMonitor(trainer(loss=loss), pictures=1) as monitor:
        monitor.wait(30)
        assert monitor.status["state"] == "error"
        assert monitor.status["message"] == "the loss is not a number"
    with pytest.raises(ExplanationError, match=r"expected an xw\.training\.Trainer"):
        TrainingMonitor(network())  # type: ignore[arg-type]  # the point of it
    with pytest.raises(TypeError, match="no keyword 'picturs'"):
        TrainingMonitor(trainer(), picturs=2)
    with pytest.raises(TypeError, match="no keyword 'image'"):
        TrainingMonitor(trainer(), image=data(1, 0)[0][0])  # type: ignore[call-arg]
    with pytest.raises(ExplanationError, match="labels has 1 entries for 2 pictures"):
        TrainingMonitor(trainer(), [data(1, 0)[0][0]] * 2, labels=[0])


def test_a_network_without_rectifiers_has_no_guided_gradient(tmp_path: Path) -> None:
    linear = nn.Sequential(nn.Flatten(), nn.Linear(192, 2))
    recipe = Recipe(epochs=1, batch_size=8, weight=0, crop=0, rotation=0)
    with TrainingMonitor(Trainer(linear, data(16, 0), data(4, 1), recipe=recipe), 1) as monitor:
        monitor.wait(30)
        assert monitor.status["state"] == "idle", monitor.status
        plain, guided = monitor.looks[1][0]
        assert not isinstance(plain, str)
        assert "rectifier" in str(guided)
        assert monitor.loss["regularization"] == [None, None]
        assert monitor.epochs[0]["cosine"] is None
        text = monitor.to_html(tmp_path / "page.html").read_text(encoding="utf-8")
        found = re.search(r'id="xw-document">(.*?)</script>', text, re.DOTALL)
        assert found is not None
        frames = json.loads(found.group(1))["state"]["frames"]
        assert [frame["epoch"] for frame in frames] == [0, 1]
        assert monitor.to_png()[:4] == b"\x89PNG"
        assert repr(monitor).startswith("TrainingMonitor(Training of Sequential, 1 of 1 epochs")


def test_a_curve_stays_short_and_keeps_its_mean() -> None:
    curve = LossPoints(("total",), most=8)
    for i in range(100):
        curve.add((i + 1) / 100, {"total": float(i)})
    made = curve.to_json()
    assert len(made["x"]) <= 8
    assert made["x"][-1] == 1
    assert made["total"] == sorted(made["total"])
    assert made["total"][0] == pytest.approx(np.mean(range(round(100 * made["x"][0]))))


def test_of_too_many_looks_every_second_goes() -> None:
    maps = [{"data": bytes(2**22)}]
    looks = {e: Look(e, (), {"epoch": e, "pictures": [{"maps": maps}]}) for e in range(21)}
    kept = sorted(thinned(looks))
    assert kept == list(range(0, 21, 2))
    assert sorted(thinned({e: looks[e] for e in range(5)})) == list(range(5))
