"""How tokens that attend to each other lie over the picture, or why attention cannot be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from xai_widgets.errors import ExplanationError
from xai_widgets.probe.attention import AttentionPass, Shape
from xai_widgets.probe.layers import Layout, Recorded
from xai_widgets.probe.positions import WHY, Found, found_of
from xai_widgets.probe.recorder import Recorder
from xai_widgets.probe.ways import Ways

_BEFORE_A_MAP = 1  # tokens that attention pooling may put before a map's positions


def layout_of_tokens(shapes: Sequence[Shape], recorder: Recorder, batch: int) -> Layout:
    """The layout of the tokens that attend to each other in a pass on `batch` pictures, with one
    number for each token.

    `shapes` are those of all attention matrices of the pass. Raises ExplanationError, in words,
    where there are none, or they are not between all places of the picture.
    """
    squares = [shape for shape in shapes if is_square(shape)]
    counts = {shape[-1] for shape in squares}
    whole = all(n == batch if rest[2:] else n % batch == 0 for n, *rest in squares)
    if not squares or len(counts) > 1 or not whole:
        raise ExplanationError(_unread(shapes, squares, recorder))
    (count,) = counts
    records = list(recorder.records.values())
    found: Found | None = None
    for record in _last_with_tokens(records, count, recorder):
        found = recorder.positions.of(record).found
        if found == "placed":
            return replace(record.layout, channels=1)
    if found is not None:
        raise ExplanationError(_no_places(count, found))
    for layout in (record.layout for record in reversed(records)):
        prefix = count - layout.size[0] * layout.size[1]
        if layout.kind != "tokens" and 0 <= prefix <= _BEFORE_A_MAP:
            return Layout("tokens", layout.size, 1, prefix)
    raise ExplanationError(
        f"needs attention between positions of the picture; this network's is between {count} "
        "things that are no grid over it"
    )


def rows_problem(attended: AttentionPass, layout: Layout) -> str:
    """Why the matrices of a pass are not between the places that the layout says; empty where they
    are. To be asked with the network as found.
    """
    for a, edge in attended.matrices:
        if not Ways(attended.x, a.shape[-1]).reach(edge.node):
            return _no_places(a.shape[-1], "nowhere")
    first = attended.first
    if first is None:
        return ""
    count = first.shape[-1]
    rows = first.reshape(attended.batch, -1, count, count).transpose(1, 2).flatten(2)
    ways, expected = Ways(attended.x, count), replace(layout, channels=rows.shape[2])
    found, where = found_of(rows, expected, attended.x, ways)
    if found == "placed" and where != expected:
        found = "elsewhere"
    # Where nobody's query counts, the attention is the same from everywhere.
    return "" if found in ("placed", "silent") else _no_places(count, found)


def is_square(shape: Shape) -> bool:
    """Whether a matrix may be of all tokens with each other: (N, T, T) or (N, heads, T, T)."""
    return len(shape) in (3, 4) and shape[-1] == shape[-2] > 1


def _last_with_tokens(
    records: Sequence[Recorded], count: int, recorder: Recorder
) -> list[Recorded]:
    """The last output with so many tokens that may lie over the picture; else the very last."""
    fitting = [r for r in records if r.layout.kind == "tokens" and r.tensor.shape[1] == count]
    reaching = [r for r in fitting if recorder.positions.reaches(r)]
    return (reaching or fitting)[-1:]


def _no_places(count: int, found: Found) -> str:
    return (
        f"needs attention between positions of the picture; the {count} tokens of this network's "
        f"are {WHY[found]}"
    )


def _unread(shapes: Sequence[Shape], squares: Sequence[Shape], recorder: Recorder) -> str:
    if squares or any(shape[-1] == shape[-2] > 1 for shape in shapes):
        return (
            "needs attention between all tokens, layer after layer; this network attends within "
            "windows or at several resolutions"
        )
    needs = "needs matrices of who attends to whom among all tokens"
    if shapes:
        queries, keys = shapes[0][-2:]
        return f"{needs}; this network's are of {queries} queries and {keys} others"
    layer = recorder.attention_layer
    if layer is not None:
        return (
            f'{needs}; this network\'s attention (such as "{layer[0]}", {layer[1]}) computes none '
            "by a softmax over all tokens"
        )
    return "needs attention layers; this network has none"
