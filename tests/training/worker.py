"""What the tests start in processes of its own: a training that may kill itself on the way."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import torch
import torch.distributed as dist
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from tests.training.data import QUICK, network, pictures
from xai_widgets.training import Trainer
from xai_widgets.training.distributed import join, rank_and_count


def work(folder: Path, shards: int, deadly: int | None) -> None:
    """Train; after step `deadly`, once, the last process kills itself."""
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
    if dist.is_initialized():
        dist.destroy_process_group()


def launch(folder: Path, shards: int, deadly: int) -> None:
    """`work` in two processes, started again once if one of them fails: what torchrun
    --max-restarts 1 does, in forks that have everything imported already. Five times importing
    torch takes minutes on a busy machine.
    """
    config = LaunchConfig(
        min_nodes=1, max_nodes=1, nproc_per_node=2, run_id=uuid4().hex, rdzv_backend="c10d",
        rdzv_endpoint="localhost:0", max_restarts=1, monitor_interval=0.1, start_method="fork",
    )  # fmt: skip
    elastic_launch(config, work)(folder, shards, deadly)
