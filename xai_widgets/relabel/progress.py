"""How far a training has come: in a terminal's line, or in a notebook's cell."""

from __future__ import annotations

import base64
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from xai_widgets.progress import Line
from xai_widgets.render.raster import encode_png

__all__ = ["FitProgress", "preview_of", "shown"]

_REFRESH = 0.25  # seconds


@dataclass(frozen=True, eq=False)
class FitProgress:
    """One step of a training.

    `loss` is what is minimised, of this step's batch; `error` its mean error per pixel value,
    `features` its distance between features (0 without any), `divergence` the Kullback-Leibler
    divergence in nats of one picture. `preview`, now and then, is a picture (H, W, 3) uint8:
    originals above, their reconstructions below.
    """

    step: int
    steps: int
    loss: float
    error: float
    features: float
    divergence: float
    seconds: float
    preview: npt.NDArray[np.uint8] | None = None

    @property
    def fraction(self) -> float:
        """How much is done, of 1."""
        return self.step / self.steps

    def __str__(self) -> str:
        left = self.seconds * (self.steps - self.step) / max(self.step, 1)
        features = f", features {self.features:.3f}" if self.features else ""
        return (
            f"step {self.step} of {self.steps} · loss {self.loss:.4f} (error {self.error:.4f}"
            f"{features}, divergence {self.divergence:.0f} nats) · {_clock(left)} left"
        )


def preview_of(pixels: Tensor, reconstructed: Tensor) -> npt.NDArray[np.uint8]:
    """Pictures (N, C, H, W) in [0, 1] in a row above their reconstructions: (2 H, N W, 3)."""
    rows = [torch.cat(list(batch), dim=-1) for batch in (pixels, reconstructed)]
    grid = torch.cat(rows, dim=-2).detach().cpu().clamp(0, 1)
    if grid.shape[0] != 3:
        grid = grid.mean(0, keepdim=True).expand(3, -1, -1)
    levels = (255 * grid + 0.5).floor().to(torch.uint8)
    return np.ascontiguousarray(levels.permute(1, 2, 0).numpy())


def shown() -> Callable[[FitProgress], object]:
    """What shows progress where somebody can see it: a notebook's cell, a terminal, or nowhere."""
    if _in_notebook():
        return _Cell()
    if not sys.stderr.isatty():
        return lambda progress: None
    line = Line(sys.stderr)
    return lambda progress: line.show(str(progress), done=progress.step >= progress.steps)


class _Cell:
    """A bar, the numbers and the latest preview, in one output that is replaced."""

    def __init__(self) -> None:
        self._handle: Any = None
        self._picture = ""
        self._last = 0.0

    def __call__(self, progress: FitProgress) -> None:
        from IPython.display import HTML, display

        if progress.preview is not None:
            encoded = base64.b64encode(encode_png(progress.preview)).decode()
            self._picture = (
                f'<img alt="Originals above, their reconstructions below" '
                f'style="max-width:100%" src="data:image/png;base64,{encoded}">'
            )
        due = progress.preview is not None or progress.step >= progress.steps
        if not due and time.monotonic() - self._last < _REFRESH:
            return
        self._last = time.monotonic()
        html = HTML(  # type: ignore[no-untyped-call]  # IPython has no types
            f'<progress max="1" value="{progress.fraction:.4f}" style="width:100%"></progress>'
            f"<div>{progress}</div>{self._picture}"
        )
        if self._handle is None:
            self._handle = display(  # type: ignore[no-untyped-call]  # IPython has no types
                html, display_id=True
            )
        else:
            self._handle.update(html)


def _in_notebook() -> bool:
    """Whether this runs in a kernel; IPython is not imported to find out."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return shell is not None and hasattr(shell, "kernel")


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d} min"
