"""Trace: one forward pass recorded, any number of backwards read from it, each computed once."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeVar

import torch
import torch.nn.functional as F  # the field's name for it
from torch import Tensor, nn

from xai_widgets.errors import ExplanationError, nearest
from xai_widgets.interrupts import interruptible
from xai_widgets.locks import OrderedLock, Rank
from xai_widgets.probe.agreement import agree, close, largest
from xai_widgets.probe.attention import Attention, AttentionPass, TraceMode, layout_of_tokens
from xai_widgets.probe.calls import LayerMap, layer_map, sum_of_placed
from xai_widgets.probe.guard import as_found, autograd_ready
from xai_widgets.probe.layers import Layer, Layout
from xai_widgets.probe.network import ForwardPass, Network, not_differentiable
from xai_widgets.probe.norms import NormMode
from xai_widgets.probe.partial import Needs, PartialPass
from xai_widgets.probe.recorder import Recorder
from xai_widgets.probe.rectifiers import Rule
from xai_widgets.probe.tail import Tail
from xai_widgets.probe.unmet import rectifier_warnings
from xai_widgets.targets import Target, Unit

_T = TypeVar("_T")
_CUT = (
    "a part of the network is computed without gradients (torch.no_grad(), detach() or .data): "
    "what goes through it is missing from this map; compare with a perturbation method such as "
    "occlusion or rise"
)
_NO_RECTIFIERS = " (no ReLU, ReLU6, leaky ReLU or clamp at zero)"


class StaleError(Exception):
    """The network no longer gives what a recorded pass says: it has changed in a way that its state
    does not show.
    """


class Trace:
    """One forward pass of a network on a batch of inputs (N, C, H, W), from which explanations are
    read.

    Every gradient, by target, backward rule and layer, is computed once. The network is not run
    again, except for other inputs (`scores`, `gradients`) and once, openly, by `attention`. Safe to
    share between threads. `key` tells this pass from others; `black` is a black pixel as the
    network is given it, (C,), where that is known.
    """

    def __init__(
        self,
        network: Network,
        x: Tensor,
        key: Hashable = None,
        black: Tensor | None = None,
        *,
        needs: Needs = "everything",
        layer: str | None = None,
        kept: bool = True,
    ) -> None:
        self.network, self.key, self.black = network, key, black
        self._lock = OrderedLock(Rank.TRACE, network.model)
        self._gradients: dict[tuple[Target, Rule], dict[str | None, list[Tensor]]] = {}
        self._maps: dict[str, LayerMap] = {}
        self._verified = True
        self._read_gradients: set[Target] = set()
        self._cut: dict[Target, str] = {}
        self._attention_pass: AttentionPass | None = None
        self._attention: tuple[Target, Attention] | None = None
        self._unmet: tuple[str, ...] | None = None
        self._before_attention: tuple[int, int] | None = None
        # Before the pass: what changes meanwhile is a change. A pass that nobody will come back to
        # is of the network as it is.
        self.state = network.state() if kept else None
        self.ran_again = False
        self._part: PartialPass | None = None
        self._whole: ForwardPass | None = None
        if needs != "everything":
            self._part = network.record_partly(x, needs, layer)
        if self._part is None:
            self._whole = network.record(x)
        elif self._part.map is not None:
            self._maps[self._part.map.name] = self._part.map

    @property
    def is_whole(self) -> bool:
        """Whether all of the pass has been recorded."""
        return self._whole is not None

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
        return (self._mode if self._part is None else self._part.mode).random

    @property
    def layers(self) -> list[Layer]:
        """The layers that carry a map over the picture, best first."""
        learned = None if self._part is None else self.network.layers_like(self._x)
        return self.network.rank_layers(self._forward) if learned is None else learned

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
    def rectifier_warnings(self) -> tuple[str, ...]:
        """What a map under the guided or the deconvnet rule has to be read with, in sentences."""
        with self._lock:
            if self._unmet is None:
                found = rectifier_warnings(self.network, self._x, self.output, self._mode)
                self._unmet = tuple(found)
            return self._unmet

    @property
    def nbytes(self) -> int:
        """About how many bytes the recorded pass holds: the outputs of all layers, copies included;
        twice that once attention has been read.
        """
        if self._part is not None:
            return self._part.nbytes
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
        if not self._plain:
            raise ExplanationError(
                "needs attention over one view of the picture; this network looks at several "
                "(flips, crops or parts), whose tokens lie elsewhere"
            )
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
                self._attention = target, self._read_attention(self._attended(), target)
            return self._attention[1]

    def _attended(self) -> AttentionPass:
        """The pass with attention computed openly, run once. Raises StaleError where it gives
        another output than was recorded.
        """
        if self._attention_pass is None:
            self.ran_again = True
            attended = self.network.attend(self._x)
            if not (self.network.draws or agree(attended.output, self.output)):
                raise StaleError
            self._attention_pass = attended
        return self._attention_pass

    @property
    def layers_before_attention(self) -> tuple[int, int]:
        """How many layers with weights come before the first attention, and how many there are."""
        with self._lock:
            if self._before_attention is None:
                self._before_attention = self._attended().layers_before()
            return self._before_attention

    @property
    def _graphless(self) -> str:
        return "" if self._whole is None else self._whole.graphless

    def _read_attention(self, attention: AttentionPass, target: Target) -> Attention:
        with autograd_ready(self.network.model):
            score = target.score(attention.output, batch=len(self._x))
            try:
                return attention.read(score)
            except RuntimeError as error:
                raise not_differentiable(target, error, self._graphless) from error

    def activation(self, layer: str) -> Tensor:
        """The map (N, C, h, w) that came out of a layer. Raises ExplanationError for a layer
        without one.
        """
        maps = self.map(layer)
        return maps.joined([tensor.detach() for tensor in maps.tensors])

    def gradient(self, target: Target, rule: Rule = "standard") -> Tensor:
        """The gradient of the target's score with respect to the input, (N, C, H, W), under a
        backward rule.
        """
        return self._read(target, rule, None)[0]

    def layer_gradient(self, target: Target, layer: str, rule: Rule = "standard") -> Tensor:
        """The gradient of the target's score with respect to a layer's map, (N, C, h, w)."""
        return self.map(layer).joined(self._read(target, rule, layer))

    def mean_gradient(self, target: Target, layer: str) -> Tensor:
        """The mean of that gradient over the positions of each channel, (N, C, 1, 1)."""
        return self.map(layer).means(self._read(target, "standard", layer))

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
                self._upright(order, gradient * bias.detach()[:, None, None])
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
            return target.score(self.output, batch=len(self._x)).detach()

    def held(self) -> AbstractContextManager[None]:
        """Take the network to be as it was when this pass was recorded, without looking."""
        return nullcontext() if self.state is None else self.network.held(self.state)

    def agrees(self, other: Trace, item: int) -> bool:
        """Whether this pass gave for one of its pictures what another gave for that picture alone,
        as far as both have class scores and draw no random numbers.
        """
        if self.network.draws:
            return True
        try:
            return agree(self.logits[item : item + 1], other.logits)
        except ExplanationError:
            return True

    def begin(self, *, fresh: bool) -> None:
        """A method is about to read this pass. Unless it was recorded just now, compare what the
        network gives out for the input, where it is run next, with what was recorded.
        """
        self._verified = fresh or self.network.draws
        self._read_gradients = set()

    def scores(self, x: Tensor, target: Target) -> Tensor:
        """The target's score for each of other inputs (M, C, H, W), by running the network on them;
        (M,).

        Raises StaleError where the network no longer gives what was recorded.
        """
        self.ran_again = True
        self._verify(target)
        return self.network.scores(x, target)

    def gradients(
        self, x: Tensor, target: Target, rule: Rule = "standard"
    ) -> tuple[Tensor, Tensor]:
        """The target's score and its gradient for each of other inputs (M, C, H, W), by running the
        network on them; (M,), (M, C, H, W). Raises ExplanationError where there is no gradient, and
        StaleError as `scores` does.
        """
        self._check_rule(rule)
        self._read_gradients.add(target)
        self.ran_again = True
        self._verify(target)
        return self.network.gradients(x, target, rule)

    def look(self, target: Target) -> None:
        """Look whether the network is as it was when this pass was recorded. What a network keeps
        of its own runs (counters, hooks that collect) is no change where it gives the same answer.

        Raises StaleError where it is another one.
        """
        if self.state is None:
            return
        present = self.network.state()
        if present != self.state:
            self._verified = self.network.draws
            with self.network.held(present):
                self._verify(target)
            self.state = self.network.state()

    def _verify(self, target: Target) -> None:
        """Run the network on the recorded input once more, unless that is known to be needless."""
        if self._verified:
            return
        recorded = self.score(target)[0]
        scale = max(largest(self.output), float(recorded.abs()))
        present = self.network.scores(self._x.detach()[:1], target.of(0))[0]
        if not close(present, recorded, scale):
            raise StaleError
        self._verified = True

    def warnings(self, target: Target, layer: str | None) -> tuple[str, ...]:
        """What must be said of a map of this target and layer, in sentences, once it is made."""
        said = [
            "" if layer is None else self.map(layer).warning,
            self.network.batch_warning(self._x),
            self._gradient_warning(target),
        ]
        return tuple(sentence for sentence in said if sentence)

    def _gradient_warning(self, target: Target) -> str:
        """A warning where a part of the network is computed without gradients, and the gradient to
        the input, which was read, therefore leaves it out.
        """
        if target not in self._read_gradients:
            return ""
        if not (self._mode if self._part is None else self._part.mode).cut:
            return ""
        if target not in self._cut:
            self._cut[target] = "" if self._gradient_is_whole(target) else _CUT
        return self._cut[target]

    def _gradient_is_whole(self, target: Target) -> bool:
        """Whether the gradient tells how the score changes, in two of three random directions."""
        x = self.input[:1]
        gradient = self._read(target, "standard", None)[0][:1]
        generator = torch.Generator("cpu").manual_seed(0)
        right = 0
        for _ in range(3):
            coarse = torch.randn((1, x.shape[1], 4, 4), generator=generator, device="cpu").to(x)
            step = F.interpolate(coarse.float(), x.shape[-2:], mode="bilinear").to(x)
            step = step * (1e-3 * float(x.float().norm() + 1) / float(step.float().norm()))
            up, down = (self.network.scores(x + sign * step, target.of(0)) for sign in (1, -1))
            measured = float((up - down).float().sum()) / 2
            predicted = float((gradient.float() * step.float()).sum())
            noise = 1e-5 * float(self.score(target)[:1].abs().max() + 1e-3)
            right += abs(measured - predicted) <= 0.2 * max(abs(measured), abs(predicted)) + noise
        return right >= 2

    def with_network(self, explain: Callable[[nn.Module, Tensor], _T]) -> _T:
        """What a function of the network and the input (N, C, H, W) gives, for methods from
        elsewhere; the network is left as it was found.
        """
        self.ran_again = True
        with as_found(self.network.model, NormMode()):
            return interruptible(explain, self.network.model, self._x.detach().clone())

    def tail(self, layer: str, item: int = 0) -> Tail:
        """The part of the network behind a layer, to be run on changed maps of input `item`."""
        self.ran_again = True
        return Tail(self.network, self.input[item : item + 1], self.map(layer))

    def empty_inputs(self, count: int) -> Tensor:
        """Memory for `count` variants of the input, (count, N, C, H, W), laid out as the network
        runs quickest; not filled.
        """
        return self.network.empty_inputs(count, self._x)

    @property
    def joins(self) -> bool:
        """Whether pictures like these may be recorded together."""
        whole = self._plain if self._part is None else self.network.saw_whole(self._x)
        return whole and not self.network.batch_problem(self._x)

    def zeros(self) -> Tensor:
        """Zeros to add up maps of the input in, (N, C, H, W), in single precision at least."""
        precise = torch.promote_types(self._x.dtype, torch.float32)
        return torch.zeros_like(self._x, dtype=precise, requires_grad=False)

    def variants(self, backward: bool = False) -> int:
        """How many variants of the input to give `scores` (or `gradients`) at a time."""
        return max(self.batch_size(backward=backward) // len(self._x), 1)

    def batch_size(self, wanted: int | None = None, backward: bool = False) -> int:
        """How many inputs to give `scores`, or `gradients`, at a time within the byte budget."""
        return self.network.best_batch(self._x, wanted=wanted, backward=backward)

    def map(self, layer: str) -> LayerMap:
        """What a layer gave out, as a map over the picture. Raises ExplanationError where no layer
        of that name gave out one.
        """
        name = self.network.canonical(layer)
        with self._lock:
            if name not in self._maps:
                made = layer_map(self.recorder, name, plain=self._plain)
                if made is None:
                    raise self._no_map(layer, name)
                if self._plain:
                    self.network.learn_start(self._forward, made)
                self._maps[name] = made
            return self._maps[name]

    @property
    def _plain(self) -> bool:
        return self.network.sees_whole(self._forward)

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
            best = self.network.best_layer(self._whole)
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
