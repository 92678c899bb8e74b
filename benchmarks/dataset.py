"""A whole data set at full speed, and what the engine costs over the bare network.

    XAI_WIDGETS_DATA=... python benchmarks/dataset.py       200 photographs, about ten minutes
    ... python benchmarks/dataset.py --photographs 40 --rounds 1

Four tables, each measured in turns in one run, medians:

- `dataset`: Grad-CAM and saliency of every photograph for its own top class with
  EfficientNet-Lite0, beside the decoding alone, the bare network's best batches alone, and torchcam
  and pytorch-grad-cam in their best batches, decoding included.
- `one_picture`: Grad-CAM of a picture never seen before, beside a forward and a backward of the
  head, and torchcam.
- `staleness`: looking whether the network is as it was, beside one forward.
- `peak_mb`: the peak memory of a process that explains them, over one that only runs the network.

Photographs are the ImageNet ones under XAI_WIDGETS_DATA; without them, the demo's are taken again
and again.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import torch
from keeping import keep
from peers import Bench, provenance
from torch import Tensor, nn

import xai_widgets as xw
from xai_widgets._torchvision import load as torchvision

Run = Callable[[], Any]
Steps = Callable[[], Iterator[None]]  # one for each photograph, in the order of the files
_BLOCK = 40  # photographs: what is compared ran within half a minute
_LAYOUTS = (torch.contiguous_format, torch.channels_last)


def photographs(count: int) -> list[Path]:
    """Files of photographs, from the data folder or the demo's."""
    folder = os.environ.get("XAI_WIDGETS_DATA")
    files = sorted(Path(folder).rglob("*.jp*g")) if folder else []
    if not files:
        files = [xw.demo.photo(name) for name in xw.demo.photos()]
    return list(islice(cycle(files), count))


def batched(items: Iterable[Any], size: int) -> Iterable[list[Any]]:
    items = iter(items)
    while batch := list(islice(items, size)):
        yield batch


def done(photographs: Sized) -> Iterator[None]:
    """A step for each of the photographs of a batch."""
    yield from (None for _ in range(len(photographs)))


class DataSet:
    """The photographs, and everything that runs over all of them."""

    def __init__(self, count: int) -> None:
        self.bench = Bench()
        self.files = photographs(count)
        self.x = torch.cat([self.bench.engine.input(file) for file in self.files])

    def decoding(self) -> Iterator[None]:
        for file in self.files:
            yield from done([self.bench.engine.picture(file)])

    def forwards(self, batch: int, layout: torch.memory_format) -> Steps:
        def run() -> Iterator[None]:
            for x in self.x.split(batch):
                with torch.no_grad():
                    self.bench.model(x.contiguous(memory_format=layout))
                yield from done(x)

        return run

    def backwards(self, batch: int, layout: torch.memory_format) -> Steps:
        def run() -> Iterator[None]:
            for part in self.x.split(batch):
                x = part.clone(memory_format=layout).requires_grad_()
                torch.autograd.grad(self.bench.model(x).amax(1).sum(), x)
                yield from done(part)

        return run

    def ours(self, method: str) -> Steps:
        given = {"layer": self.bench.layer} if method == "grad_cam" else {}

        def run() -> Iterator[None]:
            for found in self.bench.engine.explain_many(self.files, method, **given):
                yield from done([found])

        return run

    def torchcam(self, batch: int) -> Steps:
        from torchcam.methods import GradCAM

        def run() -> Iterator[None]:
            for files in batched(self.files, batch):
                with GradCAM(self.bench.model, self.bench.layer) as cam:
                    x = torch.cat([self.bench.engine.input(file) for file in files])
                    scores = self.bench.model(x.requires_grad_())
                    cam(scores.argmax(1).tolist(), scores)
                yield from done(files)

        return run

    def pytorch_grad_cam(self, batch: int) -> Steps:
        from pytorch_grad_cam import GradCAM

        module = self.bench.model.get_submodule(self.bench.layer)

        def run() -> Iterator[None]:
            for files in batched(self.files, batch):
                with GradCAM(self.bench.model, [module]) as cam:
                    cam(torch.cat([self.bench.engine.input(file) for file in files]), None)
                yield from done(files)

        return run

    def runs(self) -> dict[str, Steps]:
        bare = [(size, layout) for size in (4, 8) for layout in _LAYOUTS]
        return {
            "decoding": self.decoding,
            **{f"forwards {s} {_name(how)}": self.forwards(s, how) for s, how in bare},
            **{f"backwards {s} {_name(how)}": self.backwards(s, how) for s, how in bare},
            "grad_cam": self.ours("grad_cam"),
            "saliency": self.ours("saliency"),
            **{f"torchcam {size}": self.torchcam(size) for size in (4, 8)},
            **{f"pytorch-grad-cam {size}": self.pytorch_grad_cam(size) for size in (4, 8)},
        }


def _name(layout: torch.memory_format) -> str:
    return str(layout).removeprefix("torch.")


def in_turns(runs: dict[str, Run], rounds: int) -> dict[str, float]:
    """Median seconds of each; a first turn warms up and does not count."""
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for turn in range(rounds + 1):
        for name, run in runs.items():
            started = time.perf_counter()
            run()
            if turn:
                taken[name].append(time.perf_counter() - started)
    return {name: statistics.median(values) for name, values in taken.items()}


