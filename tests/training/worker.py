"""What the tests start in processes of its own: a training that may kill itself on the way.

python worker.py FOLDER SHARDS [STEP]    # kill -9 in the last process after so many steps, once
"""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import torch

from tests.training.data import QUICK, network, pictures
from xai_widgets.training import Trainer
from xai_widgets.training.distributed import join, rank_and_count


def work(folder: Path, shards: int, deadly: int | None) -> None:
    """Train, and die once."""
    torch.set_num_threads(1)
    if "WORLD_SIZE" in os.environ:
        join("gloo")
    recipe = replace(QUICK, shards=shards)
    trainer = Trainer(
        network(), pictures(), pictures(12, seed=1), recipe=recipe, folder=folder,
        checkpoint_every=2,
    )  # fmt: skip
    died = folder / "died"
    for progress in trainer.stream():
        report = progress.result
        done = report.epoch * report.steps + report.step
        if done == deadly and rank_and_count()[0] == rank_and_count()[1] - 1 and not died.exists():
            died.touch()
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    work(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else None)
