"""One forward pass of a network in training, from which several input gradients are read."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F  # the field's name for it
from torch import Tensor, nn

from xai_widgets.errors import ExplanationError
from xai_widgets.probe.guard import autograd_ready, like_parameters, unwrap
from xai_widgets.probe.rectifiers import Rule
from xai_widgets.targets import logits_of
from xai_widgets.training.twice import TwiceMode

__all__ = ["TrainingPass"]


class TrainingPass:
    """One forward pass on inputs (N, C, H, W), and the losses of its N pictures, for which
    gradients with respect to the inputs are read, as often as wanted and under any backward rule.

    The network runs in the mode in which it is, so its BatchNorm statistics are updated once. All
    is done in single precision at least: autocast is off. `losses` (N,) and what `gradient` gives
    with `create_graph` carry the graph on which the parameters are trained.

    Raises ExplanationError for a compiled network, or what is no classifier.
    """

    def __init__(
        self, model: nn.Module, inputs: Tensor, targets: Tensor, label_smoothing: float = 0.0
    ) -> None:
        _check(model)
        self.model = unwrap(model)
        self.targets, self.label_smoothing = targets, label_smoothing
        self._mode = TwiceMode()
        with autograd_ready(self.model):
            self.inputs = like_parameters(inputs, self.model).clone().requires_grad_(True)
            # A copy: a first layer that works in place may not overwrite a leaf.
            self._mode.input = given = self.inputs.clone(memory_format=torch.channels_last)
            with self._mode:
                output: Any = model(given)
            self.logits = logits_of(output, batch=len(self.inputs))
            self.losses = self._losses(self.logits)

    def _losses(self, logits: Tensor) -> Tensor:
        targets = self.targets.to(logits.device)
        return F.cross_entropy(
            logits, targets, reduction="none", label_smoothing=self.label_smoothing
        )

    def gradient(
        self, of: Tensor | None = None, *, rule: Rule = "standard", create_graph: bool = False
    ) -> Tensor:
        """The gradient of each picture's loss (or of other numbers (N,)) with respect to it,
        (N, C, H, W).

        Raises ExplanationError where a rule is to change rectifiers and the network ran none.
        """
        if rule != "standard" and self._mode.met == 0:
            raise ExplanationError(
                f"the {rule} reference changes how rectifiers pass gradients back, and this "
                "network ran none (no ReLU, ReLU6, leaky ReLU or clamp at zero); "
                'use reference="smooth_grad" or "integrated_gradients"'
            )
        wanted = self.losses if of is None else of
        with autograd_ready(self.model):
            self._mode.rule, self._mode.inner = rule, True
            try:
                # Of the sum: the mean would make each picture's gradient depend on the batch size.
                (gradient,) = torch.autograd.grad(
                    wanted.sum(), self.inputs, retain_graph=True, create_graph=create_graph
                )
            finally:
                self._mode.rule, self._mode.inner = "standard", False
        return gradient


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
