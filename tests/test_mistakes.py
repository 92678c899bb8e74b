"""What newcomers type, and the words that answer: the thing, its value, what was expected, the way
out. One row is one mistake; a raw error of Python or PyTorch is none of the answers.
"""
# ruff: noqa: E501  # one line is one mistake

from __future__ import annotations

import importlib
import re
import types
import urllib.error
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

import xai_widgets as xw
from tests.networks import cnn
from tests.widgets.latent.test_viewer import Brightest, Quarters
from xai_widgets import _torchvision, metrics
from xai_widgets.engine.sources import from_torchvision
from xai_widgets.methods import registry

_torchvision.load()  # before captum and zennit, which import torchvision by themselves
attr = importlib.import_module("captum.attr")
composites = importlib.import_module("zennit.composites")

NAMES = ["tench", "goldfish", "great white shark", "tabby cat", "tiger cat"]
PHOTO = np.random.default_rng(0).integers(0, 256, (32, 48, 3), dtype=np.uint8)
PIL = Image.fromarray(PHOTO)
NET = cnn()


def engine(model: nn.Module = NET, **options: Any) -> xw.Engine:
    return xw.Engine(model, **{"class_names": NAMES, **options})


def grad_cam() -> xw.Attribution:
    return engine().explain(PHOTO, "grad_cam")


class Meta(nn.Module):
    """A network that needs more than a picture."""

    def __init__(self) -> None:
        super().__init__()
        self.net = cnn()

    def forward(self, image: Tensor, meta: Tensor) -> Tensor:
        return self.net(image) + meta


class ClipLike(nn.Module):
    """A network of texts and pictures, as Hugging Face's CLIP takes them."""

    def forward(self, input_ids: Any = None, pixel_values: Any = None) -> Tensor:
        return pixel_values.shape


class Fixed(nn.Module):
    """A network whose linear head fits pictures of 32 x 32 only; `flat` is how it flattens."""

    def __init__(self, flat: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.conv, self.flat, self.head = nn.Conv2d(3, 4, 3, padding=1), flat, nn.Linear(4096, 5)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.flat(self.conv(x).relu()))


class Wrong(nn.Module):
    """A network with a fault in its own code."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = cnn()

    def forward(self, x: Tensor) -> Tensor:
        return {"scores": self.inner(x)}["logits"]


def mixed() -> nn.Module:
    network = cnn()
    network.head.double()
    return network


def volumes() -> nn.Module:
    return nn.Sequential(nn.Conv3d(3, 4, 3, padding=1), nn.AdaptiveAvgPool3d(1), nn.Flatten())


def asked_within() -> Any:
    own = engine()
    xw.methods.from_callable("asks", lambda n, x, i: torch.tensor(own.explain(x[0]).values))
    return own.explain(PHOTO, "asks")


def captums(attribution: Any, model: nn.Module = NET, **options: Any) -> Any:
    xw.methods.from_captum("theirs", attribution, **options)
    return engine(model).explain(PHOTO, "theirs", target=0)


def offline(source: Callable[..., Any]) -> Any:
    """A network by name on a machine without a connection."""

    def refused(*_: Any, **__: Any) -> Any:
        raise urllib.error.URLError("Name or service not known")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("torch.hub.load_state_dict_from_url", refused)
        patched.setattr("torchvision.models._api.load_state_dict_from_url", refused)
        patched.setattr("timm.models._builder.load_pretrained", refused)
        return source()


@dataclass(frozen=True)
class Pixels:
    """A data set of pairs, as torchvision's."""

    classes: tuple[str, ...] = tuple(NAMES)

    def __iter__(self) -> Any:
        return iter([(PIL, 0), (PIL, 1)])


