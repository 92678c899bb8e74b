"""Ground floor: the frozen result of an explanation, with its origin.

What draws is imported on use: it takes matplotlib along.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from xai_widgets.errors import ExplanationError, brief, nearest
from xai_widgets.targets import Target, Unit

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
# What it holds since later versions, and what is taken for it where it is missing.
_ADDED: dict[str, Any] = {
    "signed": None,
    "picture_name": "",
    "picture_digest": "",
    "unit": "probability",
}
# What pictures that are no files are called.
UNNAMED = ("", "image", "array", "tensor")
# What other libraries call a choice of appearance.
_ELSEWHERE = {"cmap": "colormap", "alpha": "opacity", "percentile": "clip", "vmax": "maximum"}
_APPEARANCE = ("opacity", "colormap", "clip", "threshold", "sign", "blend", "maximum", "signed")
_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".svg", ".pdf")


@dataclass(frozen=True, eq=False, repr=False)
class Attribution:
    """How much each input, or each position of a layer, counted for a target.

    values: float32, raw and signed, read-only. (C, H, W) for methods of the input space, (1, H, W)
        where their number is a place's and not a channel's, (h, w) at the layer's own size for
        methods of a layer.
    method, title: its name (``grad_cam``) and its title (``Grad-CAM``).
    target: what was explained. score: its value for this picture; probability: of that class, or,
        where unit is "number", the network's own number, such as an age.
    layer: the layer it was read from, or None. parameters: all of them, with their values.
    seconds: what it took. seed: of the random part, or None.
    completeness_gap: how far the sum of all values is from what it should be, in units of the
        score: Σ values − (y(x) − y(baseline)); None for methods that promise no sum.
    input_size: (H, W) of the model input. pixels: (H, W, 3) uint8, what the model saw, or None.
    space: ``"input"`` or ``"layer"``. model: the name of the network.
    warnings: sentences that say why the map should not be trusted, or is empty.
    signed: whether the method's values may count against the target, by its card, so that all maps
        of a method have the same colours; None: whether these do.
    picture_name, picture_digest: of the picture, and a checksum of what the network was given.

    It is an array (H, W) where one is wanted, its `heatmap()`: ``np.mean(attribution)``.
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
    signed: bool | None = None
    picture_name: str = ""
    picture_digest: str = ""
    unit: Unit = "probability"

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
        # A card that promises no sign does not hide the values of a map that has one.
        signed = bool(self.signed) or bool((values < 0).any())
        object.__setattr__(self, "signed", signed)

    def __reduce__(self) -> tuple[Any, ...]:
        fields_ = {field.name: getattr(self, field.name) for field in fields(self)}
        return _restored, ({**fields_, "parameters": dict(self.parameters)},)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        return np.array(self.heatmap(), dtype=dtype)

    def grid(self, channels: Channels = "sum") -> npt.NDArray[np.float32]:
        """Return (h, w) float32 at the method's own size, channels joined.

        channels: ``"sum"`` the sum over c of v[c], signed; ``"abs_sum"`` the sum of |v[c]|;
        ``"max_abs"`` the largest |v[c]|.
        """
        if channels not in _JOINED:
            raise ExplanationError(
                f"channels is {brief(channels)}; expected one of {', '.join(_JOINED)}."
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

        appearance = self._checked(appearance)
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

        appearance = self._checked(appearance)
        if self.pixels is None:
            plain = {k: v for k, v in appearance.items() if k not in ("opacity", "blend")}
            return Image.fromarray(colorize(self.grid(), self.input_size, **plain))
        return Image.fromarray(overlay(self.pixels, self.grid(), **appearance))

    def save(self, folder: str | Path) -> Path:
        """Write values.npy, attribution.json, overlay.png and picture.png, and return the folder.

        Each file is written aside and then renamed; the manifest comes last and names the checksum
        of the values, so that ``load`` never takes a half-written folder for a result. A target's
        function is not saved. Raises ``ExplanationError`` for the name of a picture file, and where
        the folder cannot be made.
        """
        from xai_widgets.files import Record, path_of, save_record

        folder = path_of(folder, "save(folder)")
        if folder.suffix.lower() in _SUFFIXES and not folder.is_dir():
            raise ExplanationError(
                f'save("{folder}") would make a folder of that name, with the values and their '
                f"origin; for a picture of the map use "
                f'attribution.to_pil().save("{folder}") or attribution.plot().savefig("{folder}")'
            )
        manifest = {name: getattr(self, name) for name in (*_SAVED, *_ADDED)}
        manifest["warnings"] = list(self.warnings)
        manifest["target"] = {"index": self.target.index, "name": self.target.name}
        record = Record(manifest, self.values, self.pixels)
        save_record(folder, record, np.asarray(self.to_pil()))
        return folder

    @classmethod
    def load(cls, folder: str | Path) -> Attribution:
        """Read what ``save`` wrote. Raises ``ExplanationError`` where something is missing,
        damaged, or not what ``save`` writes.
        """
        from xai_widgets.files import load_record, path_of

        record = load_record(path_of(folder, "load(folder)"), (*_SAVED, "target"))
        saved = {name: record.manifest[name] for name in _SAVED}
        saved["score"] = float(saved["score"])  # "nan" is text in JSON
        for name in ("probability", "completeness_gap"):
            if saved[name] is not None:
                saved[name] = float(saved[name])
        saved |= {name: record.manifest.get(name, usual) for name, usual in _ADDED.items()}
        saved["input_size"] = tuple(saved["input_size"])
        saved["warnings"] = tuple(record.manifest.get("warnings", ()))
        target = Target(record.manifest["target"]["index"], record.manifest["target"]["name"])
        return cls(record.values, target=target, pixels=record.pixels, **saved)

    def _caption(self) -> str:
        share = "" if self.probability is None else f" {self._number()}"
        wrapped = [textwrap.fill(warning, 60) for warning in self.warnings]
        return "\n".join([f"{self.target.name}{share}", *wrapped])

    def _number(self) -> str:
        assert self.probability is not None
        if self.unit == "number":
            return f"{self.probability:.4g}"
        return f"{100 * self.probability:.1f} %"

    def _checked(self, appearance: dict[str, Any]) -> dict[str, Any]:
        """The appearance, with the method's own sign; raises ExplanationError for other names."""
        for name in appearance:
            if name not in _APPEARANCE:
                known = _ELSEWHERE.get(name)
                hint = f' Did you mean "{known}"?' if known else nearest(name, _APPEARANCE)
                raise ExplanationError(
                    f"a map has no {name!r}; expected one of {', '.join(_APPEARANCE)}.{hint}"
                )
        return {"signed": self.signed, **appearance}

    def __repr__(self) -> str:
        shape = " x ".join(map(str, self.values.shape))
        finite = self.values[np.isfinite(self.values)]
        span = f"{finite.min():.3g} to {finite.max():.3g}" if finite.size else "not finite"
        where = f", layer {self.layer}" if self.layer else ""
        number = "" if self.target.index is None else f" ({self.target.index})"
        known = self.picture_name not in UNNAMED
        return (
            f"Attribution({self.title}{f' of {self.picture_name}' if known else ''}: "
            f"{self.target.name}{number}, score {self.score:.3g}{where}, {shape}, {span}, "
            f"{self.seconds * 1000:.0f} ms)" + "".join(f"\n{warning}" for warning in self.warnings)
        )

    def _repr_png_(self) -> bytes:
        from xai_widgets.render import encode_png

        return encode_png(np.asarray(self.to_pil()))


def _restored(values: dict[str, Any]) -> Attribution:
    return Attribution(**values)
