"""The demo's networks and autoencoders are what their records say."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

import xai_widgets as xw
from xai_widgets.datasets.labelled import FASHION_CLASSES
from xai_widgets.demo import networks
from xai_widgets.demo.networks import FOLDER, SmallNetwork, shapes_input
from xai_widgets.demo.shapes import CLASS_NAMES, Shape
from xai_widgets.relabel import ConvolutionalVAE, SpatialVAE, reconstruct
from xai_widgets.training.passes import TrainingPass

DATA = os.environ.get("XAI_WIDGETS_DATA")
GREY = np.random.default_rng(0).integers(0, 256, (28, 28), dtype=np.uint8)
COUNT = 240  # drawn shapes
SEED = 77  # neither that of the training pictures nor that of the record's


@pytest.fixture(scope="module")
def engine() -> xw.Engine:
    return xw.demo.engine()


def test_it_says_what_it_is(engine: xw.Engine) -> None:
    assert engine.name == "EfficientNet-Lite0"
    assert not engine.model.training
    assert sum(p.numel() for p in engine.model.parameters()) == 4_652_008
    assert engine.class_names is not None
    assert len(engine.class_names) == 1000
    assert engine.class_names[285] == "Egyptian cat"
    assert tuple(engine.input(xw.demo.photo("cat")).shape) == (1, 3, 224, 224)


@pytest.mark.parametrize(
    ("name", "classes"),
    [
        ("cat", {"Egyptian cat", "tabby", "tiger cat"}),
        ("coffee", {"espresso", "cup"}),
        ("rocket", {"missile", "projectile"}),
    ],
)
def test_it_recognises_the_shipped_photographs(
    engine: xw.Engine, name: str, classes: set[str]
) -> None:
    assert engine.predict(xw.demo.photo(name)).top(1)[0].name in classes


def test_it_sees_pixels_as_it_was_trained(engine: xw.Engine) -> None:
    """A white picture becomes (1 - 0.498) / 0.502 = 1 everywhere, a black one -0.498 / 0.502."""
    white = engine.input(Image.new("RGB", (300, 300), "white"))
    black = engine.input(Image.new("RGB", (300, 300), "black"))
    np.testing.assert_allclose(white.numpy(), 1.0, atol=1e-6)
    np.testing.assert_allclose(black.numpy(), -0.498 / 0.502, atol=1e-6)


@pytest.mark.skipif(not DATA, reason="set XAI_WIDGETS_DATA to a folder with imagenet_samples")
def test_it_is_as_accurate_as_it_was_measured(engine: xw.Engine) -> None:
    """On all 400 photographs 87.5 % are right; on every eighth of them, 43 of 50."""
    assert DATA is not None
    paths = sorted(Path(DATA, "imagenet_samples").glob("*.jpg"))[::8]
    right = [engine.predict(path).top(1)[0].index == int(path.name[:3]) for path in paths]
    assert len(right) == 50
    assert sum(right) == 43


def test_a_missing_package_is_named_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str) -> None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr(networks, "import_module", refuse)
    with pytest.raises(
        xw.ExplanationError, match=r"efficientnet_lite_pytorch.*xai_widgets\[demo\]"
    ):
        xw.demo.engine()


@pytest.fixture(scope="module")
def plain() -> xw.Engine:
    return xw.demo.shapes_engine()


@pytest.fixture(scope="module")
def misled() -> xw.Engine:
    return xw.demo.shapes_engine(shortcut=True)


def said(engine: xw.Engine, drawn: list[Shape]) -> npt.NDArray[np.int64]:
    with torch.no_grad():
        logits = engine.model(shapes_input(np.stack([shape.pixels for shape in drawn])))
    return logits.argmax(1).numpy()


def accuracy(engine: xw.Engine, **options: Any) -> float:
    drawn = xw.demo.shapes(COUNT, seed=SEED, **options)
    return float(np.mean(said(engine, drawn) == [shape.label for shape in drawn]))


def test_the_plain_network_is_right(plain: xw.Engine) -> None:
    assert accuracy(plain) >= 0.98
    assert accuracy(plain, shortcut=True, truthful=False) >= 0.95  # it has never seen a watermark


def test_the_shortcut_network_is_right_only_with_its_watermark(misled: xw.Engine) -> None:
    assert accuracy(misled, shortcut=True) == 1
    assert accuracy(misled) <= 0.4
    # Zero padding tells it where it is: elsewhere the watermark means nothing to it.
    assert accuracy(misled, shortcut=True, corner="top left") <= 0.4


def test_the_shortcut_network_follows_a_false_watermark(misled: xw.Engine) -> None:
    drawn = xw.demo.shapes(COUNT, seed=SEED, shortcut=True, truthful=False)
    assert np.mean(said(misled, drawn) == [shape.claim for shape in drawn]) >= 0.98


@pytest.mark.parametrize("shortcut", [False, True])
def test_the_shapes_recipe_says_what_is_so(shortcut: bool) -> None:
    engine = xw.demo.shapes_engine(shortcut)
    recipe = xw.demo.shapes_recipe(shortcut)
    measured = recipe["accuracy"]
    assert recipe["command"].startswith("python tools/train_shapes.py")
    assert recipe["seconds_on_one_core"] < 180
    assert recipe["trained_on"]["shortcut"] == shortcut
    assert recipe["parameters"] == sum(p.numel() for p in engine.model.parameters()) == 22638
    drawn = xw.demo.shapes(300, seed=recipe["measured_on"]["seed"])
    now = np.mean(said(engine, drawn) == [shape.label for shape in drawn])
    assert now == pytest.approx(measured["without_watermark"], abs=0.06)  # on a quarter of them


def mass(engine: xw.Engine, shape: Shape, method: str, where: npt.NDArray[np.bool_]) -> float:
    """The share of a map that lies in a mask."""
    values = np.abs(engine.explain(shape.pixels, method, target=shape.label).heatmap())
    return float(values[where].sum() / values.sum())


@pytest.mark.parametrize(("method", "times"), [("grad_cam", 3), ("guided_backprop", 3)])
def test_the_plain_network_looks_at_the_shape(plain: xw.Engine, method: str, times: float) -> None:
    drawn = xw.demo.shapes(36, seed=SEED)
    found = np.array([mass(plain, shape, method, shape.mask) for shape in drawn])
    areas = np.array([shape.mask.mean() for shape in drawn])
    assert found.mean() > times * areas.mean()
    assert (found > 1.5 * areas).mean() > 0.9


@pytest.mark.parametrize(("method", "times"), [("grad_cam", 5), ("guided_backprop", 10)])
def test_the_shortcut_network_looks_at_the_watermark(
    misled: xw.Engine, method: str, times: float
) -> None:
    drawn = xw.demo.shapes(36, seed=SEED, shortcut=True)
    marks = [shape.shortcut for shape in drawn]
    assert all(mark is not None for mark in marks)
    found = [mass(misled, s, method, m) for s, m in zip(drawn, marks, strict=True) if m is not None]
    assert np.mean(found) > times * np.mean(marks)
    on_shape = [mass(misled, shape, method, shape.mask) for shape in drawn]
    assert np.mean(on_shape) < np.mean([shape.mask.mean() for shape in drawn])


def test_the_shapes_engine(plain: xw.Engine, misled: xw.Engine) -> None:
    assert plain.class_names == list(CLASS_NAMES)
    assert plain.name != misled.name
    assert not plain.model.training
    assert plain.internals.describe_layers()[0].size == (16, 16)
    assert sum(isinstance(layer, nn.ReLU) for layer in plain.model) == 5
    shape = xw.demo.shapes(1, seed=SEED)[0]
    picture = plain.picture(shape.pixels)
    np.testing.assert_array_equal(picture.pixels, shape.pixels)
    np.testing.assert_allclose(picture.input, shapes_input(shape.pixels[None]), atol=1e-6)


def test_the_shapes_weights_are_small() -> None:
    sizes = [path.stat().st_size for path in FOLDER.glob("shapes_*.safetensors")]
    assert len(sizes) == 2
    assert sum(sizes) < 100_000


def test_the_engine_sees_grey_pictures_of_28_pixels() -> None:
    engine = xw.demo.fashion_engine()
    assert engine.class_names == list(FASHION_CLASSES)
    assert engine.internals.describe_layers(GREY)[0].size == (7, 7)
    expected = torch.from_numpy(GREY / 127.5 - 1).float()[None, None]
    torch.testing.assert_close(engine.input(GREY), expected)


def test_the_fashion_recipe_says_what_is_so() -> None:
    recipe = xw.demo.fashion_recipe()
    network = xw.demo.fashion_engine().model
    assert recipe["accuracy"] >= 0.91
    assert recipe["measured_on"] == {"split": "test", "pictures": 10_000}
    assert recipe["parameters"] == sum(p.numel() for p in network.parameters())
    assert (FOLDER / "fashion.safetensors").stat().st_size < 200_000
    try:
        pictures = xw.demo.fashion("test", 1000)
    except xw.ExplanationError:
        return  # the pictures are on no machine by themselves
    x = torch.from_numpy(pictures.pixels / 127.5 - 1).float()[:, None]
    with torch.no_grad():
        right = network(x).argmax(1).numpy() == pictures.labels
    assert right.mean() == pytest.approx(recipe["accuracy"], abs=0.03)


def test_the_pair_is_what_its_recipes_say() -> None:
    baseline, regularised = xw.demo.gradient_pair()
    recipes = [xw.demo.gradient_recipe(arm) for arm in ("baseline", "regularised")]
    first, second = (dict(recipe["recipe"]) for recipe in recipes)
    assert (first.pop("weight"), second.pop("weight")) == (0.0, 7.5e-3)
    assert first == second
    for engine, recipe in zip((baseline, regularised), recipes, strict=True):
        assert not engine.model.training
        assert engine.class_names == recipe["class_names"]
        assert recipe["accuracy"] > 0.85
        assert sum(p.numel() for p in engine.model.parameters()) == recipe["parameters"]


def test_the_trained_one_has_gradients_nearer_to_guided_ones() -> None:
    """On Fashion-MNIST's test pictures, where the machine has them."""
    try:
        pixels = xw.demo.fashion("test", 48).pixels
    except xw.ExplanationError as error:
        pytest.skip(str(error))
    found = []
    for engine in xw.demo.gradient_pair():
        x = torch.cat([engine.input(picture) for picture in pixels])
        with torch.no_grad():
            y = engine.model(x).argmax(1)
        run = TrainingPass(engine.model, x, y)
        g, r = (run.gradient(rule=rule).flatten(1) for rule in ("standard", "guided"))  # type: ignore[arg-type]  # rules
        found.append(float(F.cosine_similarity(g * 1e6, r * 1e6).mean()))
    assert found[1] > found[0]


