"""What a user's own preprocessing is given: a PIL image, or for what that cannot hold, the form in
which the preprocessing takes all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
from PIL import Image

from xai_widgets.errors import ExplanationError
from xai_widgets.images.loaded import Loaded
from xai_widgets.images.normalisation import generators_as_found

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["OwnTransform", "model_input"]

Depth = Literal["8", "16", "float"]
Unit = npt.NDArray[np.float32]
Transform = Callable[[Any], Any]
_PLAUSIBLE = (0.25, 25.0)  # what black and white are apart in the input of a network
_SIDE = 16  # of a ramp at least
_EIGHT_BITS = 300.0  # and where it is given levels


def model_input(x: Any) -> Tensor:
    """What a preprocessing returned, as (1, C, H, W) float32 on the CPU.

    Raises ``ExplanationError`` where it is no model input.
    """
    import torch

    if not isinstance(x, torch.Tensor):
        raise ExplanationError(
            f"the preprocessing returned {type(x).__name__}; expected a tensor (C, H, W). "
            "End it with ToTensor(), or with v2.ToImage() and v2.ToDtype(torch.float32, "
            "scale=True)."
        )
    x = x.detach().as_subclass(torch.Tensor)
    x = x[None] if x.ndim == 3 else x
    if x.ndim != 4 or x.shape[0] != 1 or 0 in x.shape:
        raise ExplanationError(
            f"the preprocessing returned shape {tuple(x.shape)}; expected (C, H, W)."
        )
    if not x.is_floating_point():
        raise ExplanationError(
            f"the preprocessing returned {str(x.dtype).removeprefix('torch.')}; expected "
            "floating point: add v2.ToDtype(torch.float32, scale=True)."
        )
    x = x.to("cpu", torch.float32).contiguous()
    assert isinstance(x, torch.Tensor)
    bad = int((~x.isfinite()).sum())
    if bad:
        raise ExplanationError(
            f"what the preprocessing returned holds {bad} values that are NaN or infinite."
        )
    return x


@dataclass(frozen=True)
class _Form:
    """A way to hand a picture over: `make` it of floats (H, W, C) in [0, 1], then `run` with it."""

    make: Callable[[Unit], Any]
    run: Transform
    native: bool = False  # as a file of that depth would be opened

    def __call__(self, unit: Unit) -> Tensor:
        return model_input(self.run(self.make(unit)))


class OwnTransform:
    """A user's preprocessing, and what it was found to take for each depth and number of channels.

    Eight bits of one or three channels are always a PIL image, ``"L"`` or ``"RGB"``.
    """

    def __init__(self, transform: Transform) -> None:
        self.transform = transform
        self._forms: dict[tuple[int, Depth], _Form | None] = {}

    def __call__(self, loaded: Loaded, channels: int) -> tuple[Tensor, tuple[str, ...]]:
        """Return model input (1, C, H, W) of a picture as so many channels, and what was lost.

        Raises ``ExplanationError`` where the preprocessing fails or returns no model input.
        """
        form = self.form_of(loaded, channels)
        lost: tuple[str, ...] = ()
        if form is None and channels not in (1, 3):
            raise ExplanationError(
                f"the preprocessing takes no picture of {channels} bands, neither as an array "
                f"(height, width, {channels}) nor as a float tensor ({channels}, height, width); "
                "give the engine preprocessing=dict(size=..., crop=..., mean=..., std=...), with "
                "one mean and std per band, or pass model input with preprocessing=None."
            )
        if form is None and loaded.levels(channels) is None:
            lost = (
                f"{loaded.name} has more than 8 bits a channel, and the preprocessing takes no "
                "more: it was rounded to 256 levels. One that takes float tensors would be given "
                "all of them.",
            )
        return self.with_form(form, loaded, channels), lost

    def form_of(self, loaded: Loaded, channels: int) -> _Form | None:
        """The form in which a picture is handed over as so many channels; None: as an 8-bit PIL
        image, or, for bands, in none.
        """
        levels = loaded.levels(channels)
        picture = levels is not None and channels in (1, 3)
        if picture and not loaded.sixteen:
            return None
        depth: Depth = "16" if loaded.sixteen else "float" if levels is None else "8"
        if (channels, depth) not in self._forms:
            self._forms[channels, depth] = self._form(loaded.size, channels, depth)
        form = self._forms[channels, depth]
        # Where eight bits say it all they are enough, unless it expects files of that depth.
        return None if picture and form is not None and not form.native else form

    def with_form(self, form: _Form | None, loaded: Loaded, channels: int) -> Tensor:
        """Return model input (1, C, H, W) of a picture that is handed over in a form."""
        if form is not None:
            return self._run(form.run, form.make(loaded.unit(channels)), loaded.name)
        levels = loaded.levels(channels)
        image = loaded.image(channels) if levels is None else _image(levels)
        return self._run(self.transform, image, loaded.name)

    def _run(self, transform: Transform, given: Any, name: str) -> Tensor:
        try:
            x = transform(given)
        except Exception as error:
            kind = type(given).__name__
            if isinstance(given, Image.Image):
                kind = f"{given.mode}, {given.width} x {given.height}"
            raise ExplanationError(
                f"the preprocessing failed on {name} ({kind}): {type(error).__name__}: {error}"
            ) from error
        return model_input(x)

    def _form(self, size: tuple[int, int], channels: int, depth: Depth) -> _Form | None:
        """The first form that the preprocessing takes with all its depth; None where none is.

        It is tried on a ramp. What eight bits of it become as a PIL image is what the form has to
        agree with, unless that is no input of a network: then the preprocessing is written for
        files of that depth.
        """
        ramp = _ramp(size, channels)
        coarse = np.asarray(np.rint(ramp * 255) / np.float32(255), dtype=np.float32)
        forms = list(self._possible(channels, depth))
        reference = None
        if channels in (1, 3):
            reference = _tried(lambda: model_input(self.transform(_image(_levels(coarse)))))
        span = 0.0 if reference is None else _span(reference)
        agreeing = [f for f in forms if _fits(f, ramp, coarse, depth, reference)]
        if _PLAUSIBLE[0] <= span <= (_PLAUSIBLE[1] if depth == "16" else _EIGHT_BITS):
            return next((replace(f, native=False) for f in agreeing), None)
        fitting = [f for f in forms if _fits(f, ramp, coarse, depth, None)]
        if channels not in (1, 3):
            fitting = [f for f in fitting if f(ramp).shape[1] == channels]
        sane = [f for f in fitting if _PLAUSIBLE[0] <= _span(f(ramp)) <= _PLAUSIBLE[1]]
        native = [f for f in fitting if f.native]
        return next(iter([*native, *sane, *agreeing, *fitting]), None)

    def _possible(self, channels: int, depth: Depth) -> Iterator[_Form]:
        transform = self.transform
        plain = _without_to_tensor(transform)
        yield _Form(_tensor, transform)
        if plain is not None:
            yield _Form(_tensor, plain)
        yield _Form(lambda unit: 255 * _tensor(unit), transform)
        if plain is not None:
            yield _Form(lambda unit: 255 * _tensor(unit), plain)
        if channels == 1:
            yield _Form(lambda unit: _image(_sixteen(unit)), transform, native=depth == "16")
            yield _Form(_image, transform)
            yield _Form(lambda unit: _image(255 * unit), transform)
        if not _passes_arrays_on(transform):
            whole = _WHOLE[depth]
            yield _Form(lambda unit: _flat(whole(unit)), transform, native=depth != "float")
            yield _Form(lambda unit: _flat(255 * unit), transform)
            yield _Form(lambda unit: _flat(_sixteen(unit)), transform)


def _fits(form: _Form, ramp: Unit, coarse: Unit, depth: Depth, reference: Tensor | None) -> bool:
    """Whether a form gives about what the reference is, and more than 8 bits of it."""
    x, fine = _tried(lambda: form(coarse)), _tried(lambda: form(ramp))
    if x is None or fine is None or not _span(fine):
        return False
    if reference is not None:
        if x.shape != reference.shape:
            return False
        if float((x - reference).abs().max()) > 1.5 * _span(reference) / 255:
            return False
    if depth == "8" or x.shape != fine.shape:
        return depth == "8"
    # Rounding to levels moves a value by none or by a whole one, never by a part of one.
    moved = (fine - x).abs() / (_span(fine) / 255)
    return bool(((moved > 1e-3) & (moved < 0.75)).float().mean() > 0.5)


def _tried(run: Callable[[], Tensor]) -> Tensor | None:
    """What a trial gives, from random generators that stay as they are; None where it fails."""
    with generators_as_found():
        try:
            return run()
        except Exception:  # a preprocessing may raise anything on what it does not take
            return None


def _ramp(size: tuple[int, int], channels: int) -> Unit:
    """A smooth picture (H, W, C) from 0 to 1 that goes another way in each channel."""
    down, across = (np.linspace(0, 1, max(n, _SIDE), dtype=np.float32) for n in size)
    shares = np.linspace(0.2, 0.8, channels, dtype=np.float32)
    ramp = down[:, None, None] * shares + across[None, :, None] * (1 - shares)
    return np.asarray(np.clip(ramp, 0, 1), dtype=np.float32)


def _span(x: Tensor) -> float:
    return float(x.max() - x.min())


def _tensor(unit: Unit) -> Tensor:
    import torch

    return torch.from_numpy(np.ascontiguousarray(unit.transpose(2, 0, 1)))


def _levels(unit: Unit) -> npt.NDArray[np.uint8]:
    return np.rint(255 * unit).astype(np.uint8)


def _sixteen(unit: Unit) -> npt.NDArray[np.uint16]:
    return np.rint(65535 * unit.astype(np.float64)).astype(np.uint16)


_WHOLE: dict[Depth, Callable[[Unit], npt.NDArray[Any]]] = {
    "8": _levels,
    "16": _sixteen,
    "float": np.array,
}


def _flat(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return np.ascontiguousarray(array[..., 0] if array.shape[2] == 1 else array)


def _image(array: npt.NDArray[Any]) -> Image.Image:
    return Image.fromarray(_flat(array))


def _steps(transform: Any) -> list[Any] | None:
    steps = getattr(transform, "transforms", None)
    return list(steps) if isinstance(steps, (list, tuple)) else None


def _without_to_tensor(transform: Any) -> Transform | None:
    """A torchvision Compose for tensors, in which ToTensor has nothing to do; None for others."""
    steps = _steps(transform)
    if steps is None or type(transform).__name__ != "Compose":
        return None
    rest: list[Transform] = [
        _without_to_tensor(step) or step
        for step in steps
        if type(step).__name__ not in ("ToTensor", "PILToTensor")
    ]

    def run(x: Any) -> Any:
        for step in rest:
            x = step(x)
        return x

    return run


def _passes_arrays_on(transform: Any) -> bool:
    """Whether it has steps that give arrays back unchanged instead of refusing them."""
    if type(transform).__module__.startswith("torchvision.transforms.v2"):
        return True
    inner = _steps(transform)
    if inner is None and hasattr(transform, "children"):
        inner = list(transform.children())
    return any(map(_passes_arrays_on, inner or ()))
