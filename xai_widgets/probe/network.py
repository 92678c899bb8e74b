"""Network: a user's network seen through the probe, and what was learned about it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from xai_widgets.errors import ExplanationError
from xai_widgets.interrupts import deferred, interruptible
from xai_widgets.probe.agreement import agree, agree_first
from xai_widgets.probe.attention import AttentionMode, AttentionPass, TraceMode
from xai_widgets.probe.fingerprint import Fingerprint, Structure, structure_of
from xai_widgets.probe.folding import Folding
from xai_widgets.probe.functions import FunctionMode
from xai_widgets.probe.guard import as_found, autograd_ready, like_parameters, unwrap
from xai_widgets.probe.partial import (
    Needs,
    PartialPass,
    Start,
    UnfoldedError,
    run_from_input,
    run_from_layer,
)
from xai_widgets.probe.passes import ForwardPass, Lessons
from xai_widgets.probe.recorder import Recorder
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
_INFERENCE = "its weights were made under torch.inference_mode(); build or load it elsewhere"
# What PyTorch says where a network leaves it, or cuts a value off.
_NO_GRAPH = (
    "does not require grad",
    "appears to not have been used in the graph",
    "on Tensor that requires grad",
    "Inference tensors",
    "not implemented for",
)


class _Held(threading.local):
    number: int | None = None


class Network:
    """A network, and `lessons`, what running it has taught.

    `byte_budget` bounds the largest activation of a batched forward. `draws` says whether it drew
    random numbers when it was recorded last. `state()` tells passes recorded before a change of the
    network from later ones; `readout` finds the classes' scores in what the network returns.
    """

    def __init__(
        self, model: nn.Module, byte_budget: int = 256 * 2**20, readout: Readout | None = None
    ) -> None:
        self.model = unwrap(model)
        self.readout = readout or Readout()
        self.byte_budget = byte_budget
        self._fingerprint = Fingerprint(self.model)
        self._held = _Held()
        self._folding = Folding(self.model, self.state)
        self._structure: Structure = ()
        self._overwritten: set[str] | None = None
        self._format_checked = False
        self.lessons = Lessons(self.model, self.readout)
        self._batches: dict[tuple[int, ...], str] = {}
        self._form = 0
        self.draws = False
        self._format = _FORMAT.get(self._device, torch.contiguous_format)

    def state(self) -> int:
        """A number for the network's present state, a new one whenever anything in it has changed;
        within `held` the number that it had at the beginning.
        """
        held = self._held.number
        if held is not None:
            return held
        return self._fingerprint()

    @contextmanager
    def held(self, number: int) -> Iterator[None]:
        """Take the network to be in this state while inside, in this thread, without looking."""
        with deferred():
            before, self._held.number = self._held.number, number
            try:
                yield
            finally:
                self._held.number = before

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
        except (RuntimeError, AssertionError, ValueError, TypeError):
            if self._format == torch.contiguous_format or self._format_checked:
                raise
            self._format = torch.contiguous_format
            try:
                result = run()
            except BaseException:
                self._format = _FORMAT.get(self._device, torch.contiguous_format)
                raise
            self._format_checked = True
            return result

    def record(self, x: Tensor) -> ForwardPass:
        """Run the network forward on (N, C, H, W) once, recording."""
        x = self.prepare(x)
        with autograd_ready(self.model):
            self._learn_structure()
            forward = self._in_format(lambda: self._record(x))
            if not self._format_checked and not self._is_right_in_format(x, forward.output):
                self._format = torch.contiguous_format
                forward = self._record(x)
            self._format_checked = True
            overwritten = forward.recorder.overwritten()
            if self._overwritten is None:
                # The first pass copies every layer's output, and shows for which of them that is
                # needed.
                self._overwritten = overwritten
            elif not overwritten <= self._overwritten:
                self._overwritten |= overwritten
                forward = self._record(x)
            self.readout.learn(forward.output, len(x), forward.mode.activation)
        self.lessons.note(forward)
        self.draws = forward.mode.random
        return forward

    def record_partly(
        self, x: Tensor, needs: Needs, layer: str | None, *, folded: bool = False
    ) -> PartialPass | None:
        """Run the network forward on (N, C, H, W) once, recording no more than what is needed: from
        a layer on (None: the best one), or from the input. None where that is not known to be
        right: then the pass has to be recorded whole. With `folded` batch norms, where they can be,
        it is the whole pass up to rounding, and else to the last bit.
        """
        x = self.prepare(x)
        with autograd_ready(self.model):
            self._learn_structure()
            lessons = self.lessons
            start = lessons.start(x, layer) if needs == "layer" else None
            if not (lessons.starts_at_input and lessons.knows(x) if needs == "input" else start):
                return None
            try:
                found = self._run_partly(x, start, folded=folded)
            except Exception:  # the whole pass tells what is wrong, if anything is
                lessons.refuse(start)
                return None
        self.draws = found.mode.random
        return found

    def _run_partly(self, x: Tensor, start: Start | None, *, folded: bool) -> PartialPass:
        def run(folding: AbstractContextManager[Any]) -> PartialPass:
            # Laid out as in a whole pass: methods that read it compute alike, to the last bit.
            if start is not None:
                found = run_from_layer(self.model, self.copy(x), self.copy(x), start, folding)
            else:
                leaf = self.copy(x.detach()).requires_grad_(True)
                found = run_from_input(self.model, leaf, self.copy(leaf), folding)
            return replace(found, folded=not isinstance(folding, nullcontext))

        if folded:
            with suppress(UnfoldedError):
                return self._folded(x, run)
        return run(nullcontext())

    def _record(self, x: Tensor) -> ForwardPass:
        if any(parameter.is_inference() for parameter in self.model.parameters()):
            return self._record_plainly(x, _INFERENCE)
        try:
            return self._record_graph(x, requires_grad=True)
        except (RuntimeError, TypeError, NotImplementedError) as error:
            # Some networks leave PyTorch on the way; what needs no gradient works with them.
            try:
                return self._record_plainly(x, str(error).strip().partition("\n")[0])
            except Exception:
                raise error from None

    def _record_plainly(self, x: Tensor, reason: str) -> ForwardPass:
        return replace(self._record_graph(x, requires_grad=False), graphless=reason)

    def _record_graph(self, x: Tensor, *, requires_grad: bool) -> ForwardPass:
        mode = TraceMode()
        with as_found(self.model, mode):
            leaf = self.copy(x.detach()).requires_grad_(requires_grad)
            recording = Recorder(self.model, leaf, self._overwritten, self.lessons.positions)
            with torch.set_grad_enabled(requires_grad), recording as recorder:
                # Given a copy, an in-place first layer does not overwrite the leaf.
                given = self.copy(leaf)
                mode.steps.clear()
                output = interruptible(self.model, given)
                steps = tuple(mode.steps)
        recorder.cut = mode.cut
        return ForwardPass(leaf, output, recorder, mode, steps)

    def _is_right_in_format(self, x: Tensor, output: Any) -> bool:
        """Whether the network gives the same output for an ordinarily laid out input: one that
        reads strides by itself may not.
        """
        if self._format == torch.contiguous_format:
            return True
        with as_found(self.model), torch.no_grad():
            plain = interruptible(self.model, x.clone(memory_format=torch.contiguous_format))
        return agree(output, plain)

    def _learn_structure(self) -> None:
        """Forget what was learned about the network if its modules have been replaced since."""
        structure = structure_of(self.model)
        if structure != self._structure:
            self._overwritten = None
            self._format_checked = False
            self._format = _FORMAT.get(self._device, torch.contiguous_format)
            self.lessons = Lessons(self.model, self.readout)
            self._structure = structure

    def batch_problem(self, x: Tensor) -> str:
        """Why inputs like these, (M, C, H, W), must be run one at a time; empty where they may be
        run together. Worked out once, on a pair and its first member.
        """
        key = tuple(x.shape[1:])
        self.state()
        if self._form != self._fingerprint.form:
            self._form, self._batches = self._fingerprint.form, {}
        if key not in self._batches:
            with autograd_ready(self.model):
                self._batches[key] = self._batch_problem(self.prepare(x[:1]))
        return self._batches[key]

    def batch_warning(self, x: Tensor) -> str:
        """What `batch_problem` has found for inputs like x so far; empty where it was not asked."""
        return self._batches.get(tuple(x.shape[1:]), "")

    def _batch_problem(self, x: Tensor) -> str:
        generator = torch.Generator("cpu").manual_seed(0)
        noise = torch.randn(x.shape, generator=generator, device="cpu").to(x)
        scale = float(x.detach().float().std()) or 1.0
        # As unlike the first as can be: brighter, of more contrast, and otherwise arranged.
        pair = torch.cat([x, 5 * x.flip(-1) + scale * (3 * noise + 2)])
        alone = self._in_format(lambda: self._outputs(x, nullcontext()))
        try:
            together = self._outputs(pair, nullcontext())
        except Exception:  # whatever a network raises that takes one picture
            return "the network takes one picture at a time, so pictures were run one by one"
        if agree_first(together, alone):
            return ""
        return (
            "the network's answer for a picture depends on the other pictures in its batch, so "
            "pictures were run one by one, each as if it were alone"
        )

    def one_by_one(self, x: Tensor, run: Callable[[Tensor], _T]) -> list[_T]:
        """What `run` gives for the inputs (M, C, H, W), all at once where the network takes them so
        and else one at a time.
        """
        parts = x.split(1) if len(x) > 1 and self.batch_problem(x) else (x,)
        return [run(part) for part in parts]

    def scores(self, x: Tensor, target: Target) -> Tensor:
        """The target's score for each of the inputs (M, C, H, W), no gradients kept; (M,)."""
        return torch.cat(self.one_by_one(x, partial(self._scores, target.alone)))

    def _scores(self, target: Target, x: Tensor) -> Tensor:
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
        """What the network gives out for a batch of inputs (M, C, H, W), no gradients kept."""
        x = self.prepare(x)
        return self._folded(x, partial(self._outputs, x))

    def _outputs(self, x: Tensor, mode: AbstractContextManager[Any]) -> Any:
        with as_found(self.model), mode, torch.no_grad():
            return interruptible(self.model, self.copy(x))

    def _folded(self, x: Tensor, run: Callable[[AbstractContextManager[Any]], _T]) -> _T:
        """What `run` gives with the network's batch norms folded into its convolutions."""
        one = partial(self._outputs, x[:1])
        return self._in_format(lambda: self._folding.run(run, one, self._format))

    def probabilities(self, x: Tensor) -> Tensor:
        """The class probabilities for each of the inputs (M, C, H, W), no gradients kept; (M,
        classes).
        """
        return torch.cat(self.one_by_one(x, self._probabilities))

    def _probabilities(self, x: Tensor) -> Tensor:
        output = self.outputs(x)
        with autograd_ready(self.model), torch.no_grad():
            return self.readout.probabilities(output, len(x))

    def gradients(
        self, x: Tensor, target: Target, rule: Rule = "standard"
    ) -> tuple[Tensor, Tensor]:
        """The target's score for each of the inputs (M, C, H, W), and its gradient to each: (M,),
        (M, C, H, W).
        """
        x, target = self.prepare(x), target.alone
        pairs = self.one_by_one(
            x, lambda part: self._folded(part, partial(self._gradients, part, target, rule))
        )
        if len(pairs) == 1:
            return pairs[0]
        scores, gradients = zip(*pairs, strict=True)
        return torch.cat(scores), torch.cat(gradients)

    def _gradients(
        self, x: Tensor, target: Target, rule: Rule, folding: AbstractContextManager[Any]
    ) -> tuple[Tensor, Tensor]:
        mode = RectifierMode()
        with as_found(self.model, mode), folding:
            x = x.detach().requires_grad_(True)
            try:
                output = interruptible(self.model, self.copy(x))
                score = target.score(output, batch=len(x))
                if rule != "standard":
                    mode.complete(score)
                mode.rule = rule
                (gradient,) = interruptible(torch.autograd.grad, score.sum(), x)
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
            output = interruptible(self.model, self.copy(x))
        return AttentionPass(x, output, mode.matrices, mode.first)

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
        batches: tuple[Tensor, ...] = x.split(self.best_batch(x))
        return batches

    def best_batch(
        self,
        x: Tensor,
        *,
        wanted: int | None = None,
        backward: bool = False,
        limit: int | None = None,
    ) -> int:
        """How many inputs of the shape of x, (N, C, H, W), to run together; 1 where none has been
        recorded. `limit` bounds the bytes of all that layers give out.
        """
        largest, passed = self.lessons.bytes_of(x) or (self.byte_budget, 0)
        size = self.batch_size(largest, wanted, passed if backward else 0)
        return size if limit is None or not passed else max(1, min(size, limit // passed))

    def is_overwritten(self, layer: str) -> bool:
        """Whether the network writes into what a layer has given out."""
        return layer in (self._overwritten or ())


def not_differentiable(target: Target, error: RuntimeError, why: str = "") -> Exception:
    """What to raise for an error of autograd: in words where the score is detached."""
    said = str(error)
    if "use_reentrant" in said or "Checkpointing is not compatible" in said:
        return ExplanationError(
            "the network checkpoints activations re-entrantly, which forbids asking for gradients; "
            "use checkpoint(..., use_reentrant=False), switch checkpointing off, or use a "
            "perturbation method such as occlusion or rise"
        )
    if type(error).__name__ == "CheckpointError":
        return ExplanationError(
            "the network checkpoints activations, and its checkpointed parts, run again in a "
            "backward, do not give what they gave before; switch checkpointing off (such as "
            "model.set_grad_checkpointing(False)), or use a perturbation method such as occlusion"
        )
    if not any(words in said for words in _NO_GRAPH):
        return error
    why = why or "the network detaches it, or computes it outside PyTorch"
    if "Inference tensors" in said:
        why = _INFERENCE
    return ExplanationError(
        f"{target.name}'s score does not depend on the picture in a way that can be differentiated "
        f"({why}); use a perturbation method such as occlusion or rise"
    )
