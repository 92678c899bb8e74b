"""RISE and extremal perturbation: plain versions of their definitions, and what they must find."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # the field's name for it
from torch import Tensor, nn

import xai_widgets as xw
from tests.methods.smooth import Function, Smooth, run
from tests.networks import CLASSES, cnn, picture, seeded
from xai_widgets.baselines import baseline_like
from xai_widgets.methods import preservation
from xai_widgets.methods.cam import upsampled
from xai_widgets.methods.perturbation import Masks
from xai_widgets.methods.preservation import smooth_maximum
from xai_widgets.targets import Target


@pytest.fixture(scope="module")
def smooth() -> nn.Module:
    return seeded(Smooth()).double()


@pytest.fixture(scope="module")
def x() -> Tensor:
    return torch.cat([picture(size=(18, 13), seed=0), 2 * picture(size=(18, 13), seed=1)]).double()


def slow_masks(height: int, width: int, samples: int, grid: int, keep: float, seed: int) -> Tensor:
    """As in Petsiuk et al. 2018, section 3.2: draw, make larger, crop."""
    generator = torch.Generator().manual_seed(seed)
    cells = (torch.rand(samples, grid, grid, generator=generator) < keep).double()
    high, wide = -(-height // grid), -(-width // grid)
    tops = torch.randint(high, (samples,), generator=generator)
    lefts = torch.randint(wide, (samples,), generator=generator)
    masks = []
    for cell, top, left in zip(cells, tops, lefts, strict=True):
        size = ((grid + 1) * high, (grid + 1) * wide)
        large = F.interpolate(cell[None, None], size=size, mode="bilinear", align_corners=False)
        masks.append(large[0, 0, top : top + height, left : left + width])
    return torch.stack(masks)


def test_masks_of_rise_one_by_one() -> None:
    slow = slow_masks(18, 13, 40, 5, 0.3, seed=2)
    masks = Masks((18, 13), 40, 5, 0.3, seed=2).to(slow)
    torch.testing.assert_close(torch.cat([masks(0, 16), masks(16, 40)]), slow, rtol=1e-5, atol=1e-6)
    many = Masks((18, 13), 4000, 5, 0.3, seed=0)(0, 4000)
    assert float(many.mean()) == pytest.approx(0.3, abs=0.01)
    assert 0 <= float(many.min()) <= float(many.max()) <= 1 + 1e-6


@pytest.mark.parametrize("baseline", ["zero", "mean"])
def test_rise_mask_by_mask(smooth: nn.Module, x: Tensor, baseline: str) -> None:
    samples, keep, masks = 30, 0.4, slow_masks(18, 13, 30, 7, 0.4, seed=1)
    hidden = baseline_like(x, baseline)
    with torch.no_grad():
        scores = [smooth(hidden + mask * (x - hidden))[:, 3] for mask in masks]
    given = {"samples": samples, "keep": keep, "baseline": baseline, "seed": 1}
    plain = run(smooth, x, "rise", centred=False, **given)
    centred = run(smooth, x, "rise", **given)
    for n in range(2):
        slow = sum(y[n] * mask for y, mask in zip(scores, masks, strict=True)) / samples / keep
        mean = sum(y[n] for y in scores) / samples
        centre = sum((y[n] - mean) * mask for y, mask in zip(scores, masks, strict=True))
        torch.testing.assert_close(plain[n, 0], slow, rtol=1e-5, atol=1e-7)
        scale = float(centre.abs().max()) / samples / keep
        torch.testing.assert_close(
            centred[n, 0], centre / samples / keep, rtol=0, atol=1e-5 * scale
        )


def test_rise_finds_the_pixels_that_count() -> None:
    weight = torch.zeros(3, 28, 28, dtype=torch.float64)
    weight[:, 4:10, 15:21] = 1
    model = Function(lambda v: weight.flatten() @ v)
    values = run(model, torch.ones(1, 3, 28, 28).double(), "rise", Target(0, "y"), samples=1500)
    top, left = divmod(int(values[0, 0].argmax()), 28)
    assert 4 <= top < 10
    assert 15 <= left < 21
    assert values[0, 0][14:, :14].abs().max() < 0.3 * values.max()


@pytest.mark.parametrize("place", [(4, 15), (16, 3)])
def test_extremal_perturbation_keeps_what_counts(place: tuple[int, int]) -> None:
    weight = torch.zeros(3, 28, 28, dtype=torch.float64)
    weight[:, place[0] : place[0] + 9, place[1] : place[1] + 9] = 1
    model = Function(lambda v: weight.flatten() @ v)
    given = {"area": 0.1, "baseline": "zero", "steps": 150}
    mask = run(
        model, torch.ones(1, 3, 28, 28).double(), "extremal_perturbation", Target(0, "y"), **given
    )[0, 0]
    counts = weight[0] > 0
    assert 0 <= mask.min() <= mask.max() <= 1
    assert float(mask.mean()) == pytest.approx(0.1, abs=0.04)
    assert float(mask[counts].sum() / mask.sum()) > 0.8


def test_the_kept_part_scores_more_than_others_of_its_area(x: Tensor) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 16 * 11, CLASSES)
    ).double()
    mask = run(model, x, "extremal_perturbation", area=0.3, grid=8)
    hidden = baseline_like(x, "blur")
    with torch.no_grad():
        best = model(hidden + mask * (x - hidden))[:, 3]
        for shift in ((5, 0), (0, 6), (9, 4), (12, 9)):
            moved = mask.roll(shift, (2, 3))
            assert (model(hidden + moved * (x - hidden))[:, 3] < best).all()


def shares_of_ones(values: Tensor, zeros: int) -> Tensor:
    """For each of some values, the share of ones among the places that it may have in a sort, which
    gives the first `zeros` a 0 and the others a 1; values within 0.001 are equal.
    """
    ordered = values.detach().sort().values
    shares = []
    for value in values.detach():
        places = ((ordered - value).abs() <= 1e-3).nonzero()
        shares.append(float((places >= zeros).double().mean()))
    return values.new_tensor(shares)


def test_the_first_steps_of_the_ascent_are_adams(x: Tensor) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 16 * 11, CLASSES)
    ).double()
    hidden = baseline_like(x, "blur")
    with torch.no_grad():
        span = (model(x) - model(hidden)).abs()[:, 3]
    places = torch.full((len(x), 1, 8, 8), 0.5, dtype=torch.float64, requires_grad=True)
    adam = torch.optim.Adam([places], lr=0.05, betas=(0.9, 0.99))
    zeros = round(0.7 * x[0, 0].numel())
    for step in (1, 2, 3):
        mask = upsampled(smooth_maximum(places, 8 * 3 / 32), x.shape[-2:])
        score = model(hidden + mask * (x - hidden))[:, 3] / span
        area = torch.stack(
            [(m - shares_of_ones(m, zeros)).square().mean() for m in mask.flatten(1)]
        )
        adam.zero_grad()
        (60 ** (step / 3) * area - score).sum().backward()
        adam.step()
        with torch.no_grad():
            places.clamp_(0, 1)
    found = run(model, x, "extremal_perturbation", area=0.3, grid=8, steps=3)
    torch.testing.assert_close(found.double(), mask.detach(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("axis", [-1, -2])
def test_a_mirrored_picture_has_the_mirrored_mask(axis: int) -> None:
    """Which places come first does not depend on where they lie."""
    model = nn.Sequential(
        nn.Conv2d(3, 8, 1), nn.AvgPool2d(2), nn.ReLU(), nn.Conv2d(8, 8, 1), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, CLASSES),
    )  # fmt: skip
    seeded(model)
    x = picture()
    plain = run(model, x, "extremal_perturbation", grid=4, steps=12)
    mirrored = run(model, x.flip(axis), "extremal_perturbation", grid=4, steps=12)
    assert plain.max() - plain.min() > 0.3
    torch.testing.assert_close(mirrored.flip(axis), plain, rtol=0, atol=1e-4)


@pytest.mark.parametrize("order", ["reversed", "drawn"])
def test_the_order_of_equals_in_a_sort_does_not_matter(
    order: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Devices sort equal values differently, and round differently."""
    plain = run(cnn(), picture(), "extremal_perturbation", grid=4, steps=6)
    generator, sort, larger = torch.Generator().manual_seed(0), Tensor.sort, upsampled

    def otherwise(values: Tensor, dim: int = -1, **options: bool) -> Any:
        count = values.shape[dim]
        drawn = torch.randperm(count, generator=generator)
        places = torch.arange(count).flip(0) if order == "reversed" else drawn
        ordered, indices = sort(values.index_select(dim, places), dim, **options)
        return torch.return_types.sort((ordered, places[indices]))

    def rounded(*given: Any) -> Tensor:
        values = larger(*given)
        return values * (1 + 1e-6 * torch.randn(values.shape, generator=generator))

    monkeypatch.setattr(Tensor, "sort", otherwise)
    monkeypatch.setattr(preservation, "upsampled", rounded)
    found = run(cnn(), picture(), "extremal_perturbation", grid=4, steps=6)
    torch.testing.assert_close(found, plain, rtol=0, atol=1e-4)


