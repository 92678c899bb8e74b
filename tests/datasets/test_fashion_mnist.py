"""Fashion-MNIST where it is, and in words where it is not."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

import xai_widgets as xw
from xai_widgets.datasets import labelled as module

PIXELS = np.random.default_rng(0).integers(0, 256, (5, 28, 28), dtype=np.uint8)
LABELS = np.array([3, 1, 4, 1, 9], dtype=np.uint8)


def idx(array: npt.NDArray[np.uint8]) -> bytes:
    return struct.pack(f">{1 + array.ndim}I", 0x800 + array.ndim, *array.shape) + array.tobytes()


@pytest.fixture
def nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine with no Fashion-MNIST, and the folder that the variable names on it."""
    monkeypatch.setattr(module, "_DEBIAN", tmp_path / "debian")
    monkeypatch.setenv(module.DATA_VARIABLE, str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("where", "packed"),
    [("data/fashion-mnist", True), ("debian", True), ("data/FashionMNIST/raw", False)],
)
def test_it_is_found_wherever_it_is_put(nothing: Path, where: str, packed: bool) -> None:
    folder = nothing / where
    folder.mkdir(parents=True)
    for name, array in (("images-idx3", PIXELS), ("labels-idx1", LABELS)):
        raw = idx(array)
        path = folder / f"train-{name}-ubyte{'.gz' * packed}"
        path.write_bytes(gzip.compress(raw) if packed else raw)
    found = xw.demo.fashion("train")
    np.testing.assert_array_equal(found.pixels, PIXELS)
    np.testing.assert_array_equal(found.labels, LABELS)
    assert len(found) == 5
    pixels, label = found[4]
    np.testing.assert_array_equal(pixels, PIXELS[4])
    assert label == 9
    few = xw.demo.fashion("train", 2)
    assert (len(few.pixels), len(few.labels)) == (2, 2)


def test_where_it_is_not_three_ways_to_get_it_are_said(nothing: Path) -> None:
    with pytest.raises(
        xw.ExplanationError, match=r"(?s)t10k-images.*apt install.*torchvision.*XAI_WIDGETS_DATA"
    ):
        xw.demo.fashion()
    with pytest.raises(xw.ExplanationError, match=r"split='tset'.*Did you mean \"test\""):
        xw.demo.fashion("tset")


@pytest.mark.parametrize("raw", [b"", idx(LABELS), idx(PIXELS)[:-3], gzip.compress(b"x" * 99)[:20]])
def test_a_damaged_file_is_named(nothing: Path, raw: bytes) -> None:
    folder = nothing / "data" / "fashion-mnist"
    folder.mkdir(parents=True)
    ending = ".gz" if raw[:2] == b"\x1f\x8b" else ""
    (folder / f"t10k-images-idx3-ubyte{ending}").write_bytes(raw)
    with pytest.raises(xw.ExplanationError, match=r"t10k-images.*no whole IDX file"):
        xw.demo.fashion()
