"""What is left of the explorer where no kernel is: a contact sheet, and a page that stays alive."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from xai_widgets.methods import METHODS
from xai_widgets.progress import Progress
from xai_widgets.render import amount, overlay
from xai_widgets.render.card import Card, Cell, Cells, Column, Words
from xai_widgets.study import Study
from xai_widgets.widgets.base.channel import bundle
from xai_widgets.widgets.base.maps import sized
from xai_widgets.widgets.dataset import columns, findings, means, pictures
from xai_widgets.widgets.dataset.wire import ViewsMessage

_ACROSS, _DOWN, _SIDE = 6, 3, 108  # of a still picture
_PAGE_BYTES = 10_500_000  # of pictures in a saved page, which base64 makes a third larger
_PLACED_ROWS = 1000
_SAMPLED = 64
_NEAREST_ROWS = 5000  # of which a saved page knows the nearest
_COMPONENTS_ROWS = 20_000  # whose principal components take seconds

RowNumbers = npt.NDArray[np.int64]


def views_part() -> ViewsMessage:
    """The part of the browser half that not everybody wants, as a module."""
    return {"kind": "views", "data": str(bundle("dataset/views/index.js")).encode()}


def accuracy_of(study: Study) -> float | None:
    """The share that is answered right of the labelled rows so far; None without any."""
    labelled = study.rows["done"] & (study.rows["label"] >= 0)
    return float(study.rows["correct"][labelled].mean()) if labelled.any() else None


def done_of_all(study: Study) -> str:
    """How many pictures have been explained, such as 256 of 1,000."""
    return f"{len(study.done):,} of {study.store.count:,}"


def contact_sheet(
    study: Study, rows: RowNumbers, looks: Mapping[str, Any], *, maps: bool, scale: float
) -> Card:
    """The first pictures that are shown, each with its label or, where that is not the answer, what
    the network takes it for.
    """
    shown = rows[study.rows["done"][rows]][: _ACROSS * _DOWN]
    manifest = study.store.manifest
    method = METHODS.get(str(manifest["method"]))
    accuracy = accuracy_of(study)
    right = "" if accuracy is None else f", {amount(accuracy)} right"
    title = f"{done_of_all(study)} pictures{right}"
    below = " · ".join(
        filter(None, [str(manifest.get("name", "")), method.title if method else ""])
    )
    if not len(shown):
        words = Words("Nothing is computed yet.", muted=False)
        return Card(title, "", [Column(_ACROSS * _SIDE, [words])], below=below)
    signed = bool(method and method.signed)
    cells: list[Cell] = []
    given = zip(study.rows.thumbnails(shown), study.rows.maps(shown), shown, strict=True)
    for content, values, row in given:
        with Image.open(io.BytesIO(content), formats=["JPEG"]) as opened:
            pixels = sized(np.asarray(opened.convert("RGB")), _SIDE * scale)
        if maps and values.size and np.isfinite(values).all():
            pixels = overlay(pixels, values, signed=signed or bool((values < 0).any()), **looks)
        cells.append(Cell(pixels, below=_label_and_answer(study, int(row))))
    across = min(_ACROSS, len(cells))
    lines = [cells[i : i + across] for i in range(0, len(cells), across)]
    sheet = Cells(lines, most=_SIDE)
    width = max(across * (_SIDE + 6) - 6, 420)
    if len(shown) < len(rows):
        title += f" · the first {len(shown)} of {len(rows):,}"
    return Card(title, "", [Column(width, [sheet])], below=below)


def _label_and_answer(study: Study, row: int) -> str:
    """``cat``, or ``cat → dog`` for a cat that is taken for a dog."""
    names = study.class_names
    label, answer = int(study.rows["label"][row]), int(study.rows["prediction"][row])
    words = [names[i] if 0 <= i < len(names) else f"class {i}" for i in (label, answer) if i >= 0]
    return " → ".join(dict.fromkeys(words))


def saved_messages(
    study: Study,
    known: Mapping[str, findings.Found],
    named: Sequence[Any],
    order: RowNumbers,
    *,
    signed: bool,
) -> list[Mapping[str, Any]]:
    """What a browser is sent, for a page without a kernel: columns, what was found, and pictures,
    those that are shown first, as many as a page may have.
    """
    said: list[Mapping[str, Any]] = [
        *columns.given_columns(study),
        *columns.computed_columns(study, sorted(study.rows.finished)),
        columns.verdict_column(study),
        views_part(),
    ]
    found = dict(known)
    quick = len(study.done) <= _NEAREST_ROWS
    # t-SNE of many takes minutes: then it is saved where somebody has looked at it.
    place = "tsne" if len(study.done) <= _PLACED_ROWS or "tsne" in found else "pca"
    makes: dict[str, Callable[[], Iterator[Progress[findings.Found]]]] = {
        reading: partial(findings.read, study, reading)
        for reading in ("slices", "label", "order", *(("copies",) if quick else ()))
    }
    if len(study.done) <= _COMPONENTS_ROWS:
        makes[place] = partial(findings.read, study, place)
    makes["means"] = partial(findings.made, "means", partial(means.means_of, study, signed=signed))
    if quick:
        grouped = partial(means.groups_of, study, study.done, of="features", signed=signed)
        makes["groups"] = partial(findings.made, "groups", grouped)
    for reading, make in makes.items():
        if reading not in found:
            for step in make():
                if step.result is not None and step.result["kind"] != "reading":
                    found[reading] = step.result
    said += found.values()
    if named:
        said.append(findings.named_sets(named, found.values()))
    done = study.rows["done"]
    shown = set(order.tolist())
    rest = [row for row in np.argsort(-np.nan_to_num(study.rows["loss"], nan=-1)).tolist()
            if row not in shown]  # fmt: skip
    wanted = [row for row in [*order.tolist(), *rest] if done[row]]
    kept: list[int] = []
    pages = pictures.Pictures(study)
    light = _are_heavy(pages, wanted, signed=signed)
    size = 0
    while len(kept) < len(wanted) and size < _PAGE_BYTES:
        rows = wanted[len(kept) : len(kept) + pictures.PAGE]
        some = pages.page(rows, signed=signed, light=light)
        size += len(some["data"]) + len(some["maps"]["data"])
        kept += some["rows"]
        said.append(some)
    said += pictures.kept_label_maps(study, kept, signed=signed)
    if quick and len(kept) > 1:
        said.append(pictures.neighbours(study, kept))
    return said


def _are_heavy(pages: pictures.Pictures, rows: Sequence[int], *, signed: bool) -> bool:
    """Whether not all pictures of some rows would be in a saved page, by a sample of them."""
    if len(rows) < 2:
        return False
    places = np.linspace(0, len(rows) - 1, min(_SAMPLED, len(rows))).astype(int)
    some = pages.page([rows[place] for place in places], signed=signed)
    size = len(some["data"]) + len(some["maps"]["data"])
    return size / len(some["rows"]) * len(rows) > _PAGE_BYTES
