"""Network: a user's network seen through the probe, and what was learned about it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from xai_widgets.errors import ExplanationError
from xai_widgets.probe.attention import AttentionPass
from xai_widgets.probe.fingerprint import Fingerprint, Structure, structure_of
from xai_widgets.probe.folding import Folding
from xai_widgets.probe.guard import as_found, autograd_ready, like_parameters, unwrap
from xai_widgets.probe.layers import Layer, rank
from xai_widgets.probe.recorder import first_tensor
from xai_widgets.probe.rectifiers import RectifierMode, Rule
from xai_widgets.probe.trace import Trace, not_differentiable
from xai_widgets.targets import Target, logits_of, probabilities_of

# Measured: on CPUs batches of 8 keep activations in cache, larger ones don't; accelerators want
# them large.
_BATCH = {"cpu": 8}
_ACCELERATOR_BATCH = 64
# A backward holds what all layers gave out, for each item of its batch.
_BACKWARD_BYTES = {"cpu": 384 * 2**20}
_ACCELERATOR_BACKWARD_BYTES = 4 * 2**30
# Measured: on CPUs convolutions are up to a third quicker when channels lie innermost in memory.
_FORMAT = {"cpu": torch.channels_last}
_T = TypeVar("_T")


class Network:
    """A network, its lock, and what the first trace taught: which layers carry maps, which are
    overwritten in place.

    `byte_budget` bounds the largest activation of a batched forward. `fingerprint()` tells recorded
    passes of the network as it is from those of the network as it was.
    """

    def __init__(self, model: nn.Module, byte_budget: int = 256 * 2**20) -> None:
        self.model = unwrap(model)
        self.byte_budget = byte_budget
        self.fingerprint = Fingerprint(self.model)
        self._folding = Folding(self.model, self.fingerprint)
        self._structure: Structure = ()
        self._names: dict[str, str] = {}
        self._overwritten: set[str] | None = None
        self._ranked: dict[tuple[int, ...], list[Layer]] = {}
        self._item_bytes: dict[tuple[int, ...], int] = {}
        self._lock = threading.RLock()
        self._format = _FORMAT.get(self._device, torch.contiguous_format)

    @property
    def _device(self) -> str:
        return next((p.device.type for p in self.model.parameters()), "cpu")

    def prepare(self, x: Tensor) -> Tensor:
        """An input as the network takes it: its device and floating-point type."""
        return like_parameters(x, self.model)

    def copy(self, x: Tensor) -> Tensor:
        """A copy of an input, which the network may overwrite, laid out as it runs quickest."""
        return x.clone(memory_format=self._format)

    def room(self, count: int, x: Tensor) -> Tensor:
        """Memory for `count` inputs of the shape of x, (count, N, C, H, W), laid out as the network
        runs quickest; not filled.
        """
        shape = (count * len(x), *x.shape[1:])
        empty = torch.empty(shape, dtype=x.dtype, device=x.device, memory_format=self._format)
        return empty.view(count, *x.shape)

    def _in_format(self, run: Callable[[], _T]) -> _T:
        """Run the network; once more if it turns out that it cannot read the quick layout."""
        try:
            return run()
        except RuntimeError as error:
            given = self._format
            if given == torch.contiguous_format or "view size is not compatible" not in str(error):
                raise
            self._format = torch.contiguous_format
            return run()

    def trace(self, x: Tensor, key: Hashable = None) -> Trace:
        """Run the network forward on (N, C, H, W) once, recording; `key` tells this pass from
        others.
        """
        x = self.prepare(x)
        if any(parameter.is_inference() for parameter in self.model.parameters()):
            raise ExplanationError(
                "the network's weights were made under torch.inference_mode(), so no gradient can "
                "pass through it; build or load it outside of inference mode"
            )
        with autograd_ready(self.model):
            self._learn_structure()
            trace = self._in_format(lambda: Trace(self, x, self._overwritten, key))
            overwritten = trace.recorder.overwritten()
            if self._overwritten is None:
                # The first trace copies every layer's output, and learns for which of them that is
                # needed.
                self._overwritten = overwritten
            elif not overwritten <= self._overwritten:
                self._overwritten |= overwritten
                trace = Trace(self, x, self._overwritten, key)
        self._item_bytes[tuple(x.shape[1:])] = max(trace.recorder.largest // len(x), 1)
        return trace

    def _learn_structure(self) -> None:
        """Forget what was learned about a network whose modules have been exchanged since."""
        structure = structure_of(self.model)
        if structure != self._structure:
            self._structure = structure
            self._names = _canonical_names(self.model)
            self._overwritten = None
            self._ranked = {}

    def scores(self, x: Tensor, target: Target) -> Tensor:
        """The target's score for each of the inputs (M, C, H, W), no gradients kept; (M,)."""
        output = self.outputs(x)
        with autograd_ready(self.model), torch.no_grad():
            return target.score(output, batch=len(x))

    def outputs(self, x: Tensor) -> Any:
        """What the network gives out for the inputs (M, C, H, W), no gradients kept."""
        x = self.prepare(x)
        return self._folded(x, partial(self._outputs, x))

    def _outputs(self, x: Tensor, mode: AbstractContextManager[Any]) -> Any:
        with as_found(self.model), mode, torch.no_grad():
            return self.model(self.copy(x))

    def _folded(self, x: Tensor, run: Callable[[AbstractContextManager[Any]], _T]) -> _T:
        """What `run` gives with the network's batch norms folded into its convolutions."""
        one = partial(self._outputs, x[:1])
        return self._in_format(lambda: self._folding.run(run, one, self._format))

    def probabilities(self, x: Tensor) -> Tensor:
        """The class probabilities for each of the inputs (M, C, H, W), no gradients kept; (M,
        classes).
        """
        output = self.outputs(x)
        with autograd_ready(self.model), torch.no_grad():
            return probabilities_of(logits_of(output, batch=len(x)))

    def gradients(
        self, x: Tensor, target: Target, rule: Rule = "standard"
    ) -> tuple[Tensor, Tensor]:
        """The target's score for each of the inputs (M, C, H, W), and its gradient to each: (M,),
        (M, C, H, W).
        """
        x = self.prepare(x)
        return self._folded(x, partial(self._gradients, x, target, rule))

    def _gradients(
        self, x: Tensor, target: Target, rule: Rule, folding: AbstractContextManager[Any]
    ) -> tuple[Tensor, Tensor]:
        mode = RectifierMode()
        with as_found(self.model, mode), folding:
            x = x.detach().requires_grad_(True)
            score = target.score(self.model(self.copy(x)), batch=len(x))
            mode.rule = rule
            try:
                (gradient,) = torch.autograd.grad(score.sum(), x)
            except RuntimeError as error:
                raise not_differentiable(target, error) from error
        return score.detach(), gradient

    def attend(self, x: Tensor) -> AttentionPass:
        """Run the network forward on (N, C, H, W) once, its attention computed openly."""
        return self._in_format(lambda: AttentionPass.of(self, x))

    def batch_size(
        self, bytes_per_item: int, wanted: int | None = None, backward_bytes: int = 0
    ) -> int:
        """The batch size that is fastest on this device and keeps the largest activation within the
        byte budget; for passes with a backward also all that it holds, `backward_bytes` an item.
        """
        best = wanted if wanted is not None else _BATCH.get(self._device, _ACCELERATOR_BATCH)
        held = _BACKWARD_BYTES.get(self._device, _ACCELERATOR_BACKWARD_BYTES)
        if backward_bytes:
            best = min(best, held // backward_bytes)
        return max(1, min(best, self.byte_budget // bytes_per_item))

    def batches(self, x: Tensor) -> tuple[Tensor, ...]:
        """The inputs (M, C, H, W), as many at a time as is fastest; one by one where no input of
        their size has been traced.
        """
        known = self._item_bytes.get(tuple(x.shape[1:]), self.byte_budget)
        batches: tuple[Tensor, ...] = x.split(self.batch_size(known))
        return batches

    def canonical(self, layer: str) -> str:
        """The one name of a layer that the network holds under several."""
        return self._names.get(layer, layer)

    def best_layer(self, shape: torch.Size) -> str | None:
        """The layer explained by default for inputs of this shape, if it is known already."""
        ranked = self._ranked.get(tuple(shape[1:]))
        return ranked[0].name if ranked else None

    def rank_layers(self, trace: Trace) -> list[Layer]:
        """The layers that carry maps, best first; found out once for each input shape."""
        key = tuple(trace.input.shape[1:])
        with self._lock:
            if key not in self._ranked:
                self._ranked[key] = self._rank(trace)
            return self._ranked[key]

    def _rank(self, trace: Trace) -> list[Layer]:
        try:
            output: Tensor | None = logits_of(trace.output, batch=len(trace.input))
        except ExplanationError:
            output = first_tensor(trace.output)
        if output is None:
            return []
        head = trace.recorder.head_input(output)
        with autograd_ready(self.model):
            source = output if head is None else head
            width = source.shape[-1] if source.ndim in (2, 3) else None
            return rank(list(trace.recorder.records.values()), source, width)


def _canonical_names(model: nn.Module) -> dict[str, str]:
    """Every dotted name of every module, mapped to the first name of that module."""
    first = {id(module): name for name, module in model.named_modules()}
    return {name: first[id(module)] for name, module in model.named_modules(remove_duplicate=False)}
