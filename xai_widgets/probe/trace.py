"""Trace: one forward pass recorded, any number of backwards read from it, each computed once."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import TypeVar

import torch
import torch.nn.functional as F  # the field's name for it
from torch import Tensor, nn

from xai_widgets.errors import ExplanationError
from xai_widgets.interrupts import interruptible
from xai_widgets.probe.agreement import agree, close, largest
from xai_widgets.probe.attention import Attention, AttentionPass
from xai_widgets.probe.failures import not_differentiable
from xai_widgets.probe.guard import as_found, autograd_ready
from xai_widgets.probe.layers import Layout
from xai_widgets.probe.network import Network
from xai_widgets.probe.norms import NormMode
from xai_widgets.probe.partial import Needs
from xai_widgets.probe.recording import Recording, StaleError
from xai_widgets.probe.rectifiers import Rule
from xai_widgets.probe.tail import Tail
from xai_widgets.probe.tokens import layout_of_tokens, rows_problem
from xai_widgets.probe.unmet import rectifier_warnings
from xai_widgets.targets import Target, Unit

_T = TypeVar("_T")
_CUT = (
    "a part of the network is computed without gradients (torch.no_grad(), detach() or .data): "
    "what goes through it is missing from this map; compare with a perturbation method such as "
    "occlusion or rise"
)


class Trace(Recording):
    """One forward pass of a network on a batch of inputs (N, C, H, W), from which explanations are
    read.

    The network is not run again, except for other inputs (`scores`, `gradients`) and once, openly,
    by `attention`. `key` tells this pass from others; `black` is a black pixel as the network is
    given it, (C,), where that is known. Of a pass that nobody will come back to (not `kept`) it is
    not known which state of the network it is of.
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
        folded: bool = False,
    ) -> None:
        self.key, self.black = key, black
        self._verified = True
        self._cut: dict[Target, str] = {}
        self._attention_pass: AttentionPass | None = None
        self._attention: tuple[Target, Attention] | None = None
        self._unmet: tuple[str, ...] | None = None
        self._before_attention: tuple[int, int] | None = None
        self.ran_again = False
        # Before the pass: what changes meanwhile is a change.
        self.state = network.state() if kept else None
        super().__init__(network, x, needs, layer, folded=folded)

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
    def rectifier_warnings(self) -> tuple[str, ...]:
        """What a map under the guided or the deconvnet rule has to be read with, in sentences."""
        with self._lock:
            if self._unmet is None:
                found = rectifier_warnings(self.network, self._x, self.output, self._mode)
                self._unmet = tuple(found)
            return self._unmet

    @property
    def nbytes(self) -> int:
        """About how many bytes the recorded pass holds: the input, the outputs of all layers with
        the copies of them, twice that once attention has been read, and the gradients so far.
        """
        by_layer = [
            gradients for of in list(self._gradients.values()) for gradients in list(of.values())
        ]
        read = sum(gradient.nbytes for gradients in by_layer for gradient in gradients)
        if self._part is not None:
            return self._part.nbytes + read
        attention = self._attention_pass
        # The network is given a copy of the leaf that the gradients are of.
        return (
            2 * self._x.nbytes
            + self.recorder.nbytes * (1 if attention is None else 2)
            + (0 if attention is None else attention.nbytes)
            + read
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
        return layout_of_tokens(self._mode.attention, self.recorder, len(self._x))

    def attention(self, target: Target) -> Attention:
        """Each attention layer's matrix A and the gradient of the target's score with respect to
        it, first layer first; (N, heads, T, T) both.

        Costs one more forward, shared by all targets. Raises ExplanationError as
        `attention_layout` does, and where the score depends on no attention.
        """
        if problem := self.attention_problem:
            raise _unread(problem)
        with self._lock:
            layout, attended = self.attention_layout, self._attended()
            found = partial(rows_problem, attended, layout)
            if problem := self.network.lessons.attention_problem(self._forward, found):
                raise _unread(problem)
            if self._attention is None or self._attention[0] != target:
                self._attention = target, self._read_attention(attended, target)
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

    def _read_attention(self, attention: AttentionPass, target: Target) -> Attention:
        with autograd_ready(self.network.model):
            score = target.score(attention.output, batch=len(self._x))
            try:
                return [(self._here(a), self._here(g)) for a, g in attention.read(score)]
            except RuntimeError as error:
                raise not_differentiable(target, error, self._graphless) from error

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
        return self._here(self.network.scores(x, target))

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
        scores, gradients = self.network.gradients(x, target, rule)
        return self._here(scores), gradients

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
        present = self._here(self.network.scores(self._x.detach()[:1], target.of(0)))[0]
        if not close(present, recorded, scale):
            raise StaleError
        self._verified = True

    def warnings(self, target: Target, layer: str | None) -> tuple[str, ...]:
        """What must be said of a map of this target and layer, in sentences, once it is made."""
        said = [
            "" if layer is None else self.map(layer).warning,
            self.network.batch_warning(self._x),
            self.network.mode_warning,
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
        whole = self._plain if self._part is None else self.network.lessons.saw_whole(self._x)
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


def _unread(problem: str) -> ExplanationError:
    return ExplanationError(f"reading attention {problem}; use a gradient or CAM method instead")
