"""What the measures ask of the engine: probabilities and scores of many inputs, and black."""

from __future__ import annotations

import copy
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import xai_widgets as xw
from tests.networks import Counting, Normalised, WrappedOutput, cnn, picture, seeded
from xai_widgets import metrics

INPUTS = torch.cat([picture(seed=s) for s in range(19)])


@pytest.mark.parametrize("make", [cnn, lambda: seeded(WrappedOutput("dict"))])
def test_probabilities_and_scores_are_the_networks(make: Callable[[], nn.Module]) -> None:
    model = make()
    engine = xw.Engine(model)
    target = engine.internals.resolve_target(INPUTS[:1], 2)
    with torch.no_grad():
        out = model(INPUTS)
    logits = out["out"] if isinstance(out, dict) else out
    torch.testing.assert_close(engine.internals.probabilities(INPUTS), logits.softmax(1))
    torch.testing.assert_close(engine.internals.scores(INPUTS, target), logits[:, 2])


def test_batches_are_as_large_as_is_best_once_the_size_is_known() -> None:
    network = Counting(cnn())
    engine = xw.Engine(network)
    engine.internals.probabilities(INPUTS[:3])
    # A pass and its check show how large one is; a pair beside each of its members, that they may
    # be run together.
    assert network.passes == [1, 1, 1, 2, 1, 3]
    engine.predict(INPUTS[:1])
    network.passes.clear()
    engine.internals.probabilities(INPUTS)
    assert network.passes == [8, 8, 3]


@pytest.mark.parametrize(
    ("preprocessing", "black"),
    [
        ({"size": 16, "mean": (0.5, 0.4, 0.3), "std": (0.2, 0.25, 0.3)}, (-2.5, -1.6, -1.0)),
        (lambda image: torch.from_numpy(np.array(image)).permute(2, 0, 1).float(), (0, 0, 0)),
    ],
)
def test_black_in_the_input(preprocessing: Any, black: tuple[float, ...]) -> None:
    engine = xw.Engine(cnn(), preprocessing=preprocessing)
    image = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    assert engine.picture(image).black == pytest.approx(black)
    nothing = engine.input(np.zeros((16, 16, 3), np.uint8))
    np.testing.assert_allclose(nothing[0, :, 3, 4], black, atol=1e-6)


def test_black_without_preprocessing() -> None:
    engine = xw.Engine(cnn())
    assert engine.picture(picture().sigmoid()).black == (0, 0, 0)
    assert engine.picture(picture()).black is None


CONDITIONS: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "plain": nullcontext,
    "no_grad": torch.no_grad,
    "inference_mode": torch.inference_mode,
    "autocast": lambda: torch.autocast("cpu", dtype=torch.bfloat16),
}


@pytest.mark.parametrize("condition", CONDITIONS)
def test_every_measure_in_every_mode_leaves_the_network_as_it_was(condition: str) -> None:
    model = seeded(Normalised()).train()
    state = copy.deepcopy(model.state_dict())
    image = picture().sigmoid()
    mask = np.zeros((16, 16), bool)
    mask[4:9, 3:12] = True
    fewer = {
        "insertion": {"steps": 3}, "deletion": {"steps": 3}, "infidelity": {"samples": 4},
        "max_sensitivity": {"samples": 2}, "sensitivity_n": {"samples": 4},
        "model_randomization": {"stages": 2},
    }  # fmt: skip
    measures = [(name, fewer.get(name, {})) for name in metrics.MEASURES]

    def taken() -> list[float]:
        table = metrics.evaluate(xw.Engine(model), [image], ["saliency"], measures, masks=[mask])
        return [row["value"] for row in table.rows]

    wanted = taken()
    with CONDITIONS[condition]():
        np.testing.assert_allclose(taken(), wanted, rtol=1e-5)
    assert np.isfinite(wanted).all()
    assert model.training
    assert all(torch.equal(state[k], v) for k, v in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
