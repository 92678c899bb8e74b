"""Does anything hang? full_grad against every other method: two threads, one picture, 8 targets.

    python benchmarks/threads.py --seconds 60

Each round takes a new picture, so that nothing is kept from an earlier one. Prints how many rounds
and explanations were done; a round that takes longer than a minute prints all stacks and ends the
process with an error.
"""

from __future__ import annotations

import argparse
import faulthandler
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle

import torch
from torch import nn

import xai_widgets as xw

CHEAP = {"samples": 8, "steps": 8, "window": 32, "stride": 32, "count": 4}
TARGETS = range(8)
PATIENCE = 60.0  # seconds


def small_network() -> nn.Module:
    torch.manual_seed(0)
    layers: list[nn.Module] = []
    for channels, more in ((3, 8), (8, 16), (16, 16)):
        layers += [nn.Conv2d(channels, more, 3, 2, 1), nn.BatchNorm2d(more), nn.ReLU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10))


def explain(engine: xw.Engine, picture: torch.Tensor, method: str) -> int:
    names = {parameter.name for parameter in engine.methods[method].parameters}
    cheap = {name: value for name, value in CHEAP.items() if name in names}
    for target in TARGETS:
        engine.explain(picture, method, target=target, **cheap)
    return len(TARGETS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    seconds = parser.parse_args().seconds
    engine = xw.Engine(small_network())
    others = [
        name
        for name, method in engine.methods.items()
        if name != "full_grad" and not method.needs_attention
    ]
    generator = torch.Generator().manual_seed(0)
    rounds = explanations = 0
    started = time.monotonic()
    with ThreadPoolExecutor(2) as pool:
        for other in cycle(others):
            if time.monotonic() - started > seconds and rounds >= len(others):
                break
            picture = torch.rand(1, 3, 64, 64, generator=generator)
            faulthandler.dump_traceback_later(PATIENCE, exit=True)
            jobs = [pool.submit(explain, engine, picture, name) for name in ("full_grad", other)]
            explanations += sum(job.result() for job in jobs)
            faulthandler.cancel_dump_traceback_later()
            rounds += 1
    print(
        f"{rounds} rounds against {len(others)} methods, {explanations} explanations in "
        f"{time.monotonic() - started:.0f} s, no hang"
    )


if __name__ == "__main__":
    main()
