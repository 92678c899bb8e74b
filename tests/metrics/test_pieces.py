"""Noise, progress and defaults of measures, as they are written down."""

from __future__ import annotations

import numpy as np
import torch

import xai_widgets as xw
from tests.networks import cnn, picture
from xai_widgets import metrics
from xai_widgets.metrics.relevance import noisy


def test_noise_is_a_share_of_the_range_of_the_input() -> None:
    engine = xw.Engine(cnn())
    given = engine.picture(picture().sigmoid() + 0.5)
    x = given.input
    noise = torch.randn(x.shape[1:], generator=torch.Generator().manual_seed(3))
    found = noisy(engine, given, 0.2, seed=3).input
    torch.testing.assert_close(found - x, 0.2 * (x.max() - x.min()) * noise[None])
    assert noisy(engine, given, 0) is given


def test_the_pointing_game_allows_15_pixels() -> None:
    heatmap = np.zeros((40, 40), dtype=np.float32)
    heatmap[0, 0] = 1
    for row, column in ((0, 15), (9, 12), (0, 16), (10, 12), (11, 11)):
        mask = np.zeros((40, 40), dtype=bool)
        mask[row, column] = True
        assert metrics.pointing_game(heatmap, mask) == float(np.hypot(row, column) <= 15)


def test_a_cascade_says_how_far_it_is() -> None:
    engine = xw.Engine(cnn())
    steps = list(metrics.sanity.cascade(engine, picture(), "saliency", stages=3))
    assert [step.fraction for step in steps] == [0.25, 0.5, 0.75, 1.0]
    assert [len(step.result.stages) for step in steps] == [1, 2, 3, 4]
