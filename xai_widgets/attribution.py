"""Ground floor: the frozen result of an explanation, with its origin.

What draws is imported on use: it takes matplotlib along.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from xai_widgets.errors import ExplanationError, nearest
from xai_widgets.targets import Target

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from PIL import Image

__all__ = ["Attribution", "Channels"]

Channels = Literal["sum", "abs_sum", "max_abs"]
_Floats = npt.NDArray[np.float32]
_JOINED: dict[str, Callable[[_Floats], _Floats]] = {
    "sum": lambda v: np.asarray(v.sum(0), dtype=np.float32),
    "abs_sum": lambda v: np.asarray(np.abs(v).sum(0), dtype=np.float32),
    "max_abs": lambda v: np.asarray(np.abs(v).max(0), dtype=np.float32),
}

# What the manifest of a saved attribution holds, besides the target.
_SAVED = (
    *("method", "title", "layer", "parameters", "score", "probability", "seconds", "seed"),
    *("input_size", "space", "model", "completeness_gap"),
)


@dataclass(frozen=True, eq=False, repr=False)
class Attribution:
    """How much each input, or each position of a layer, counted for a target.

    values: float32, raw and signed, read-only. (C, H, W) for methods of the input space, (h, w) at
        the layer's own size for methods of a layer.
    method, title: its name (``grad_cam``) and its title (``Grad-CAM``).
    target: what was explained. score: its value for this picture; probability: of that class.
    layer: the layer it was read from, or None. parameters: all of them, with their values.
    seconds: what it took. seed: of the random part, or None.
    completeness_gap: how far the sum of all values is from what it should be, in units of the
        score: Σ values − (y(x) − y(baseline)); None for methods that promise no sum.
    input_size: (H, W) of the model input. pixels: (H, W, 3) uint8, what the model saw, or None.
    space: ``"input"`` or ``"layer"``. model: the name of the network.
    warnings: sentences that say why the map should not be trusted, where the method can tell.
    """

    values: npt.NDArray[np.float32]
    method: str
    title: str
    target: Target
    layer: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    score: float = float("nan")
    probability: float | None = None
    seconds: float = 0.0
    seed: int | None = None
    input_size: tuple[int, int] = (0, 0)
    pixels: npt.NDArray[np.uint8] | None = None
    space: Literal["input", "layer"] = "input"
    model: str = ""
    completeness_gap: float | None = None
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        values = np.array(self.values, dtype=np.float32, order="C")
        if values.ndim not in (2, 3) or values.size == 0:
            raise ExplanationError(
                f"values of {self.method} have shape {values.shape}; expected (C, H, W) or (h, w)."
            )
        values.setflags(write=False)
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "parameters", MappingProxyType(dict(self.parameters)))
        if self.pixels is not None:
            pixels = np.array(self.pixels, dtype=np.uint8, order="C")
            pixels.setflags(write=False)
            object.__setattr__(self, "pixels", pixels)
        height, width = self.input_size if min(self.input_size) > 0 else values.shape[-2:]
        object.__setattr__(self, "input_size", (int(height), int(width)))

    @property
    def signed(self) -> bool:
        """Whether any evidence counts against the target: a value is below zero."""
        return bool((self.values < 0).any())

    def grid(self, channels: Channels = "sum") -> npt.NDArray[np.float32]:
        """Return (h, w) float32 at the method's own size, channels joined.

        channels: ``"sum"`` the sum over c of v[c], signed; ``"abs_sum"`` the sum of |v[c]|;
        ``"max_abs"`` the largest |v[c]|.
        """
        if channels not in _JOINED:
            raise ExplanationError(
                f"channels is {channels!r}; expected one of {', '.join(_JOINED)}."
                f"{nearest(channels, _JOINED)}"
            )
        values = self.values if self.values.ndim == 3 else self.values[None]
        return _JOINED[channels](values)

    def heatmap(self, channels: Channels = "sum") -> npt.NDArray[np.float32]:
        """Return (H, W) float32 at model-input size: raw values, never rescaled to [0, 1].

        A layer's map is made larger bilinearly (``align_corners=False``).
        """
        from xai_widgets.render import resize

        return resize(self.grid(channels), self.input_size)

    def plot(self, **appearance: Any) -> Figure:
        """Return a matplotlib figure: the picture, the map over it, and the colour bar.

        ``appearance``: opacity, colormap, clip, threshold, sign, blend (``xai_widgets.render``).
        """
        from xai_widgets.render import figure

        where = f" · {self.layer}" if self.layer else ""
        return figure(
            self.grid(),
            self.pixels,
            size=self.input_size,
            title=f"{self.title}{where}",
            caption=self._caption(),
            **appearance,
        )

    def to_pil(self, **appearance: Any) -> Image.Image:
        """Return the map over the picture as an RGB image, (H, W) of the model input.

        ``appearance``: opacity, colormap, clip, threshold, sign, blend (``xai_widgets.render``).
        Where the picture was not kept, the opaque map.
        """
        from PIL import Image

        from xai_widgets.render import colorize, overlay

        if self.pixels is None:
            plain = {k: v for k, v in appearance.items() if k not in ("opacity", "blend")}
            return Image.fromarray(colorize(self.grid(), self.input_size, **plain))
        return Image.fromarray(overlay(self.pixels, self.grid(), **appearance))

    def save(self, folder: str | Path) -> Path:
        """Write values.npy, attribution.json, overlay.png and picture.png, and return the folder.

        Each file is written aside and then renamed; the manifest comes last and names the checksum
        of the values, so that ``load`` never takes a half-written folder for a result. A target's
        function is not saved.
        """
        from xai_widgets.files import Record, save_record

        manifest = {name: getattr(self, name) for name in _SAVED}
        manifest["warnings"] = list(self.warnings)
        manifest["target"] = {"index": self.target.index, "name": self.target.name}
        record = Record(manifest, self.values, self.pixels)
        save_record(Path(folder), record, np.asarray(self.to_pil()))
        return Path(folder)

    @classmethod
    def load(cls, folder: str | Path) -> Attribution:
        """Read what ``save`` wrote. Raises ``ExplanationError`` where something is missing."""
        from xai_widgets.files import load_record

        record = load_record(Path(folder), (*_SAVED, "target"))
        saved = {name: record.manifest[name] for name in _SAVED}
        saved["score"] = float(saved["score"])  # "nan" is text in JSON
        for name in ("probability", "completeness_gap"):
            if saved[name] is not None:
                saved[name] = float(saved[name])
        saved["input_size"] = tuple(saved["input_size"])
        saved["warnings"] = tuple(record.manifest.get("warnings", ()))
        target = Target(record.manifest["target"]["index"], record.manifest["target"]["name"])
        return cls(record.values, target=target, pixels=record.pixels, **saved)

    def _caption(self) -> str:
        share = "" if self.probability is None else f" {100 * self.probability:.1f} %"
        wrapped = [textwrap.fill(warning, 60) for warning in self.warnings]
        return "\n".join([f"{self.target.name}{share}", *wrapped])

    def __repr__(self) -> str:
        shape = " x ".join(map(str, self.values.shape))
        finite = self.values[np.isfinite(self.values)]
        span = f"{finite.min():.3g} to {finite.max():.3g}" if finite.size else "not finite"
        where = f", layer {self.layer}" if self.layer else ""
        number = "" if self.target.index is None else f" ({self.target.index})"
        return (
            f"Attribution({self.title}: {self.target.name}{number}, score {self.score:.3g}{where}, "
            f"{shape}, {span}, {self.seconds * 1000:.0f} ms)"
            + "".join(f"\n{warning}" for warning in self.warnings)
        )

    def _repr_png_(self) -> bytes:
        from xai_widgets.render import encode_png

        return encode_png(np.asarray(self.to_pil()))
