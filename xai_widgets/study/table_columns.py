"""Which column of a table holds pictures, which labels, and what their values are."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from xai_widgets.datasets.labelled import SUFFIXES
from xai_widgets.errors import ExplanationError, brief, some_of

__all__ = ["LABELS", "column_of", "label_column", "opened", "picture_column"]

_PICTURES = ("image", "picture", "img", "path", "file", "filename", "file_name", "image_path")
LABELS = ("label", "class", "target", "fine_label", "category", "labels", "y")


def label_column(names: Iterable[str], picture: str) -> str | None:
    """The name of the column of labels, if there is one."""
    return next((n for n in names if n.casefold() in LABELS and n != picture), None)


def picture_column(columns: Mapping[str, Any], kind: str) -> str:
    """The name of the column that holds pictures, or paths of pictures, or numbers in nested lists.

    Raises ExplanationError where there is none, or where several may be it.
    """
    found = [name for name, column in columns.items() if _holds_pictures(column)]
    if not found:
        found = [name for name, column in columns.items() if _holds_paths(column)]
    if not found:
        found = [name for name, column in columns.items() if _is_nested(_first(column))]
    usual = [name for name in found if name.casefold() in _PICTURES]
    if len(usual) == 1 or len(found) == 1:
        return (usual or found)[0]
    if not found:
        raise ExplanationError(
            f"no column of {kind} holds pictures (arrays, PIL images, bytes) or paths of pictures; "
            f"it has {some_of(columns)}"
        )
    raise ExplanationError(
        f"several columns of {kind} may be the pictures: {some_of(found)}; leave out all but one, "
        'or name it "image"'
    )


def _first(column: Any) -> Any:
    return next((value for value in column if value is not None and value is not np.nan), None)


def _holds_pictures(column: Any) -> bool:
    shape = getattr(column, "shape", None)
    if shape is not None:
        return len(shape) >= 3 or (len(shape) == 1 and _is_picture(_first(column)))
    return _is_picture(_first(column))


def _is_picture(value: Any) -> bool:
    if isinstance(value, Image.Image) or len(getattr(value, "shape", ())) in (2, 3):
        return True
    if isinstance(value, (bytes, bytearray)):
        return True
    return isinstance(value, Mapping) and {"bytes", "path"} & value.keys() != set()


def _is_nested(value: Any, depth: int = 2) -> bool:
    listed = isinstance(value, (list, tuple, np.ndarray)) and len(value) > 0
    return listed and (depth == 1 or _is_nested(value[0], depth - 1))


def _holds_paths(column: Any) -> bool:
    value = _first(column)
    return isinstance(value, os.PathLike) or (
        isinstance(value, str) and os.path.splitext(value)[1].lower() in SUFFIXES
    )


def opened(value: Any) -> Any:
    """A picture as ``images.load`` takes it: the bytes of a file are opened, nested lists are an
    array. Raises ExplanationError for bytes that are no picture, and for lists of several lengths.
    """
    if isinstance(value, Mapping) and ("bytes" in value or "path" in value):
        value = value.get("bytes") or value.get("path")
    if isinstance(value, (bytes, bytearray, memoryview)):
        try:
            return Image.open(io.BytesIO(value))
        except Exception as error:  # Pillow raises nearly every type on a broken file
            raise ExplanationError(
                f"{len(value)} bytes are no picture in a format that Pillow reads"
            ) from error
    dtype = getattr(value, "dtype", None)
    if isinstance(value, (list, tuple)) or getattr(dtype, "hasobject", False):
        return _array_of(value)
    return value


def _array_of(nested: Any) -> npt.NDArray[Any]:
    """Nested lists as an array; whole numbers from 0 to 255 are bytes."""

    def listed(value: Any) -> Any:
        return [listed(v) for v in value] if isinstance(value, (list, tuple, np.ndarray)) else value

    try:
        array = np.asarray(listed(nested))
        if array.dtype == object:
            raise ValueError
    except ValueError as error:
        raise ExplanationError(
            "a picture in nested lists has lists of several lengths, or of no numbers"
        ) from error
    if array.dtype.kind in "iu" and array.size and array.min() >= 0 and array.max() <= 255:
        return array.astype(np.uint8)
    return array


def column_of(values: Any) -> npt.NDArray[Any]:
    """A column of metadata as NumPy: numbers with nan for what is missing, else text with ""."""
    given = [v.item() if isinstance(v, np.generic) else v for v in values]
    missing = [v is None or (isinstance(v, float) and v != v) for v in given]
    there = [v for v, none in zip(given, missing, strict=True) if not none]
    if there and all(isinstance(v, bool) for v in there) and not any(missing):
        return np.array(given, dtype=bool)
    if there and all(isinstance(v, (bool, int, float)) for v in there):
        if not any(missing) and not any(isinstance(v, float) for v in there):
            with_range = np.array(given, dtype=object)
            if max(map(abs, there)) < 2**53:
                return with_range.astype(np.int64)
        return np.array(
            [np.nan if none else float(v) for v, none in zip(given, missing, strict=True)]
        )
    return np.array(["" if none else _text(v) for v, none in zip(given, missing, strict=True)])


def _text(value: Any) -> str:
    return value if isinstance(value, str) else brief(value) if _long(value) else str(value)


def _long(value: Any) -> bool:
    return isinstance(value, (list, tuple, dict, set)) or hasattr(value, "shape")
