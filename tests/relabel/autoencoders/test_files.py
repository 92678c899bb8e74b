"""Autoencoders in files."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

import xai_widgets as xw
from xai_widgets.relabel import ConvolutionalVAE, SpatialVAE, load_vae, save_vae


@pytest.mark.parametrize(
    "vae", [ConvolutionalVAE(channels=3, size=32, latent=5, width=4), SpatialVAE(width=8, fine=8)]
)
def test_a_file_gives_back_what_was_written(tmp_path: Path, vae: nn.Module) -> None:
    file = tmp_path / "new" / "vae.safetensors"
    save_vae(vae, file)
    found = load_vae(file)
    assert type(found) is type(vae)
    assert found.settings == vae.settings
    assert not found.training
    for name, tensor in found.state_dict().items():
        assert torch.equal(tensor, vae.state_dict()[name])


def test_half_precision_is_half_the_size_and_read_as_whole(tmp_path: Path) -> None:
    vae = SpatialVAE()
    for name, half in (("whole", False), ("half", True)):
        save_vae(vae, tmp_path / name, half=half)
    sizes = [(tmp_path / name).stat().st_size for name in ("half", "whole")]
    assert sizes[0] < 0.51 * sizes[1]
    found = load_vae(tmp_path / "half").decoder.deep[0].weight
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.detach(), vae.decoder.deep[0].weight.detach().half().float())


class Own(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 2)

    def encode(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        return self.layer(pixels), pixels

    def decode(self, latents: Tensor) -> Tensor:
        return latents


def test_a_class_of_ones_own_is_filled_by_name(tmp_path: Path) -> None:
    own, file = Own(), tmp_path / "own.safetensors"
    save_vae(own, file)
    with pytest.raises(xw.ExplanationError, match=r"weights of a Own.*load_vae\(path, vae="):
        load_vae(file)
    found = load_vae(file, vae=Own())
    assert torch.equal(found.layer.weight, own.layer.weight)
    with pytest.raises(xw.ExplanationError, match=r"do not fit SpatialVAE"):
        load_vae(file, vae=SpatialVAE(width=8, fine=8))


def test_another_file_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.safetensors"
    save_file({"weight": torch.zeros(2)}, other)
    with pytest.raises(xw.ExplanationError, match=r"not an autoencoder that this xai_widgets"):
        load_vae(other)
    save_vae(Own(), other)
    other.write_bytes(other.read_bytes()[:-3])
    with pytest.raises(xw.ExplanationError, match=r"cannot be read"):
        load_vae(other)
    with pytest.raises(xw.ExplanationError, match=r"cannot be read"):
        load_vae(tmp_path / "none.safetensors")
