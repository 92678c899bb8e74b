"""Checkpoints that no training wrote: each is refused in words, and changes nothing."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

import xai_widgets as xw
from tests.training.data import QUICK, network, pictures
from xai_widgets.training import Trainer
from xai_widgets.training.checkpoints import StoredProgress
from xai_widgets.training.trainer import CHECKPOINT

SUMS = {"right": 3, "pictures": 16, "seconds": 0.5, "total": 1.5}
EPOCH = {"learning_rate": 0.1, "accuracy": 0.5, "test_accuracy": 0.4, "seconds": 1.0}
SOUND = {"epoch": 1, "step": 2, "sums": SUMS, "history": [{"epoch": 0, **EPOCH}]}


def test_sound_progress_is_taken() -> None:
    found = StoredProgress.of(SOUND, "it", epochs=3, steps=3)
    assert found == StoredProgress(1, 2, SUMS, [{"epoch": 0, **EPOCH}])
    done = {"epoch": 1, "step": 0, "sums": {}, "history": SOUND["history"]}
    assert StoredProgress.of(done, "it", epochs=1, steps=3).epoch == 1


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"step": 10**9}, "its step is 1000000000; expected a whole number from 0 to 2"),
        ({"step": 3}, "its step is 3; expected a whole number from 0 to 2"),
        ({"step": -1}, "its step is -1"),
        ({"step": 1.0}, "its step is 1.0"),
        ({"step": True}, "its step is True"),
        ({"epoch": -1}, "its epoch is -1; expected a whole number from 0 to 3"),
        ({"epoch": 4}, "its epoch is 4"),
        ({"epoch": 3}, "its step is 2; expected a whole number from 0 to 0"),
        ({"epoch": None}, "its epoch is None"),
        ({"sums": {}}, "its sums over 2 steps are {}"),
        ({"step": 0}, "its sums over 0 steps are"),
        ({"sums": {**SUMS, "pictures": "16"}}, "its sums over 2 steps"),
        ({"sums": {**SUMS, "right": float("nan")}}, "its sums over 2 steps"),
        ({"sums": [1, 2]}, "its sums over 2 steps"),
        ({"sums": {**SUMS, "pictures": 0}}, "3 of 0 pictures were right"),
        ({"sums": {**SUMS, "right": 17}}, "17 of 16 pictures were right"),
        ({"history": []}, "expected the numbers of 1 epochs"),
        ({"history": [{**EPOCH, "epoch": 1}]}, "expected the numbers of 1 epochs"),
        ({"history": [{"epoch": 0}]}, "expected the numbers of 1 epochs"),
        ({"history": {"0": EPOCH}}, "expected the numbers of 1 epochs"),
        ({"history": None}, "expected the numbers of 1 epochs"),
    ],
)
def test_progress_that_no_such_training_can_have_made(changed: dict[str, Any], words: str) -> None:
    with pytest.raises(xw.ExplanationError) as error:
        StoredProgress.of({**SOUND, **changed}, '"a.safetensors"', epochs=3, steps=3)
    assert str(error.value).startswith('"a.safetensors" is damaged: ')
    assert words in str(error.value)


def test_a_terms_sum_that_is_not_finite_goes_on() -> None:
    """A loss that diverged is the training's own; its counts are not."""
    sums = {**SUMS, "total": float("nan")}
    assert StoredProgress.of({**SOUND, "sums": sums}, "it", epochs=3, steps=3).step == 2


def trainer(folder: Path) -> Trainer:
    return Trainer(network(), pictures(), pictures(12, seed=1), recipe=QUICK, folder=folder)


def a_checkpoint(folder: Path) -> Path:
    steps = trainer(folder).stream()
    for _ in range(2):
        next(steps)
    steps.close()
    return folder / CHECKPOINT


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (os.mkfifo, "a named pipe"),
        (lambda path: path.mkdir(), "a folder"),
        (lambda path: path.symlink_to("/dev/zero"), "a device"),
        (lambda path: path.symlink_to("nowhere"), "a link to nothing"),
    ],
)
def test_what_is_no_file_is_refused_at_once(tmp_path: Path, make: Any, words: str) -> None:
    make(tmp_path / CHECKPOINT)
    with pytest.raises(xw.ExplanationError, match=f"cannot be read, it is {words}; expected a saf"):
        trainer(tmp_path)


def test_a_step_that_there_is_not_is_refused_with_the_file(tmp_path: Path) -> None:
    path = a_checkpoint(tmp_path)
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118  # no mapping
    progress = {**json.loads(metadata["progress"]), "step": 10**9}
    save_file(tensors, path, {**metadata, "progress": json.dumps(progress)})
    with pytest.raises(xw.ExplanationError, match=rf'{CHECKPOINT}" is damaged: its step is 10000'):
        trainer(tmp_path)


def test_a_sound_checkpoint_is_gone_on_with(tmp_path: Path) -> None:
    a_checkpoint(tmp_path)
    found = trainer(tmp_path)
    assert (found.epoch, found.step) == (0, 2)
    momentum = [each["momentum_buffer"] for each in found.optimizer.state.values()]
    assert len(momentum) == len(list(found.model.parameters()))
    assert all(bool(buffer.isfinite().all()) for buffer in momentum)
    assert torch.count_nonzero(momentum[0]) > 0
