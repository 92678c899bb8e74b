"""Files of weights from anywhere: what they hold is known by what is in them, and none is run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save, save_file

from tests.networks import cnn
from xai_widgets.engine import Engine
from xai_widgets.errors import ExplanationError
from xai_widgets.widgets.comparison.checkpoints import read_weights
from xai_widgets.widgets.comparison.networks import with_weights


@pytest.fixture(scope="module")
def weights() -> dict[str, torch.Tensor]:
    return {name: value + 1 for name, value in cnn().state_dict().items()}


def same(found: Any, wanted: dict[str, torch.Tensor]) -> bool:
    return found.keys() == wanted.keys() and all(
        torch.equal(found[name], value) for name, value in wanted.items()
    )


@pytest.mark.parametrize("name", ["a.safetensors", "a.SAFETENSORS", "a.pth", "a", "a.bin"])
def test_safetensors_are_known_by_their_content(
    name: str, weights: dict[str, torch.Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "__version__", "2.5.0+cpu")
    (tmp_path / name).write_bytes(save(weights))
    assert same(read_weights(tmp_path / name), weights)


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("version", ["2.10.0", "2.10.1+cu126", "2.13.0+cpu", "3.0.0a0+git"])
def test_files_of_torch_save_are_read_by_a_torch_without_known_holes(
    version: str, legacy: bool, weights: dict[str, torch.Tensor], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    path = tmp_path / "a.pth"
    torch.save(weights, path, _use_new_zipfile_serialization=not legacy)
    monkeypatch.setattr(torch, "__version__", version)
    assert same(read_weights(path), weights)


@pytest.mark.parametrize("version", ["2.4.0", "2.5.1+cu124", "2.9.1", "unknown"])
def test_files_of_torch_save_are_refused_by_an_older_one(
    version: str, weights: dict[str, torch.Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.pth"
    torch.save(weights, path)
    monkeypatch.setattr(torch, "__version__", version)
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("it was opened"))
    with pytest.raises(ExplanationError, match=f"torch {version.split('+')[0]}.*CVE-2026-24747"):
        read_weights(path)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (os.mkfifo, "is a named pipe"),
        (lambda path: path.mkdir(), "is a folder"),
        (lambda path: path.symlink_to("/dev/zero"), "is a device"),
        (lambda path: path.touch(), r"is empty \(0 bytes\)"),
    ],
)
def test_what_is_no_file_is_refused_at_once(tmp_path: Path, make: Any, words: str) -> None:
    make(tmp_path / "a.pth")
    with pytest.raises(ExplanationError, match=f'a.pth" {words}; expected a file of weights'):
        read_weights(tmp_path / "a.pth")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda w: {"epoch": 3, "state_dict": w}, "pass what it holds as 'state_dict'"),
        (lambda w: {}, "it holds nothing, and no tensors"),
        (lambda w: {name: v * float("nan") for name, v in w.items()}, "that are no numbers"),
        (lambda w: {name: v[:1] for name, v in w.items() if v.ndim}, "does not fit the network"),
        (lambda w: {**w, "further": torch.zeros(2)}, "does not fit the network.*further"),
        (lambda w: list(w.values()), "is a list|is .*; expected a state dict"),
        (
            lambda w: w["0.weight"] if "0.weight" in w else next(iter(w.values())),
            "expected a state",
        ),
    ],
)
def test_weights_that_do_not_fit(
    change: Any, words: str, weights: dict[str, torch.Tensor], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(torch, "__version__", "2.13.0")
    engine = Engine(cnn())
    before = {name: value.clone() for name, value in engine.model.state_dict().items()}
    torch.save(change(weights), tmp_path / "a.pth")
    for given in (tmp_path / "a.pth", change(weights)):
        with pytest.raises(ExplanationError, match=words) as error:
            with_weights(engine, "mine", given)
        assert "checkpoint 'mine'" in str(error.value)
    assert same(engine.model.state_dict(), before)


def test_a_file_that_fits_is_another_network(
    weights: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    save_file(weights, tmp_path / "a.safetensors")
    engine = Engine(cnn())
    for path in (str(tmp_path / "a.safetensors"), os.fsencode(tmp_path / "a.safetensors")):
        made = with_weights(engine, "mine", path)
        assert made.name == "mine"
        assert same(made.model.state_dict(), weights)
