"""What `evaluate` costs over the passes of the network that it needs, and that it resumes.

    XAI_WIDGETS_DATA=... python benchmarks/evaluate.py          100 photographs, about 20 min
    python benchmarks/evaluate.py --pictures 5

Photographs x 6 methods x 5 measures with EfficientNet-Lite0. The network counts the pictures it is
given, with and without gradients; the time is held against the same numbers of passes of the bare
model at its best batch size, timed between the photographs. Processor time of one thread, so that
others on the machine disturb little. Halfway the run is cut off and resumed from its file. Written
to benchmarks/results/evaluate.json.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from keeping import keep
from torch import nn

import xai_widgets as xw
from xai_widgets.progress import Progress

METHODS: list[Any] = [
    "grad_cam",
    "hires_cam",
    "saliency",
    ("integrated_gradients", {"steps": 10}),
    ("smooth_grad", {"samples": 8}),
    ("occlusion", {"window": 64, "stride": 32}),
]
MEASURES: list[Any] = [
    ("insertion", {"steps": 14}),
    ("deletion", {"steps": 14}),
    "average_drop",
    "average_gain",
    ("infidelity", {"samples": 8}),
]


class Counted(nn.Module):
    """A network that counts the pictures it is given."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.given = {"forward": 0, "with gradient": 0}

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The network's scores."""
        kind = "with gradient" if torch.is_grad_enabled() and x.requires_grad else "forward"
        self.given[kind] += len(x)
        scores: torch.Tensor = self.network(x)
        return scores


class Interrupted(Exception):
    """Raised halfway, where a person might press Ctrl-C."""


def photographs(count: int) -> list[Any]:
    """Photographs of the development data, or as many of the demo's as there are."""
    folder = os.environ.get("XAI_WIDGETS_DATA")
    if folder is None:
        print("XAI_WIDGETS_DATA is not set: taking the demo's photographs")
        return [xw.demo.photo(name) for name in xw.demo.photos()][:count]
    found: list[Any] = sorted(Path(folder, "imagenet_samples").glob("*.jpg"))
    return found[:: max(len(found) // count, 1)][:count]


def passes(model: nn.Module, x: torch.Tensor, backward: bool) -> float:
    """Processor seconds per picture of one bare pass."""
    started = time.process_time()
    with torch.set_grad_enabled(backward):
        x = x.clone().requires_grad_(backward)
        score = model(x)[:, 0].sum()
        if backward:
            torch.autograd.grad(score, x)
    return (time.process_time() - started) / len(x)


class Watch:
    """Follows an evaluation: times bare passes between photographs, off the clock, and interrupts
    it halfway once.
    """

    def __init__(self, model: nn.Module, x: torch.Tensor, every: int) -> None:
        layouts = (torch.contiguous_format, torch.channels_last)
        self.batches = [
            x.repeat(n, 1, 1, 1).contiguous(memory_format=layout)
            for n in (4, 8)
            for layout in layouts
        ]
        self.model, self.every = model, every
        self.forward: list[float] = []
        self.backward: list[float] = []
        self.away, self.interrupts = 0.0, True

    def __call__(self, steps: Iterable[Progress[xw.metrics.Table]], total: int) -> Any:
        """Take all steps, of so many values; returns the last one's table."""
        for done, step in enumerate(steps):
            table = step.result
            if done:
                self._after(done, total)
        return table

    def _after(self, done: int, total: int) -> None:
        if done % self.every == 0:
            started = time.process_time()
            self.forward.append(min(passes(self.model, x, False) for x in self.batches))
            self.backward.append(min(passes(self.model, x, True) for x in self.batches))
            self.away += time.process_time() - started
            print(f"{done} of {total} values", flush=True)
        if self.interrupts and done >= total // 2:
            self.interrupts = False
            raise Interrupted


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=100)
    count = parser.parse_args().pictures
    torch.set_num_threads(1)
    demo = xw.demo.engine()
    counted = Counted(demo.model)
    engine = xw.Engine(counted, preprocessing=demo.preprocessing, class_names=demo.class_names)
    images = photographs(count)
    rows = len(METHODS) * len(MEASURES)
    watch = Watch(demo.model, engine.input(images[0]), rows * max(len(images) // 10, 1))
    with tempfile.TemporaryDirectory() as folder:
        ledger = Path(folder, "evaluate.jsonl")

        def run() -> xw.metrics.Table:
            steps = xw.metrics.stream_evaluate(
                engine, images, METHODS, MEASURES, control=False, resume=ledger
            )
            return watch(steps, len(images) * rows)

        started = time.process_time()
        try:
            run()
        except Interrupted:
            print("cut off; resuming", flush=True)
        table = run()
        spent = time.process_time() - started - watch.away
        given = dict(counted.given)
        same = run().rows == table.rows and counted.given == given
    needed = given["forward"] * statistics.median(watch.forward)
    needed += given["with gradient"] * statistics.median(watch.backward)
    keep(
        "evaluate",
        {
            "photographs": len(images),
            "values": len(table.rows),
            "pictures_through_the_network": given,
            "processor_seconds": round(spent, 1),
            "bare_passes_seconds": round(needed, 1),
            "over_bare_passes": round(spent / needed, 3),
            "read_back_without_a_pass": same,
        },
    )


if __name__ == "__main__":
    main()
