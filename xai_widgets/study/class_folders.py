"""A folder with one folder for each class."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from xai_widgets.datasets.labelled import SUFFIXES, picture_files
from xai_widgets.errors import ExplanationError
from xai_widgets.study.source import Source, digest_of

__all__ = ["from_folder"]

SPLITS = ("train", "training", "test", "testing", "val", "valid", "validation", "dev", "eval")


def from_folder(root: Path) -> Source:
    """The pictures of a folder with one folder for each class, or with splits of these, or without
    either. Raises ExplanationError where there are none, or where their classes cannot be told.
    """
    if not root.is_dir():
        what = "is a file" if root.exists() else "does not exist"
        raise ExplanationError(
            f'data is "{root}", which {what}; expected a folder with one folder for each class'
            + _way_out(root)
        )
    folders = _folders(root)
    splits = [f for f in folders if f.name.casefold() in SPLITS]
    if folders and len(splits) == len(folders) and any(_folders(f) for f in splits):
        parts = [(f.name, *_classes(f)) for f in splits]
    else:
        parts = [("", *_classes(root))]
    files = [file for _, own, _ in parts for file in own]
    labels = [label for _, _, named in parts for label in named]
    keys = [file.relative_to(root).as_posix() for file in files]
    columns = {}
    if parts[0][0]:
        columns["split"] = np.array([split for split, own, _ in parts for _ in own])
    named = any(label is not None for label in labels)
    names = sorted({label for label in labels if label is not None})
    return Source(
        len(files),
        lambda row: (files[row], None),
        keys,
        f'the folder "{root}"',
        labels if named else None,
        names if named else None,
        columns,
        digest_of(keys, labels, [file.stat().st_size for file in files]),
        root,
    )


def _way_out(root: Path) -> str:
    readers = {".csv": "read_csv", ".tsv": "read_table", ".json": "read_json"}
    reader = readers.get(root.suffix.lower())
    return "" if reader is None else f", or a table: pandas.{reader}(...)"


def _folders(root: Path) -> list[Path]:
    return sorted(p for p in root.iterdir() if p.is_dir() and not p.name.startswith((".", "__")))


def _classes(root: Path) -> tuple[list[Path], list[str | None]]:
    """The pictures of a folder with one folder for each class, and each one's class; None where the
    pictures lie in the folder itself.
    """
    loose = sorted(p for p in root.iterdir() if p.is_file() and p.suffix.lower() in SUFFIXES)
    own = {f.name: _visible(picture_files(f), f) for f in _folders(root)}
    found = [(file, name) for name, files in own.items() for file in files]
    if loose and found:
        raise ExplanationError(
            f'"{root}" holds pictures ("{loose[0].name}") beside folders of pictures '
            f'("{found[0][1]}"), so it cannot be told which class they are of; move them into a '
            "folder, or pass a list of paths"
        )
    if not loose and not found:
        raise ExplanationError(
            f'"{root}" holds no pictures: no file ends in {", ".join(sorted(SUFFIXES))}'
        )
    if loose:
        return loose, [None] * len(loose)
    return [file for file, _ in found], [name for _, name in found]


def _visible(files: list[Path], root: Path) -> list[Path]:
    return [
        file
        for file in files
        if not any(part.startswith((".", "__")) for part in file.relative_to(root).parts)
        and file.is_file()
    ]
