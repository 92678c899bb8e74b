"""The cosines the spatial autoencoder begins with."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.fft import dctn

import xai_widgets as xw
from xai_widgets.relabel import SpatialVAE, reconstruct
from xai_widgets.relabel.autoencoders.networks import cosines


@pytest.mark.parametrize(("channels", "side"), [(1, 4), (3, 4), (3, 8), (2, 3)])
def test_all_of_them_are_an_orthonormal_basis(channels: int, side: int) -> None:
    values = channels * side**2
    waves, scale = cosines(values, channels, side)
    torch.testing.assert_close(waves @ waves.T, torch.eye(values), atol=1e-5, rtol=0)
    assert scale.shape == (values,)
    assert (scale > 0).all()


def test_they_are_the_known_transform_lowest_first() -> None:
    square = np.random.default_rng(0).normal(size=(3, 8, 8))
    waves, _ = cosines(8, 3, 8)
    found = waves.double() @ torch.from_numpy(square.reshape(-1))
    grey = dctn(square.sum(0) / 3**0.5, norm="ortho")
    red_blue = dctn((square[0] - square[2]) / 2**0.5, norm="ortho")
    green = dctn((square[0] - 2 * square[1] + square[2]) / 6**0.5, norm="ortho")
    expected = [grey[0, 0], grey[0, 1], grey[1, 0], red_blue[0, 0], green[0, 0],
                grey[1, 1], grey[0, 2], grey[2, 0]]  # fmt: skip
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_an_untrained_autoencoder_keeps_what_they_keep() -> None:
    """Projecting each 8 x 8 square onto the cosines, re-implemented one square at a time."""
    vae = SpatialVAE(latent=5).eval()
    photo = np.asarray(xw.demo.photo("cat"))[:16, :24] / 255
    pixels = torch.from_numpy(photo).permute(2, 0, 1).float()
    waves, _ = cosines(5, 3, 8)
    expected = torch.empty(3, 16, 24)
    for top in (0, 8):
        for left in (0, 8, 16):
            square = (2 * pixels[:, top : top + 8, left : left + 8] - 1).reshape(-1)
            kept = (waves.T @ (waves @ square)).view(3, 8, 8)
            expected[:, top : top + 8, left : left + 8] = (kept + 1) / 2
    with torch.no_grad():
        found = reconstruct(vae, pixels[None])[0]
    torch.testing.assert_close(found, expected.clamp(0, 1), atol=1e-5, rtol=0)


def test_pixels_come_back_where_they_were() -> None:
    """With all cosines nothing is lost, for any shape."""
    vae = SpatialVAE(channels=1, latent=64, width=8, fine=8).eval()
    pixels = torch.rand(2, 1, 21, 9, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        torch.testing.assert_close(reconstruct(vae, pixels), pixels, atol=1e-5, rtol=0)
