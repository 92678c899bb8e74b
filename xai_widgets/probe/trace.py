"""Trace: one forward pass recorded, any number of backwards read from it, each computed once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from xai_widgets.errors import ExplanationError, nearest
from xai_widgets.probe.attention import Attention, AttentionPass, layout_of_tokens
from xai_widgets.probe.guard import as_found, autograd_ready
from xai_widgets.probe.layers import Layer, Layout, Recorded
from xai_widgets.probe.network import Network, not_differentiable
from xai_widgets.probe.rectifiers import Rule
from xai_widgets.probe.tail import Tail
from xai_widgets.targets import Target, Unit

_T = TypeVar("_T")


class Trace:
    """One forward pass of a network on a batch of inputs (N, C, H, W), from which explanations are
    read.

    Every gradient, by target, backward rule and layer, is computed once. The network is not run
    again, except for other inputs (`scores`, `gradients`) and once, openly, by `attention`. Safe to
    share between threads. `key` tells this pass from others; `black` is a black pixel as the
    network is given it, (C,), where that is known.

    Raises ExplanationError for weights made under inference mode.
    """

    def __init__(
        self, network: Network, x: Tensor, key: Hashable = None, black: Tensor | None = None
    ) -> None:
        self.network, self.key, self.black = network, key, black
        self._lock = threading.RLock()
        self._gradients: dict[tuple[Target, Rule], dict[str | None, Tensor]] = {}
        self._attention_pass: AttentionPass | None = None
        self._attention: tuple[Target, Attention] | None = None
        self._forward = network.record(x)
        self._x, self._mode = self._forward.x, self._forward.mode
        self.output: Any = self._forward.output
        self.recorder = self._forward.recorder

    @property
    def input(self) -> Tensor:
        """What the network was given, (N, C, H, W)."""
        return self._x.detach()

    @property
    def logits(self) -> Tensor:
        """The network's class scores before softmax, (N, classes). Raises ExplanationError where it
        has none.
        """
        return self.network.readout.logits(self.output, len(self._x)).detach()

    @property
    def probabilities(self) -> Tensor:
        """What the scores mean, (N, classes) float32: probabilities, or the scores themselves where
        the engine's activation is "identity". Errors as `logits`.
        """
        return self.network.readout.of_logits(self.logits)

    @property
    def unit(self) -> Unit:
        """Whether `probabilities` are such, or numbers of another kind."""
        try:
            return self.network.readout.unit(self.logits.shape[1])
        except ExplanationError:  # an output without class scores
            return "probability"

    @property
    def random(self) -> bool:
        """Whether the network drew random numbers when it ran."""
        return self._mode.drew or self._mode.moved

    @property
    def layers(self) -> list[Layer]:
        """The layers that carry a map over the picture, best first."""
        return self.network.rank_layers(self._forward)

    @property
    def rectifiers(self) -> int:
        """How many rectifiers the forward pass met."""
        return self._mode.met

    @property
    def nbytes(self) -> int:
        """About how many bytes the recorded pass holds: the outputs of all layers, copies included;
        twice that once attention has been read.
        """
        attention = self._attention_pass
        return self.recorder.nbytes * (1 if attention is None else 2) + (
            0 if attention is None else attention.nbytes
        )

    @property
    def attention_problem(self) -> str | None:
        """Why attention cannot be read from this network; None if it can."""
        try:
            _ = self.attention_layout
        except ExplanationError as error:
            return str(error)
        return None

    @property
    def attention_layout(self) -> Layout:
        """How the tokens that attend to each other lie over the picture, one number for each.

        Raises ExplanationError for a network without attention between all tokens.
        """
        records = list(self.recorder.records.values())
        return layout_of_tokens(self._mode.attention, records, len(self._x))

    def attention(self, target: Target) -> Attention:
        """Each attention layer's matrix A and the gradient of the target's score with respect to
        it, first layer first; (N, heads, T, T) both.

        Costs one more forward, shared by all targets. Raises ExplanationError as
        `attention_layout` does, and where the score depends on no attention.
        """
        if problem := self.attention_problem:
            raise ExplanationError(
                f"reading attention {problem}; use a gradient or CAM method instead"
            )
        with self._lock:
            if self._attention is None or self._attention[0] != target:
                if self._attention_pass is None:
                    self._attention_pass = self.network.attend(self._x)
                self._attention = target, self._read_attention(self._attention_pass, target)
            return self._attention[1]

    def _read_attention(self, attention: AttentionPass, target: Target) -> Attention:
        with autograd_ready(self.network.model):
            score = target.score(attention.output, batch=len(self._x))
            try:
                return attention.read(score)
            except RuntimeError as error:
                raise not_differentiable(target, error) from error

    def activation(self, layer: str) -> Tensor:
        """The map (N, C, h, w) that came out of a layer. Raises ExplanationError for a layer
        without one.
        """
        record = self.record(layer)
        return record.layout.to_map(record.tensor.detach())

    def gradient(self, target: Target, rule: Rule = "standard") -> Tensor:
        """The gradient of the target's score with respect to the input, (N, C, H, W), under a
        backward rule.
        """
        return self._read(target, rule, None)

    def layer_gradient(self, target: Target, layer: str, rule: Rule = "standard") -> Tensor:
        """The gradient of the target's score with respect to a layer's map, (N, C, h, w)."""
        return self.record(layer).layout.to_map(self._read(target, rule, layer))

    def bias_gradients(self, target: Target) -> list[Tensor]:
        """Each convolution's and batch norm's bias times the gradient of the target's score with
        respect to it at every position, (N, C, h, w) each.
        """
        # The trace's lock before the network's, as everywhere: the other way round, two threads
        # that read one trace would wait for each other for ever.
        with self._lock, autograd_ready(self.network.model):
            biased = self.recorder.biased()
            gradients = self._grad(target, "standard", [made for made, _ in biased])
            return [
                gradient * bias.detach()[:, None, None]
                for gradient, (_, bias) in zip(gradients, biased, strict=True)
                if gradient is not None
            ]

    def score(self, target: Target) -> Tensor:
        """The target's score for each item of the batch, (N,)."""
        with autograd_ready(self.network.model):
            return target.score(self.output, batch=len(self._x)).detach()

    def scores(self, x: Tensor, target: Target) -> Tensor:
        """The target's score for each of other inputs (M, C, H, W), by running the network on them;
        (M,).
        """
        return self.network.scores(x, target)

    def gradients(
        self, x: Tensor, target: Target, rule: Rule = "standard"
    ) -> tuple[Tensor, Tensor]:
        """The target's score and its gradient for each of other inputs (M, C, H, W), by running the
        network on them; (M,), (M, C, H, W). Raises ExplanationError where there is no gradient.
        """
        self._check_rule(rule)
        return self.network.gradients(x, target, rule)

    def with_network(self, explain: Callable[[nn.Module, Tensor], _T]) -> _T:
        """What a function of the network and the input (N, C, H, W) gives, for methods from
        elsewhere; the network is left as it was found.
        """
        with as_found(self.network.model):
            return explain(self.network.model, self._x.detach().clone())

    def tail(self, layer: str, item: int = 0) -> Tail:
        """The part of the network behind a layer, to be run on changed maps of input `item`."""
        record = self.record(layer)
        calls = self.recorder.calls(record.name)
        x = self.input[item : item + 1]
        return Tail(self.network, x, record.name, record.layout, calls)

    def empty_inputs(self, count: int) -> Tensor:
        """Memory for `count` variants of the input, (count, N, C, H, W), laid out as the network
        runs quickest; not filled.
        """
        return self.network.empty_inputs(count, self._x)

    def zeros(self) -> Tensor:
        """Zeros to add up maps of the input in, (N, C, H, W), in single precision at least."""
        precise = torch.promote_types(self._x.dtype, torch.float32)
        return torch.zeros_like(self._x, dtype=precise, requires_grad=False)

    def variants(self, backward: bool = False) -> int:
        """How many variants of the input to give `scores` (or `gradients`) at a time."""
        return max(self.batch_size(backward=backward) // len(self._x), 1)

    def batch_size(self, wanted: int | None = None, backward: bool = False) -> int:
        """How many inputs to give `scores`, or `gradients`, at a time within the byte budget."""
        count = len(self._x)
        per_item = max(self.recorder.largest // count, 1)
        backward_bytes = self.recorder.passed // count if backward else 0
        return self.network.batch_size(per_item, wanted, backward_bytes)

    def record(self, layer: str) -> Recorded:
        """The recorded output of a layer. Raises ExplanationError where no layer of that name gave
        out a map.
        """
        records = self.recorder.records
        name = self.network.canonical(layer)
        if name in records:
            return records[name]
        if name in self.recorder.shapes:
            raise ExplanationError(
                f'layer "{layer}" gives out {self.recorder.shapes[name]}, which is no map over '
                f"the picture; expected one of engine.layers, for example {self._example()}"
            )
        raise ExplanationError(
            f'unknown layer "{layer}"; expected one of engine.layers, such as {self._example()}.'
            + nearest(layer, [*records, *self.recorder.shapes])
        )

    def _example(self) -> str:
        names = [layer.name for layer in self.layers[:3]]
        return (
            ", ".join(f'"{name}"' for name in names) or "none: this network has no layer with a map"
        )

    def _read(self, target: Target, rule: Rule, layer: str | None) -> Tensor:
        self._check_rule(rule)
        name = None if layer is None else self.network.canonical(layer)
        with self._lock:
            memo = self._gradients.setdefault((target, rule), {})
            if name not in memo:
                memo.update(self._backward(target, rule, name))
            return memo[name]

    def _check_rule(self, rule: Rule) -> None:
        if rule != "standard" and self.rectifiers == 0:
            raise ExplanationError(
                f"the {rule} rule changes how rectifiers pass gradients back, and this "
                "network ran none (no ReLU, ReLU6, leaky ReLU or clamp at zero); "
                "use a gradient or CAM method instead"
            )

    def _backward(self, target: Target, rule: Rule, layer: str | None) -> dict[str | None, Tensor]:
        # A backward to a layer stops there. One to the input passes the best layer anyway: keep
        # both gradients.
        wanted = {layer: self._x if layer is None else self.record(layer).tensor}
        if (
            layer is None
            and (best := self.network.best_layer(self._x.shape)) in self.recorder.records
        ):
            wanted[best] = self.record(str(best)).tensor
        gradients = self._grad(target, rule, list(wanted.values()))
        by_layer = dict(zip(wanted, gradients, strict=True))
        if by_layer[layer] is None:
            where = "the picture" if layer is None else f'layer "{layer}"'
            raise ExplanationError(
                f"the score of {target.name} does not depend on {where}; choose another layer"
            )
        return {name: g.detach() for name, g in by_layer.items() if g is not None}

    def _grad(self, target: Target, rule: Rule, tensors: list[Tensor]) -> list[Tensor | None]:
        """One backward to all of the tensors; None for what the score does not depend on."""
        with self._lock, autograd_ready(self.network.model):
            score = target.score(self.output, batch=len(self._x))
            self._mode.rule = rule
            try:
                return list(
                    torch.autograd.grad(score.sum(), tensors, retain_graph=True, allow_unused=True)
                )
            except RuntimeError as error:
                raise not_differentiable(target, error) from error
            finally:
                self._mode.rule = "standard"