def test_the_smooth_maximum_place_by_place() -> None:
    places = torch.rand(1, 1, 6, 5, generator=torch.Generator().manual_seed(0)).double()
    ours = smooth_maximum(places, width=1.0, temperature=0.1)[0, 0].numpy()
    padded = np.pad(places[0, 0].numpy(), 2, mode="edge")
    for r in range(6):
        for c in range(5):
            bumps = [
                padded[r + 2 + i, c + 2 + j] * np.exp(-2 * max(np.hypot(i, j) - 0.5, 0) ** 2)
                for i in range(-2, 3)
                for j in range(-2, 3)
            ]
            weights = np.exp(np.array(bumps) / 0.1)
            assert ours[r, c] == pytest.approx((weights * bumps).sum() / weights.sum())
    ones = smooth_maximum(torch.ones(1, 1, 4, 4), width=1.0)
    assert float(ones.min()) > 0.9


def test_black_is_black_in_the_picture_whatever_the_normalisation() -> None:
    """Covering with black is covering the picture's own pixels with (0, 0, 0) beforehand."""
    model = cnn("module")
    mean, std = (0.2, 0.4, 0.6), (0.5, 0.25, 0.3)
    engine = xw.Engine(model, preprocessing={"size": 16, "crop": 16, "mean": mean, "std": std})
    pixels = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    found = engine.explain(pixels, "occlusion", target=1, window=8, stride=8, baseline="black")
    covered = pixels.copy()
    covered[:8, 8:] = 0
    whole, without = (model(engine.input(image))[0, 1].item() for image in (pixels, covered))
    assert found.values[0, 0, 12] == pytest.approx(whole - without, rel=1e-4, abs=1e-6)
    batch = engine.explain_batch(
        [pixels, pixels[::-1].copy()], "occlusion", targets=1, window=8, stride=8, baseline="black"
    )
    np.testing.assert_allclose(batch[0].values, found.values, atol=1e-6)


def test_black_of_an_unknown_normalisation_is_refused_in_words() -> None:
    with pytest.raises(xw.ExplanationError, match="what black is"):
        xw.Engine(cnn("module")).explain(picture(), "occlusion", target=1, baseline="black")
