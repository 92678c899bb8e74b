"""Network: a user's network seen through the probe, and what was learned about it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeAlias, TypeVar

import torch
from torch import Tensor, nn

from xai_widgets.errors import ExplanationError
from xai_widgets.interrupts import deferred, interruptible
from xai_widgets.probe.agreement import agree, agree_first
from xai_widgets.probe.attention import AttentionMode, AttentionPass, TraceMode
from xai_widgets.probe.calls import LayerMap
from xai_widgets.probe.fingerprint import Fingerprint, Structure, structure_of
from xai_widgets.probe.folding import Folding
from xai_widgets.probe.guard import (
    FunctionMode,
    Step,
    as_found,
    autograd_ready,
    like_parameters,
    unwrap,
)
from xai_widgets.probe.layers import Layer, rank
from xai_widgets.probe.partial import (
    Needs,
    PartialPass,
    Start,
    run_from_input,
    run_from_layer,
)
from xai_widgets.probe.positions import Position
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
# A shape of inputs, and whether there is but one.
_Group: TypeAlias = tuple[tuple[int, ...], bool]
_Kind: TypeAlias = tuple[_Group, int]
_Memo: TypeAlias = dict[_Kind, _T]
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


@dataclass(frozen=True)
class ForwardPass:
    """A recorded forward pass on (N, C, H, W): the input `x`, a leaf of the graph, the network's
    `output`, and what `recorder` and `mode` met on the way, step by step. `graphless` says why
    there is no graph, where the network cannot be run with one.
    """

    x: Tensor
    output: Any
    recorder: Recorder
    mode: TraceMode
    steps: Sequence[Step] = ()
    graphless: str = ""

    @property
    def kind(self) -> _Kind:
        """What passes have in common of which the same can be learned: the input's shape, whether
        it is of one picture, and the sequence of layers.
        """
        return _group(self.x), self.recorder.signature


class Network:
    """A network, and what running it taught: which layers carry maps, which are overwritten in
    place, how much memory a pass takes.

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
        self._names: dict[str, str] = {}
        self._overwritten: set[str] | None = None
        self._format_checked = False
        self._learned: _Memo[list[Layer]] = {}
        self._whole: _Memo[bool] = {}
        self._attention: _Memo[str] = {}
        self._positions: dict[Hashable, dict[int, Position]] = {}
        # Of the latest whole pass: its kind, and which layers passes can be recorded from.
        self._kinds: dict[_Group, _Kind] = {}
        self._starts: dict[tuple[_Kind, str], Start] = {}
        self._refused: set[str] = set()
        self._item_bytes: dict[tuple[int, ...], tuple[int, int]] = {}
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
        recorder, count = forward.recorder, len(x)
        self._item_bytes[tuple(x.shape[1:])] = (
            max(recorder.largest // count, 1),
            recorder.passed // count,
        )
        self.draws = forward.mode.random
        if not forward.graphless:
            self._kinds[_group(x)] = forward.kind
        return forward

    def learn_start(self, forward: ForwardPass, layer: LayerMap) -> None:
        """Take note of a layer's map in a whole pass: later passes can be recorded from there."""
        overwritten = layer.pieces[0].record.name in (self._overwritten or ())
        start = Start.of(layer, overwritten, forward.steps, len(forward.x))
        if start is not None:
            self._starts[forward.kind, layer.name] = start

    def record_partly(self, x: Tensor, needs: Needs, layer: str | None) -> PartialPass | None:
        """Run the network forward on (N, C, H, W) once, recording no more than what is needed: from
        a layer on (None: the best one), or from the input. None where that is not known to be
        right: then the pass has to be recorded whole.
        """
        x = self.prepare(x)
        with autograd_ready(self.model):
            self._learn_structure()
            start = None if needs == "input" else self._start(_group(x), layer)
            if _group(x) not in self._kinds or (needs == "layer" and start is None):
                return None
            name = start.name if start else ""
            if name in self._refused:
                return None
            try:
                found = self._from_layer(x, start) if start else self._from_input(x)
            except Exception:  # the whole pass tells what is wrong, if anything is
                self._refused.add(name)
                return None
        self.draws = found.mode.random
        return found

    def starts_at(self, x: Tensor, layer: str | None) -> bool:
        """Whether a pass on x (N, C, H, W) can be recorded from a layer on, as far as is known."""
        start = self._start(_group(x), layer)
        return start is not None and start.name not in self._refused

    def _start(self, group: _Group, layer: str | None) -> Start | None:
        kind = self._kinds.get(group)
        if kind is None:
            return None
        if layer is None:
            ranked = self._learned.get(kind)
            layer = ranked[0].name if ranked else ""
        return self._starts.get((kind, self.canonical(layer)))

    def _from_layer(self, x: Tensor, start: Start) -> PartialPass:
        # Laid out as in a whole pass: methods that read it compute alike, to the last bit.
        return run_from_layer(self.model, self.copy(x), self.copy(x), start)

    def _from_input(self, x: Tensor) -> PartialPass:
        leaf = self.copy(x.detach()).requires_grad_(True)
        return run_from_input(self.model, leaf, self.copy(leaf))

    def layers_like(self, x: Tensor) -> list[Layer] | None:
        """The layers that carry maps in passes like the latest whole one of such inputs, best
        first; None before it has been looked at.
        """
        kind = self._kinds.get(_group(x))
        return None if kind is None else self._learned.get(kind)

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
            recording = Recorder(self.model, leaf, self._overwritten, self._positions)
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
            self._names = _canonical_names(self.model)
            self._overwritten = None
            self._format_checked = False
            self._format = _FORMAT.get(self._device, torch.contiguous_format)
            self._learned, self._whole = {}, {}
            self._kinds, self._starts = {}, {}
            self._refused = set()
            self._positions, self._attention = {}, {}
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

    def attention_problem(self, forward: ForwardPass, found: Callable[[], str]) -> str:
        """What `found` says of attention in passes like this; worked out once for each kind."""
        if forward.kind not in self._attention:
            with as_found(self.model):
                self._attention[forward.kind] = found()
        return self._attention[forward.kind]

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
        item_bytes, _ = self._item_bytes.get(tuple(x.shape[1:]), (self.byte_budget, 0))
        batches: tuple[Tensor, ...] = x.split(self.batch_size(item_bytes))
        return batches

    def best_batch(self, x: Tensor, *, wanted: int | None = None, backward: bool = False) -> int:
        """How many inputs of the shape of x, (N, C, H, W), to run together; 1 where none has been
        recorded.
        """
        item_bytes, passed = self._item_bytes.get(tuple(x.shape[1:]), (self.byte_budget, 0))
        return self.batch_size(item_bytes, wanted, passed if backward else 0)

    def canonical(self, layer: str) -> str:
        """The first name of a layer that the network holds under several, or of one of its calls
        (``name#0``).
        """
        name, number, call = layer.partition("#")
        return self._names.get(name, name) + number + call

    def best_layer(self, forward: ForwardPass) -> str | None:
        """The layer explained by default in passes like this; None before `rank_layers`."""
        ranked = self._learned.get(forward.kind)
        return ranked[0].name if ranked else None

    def rank_layers(self, forward: ForwardPass) -> list[Layer]:
        """The layers that carry maps, best first; worked out once for each input shape."""
        ranked = self._learned.get(forward.kind)
        if ranked is None:
            with autograd_ready(self.model):
                ranked = self._learned.get(forward.kind)
                if ranked is None:
                    ranked = self._learned[forward.kind] = _ranked(forward, self.readout)
        return ranked

    def sees_whole(self, forward: ForwardPass) -> bool:
        """Whether everything in the network sees the picture whole and upright: no part, no mirror
        image. Worked out once for each input shape and sequence of layers.
        """
        plain = self._whole.get(forward.kind)
        if plain is None:
            with autograd_ready(self.model):
                plain = self._whole[forward.kind] = forward.recorder.dataflow.plain
        return plain

    def saw_whole(self, x: Tensor) -> bool:
        """Whether that was so in the latest whole pass on inputs like x, and has been looked at."""
        kind = self._kinds.get(_group(x))
        return kind is not None and self._whole.get(kind, False)


def _group(x: Tensor) -> _Group:
    return tuple(x.shape[1:]), len(x) == 1


def _ranked(forward: ForwardPass, readout: Readout) -> list[Layer]:
    try:
        output: Tensor | None = readout.logits(forward.output, len(forward.x))
    except ExplanationError:
        output = first_tensor(forward.output)
    if output is None or output.ndim == 0:
        return []
    recorder = forward.recorder
    head = recorder.head_input(output)
    source = output if head is None else head
    positions = recorder.positions
    records = [record for record in recorder.records.values() if positions.reaches(record)]
    layers = rank(records, source, partial(recorder.carries_all, source), positions.lies)
    return [replace(layer, name=recorder.title_of(layer.name)) for layer in layers]


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


def _canonical_names(model: nn.Module) -> dict[str, str]:
    """Every dotted name of every module, mapped to the first name of that module."""
    first = {id(module): name for name, module in model.named_modules()}
    return {name: first[id(module)] for name, module in model.named_modules(remove_duplicate=False)}
