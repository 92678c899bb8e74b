"""Fashion-MNIST: 70,000 grey pictures of clothes, 28 x 28 pixels, where the machine has them.

Source: Xiao, Rasul and Vollgraf, Fashion-MNIST, 2017 (arXiv 1708.07747).
"""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy.typing as npt

from xai_widgets import _torchvision
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
_DEBIAN = Path("/usr/share/datasets/fashion-mnist")  # of the package dataset-fashion-mnist


def fashion(split: str = "test", count: int | None = None) -> Labelled:
    """Return the first `count` pictures of Fashion-MNIST, or all, of the split "test" or "train":
    (N, 28, 28), light on black.

    They are looked for under $XAI_WIDGETS_DATA, in the folder of Debian's package, and in that of
    torchvision's download with root="data". Raises ExplanationError for another split, a damaged
    file, or where the pictures are missing; it says how to get them.
    """
    if split not in SPLITS:
        raise ExplanationError(
            f'split={split!r}; expected "test" or "train".{nearest(split, SPLITS)}'
        )
    stem = SPLITS[split]
    return Labelled(
        _array(_path(f"{stem}-images-idx3-ubyte"), "read_image_file")[:count],
        _array(_path(f"{stem}-labels-idx1-ubyte"), "read_label_file")[:count],
        CLASS_NAMES,
    )


def _folders() -> Iterator[Path]:
    roots = [Path(folder)] if (folder := os.environ.get(DATA_VARIABLE)) else []
    for root in roots:
        yield root / "fashion-mnist"
    yield _DEBIAN
    for root in [*roots, Path("data")]:
        yield root / "FashionMNIST" / "raw"


def _path(name: str) -> Path:
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


def _array(path: Path, reader: str) -> npt.NDArray[Any]:
    """The content of an IDX file, by torchvision's function of that name."""
    _torchvision.load()
    from torchvision.datasets import mnist

    try:
        with TemporaryDirectory() as folder:
            plain = path
            if path.suffix == ".gz":  # the reader takes plain files only
                plain = Path(folder, path.stem)
                plain.write_bytes(gzip.decompress(path.read_bytes()))
            array: npt.NDArray[Any] = getattr(mnist, reader)(plain).numpy()
            return array
    except Exception as error:  # the reader raises nearly every type for a broken file
        reason = str(error) or type(error).__name__
        raise ExplanationError(
            f'"{path}" is no whole IDX file of Fashion-MNIST: {reason}'
        ) from error
