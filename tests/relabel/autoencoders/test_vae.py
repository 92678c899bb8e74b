"""The autoencoders: shapes, ranges, the divergence, the adapter."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Normal, kl_divergence

import xai_widgets as xw
from xai_widgets.relabel import ConvolutionalVAE, SpatialVAE, from_diffusers, reconstruct
from xai_widgets.relabel import kl_divergence as closed_form
from xai_widgets.relabel.autoencoders.vae import padded


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("shape", [(5, 7), (3, 4, 6)])
def test_the_divergence_is_that_of_two_normal_distributions(shape: tuple[int, ...]) -> None:
    mean, log_variance = (4 * noise(2, *shape, seed=seed).double() - 2 for seed in (0, 1))
    there = Normal(mean, (0.5 * log_variance).exp())
    here = Normal(torch.zeros_like(mean), torch.ones_like(mean))
    expected = kl_divergence(there, here).flatten(1).sum(1)
    torch.testing.assert_close(closed_form(mean, log_variance), expected)
    nothing = torch.zeros(2, *shape)
    assert torch.equal(closed_form(nothing, nothing), torch.zeros(2))


@pytest.mark.parametrize("size", [28, 32, 64])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_small_picture_has_one_latent_vector(size: int, channels: int) -> None:
    vae = ConvolutionalVAE(channels=channels, size=size, latent=5, width=8)
    pixels = noise(2, channels, size, size)
    mean, log_variance = vae.encode(pixels)
    assert mean.shape == log_variance.shape == (2, 5)
    made = vae.decode(3 * torch.randn(4, 5))
    assert made.shape == (4, channels, size, size)
    assert made.min() >= 0
    assert made.max() <= 1


@pytest.mark.parametrize(("height", "width"), [(8, 8), (64, 40), (33, 50), (1, 9), (224, 223)])
def test_a_photograph_of_any_size_has_a_grid_of_latents(height: int, width: int) -> None:
    vae = SpatialVAE(latent=4, width=8, fine=8).eval()
    pixels = noise(2, 3, height, width)
    mean, log_variance = vae.encode(pixels)
    grid = (-(-height // 8), -(-width // 8))
    assert mean.shape == log_variance.shape == (2, 4, *grid)
    assert vae.decode(mean).shape == (2, 3, 8 * grid[0], 8 * grid[1])
    assert reconstruct(vae, pixels).shape == pixels.shape
    made = vae.decode(50 * torch.randn(1, 4, 3, 3))
    assert made.min() == 0
    assert made.max() == 1


def test_the_last_row_and_column_are_continued() -> None:
    pixels = noise(1, 3, 5, 8)
    larger = padded(pixels, 8)
    assert larger.shape == (1, 3, 8, 8)
    assert torch.equal(larger[..., :5, :], pixels)
    assert torch.equal(larger[..., 5:, :], pixels[..., 4:5, :].expand(-1, -1, 3, -1))
    assert padded(larger, 8) is larger


def test_a_spatial_latent_speaks_of_its_surroundings_only() -> None:
    """Two 3 x 3 convolutions a residual block, one before, and the enlarging ones after."""
    torch.manual_seed(0)
    vae = SpatialVAE(latent=2, width=8, fine=8, depth=1).eval()
    for parameter in vae.decoder.parameters():  # residual blocks begin as the identity
        nn.init.normal_(parameter, std=0.2)
    latents = torch.randn(1, 2, 24, 24) / 10
    other = latents.clone()
    other[0, :, 12, 12] += 1
    changed = (vae.decode(latents) != vae.decode(other)).any(1)[0]
    rows = changed.any(1).nonzero()
    # 4 places at 1/8, then one residual block and one convolution at 1/4: 3 places.
    assert rows.min() == 8 * (12 - 4) - 4 * 3
    assert rows.max() == 8 * (12 + 5) + 4 * 3 - 1


def test_the_weights_come_from_the_seed_and_from_nothing_else() -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    one, same, other = (SpatialVAE(width=8, fine=8, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), before)
    for name, tensor in one.state_dict().items():
        assert torch.equal(tensor, same.state_dict()[name])
    assert not torch.equal(one.decoder.deep[0].weight, other.decoder.deep[0].weight)


def test_what_has_both_methods_is_a_vae() -> None:
    assert isinstance(SpatialVAE(width=8, fine=8), xw.relabel.VAE)
    assert isinstance(ConvolutionalVAE(width=8), xw.relabel.VAE)
    assert not isinstance(nn.Linear(2, 2), xw.relabel.VAE)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: ConvolutionalVAE(size=30), r"size=30; expected a multiple of 4.*SpatialVAE"),
        (lambda: ConvolutionalVAE().encode(noise(1, 1, 32, 32)), r"28 x 28"),
        (lambda: ConvolutionalVAE().encode(noise(1, 3, 28, 28)), r"expected \(N, 1, height"),
        (lambda: ConvolutionalVAE().decode(noise(1, 3)), r"\(1, 3\); expected \(N, 16\)"),
        (lambda: SpatialVAE().encode(noise(3, 8, 8)), r"\(3, 8, 8\); expected \(N, 3, height"),
        (lambda: SpatialVAE().encode(noise(1, 3, 8, 8).byte()), r"uint8.*divide by 255"),
        (lambda: SpatialVAE().decode(noise(1, 3, 8, 8)), r"expected \(N, 8, height / 8"),
        (lambda: from_diffusers(nn.Linear(2, 2)), r"Linear without encode, decode, config"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(call: Any, words: str) -> None:
    with pytest.raises(xw.ExplanationError, match=words):
        call()


class Kl(nn.Module):
    """As AutoencoderKL is called: in [−1, 1], stride 4, means of blocks, a constant variance."""

    def __init__(self, **config: Any) -> None:
        super().__init__()
        self.config = {"block_out_channels": (8, 8, 8), "in_channels": 3, **config}
        self.weight = nn.Parameter(torch.ones(1))

    def encode(self, x: Tensor) -> Any:
        assert x.min() >= -1
        mean = nn.functional.avg_pool2d(x, 4)
        return SimpleNamespace(
            latent_dist=SimpleNamespace(mean=mean, logvar=torch.full_like(mean, -3.0))
        )

    def decode(self, z: Tensor) -> Any:
        return SimpleNamespace(sample=nn.functional.interpolate(z, scale_factor=4.0))


class Tiny:
    """As AutoencoderTiny is called: no distribution, and it is told apart by that."""

    config = SimpleNamespace(encoder_block_out_channels=(8, 8), in_channels=3, scaling_factor=1.0)

    def encode(self, x: Tensor) -> Any:
        return SimpleNamespace(latents=nn.functional.avg_pool2d(x, 2))

    def decode(self, z: Tensor) -> Any:
        return SimpleNamespace(sample=nn.functional.interpolate(z, scale_factor=2.0))


def test_latents_are_scaled_as_the_diffusion_model_scales_them() -> None:
    pixels = noise(2, 3, 12, 16)
    vae = from_diffusers(Kl(scaling_factor=0.25, shift_factor=0.5))
    mean, log_variance = vae.encode(pixels)
    blocks = nn.functional.avg_pool2d(2 * pixels - 1, 4)
    torch.testing.assert_close(mean, 0.25 * (blocks - 0.5))
    # s² = e⁻³ becomes (0.25 s)².
    torch.testing.assert_close(log_variance.exp(), torch.full_like(mean, 0.0625).mul(torch.e**-3))
    expected = nn.functional.interpolate(nn.functional.avg_pool2d(pixels, 4), scale_factor=4.0)
    torch.testing.assert_close(vae.decode(mean), expected)
    assert isinstance(vae, xw.relabel.VAE)


def test_one_without_a_scale_or_a_variance_has_1_and_0() -> None:
    pixels = noise(1, 3, 5, 6)
    vae = from_diffusers(Tiny())
    mean, log_variance = vae.encode(pixels)
    torch.testing.assert_close(mean, nn.functional.avg_pool2d(2 * padded(pixels, 2) - 1, 2))
    assert torch.equal(log_variance, torch.zeros(1, 3, 3, 3))
    assert reconstruct(vae, pixels).shape == pixels.shape
    assert vae.decode(torch.full((1, 3, 1, 1), 7.0)).max() == 1


def test_a_model_in_half_precision_gives_ordinary_numbers() -> None:
    model = Kl(scaling_factor=0.5).half()
    vae = from_diffusers(model)
    mean, _ = vae.encode(noise(1, 3, 8, 8))
    assert mean.dtype == vae.decode(mean).dtype == torch.float32
    assert model.weight.grad is None


def test_a_configuration_without_blocks_is_refused() -> None:
    model = Kl()
    del model.config["block_out_channels"]
    with pytest.raises(xw.ExplanationError, match="Kl has no block_out_channels"):
        from_diffusers(model)
