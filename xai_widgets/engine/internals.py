"""What the rooms above need of an engine and its users do not."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from xai_widgets.attribution import Attribution
from xai_widgets.engine.ahead import ahead
from xai_widgets.engine.cache import BoundedCache
from xai_widgets.engine.channels import AcceptedChannels
from xai_widgets.engine.sources import check_device, problem_of
from xai_widgets.engine.worker import Worker
from xai_widgets.errors import ExplanationError, readable
from xai_widgets.images import Picture, Preprocessor
from xai_widgets.locks import OrderedLock, Rank
from xai_widgets.methods import METHODS, Method, Methods
from xai_widgets.methods.own import check_not_within
from xai_widgets.probe.failures import failures_in_words
from xai_widgets.probe.layers import Layer
from xai_widgets.probe.network import Network
from xai_widgets.probe.partial import Needs
from xai_widgets.probe.trace import Trace
from xai_widgets.targets import Activation, OutputLike, Readout, Target, TargetLike
from xai_widgets.targets.names import class_names_of

_T = TypeVar("_T")
_R = TypeVar("_R")
_RESULT_BYTES = 64 * 2**20
_READERS, _AHEAD = 4, 16  # threads; pictures: two batches
_SEEN = 10_000  # pictures
_SURE = 2  # passes in a row of which a method has read more


class Internals:
    """A network bound to its preprocessing, class names and methods: its recorded passes, its
    worker, and everything that takes or gives tensors of model inputs.

    Reached as `engine.internals` by widgets, measures, training and distillation. It is not
    part of the public interface and may change with any version.
    """

    def __init__(
        self,
        model: nn.Module,
        preprocessing: Any,
        class_names: Sequence[str] | Mapping[int, str] | None,
        *,
        channels: int | None = None,
        device: str | torch.device | None,
        name: str | None,
        memory: int,
        output: OutputLike = None,
        activation: Activation = None,
    ) -> None:
        self.readout = Readout(
            output,
            activation,
            class_names_of(class_names, preprocessing),
            named=class_names is not None,
            problem=problem_of(model),
        )
        self.network = Network(model, readout=self.readout)
        check_device(self.network.model, device)
        self._channels = AcceptedChannels(self.network, self.trace)
        self.preprocessor = Preprocessor.of(preprocessing, channels, self._channels)
        self.layer: str | None = None
        self.name = readable(name or type(self.network.model).__name__)
        self.own_methods: dict[str, Method] = {}
        # By method the mean likeness of its map to that of random weights, of the latest check.
        self.randomization: dict[str, float] = {}
        self.results: BoundedCache[Attribution] = BoundedCache(_RESULT_BYTES)
        self._traces: BoundedCache[Trace] = BoundedCache(memory)
        self._tracing = OrderedLock(Rank.RECORDING, self.network.model, once=True)
        self._read_more: Counter[Hashable] = Counter()
        self._one_pass: set[Hashable] = set()
        self._seen: BoundedCache[bool] = BoundedCache(_SEEN)

    @property
    def class_names(self) -> list[str] | None:
        """The names of the classes by index; None where there are none."""
        names = self.readout.class_names
        return None if names is None else list(names)

    @class_names.setter
    def class_names(self, class_names: Any) -> None:
        self.readout.class_names = class_names_of(class_names, None)
        self.readout.named = class_names is not None

    @property
    def methods(self) -> Mapping[str, Method]:
        """All methods by name, those of this engine alone included."""
        return Methods(METHODS, self.own_methods) if self.own_methods else METHODS

    @cached_property
    def worker(self) -> Worker:
        """The engine's one worker thread, shared by all widgets bound to it."""
        return Worker(self.name)

    @property
    def description(self) -> str:
        """Preprocessing, device and the layer explained by default, in short."""
        device = next((p.device for p in self.network.model.parameters()), torch.device("cpu"))
        trace = self._traces.latest()
        layer = self.layer or (trace.layers[0].name if trace and trace.layers else None)
        words = [self.preprocessor.description, str(device)] + [f"layer {layer}"] * bool(layer)
        return ", ".join(words)

    def picture(self, image: Any) -> Picture:
        """An image as model input and as the pixels that the model sees."""
        return image if isinstance(image, Picture) else self.preprocessor(image)

    def pictures(self, images: Iterable[Any]) -> Iterator[Picture]:
        """Images as model inputs, in their order, read ahead where processors are idle."""
        return self.read_ahead(self.picture, images)

    def read_ahead(
        self, read: Callable[[_T], _R], items: Iterable[_T], *, several: bool = True
    ) -> Iterator[_R]:
        """What `read`, which prepares pictures, gives for each item, in their order. Where the
        network leaves processors idle, threads read ahead; only one where it is not `several` that
        may run at once, as with a function of the user's own that prepares pictures.
        """
        on_cpu = next((p.is_cpu for p in self.network.model.parameters()), True)
        idle = (os.cpu_count() or 1) - (torch.get_num_threads() if on_cpu else 0)
        several = several and self.preprocessor.may_run_in_threads
        threads = min(_READERS if several else 1, idle)
        if threads < 1:
            return map(read, items)
        return ahead(read, items, threads=threads, count=_AHEAD)

    def pixels(self, inputs: Tensor) -> np.ndarray[Any, np.dtype[np.uint8]]:
        """Model inputs (M, C, H, W) as a person sees them: (M, H, W, 3) uint8, de-normalised."""
        return self.preprocessor.denormalise(inputs)

    def unit(self, inputs: Tensor) -> Tensor:
        """Model inputs (M, C, H, W) as pixels in [0, 1], float32, not rounded to levels.

        Raises ExplanationError where the normalisation is not known.
        """
        return self.preprocessor.undo(inputs)

    def normalise(self, pixels: Tensor) -> Tensor:
        """Pixels (M, C, H, W) in [0, 1] as model inputs; the inverse of `unit`.

        Raises ExplanationError where the normalisation is not known.
        """
        return self.preprocessor.normalise(pixels)

    def probabilities(self, inputs: Tensor) -> Tensor:
        """Class probabilities (M, classes) float32 of model inputs (M, C, H, W)."""
        check_not_within(self.network.model)
        with self.network.held(self.network.state()):
            if not self.readout.learned:
                self.network.record(inputs[:1])
            batches = self.network.batches(inputs)
            return torch.cat([self.network.probabilities(x) for x in batches])

    def scores(self, inputs: Tensor, target: Target) -> Tensor:
        """The target's score (M,) of model inputs (M, C, H, W)."""
        check_not_within(self.network.model)
        with self.network.held(self.network.state()):
            return torch.cat([self.network.scores(x, target) for x in self.network.batches(inputs)])

    def resolve_target(self, image: Any, target: TargetLike = None) -> Target:
        """The output that `target` means for this image; None is the most probable class.

        Raises ExplanationError for an unknown target.
        """
        return self.target(target, self.trace(self.picture(image)))

    def target(self, target: TargetLike, trace: Trace, item: int = 0) -> Target:
        """The output that `target` means for a picture of a recorded pass; errors as
        `resolve_target`.
        """
        return self.readout.resolve(target, trace.output, len(trace.input), item)

    def resolve_layer(self, trace: Trace, layer: str | None) -> str:
        """The layer that `layer` means; None is the engine's own, or the best one.

        Raises ExplanationError for an unknown layer, or where none has a map.
        """
        name = layer or self.layer
        if name is not None:
            return trace.map(name).name
        if not trace.layers:
            if isinstance(self.network.model, torch.jit.ScriptModule):
                raise ExplanationError(
                    f"{self.name} is a scripted or traced network, which shows none of its layers; "
                    "give the engine the network that it was made from, or use a gradient or "
                    "perturbation method"
                )
            raise ExplanationError(
                f"{self.name} has no layer with a map over the picture, which CAM methods need"
                f"{trace.why_no_layer}; use a gradient or perturbation method"
            )
        return trace.layers[0].name

    def describe_layers(self, image: Any = None) -> list[Layer]:
        """The layers that CAM methods accept, best first, with their maps' sizes for this image (or
        a typical one).
        """
        return self._layers_of(self._latest() if image is None else self.trace(self.picture(image)))

    def _layers_of(self, trace: Trace) -> list[Layer]:
        layers = trace.layers
        if self.layer is not None:
            found = trace.map(self.layer)
            own = Layer(found.name, found.size, found.channels)
            layers = [own, *(layer for layer in layers if layer.name != own.name)]
        return layers

    def unavailable(self, image: Any) -> dict[str, str]:
        """The methods that cannot explain this network, each with the reason in words."""
        trace = self.trace(self.picture(image))
        reasons = {}
        for name, method in self.methods.items():
            if method.needs_rectifiers and trace.rectifiers == 0:
                reasons[name] = "needs rectifiers (ReLU and its kin); this network has none"
            elif method.takes_layer and not self._layers_of(trace):
                reasons[name] = "needs a layer with a map over the picture; this network has none"
            elif method.needs_attention and trace.attention_problem is not None:
                reasons[name] = trace.attention_problem
        return reasons

    def needs(self, method: Method, parameters: Mapping[str, Any]) -> Needs:
        """What a method is likely to read of a recorded pass: the least, until it has been seen to
        read more.
        """
        if method.needs_attention or method.changes_rectifiers(parameters):
            return "everything"
        if self._read_more[_use(method, parameters)] >= _SURE:
            return "everything"
        return "layer" if method.takes_layer else "input"

    def note_read(
        self, method: Method, parameters: Mapping[str, Any], trace: Trace, *, partly: bool
    ) -> None:
        """Take note of what a method has read of a pass, `partly` recorded at first."""
        use = _use(method, parameters)
        if partly:
            self._read_more[use] = self._read_more[use] + 1 if trace.is_whole else 0
        (self._one_pass.discard if trace.ran_again else self._one_pass.add)(use)

    def fresh_trace(
        self,
        picture: Picture,
        method: Method,
        parameters: Mapping[str, Any],
        layer: str | None,
    ) -> Trace | None:
        """A pass for a method that reads one layer of one pass, of a picture that nobody has asked
        about before: run now and not kept, so that there is no need to look which state of the
        network it is of. None where that is not so.
        """
        if _use(method, parameters) not in self._one_pass:
            return None
        if self.needs(method, parameters) != "layer":
            return None
        if self._seen.get(picture.digest) or not self.network.lessons.start(
            picture.input, layer or self.layer
        ):
            return None
        self._seen.put(picture.digest, True, 1)
        return self.passing_trace(picture, None, "layer", layer, kept=False)

    def trace(
        self, picture: Picture, needs: Needs = "everything", layer: str | None = None
    ) -> Trace:
        """The recorded pass of a picture: run now, or kept from before. With `needs` only the part
        that is likely to be read is recorded; the trace records the rest when it is asked for.
        """
        check_not_within(self.network.model)
        state = self.network.state()
        key = (picture.digest, tuple(picture.input.shape), state)
        with self._tracing, self.network.held(state):
            trace = self._traces.get(key)
            if trace is None:
                self._seen.put(picture.digest, True, 1)
                trace = self.passing_trace(picture, key, needs, layer)
                trace.begin(fresh=True)
            else:
                trace.begin(fresh=False)
            self._traces.put(key, trace, trace.nbytes)  # it grows when attention is read from it
        return trace

    def passing_trace(
        self,
        picture: Picture,
        key: Hashable = None,
        needs: Needs = "everything",
        layer: str | None = None,
        *,
        kept: bool = True,
    ) -> Trace:
        """The recorded pass of a picture, run now; `needs` as for `trace`. Without `kept` it is not
        said which state of the network it is of.
        """
        with failures_in_words(self.network.model, picture.input):
            try:
                return self.joint_trace([picture], key, needs, layer, kept=kept)
            except Exception as error:
                raise self._channels.in_words(picture, error)  # noqa: B904  # mostly it

    def joint_trace(
        self,
        pictures: Sequence[Picture],
        key: Hashable = None,
        needs: Needs = "everything",
        layer: str | None = None,
        *,
        kept: bool = True,
        folded: bool = False,
    ) -> Trace:
        """One recorded pass of several pictures of one size, run now; as `passing_trace`. With
        `folded` batch norms a part of it is recorded quicker, and right up to rounding.
        """
        check_not_within(self.network.model)
        x = torch.cat([picture.input for picture in pictures])
        black = pictures[0].black
        level = None if black is None else torch.tensor(black, device="cpu")
        layer = layer or self.layer
        return Trace(
            self.network, x, key, level, needs=needs, layer=layer, kept=kept, folded=folded
        )

    def compare_kept(self, pictures: Sequence[Picture], trace: Trace) -> None:
        """Forget what was recorded where a new pass of a picture gives something else."""
        for i, picture in enumerate(pictures):
            kept = self._traces.get((picture.digest, tuple(picture.input.shape), trace.state))
            if kept is not None and not trace.agrees(kept, i):
                self.forget()
                return

    def _latest(self) -> Trace:
        """The latest recorded pass, or one of a made-up picture where there is none yet."""
        trace = self._traces.latest()
        if trace is not None:
            return trace
        noise = np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8)
        try:
            return self.trace(self.preprocessor(noise, made_up=True))
        except Exception as error:
            raise ExplanationError(
                "which layers carry a map is known once the network has seen a picture, and it "
                f"refused a made-up one of 256 x 256 pixels ({error}); "
                "call engine.predict(image) first"
            ) from error

    def forget(self) -> None:
        """Let go of all recorded passes and results."""
        self._traces.clear()
        self.results.clear()
        self.randomization.clear()
        self._seen.clear()


def _use(method: Method, parameters: Mapping[str, Any]) -> Hashable:
    """What tells one use of a method from others: its function and its parameters."""
    return method.function, frozenset(parameters.items())