Heatmap, Faithfulness = xw.HeatmapViewer, xw.FaithfulnessViewer
Comparison, Latent, Monitor = xw.GradientComparison, xw.LatentExplorer, xw.TrainingMonitor
ONE_HOT = np.eye(1000)[7]
Mistake = tuple[Callable[[], Any], str]
MISTAKES: dict[str, Mistake] = {
    # A network where an engine belongs, and other things in the wrong place.
    "heatmap of a network": (lambda: Heatmap(NET, PHOTO), "a Cnn, a network, as its engine; bind it first: HeatmapViewer(xw.Engine(model), image)"),
    "faithfulness of a network": (lambda: Faithfulness(NET, PHOTO), "FaithfulnessViewer(xw.Engine(model), image)"),
    "comparison of a network": (lambda: Comparison(NET, PHOTO), "GradientComparison(xw.Engine(model), image)"),
    "comparison of networks": (lambda: Comparison([NET, NET], PHOTO), "a Cnn, a network, as its engine"),
    "latent of a network": (lambda: Latent(NET, Quarters(), PHOTO), "LatentExplorer(xw.Engine(model), vae, image)"),
    "monitor of a network": (lambda: Monitor(NET), "trainer is a Cnn; expected an xw.training.Trainer"),
    "heatmap swapped": (lambda: Heatmap(PHOTO, engine()), "the arguments are swapped; expected HeatmapViewer(engine, image)"),
    "heatmap swapped path": (lambda: Heatmap("cat.jpg", engine()), "the arguments are swapped"),
    "faithfulness swapped": (lambda: Faithfulness(PIL, engine()), "the arguments are swapped"),
    "comparison swapped": (lambda: Comparison(PIL, engine()), "the arguments are swapped"),
    "latent swapped": (lambda: Latent(engine(Brightest()), PHOTO, Quarters()), "the VAE and the picture are swapped; expected LatentExplorer(engine, vae, image)"),
    "latent engine swapped": (lambda: Latent(Quarters(), engine(), PHOTO), "the arguments are swapped"),
    "heatmap of a path alone": (lambda: Heatmap("resnet50", PHOTO), "was given 'resnet50' as its engine; expected an xw.Engine"),
    "heatmap of engines": (lambda: Heatmap([engine(), engine()], PHOTO), "expected one xw.Engine: call it once for each network, or compare several with GradientComparison"),
    "heatmap of pictures": (lambda: Heatmap(engine(), [PHOTO, PHOTO]), "image is a list of 2; HeatmapViewer shows one picture"),
    "measure of a network": (lambda: metrics.insertion(NET, PHOTO, grad_cam()), "insertion(xw.Engine(model), image, attribution)"),
    "measure swapped": (lambda: metrics.deletion(PHOTO, engine(), grad_cam()), "the arguments are swapped; expected deletion(engine, image, attribution)"),
    "measure of engines": (lambda: metrics.road([engine()], PHOTO, grad_cam()), "expected one xw.Engine"),
    "measure of a method's name": (lambda: metrics.insertion(engine(), PHOTO, "grad_cam"), "the map is a str; expected an Attribution"),
    "evaluate a network": (lambda: metrics.evaluate(NET, [PHOTO], ["saliency"], ["sparseness"]), "evaluate(xw.Engine(model), images, methods, measures)"),
    "evaluate networks": (lambda: metrics.evaluate([NET, NET], [PHOTO], ["saliency"], ["sparseness"]), "a network, as its engine; bind it first"),
    "evaluate swapped": (lambda: metrics.evaluate([PHOTO], engine(), ["saliency"], ["sparseness"]), "the arguments are swapped"),
    # What is bound.
    "engine of a name": (lambda: xw.Engine("resnet50"), "model is a str; expected a torch.nn.Module: a network by its name: Engine.from_torchvision('resnet50')"),
    "engine of a file": (lambda: xw.Engine("best.pth"), "model.load_state_dict(torch.load(path))"),
    "engine of a path": (lambda: xw.Engine(Path("best.pth")), "model.load_state_dict(torch.load(path))"),
    "engine of weights": (lambda: xw.Engine(NET.state_dict()), "these are weights: load them into a network"),
    "engine of a class": (lambda: xw.Engine(nn.Flatten), "make one of the class first: Flatten(...)"),
    "engine of an engine": (lambda: xw.Engine(engine()), "it is an engine already"),
    "engine of a picture": (lambda: xw.Engine(PHOTO), "pictures are given to engine.explain(image)"),
    "engine of a function": (lambda: xw.Engine(lambda x: x), "wrap it in a torch.nn.Module whose forward(x) calls it"),
    "engine of a pipeline": (lambda: xw.Engine(types.SimpleNamespace(model=NET)), "its network is its attribute model"),
    "engine of nothing": (lambda: xw.Engine(None), "model is a NoneType"),
    "preprocessing by place": (lambda: xw.Engine(NET, None), "Engine() takes model by place, and was given None besides; name what it is: preprocessing=..."),
    "transform": (lambda: xw.Engine(NET, transform=None), 'Engine() has no keyword \'transform\'. Did you mean "preprocessing"?'),
    "labels": (lambda: xw.Engine(NET, labels=NAMES), 'Did you mean "class_names"?'),
    "target_layers": (lambda: xw.Engine(NET, target_layers=[NET.conv2]), 'Did you mean "layer"?'),
    "unknown option": (lambda: xw.Engine(NET, zzz=1), "Engine() has no keyword 'zzz'. It has model, preprocessing"),
    "device elsewhere": (lambda: xw.Engine(NET, device="cuda"), "device='cuda', but the network is on 'cpu'; move it first"),
    "no such device": (lambda: xw.Engine(NET, device="gpu"), "device='gpu' is no device; expected one such as 'cpu' or 'cuda:0'"),
    "no weights yet": (lambda: xw.Engine(nn.Linear(2, 2, device="meta")), "the network has no weights yet (its device is meta)"),
    "one class name": (lambda: engine(class_names="cat"), "class_names='cat' is one string"),
    "names from one": (lambda: engine(class_names={1: "cat", 2: "dog"}), "none for index 0"),
    "names without order": (lambda: engine(class_names={"cat", "dog"}), "which has no order"),
    "a data set for names": (lambda: engine(class_names=3), "class_names is a int; expected a sequence of names"),
    "too few names": (lambda: engine(class_names=["cat", "dog"]).predict(PHOTO), "class_names has 2 names"),
    # Networks by name.
    "a name misspelt": (lambda: xw.Engine.from_torchvision("resnet_50"), 'torchvision has no classifier "resnet_50". Did you mean "resnet50"?'),
    "a name of timm": (lambda: xw.Engine.from_torchvision("vit_tiny_patch16_224"), "timm has one: Engine.from_timm(...)"),
    "a network for a name": (lambda: xw.Engine.from_torchvision(NET), "name is a Cnn; expected the name of a torchvision classifier: xw.Engine(model) binds a network"),
    "a builder for a name": (lambda: from_torchvision(_torchvision.load().models.resnet18, None), "name is the function resnet18"),
    "weights misspelt": (lambda: xw.Engine.from_torchvision("resnet18", "imagenet"), 'torchvision has no weights "imagenet" for resnet18; expected one of IMAGENET1K_V1'),
    "weights in a file": (lambda: xw.Engine.from_torchvision("resnet18", "mine.pth"), "engine.model.load_state_dict(torch.load(path))"),
    "weights of another": (lambda: xw.Engine.from_torchvision("resnet18", _torchvision.load().models.ResNet50_Weights.DEFAULT), "are weights of another network; expected one of ResNet18_Weights"),
    "weights are true": (lambda: xw.Engine.from_torchvision("resnet18", True), "or None for random weights"),
    "pretrained": (lambda: xw.Engine.from_torchvision("squeezenet1_1", weights=None, pretrainde=True), "neither squeezenet1_1 of torchvision nor Engine has a keyword 'pretrainde'"),
    "option misspelt": (lambda: xw.Engine.from_torchvision("squeezenet1_1", weights=None, preprocesing=1), 'Did you mean "preprocessing"?'),
    "classes of trained weights": (lambda: xw.Engine.from_torchvision("squeezenet1_1", num_classes=10), "num_classes=10, but the trained weights of squeezenet1_1 are for another number of classes; pass weights=None too"),
    "no connection": (lambda: offline(lambda: xw.Engine.from_torchvision("squeezenet1_1")), "could not be fetched"),
    "no connection, way out": (lambda: offline(lambda: xw.Engine.from_torchvision("squeezenet1_1")), "weights=None gives the same network with random weights, xw.demo.engine()"),
    "no connection to timm": (lambda: offline(lambda: xw.Engine.from_timm("test_resnet")), "pretrained=False gives the same network with random weights, xw.demo.engine()"),
    "timm's name misspelt": (lambda: xw.Engine.from_timm("resnet1", pretrained=False), 'timm has no classifier "resnet1". Did you mean'),
    "timm's tag misspelt": (lambda: xw.Engine.from_timm("resnet18.zz"), "timm could not make resnet18.zz"),
    "timm's option misspelt": (lambda: xw.Engine.from_timm("test_resnet", pretrained=False, clas_names=NAMES), 'Did you mean "class_names"?'),
    # Pictures.
    "no such file": (lambda: engine().predict("no/cat.jpg"), 'there is no file "no/cat.jpg"'),
    "an address": (lambda: engine().predict("https://example.org/cat.jpg"), "save the picture and pass its path"),
    "a list to predict": (lambda: engine().predict([PHOTO, PHOTO]), "explain_batch"),
    "a list to explain": (lambda: engine().explain([PIL, PIL]), "explain_batch"),
    "a batch to predict": (lambda: engine().predict(torch.rand(4, 3, 32, 32)), "explain_batch"),
    "an array of pictures": (lambda: engine().explain(np.stack([PHOTO, PHOTO])), "explain_batch"),
    "a volume": (lambda: engine().explain(torch.rand(1, 3, 8, 32, 32)), "Volumes and videos are not pictures"),
    "height, width, channels": (lambda: engine().explain(torch.rand(32, 48, 3)), "channel"),
    "floats to 255": (lambda: engine().explain(PHOTO.astype(np.float32)), "Divide it by 255"),
    "nothing": (lambda: engine().explain(None), "the image is a NoneType; expected a path, PIL image, array or tensor"),
    "an engine for a picture": (lambda: engine().explain(engine()), "the image is a Engine"),
    "a class of preprocessing": (lambda: engine(preprocessing=_torchvision.load().models.ResNet18_Weights), "Did you mean ResNet18_Weights.DEFAULT?"),
    "a key of preprocessing": (lambda: engine(preprocessing={"sise": 3}), "preprocessing has the key 'sise'"),
    # The picture does not fit the network, or the network fails.
    "mat1 and mat2": (lambda: engine(Fixed(lambda x: x.flatten(1))).explain(torch.rand(3, 40, 48)), "Fixed cannot take this picture of 40 x 48 pixels (height x width), in its layer head (Linear)"),
    "mat1 and mat2, way out": (lambda: engine(Fixed(lambda x: x.flatten(1))).predict(PIL), "It takes 32 x 32: Engine(model, preprocessing=dict(size=(32, 32)))"),
    "view": (lambda: engine(Fixed(lambda x: x.view(-1, 4096))).explain(torch.rand(3, 40, 48)), "It takes 32 x 32"),
    "reshape": (lambda: engine(Fixed(lambda x: x.reshape(len(x), 4096))).explain(torch.rand(3, 40, 48)), "It takes 32 x 32"),
    "forward needs more": (lambda: engine(Meta()).explain(PHOTO), "Meta.forward needs image, meta; an engine gives it the picture alone. Wrap it in a torch.nn.Module whose forward(x) returns self.model(x, self.meta)"),
    "texts and pictures": (lambda: engine(ClipLike()).explain(PHOTO), "ClipLike.forward takes input_ids first, not a picture"),
    "a network of volumes": (lambda: xw.Engine(volumes()).explain(torch.rand(3, 32, 32)), "Sequential takes volumes or video (N, C, T, H, W): its layer 0 (Conv3d) refused the picture"),
    "mixed types": (lambda: engine(mixed()).explain(PHOTO), "the parts of Cnn do not fit each other, in its layer head (Linear)"),
    "a scripted network's layers": (lambda: engine(torch.jit.trace(cnn(), torch.rand(1, 3, 32, 48))).explain(PHOTO, "grad_cam"), "is a scripted or traced network, which shows none of its layers"),
    "a frozen network's layers": (lambda: engine(torch.jit.freeze(torch.jit.trace(cnn(), torch.rand(1, 3, 32, 48)))).explain(PHOTO, "grad_cam"), "is a scripted or traced network"),
    # Methods.
    "method misspelt": (lambda: engine().explain(PHOTO, "gradcam"), "unknown method 'gradcam'. Did you mean \"grad_cam\"?"),
    "method by title": (lambda: engine().explain(PHOTO, "Grad-CAM++"), 'Did you mean "grad_cam_pp"?'),
    "method by another name": (lambda: engine().explain(PHOTO, "ig"), 'Did you mean "integrated_gradients"?'),
    "few names": (lambda: engine().explain(PHOTO, "zzz"), 'engine.methods has "grad_cam", "hires_cam", "cam", "grad_cam_pp", "xgrad_cam", "layer_cam", ... ('),
    "zennit's method": (lambda: engine().explain(PHOTO, "lrp"), "make it one first: xw.methods.from_zennit("),
    "captum's method": (lambda: engine().explain(PHOTO, "DeepLift"), "make it one first: xw.methods.from_captum("),
    "a VAE's method": (lambda: engine().explain(PHOTO, "relabel_distillation"), "bind one first: xw.relabel.bind(engine, vae)"),
    "methods in a list": (lambda: engine().explain(PHOTO, ["saliency", "grad_cam"]), "method is a list of 2, ['saliency', 'grad_cam']; expected one name"),
    "methods of a batch": (lambda: engine().explain_batch([PHOTO], ["saliency", "grad_cam"]), "expected one name. For several methods call it once for each, or use GradientComparison or metrics.evaluate"),
    "methods of a heatmap": (lambda: Heatmap(engine(), PHOTO, ["saliency", "grad_cam"]), "GradientComparison"),
    "method of the mapping": (lambda: engine().methods["gradcam"], 'Did you mean "grad_cam"?'),
    "a function for a method": (lambda: engine().explain(PHOTO, len), "a function becomes a method with xw.methods.from_callable"),
    "a card for a method": (lambda: engine().explain(PHOTO, engine().methods["saliency"]), "method is the card of saliency; expected its name: 'saliency'"),
    "methods is a number": (lambda: Faithfulness(engine(), PHOTO, 3), "methods is 3; expected a list of names"),
    "a widget's method misspelt": (lambda: Comparison(engine(), PHOTO, ["salience"]), 'Did you mean "saliency"?'),
    "target by place": (lambda: engine().explain(PHOTO, "grad_cam", 3), "name what it is: target=..."),
    "target of captum": (lambda: engine().explain(PHOTO, "grad_cam", class_idx=3), 'Did you mean "target"?'),
    "parameter misspelt": (lambda: engine().explain(PHOTO, "occlusion", windows=8), 'no parameter \'windows\'; it has window, width, shape, stride, baseline. Did you mean "window"?'),
    "parameter of captum": (lambda: engine().explain(PHOTO, "smooth_grad", nt_samples=8), 'Did you mean "samples"?'),
    "parameter out of range": (lambda: engine().explain(PHOTO, "occlusion", window=1), "occlusion: window=1 is outside 2 to 256 px"),
    "parameter of another kind": (lambda: engine().explain(PHOTO, "occlusion", window=(3, 8, 8)), "occlusion: window=(3, 8, 8) is not a whole number; expected 2 to 256 px"),
    "a long value": (lambda: engine().explain(PHOTO, "occlusion", window=ONE_HOT), "window=a ndarray of float64 (1000,) is not a whole number"),
    # Layers.
    "layer misspelt": (lambda: engine().explain(PHOTO, layer="conv_2"), 'unknown layer "conv_2"'),
    "a layer of another network": (lambda: engine().explain(PHOTO, layer=cnn(seed=1).conv2), "layer is a Conv2d that is no part of this network (Cnn); expected one of its own modules, or a name of engine.layers; Conv2d in it: \"conv1\", \"conv2\""),
    "the whole network": (lambda: engine().explain(PHOTO, layer=NET), "layer is the whole network (Cnn)"),
    "a layer by number": (lambda: engine().explain(PHOTO, layer=-1), "layer is -1; expected the name of a layer"),
    "the engine's layer": (lambda: engine(layer=nn.ReLU()), "layer is a ReLU that is no part of this network"),
    "no layers": (lambda: engine().explain(PHOTO, layer=[]), "layer=[] names no layer"),
    "a layer without a map": (lambda: engine().explain(PHOTO, layer=NET.head), 'layer "head" gives out (1, 5), which is no map'),
    "a layer for saliency": (lambda: engine().explain(PHOTO, "saliency", layer="conv2"), "saliency explains the picture itself and takes no layer"),
    "a widget's layer": (lambda: Heatmap(engine(), PHOTO, layer=nn.ReLU()), "layer is a ReLU that is no part of this network"),
    # Targets.
    "target misspelt": (lambda: engine().explain(PHOTO, target="goldfishes"), "Did you mean \"goldfish\"?"),
    "target as text": (lambda: engine().explain(PHOTO, target="3"), "For the class of that number pass 3, not a text"),
    "target from one": (lambda: engine().explain(PHOTO, target=5), "the network has 5 classes: expected 0 to 4"),
    "target without names": (lambda: xw.Engine(NET).explain(PHOTO, target="cat"), "the engine was given no class_names"),
    "one-hot": (lambda: engine().explain(PHOTO, target=np.eye(5)[2]), "target is a ndarray of float64 (5,); expected a class index (0 to 4), a class name, a function of the output or None. This is one-hot: pass the index 2."),
    "one-hot in a list": (lambda: engine().explain(PHOTO, target=[0, 0, 0, 1, 0]), "This is one-hot: pass the index 3."),
    "targets": (lambda: engine().explain(PHOTO, target=[1, 2]), "explain_batch(targets=[...])"),
    "a target function's key": (lambda: engine().explain(PHOTO, target=lambda output: output["logits"][:, 0]), "failed on the network's output, a Tensor of float32 (1, 5)"),
    "a target function of a number": (lambda: engine().explain(PHOTO, target=lambda output: 3.0), "returned float; expected a tensor"),
    # Many pictures.
    "a path for pictures": (lambda: engine().explain_batch("cat.jpg"), "images is the path 'cat.jpg'; explain_batch takes several: for one picture call explain(image)"),
    "a folder for pictures": (lambda: engine().explain_batch("tests"), 'sorted(pathlib.Path(folder).glob("*.jpg"))'),
    "a picture for pictures": (lambda: engine().explain_batch(PIL), "images is one picture"),
    "an array for pictures": (lambda: engine().explain_batch(PHOTO), "images is one picture, a ndarray of uint8 (32, 48, 3)"),
    "a data set for pictures": (lambda: engine().explain_batch(Pixels()), "images[0] is a pair of a picture and its label; explain_batch takes pictures: [picture for picture, _ in dataset]"),
    "a loader for pictures": (lambda: engine().explain_batch(torch.utils.data.DataLoader([1, 2])), "images is a DataLoader, which gives batches"),
    "target of a batch": (lambda: engine().explain_batch([PHOTO], target=3), 'Did you mean "targets"?'),
    "targets of a batch": (lambda: engine().explain_batch([PHOTO, PHOTO], targets=[1, 2, 3]), "targets has 3 entries for 2 images"),
    "evaluate one picture": (lambda: metrics.evaluate(engine(), PIL, ["saliency"], ["sparseness"]), "images is one picture; evaluate takes several: pass a list: [image]"),
    "evaluate a path": (lambda: metrics.evaluate(engine(), "cat.jpg", ["saliency"], ["sparseness"]), "images is the path 'cat.jpg'; evaluate takes several"),
    "evaluate one method": (lambda: metrics.evaluate(engine(), [PHOTO], "grad_cam", ["sparseness"]), "methods is 'grad_cam', only one; expected a list of them: ['grad_cam']"),
    "evaluate one measure": (lambda: metrics.evaluate(engine(), [PHOTO], ["saliency"], "sparseness"), "measures is 'sparseness', only one; expected a list of them: ['sparseness']"),
    "measure misspelt": (lambda: metrics.evaluate(engine(), [PHOTO], ["saliency"], ["insertoin"]), "unknown measure 'insertoin'. Did you mean \"insertion\"?"),
    "metrics for measures": (lambda: metrics.evaluate(engine(), [PHOTO], ["saliency"], metrics=["sparseness"]), 'evaluate() has no keyword \'metrics\'. Did you mean "measures"?'),
    "measures without masks": (lambda: metrics.evaluate(engine(), [PHOTO], ["saliency"], ["pointing_game"]), "pointing_game needs masks; got masks=None"),
    "measure's keyword": (lambda: metrics.insertion(engine(), PHOTO, grad_cam(), step=3), 'insertion() has no keyword \'step\'. Did you mean "steps"?'),
    "a mask by place": (lambda: metrics.relevance_mass(engine(), PHOTO, grad_cam(), PHOTO), "relevance_mass() takes attribution, mask by place"),
    "one mask": (lambda: metrics.evaluate(engine(), [PHOTO], ["saliency"], ["relevance_mass"], masks=np.ones((32, 48), bool)), "masks is one mask, a ndarray of bool (32, 48); expected a list: [mask]"),
    # Results.
    "a number as text": (lambda: grad_cam().to_pil(clip="99"), "clip is '99'; expected a number from"),
    "cmap": (lambda: grad_cam().plot(cmap="jet"), 'Did you mean "colormap"?'),
    "alpha": (lambda: grad_cam().to_pil(alpha=0.5), 'Did you mean "opacity"?'),
    "colours misspelt": (lambda: grad_cam().to_pil(colormap="infernal"), "colormap is 'infernal', which is not known. Did you mean \"inferno\"?"),
    "save a picture": (lambda: grad_cam().save("map.png"), 'attribution.to_pil().save("map.png")'),
    "channels": (lambda: grad_cam().heatmap("mean"), "channels is 'mean'; expected one of sum, abs_sum, max_abs"),
    "load nothing": (lambda: xw.Attribution.load("no/such/folder"), "no/such/folder"),
    # Widgets.
    "a widget's keyword": (lambda: Heatmap(engine(), PHOTO, cmap="jet"), 'HeatmapViewer has no keyword \'cmap\'. Did you mean "colormap"?'),
    "a widget's opacity": (lambda: Heatmap(engine(), PHOTO, opacity=70), "opacity is 70; expected a number from 0 to 1"),
    "a widget's steps": (lambda: Faithfulness(engine(), PHOTO, steps=1), "steps is 1; expected a whole number from 2 to 255"),
    "a widget's target": (lambda: Faithfulness(engine(), PHOTO, target=lambda output: output[:, 0]), "target is a function; expected a class"),
    "a vae that is none": (lambda: Latent(engine(), NET, PHOTO), "expected an object with encode and decode"),
    "checkpoints of several": (lambda: Comparison([engine()], PHOTO, checkpoints={}), "expected a single engine"),
    "checkpoints in a list": (lambda: Comparison(engine(), PHOTO, checkpoints=["a.pth"]), "checkpoints is ['a.pth']; expected a mapping from names to weights"),
    # Methods of one's own.
    "a name for a card": (lambda: engine().add_method("mine"), "card is 'mine'; expected a Method"),
    "distillation of a network": (lambda: xw.relabel.bind(NET, Quarters()), "RelabelDistillation(xw.Engine(model), vae)"),
    "a name that is taken": (lambda: xw.methods.from_callable("saliency", lambda n, x, i: x), "is a method of the package"),
    "no function": (lambda: xw.methods.from_callable("mine", NET.state_dict()), "expected a function of network, input and class index"),
    "an engine asked within": (asked_within, "the method 'asks' called an engine of the network that it explains"),
    "captum's class made": (lambda: captums(attr.DeepLift(NET)), "expected captum's class itself"),
    "captum's tunnel": (lambda: captums(attr.NoiseTunnel), "NoiseTunnel is made of another method, not of a network"),
    "captum's layer elsewhere": (lambda: captums(attr.LayerGradCam, make={"layer": cnn().conv2}), "make holds a Conv2d that is no part of the network Cnn"),
    "captum's layer misspelt": (lambda: captums(attr.LayerGradCam, make={"layer": "conv9"}), "layer 'conv9' is no module of the network Cnn"),
    "captum without a layer": (lambda: captums(attr.DeepLift, layer=True), "DeepLift has no parameter layer"),
    "zennit's composite made": (lambda: xw.methods.from_zennit("lrp", composites.EpsilonPlus()), "EpsilonPlus without parentheses"),
}  # fmt: skip


