"""Where a study's pictures come from: a folder of classes, lists, arrays, data sets, tables."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from xai_widgets.errors import ExplanationError, a_kind, brief
from xai_widgets.study.class_folders import from_folder
from xai_widgets.study.labels import plain_label, plain_labels
from xai_widgets.study.parquet import from_parquet, parquet_files
from xai_widgets.study.source import Source, digest_of, file_size
from xai_widgets.study.table_columns import opened
from xai_widgets.study.tables import Table, is_table, table_of

__all__ = ["source_of"]


def source_of(data: Any, labels: Any = None) -> Source:
    """The pictures that ``data`` are: the path of a folder with one folder for each class (or with
    train and test, and one for each class in both); a list of paths, arrays, PIL images or pairs of
    picture and label; an array or tensor (N, ...); a pair ``(pictures, labels)``; a torch Dataset;
    a Hugging Face dataset, or several by split; a dataframe or mapping with a column of pictures,
    or the path of Parquet files with one.

    Raises ExplanationError for anything else, for no pictures, or for more or fewer labels.
    """
    if isinstance(data, Source):
        return data
    if isinstance(data, tuple) and len(data) == 2 and labels is None and _are_several(data[0]):
        data, labels = data
        if labels is None:
            raise ExplanationError("data is (pictures, None); expected (pictures, labels)")
    elif isinstance(data, tuple) and len(data) == 2 and labels is None and _is_named(data):
        data, labels = data
    if labels is None and (files := parquet_files(data)):
        path = None if isinstance(data, (list, tuple)) else Path(data).expanduser()
        return _checked(replace(_of_table(from_parquet(files)), path=path))
    if isinstance(data, (str, os.PathLike)):
        if labels is not None:
            raise ExplanationError(
                f"data is the path {os.fspath(data)!r} and a list of labels, whose order cannot be "
                "told; expected (list of paths, labels), or a folder with one folder per class"
            )
        return _checked(from_folder(Path(data).expanduser()))
    if is_table(data):
        return _checked(_of_table(table_of(data)))
    if hasattr(data, "pixels") and hasattr(data, "class_names") and hasattr(data, "labels"):
        source = _several(data.pixels, data.labels, tuple(data.class_names))
        return _checked(source)
    if labels is None and _is_dataset(data):
        return _checked(_dataset(data))
    if isinstance(data, (list, tuple)) and labels is None and _are_pairs(data):
        pictures, labels = [item[0] for item in data], [item[1] for item in data]
        return _checked(_several(pictures, labels))
    if isinstance(data, (list, tuple)) and labels is None and _are_drawn(data):
        return _checked(_several([d.pixels for d in data], [d.label for d in data]))
    if _are_several(data):
        return _checked(_several(data, labels))
    raise ExplanationError(
        f"data is {brief(data)}; expected the path of a folder with one folder for each class, a "
        "list of pictures, (pictures, labels), a torch Dataset, a Hugging Face dataset, or a "
        "dataframe with a column of pictures" + _way_out(data)
    )


def _way_out(data: Any) -> str:
    kind = a_kind(data)
    kind = kind[0].upper() + kind[1:]
    if hasattr(data, "dataset") and hasattr(data, "batch_size"):
        return ". This is a DataLoader, which gives batches: pass its dataset, loader.dataset"
    if hasattr(data, "collect"):
        return f". {kind} has no rows yet: pass data.collect()"
    if hasattr(data, "__iter__") and not hasattr(data, "__len__"):
        return f". {kind} has no length and no order: pass list(data)"
    return ""


def _checked(source: Source) -> Source:
    if source.count == 0:
        raise ExplanationError(f"{source.kind} holds no pictures; a study needs at least one")
    if source.labels is not None and len(source.labels) != source.count:
        raise ExplanationError(
            f"there are {len(source.labels)} labels for {source.count} pictures; expected one each"
        )
    for name, column in source.columns.items():
        if len(column) != source.count:
            raise ExplanationError(
                f"the column {name!r} has {len(column)} entries for {source.count} pictures"
            )
    return source


# Lists, arrays and tensors.


def _are_several(data: Any) -> bool:
    if isinstance(data, (list, tuple)):
        return True
    return len(getattr(data, "shape", ())) >= 3 and not isinstance(data, type)


def _is_named(pair: Any) -> bool:
    """Whether it is a path and a list of labels."""
    path, labels = pair
    if not isinstance(path, (str, os.PathLike)):
        return False
    listed = isinstance(labels, (list, tuple)) or len(getattr(labels, "shape", ())) == 1
    return listed and len(labels) > 0 and all(np.isscalar(label) for label in labels)


def _are_pairs(items: Sequence[Any]) -> bool:
    return bool(items) and all(
        isinstance(item, (tuple, list)) and len(item) == 2 and not _is_label(item[0])
        for item in items
    )


def _is_label(value: Any) -> bool:
    return isinstance(value, (int, float, np.number)) or value is None


def _are_drawn(items: Sequence[Any]) -> bool:
    return bool(items) and all(hasattr(d, "pixels") and hasattr(d, "label") for d in items)


def _several(pictures: Any, labels: Any, names: Sequence[str] | None = None) -> Source:
    shape: Any = getattr(pictures, "shape", None)
    if shape is not None and len(shape) == 3 and {shape[0], shape[-1]} & {1, 2, 3, 4}:
        raise ExplanationError(
            f"data is one picture, {brief(pictures)}; a study takes several: (N, H, W), "
            "(N, H, W, C) or (N, C, H, W), or a list of pictures"
        )
    count = len(pictures)
    paths = shape is None and all(isinstance(p, (str, os.PathLike)) for p in pictures)
    if paths:
        keys = [os.fspath(p) for p in pictures]
        seen: list[Any] = [file_size(key) for key in keys]
    else:
        keys = [str(row) for row in range(count)]
        seen = [_content(pictures)] if shape is not None else [_content(p) for p in pictures]
    own = None if labels is None else plain_labels(labels)
    return Source(
        count,
        lambda row: (pictures[row], None),
        keys,
        "the list of pictures" if shape is None else brief(pictures),
        own,
        names,
        digest=digest_of(keys, own, *seen),
    )


def _content(picture: Any) -> Any:
    """What a checksum is made of: the numbers of an array, else what kind of thing it is."""
    if isinstance(picture, Mapping):
        picture = picture.get("bytes") or picture.get("path")
    if isinstance(picture, (list, tuple)) or getattr(picture, "dtype", None) == np.dtype(object):
        try:
            return opened(picture)
        except ExplanationError:  # said of the row, when it is read
            return repr(picture)
    if isinstance(picture, np.ndarray):
        return picture
    if hasattr(picture, "detach"):
        return picture.detach().cpu().float().numpy()
    if hasattr(picture, "tobytes") and hasattr(picture, "mode"):
        return np.frombuffer(picture.tobytes(), np.uint8)
    if isinstance(picture, (bytearray, memoryview)):
        return bytes(picture)
    if isinstance(picture, (str, bytes, os.PathLike)):
        return os.fspath(picture)
    return a_kind(picture)


# Data sets of torch and torchvision.


def _is_dataset(data: Any) -> bool:
    return (
        hasattr(data, "__getitem__")
        and hasattr(data, "__len__")
        and not isinstance(data, (list, tuple, Mapping, str))
        and not hasattr(data, "shape")
    )


def _dataset(data: Any) -> Source:
    files = getattr(data, "samples", None) or getattr(data, "imgs", None)
    labels = None
    for name in ("targets", "labels", "_labels"):
        found = getattr(data, name, None)
        if found is not None and hasattr(found, "__len__") and len(found) == len(data):
            labels = plain_labels(found)
            break
    names = getattr(data, "classes", None)
    if names is not None and not all(isinstance(name, str) for name in names):
        # torchvision's ImageNet has several names for each class.
        names = [", ".join(name) if isinstance(name, tuple) else str(name) for name in names]
    keys = [str(row) for row in range(len(data))]
    if files is not None and len(files) == len(data):
        root = getattr(data, "root", None)
        keys = [_within(item[0] if isinstance(item, tuple) else item, root) for item in files]
    kind = f"the {type(data).__name__}"
    return Source(
        len(data),
        lambda row: _item(data[row], row, kind),
        keys,
        kind,
        labels,
        names,
        digest=digest_of(type(data).__name__, keys, labels, _drawn_anew(data)),
        warnings=_augmented(data),
        threads=False,
        labels_come_later=labels is None,
    )


def _drawn_anew(data: Any) -> str:
    transform = getattr(data, "transform", None)
    return "" if transform is None else " ".join(type(transform).__name__.split())


def _augmented(data: Any) -> tuple[str, ...]:
    """A sentence where the data set draws its pictures at random."""
    transform = getattr(data, "transform", None)
    parts = getattr(transform, "transforms", [transform])
    drawn = [type(p).__name__ for p in parts if "Random" in type(p).__name__ or _jitters(p)]
    if not drawn:
        return ()
    return (
        f"The data set changes its pictures at random ({', '.join(drawn)}), so each reading gives "
        "another picture; give the study a data set without that.",
    )


def _jitters(part: Any) -> bool:
    return type(part).__name__ in ("ColorJitter", "AutoAugment", "TrivialAugmentWide", "AugMix")


def _within(path: Any, root: Any) -> str:
    file = Path(os.fspath(path))
    if root is not None and file.is_relative_to(Path(os.fspath(root))):
        return file.relative_to(Path(os.fspath(root))).as_posix()
    return str(path)


_PICTURE_KEYS = ("image", "img", "pixel_values", "picture", "x", "input")
_LABEL_KEYS = ("label", "labels", "target", "class", "y", "fine_label")


def _item(item: Any, row: int, kind: str) -> tuple[object, object]:
    """The picture and the label of what a data set gives for a row."""
    if isinstance(item, Mapping):
        picture = next((item[key] for key in _PICTURE_KEYS if key in item), None)
        if picture is None:
            raise ExplanationError(
                f"{kind} gives {', '.join(map(str, item))} for row {row}, none of which is one of "
                f"{', '.join(_PICTURE_KEYS)}; wrap it in a Dataset that gives (picture, label)"
            )
        label = next((item[key] for key in _LABEL_KEYS if key in item), None)
        return picture, plain_label(label)
    if isinstance(item, (tuple, list)):
        if len(item) == 1:
            return item[0], None
        # A list of numbers is a target of another kind, said in words by `plain_label`.
        return item[0], plain_label(item[1])
    return item, None


# Tables.


def _of_table(table: Table) -> Source:
    pictures = table.pictures
    labels = None if table.labels is None else plain_labels(table.labels)
    count = len(pictures)
    paths = [table.key(row) for row in range(count)] if count and table.has_keys else None
    keys = paths or [str(row) for row in range(count)]
    held = None if isinstance(pictures, range) else pictures  # else they are read when wanted
    told: list[Any] = [] if table.stamp is None else [table.stamp]
    if held is not None:
        told += map(_content, held) if paths is None else map(file_size, paths)
    named = [(name, column.tolist()) for name, column in table.columns.items()]
    return Source(
        count,
        lambda row: (table.picture(row), None),
        keys,
        table.kind,
        labels,
        table.label_names,
        table.columns,
        digest_of(keys, labels, *named, *told),
        threads=table.threads or held is not None,
    )
