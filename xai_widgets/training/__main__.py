"""Train a classifier for interpretable input gradients.

    python -m xai_widgets.training --dataset cifar100 --model resnet18 --weight 7.5e-3
    python -m xai_widgets.training --dataset fashion_mnist --model small_resnet --arm both
    torchrun --nproc-per-node 2 --max-restarts 3 -m xai_widgets.training --dataset my_pictures/

A run keeps a checkpoint, metrics.csv and, when it is done, network.safetensors with recipe.json in
its folder; the same command continues it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from pathlib import Path

import torch
import torch.distributed as dist
from safetensors.torch import save_file
from tqdm import tqdm

from xai_widgets.datasets import Labelled, dataset
from xai_widgets.errors import ExplanationError
from xai_widgets.files import write_whole
from xai_widgets.probe.memory import keep_memory
from xai_widgets.progress import Progress, with_progress_bar
from xai_widgets.training.distributed import join, rank_and_count
from xai_widgets.training.losses import DISTANCES, REFERENCES
from xai_widgets.training.models import MODELS, build
from xai_widgets.training.passes import STATISTICS
from xai_widgets.training.reports import Report, TensorBoard, write_csv
from xai_widgets.training.trainer import Recipe, Trainer


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a training by the arguments of a command line; 0 if it is finished, 3 if its time ran out
    before that.
    """
    options = _parser().parse_args(arguments)
    if options.threads:
        torch.set_num_threads(options.threads)
    keep_memory()
    device = _join(options.device)
    try:
        recipe = _recipe(options)
        train, test = (dataset(options.dataset, split, options.size) for split in ("train", "test"))
        train, test = (_subset(data, options.subset) for data in (train, test))
        arms = {"regularised": recipe, "baseline": replace(recipe, weight=0.0)}
        until = time.monotonic() + 60 * options.minutes
        for name in reversed(arms) if options.arm == "both" else (options.arm,):
            folder = options.folder or Path("runs", f"{Path(options.dataset).name}-{options.model}")
            if not _arm(options, arms[name], train, test, folder / name, device, until):
                return 3
    except ExplanationError as error:
        print(f"xai_widgets.training: {error}", file=sys.stderr)
        return 2
    finally:
        if dist.is_available() and dist.is_initialized():
            dist.destroy_process_group()
    return 0


def _arm(
    options: argparse.Namespace, recipe: Recipe, train: Labelled, test: Labelled, folder: Path,
    device: torch.device, until: float,
) -> bool:  # fmt: skip
    """Train one network; whether it is finished."""
    channels = train.pixels.shape[3] if train.pixels.ndim == 4 else 1
    network = build(options.model, channels, len(train.class_names), seed=recipe.seed).to(device)
    if options.layout == "channels_last":
        network = network.to(memory_format=torch.channels_last)
    every = options.checkpoint_every
    trainer = Trainer(network, train, test, recipe=recipe, folder=folder, checkpoint_every=every)
    first = rank_and_count()[0] == 0
    if first and trainer.epoch + trainer.step:
        print(f"going on after {trainer.epoch} epochs and {trainer.step} steps", flush=True)
    board = TensorBoard(folder / "tensorboard", trainer.epoch) if first else None
    training = trainer.stream()
    shown: Iterator[Progress[Report]] = training
    if first and sys.stderr.isatty():
        shown = with_progress_bar(training, folder.name)
    for progress in shown:
        report = progress.result
        if report.ends_epoch and first:
            with tqdm.external_write_mode():  # above the bar
                print(f"{folder.name}: {report}", flush=True)
            write_csv(folder / "metrics.csv", trainer.history)
            if board is not None:
                board.add(trainer.history[-1])
        if time.monotonic() > until:
            training.close()
    if trainer.finished and first:
        state = {name: value.contiguous() for name, value in network.state_dict().items()}
        save_file(state, folder / "network.safetensors")
        record = {
            "model": options.model,
            "dataset": Path(options.dataset).name,
            "class_names": list(train.class_names),
            "preprocessing": trainer.preprocessing,
            "recipe": recipe.plain(),
            "history": trainer.history,
            "torch": torch.__version__,
        }
        write_whole(folder / "recipe.json", json.dumps(record, indent=1).encode() + b"\n")
    return trainer.finished


def _recipe(options: argparse.Namespace) -> Recipe:
    recipe = Recipe.one_cycle(options.epochs or 30) if options.recipe == "one_cycle" else Recipe()
    names = {field.name for field in fields(Recipe)}
    given = {n: v for n, v in vars(options).items() if n in names and v is not None}
    return replace(recipe, **{**given, "shards": options.shards or rank_and_count()[1]})


def _subset(data: Labelled, count: int | None) -> Labelled:
    """So many pictures, spread over the data set."""
    if count is None or count >= len(data):
        return data
    step = len(data) // count
    return replace(data, pixels=data.pixels[::step][:count], labels=data.labels[::step][:count])


def _join(wanted: str | None) -> torch.device:
    """The device to train on, after joining the other processes if torchrun started several."""
    name = wanted or ("cuda" if torch.cuda.is_available() else "cpu")
    if "WORLD_SIZE" in os.environ and not dist.is_initialized():
        if name == "cuda":
            name = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
        join("nccl" if name.startswith("cuda") else "gloo")
    device = torch.device(name)
    if device.type == "cuda":
        torch.cuda.set_device(device)
    return device


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m xai_widgets.training",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--dataset", required=True, help="cifar100, fashion_mnist, or a folder of classes")
    add("--model", choices=tuple(MODELS), default="resnet18")
    arms = ("regularised", "baseline", "both")
    add("--arm", choices=arms, default=arms[0], help="baseline: the same with weight 0")
    add("--recipe", choices=("paper", "one_cycle"), default="paper", help="200 epochs, or 30")
    add("--weight", type=float, help="of the regularisation (7.5e-3)")
    add("--error", choices=tuple(DISTANCES))
    add("--reference", choices=tuple(REFERENCES))
    add("--statistics", choices=STATISTICS, help="of BatchNorm, in the two gradients")
    for name in ("epochs", "batch_size", "seed", "crop"):
        add(f"--{name.replace('_', '-')}", type=int)
    for name in ("learning_rate", "weight_decay", "label_smoothing", "rotation", "warm_up"):
        add(f"--{name.replace('_', '-')}", type=float)
    add("--shards", type=int, help="parts of a batch; a multiple of the processes")
    add("--size", type=int, default=32, help="pixels, of a folder's pictures")
    add("--subset", type=int, help="train and test on so many pictures only")
    add("--folder", type=Path, help="where the run is kept (runs/<dataset>-<model>)")
    add("--layout", choices=("contiguous", "channels_last"), default="channels_last")
    add("--device", help="cpu, cuda (where there is one)")
    add("--threads", type=int, help="processor threads of each process")
    add("--checkpoint-every", type=int, metavar="STEPS", help="within an epoch too")
    add("--minutes", type=float, default=float("inf"), help="stop cleanly after so many")
    return parser


if __name__ == "__main__":
    sys.exit(main())
