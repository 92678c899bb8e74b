"""One forward pass of a network in training, and the input gradients that are read from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F  # the field's name for it
from torch import Tensor, nn

from xai_widgets.errors import ExplanationError, check_choice
from xai_widgets.probe.fingerprint import modules_of
from xai_widgets.probe.guard import as_found, autograd_ready, buffers_aside, like_parameters, unwrap
from xai_widgets.probe.rectifiers import Rule
from xai_widgets.targets import logits_of
from xai_widgets.training.double_backward import DoubleBackwardMode
from xai_widgets.training.layout import REFUSALS, is_settled, layout_for, settle

STATISTICS = ("batch", "fixed")


@dataclass(frozen=True, eq=False)
class Terms:
    """The loss of a batch and its parts, each a number with its gradient.

    total = classification + weight · regularization is to be minimised; `regularization` is the
    unweighted mean over the batch. `logits` (N, C) are the network's scores, detached.
    """

    total: Tensor
    classification: Tensor
    regularization: Tensor
    logits: Tensor

    def numbers(self) -> Mapping[str, float]:
        """The three terms as plain numbers."""
        names = ("total", "classification", "regularization")
        return {name: float(getattr(self, name).detach()) for name in names}


class TrainingPass:
    """One forward pass on inputs (N, C, H, W), and the losses of its N pictures. Their gradients
    with respect to the inputs can be read as often as wanted, under any backward rule.

    The network runs in its present mode, so its BatchNorm statistics are updated once. Everything
    is computed in single precision at least: autocast is off. `losses` (N,) and gradients with
    `create_graph` carry the graph on which the parameters are trained.

    statistics: with "batch" a gradient goes through BatchNorm's means and variances to all pictures
    of the batch; with "fixed" it takes them for constants, as in evaluation.

    Raises ExplanationError for a compiled network, or one that is not a classifier.
    """

    def __init__(
        self,
        model: nn.Module,
        inputs: Tensor,
        targets: Tensor,
        label_smoothing: float = 0.0,
        *,
        statistics: str = "batch",
    ) -> None:
        _check(model)
        check_choice("statistics", statistics, STATISTICS)
        self.model = unwrap(model)
        self._run, self._smoothing = model, label_smoothing
        self._generators = _generator_states()
        with autograd_ready(self.model):
            self._targets = targets.detach().clone()  # may be an inference tensor
            self.inputs = like_parameters(inputs, self.model).clone().requires_grad_(True)
            output = self._first(statistics)
            self.logits = logits_of(output, batch=len(self.inputs))
            self.losses = self._losses(self.logits)

    def _first(self, statistics: str) -> Any:
        """What the network gives out for the inputs; once more, as if it had not been run, where it
        turns out that it cannot take the quick layout.
        """
        self._layout = layout_for(self.model, self.inputs)
        if self._layout != torch.channels_last or is_settled(self.model, self.inputs):
            return self._recorded(statistics)
        before = [(buffer, buffer.clone()) for buffer in self.model.buffers()]
        try:
            output = self._recorded(statistics)
        except REFUSALS:
            self._layout = torch.contiguous_format
            with torch.no_grad():
                for buffer, value in before:
                    buffer.copy_(value)
            _set_generators(self._generators)
            output = self._recorded(statistics)
        settle(self.model, self.inputs, self._layout)
        return output

    def _recorded(self, statistics: str) -> Any:
        self._mode = DoubleBackwardMode()
        self._mode.fixed = statistics == "fixed"
        given = self._given(self.inputs)
        self._mode.source = given.grad_fn
        with self._mode:
            return self._run(given)

    def _given(self, x: Tensor) -> Tensor:
        """A copy, as a first layer that works in place must not overwrite a leaf."""
        return x.clone(memory_format=self._layout)

    def gradient(
        self, of: Tensor | None = None, *, rule: Rule = "standard", create_graph: bool = False
    ) -> Tensor:
        """The gradient of each picture's loss (or of other numbers (N,)) with respect to the
        picture, (N, C, H, W).

        Raises ExplanationError for a rule that changes rectifiers where the network ran none.
        """
        if rule != "standard":
            self._mode.complete(self.losses)
        if rule != "standard" and self._mode.met == 0:
            raise ExplanationError(
                f"the {rule} reference changes how rectifiers pass gradients back, and this "
                "network ran none (no ReLU, ReLU6, leaky ReLU or clamp at zero); "
                'use reference="smooth_grad" or "integrated_gradients"'
            )
        wanted = self.losses if of is None else of
        with autograd_ready(self.model):
            self._mode.rule, self._mode.to_inputs = rule, True
            try:
                # Of the sum: the mean would make each picture's gradient depend on the batch size.
                (gradient,) = torch.autograd.grad(
                    wanted.sum(), self.inputs, retain_graph=True, create_graph=create_graph
                )
            finally:
                self._mode.rule, self._mode.to_inputs = "standard", False
        return gradient

    def gradient_at(self, inputs: Tensor, *, evaluating: bool = False) -> Tensor:
        """The plain gradient of the same losses at other inputs (N, C, H, W), see `again`; or, in
        evaluation mode, that of the network as it is used.
        """
        with as_found(self.model) if evaluating else self.again():
            x = inputs.detach().requires_grad_(True)
            losses = self._losses(logits_of(self._run(self._given(x)), batch=len(x)))
            (gradient,) = torch.autograd.grad(losses.sum(), x)
        return gradient

    def logits_at(self, inputs: Tensor) -> Tensor:
        """The logits (N, classes) at other inputs, with their graph; see `again`."""
        with self.again():
            return logits_of(self._run(self._given(inputs)), batch=len(inputs))

    @contextmanager
    def again(self) -> Iterator[None]:
        """A block in which the network runs once more, with the same dropout, and without updating
        BatchNorm's running statistics.
        """
        after = _generator_states()
        with autograd_ready(self.model), buffers_aside(modules_of(self.model)):
            _set_generators(self._generators)
            try:
                yield
            finally:
                _set_generators(after)

    def terms(self, weight: float, regularise: Callable[[TrainingPass], Tensor]) -> Terms:
        """The loss, with the mean of the values (N,) of `regularise` as its regularisation."""
        with autograd_ready(self.model):
            classification = self.losses.mean()
            # A network on several devices has its logits elsewhere than its input.
            regularization = regularise(self).mean().to(classification.device)
            total = classification + weight * regularization if weight else classification
        return Terms(total, classification, regularization, self.logits.detach())

    def _losses(self, logits: Tensor) -> Tensor:
        targets = self._targets.to(logits.device)
        return F.cross_entropy(logits, targets, reduction="none", label_smoothing=self._smoothing)


def _generator_states() -> tuple[Tensor, list[Tensor] | None]:
    # Of all GPUs: the network need not be on the current one.
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else None
    return torch.get_rng_state(), cuda


def _set_generators(states: tuple[Tensor, list[Tensor] | None]) -> None:
    torch.set_rng_state(states[0])
    if states[1] is not None:
        torch.cuda.set_rng_state_all(states[1])


def _check(model: nn.Module) -> None:
    for name, module in model.named_modules():
        compiled = getattr(module, "_compiled_call_impl", None) is not None
        if compiled or hasattr(module, "_orig_mod"):
            where = f'its part "{name}"' if name else "it"
            raise ExplanationError(
                f"the network is compiled ({where} went through torch.compile), and a compiled "
                "graph can neither be differentiated twice nor have its rectifiers' backward "
                "changed; train the network that was given to torch.compile, and compile it "
                "afterwards"
            )
        if isinstance(module, torch.jit.ScriptModule):
            raise ExplanationError(
                f'the network holds TorchScript ("{name}"), whose rectifiers cannot be seen; '
                "train the network that was scripted"
            )
    if any(p.dtype in (torch.float16, torch.bfloat16) for p in model.parameters()):
        raise ExplanationError(
            "the network's parameters are in half precision, in which the gradient of a gradient "
            "is mostly rounding; keep them in float32 (autocast outside of this loss is fine)"
        )
