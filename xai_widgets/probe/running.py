"""A network run as it is, nothing recorded: outputs, probabilities, gradients, attention."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from xai_widgets.interrupts import deferred, interruptible
from xai_widgets.probe.agreement import agree_first
from xai_widgets.probe.attention import AttentionMode, AttentionPass
from xai_widgets.probe.failures import not_differentiable
from xai_widgets.probe.fingerprint import Fingerprint
from xai_widgets.probe.folding import Folding
from xai_widgets.probe.functions import FunctionMode
from xai_widgets.probe.guard import as_found, autograd_ready, like_parameters, unwrap
from xai_widgets.probe.rectifiers import RectifierMode, Rule
from xai_widgets.targets import Readout, Target

# Measured: on CPUs convolutions are up to a third quicker when channels lie innermost in memory.
_FORMAT = {"cpu": torch.channels_last}
_T = TypeVar("_T")


class _Held(threading.local):
    number: int | None = None


class Runner:
    """A network that can be run on inputs, and is left as it was found.

    `state()` tells a network from what it was before a change; `readout` finds the classes' scores
    in what it returns.
    """

    def __init__(self, model: nn.Module, readout: Readout | None = None) -> None:
        self.model = unwrap(model)
        self.readout = readout or Readout()
        self._fingerprint = Fingerprint(self.model)
        self._held = _Held()
        self._folding = Folding(self.model, self.state)
        self._batches: dict[tuple[int, ...], str] = {}
        self._form = 0
        self._quickest_format()

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

    def _quickest_format(self) -> None:
        """Give the network the layout that is quickest on its device, until it turns out that it
        cannot take it.
        """
        self._format = _FORMAT.get(self._device, torch.contiguous_format)
        self._format_checked = False

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
