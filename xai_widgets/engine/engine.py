"""Engine: a classifier bound once, explained many times; every widget binds to one."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from xai_widgets.attribution import Attribution
from xai_widgets.engine.cautions import RANDOM
from xai_widgets.engine.explaining import explain_layers, explain_picture, explain_pictures
from xai_widgets.engine.internals import Internals
from xai_widgets.engine.sources import from_timm, from_torchvision
from xai_widgets.errors import ExplanationError
from xai_widgets.images import Picture
from xai_widgets.methods import METHODS, Method, find
from xai_widgets.progress import Progress
from xai_widgets.targets import Activation, OutputLike, Prediction, TargetLike

_TRACE_BYTES = 768 * 2**20
# Attributes of former versions that only this package needs; `engine.internals` has them now.
_MOVED = frozenset(
    {
        *("describe_layers", "network", "normalise", "pixels", "probabilities", "resolve_layer"),
        *("resolve_target", "scores", "trace", "unavailable", "unit", "worker"),
    }
)


class Engine:
    """Binds a PyTorch image classifier to pictures, class names and attribution methods.

    `model` is any `nn.Module` that maps (N, C, H, W) to class scores; it is left exactly as it is
    found. `preprocessing` turns a picture into model input: a torchvision weights entry or its
    transforms, a `Compose`, any callable, a dict of size, crop, mean, std, interpolation; None
    takes tensors unchanged and scales anything else to [0, 1]. `class_names` is a sequence or a
    mapping from index; left out, the weights' own names are used where there are any. `layer` names
    the layer that CAM methods use by default; left out, the engine finds the best one. `device`, if
    given, must be where the network already is: the engine does not move it. `memory` bounds the
    bytes of recorded forward passes kept for reuse; the latest is always kept.

    `output` says which part of what the network returns holds the class scores: a key, an index, or
    a function of the raw output; left out, it is found where that is certain. `activation` says
    what makes the numbers that are shown of the scores: "softmax"; "sigmoid", for labels that do
    not exclude each other; "identity", for quantities such as an age; or a function of the scores
    (N, C). None takes what the network itself ends with, else softmax, and sigmoid for one score.
    A softmax or sigmoid that the network has applied is never applied again.

    Raises ExplanationError (a ValueError) for a model that is not a module, or is not on `device`,
    and for an output, activation or class names that are none. The first output raises it where
    the scores cannot be told from other parts, or there are more or fewer of them than names.
    """

    def __init__(
        self,
        model: nn.Module,
        *,
        preprocessing: Any = None,
        class_names: Sequence[str] | Mapping[int, str] | None = None,
        layer: str | None = None,
        device: str | torch.device | None = None,
        name: str | None = None,
        memory: int = _TRACE_BYTES,
        output: OutputLike = None,
        activation: Activation = None,
    ) -> None:
        if not isinstance(model, nn.Module):
            raise ExplanationError(f"model is a {type(model).__name__}; expected a torch.nn.Module")
        self.model = model
        self.preprocessing = preprocessing
        self.internals = Internals(
            model,
            preprocessing,
            class_names,
            layer=layer,
            device=device,
            name=name,
            memory=memory,
            output=output,
            activation=activation,
        )

    @classmethod
    def from_torchvision(cls, name: str, weights: str | None = "DEFAULT", **options: Any) -> Engine:
        """An engine over a torchvision classifier, its weights' own preprocessing and class names.

        `weights=None` gives random weights with the same preprocessing. Raises ExplanationError for
        an unknown name.
        """
        return cls(**{**from_torchvision(name, weights), **options})

    @classmethod
    def from_timm(cls, name: str, pretrained: bool = True, **options: Any) -> Engine:
        """An engine over a timm classifier, its own preprocessing and, for ImageNet-1k, its class
        names. Raises ExplanationError for an unknown name.
        """
        return cls(**{**from_timm(name, pretrained), **options})

    @property
    def class_names(self) -> list[str] | None:
        """The names of the classes by index; None where there are none."""
        return self.internals.class_names

    @class_names.setter
    def class_names(self, class_names: list[str] | None) -> None:
        self.internals.class_names = class_names

    @property
    def layer(self) -> str | None:
        """The layer that CAM methods use by default; None is the best one."""
        return self.internals.layer

    @layer.setter
    def layer(self, layer: str | None) -> None:
        self.internals.layer = layer

    @property
    def name(self) -> str:
        """The network's name: the one given, or its class."""
        return self.internals.name

    @name.setter
    def name(self, name: str) -> None:
        self.internals.name = name

    @property
    def methods(self) -> Mapping[str, Method]:
        """All attribution methods by name, each with its card and parameters."""
        return self.internals.methods

    def add_method(self, card: Method) -> None:
        """Give this engine a method that other engines do not have, such as one that needs a
        network of its own; it replaces one of that name that was added before.

        Raises ExplanationError for the name of a method that every engine has.
        """
        if card.name in METHODS:
            raise ExplanationError(f"{card.name} is a method of the package; expected a new name")
        self.internals.own_methods[card.name] = card

    @property
    def layers(self) -> list[str]:
        """The names of layers that CAM methods accept, best first."""
        return [layer.name for layer in self.internals.describe_layers()]

    def picture(self, image: Any) -> Picture:
        """The image as model input and as the pixels that the model sees; it is accepted wherever
        an image is.

        Raises ExplanationError for anything that is not an image.
        """
        return self.internals.picture(image)

    def input(self, image: Any) -> Tensor:
        """What the model is given for this image: float32, (1, C, H, W)."""
        return self.picture(image).input

    def predict(self, image: Any) -> Prediction:
        """The network's class probabilities for an image; the scores themselves where the
        activation is "identity".
        """
        trace = self.internals.trace(self.picture(image))
        prediction = self.internals.readout.prediction(trace.output, len(trace.input))
        if trace.random:
            prediction = replace(prediction, warnings=(*prediction.warnings, RANDOM))
        return prediction

    def explain(
        self,
        image: Any,
        method: str = "grad_cam",
        *,
        target: TargetLike = None,
        layer: str | Sequence[str] | None = None,
        **parameters: Any,
    ) -> Attribution:
        """Explain the network's score for `target` on an image with one method.

        Several layers give one map: each layer's, divided by its largest magnitude and enlarged to
        the largest, averaged. Raises ExplanationError for an unknown method, target, layer or
        parameter, or an image that cannot be read.
        """
        for step in self.stream(image, method, target=target, layer=layer, **parameters):
            attribution = step.result
        return attribution

    def stream(
        self,
        image: Any,
        method: str = "grad_cam",
        *,
        target: TargetLike = None,
        layer: str | Sequence[str] | None = None,
        **parameters: Any,
    ) -> Iterator[Progress[Attribution]]:
        """Like `explain`, but yields usable maps as the work goes on; the last has fraction 1.
        Closing the iterator stops the work.

        The arguments are checked at once, before the first step.
        """
        card = find(method, self.methods)
        resolved = card.resolve(parameters)
        if layer is not None and not card.takes_layer:
            raise ExplanationError(
                f"{method} explains the picture itself and takes no layer; got layer={layer!r}"
            )
        picture = self.picture(image)
        if layer is None or isinstance(layer, str):
            return explain_picture(self.internals, picture, card, target, layer, resolved)
        if not layer:
            raise ExplanationError("layer=[] names no layer; expected one of engine.layers or more")
        return explain_layers(
            [
                explain_picture(self.internals, picture, card, target, name, resolved)
                for name in layer
            ]
        )

    def explain_batch(
        self,
        images: Sequence[Any],
        method: str = "grad_cam",
        *,
        targets: TargetLike | Sequence[TargetLike] = None,
        layer: str | None = None,
        **parameters: Any,
    ) -> list[Attribution]:
        """Explain many images, or one for many targets, in as few runs of the network as memory
        allows; one attribution each, in the order given.

        `targets` is one for all, or one for each image; a single image is explained for each of
        them. Pictures of one size explained for one target are run together. Raises
        ExplanationError as `explain` does, and where the numbers of images and targets do not fit.
        """
        card = find(method, self.methods)
        resolved = card.resolve(parameters)
        pictures = [self.picture(image) for image in images]
        return explain_pictures(self.internals, pictures, card, targets, layer, resolved)

    def forget(self) -> None:
        """Let go of all recorded passes and results, for instance to free memory."""
        self.internals.forget()

    if not TYPE_CHECKING:  # a type checker would take every misspelt attribute for one of these

        def __getattr__(self, name: str) -> Any:
            if name not in _MOVED:
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            warnings.warn(
                f"Engine.{name} is internal and will be removed; its new place is "
                f"engine.internals.{name}, which may change with any version",
                DeprecationWarning,
                stacklevel=2,
            )
            return getattr(self.internals, name)

    def __repr__(self) -> str:
        classes = "" if self.class_names is None else f", {len(self.class_names)} classes"
        return f"Engine({self.name}{classes})"
