"""Engine: a classifier bound once, explained many times; every widget binds to one."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from xai_widgets.attribution import Attribution
from xai_widgets.engine.arguments import each_picture, layer_name, several_pictures
from xai_widgets.engine.cautions import RANDOM
from xai_widgets.engine.explaining import explain_layers, explain_picture
from xai_widgets.engine.internals import Internals
from xai_widgets.engine.many import Batches, one_for_each, paired, targets_for
from xai_widgets.engine.sources import (
    check_model,
    from_timm,
    from_torchvision,
    split_options,
)
from xai_widgets.errors import ExplanationError, brief, check_keywords, strict_keywords
from xai_widgets.images import Picture
from xai_widgets.methods import METHODS, Method, find
from xai_widgets.progress import Progress, with_count_bar
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
    mapping from index; left out, the weights' own names are used where there are any. `channels`
    says how many the network takes; left out, that is found by running it. `layer` is the layer
    that CAM methods use by default, by name or as a module of the network; left out, the engine
    finds the best one. `device`, if
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

    @strict_keywords
    def __init__(
        self,
        model: nn.Module,
        *,
        preprocessing: Any = None,
        class_names: Sequence[str] | Mapping[int, str] | None = None,
        channels: int | None = None,
        layer: str | nn.Module | None = None,
        device: str | torch.device | None = None,
        name: str | None = None,
        memory: int = _TRACE_BYTES,
        output: OutputLike = None,
        activation: Activation = None,
    ) -> None:
        check_model(model)
        self.model = model
        self.preprocessing = preprocessing
        self.internals = Internals(
            model,
            preprocessing,
            class_names,
            channels=channels,
            device=device,
            name=name,
            memory=memory,
            output=output,
            activation=activation,
        )
        self.layer = layer

    @classmethod
    def from_torchvision(cls, name: str, weights: str | None = "DEFAULT", **options: Any) -> Engine:
        """An engine over a torchvision classifier, its weights' own preprocessing and class names.

        `weights=None` gives random weights with the same preprocessing: its answers mean nothing.
        Options are the engine's, or torchvision's (`num_classes=10`). Raises ExplanationError for
        an unknown name, or where the weights cannot be fetched.
        """
        own, config, names = split_options(options, cls)
        return cls(**{**from_torchvision(name, weights, config, names), **own})

    @classmethod
    def from_timm(cls, name: str, pretrained: bool = True, **options: Any) -> Engine:
        """An engine over a timm classifier, its own preprocessing and, for ImageNet-1k, its class
        names.

        Options are the engine's, or timm's (`num_classes=10`). Raises ExplanationError for an
        unknown name, or where the weights cannot be fetched.
        """
        own, config, names = split_options(options, cls)
        return cls(**{**from_timm(name, pretrained, config, names), **own})

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
    def layer(self, layer: str | nn.Module | None) -> None:
        self.internals.layer = layer_name(self.internals.network.model, layer)

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
        if not isinstance(card, Method):
            raise ExplanationError(
                f"card is {brief(card)}; expected a Method, such as xw.relabel.bind makes. A "
                "function becomes a method of every engine with xw.methods.from_callable"
            )
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
        if unlike := self.internals.network.mode_warning:
            prediction = replace(prediction, warnings=(*prediction.warnings, unlike))
        return prediction

    @strict_keywords
    def explain(
        self,
        image: Any,
        method: str = "grad_cam",
        *,
        target: TargetLike = None,
        layer: str | nn.Module | Sequence[str | nn.Module] | None = None,
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

    @strict_keywords
    def stream(
        self,
        image: Any,
        method: str = "grad_cam",
        *,
        target: TargetLike = None,
        layer: str | nn.Module | Sequence[str | nn.Module] | None = None,
        **parameters: Any,
    ) -> Iterator[Progress[Attribution]]:
        """Like `explain`, but yields usable maps as the work goes on; the last has fraction 1.
        Closing the iterator stops the work.

        The arguments are checked at once, before the first step.
        """
        card = find(method, self.methods)
        resolved = card.resolve(parameters)
        self._check_takes_layer(card, layer)
        picture = self.picture(image)
        model = self.internals.network.model
        if not isinstance(layer, (list, tuple)):
            name = layer_name(model, layer)
            return explain_picture(self.internals, picture, card, target, name, resolved)
        if not layer:
            raise ExplanationError("layer=[] names no layer; expected one of engine.layers or more")
        return explain_layers(
            [
                explain_picture(self.internals, picture, card, target, name, resolved)
                for name in [layer_name(model, item) for item in layer]
            ]
        )

    def _check_takes_layer(self, card: Method, layer: Any) -> None:
        if layer is not None and not card.takes_layer:
            raise ExplanationError(
                f"{card.name} explains the picture itself and takes no layer; "
                f"got layer={brief(layer)}"
            )

    @strict_keywords
    def explain_batch(
        self,
        images: Sequence[Any],
        method: str = "grad_cam",
        *,
        targets: TargetLike | Sequence[TargetLike] = None,
        layer: str | nn.Module | None = None,
        **parameters: Any,
    ) -> list[Attribution]:
        """Explain many images, or one for many targets, in as few runs of the network as can be;
        one attribution each, in the order given, all of one state of the network.

        `targets` is one for all, or one for each image; None is each image's own top class. A
        single image is explained for each of the targets. Raises ExplanationError as `explain`
        does, and where the numbers of images and targets do not fit. `explain_many` does the same
        for a whole data set, in bounded memory.
        """
        check_keywords("explain_batch()", {"target"} & parameters.keys(), ["targets"])
        batches = self._batches(method, layer, parameters)
        given = several_pictures(images, "explain_batch", "for one picture call explain(image)")
        pictures = [self.picture(image) for image in given]
        several = one_for_each(targets)
        if len(pictures) == 1 and several is not None:
            return batches.explain_targets(pictures[0], list(several))
        return batches.explain_as_one(pictures, targets_for(targets, pictures))

    @strict_keywords
    def explain_many(
        self,
        images: Iterable[Any],
        method: str = "grad_cam",
        *,
        targets: TargetLike | Iterable[TargetLike] = None,
        layer: str | nn.Module | None = None,
        progress: bool = False,
        **parameters: Any,
    ) -> Iterator[Attribution]:
        """Explain a data set: attributions one after another, in the order of the images, as soon
        as each batch is done.

            for attribution in engine.explain_many(sorted(folder.glob("*.jpg"))):
                ...

        The network runs on batches as large as is quickest, and images are read ahead by threads
        where it leaves processors idle; they are taken from `images`, which may be a generator, as
        they are needed, and nothing is kept of those that are done. `targets` is one for all, or
        one for each image, also from a generator; None is each image's own top class. Methods that
        need many passes explain one image at a time, each pass a batch. `progress` shows a bar.
        Closing the iterator, as leaving the loop does, stops the work. A change of the network
        counts from the next batch on.

        The method, layer and parameters are checked at once; an image that cannot be read, or a
        target that there is not, raises ExplanationError when it is come to.
        """
        check_keywords("explain_many()", {"target"} & parameters.keys(), ["targets"])
        batches = self._batches(method, layer, parameters)
        given = each_picture(images, "explain_many", "for one picture call explain(image)")
        pictures = self.internals.pictures(given)
        found = batches.explain(paired(pictures, targets))
        return with_count_bar(found, images, f"explain_many: {method}") if progress else found

    def _batches(
        self, method: str, layer: str | nn.Module | None, parameters: Mapping[str, Any]
    ) -> Batches:
        card = find(method, self.methods)
        resolved = card.resolve(parameters)
        self._check_takes_layer(card, layer)
        name = layer_name(self.internals.network.model, layer)
        return Batches(self.internals, card, name, resolved)

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
        note = self.internals.preprocessor.note
        return f"Engine({self.name}{classes}, {self.internals.description})" + f"\n{note}" * bool(
            note
        )