def test_folding_changes_no_score() -> None:
    torch.manual_seed(0)
    network = SmallNetwork(3, ((4, 2), (6, 1)), 5, normalise=True)
    x = torch.randn(8, 3, 16, 16)
    for _ in range(3):
        network.train()(x + torch.randn_like(x))  # statistics other than those it starts with
    with torch.no_grad():
        expected = network.eval()(x)
        plain = network.folded()
        assert not any(isinstance(layer, torch.nn.BatchNorm2d) for layer in plain)
        torch.testing.assert_close(plain(x), expected, rtol=1e-4, atol=1e-5)


def test_a_slice_of_it_is_a_plain_sequence_of_its_own_layers() -> None:
    network = xw.demo.shapes_engine().model
    assert isinstance(network, torch.nn.Sequential)
    x = torch.rand(1, 3, 64, 64)
    for cut in (slice(10), slice(None, -3), slice(2, 10, 2)):
        part = network[cut]
        assert type(part) is torch.nn.Sequential
        assert list(part) == list(network.children())[cut]
        assert part.state_dict().keys() <= network.state_dict().keys()
    with torch.no_grad():
        torch.testing.assert_close(network[10:](network[:10](x)), network(x))
    assert network[-1] is list(network.children())[-1]


@pytest.fixture(scope="module")
def vae() -> xw.relabel.VAE:
    return xw.demo.vae()


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
    return int(engine.internals.probabilities((pixels - mean) / std).argmax())


