"""The autoencoders that come with the package."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

import xai_widgets as xw
from xai_widgets.demo import autoencoders
from xai_widgets.relabel import ConvolutionalVAE, SpatialVAE, reconstruct

FOLDER = Path(autoencoders.__file__).parent
DATA = os.environ.get("XAI_WIDGETS_DATA")


@pytest.fixture(scope="module")
def vae() -> xw.relabel.VAE:
    return xw.demo.vae()


@pytest.fixture(scope="module")
def engine() -> xw.Engine:
    return xw.demo.engine()


def seen(engine: xw.Engine, image: object) -> Tensor:
    """The pixels in [0, 1] that the network sees of a picture: (1, 3, 224, 224)."""
    return torch.from_numpy(engine.picture(image).pixels).permute(2, 0, 1)[None].float() / 255


def remade(vae: xw.relabel.VAE, pixels: Tensor) -> Tensor:
    with torch.no_grad():
        return reconstruct(vae, pixels)


def decibels(pixels: Tensor, made: Tensor) -> float:
    return float(-10 * (made - pixels).square().mean().log10())


def label(engine: xw.Engine, pixels: Tensor) -> int:
    mean, std = (torch.tensor(engine.preprocessing[key]).view(3, 1, 1) for key in ("mean", "std"))
    return int(engine.probabilities((pixels - mean) / std).argmax())


@pytest.mark.parametrize(
    ("name", "least"),
    [("cat", 28.0), ("astronaut", 22.0), ("coffee", 22.0), ("motorcycle", 20.0), ("rocket", 22.0)],
)
def test_photographs_come_back(
    vae: xw.relabel.VAE, engine: xw.Engine, name: str, least: float
) -> None:
    pixels = seen(engine, xw.demo.photo(name))
    made = remade(vae, pixels)
    assert made.shape == pixels.shape
    assert decibels(pixels, made) > least
    assert label(engine, made) == label(engine, pixels)


def test_the_latents_of_photographs_are_about_as_large_as_noise(
    vae: xw.relabel.VAE, engine: xw.Engine
) -> None:
    with torch.no_grad():
        mean, log_variance = vae.encode(seen(engine, xw.demo.photo("cat")))
    assert mean.shape == log_variance.shape == (1, 8, 28, 28)
    assert 0.3 < float(mean.std()) < 3
    assert float(log_variance.max()) < 0.5


def test_a_photograph_may_have_any_size(vae: xw.relabel.VAE) -> None:
    photo = torch.from_numpy(np.asarray(xw.demo.photo("cat"))[:101, :83].copy())
    pixels = photo.permute(2, 0, 1)[None].float() / 255
    made = remade(vae, pixels)
    assert made.shape == pixels.shape
    assert decibels(pixels, made) > 20


@pytest.mark.parametrize("name", ["photographs", "fashion"])
def test_the_recipe_says_what_is_so(name: str) -> None:
    vae, recipe = xw.demo.vae(name), xw.demo.vae_recipe(name)
    assert isinstance(vae, SpatialVAE if name == "photographs" else ConvolutionalVAE)
    assert recipe["command"].startswith("python tools/train_")
    assert recipe["parameters"] == sum(p.numel() for p in vae.parameters())
    assert not vae.training
    assert recipe["label_kept"] > 0.8


@pytest.mark.skipif(not DATA, reason="set XAI_WIDGETS_DATA to a folder with imagenet_samples")
def test_held_out_photographs_keep_their_labels(vae: xw.relabel.VAE, engine: xw.Engine) -> None:
    assert DATA is not None
    paths = sorted(Path(DATA, "imagenet_samples").glob("*.jpg"))[::3][::6]
    assert len(paths) == 23
    kept = []
    for path in paths:
        pixels = seen(engine, path)
        kept.append(label(engine, remade(vae, pixels)) == label(engine, pixels))
    assert np.mean(kept) >= 0.75


def test_drawn_clothes_come_back_in_kind() -> None:
    """No picture of Fashion-MNIST comes with the package; one vector each makes one picture."""
    vae = xw.demo.vae("fashion")
    latents = torch.randn(16, 16, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        made = vae.decode(latents)
        mean, _ = vae.encode(made)
        again = vae.decode(mean)
    assert made.shape == (16, 1, 28, 28)
    assert float((again - made).abs().mean()) < 0.08
    said = xw.demo.fashion_engine().probabilities(2 * made - 1).argmax(1)
    assert len(set(said.tolist())) >= 4


def test_the_fashion_autoencoder_keeps_labels_where_the_pictures_are() -> None:
    try:
        pictures = xw.demo.fashion("test", 500)
    except xw.ExplanationError as error:
        pytest.skip(str(error)[:60])
    pixels = torch.from_numpy(pictures.pixels)[:, None].float() / 255
    probabilities = xw.demo.fashion_engine().probabilities
    before = probabilities(2 * pixels - 1).argmax(1)
    after = probabilities(2 * remade(xw.demo.vae("fashion"), pixels) - 1).argmax(1)
    kept = float((before == after).float().mean())
    assert kept == pytest.approx(xw.demo.vae_recipe("fashion")["label_kept"], abs=0.05)


def test_a_wrong_name_meets_its_nearest() -> None:
    with pytest.raises(xw.ExplanationError, match=r"'photograph'.*Did you mean \"photographs\""):
        xw.demo.vae("photograph")


def test_the_weights_are_small() -> None:
    sizes = {path.stem: path.stat().st_size for path in FOLDER.glob("*.safetensors")}
    assert sizes["vae_photographs"] < 2_500_000
    assert sizes["vae_fashion"] + sizes["fashion"] < 1_000_000
