"""What can be done with study folders without their network: status, verify, merge."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from xai_widgets.errors import ExplanationError
from xai_widgets.study.store import VERDICTS, Store

__all__ = ["faults", "merge", "status"]


def status(store: Store) -> dict[str, Any]:
    """How far a study is: rows done, rows failed, blocks missing, blocks being computed."""
    done = store.done()
    failed = sum(int(store.read_block(n, ["failed"]).tensors["failed"].sum()) for n in done)
    leases = store.folder / "leases"
    held = [p.name for p in leases.iterdir() if p.name.isdecimal()] if leases.is_dir() else []
    rows = sum(len(store.range_of(number)) for number in done)
    return {
        "rows": store.count,
        "done": rows,
        "failed": failed,
        "blocks": store.blocks,
        "missing": store.blocks - len(done),
        "computing": len([name for name in held if int(name) not in done]),
        "method": store.manifest["method"],
        "network": store.manifest.get("name", ""),
    }


def faults(store: Store) -> Iterator[tuple[int, str]]:
    """The blocks that are not whole, each with what is wrong, and its number; everything is read.

    Raises ExplanationError where the manifest or the rows cannot be read.
    """
    store.rows()
    for number in range(store.blocks):
        problem = store.problem(number)
        if problem is None:
            problem = _inside(store, number)
        if problem is not None:
            yield number, problem


def _inside(store: Store, number: int) -> str | None:
    """What is wrong within a block whose columns are there."""
    tensors = store.read_block(number).tensors
    shapes = tensors["map_shape"].astype(np.int64)
    if (shapes < 0).any() or shapes.prod(axis=1).sum() != tensors["map"].size:
        return "has maps of another size than it says"
    ends = tensors["thumbnail_end"]
    if (np.diff(ends, prepend=0) < 0).any() or (
        ends.size and ends[-1] != len(tensors["thumbnail"])
    ):
        return "has thumbnails of another size than it says"
    classes = int(store.manifest["classes"])
    for name in ("prediction", "label"):
        column = tensors[name]
        if column.size and not (column.min() >= -1 and column.max() < classes):
            return f"has a {name} that is none of the {classes} classes"
    there = tensors["failed"] == 0
    if (tensors["prediction"][there] < 0).any():
        return "has rows without a prediction that have not failed"
    return None


def merge(target: Store, others: Sequence[Store]) -> int:
    """Copy blocks that the target lacks from other folders of the same study, and their verdicts;
    return how many blocks were copied. A block that both have must be the same in both.

    Raises ExplanationError for a folder of another study, and for blocks that differ.
    """
    key = target.manifest["key"]
    for other in others:
        if other.folder.resolve() == target.folder.resolve():
            raise ExplanationError(f'"{other.folder}" is to be merged into itself')
        if other.manifest["key"] != key:
            raise ExplanationError(
                f'"{other.folder}" is another study than "{target.folder}" (another network, '
                "method or data); only parts of one study can be merged"
            )
    copied = 0
    for other in others:
        for number in other.done():
            content = other.path_of(number).read_bytes()
            if not target.has(number):
                target.write(f"blocks/{number:05}.safetensors", content)
                copied += 1
            elif _differs(target, other, number):
                raise ExplanationError(
                    f'block {number} of "{other.folder}" differs from that of '
                    f'"{target.folder}"; was one computed by another version? Remove the wrong one'
                )
        _merge_verdicts(target, other)
    return copied


def _differs(one: Store, other: Store, number: int) -> bool:
    """Whether two blocks hold other answers; machines differ in the last digits."""
    a, b = one.read_block(number).tensors, other.read_block(number).tensors
    if any(not np.array_equal(a[n], b[n]) for n in ("label", "failed")):
        return True
    return not np.allclose(a["loss"], b["loss"], rtol=1e-2, atol=1e-3, equal_nan=True)


def _merge_verdicts(target: Store, other: Store) -> None:
    mine, theirs = (_lines(store.folder / VERDICTS) for store in (target, other))
    new = [line for line in theirs if line not in set(mine)]
    if new:
        merged = sorted([*mine, *new], key=_when)
        target.write(VERDICTS, "".join(f"{line}\n" for line in merged).encode())


def _lines(file: Path) -> list[str]:
    if not file.is_file() or file.is_symlink():
        return []
    return [line for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]


def _when(line: str) -> str:
    try:
        return str(json.loads(line).get("time", ""))
    except (ValueError, AttributeError):
        return ""
