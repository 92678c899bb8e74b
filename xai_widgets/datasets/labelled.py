"""Data sets that a machine has, as labelled pictures: any folder of classes, CIFAR-100 and
Fashion-MNIST.

Sources: Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009; Xiao, Rasul and
Vollgraf, Fashion-MNIST, 2017 (arXiv 1708.07747).
"""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from xai_widgets import _torchvision
from xai_widgets.errors import ExplanationError, check_choice, nearest
from xai_widgets.images import load

DATA_VARIABLE = "XAI_WIDGETS_DATA"  # names a folder of data sets
# Of picture files.
SUFFIXES = frozenset([".bmp", ".gif", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp"])
_EVERY = 5  # of each class, every fifth picture is a test picture where the folder is not split
FASHION_CLASSES = ("T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt",
                   "sneaker", "bag", "ankle boot")  # fmt: skip
_SPLITS = {"train": "train", "test": "t10k"}  # with the names of Fashion-MNIST's files
_DEBIAN = Path("/usr/share/datasets/fashion-mnist")  # of the package dataset-fashion-mnist


@dataclass(frozen=True, eq=False)
class Labelled:
    """Pictures (N, H, W) or (N, H, W, C) uint8, their labels (N,), and the names of the classes; a
    sequence of pairs of picture and label.
    """

    pixels: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.integer]
    class_names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, index: int) -> tuple[npt.NDArray[np.uint8], int]:
        return self.pixels[index], int(self.labels[index])


def picture_files(folder: Path) -> list[Path]:
    """The picture files in a folder and its subfolders, in the order of their paths."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)


def class_folder(path: str | os.PathLike[str], split: str = "train", size: int = 32) -> Labelled:
    """The pictures of ``path/<split>/<class>/*``, or, where there is no such split, of
    ``path/<class>/*``, of which a fifth, chosen by the order of their names alone, is "test".

    Each is cropped to the middle square and resized to `size`: (N, size, size, 3). Raises
    ExplanationError where there are not at least two classes, or no pictures.
    """
    root = Path(path)
    folder = root / split if (root / split).is_dir() else root
    classes = sorted(p for p in folder.iterdir() if p.is_dir()) if folder.is_dir() else []
    if len(classes) < 2:
        raise ExplanationError(
            f'"{folder}" holds {len(classes)} folders; expected one for each class, or train and '
            "test with one for each class in both"
        )
    pixels, labels = [], []
    for label, own in enumerate(classes):
        files = picture_files(own)
        if folder == root:
            test = split == "test"
            files = [f for i, f in enumerate(files) if (i % _EVERY == _EVERY - 1) == test]
        for file in files:
            picture = ImageOps.fit(load(file).image(3), (size, size))
            pixels.append(np.asarray(picture, dtype=np.uint8))
            labels.append(label)
    if not pixels:
        raise ExplanationError(f'"{folder}" holds no picture for the split "{split}"')
    return Labelled(np.stack(pixels), np.array(labels), tuple(own.name for own in classes))


def cifar100(split: str = "test") -> Labelled:
    """Return CIFAR-100, (N, 32, 32, 3), of the split "test" or "train".

    It is looked for under $XAI_WIDGETS_DATA as ``cifar100/<split>/<class>.webp`` (the pictures of a
    class below each other in a strip), and there and under "data" as torchvision's download.

    Raises ExplanationError for another split, or where the pictures are missing; it says how to get
    them.
    """
    check_choice("split", split, _SPLITS)
    own = os.environ.get(DATA_VARIABLE)
    if own and (folder := Path(own, "cifar100", split)).is_dir():
        return _strips(folder)
    roots = [root for root in (own, "data") if root and Path(root, "cifar-100-python").is_dir()]
    if not roots:
        raise ExplanationError(
            "CIFAR-100 is not on this machine: get it, in Python, with "
            'torchvision.datasets.CIFAR100("data", download=True), or put it into the folder '
            f"cifar100 under ${DATA_VARIABLE}"
        )
    _torchvision.load()
    from torchvision.datasets import CIFAR100

    data = CIFAR100(roots[0], train=split == "train")
    return Labelled(data.data, np.array(data.targets), tuple(data.classes))


def _strips(folder: Path) -> Labelled:
    files = sorted(folder.glob("*.webp"))
    if not files:
        raise ExplanationError(f'"{folder}" holds no <class>.webp')
    parts = [np.asarray(Image.open(file).convert("RGB")) for file in files]
    pixels = [part.reshape(-1, 32, 32, 3) for part in parts]
    labels = np.repeat(np.arange(len(files)), [len(part) for part in pixels])
    return Labelled(np.concatenate(pixels), labels, tuple(file.stem for file in files))


def fashion(split: str = "test", count: int | None = None) -> Labelled:
    """Return the first `count` pictures of Fashion-MNIST, or all, of the split "test" or "train":
    (N, 28, 28), light on black.

    They are looked for under $XAI_WIDGETS_DATA, in the folder of Debian's package, and in that of
    torchvision's download with root="data". Raises ExplanationError for another split, a damaged
    file, or where the pictures are missing; it says how to get them.
    """
    check_choice("split", split, _SPLITS)
    stem = _SPLITS[split]
    return Labelled(
        _array(_path(f"{stem}-images-idx3-ubyte"), "read_image_file")[:count],
        _array(_path(f"{stem}-labels-idx1-ubyte"), "read_label_file")[:count],
        FASHION_CLASSES,
    )


def _folders() -> Iterator[Path]:
    roots = [Path(folder)] if (folder := os.environ.get(DATA_VARIABLE)) else []
    yield from (root / "fashion-mnist" for root in roots)
    yield _DEBIAN
    yield from (root / "FashionMNIST" / "raw" for root in [*roots, Path("data")])


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
        message = f'"{path}" is no whole IDX file of Fashion-MNIST: {reason}'
        raise ExplanationError(message) from error


_NAMED = {"cifar100": cifar100, "fashion_mnist": fashion}


def dataset(name: str, split: str = "train", size: int = 32) -> Labelled:
    """The data set "cifar100" or "fashion_mnist", or the folder of that name.

    size: of a folder's pictures. Raises ExplanationError for anything else.
    """
    if name in _NAMED:
        return _NAMED[name](split)
    if Path(name).is_dir():
        return class_folder(name, split, size)
    raise ExplanationError(
        f"dataset={name!r} is no folder; expected one, or {' or '.join(map(repr, _NAMED))}."
        + nearest(name, _NAMED)
    )
