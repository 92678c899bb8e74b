"""How a transform turns colours into numbers, found so that it can be undone.

A transform of the usual kind is affine in colour and alike at every pixel:

    x[c] = (p[order[c]] - mean[c]) / std[c]            p picture in [0, 1], x model input

``mean`` and ``std`` are read from the transform where it states them. Then they are checked on
plain pictures of one colour, and what the transform really does to those decides: this also finds
0..255 inputs, BGR, and normalisations written as plain functions.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from xai_widgets.images.loaded import Loaded
from xai_widgets.interrupts import deferred

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Normalisation", "find_normalisation", "generators_as_found", "stated_normalisation"]

_SIDE = 256  # large enough for a centre crop of the usual sizes
_PROBES = {
    "black": (0, 0, 0),
    "red": (255, 0, 0),
    "green": (0, 255, 0),
    "blue": (0, 0, 255),
    "white": (255, 255, 255),
    "mixed": (51, 128, 204),  # not used to find the rule, only to test it
}


@dataclass(frozen=True)
class Normalisation:
    """x[c] = (p[order[c]] - mean[c]) / std[c], with p in [0, 1]."""

    mean: tuple[float, ...]
    std: tuple[float, ...]
    order: tuple[int, ...] = ()

    def apply(self, pixels: Tensor) -> Tensor:
        """Map pictures (N, C, H, W) in [0, 1] to model input."""
        if self.order:
            pixels = pixels[:, list(self.order)]
        return (pixels - self._column(self.mean, pixels)) / self._column(self.std, pixels)

    def undo(self, x: Tensor) -> Tensor:
        """Map model input (N, C, H, W) back to pictures in [0, 1], up to rounding."""
        pixels = x * self._column(self.std, x) + self._column(self.mean, x)
        if self.order:
            pixels = pixels[:, np.argsort(self.order).tolist()]
        return pixels

    @staticmethod
    def _column(values: tuple[float, ...], like: Tensor) -> Tensor:
        return like.new_tensor(values)[:, None, None]


def stated_normalisation(transform: object) -> Normalisation | None:
    """Return the normalisation that a transform states: its Normalize steps, joined."""
    joined: Normalisation | None = None
    for mean, std in _steps(transform):
        if joined is None:
            joined = Normalisation(mean, std)
        else:  # ((p - m1) / s1 - m2) / s2 = (p - (m1 + s1 m2)) / (s1 s2)
            size = max(len(mean), len(joined.mean))
            m1, s1, m2, s2 = (_wide(v, size) for v in (joined.mean, joined.std, mean, std))
            joined = Normalisation(_tuple(m1 + s1 * m2), _tuple(s1 * s2))
    if joined is not None and max(joined.mean) > 2:  # stated for values 0 .. 255
        joined = Normalisation(
            tuple(m / 255 for m in joined.mean), tuple(s / 255 for s in joined.std)
        )
    return joined


def find_normalisation(
    run: Callable[[Loaded], Tensor], channels: int, stated: Normalisation | None
) -> Normalisation | None:
    """Return what a transform does to colours, or None where it is no affine rule.

    run: the transform's result (1, C, H, W) for a picture given as ``channels`` channels.
    The stated numbers are returned as they are where the transform does what they say.
    """
    probes = _PROBES if channels in (1, 3) else _band_probes(channels)
    with generators_as_found():  # a transform with random parts must not move them
        try:
            seen = {name: _centre(run, colour) for name, colour in probes.items()}
        except Exception:  # a transform may refuse such a picture: then nothing can be learned
            return None
    if any(not np.isfinite(values).all() for values in seen.values()):
        return None
    depth = len(seen["black"])
    if stated is not None:
        if len(stated.mean) in (1, depth):
            stated = Normalisation(
                _tuple(_wide(stated.mean, depth)), _tuple(_wide(stated.std, depth))
            )
        else:
            stated = None
    plain = Normalisation((0.0,) * depth, (1.0,) * depth)
    for rule in (stated, plain, _measured(seen, depth)):
        if rule is not None and _holds(rule, seen, probes, depth):
            return rule
    return None


def _band_probes(channels: int) -> dict[str, tuple[int, ...]]:
    return {
        "black": (0,) * channels,
        "white": (255,) * channels,
        "mixed": tuple((37 + 101 * band) % 256 for band in range(channels)),
    }


@contextlib.contextmanager
def generators_as_found() -> Iterator[None]:
    """Put the random generators of Python, NumPy and torch back afterwards."""
    import torch

    with deferred():
        python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002  # the global one
        try:
            with torch.random.fork_rng(devices=[]):
                yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)  # noqa: NPY002  # likewise


def _measured(seen: dict[str, npt.NDArray[np.float64]], depth: int) -> Normalisation | None:
    """Solve the rule from black, white and the primaries; None where colours are mixed."""
    black = seen["black"]
    order: tuple[int, ...] = ()
    gain = seen["white"] - black
    if depth == 3 and "red" in seen:
        mixing = np.stack([seen[name] - black for name in ("red", "green", "blue")], axis=1)
        source = np.abs(mixing).argmax(1)
        if sorted(source) != [0, 1, 2]:
            return None
        gain = mixing[np.arange(3), source]
        order = () if list(source) == [0, 1, 2] else tuple(int(k) for k in source)
    if not (np.abs(gain) > 1e-9).all():
        return None
    return Normalisation(_tuple(-black / gain), _tuple(1 / gain), order)


def _holds(
    rule: Normalisation,
    seen: dict[str, npt.NDArray[np.float64]],
    probes: Mapping[str, tuple[int, ...]],
    depth: int,
) -> bool:
    """Whether the rule undoes every probe to within half a level."""
    order = np.argsort(rule.order) if rule.order else np.arange(depth)
    for name, colour in probes.items():
        undone = (seen[name] * np.array(rule.std) + np.array(rule.mean))[order]
        if depth == len(colour):
            wanted = np.array(colour, dtype=np.float64) / 255
        elif name in ("black", "white"):
            wanted = np.full(depth, colour[0] / 255)
        else:  # how a transform to grey weighs red, green and blue is its own choice
            continue
        if np.abs(undone - wanted).max() > 0.5 / 255:
            return False
    return True


def _centre(run: Callable[[Loaded], Tensor], colour: tuple[int, ...]) -> npt.NDArray[np.float64]:
    flat = np.empty((_SIDE, _SIDE, len(colour)), dtype=np.uint8)
    flat[...] = colour
    x = run(Loaded(flat, "a flat colour"))[0]
    return np.asarray(x[:, x.shape[1] // 2, x.shape[2] // 2].double().cpu().numpy())


def _steps(transform: object) -> Iterator[tuple[tuple[float, ...], tuple[float, ...]]]:
    """Yield (mean, std) of every step that has both, in the order they are applied."""
    mean, std = getattr(transform, "mean", None), getattr(transform, "std", None)
    if mean is not None and std is not None and not callable(mean):
        yield _numbers(mean), _numbers(std)
        return
    inner = getattr(transform, "transforms", None)  # Compose
    if inner is None and hasattr(transform, "children"):  # nn.Sequential
        inner = transform.children()
    for step in inner if isinstance(inner, (Sequence, Iterator)) else ():
        yield from _steps(step)


def _numbers(values: Any) -> tuple[float, ...]:
    return tuple(float(v) for v in np.asarray(values, dtype=np.float64).reshape(-1))


def _wide(values: tuple[float, ...], size: int) -> npt.NDArray[np.float64]:
    return np.broadcast_to(np.array(values, dtype=np.float64), (size,))


def _tuple(values: npt.NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(float(v) for v in values)
