"""The ways back from a value to the picture on which a token keeps its place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor

from xai_widgets.probe.nodes import kind_of, nodes_behind

_ATTENTION = frozenset({"Bmm", "Baddbmm", "Softmax"})
_MIXING = frozenset({"Addmm", "Mm", "Linear"})
_OF_MAPS = frozenset({"Convolution", "MkldnnConvolution", "ConvolutionOverrideable"})


class Ways:
    """The ways back from values of a pass to the picture x, a leaf of the graph, on which a token
    keeps its place; `count` is the number of tokens.
    """

    def __init__(self, x: Tensor, count: int) -> None:
        self._x, self._count = x, count
        self._reaches: dict[Any, bool] = {}

    def reach(self, node: Any) -> bool:
        """Whether a value depends on the picture on such ways."""
        waiting: list[tuple[Any, bool]] = [(node, False)]
        while waiting:
            here, done = waiting.pop()
            if done:
                behind = self._behind(here)
                self._reaches[here] = any(self._reaches.get(before, False) for before in behind)
            elif here is not None and here not in self._reaches:
                self._reaches[here] = getattr(here, "variable", None) is self._x
                if not self._reaches[here]:
                    waiting.append((here, True))
                    waiting.extend((before, False) for before in self._behind(here))
        return self._reaches.get(node, False)

    def _behind(self, node: Any) -> list[Any]:
        kept = _kept(node, self._count)
        return [before for i, (before, _) in enumerate(node.next_functions) if i in kept]

    @contextmanager
    def alone(self, node: Any) -> Iterator[None]:
        """While inside, a backward from this node goes back on these ways alone."""
        handles = []
        try:
            for one in nodes_behind([node]):
                kept = _kept(one, self._count)
                if len(kept) < len(one.next_functions):
                    handles.append(one.register_hook(_only(kept)))
            yield
        finally:
            for handle in handles:
                handle.remove()


def _kept(node: Any, count: int) -> range:
    """The edges of a node on which a token keeps its place."""
    edges = len(node.next_functions)
    kind = kind_of(node)
    if kind.startswith("ScaledDotProduct"):
        return range(1)
    if kind not in ("Bmm", "Baddbmm"):
        return range(edges)
    shapes = getattr(node, "_input_metadata", ())
    rows, columns = tuple(shapes[0].shape)[-2:] if shapes else (count, 0)
    kept = edges - 1 if columns == count != rows else edges - 2
    return range(kept, kept + 1)


def goes_back_to_a_map(node: Any) -> bool:
    """Whether a value is a convolution's output, or one that something was added to since."""
    waiting, seen = [node], set[Any]()
    while waiting:
        here: Any = waiting.pop()
        kind = "" if here is None else kind_of(here)
        if kind in _OF_MAPS:
            return True
        mixes = kind in _ATTENTION or kind in _MIXING or kind.startswith("ScaledDotProduct")
        if here is not None and here not in seen and not mixes:
            seen.add(here)
            waiting.extend(before for before, _ in here.next_functions)
    return False


def attends(node: Any) -> bool:
    """Whether a value comes of attention, of any kind."""
    return any(
        kind in _ATTENTION or kind.startswith("ScaledDotProduct")
        for kind in map(kind_of, nodes_behind([node]))
    )


def is_given_a_constant(node: Any) -> bool:
    """Whether a function was given something without gradients in the place of what it works on."""
    edges = node.next_functions
    first = 1 if kind_of(node) == "Addmm" else 0
    return len(edges) > first and edges[first][0] is None


def _only(kept: range) -> Any:
    def hook(made: tuple[Tensor | None, ...], given: tuple[Tensor | None, ...]) -> Any:
        return tuple(gradient if i in kept else None for i, gradient in enumerate(made))

    return hook
