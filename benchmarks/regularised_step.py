"""What a regularised training step costs beside a plain one, and beside the straightforward way.

    python benchmarks/regularised_step.py

The small ResNet on a CPU with one thread, in both memory layouts: a plain step (cross-entropy,
backward, SGD), a step of `interpretable_gradient_loss`, one with fixed statistics, and one written
the straightforward way, with the rectifiers' rule as here but PyTorch's own second derivatives.
Medians of the processor time of interleaved steps; the gradients of both ways are compared.
"""

from __future__ import annotations

import argparse
import copy
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F  # the field's name for it
from keeping import keep
from torch import Tensor, nn

from xai_widgets.probe.memory import keep_memory
from xai_widgets.probe.rectifiers import RectifierMode
from xai_widgets.training import interpretable_gradient_loss
from xai_widgets.training.models import build

LAYOUTS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}
Loss = Callable[[nn.Module, Tensor, Tensor], Tensor]


def plain(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    return F.cross_entropy(model(x), y)


def regularised(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    return interpretable_gradient_loss(model, x, y).total


def fixed(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    return interpretable_gradient_loss(model, x, y, statistics="fixed").total


def straightforward(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    x = x.clone().requires_grad_(True)
    with RectifierMode() as mode:
        loss = F.cross_entropy(model(x), y, reduction="sum")
    (g,) = torch.autograd.grad(loss, x, create_graph=True)
    mode.rule = "guided"
    (guided,) = torch.autograd.grad(loss, x, retain_graph=True)
    mode.rule = "standard"
    cosine = F.cosine_similarity(g.flatten(1), guided.flatten(1).detach(), eps=1e-20)
    return loss / len(x) + 7.5e-3 * (1 - cosine).mean()


WAYS: dict[str, Loss] = {
    "plain": plain, "regularised": regularised, "regularised_fixed": fixed,
    "straightforward": straightforward,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--model", default="small_resnet")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--channels", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=24.0, help="for each layout")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    keep_memory()  # as the training's command does
    torch.manual_seed(0)
    x = torch.randn(asked.batch, asked.channels, asked.size, asked.size)
    y = torch.randint(10, (asked.batch,))
    found = {}
    for name, layout in LAYOUTS.items():
        found[name] = measured(asked, x.to(memory_format=layout), y, layout)
    keep("regularised_step", {
        "torch": torch.__version__, "model": asked.model, "batch": asked.batch,
        "shape": list(x.shape[1:]), "threads": 1, "layouts": found,
    })  # fmt: skip


def measured(asked: Any, x: Tensor, y: Tensor, layout: torch.memory_format) -> dict[str, Any]:
    """Milliseconds of each way, their ratios to a plain step, and how far the results are apart."""
    model: nn.Module = build(asked.model, asked.channels, 10).train().to(memory_format=layout)
    apart = {
        "float64": difference(copy.deepcopy(model).double(), x.double(), y),
        "float32": difference(copy.deepcopy(model), x, y),
    }
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9)
    times: dict[str, list[float]] = {name: [] for name in WAYS}
    until = time.perf_counter() + asked.seconds
    while time.perf_counter() < until or len(times["plain"]) < 5:
        for name, way in WAYS.items():
            started = time.process_time()
            loss = way(model, x, y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            times[name].append(time.process_time() - started)
    milliseconds = {name: 1e3 * statistics.median(some[1:]) for name, some in times.items()}
    return {
        "milliseconds": {name: round(value, 1) for name, value in milliseconds.items()},
        "ratio": {
            name: round(value / milliseconds["plain"], 2) for name, value in milliseconds.items()
        },
        "steps": len(times["plain"]),
        "largest_difference_of_the_gradient": apart,
    }


def difference(model: nn.Module, x: Tensor, y: Tensor) -> float:
    """Of both ways' gradients by the parameters, beside the largest of them. In single precision a
    rectifier whose input is nearly 0 can be on in one and off in the other.
    """
    ours, theirs = (gradient(model, WAYS[way], x, y) for way in ("regularised", "straightforward"))
    return float((ours - theirs).abs().max() / theirs.abs().max())


def gradient(model: nn.Module, way: Loss, x: Tensor, y: Tensor) -> Tensor:
    """The gradient of the loss by all parameters, as one vector."""
    model.zero_grad()
    way(model, x, y).backward()
    return torch.cat([parameter.grad.flatten() for parameter in model.parameters()])


if __name__ == "__main__":
    main()