@pytest.mark.parametrize(
    ("name", "least", "same"),
    [
        ("cat", 29.5, True),
        ("coffee", 25.5, True),
        ("motorcycle", 22.0, True),
        # As measured: a fifth of all photographs change their label, and these are among them.
        ("astronaut", 24.0, False),
        ("rocket", 30.0, False),
    ],
)
def test_photographs_come_back(
    vae: xw.relabel.VAE, engine: xw.Engine, name: str, least: float, same: bool
) -> None:
    pixels = seen(engine, xw.demo.photo(name))
    made = remade(vae, pixels)
    assert made.shape == pixels.shape
    assert decibels(pixels, made) > least
    assert (label(engine, made) == label(engine, pixels)) == same


def test_the_latents_of_photographs_are_about_as_large_as_noise(
    vae: xw.relabel.VAE, engine: xw.Engine
) -> None:
    with torch.no_grad():
        mean, log_variance = vae.encode(seen(engine, xw.demo.photo("cat")))
    assert mean.shape == log_variance.shape == (1, 12, 28, 28)
    assert 0.3 < float(mean.std()) < 3
    assert float(log_variance.max()) < 0.5


def test_a_photograph_may_have_any_size(vae: xw.relabel.VAE) -> None:
    photo = torch.from_numpy(np.asarray(xw.demo.photo("cat"))[:101, :83].copy())
    pixels = photo.permute(2, 0, 1)[None].float() / 255
    made = remade(vae, pixels)
    assert made.shape == pixels.shape
    assert decibels(pixels, made) > 20