def in_blocks(runs: dict[str, Steps], count: int, rounds: int) -> dict[str, float]:
    """The same of runs over all photographs, which take turns within each: one block of
    photographs, then the next run's, so that a slow minute of the machine is every run's.
    """
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for turn in range(rounds + 1):
        steps = {name: run() for name, run in runs.items()}
        seconds = dict.fromkeys(runs, 0.0)
        for first in range(0, count if turn else _BLOCK, _BLOCK):
            for name, of_run in steps.items():
                started = time.perf_counter()
                for _ in islice(of_run, min(_BLOCK, count - first)):
                    pass
                seconds[name] += time.perf_counter() - started
        for name in runs if turn else ():
            taken[name].append(seconds[name])
    return {name: statistics.median(values) for name, values in taken.items()}


def data_set(count: int, rounds: int) -> dict[str, Any]:
    taken = in_blocks(DataSet(count).runs(), count, rounds)
    best = {
        who: min(seconds for name, seconds in taken.items() if name.startswith(who))
        for who in ("forwards", "backwards", "torchcam", "pytorch-grad-cam")
    }
    return {
        "ms_a_picture": {name: round(1000 * s / count, 2) for name, s in taken.items()},
        "grad_cam_over_decoding_and_forwards": round(
            taken["grad_cam"] / (taken["decoding"] + best["forwards"]), 3
        ),
        "saliency_over_decoding_and_backwards": round(
            taken["saliency"] / (taken["decoding"] + best["backwards"]), 3
        ),
        "times_faster_than": {
            who: round(best[who] / taken["grad_cam"], 2) for who in ("torchcam", "pytorch-grad-cam")
        },
    }


def one_picture(rounds: int) -> dict[str, Any]:
    bench = Bench()
    pictures = iter([bench.engine.picture(file) for file in photographs(20 * (rounds + 1))])
    shown = [bench.engine.picture(file) for file in photographs(20)]
    bench.engine.explain(shown[0], "grad_cam", layer=bench.layer)  # learns what the network is like

    def ours() -> None:
        for picture in islice(pictures, 20):
            bench.engine.explain(picture, "grad_cam", layer=bench.layer)
            bench.engine.forget()

    def head() -> None:
        for picture in shown:
            x = picture.input.contiguous(memory_format=torch.channels_last)
            with torch.no_grad():
                a = bench.model.rectifier(bench.model.trunk(x))
            a.requires_grad_()
            scores = bench.model.fc(a.mean((2, 3)))
            torch.autograd.grad(scores.amax(1).sum(), a)

    from torchcam.methods import GradCAM

    def theirs() -> None:
        with GradCAM(bench.model, bench.layer) as cam:
            for picture in shown:
                scores = bench.model(picture.input.clone().requires_grad_())
                cam(int(scores.argmax()), scores)

    taken = in_turns({"ours": ours, "forward and head": head, "torchcam": theirs}, rounds)
    return {
        "ms": {name: round(1000 * s / 20, 2) for name, s in taken.items()},
        "over_forward_and_head": round(taken["ours"] / taken["forward and head"], 3),
        "times_faster_than_torchcam": round(taken["torchcam"] / taken["ours"], 2),
    }


def staleness(rounds: int) -> dict[str, Any]:
    models = torchvision().models
    networks: dict[str, nn.Module] = {
        "EfficientNet-Lite0": xw.demo.engine().model,
        "ResNet-50": models.resnet50().eval(),
        "ViT-B/16": models.vit_b_16().eval(),
    }
    found: dict[str, Any] = {}
    for name, network in networks.items():
        engine = xw.Engine(network)
        x = torch.rand(1, 3, 224, 224)
        engine.predict(x[0])

        def forward(network: nn.Module = network, x: Tensor = x) -> None:
            with torch.no_grad():
                network(x)

        taken = in_turns({"look": engine.internals.network.state, "forward": forward}, 4 * rounds)
        found[name] = {
            "look_ms": round(1000 * taken["look"], 2),
            "forward_ms": round(1000 * taken["forward"], 2),
            "share": round(taken["look"] / taken["forward"], 3),
        }
    return found


def peak(what: str, count: int) -> None:
    """Do it, and print this process's peak MB."""
    bench = Bench()
    files = photographs(count)
    if what == "bare":
        with torch.no_grad():
            for files_of_batch in batched(files, 8):
                bench.model(torch.cat([bench.engine.input(file) for file in files_of_batch]))
    else:
        for _ in bench.engine.explain_many(files, what):
            pass
    # Not ru_maxrss: a child process begins with its parent's.
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    print(int(status.partition("VmHWM:")[2].split()[0]) / 1024)


def peaks(count: int) -> dict[str, float]:
    sizes = {}
    for what in ("bare", "grad_cam", "saliency"):
        command = [sys.executable, __file__, "--peak", what, "--photographs", str(count)]
        said = subprocess.run(command, capture_output=True, text=True, check=True)
        sizes[what] = float(said.stdout.split()[-1])
    return {what: round(size - sizes["bare"], 1) for what, size in sizes.items() if what != "bare"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photographs", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peak", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.peak:
        peak(chosen.peak, chosen.photographs)
        return
    keep(
        "dataset",
        {
            **{k: v for k, v in provenance().items() if k not in ("date", "command")},
            "photographs": chosen.photographs,
            "dataset": data_set(chosen.photographs, chosen.rounds),
            "one_picture": one_picture(chosen.rounds),
            "staleness": staleness(chosen.rounds),
            "peak_mb": peaks(chosen.photographs),
        },
    )


if __name__ == "__main__":
    main()
