"""Methods that change the picture and watch the score: no gradient needed, many forward passes,
usable early.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import torch
from torch import Tensor

from xai_widgets.errors import ExplanationError
from xai_widgets.methods.baseline import Baseline, baseline_like
from xai_widgets.methods.registry import Range, method
from xai_widgets.probe.trace import Trace
from xai_widgets.targets import Target


@method(
    title="Occlusion",
    family="Perturbation",
    cost="1 forward per window position",
    formula="y(x) − y(x with the window covered), averaged where windows overlap",
    citation="Zeiler, Fergus 2014",
    url="https://arxiv.org/abs/1311.2901",
    shows="How much the class score falls when a window of the picture is covered.",
    limits="One window size; a covered picture is an unusual one; misses evidence shown twice.",
)
def occlusion(
    trace: Trace,
    target: Target,
    *,
    window: Annotated[int, Range(2, 256, 2, "px", "side of the covering square")] = 32,
    stride: Annotated[int, Range(1, 128, 1, "px", "distance between positions")] = 16,
    baseline: Baseline = "zero",
) -> Iterator[tuple[float, Tensor]]:
    """The score's fall under a sliding square, (N, C, H, W), overlaps averaged. Source: Zeiler and
    Fergus 2014, 4.2.

    Windows start at multiples of `stride`, as many as it takes to cover the picture, the last cut
    off by its edge. Positions are visited from coarse to fine, so that the map covers the whole
    picture early and then sharpens. Raises ExplanationError when the stride exceeds the window,
    which would leave pixels uncovered.
    """
    if stride > window:
        raise ExplanationError(
            f"occlusion: stride={stride} is larger than window={window} and leaves gaps; "
            "expected stride <= window"
        )
    x = trace.input
    count, _, height, width = x.shape
    rows, columns = _starts(height, window, stride), _starts(width, window, stride)
    covered = baseline_like(x, baseline)
    whole = trace.score(target)
    fall = x.new_zeros(count, len(rows), len(columns))
    known = torch.zeros(len(rows), len(columns), dtype=torch.bool)
    order = _coarse_to_fine(len(rows), len(columns))
    size = max(trace.batch_size() // count, 1)
    for begin in range(0, len(order), size):
        cells = order[begin : begin + size]
        batch = x.repeat(len(cells), 1, 1, 1).view(len(cells), *x.shape)
        for i, (r, c) in enumerate(cells):
            window_at = (
                ...,
                slice(rows[r], rows[r] + window),
                slice(columns[c], columns[c] + window),
            )
            batch[i][window_at] = covered[window_at]
        scores = trace.scores(batch.flatten(0, 1), target).view(len(cells), count)
        for i, (r, c) in enumerate(cells):
            fall[:, r, c] = whole - scores[i]
            known[r, c] = True
        done = (begin + len(cells)) / len(order)
        spread = _spread(_filled(fall, known), rows, columns, window, (height, width))
        yield done, spread[:, None].expand_as(x).clone()


def _starts(length: int, window: int, stride: int) -> list[int]:
    count = 1 + max(-(-(length - window) // stride), 0)
    return [i * stride for i in range(count)]


def _coarse_to_fine(rows: int, columns: int) -> list[tuple[int, int]]:
    """All cells of a grid, those on the coarsest sub-grid first, every further level halving the
    distance.
    """
    step = 1
    while step * 4 < max(rows, columns):
        step *= 2
    order: dict[tuple[int, int], None] = {}
    while step:
        order.update(
            dict.fromkeys((r, c) for r in range(0, rows, step) for c in range(0, columns, step))
        )
        step //= 2
    return list(order)


def _filled(fall: Tensor, known: Tensor) -> Tensor:
    """Cells not visited yet take the value of the nearest visited one."""
    if bool(known.all()):
        return fall
    visited = known.nonzero()
    cells = torch.cartesian_prod(torch.arange(fall.shape[1]), torch.arange(fall.shape[2]))
    nearest = visited[torch.cdist(cells.float(), visited.float()).argmin(dim=1)]
    return fall[:, nearest[:, 0], nearest[:, 1]].view_as(fall)


def _spread(
    fall: Tensor, rows: list[int], columns: list[int], window: int, size: tuple[int, int]
) -> Tensor:
    """Every pixel's mean over the windows that covered it, (N, H, W).

    A window is a product of a row span and a column span, so the sums are two small matrix
    products.
    """
    height, width = size
    down = torch.zeros(height, len(rows), dtype=fall.dtype, device=fall.device)
    across = torch.zeros(width, len(columns), dtype=fall.dtype, device=fall.device)
    for i, start in enumerate(rows):
        down[start : start + window, i] = 1
    for i, start in enumerate(columns):
        across[start : start + window, i] = 1
    total = down @ fall @ across.T
    return total / (down.sum(1)[:, None] * across.sum(1)[None, :])
