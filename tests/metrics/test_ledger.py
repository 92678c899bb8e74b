"""The file of an evaluation: what is a measurement is taken from it, and nothing else."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from xai_widgets.errors import ExplanationError
from xai_widgets.metrics.ledger import Ledger

SOUND = {"key": "a", "value": 0.25, "target": "cat", "warnings": ["of few pixels"]}


def written(folder: Path, *entries: object) -> Path:
    path = folder / "values.jsonl"
    lines = [entry if isinstance(entry, str) else json.dumps(entry) for entry in entries]
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


@pytest.mark.parametrize("value", [0.25, 0, -3, 1, 1e300, float("inf")])
def test_what_is_a_measurement_is_taken(tmp_path: Path, value: float) -> None:
    ledger = Ledger(written(tmp_path, {**SOUND, "value": value}))
    assert ledger.get("a") == {**SOUND, "value": value}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("key", ["a"]), ("key", {"a": 1}), ("key", 1), ("value", "0.5"), ("value", [0.5]),
        ("value", True), ("value", None), ("value", 10**400), ("target", None), ("target", 3),
        ("warnings", "no"), ("warnings", [3]), ("warnings", {"a": "b"}),
    ],
)  # fmt: skip
def test_what_is_none_counts_as_absent(tmp_path: Path, field: str, value: Any) -> None:
    other = {**SOUND, "key": "b"}
    ledger = Ledger(written(tmp_path, {**SOUND, field: value}, other))
    assert ledger.get("a") is None
    assert ledger.get("b") == other
    assert ledger.put("a", value=0.5, target="dog") == {"key": "a", "value": 0.5, "target": "dog"}
    assert Ledger(tmp_path / "values.jsonl").get("a") == ledger.get("a")


@pytest.mark.parametrize(
    "line",
    [
        '{"key": "a", "value": 1e400, "target": "cat"}', '{"key": "a"}', '{"key":' * 100_000,
        '{"key": "a", "value": ' + "9" * 5000 + ', "target": "cat"}', "[" * 50_000, "\0\0", "5",
        '{"key": "a", "value": 1, "target": "' + "x" * 2**21 + '"}',
    ],
    ids=lambda line: line[:30],
)  # fmt: skip
def test_a_line_that_cannot_be_read_is_passed_over(tmp_path: Path, line: str) -> None:
    path = written(tmp_path, {**SOUND, "key": "b"}, line, {**SOUND, "key": "c"})
    content = path.read_bytes()
    ledger = Ledger(path)
    assert ledger.get("a") is None
    assert ledger.get("b") is not None
    assert ledger.get("c") is not None
    assert path.read_bytes() == content


def test_an_end_that_a_kill_left_is_cut_off_however_long(tmp_path: Path) -> None:
    path = written(tmp_path, SOUND)
    whole = path.read_bytes()
    for end in (b"{", b'{"key": "b", "value": 1', b'{"key": "' + b"x" * 2**21):
        path.write_bytes(whole + end)
        assert Ledger(path).get("a") == SOUND
        assert path.read_bytes() == whole


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: path.mkdir(), "is a folder"),
        (os.mkfifo, "is a named pipe"),
        (lambda path: path.symlink_to("/dev/null"), "is a device"),
        (lambda path: path.symlink_to(path.name), "is a link that leads back to itself"),
    ],
)
def test_what_is_no_file_is_refused_at_once(tmp_path: Path, make: Any, words: str) -> None:
    path = tmp_path / "values.jsonl"
    make(path)
    with pytest.raises(ExplanationError, match=f"values.jsonl.*cannot be used: it {words}"):
        Ledger(path)


def test_a_path_with_a_nul_is_refused() -> None:
    with pytest.raises(ExplanationError, match=r"resume is 'a\\x00b', which has a NUL in it"):
        Ledger("a\0b")


def test_a_value_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    path = tmp_path / "runs" / "values.jsonl"
    ledger = Ledger(path)
    path.unlink()
    path.mkdir()
    with pytest.raises(ExplanationError, match=r"values.jsonl\", which cannot be used: .*direct"):
        ledger.put("a", value=1.0, target="cat")
    assert ledger.get("a") is None
