"""The search for the scale at which the neighbours are of both classes."""

from __future__ import annotations

import math
import re

import pytest
import torch

from xai_widgets.errors import ExplanationError
from xai_widgets.relabel.scale import ScaleSearch


def searched(threshold: float, slope: float, left: float, seed: int) -> tuple[float, int]:
    """The scale found, and after how many neighbours, where kept labels fall like this."""
    generator = torch.Generator().manual_seed(seed)
    search = ScaleSearch()
    while len(search.tried) < 40 and not search.settled():
        scale = search.best()
        share = kept_share(scale, threshold, slope, left)
        search.learn(scale, (torch.rand(8, generator=generator) < share).tolist())
    search.check()
    return search.best(), len(search.tried)


def kept_share(scale: float, threshold: float, slope: float, left: float) -> float:
    rise = slope * math.log2(threshold / scale)
    return left + (1 - left) / (1 + math.exp(-rise))


@pytest.mark.parametrize("threshold", [0.05, 0.5, 3.0, 20.0])
@pytest.mark.parametrize(("slope", "left"), [(1.5, 0.0), (3.0, 0.2), (3.0, 0.5)])
def test_it_finds_a_scale_with_both_classes(threshold: float, slope: float, left: float) -> None:
    shares = [
        kept_share(searched(threshold, slope, left, seed)[0], threshold, slope, left)
        for seed in range(10)
    ]
    assert sum(0.2 < share < 0.8 for share in shares) >= 8, shares


def test_it_begins_with_the_noise_as_it_is_and_takes_long_steps_at_most() -> None:
    search = ScaleSearch()
    assert search.best() == 1
    assert not search.settled()
    search.learn(1.0, [True] * 8)
    assert 1 < search.best() <= 8
    search.learn(search.best(), [False] * 8)
    assert 1 < search.best() < 8


@pytest.mark.parametrize(
    ("kept", "message"),
    [
        (True, r"kept were 100 % at 1, .*all keep the label: the VAE may not reach far enough"),
        (False, r"kept were 0 % at .*0 % at 1\. .*may not reconstruct this picture; reference="),
    ],
)
def test_where_no_scale_does_the_error_says_what_was_tried(kept: bool, message: str) -> None:
    search = ScaleSearch()
    for _ in range(5):
        search.learn(search.best(), [kept] * 8)
    with pytest.raises(ExplanationError) as raised:
        search.check()
    assert re.search(message, str(raised.value)), raised.value
