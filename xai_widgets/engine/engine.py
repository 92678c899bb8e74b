"""Engine: a classifier bound once, explained many times; every widget binds to one."""

from __future__ import annotations

import threading
import time
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from xai_widgets.attribution import Attribution
from xai_widgets.engine.batch import paired, together
from xai_widgets.engine.binding import check_device, class_names_of, input_channels
from xai_widgets.engine.cache import BoundedCache
from xai_widgets.engine.explaining import Asked, Progress, steps
from xai_widgets.engine.fusion import fused_steps
from xai_widgets.engine.worker import Worker
from xai_widgets.errors import ExplanationError
from xai_widgets.images import Picture, Preprocessor
from xai_widgets.methods import METHODS, Method, find
from xai_widgets.probe.layers import Layer
from xai_widgets.probe.network import Network
from xai_widgets.probe.trace import Trace
from xai_widgets.targets import Prediction, Target, TargetLike, probabilities_of, resolve

_TRACE_BYTES = 768 * 2**20
_RESULT_BYTES = 64 * 2**20


class Engine:
    """Binds a PyTorch image classifier to pictures, class names and attribution methods.

    `model` is any `nn.Module` that maps (N, C, H, W) to class scores; it is left exactly as it is
    found. `preprocessing` turns a picture into model input: a torchvision weights entry or its
    transforms, a `Compose`, any callable, a dict of size, crop, mean, std, interpolation; None
    takes tensors unchanged and scales others to [0, 1]. `class_names` is a sequence or a mapping
    from index; left out, the weights' own names are used where there are any. `layer` names the
    layer that CAM methods use by default; left out, the engine finds the best one. `device`, if
    given, must be where the network already is: the engine does not move it. `memory` bounds the
    bytes of recorded forward passes kept for reuse; the latest is always kept.

    Raises ExplanationError (a ValueError) for a model that is no module or is elsewhere than
    `device` says.
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
    ) -> None:
        if not isinstance(model, nn.Module):
            raise ExplanationError(f"model is a {type(model).__name__}; expected a torch.nn.Module")
        self.model = model
        self.network = Network(model)
        check_device(self.network.model, device)
        self.preprocessing = preprocessing
        self._preprocessor = Preprocessor.of(
            preprocessing, channels=input_channels(self.network.model)
        )
        self.class_names = class_names_of(class_names, preprocessing)
        self.layer = layer
        self.name = name or type(self.network.model).__name__
        self._traces: BoundedCache[Trace] = BoundedCache(memory)
        self._results: BoundedCache[Attribution] = BoundedCache(_RESULT_BYTES)
        self._tracing = threading.Lock()
        self._own: dict[str, Method] = {}

    @classmethod
    def from_torchvision(cls, name: str, weights: str | None = "DEFAULT", **options: Any) -> Engine:
        """An engine over a torchvision classifier, its weights' own preprocessing and class names.

        `weights=None` gives random weights with the same preprocessing. Raises ExplanationError for
        an unknown name.
        """
        from xai_widgets.engine.sources import from_torchvision

        return cls(**from_torchvision(name, weights), **options)

    @classmethod
    def from_timm(cls, name: str, pretrained: bool = True, **options: Any) -> Engine:
        """An engine over a timm classifier, its own preprocessing and, for ImageNet-1k, its class
        names.
        """
        from xai_widgets.engine.sources import from_timm

        return cls(**from_timm(name, pretrained), **options)

    @property
    def methods(self) -> Mapping[str, Method]:
        """All attribution methods by name, each with its card and parameters."""
        return {**METHODS, **self._own} if self._own else METHODS

    def add_method(self, card: Method) -> None:
        """Give this engine a method that other engines do not have, such as one that needs a
        network of its own; one of that name added before makes way.

        Raises ExplanationError for the name of a method that every engine has.
        """
        if card.name in METHODS:
            raise ExplanationError(f"{card.name} is a method of the package; expected a new name")
        self._own[card.name] = card

    @property
    def layers(self) -> list[str]:
        """The names of layers that CAM methods accept, best first."""
        return [layer.name for layer in self.describe_layers()]

    @cached_property
    def worker(self) -> Worker:
        """The engine's one worker thread, shared by all widgets bound to it."""
        return Worker(self.name)

    def picture(self, image: Any) -> Picture:
        """The picture as model input and as the pixels the model sees; wherever an image is taken,
        this is too.

        Raises ExplanationError for what is no image.
        """
        return image if isinstance(image, Picture) else self._preprocessor(image)

    def input(self, image: Any) -> Tensor:
        """What the model is given for this image: float32, (1, C, H, W)."""
        return self.picture(image).input

    def pixels(self, inputs: Tensor) -> np.ndarray[Any, np.dtype[np.uint8]]:
        """Model inputs (M, C, H, W) as a person sees them: (M, H, W, 3) uint8, de-normalised."""
        return self._preprocessor.denormalise(inputs)

    def unit(self, inputs: Tensor) -> Tensor:
        """Model inputs (M, C, H, W) as pixels in [0, 1], float32, not rounded to levels.

        Raises ExplanationError where the normalisation is not known.
        """
        return self._preprocessor.undo(inputs)

    def normalise(self, pixels: Tensor) -> Tensor:
        """Pixels (M, C, H, W) in [0, 1] as model inputs; the inverse of `unit`.

        Raises ExplanationError where the normalisation is not known.
        """
        return self._preprocessor.normalise(pixels)

    def predict(self, image: Any) -> Prediction:
        """The network's class probabilities for an image."""
        trace = self.trace(self.picture(image))
        probabilities = probabilities_of(trace.logits)[0]
        return Prediction(probabilities.float().cpu().numpy(), self.class_names)

    def probabilities(self, inputs: Tensor) -> Tensor:
        """Class probabilities (M, classes) float32 of model inputs (M, C, H, W)."""
        batches = self.network.batches(inputs)
        return torch.cat([self.network.probabilities(x) for x in batches])

    def scores(self, inputs: Tensor, target: Target) -> Tensor:
        """The target's score (M,) of model inputs (M, C, H, W)."""
        return torch.cat([self.network.scores(x, target) for x in self.network.batches(inputs)])

    def describe_layers(self, image: Any = None) -> list[Layer]:
        """The layers that CAM methods accept, best first, with their maps' sizes for this image (or
        a typical one).
        """
        trace = self._latest() if image is None else self.trace(self.picture(image))
        layers = trace.layers
        if self.layer is not None:
            record = trace.record(self.layer)
            own = Layer(record.name, record.layout.size, record.layout.channels)
            layers = [own, *(layer for layer in layers if layer.name != own.name)]
        return layers

    def resolve_target(self, image: Any, target: TargetLike = None) -> Target:
        """The output that `target` means for this image; None is the most probable class."""
        return self._resolve(self.trace(self.picture(image)), target)

    def unavailable(self, image: Any) -> dict[str, str]:
        """The methods that cannot explain this network, each with the reason in words."""
        trace = self.trace(self.picture(image))
        reasons = {}
        for name, method in self.methods.items():
            if method.needs_rectifiers and trace.rectifiers == 0:
                reasons[name] = "needs rectifiers (ReLU and its kin); this network has none"
            elif method.takes_layer and not self.describe_layers(image):
                reasons[name] = "needs a layer with a map over the picture; this network has none"
            elif method.needs_attention and trace.attention_problem is not None:
                reasons[name] = trace.attention_problem
        return reasons

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
        for progress in self.stream(image, method, target=target, layer=layer, **parameters):
            attribution = progress.attribution
        return attribution

    def stream(
        self,
        image: Any,
        method: str = "grad_cam",
        *,
        target: TargetLike = None,
        layer: str | Sequence[str] | None = None,
        **parameters: Any,
    ) -> Iterator[Progress]:
        """Like `explain`, giving usable maps as the work goes on; the last has fraction 1. Closing
        it stops the work.

        The request is checked at once, before the first step.
        """
        card = find(method, self.methods)
        resolved = card.resolve(parameters)
        if layer is not None and not card.takes_layer:
            raise ExplanationError(
                f"{method} explains the picture itself and takes no layer; got layer={layer!r}"
            )
        picture = self.picture(image)
        if layer is None or isinstance(layer, str):
            return self._steps(picture, card, target, layer, resolved)
        if not layer:
            raise ExplanationError("layer=[] names no layer; expected one of engine.layers or more")
        each = [self._steps(picture, card, target, one, resolved) for one in layer]
        return fused_steps(each)

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
        ExplanationError as `explain`, and where the numbers of images and targets do not fit.
        """
        card = find(method, self.methods)
        resolved = card.resolve(parameters)
        found: dict[int, Attribution] = {}
        pictures = [self.picture(image) for image in images]
        pictures, goals = paired(pictures, targets, self.resolve_target)
        for some in together(pictures, goals, lambda picture: self.trace(picture).batch_size()):
            chosen = [pictures[i] for i in some]
            trace = self._joint_trace(chosen)
            where = self.resolve_layer(trace, layer) if card.takes_layer else None
            asked = Asked(card, goals[some[0]], where, resolved)
            for _, explained in steps(asked, trace, chosen, self.name):
                found.update(zip(some, explained, strict=True))
        return [found[i] for i in range(len(pictures))]

    def _joint_trace(self, pictures: list[Picture]) -> Trace:
        if len(pictures) == 1:
            return self.trace(pictures[0])
        return self._record(pictures)

    def _record(self, pictures: list[Picture], key: Hashable = None) -> Trace:
        trace = self.network.trace(torch.cat([picture.input for picture in pictures]), key)
        black = pictures[0].black
        trace.black = None if black is None else torch.tensor(black)
        return trace

    def _steps(
        self,
        picture: Picture,
        card: Method,
        target: TargetLike,
        layer: str | None,
        parameters: dict[str, Any],
    ) -> Iterator[Progress]:
        started = time.perf_counter()
        trace = self.trace(picture)
        goal = self._resolve(trace, target)
        where = self.resolve_layer(trace, layer) if card.takes_layer else None
        # The function, not its name: a method of the user's own may have been defined anew.
        key = (trace.key, card.function, goal, where, tuple(sorted(parameters.items())))
        known = self._results.get(key)
        if known is not None:
            yield Progress(1.0, known)
            return
        asked = Asked(card, goal, where, parameters)
        for fraction, (attribution,) in steps(asked, trace, [picture], self.name):
            attribution = replace(attribution, seconds=time.perf_counter() - started)
            if fraction >= 1:
                self._results.put(key, attribution, attribution.values.nbytes)
            yield Progress(min(fraction, 1.0), attribution)

    def forget(self) -> None:
        """Let go of all recorded passes and results, for instance to free memory."""
        self._traces.clear()
        self._results.clear()

    def trace(self, picture: Picture) -> Trace:
        """The recorded pass of a picture: run now, or kept from when it was."""
        key = (picture.digest, tuple(picture.input.shape), self.network.fingerprint())
        with self._tracing:
            trace = self._traces.get(key)
            if trace is None:
                trace = self._record([picture], key)
                if not trace.layers and self.layer is not None:
                    trace.record(self.layer)
            self._traces.put(key, trace, trace.nbytes)  # it grows when attention is read from it
        return trace

    def _latest(self) -> Trace:
        """The latest recorded pass, or one on a made-up picture where nothing has been explained
        yet.
        """
        trace = self._traces.latest()
        if trace is not None:
            return trace
        noise = np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8)
        try:
            return self.trace(self.picture(noise))
        except Exception as error:
            raise ExplanationError(
                "which layers carry a map is known once the network has seen a picture, and it "
                f"refused a made-up one of 256 x 256 pixels ({error}); "
                "call engine.predict(image) first"
            ) from error

    def _resolve(self, trace: Trace, target: TargetLike) -> Target:
        return resolve(target, trace.output, self.class_names)

    def resolve_layer(self, trace: Trace, layer: str | None) -> str:
        """The layer that `layer` means; None is the engine's own, or the best one."""
        name = layer or self.layer
        if name is not None:
            return trace.record(name).name
        if not trace.layers:
            raise ExplanationError(
                f"{self.name} has no layer with a map over the picture, which CAM methods need; "
                "use a gradient or perturbation method"
            )
        return trace.layers[0].name

    def __repr__(self) -> str:
        classes = "" if self.class_names is None else f", {len(self.class_names)} classes"
        return f"Engine({self.name}{classes})"
