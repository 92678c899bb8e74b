"""Where synthetic pictures are drawn, and the scale at which they are of both classes."""

from __future__ import annotations

import math
import re

import pytest
import torch
from torch import Tensor

from xai_widgets.errors import ExplanationError
from xai_widgets.relabel.neighbourhood import Neighbourhood, Noise, ScaleSearch, Structure

GRID = torch.zeros(1, 3, 16, 16)
VECTOR = torch.zeros(1, 40)
MANY = list(range(200))


def around(
    mean: Tensor = GRID, structure: Structure = "independent", noise: Noise = "isotropic",
    seed: int = 0, log_variance: Tensor | None = None,
) -> Neighbourhood:  # fmt: skip
    log_variance = torch.zeros_like(mean) if log_variance is None else log_variance
    return Neighbourhood.around(mean, log_variance, noise, structure, 4, seed)


def offsets(neighbourhood: Neighbourhood, numbers: list[int], scale: float = 1.0) -> Tensor:
    return neighbourhood.offsets(numbers, [scale] * len(numbers))


@pytest.mark.parametrize("structure", ["independent", "smooth", "patches", "erased"])
def test_an_offset_depends_on_seed_and_number_alone(structure: Structure) -> None:
    drawn = around(structure=structure)
    torch.manual_seed(1)
    together = offsets(drawn, [3, 4, 9])
    state = torch.get_rng_state()
    torch.testing.assert_close(offsets(drawn, [9])[0], together[2], rtol=0, atol=0)
    assert torch.equal(torch.get_rng_state(), state)
    assert not torch.equal(together[0], together[1])
    assert not torch.equal(offsets(around(structure=structure, seed=1), [3])[0], together[0])


@pytest.mark.parametrize("noise", ["isotropic", "uniform"])
@pytest.mark.parametrize("structure", ["independent", "smooth"])
def test_the_noise_has_mean_0_and_variance_1(structure: Structure, noise: Noise) -> None:
    drawn = offsets(around(structure=structure, noise=noise), MANY)
    assert float(drawn.mean()) == pytest.approx(0, abs=0.05)
    assert float(drawn.square().mean()) == pytest.approx(1, abs=0.1)
    if noise == "uniform" and structure == "independent":
        assert float(drawn.abs().max()) <= 3**0.5


def test_the_posterior_says_how_far_each_latent_goes() -> None:
    log_variance = torch.linspace(-4, 0, 40)[None]
    drawn = offsets(around(VECTOR, noise="posterior", log_variance=log_variance), list(range(2000)))
    expected = (0.5 * log_variance[0]).exp()
    expected = expected / expected.square().mean().sqrt()
    torch.testing.assert_close(drawn.std(0), expected, rtol=0.1, atol=0)


def neighbours_correlation(drawn: Tensor) -> float:
    """The correlation of latents beside each other."""
    return float((drawn[..., :-1] * drawn[..., 1:]).mean() / drawn.square().mean())


def test_smooth_noise_hangs_together_and_independent_noise_does_not() -> None:
    assert abs(neighbours_correlation(offsets(around(), MANY))) < 0.02
    assert neighbours_correlation(offsets(around(structure="smooth"), MANY)) > 0.5


def test_patches_leave_about_half_of_the_picture_as_it_is() -> None:
    drawn = around(structure="patches")
    moved, disturbed = offsets(drawn, MANY), drawn.disturbed(MANY, [1.0] * len(MANY))
    assert disturbed is not None
    assert disturbed.shape == (200, 1, 16, 16)
    assert float(disturbed.min()) == 0
    assert float(disturbed.max()) == 1
    assert float(disturbed.mean()) == pytest.approx(0.5, abs=0.03)
    assert bool((moved[disturbed.expand_as(moved) == 0] == 0).all())
    whole = disturbed.expand_as(moved) == 1
    assert float(moved[whole].square().mean()) == pytest.approx(1, abs=0.05)
    assert around().disturbed(MANY, [1.0] * len(MANY)) is None


@pytest.mark.parametrize(("scale", "share"), [(0.25, 0.16), (1.0, 0.5), (3.0, 0.875)])
def test_the_scale_says_how_much_of_the_picture_is_erased(scale: float, share: float) -> None:
    ramp = torch.linspace(-3, 3, 16).view(1, 1, 1, 16).expand(1, 3, 16, 16).contiguous()
    ramp[0, 0, 5, 6] = 40.0
    drawn = around(ramp, structure="erased", noise="none")
    moved, disturbed = offsets(drawn, MANY, scale), drawn.disturbed(MANY, [scale] * len(MANY))
    assert disturbed is not None
    assert float(disturbed.mean()) == pytest.approx(share, abs=0.03)
    torch.testing.assert_close(moved, disturbed * drawn.erasing)
    # By the mean of the five by five around: of a ramp, that is the place itself but for the edges.
    assert float(drawn.erasing[1, :, 2:-2].abs().max()) < 1e-5
    around_it = ramp[0, 0, 3:8, 4:9].mean()
    assert float(drawn.erasing[0, 5, 6]) == pytest.approx(float(around_it) - 40, rel=1e-5)


def test_erased_places_can_be_filled_with_noise() -> None:
    filled = offsets(around(structure="erased", noise="isotropic"), MANY, 60.0)
    assert float(filled.square().mean()) == pytest.approx(1, abs=0.05)


def test_more_is_erased_where_the_scale_is_larger() -> None:
    drawn = around(structure="erased", noise="none")
    less, more = (drawn.disturbed(MANY, [scale] * len(MANY)) for scale in (0.5, 2.0))
    assert less is not None
    assert more is not None
    assert bool((more >= less).all())


def test_the_structure_fits_the_latents() -> None:
    found = around(structure="auto", noise="auto")
    assert (found.structure, found.noise) == ("erased", "none")
    found = around(VECTOR, structure="auto", noise="auto")
    assert (found.structure, found.noise) == ("independent", "isotropic")
    with pytest.raises(ExplanationError, match=r'noise="none" leaves .*"smooth"'):
        around(structure="smooth", noise="none")
    with pytest.raises(ExplanationError, match=r'structure="smooth" needs .* 40 numbers for all'):
        around(VECTOR, structure="smooth")


def test_drawn_out_neighbours_go_along_a_direction_from_a_number_on() -> None:
    even = around(VECTOR)
    along = torch.zeros(1, 40)
    along[0, 7] = 5.0  # of any length
    drawn = even.drawn_out(along, turn=3)
    assert torch.equal(offsets(drawn, [0, 2]), offsets(even, [0, 2]))
    later = list(range(3, 2003))
    deviation = offsets(drawn, later).std(0)
    expected = torch.full((40,), 0.5)
    expected[7] = (0.5**2 + 3.5**2) ** 0.5
    torch.testing.assert_close(deviation, expected, rtol=0.1, atol=0)


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
