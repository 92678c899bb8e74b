"""Total variation and cosine by hand, and noise that is the same wherever it is drawn."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

from xai_widgets import metrics
from xai_widgets.engine import Engine
from xai_widgets.errors import ExplanationError


def test_total_variation_of_maps_that_are_known() -> None:
    assert metrics.total_variation(np.full((4, 5), -2.0)) == 0
    step = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0]])
    assert metrics.total_variation(step) == 2 / 4
    assert metrics.total_variation(3 * step) == 2 / 4  # not of the values' size
    board = np.indices((8, 8)).sum(0) % 2 * 2.0 - 1
    assert metrics.total_variation(board) == 2 * (2 * 8 * 7) / 64
    assert math.isnan(metrics.total_variation(np.zeros((2, 2))))


def test_cosine_of_vectors_that_are_known() -> None:
    a = np.array([[[1.0, 0.0]], [[0.0, 1.0]]])
    assert metrics.cosine(a, 5 * a) == pytest.approx(1)
    assert metrics.cosine(a, -a) == pytest.approx(-1)
    assert metrics.cosine(a, np.array([[[1.0, 0.0]], [[0.0, -1.0]]])) == 0  # channels are kept
    assert math.isnan(metrics.cosine(a, 0 * a))
    with pytest.raises(ExplanationError, match="expected the same"):
        metrics.cosine(a, a[0])


def test_noise_is_what_smooth_grad_draws() -> None:
    engine = Engine(nn.Sequential(nn.Flatten(), nn.Linear(48, 2)))
    picture = engine.picture(torch.linspace(0, 2, 48).view(1, 3, 4, 4))
    found = metrics.noisy(engine, picture, 0.25, seed=3)
    noise = torch.randn((3, 4, 4), generator=torch.Generator().manual_seed(3))
    torch.testing.assert_close(found.input, picture.input + 0.25 * 2 * noise)
    assert found.digest != picture.digest
    assert metrics.noisy(engine, picture, 0) is picture
    with pytest.raises(ExplanationError, match="sigma is -1"):
        metrics.noisy(engine, picture, -1)
