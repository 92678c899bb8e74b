"""What reading seven methods from one trace costs, against the bare network, in one interleaved
run.

    python benchmarks/trace.py

The bare cost is one forward and two backwards to the input of the same network on the same picture;
ours is one picture traced anew and all seven trace methods explained for one class. Prints medians
and their ratio, and writes them to benchmarks/results/trace.json.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from keeping import keep

import xai_widgets as xw

METHODS = (
    "saliency",
    "input_x_gradient",
    "guided_backprop",
    "deconvnet",
    "grad_cam",
    "hires_cam",
    "guided_grad_cam",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    rounds = parser.parse_args().rounds
    engine = xw.demo.engine()
    picture = engine.picture(xw.demo.photo("cat"))
    target = engine.internals.resolve_target(picture, None)
    assert target.index is not None
    index = target.index
    # The bare network's parameters need no gradients for explaining, but users seldom switch them
    # off: both sides run the network as it comes.
    model = engine.model.eval()

    def bare() -> None:
        x = picture.input.clone().requires_grad_(True)
        score = model(x)[0, index]
        torch.autograd.grad(score, x, retain_graph=True)
        torch.autograd.grad(score, x)

    def ours() -> None:
        engine.forget()
        for method in METHODS:
            engine.explain(picture, method, target=index)

    seconds = interleaved({"bare": bare, "ours": ours}, rounds)
    result = {name: round(1000 * value, 1) for name, value in seconds.items()}
    ratio = round(seconds["ours"] / seconds["bare"], 3)
    keep("trace", {"milliseconds": result, "ratio": ratio})


def interleaved(runs: dict[str, Callable[[], None]], rounds: int) -> dict[str, float]:
    """Median seconds of each, run in turn so that a busy machine slows all alike."""
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for round_ in range(rounds + 2):
        for name, run in runs.items():
            started = time.perf_counter()
            run()
            if round_ >= 2:  # the first rounds warm caches and allocators
                taken[name].append(time.perf_counter() - started)
    return {name: statistics.median(values) for name, values in taken.items()}


if __name__ == "__main__":
    main()
