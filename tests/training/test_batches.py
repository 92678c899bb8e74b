"""Batches: their order, and pictures moved, turned and mirrored as plain loops do it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.training.data import QUICK, network, pictures
from xai_widgets.training import Trainer
from xai_widgets.training.batches import AUGMENTATION, Batches, augmented, generator_of


def slowly(
    pixels: Tensor, seeds: tuple[int, int, int], crop: int, flip: bool, rotation: float
) -> Tensor:
    """Each pixel taken from where it comes from, in pixels from the centre; outside is black."""
    generator = generator_of(seeds[0], AUGMENTATION, *seeds[1:])
    count, channels, height, width = pixels.shape
    angles = (2 * torch.rand(count, generator=generator) - 1) * rotation
    across, down = torch.randint(-crop, crop + 1, (2, count), generator=generator).tolist()
    mirrored = (torch.rand(count, generator=generator) < 0.5).tolist() if flip else [False] * count
    made = torch.zeros_like(pixels)

    def read(item: int, channel: int, row: int, column: int) -> float:
        inside = 0 <= row < height and 0 <= column < width
        return float(pixels[item, channel, row, column]) if inside else 0.0

    for item in range(count):
        cos, sin = (f(math.radians(float(angles[item]))) for f in (math.cos, math.sin))
        for row in range(height):
            for column in range(width):
                u, v = column + 0.5 - width / 2, row + 0.5 - height / 2
                x = (-1 if mirrored[item] else 1) * (cos * u - sin * v) + across[item]
                y = sin * u + cos * v + down[item]
                x, y = x + width / 2 - 0.5, y + height / 2 - 0.5
                left, top = math.floor(x + 1e-6), math.floor(y + 1e-6)
                a, b = x - left, y - top
                for channel in range(channels):
                    made[item, channel, row, column] = (
                        (1 - a) * (1 - b) * read(item, channel, top, left)
                        + a * (1 - b) * read(item, channel, top, left + 1)
                        + (1 - a) * b * read(item, channel, top + 1, left)
                        + a * b * read(item, channel, top + 1, left + 1)
                    )
    return made


@pytest.mark.parametrize("rotation", [0.0, 25.0])
@pytest.mark.parametrize("flip", [True, False])
@pytest.mark.parametrize("size", [(6, 9), (9, 6)])
def test_augmented_pictures_are_those_of_plain_loops(
    size: tuple[int, int], flip: bool, rotation: float
) -> None:
    pixels = torch.rand(6, 2, *size, generator=torch.Generator().manual_seed(0))
    for seeds, crop in (((0, 1, 2), 2), ((0, 2, 1), 1), ((3, 0, 0), 0)):
        found = augmented(pixels, seeds, crop, flip, rotation)
        torch.testing.assert_close(
            found, slowly(pixels, seeds, crop, flip, rotation), rtol=0, atol=1e-5
        )


def test_every_step_of_every_epoch_draws_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def kept(pixels: Tensor, *asked_for: Any) -> Tensor:
        asked.append(asked_for)
        return augmented(pixels, *asked_for)

    monkeypatch.setattr("xai_widgets.training.trainer.augmented", kept)
    for _ in Trainer(network(), pictures(), pictures(12, seed=1), recipe=QUICK).stream():
        pass
    assert asked == [
        ((QUICK.seed, epoch, step), QUICK.crop, QUICK.flip, QUICK.rotation)
        for epoch in range(3)
        for step in range(3)
    ]


def test_an_epoch_is_every_picture_once_in_an_order_of_its_own() -> None:
    batches = Batches(pictures(10))
    epochs = [torch.cat([batches.batch(seed, epoch, step, 4) for step in range(3)]).tolist()
              for seed, epoch in ((0, 0), (0, 1), (1, 0))]  # fmt: skip
    assert [sorted(epoch) for epoch in epochs] == [list(range(10))] * 3
    assert len({tuple(epoch) for epoch in epochs}) == 3
    assert batches.batch(0, 1, 2, 4).tolist() == epochs[1][8:]


@pytest.mark.parametrize("shape", [(5, 4, 6), (5, 4, 6, 3)])
def test_inputs_are_normalised_by_the_mean_and_spread_of_each_channel(shape: Any) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    batches = Batches((pixels, range(5)))
    channelled = pixels.reshape(5, 4, 6, -1) / 255
    mean, std = channelled.mean((0, 1, 2)).round(4), channelled.std((0, 1, 2)).round(4)
    expected = ((channelled - mean) / std)[[3, 1]].transpose(0, 3, 1, 2)
    assert batches.shape == expected.shape[1:]
    torch.testing.assert_close(
        batches.inputs(torch.tensor([3, 1])), torch.from_numpy(expected).float(), atol=1e-5, rtol=0
    )
    given = Batches((pixels, range(5)), mean=(0.5,) * len(mean), std=(0.25,) * len(mean))
    torch.testing.assert_close(
        given.inputs(torch.tensor([0])),
        torch.from_numpy((channelled[:1] - 0.5) * 4).permute(0, 3, 1, 2).float(),
    )


def test_a_fingerprint_tells_pictures_labels_and_shapes_apart() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (4, 6, 2)).astype(np.uint8)
    labels = [0, 1, 0, 1]
    others = [
        (pixels[::-1], labels), (pixels, labels[::-1]), (pixels.reshape(4, 2, 6), labels),
        (pixels ^ np.uint8(1), labels),
    ]  # fmt: skip
    prints = [Batches(data).fingerprint() for data in [(pixels, labels), *others]]
    assert len(set(prints)) == len(prints)
    assert Batches((pixels.copy(), list(labels))).fingerprint() == prints[0]
