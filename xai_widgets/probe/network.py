"""Network: a user's network seen through the probe, and what was learned about it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from xai_widgets.errors import ExplanationError
from xai_widgets.probe.attention import AttentionMode, AttentionPass, TraceMode
from xai_widgets.probe.fingerprint import Fingerprint, Structure, structure_of
from xai_widgets.probe.folding import Folding
from xai_widgets.probe.guard import FunctionMode, as_found, autograd_ready, like_parameters, unwrap
from xai_widgets.probe.layers import Layer, rank
from xai_widgets.probe.recorder import Recorder, first_tensor
from xai_widgets.probe.rectifiers import RectifierMode, Rule
from xai_widgets.targets import Readout, Target

# Measured: on CPUs batches of 8 keep activations in cache and larger ones do not; accelerators are
# quicker with large ones.
_BATCH = {"cpu": 8}
_ACCELERATOR_BATCH = 64
# A backward holds the outputs of all layers, for each item of its batch.
_BACKWARD_BYTES = {"cpu": 384 * 2**20}
_ACCELERATOR_BACKWARD_BYTES = 4 * 2**30
# Measured: on CPUs convolutions are up to a third quicker when channels lie innermost in memory.
_FORMAT = {"cpu": torch.channels_last}
_T = TypeVar("_T")


@dataclass(frozen=True)
class ForwardPass:
    """A recorded forward pass on (N, C, H, W): the input `x`, a leaf of the graph, the network's
    `output`, and what `recorder` and `mode` met on the way.
    """

    x: Tensor
    output: Any
    recorder: Recorder
    mode: TraceMode


class Network:
    """A network, and what running it taught: which layers carry maps, which are overwritten in
    place, how much memory a pass takes.

    `byte_budget` bounds the largest activation of a batched forward. `fingerprint()` tells passes
    recorded before a change of the network from later ones; `readout` finds the classes' scores in
    what the network returns.
    """

    def __init__(
        self, model: nn.Module, byte_budget: int = 256 * 2**20, readout: Readout | None = None
    ) -> None:
        self.model = unwrap(model)
        self.readout = readout or Readout()
        self.byte_budget = byte_budget
        self.fingerprint = Fingerprint(self.model)
        self._folding = Folding(self.model, self.fingerprint)
        self._structure: Structure = ()
        self._names: dict[str, str] = {}
        self._overwritten: set[str] | None = None
        self._ranked: dict[tuple[int, ...], list[Layer]] = {}
        self._item_bytes: dict[tuple[int, ...], int] = {}
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

    def empty_inputs(self, count: int, x: Tensor) -> Tensor:
        """Memory for `count` inputs of the shape of x, (count, N, C, H, W), laid out as the network
        runs quickest; not filled.
        """
        shape = (count * len(x), *x.shape[1:])
        empty = torch.empty(shape, dtype=x.dtype, device=x.device, memory_format=self._format)
        return empty.view(count, *x.shape)

    def _in_format(self, run: Callable[[], _T]) -> _T:
        """Run the network; once more if it turns out that it cannot take the quick layout."""
        try:
            return run()
        except RuntimeError as error:
            given = self._format
            if given == torch.contiguous_format or "view size is not compatible" not in str(error):
                raise
            self._format = torch.contiguous_format
            return run()

    def record(self, x: Tensor) -> ForwardPass:
        """Run the network forward on (N, C, H, W) once, recording.

        Raises ExplanationError for weights made under inference mode.
        """
        x = self.prepare(x)
        if any(parameter.is_inference() for parameter in self.model.parameters()):
            raise ExplanationError(
                "the network's weights were made under torch.inference_mode(), so no gradient can "
                "pass through it; build or load it outside of inference mode"
            )
        with autograd_ready(self.model):
            self._learn_structure()
            forward = self._in_format(lambda: self._record(x))
            overwritten = forward.recorder.overwritten()
            if self._overwritten is None:
                # The first pass copies every layer's output, and shows for which of them that is
                # needed.
                self._overwritten = overwritten
            elif not overwritten <= self._overwritten:
                self._overwritten |= overwritten
                forward = self._record(x)
            self.readout.learn(forward.output, len(x), forward.mode.activation)
        self._item_bytes[tuple(x.shape[1:])] = max(forward.recorder.largest // len(x), 1)
        return forward

    def _record(self, x: Tensor) -> ForwardPass:
        mode = TraceMode()
        with as_found(self.model, mode):
            leaf = self.copy(x.detach()).requires_grad_(True)
            with Recorder(self.model, leaf, self._overwritten) as recorder:
                # Given a copy, an in-place first layer does not overwrite the leaf.
                output = self.model(self.copy(leaf))
        return ForwardPass(leaf, output, recorder, mode)

    def _learn_structure(self) -> None:
        """Forget what was learned about the network if its modules have been replaced since."""
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

    def refusal(self, x: Tensor, mode: FunctionMode | None = None) -> Exception | None:
        """The error that the network raises on inputs (M, C, H, W); None where it takes them."""
        x = self.prepare(x)
        try:
            self._in_format(lambda: self._outputs(x, mode or nullcontext()))
        except Exception as error:  # a network may raise anything on what it does not take
            return error
        return None

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
            return self.readout.probabilities(output, len(x))

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
        return self._in_format(lambda: self._attend(x))

    def _attend(self, x: Tensor) -> AttentionPass:
        mode = AttentionMode()
        with as_found(self.model, mode):
            x = x.detach().clone().requires_grad_(True)
            output = self.model(self.copy(x))
        return AttentionPass(output, mode.matrices, len(x))

    def batch_size(
        self, bytes_per_item: int, wanted: int | None = None, backward_bytes: int = 0
    ) -> int:
        """The batch size that is fastest on this device and keeps the largest activation within the
        byte budget; in passes with a backward also all that it holds, `backward_bytes` an item.
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
        item_bytes = self._item_bytes.get(tuple(x.shape[1:]), self.byte_budget)
        batches: tuple[Tensor, ...] = x.split(self.batch_size(item_bytes))
        return batches

    def canonical(self, layer: str) -> str:
        """The first name of a layer that the network holds under several."""
        return self._names.get(layer, layer)

    def best_layer(self, shape: torch.Size) -> str | None:
        """The layer explained by default for inputs of this shape; None before `rank_layers`."""
        ranked = self._ranked.get(tuple(shape[1:]))
        return ranked[0].name if ranked else None

    def rank_layers(self, forward: ForwardPass) -> list[Layer]:
        """The layers that carry maps, best first; worked out once for each input shape."""
        key = tuple(forward.x.shape[1:])
        ranked = self._ranked.get(key)
        if ranked is None:
            with autograd_ready(self.model):
                ranked = self._ranked.get(key)
                if ranked is None:
                    ranked = self._ranked[key] = _ranked(forward, self.readout)
        return ranked


def _ranked(forward: ForwardPass, readout: Readout) -> list[Layer]:
    try:
        output: Tensor | None = readout.logits(forward.output, len(forward.x))
    except ExplanationError:
        output = first_tensor(forward.output)
    if output is None or output.ndim == 0:
        return []
    head = forward.recorder.head_input(output)
    source = output if head is None else head
    width = source.shape[-1] if source.ndim in (2, 3) else None
    return rank(list(forward.recorder.records.values()), source, width)


def not_differentiable(target: Target, error: RuntimeError) -> Exception:
    """What to raise for an error of autograd: in words where the score is detached."""
    if "does not require grad" not in str(error):
        return error
    return ExplanationError(
        f"{target.name}'s score does not depend on the picture in a way "
        "that can be differentiated (the network detaches it, or computes it outside "
        "PyTorch); use a perturbation method"
    )


def _canonical_names(model: nn.Module) -> dict[str, str]:
    """Every dotted name of every module, mapped to the first name of that module."""
    first = {id(module): name for name, module in model.named_modules()}
    return {name: first[id(module)] for name, module in model.named_modules(remove_duplicate=False)}
