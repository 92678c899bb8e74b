"""Autoencoders in files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

import xai_widgets as xw
from xai_widgets.relabel import ConvolutionalVAE, SpatialVAE, load_vae, save_vae
from xai_widgets.relabel.autoencoders.networks import shapes_alone


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


def described(path: Path, vae: nn.Module, **settings: Any) -> None:
    """The autoencoder's file, with other settings written in it."""
    save_vae(vae, path)
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118  # no mapping
    own = {**json.loads(metadata["settings"]), **settings}
    save_file(tensors, path, {**metadata, "settings": json.dumps(own)})


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"width": 20_000}, "width=20000, and it holds"),
        ({"latent": 0}, "settings have 'latent'=0; expected whole numbers"),
        ({"latent": -3}, "'latent'=-3"),
        ({"latent": 2.0}, "'latent'=2.0"),
        ({"latent": True}, "'latent'=True"),
        ({"latent": 3}, r"do not fit SpatialVAE.*has shape .*; expected"),
        ({"depth": 30}, "do not fit SpatialVAE.*it has no"),
        ({"depth": 10**9}, "depth=1000000000, and it holds"),
        ({"further": 3}, "'further'=3; expected whole numbers"),
    ],
)
def test_what_a_file_says_is_compared_with_what_it_holds(
    settings: dict[str, Any], words: str, tmp_path: Path
) -> None:
    path = tmp_path / "vae.safetensors"
    described(path, SpatialVAE(width=8, fine=8, latent=2), **settings)
    with pytest.raises(xw.ExplanationError, match=words):
        load_vae(path)


def test_sizes_are_compared_before_memory_is_asked_for(tmp_path: Path) -> None:
    """A network of this width would need 130 GB."""
    path = tmp_path / "vae.safetensors"
    metadata = {"format": "xai_widgets.vae", "version": "1", "kind": "spatial",
                "settings": json.dumps({"width": 60_000})}  # fmt: skip
    save_file({"vae.encoder.deep.1.bias": torch.zeros(60_000)}, path, metadata)
    with pytest.raises(xw.ExplanationError, match="do not fit SpatialVAE: it has no"):
        load_vae(path)


@pytest.mark.parametrize("kind", [ConvolutionalVAE, SpatialVAE])
def test_shapes_alone_are_those_of_the_weights(kind: Any) -> None:
    with shapes_alone():
        shapes = kind(width=6).state_dict()
    made = kind(width=6).state_dict()
    assert {name: tuple(v.shape) for name, v in shapes.items()} == {
        name: tuple(v.shape) for name, v in made.items()
    }
    assert all(v.is_meta for v in shapes.values())
    assert not any(v.is_meta for v in made.values())


def test_weights_that_are_no_numbers(tmp_path: Path) -> None:
    vae = Own()
    with torch.no_grad():
        vae.layer.bias[0] = float("inf")
    save_vae(vae, tmp_path / "vae.safetensors")
    other = Own()
    before = other.layer.bias.clone()
    with pytest.raises(xw.ExplanationError, match=r'"layer.bias" has 1 of 2 values that are not'):
        load_vae(tmp_path / "vae.safetensors", vae=other)
    assert torch.equal(other.layer.bias, before)
