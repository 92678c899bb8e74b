"""Recording: one forward pass, whole or in part, and the maps and gradients read from it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from xai_widgets.errors import ExplanationError, nearest
from xai_widgets.interrupts import interruptible
from xai_widgets.locks import OrderedLock, Rank
from xai_widgets.probe.agreement import agree
from xai_widgets.probe.attention import TraceMode
from xai_widgets.probe.calls import LayerMap, layer_map, sum_of_placed
from xai_widgets.probe.failures import not_differentiable
from xai_widgets.probe.guard import as_found, autograd_ready
from xai_widgets.probe.layers import Layer
from xai_widgets.probe.network import Network
from xai_widgets.probe.partial import Needs, PartialPass
from xai_widgets.probe.passes import ForwardPass
from xai_widgets.probe.recorder import Recorder
from xai_widgets.probe.rectifiers import Rule
from xai_widgets.targets import Target

_NO_RECTIFIERS = " (no ReLU, ReLU6, leaky ReLU or clamp at zero)"


class StaleError(Exception):
    """The network no longer gives what a recorded pass says: it has changed in a way that its state
    does not show.
    """


class Recording:
    """One forward pass of a network on a batch of inputs (N, C, H, W), and what is read from it.

    Every gradient, by target, backward rule and layer, is computed once. With `needs` only the part
    of the pass that will be read is recorded, from `layer` on or from the input; the rest is
    recorded when something else is asked for. A part may be recorded with `folded` batch norms:
    quicker, and the same up to rounding. Safe to share between threads.
    """

    def __init__(
        self,
        network: Network,
        x: Tensor,
        needs: Needs = "everything",
        layer: str | None = None,
        *,
        folded: bool = False,
    ) -> None:
        self.network = network
        self._lock = OrderedLock(Rank.TRACE, network.model)
        self._gradients: dict[tuple[Target, Rule], dict[str | None, list[Tensor]]] = {}
        self._maps: dict[str, LayerMap] = {}
        self._read_gradients: set[Target] = set()
        self._part: PartialPass | None = None
        self._whole: ForwardPass | None = None
        if needs != "everything":
            self._part = network.record_partly(x, needs, layer, folded=folded)
        if self._part is None:
            self._whole = network.record(x)
        elif self._part.map is not None:
            self._maps[self._part.map.name] = self._part.map

    @property
    def is_whole(self) -> bool:
        """Whether all of the pass has been recorded."""
        return self._whole is not None

    @property
    def is_folded(self) -> bool:
        """Whether a part has been recorded, with folded batch norms."""
        return self._part is not None and self._part.folded

    @property
    def _forward(self) -> ForwardPass:
        """The whole pass, recorded now if only a part of it was."""
        if self._whole is None:
            with self._lock:
                if self._whole is None:
                    self._complete()
        assert self._whole is not None
        return self._whole

    def _complete(self) -> None:
        """Record the pass once more, as a whole. Raises StaleError where the network gives another
        output by now.
        """
        assert self._part is not None
        whole = self.network.record(self._part.x.detach())
        if not (self.network.draws or agree(whole.output, self._part.output)):
            raise StaleError
        self._maps, self._gradients = {}, {}
        self._whole, self._part = whole, None

    @property
    def _x(self) -> Tensor:
        return self._forward.x if self._part is None else self._part.x

    @property
    def _mode(self) -> TraceMode:
        return self._forward.mode

    @property
    def output(self) -> Any:
        """What the network returned."""
        return self._forward.output if self._part is None else self._part.output

    @property
    def recorder(self) -> Recorder:
        """What was met on the way through the layers."""
        return self._forward.recorder

    @property
    def input(self) -> Tensor:
        """What the network was given, (N, C, H, W)."""
        return self._x.detach()

    @property
    def random(self) -> bool:
        """Whether the network drew random numbers when it ran."""
        return (self._mode if self._part is None else self._part.mode).random

    @property
    def layers(self) -> list[Layer]:
        """The layers that carry a map over the picture, best first."""
        learned = None if self._part is None else self.network.lessons.layers_like(self._x)
        return self.network.lessons.rank_layers(self._forward) if learned is None else learned

    @property
    def why_no_layer(self) -> str:
        """Why this pass has no layer with a map, as an addition to a sentence; empty if unknown."""
        if self._forward.graphless:
            return f" (it cannot be run with gradients: {self._forward.graphless})"
        cut = sorted(self.recorder.without_gradient)
        if cut:
            return f' (its layers, such as "{cut[-1]}", run without gradients)'
        return ""

    @property
    def rectifiers(self) -> int:
        """How many rectifiers the forward pass met."""
        with self._lock:
            self._mode.complete(self.output)
        return self._mode.met

    @property
    def _graphless(self) -> str:
        return "" if self._whole is None else self._whole.graphless

    def activation(self, layer: str) -> Tensor:
        """The map (N, C, h, w) that came out of a layer. Raises ExplanationError for a layer
        without one.
        """
        maps = self.map(layer)
        return self._here(maps.joined([tensor.detach() for tensor in maps.tensors]))

    def gradient(self, target: Target, rule: Rule = "standard") -> Tensor:
        """The gradient of the target's score with respect to the input, (N, C, H, W), under a
        backward rule.
        """
        return self._read(target, rule, None)[0]

    def layer_gradient(self, target: Target, layer: str, rule: Rule = "standard") -> Tensor:
        """The gradient of the target's score with respect to a layer's map, (N, C, h, w)."""
        return self._here(self.map(layer).joined(self._read(target, rule, layer)))

    def mean_gradient(self, target: Target, layer: str) -> Tensor:
        """The mean of that gradient over the positions of each channel, (N, C, 1, 1)."""
        return self._here(self.map(layer).means(self._read(target, "standard", layer)))

    def bias_gradients(self, target: Target) -> list[Tensor]:
        """Each convolution's and batch norm's bias times the gradient of the target's score with
        respect to it at every position, (N, C, h, w) each.
        """
        # The trace's lock before the network's, as everywhere: the other way round, two threads
        # that read one trace would wait for each other for ever.
        with self._lock, autograd_ready(self.network.model):
            biased = self.recorder.biased()
            gradients = self._grad(target, "standard", [made for _, made, _ in biased])
            return [
                self._here(self._upright(order, gradient * bias.detach()[:, None, None]))
                for gradient, (order, _, bias) in zip(gradients, biased, strict=True)
                if gradient is not None
            ]

    def _upright(self, order: int, maps: Tensor) -> Tensor:
        """What an output holds, (N, C, h, w), put where it lies over the picture."""
        if self._plain:
            return maps
        places = self.recorder.dataflow.places(order)
        if places is None or len(places) not in (1, len(maps)):
            return maps
        return sum_of_placed(maps, places, self.recorder.picture)

    def score(self, target: Target) -> Tensor:
        """The target's score for each item of the batch, (N,)."""
        with autograd_ready(self.network.model):
            return self._here(target.score(self.output, batch=len(self._x)).detach())

    def _here(self, read: Tensor) -> Tensor:
        """What was read of the pass, where the input is: a network may lie on several devices."""
        return read.to(self._x.device)

    def map(self, layer: str) -> LayerMap:
        """What a layer gave out, as a map over the picture. Raises ExplanationError where no layer
        of that name gave out one.
        """
        name = self.network.lessons.canonical(layer)
        with self._lock:
            if name not in self._maps:
                made = layer_map(self.recorder, name, plain=self._plain)
                if made is None:
                    raise self._no_map(layer, name)
                if self._plain:
                    written = self.network.is_overwritten(made.pieces[0].record.name)
                    self.network.lessons.add_start(self._forward, made, overwritten=written)
                self._maps[name] = made
            return self._maps[name]

    @property
    def _plain(self) -> bool:
        return self.network.lessons.sees_whole(self._forward)

    def _no_map(self, layer: str, name: str) -> ExplanationError:
        if name in self.recorder.without_gradient:
            return ExplanationError(
                f'layer "{layer}" runs without gradients (under torch.no_grad(), or behind '
                "detach() or .data), so no CAM can be read from it; choose a later layer, such as "
                f"{self._example()}, or use a perturbation method such as occlusion or rise"
            )
        if name in self.recorder.shapes:
            return ExplanationError(
                f'layer "{layer}" gives out {self.recorder.shapes[name]}, which is no map over '
                f"the picture; expected one of engine.layers, for example {self._example()}"
            )
        bare = name.partition("#")[0]
        if calls := self.recorder.calls(bare):
            return ExplanationError(
                f'layer "{layer}": "{bare}" ran {len(calls)} time(s), expected '
                + ", ".join(f'"{bare}#{record.call}"' for record in calls[:4])
            )
        return ExplanationError(
            f'unknown layer "{layer}"; expected one of engine.layers, such as {self._example()}.'
            + nearest(layer, [*self.recorder.records, *self.recorder.shapes])
        )

    def _example(self) -> str:
        names = [layer.name for layer in self.layers[:3]]
        return (
            ", ".join(f'"{name}"' for name in names) or "none: this network has no layer with a map"
        )

    def _read(self, target: Target, rule: Rule, layer: str | None) -> list[Tensor]:
        """The gradients to the outputs that a layer's map is made of; to the input for None."""
        self._check_rule(rule)
        name = None if layer is None else self.map(layer).name
        if layer is None:
            self._read_gradients.add(target)
        with self._lock:
            if rule != "standard" or (layer is None and self._map_of_part is not None):
                _ = self._forward  # more than the part that was recorded
            memo = self._gradients.setdefault((target, rule), {})
            if name not in memo:
                memo.update(self._backward(target, rule, name))
            return memo[name]

    @property
    def _map_of_part(self) -> LayerMap | None:
        return None if self._part is None else self._part.map

    def _check_rule(self, rule: Rule) -> None:
        if rule != "standard" and self.rectifiers == 0:
            raise ExplanationError(
                f"the {rule} rule changes how rectifiers pass gradients back, and this "
                f"network ran none{self.why_no_layer or _NO_RECTIFIERS}; use "
                f"{'a perturbation' if self.why_no_layer else 'a gradient or CAM'} method instead"
            )

    def _backward(
        self, target: Target, rule: Rule, layer: str | None
    ) -> dict[str | None, list[Tensor]]:
        # A backward to a layer stops there. One to the input passes the best layer anyway: keep
        # both gradients.
        wanted = {layer: [self._x] if layer is None else self.map(layer).tensors}
        if layer is None and self._whole is not None:
            best = self.network.lessons.best_layer(self._whole)
            if best is not None:
                wanted[best] = self.map(best).tensors
        gradients = iter(
            self._grad(target, rule, [t for tensors in wanted.values() for t in tensors])
        )
        read: dict[str | None, list[Tensor]] = {}
        for name, tensors in wanted.items():
            found = [next(gradients) for _ in tensors]
            if any(gradient is not None for gradient in found):
                read[name] = [
                    torch.zeros_like(tensor) if gradient is None else gradient.detach()
                    for gradient, tensor in zip(found, tensors, strict=True)
                ]
        if layer not in read:
            if layer is None:
                raise ExplanationError(
                    f"the score of {target.name} does not depend on the picture in a way that can "
                    f"be differentiated{self.why_no_layer}; use a perturbation method such as "
                    "occlusion or rise"
                )
            raise ExplanationError(
                f'the score of {target.name} does not depend on layer "{layer}"; choose another'
            )
        return read

    def _grad(self, target: Target, rule: Rule, tensors: list[Tensor]) -> list[Tensor | None]:
        """One backward to all of the tensors; None for what the score does not depend on."""
        # As found, in evaluation mode: checkpointed parts run again in a backward.
        runs_own_code = self._part is None or self._part.runs_own_code
        guarded = as_found if runs_own_code else autograd_ready
        with self._lock, guarded(self.network.model):
            score = target.score(self.output, batch=len(self._x))
            mode = None if self._whole is None else self._whole.mode
            if mode is not None:
                mode.rule, mode.applied = rule, 0
            try:
                with torch._C.DisableTorchFunction():
                    found = interruptible(
                        torch.autograd.grad,
                        score.sum(),
                        tensors,
                        retain_graph=True,
                        allow_unused=True,
                    )
                if rule != "standard" and mode and not mode.applied and found[0] is not None:
                    raise ExplanationError(
                        f"the {rule} rule changes how rectifiers pass gradients back, and between "
                        "this score and what is explained there are none (only in side branches, "
                        "such as position biases); use a gradient or CAM method instead"
                    )
                return list(found)
            except RuntimeError as error:
                raise not_differentiable(target, error, self._graphless) from error
            finally:
                if mode is not None:
                    mode.rule = "standard"
