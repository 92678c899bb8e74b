"""Network: a user's network seen through the probe, and what was learned about it."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from xai_widgets.interrupts import interruptible
from xai_widgets.probe.agreement import agree
from xai_widgets.probe.attention import TraceMode
from xai_widgets.probe.failures import INFERENCE
from xai_widgets.probe.fingerprint import Structure, structure_of
from xai_widgets.probe.guard import as_found, autograd_ready
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
from xai_widgets.probe.running import Runner
from xai_widgets.targets import Readout

# Measured: on CPUs batches of 8 keep activations in cache and larger ones do not; accelerators are
# quicker with large ones.
_BATCH = {"cpu": 8}
_ACCELERATOR_BATCH = 64
# A backward holds the outputs of all layers, for each item of its batch.
_BACKWARD_BYTES = {"cpu": 480 * 2**20}
_ACCELERATOR_BACKWARD_BYTES = 4 * 2**30
# Outputs this many times as far apart as rounding may put them are different answers.
_UNLIKE = 10.0
GRADIENT_MODE = (
    "the network gives another output under torch.no_grad() than with gradients: gradients and "
    "CAMs are of the one, perturbations of the other, and they cannot be compared; let its forward "
    "not ask torch.is_grad_enabled()"
)
UNSTEADY = (
    "the network gives another output every time it runs, as one with a random generator of its "
    "own does: another run gives other numbers and another map"
)


class Network(Runner):
    """A network, and `lessons`, what running it has taught.

    `byte_budget` bounds the largest activation of a batched forward. `draws` says whether it drew
    random numbers when it was recorded last; `mode_warning`, where that is so, that it gives
    something else without gradients than with them, or every time.
    """

    def __init__(
        self, model: nn.Module, byte_budget: int = 256 * 2**20, readout: Readout | None = None
    ) -> None:
        super().__init__(model, readout)
        self.byte_budget = byte_budget
        self._structure: Structure = ()
        self._overwritten: set[str] | None = None
        self.lessons = Lessons(self.model, self.readout)
        self.draws = False
        self._plain_checked: torch.memory_format | None = None  # the layout that was
        self.mode_warning = ""

    def record(self, x: Tensor) -> ForwardPass:
        """Run the network forward on (N, C, H, W) once, recording."""
        x = self.prepare(x)
        with autograd_ready(self.model):
            self._learn_structure()
            forward = self._in_format(lambda: self._record(x))
            if self._plain_checked != self._format:
                forward = self._checked(x, forward)
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
            return self._record_plainly(x, INFERENCE)
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

    def _checked(self, x: Tensor, forward: ForwardPass) -> ForwardPass:
        """The pass, compared with a run on an ordinarily laid out input without gradients. A
        network that reads strides by itself may give something else: then it is recorded in that
        layout. One that asks whether gradients are on may too: that is said.
        """
        plain = self._run_plainly(x)
        if self._format != torch.contiguous_format and not agree(forward.output, plain):
            self._format = torch.contiguous_format
            forward = self._record(x)
        self._plain_checked = self._format
        if not (forward.mode.random or agree(forward.output, plain, _UNLIKE)):
            steady = agree(self._run_plainly(x), plain, _UNLIKE)
            self.mode_warning = GRADIENT_MODE if steady else UNSTEADY
        return forward

    def _run_plainly(self, x: Tensor) -> Any:
        with as_found(self.model), torch.no_grad():
            return interruptible(self.model, x.clone(memory_format=torch.contiguous_format))

    def _learn_structure(self) -> None:
        """Forget what was learned about the network if its modules have been replaced since."""
        structure = structure_of(self.model)
        if structure != self._structure:
            self._overwritten = None
            self._quickest_format()
            self._plain_checked, self.mode_warning = None, ""
            self.lessons = Lessons(self.model, self.readout)
            self._structure = structure

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

    def best_batch(self, x: Tensor, *, wanted: int | None = None, backward: bool = False) -> int:
        """How many inputs of the shape of x, (N, C, H, W), to run together; 1 where none has been
        recorded.
        """
        largest, passed = self.lessons.bytes_of(x) or (self.byte_budget, 0)
        return self.batch_size(largest, wanted, passed if backward else 0)

    def is_overwritten(self, layer: str) -> bool:
        """Whether the network writes into what a layer has given out."""
        return layer in (self._overwritten or ())
