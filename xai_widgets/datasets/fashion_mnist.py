"""Fashion-MNIST: 70,000 grey pictures of clothes, 28 x 28 pixels, where the machine has them.

Source: Xiao, Rasul and Vollgraf, Fashion-MNIST, 2017 (arXiv 1708.07747).
"""

from __future__ import annotations

import gzip
import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from xai_widgets.datasets.labelled import DATA_VARIABLE, Labelled
from xai_widgets.errors import ExplanationError, nearest

CLASS_NAMES = (
    "T-shirt/top",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
)
SPLITS = {"train": "train", "test": "t10k"}
_DEBIAN = Path("/usr/share/datasets/fashion-mnist")  # where the package dataset-fashion-mnist is
_PICTURES, _LABELS = 0x803, 0x801  # the first four bytes of IDX files


def fashion(split: str = "test", count: int | None = None) -> Labelled:
    """Return the first `count` pictures of Fashion-MNIST, or all, of the split "test" or "train":
    (N, 28, 28), light on black.

    They are looked for under $XAI_WIDGETS_DATA, where Debian's package puts them, and where
    torchvision downloads them to with root="data".

    Raises:
        ExplanationError: there is no such split, or the pictures are nowhere; it says how to get
        them.
    """
    if split not in SPLITS:
        raise ExplanationError(
            f'split={split!r}; expected "test" or "train".{nearest(split, SPLITS)}'
        )
    stem = SPLITS[split]
    return Labelled(
        _array(_found(f"{stem}-images-idx3-ubyte"), _PICTURES)[:count],
        _array(_found(f"{stem}-labels-idx1-ubyte"), _LABELS)[:count],
        CLASS_NAMES,
    )


def _folders() -> Iterator[Path]:
    roots = [Path(folder)] if (folder := os.environ.get(DATA_VARIABLE)) else []
    for root in roots:
        yield root / "fashion-mnist"
    yield _DEBIAN
    for root in [*roots, Path("data")]:
        yield root / "FashionMNIST" / "raw"


def _found(name: str) -> Path:
    for folder in _folders():
        for path in (folder / name, folder / f"{name}.gz"):
            if path.is_file():
                return path
    raise ExplanationError(
        f"Fashion-MNIST is not on this machine: {name} is in none of "
        f"{', '.join(str(folder) for folder in _folders())}. Get it with: apt install "
        "dataset-fashion-mnist, or in Python: "
        'torchvision.datasets.FashionMNIST("data", download=True), '
        f"or put its files into the folder fashion-mnist under ${DATA_VARIABLE}"
    )


def _array(path: Path, magic: int) -> npt.NDArray[np.uint8]:
    """What an IDX file of bytes holds."""
    try:
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        (kind,) = struct.unpack(">I", raw[:4])
        shape = struct.unpack(f">{magic & 0xFF}I", raw[4 : 4 + 4 * (magic & 0xFF)])
        if kind != magic:
            raise ValueError(f"it starts with {kind:#x}, not {magic:#x}")
        values = np.frombuffer(raw, np.uint8, offset=4 + 4 * len(shape))
        array: npt.NDArray[np.uint8] = values.reshape(shape).copy()  # one that may be written to
        return array
    except (OSError, EOFError, ValueError, struct.error, zlib.error) as error:
        raise ExplanationError(
            f'"{path}" is no whole IDX file of Fashion-MNIST: {error}'
        ) from error
