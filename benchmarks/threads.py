"""Does anything hang, and is every map right? Every pair of methods, then many threads over all.

    python benchmarks/threads.py --seconds 60 --mixed 300

Pairs: two threads explain one new picture for 8 targets, each by a method of its own; at least
once for every pair. Mixed: 8 threads explain, predict, explain batches and forget, over 4 pictures
and two engines of one network. Every map is compared, bit for bit, with what one thread alone
gives. A round that takes longer than a minute prints all stacks and ends the process with an error.
"""

from __future__ import annotations

import argparse
import faulthandler
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations_with_replacement, cycle

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

import xai_widgets as xw

FEW = {"samples": 4, "steps": 4, "window": 16, "stride": 16, "count": 4, "segments": 8}
TARGETS = range(8)
THREADS = 8
PATIENCE = 60.0  # seconds
Maps = list[npt.NDArray[np.float32]]


def small_network() -> nn.Module:
    torch.manual_seed(0)
    layers: list[nn.Module] = []
    for channels, more in ((3, 8), (8, 16), (16, 16)):
        layers += [nn.Conv2d(channels, more, 3, 2, 1), nn.BatchNorm2d(more), nn.ReLU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10))


def few(engine: xw.Engine, method: str) -> dict[str, int]:
    parameters = [p for p in engine.methods[method].parameters if p.name in FEW]
    return {p.name: max(FEW[p.name], int(p.minimum or 0)) for p in parameters}


def explained(engine: xw.Engine, picture: torch.Tensor, method: str) -> Maps:
    given = few(engine, method)
    return [engine.explain(picture, method, target=t, **given).values for t in TARGETS]


def check(found: Maps, expected: Maps, what: object) -> int:
    for target, (one, other) in enumerate(zip(found, expected, strict=True)):
        if not np.array_equal(one, other):
            raise AssertionError(f"another map: {what}, target {target}")
    return len(found)


def pairs(methods: list[str], seconds: float) -> None:
    engine, alone = xw.Engine(small_network()), xw.Engine(small_network())
    generator = torch.Generator().manual_seed(0)
    every = list(combinations_with_replacement(methods, 2))
    picture, expected = torch.empty(0), dict[str, Maps]()
    rounds = maps = 0
    started = time.monotonic()
    with ThreadPoolExecutor(2) as pool:
        for pair in cycle(every):
            if rounds >= len(every) and time.monotonic() - started > seconds:
                break
            if rounds % 100 == 0:
                picture = torch.rand(1, 3, 32, 32, generator=generator)
                expected = {}
            for name in pair:
                if name not in expected:
                    alone.forget()
                    expected[name] = explained(alone, picture, name)
            engine.forget()
            faulthandler.dump_traceback_later(PATIENCE, exit=True)
            jobs = [pool.submit(explained, engine, picture, name) for name in pair]
            for name, job in zip(pair, jobs, strict=True):
                maps += check(job.result(), expected[name], (pair, name))
            faulthandler.cancel_dump_traceback_later()
            rounds += 1
    print(
        f"{rounds} rounds, {len(every)} pairs of {len(methods)} methods, {maps} maps in "
        f"{time.monotonic() - started:.0f} s: no hang, all equal",
        flush=True,
    )


def mixed(methods: list[str], seconds: float) -> None:
    model = small_network()
    engines, alone = [xw.Engine(model), xw.Engine(model)], xw.Engine(small_network())
    generator = torch.Generator().manual_seed(1)
    pictures = [torch.rand(1, 3, 32, 32, generator=generator) for _ in range(4)]
    expected = {(m, i): explained(alone, x, m) for m in methods for i, x in enumerate(pictures)}
    probable = [alone.predict(x).probabilities for x in pictures]
    done = [0] * THREADS
    last = [time.monotonic()] * THREADS
    end = time.monotonic() + seconds

    def work(thread: int) -> None:
        chance = random.Random(thread)
        while time.monotonic() < end:
            engine, number = chance.choice(engines), chance.randrange(len(pictures))
            picture, method = pictures[number], chance.choice(methods)
            act, target = chance.random(), chance.choice(TARGETS)
            if act < 0.02:
                engine.forget()
            elif act < 0.1:
                assert np.array_equal(engine.predict(picture).probabilities, probable[number])
            elif act < 0.2:
                found = engine.explain_batch(
                    [picture], method, targets=list(TARGETS), **few(engine, method)
                )
                check([a.values for a in found], expected[method, number], (method, "batch"))
            else:
                values = engine.explain(
                    picture, method, target=target, **few(engine, method)
                ).values
                check([values], [expected[method, number][target]], method)
            done[thread] += 1
            last[thread] = time.monotonic()

    over = threading.Event()

    def watch() -> None:
        while not over.wait(1):
            if time.monotonic() - min(last) > PATIENCE and time.monotonic() < end:
                faulthandler.dump_traceback_later(0.1, exit=True)

    threading.Thread(target=watch, daemon=True).start()
    with ThreadPoolExecutor(THREADS) as pool:
        for job in [pool.submit(work, thread) for thread in range(THREADS)]:
            job.result()
    over.set()
    print(f"{THREADS} threads, {sum(done)} requests in {seconds:.0f} s: no hang, all equal")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="of pairs")
    parser.add_argument("--mixed", type=float, default=300.0, help="seconds of many threads")
    options = parser.parse_args()
    methods = [name for name, method in xw.methods.METHODS.items() if not method.needs_attention]
    pairs(methods, options.seconds)
    mixed(methods, options.mixed)


if __name__ == "__main__":
    main()