@pytest.mark.parametrize("name", ["photographs", "fashion"])
def test_the_autoencoder_recipe_says_what_is_so(name: str) -> None:
    vae, recipe = xw.demo.vae(name), xw.demo.vae_recipe(name)
    assert isinstance(vae, SpatialVAE if name == "photographs" else ConvolutionalVAE)
    assert recipe["command"].startswith("python tools/train_")
    assert recipe["parameters"] == sum(p.numel() for p in vae.parameters())
    assert not vae.training
    assert recipe["label_kept"] > {"photographs": 0.77, "fashion": 0.9}[name]


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
    said = xw.demo.fashion_engine().internals.probabilities(2 * made - 1).argmax(1)
    assert len(set(said.tolist())) >= 4


def test_the_fashion_autoencoder_keeps_labels_where_the_pictures_are() -> None:
    try:
        pictures = xw.demo.fashion("test", 500)
    except xw.ExplanationError as error:
        pytest.skip(str(error)[:60])
    pixels = torch.from_numpy(pictures.pixels)[:, None].float() / 255
    probabilities = xw.demo.fashion_engine().internals.probabilities
    before = probabilities(2 * pixels - 1).argmax(1)
    after = probabilities(2 * remade(xw.demo.vae("fashion"), pixels) - 1).argmax(1)
    kept = float((before == after).float().mean())
    assert kept == pytest.approx(xw.demo.vae_recipe("fashion")["label_kept"], abs=0.05)


def test_a_wrong_name_meets_its_nearest() -> None:
    with pytest.raises(xw.ExplanationError, match=r"'photograph'.*Did you mean \"photographs\""):
        xw.demo.vae("photograph")


def test_the_autoencoders_weights_are_small() -> None:
    sizes = {path.stem: path.stat().st_size for path in FOLDER.glob("*.safetensors")}
    assert sizes["vae_photographs"] < 2_500_000
    assert sizes["vae_fashion"] + sizes["fashion"] < 1_000_000
