"""Many pictures, many targets, many layers: each as if it were asked for alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # the field's name for it
from torch import Tensor, nn

from tests.networks import Normalised, cnn, picture, seeded
from tests.requests import cheap
from xai_widgets.engine import Engine
from xai_widgets.errors import ExplanationError
from xai_widgets.methods import METHODS

PICTURES = [picture(seed=seed) for seed in range(5)]
BATCHED = [name for name in METHODS if METHODS[name].family != "Attention" and name != "cam"]


def close(found: np.ndarray, expected: np.ndarray, rtol: float = 1e-3) -> None:
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=2e-5 * np.abs(expected).max())


@pytest.mark.parametrize("method", BATCHED)
def test_a_batch_of_pictures_is_its_pictures_one_by_one(method: str) -> None:
    engine = Engine(seeded(Normalised()))
    parameters = cheap(METHODS[method])
    together = engine.explain_batch(PICTURES, method, targets=3, **parameters)
    for image, found in zip(PICTURES, together, strict=True):
        alone = engine.explain(image, method, target=3, **parameters)
        assert (found.target, found.layer, found.method) == (alone.target, alone.layer, method)
        assert found.score == pytest.approx(alone.score, rel=1e-5)
        assert found.probability == pytest.approx(alone.probability, rel=1e-4)
        close(found.values, alone.values, rtol=1e-3)


def test_the_network_is_run_on_pictures_together() -> None:
    sizes: list[int] = []

    class Counting(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = cnn()

        def forward(self, x: Tensor) -> Tensor:
            sizes.append(len(x))
            return self.network(x)

    Engine(Counting()).explain_batch(PICTURES, "grad_cam", targets=1)
    # Two of them teach what the network is like; the others are run together.
    assert {2, 3} <= set(sizes)
    assert max(sizes) == 3


def test_top_5_of_one_picture() -> None:
    engine = Engine(cnn())
    top = [score.index for score in engine.predict(PICTURES[0]).top(5)]
    found = engine.explain_batch([PICTURES[0]], "saliency", targets=top)
    assert [attribution.target.index for attribution in found] == top
    for index, attribution in zip(top, found, strict=True):
        alone = engine.explain(PICTURES[0], "saliency", target=index)
        np.testing.assert_array_equal(attribution.values, alone.values)


def test_a_target_for_each_and_the_most_probable_of_each() -> None:
    engine = Engine(cnn())
    found = engine.explain_batch(PICTURES, "grad_cam", targets=[0, 1, 2, 3, 0])
    assert [attribution.target.index for attribution in found] == [0, 1, 2, 3, 0]
    for image, attribution in zip(PICTURES, engine.explain_batch(PICTURES), strict=True):
        assert attribution.target == engine.internals.resolve_target(image, None)


def test_numbers_that_do_not_fit() -> None:
    with pytest.raises(ExplanationError, match="targets has 2 entries for 3 images"):
        Engine(cnn()).explain_batch(PICTURES[:3], targets=[0, 1])


def test_layers_fused_into_one_map() -> None:
    engine = Engine(cnn())
    maps = [
        engine.explain(PICTURES[0], "hires_cam", target=3, layer=layer).values
        for layer in ("conv1", "conv2")
    ]
    found = engine.explain(PICTURES[0], "hires_cam", target=3, layer=["conv1", "conv2"])
    assert found.layer == "conv1 + conv2"
    scaled = [torch.from_numpy(np.array(m / np.abs(m).max()))[None, None] for m in maps]
    size = max((m.shape for m in maps), key=np.prod)
    expected = sum(F.interpolate(m, size=size, mode="bilinear") for m in scaled)[0, 0] / 2
    close(found.values, expected.numpy())
    only = engine.explain(PICTURES[0], "hires_cam", target=3, layer=["conv2"]).values
    np.testing.assert_array_equal(only, maps[1])


def test_fractions_rise_over_the_layers() -> None:
    engine = Engine(cnn())
    steps = engine.stream(PICTURES[0], "score_cam", target=3, layer=["conv1", "conv2"])
    fractions = [step.fraction for step in steps]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    assert any(0 < fraction < 0.5 for fraction in fractions)
    with pytest.raises(ExplanationError, match="names no layer"):
        engine.explain(PICTURES[0], "grad_cam", layer=[])