@pytest.fixture(autouse=True)
def own_methods_forgotten() -> Any:
    before = dict(registry._methods)
    yield
    registry._methods.clear()
    registry._methods.update(before)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_answered_in_words(mistake: str) -> None:
    typed, words = MISTAKES[mistake]
    with pytest.raises((xw.ExplanationError, TypeError), match=re.escape(words)) as answer:
        typed()
    assert len(str(answer.value)) < 700
    if not isinstance(answer.value, xw.ExplanationError):
        assert re.search(r"has (no|a) keyword|by place", str(answer.value))


def test_there_are_as_many_as_were_met() -> None:
    assert len(MISTAKES) >= 106


@pytest.mark.parametrize(
    "names",
    [
        {name: i for i, name in enumerate(NAMES)},  # a data set's class_to_idx
        {str(i): name for i, name in enumerate(NAMES)},  # as JSON has it
        dict(enumerate(NAMES)),
        np.array(NAMES),
    ],
)
def test_names_in_other_forms_are_right(names: Any) -> None:
    assert engine(class_names=names).class_names == NAMES


def test_a_network_with_a_fault_of_its_own_keeps_its_error() -> None:
    with pytest.raises(KeyError, match="logits") as raised:
        engine(Wrong()).explain(PHOTO)
    (note,) = raised.value.__notes__
    assert "raised by the network itself, Wrong, test_mistakes.py line" in note
    assert "(forward), when it was given float32 (1, 3, 32, 48)" in note


def test_what_was_raised_is_the_cause() -> None:
    with pytest.raises(xw.ExplanationError) as raised:
        engine(Fixed(lambda x: x.flatten(1))).explain(torch.rand(3, 40, 48))
    assert isinstance(raised.value.__cause__, RuntimeError)
    assert "mat1 and mat2" in str(raised.value.__cause__)


@pytest.mark.parametrize("layer", [NET.conv2, [NET.conv2], "conv2"])
def test_a_layer_is_given_as_a_module_too(layer: Any) -> None:
    found = engine().explain(PHOTO, "grad_cam", layer=layer)
    assert found.layer == "conv2"
    np.testing.assert_array_equal(found.values, engine(layer=NET.conv2).explain(PHOTO).values)
    if not isinstance(layer, list):
        (batched,) = engine().explain_batch([PHOTO], "grad_cam", layer=layer)
        np.testing.assert_allclose(batched.values, found.values, atol=1e-6)
        viewer = Heatmap(engine(), PHOTO, layer=layer, prefetch=False)
        assert viewer.layer == "conv2"
        viewer.close()
