"""A recorded pass, and what passes have taught about the network, by the kind of pass."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeAlias

from torch import Tensor, nn

from xai_widgets.errors import ExplanationError
from xai_widgets.probe.attention import TraceMode
from xai_widgets.probe.calls import LayerMap
from xai_widgets.probe.functions import Step
from xai_widgets.probe.guard import as_found, autograd_ready
from xai_widgets.probe.layers import Layer, rank
from xai_widgets.probe.partial import Start
from xai_widgets.probe.positions import Position
from xai_widgets.probe.recorder import Recorder, first_tensor
from xai_widgets.targets import Readout

# A shape of inputs, and whether there is but one.
_Group: TypeAlias = tuple[tuple[int, ...], bool]
_Kind: TypeAlias = tuple[_Group, int]


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
        return group_of(self.x), self.recorder.signature


def group_of(x: Tensor) -> _Group:
    """The shape of each of the inputs (N, C, H, W), and whether there is but one."""
    return tuple(x.shape[1:]), len(x) == 1


class Lessons:
    """What whole passes have taught of a network as long as it has the same layers.

    Each is worked out once for each kind of pass: which layers carry maps, whether everything in
    the network sees the picture whole, how much memory a pass takes, and from which layers later
    passes can be recorded in part.
    """

    def __init__(self, model: nn.Module, readout: Readout) -> None:
        self._model, self._readout = model, readout
        self._names = _canonical_names(model)
        self._layers: dict[_Kind, list[Layer]] = {}
        self._whole: dict[_Kind, bool] = {}
        self._kinds: dict[_Group, _Kind] = {}  # of the latest whole pass of a group
        self._starts: dict[tuple[_Kind, str], Start] = {}
        self._refused: set[str] = set()
        self._bytes: dict[tuple[int, ...], tuple[int, int]] = {}
        self._attention: dict[_Kind, str] = {}
        self.positions: dict[Hashable, dict[int, Position]] = {}  # recorders fill it

    def note(self, forward: ForwardPass) -> None:
        """Take note of a whole pass."""
        recorder, count = forward.recorder, len(forward.x)
        held = max(recorder.largest // count, 1), recorder.passed // count
        self._bytes[tuple(forward.x.shape[1:])] = held
        if not forward.graphless:
            self._kinds[group_of(forward.x)] = forward.kind

    def bytes_of(self, x: Tensor) -> tuple[int, int] | None:
        """Of each input of the shape of x: the bytes of the largest value in a pass, and of all
        that a backward holds; None where none has been recorded.
        """
        return self._bytes.get(tuple(x.shape[1:]))

    def canonical(self, layer: str) -> str:
        """The first name of a layer that the network holds under several, or of one of its calls
        (``name#0``).
        """
        name, number, call = layer.partition("#")
        return self._names.get(name, name) + number + call

    def best_layer(self, forward: ForwardPass) -> str | None:
        """The layer explained by default in passes like this; None before `rank_layers`."""
        ranked = self._layers.get(forward.kind)
        return ranked[0].name if ranked else None

    def rank_layers(self, forward: ForwardPass) -> list[Layer]:
        """The layers that carry maps, best first."""
        ranked = self._layers.get(forward.kind)
        if ranked is None:
            with autograd_ready(self._model):
                ranked = self._layers.get(forward.kind)
                if ranked is None:
                    ranked = self._layers[forward.kind] = _ranked(forward, self._readout)
        return ranked

    def layers_like(self, x: Tensor) -> list[Layer] | None:
        """The layers that carry maps in passes like the latest whole one of such inputs, best
        first; None before it has been looked at.
        """
        kind = self._kinds.get(group_of(x))
        return None if kind is None else self._layers.get(kind)

    def sees_whole(self, forward: ForwardPass) -> bool:
        """Whether everything in the network sees the picture whole and upright: no part, no mirror
        image.
        """
        plain = self._whole.get(forward.kind)
        if plain is None:
            with autograd_ready(self._model):
                plain = self._whole[forward.kind] = forward.recorder.dataflow.plain
        return plain

    def attention_problem(self, forward: ForwardPass, found: Callable[[], str]) -> str:
        """What `found` says of attention in passes like this."""
        if forward.kind not in self._attention:
            with as_found(self._model):
                self._attention[forward.kind] = found()
        return self._attention[forward.kind]

    def saw_whole(self, x: Tensor) -> bool:
        """Whether that was so in the latest whole pass on inputs like x, and has been looked at."""
        kind = self._kinds.get(group_of(x))
        return kind is not None and self._whole.get(kind, False)

    def knows(self, x: Tensor) -> bool:
        """Whether a pass with a graph has been recorded whole on inputs like x."""
        return group_of(x) in self._kinds

    def add_start(self, forward: ForwardPass, layer: LayerMap, *, overwritten: bool) -> None:
        """Take note of a layer's map in a whole pass: later passes can be recorded from there."""
        start = Start.of(layer, overwritten, forward.steps, len(forward.x))
        if start is not None:
            self._starts[forward.kind, layer.name] = start

    def start(self, x: Tensor, layer: str | None) -> Start | None:
        """Where to record passes on inputs like x from, for a layer's map (None: of the best)."""
        kind = self._kinds.get(group_of(x))
        if kind is None:
            return None
        if layer is None:
            ranked = self._layers.get(kind)
            layer = ranked[0].name if ranked else ""
        start = self._starts.get((kind, self.canonical(layer)))
        return None if start is None or start.name in self._refused else start

    def refuse(self, start: Start | None) -> None:
        """Record no pass from there any more; None: from the input."""
        self._refused.add("" if start is None else start.name)

    @property
    def starts_at_input(self) -> bool:
        """Whether passes can be recorded from the input alone."""
        return "" not in self._refused


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


def _canonical_names(model: nn.Module) -> dict[str, str]:
    """Every dotted name of every module, mapped to the first name of that module."""
    first = {id(module): name for name, module in model.named_modules()}
    return {name: first[id(module)] for name, module in model.named_modules(remove_duplicate=False)}
