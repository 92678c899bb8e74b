"""Our methods beside captum's, pytorch-grad-cam's and torchcam's: same network, same picture, one
interleaved run.

    python benchmarks/peers.py                        all rows, about a quarter of an hour
    python benchmarks/peers.py --only score_cam       some of them
    python benchmarks/peers.py --memory               each method's peak memory over the bare model

The network is EfficientNet-Lite0 with its own weights, the picture the demo's cat. `x bare` is our
time over (number of passes) x (the best batched pass of the bare model). Times are medians; the
results are written to benchmarks/results/, which the site shows as a table. That the maps are the
same is tested in tests/methods/.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from importlib.metadata import version
from typing import Any

import numpy as np
import torch
from keeping import RESULTS, keep
from torch import nn

import xai_widgets as xw
from xai_widgets.metrics import spearman
from xai_widgets.probe import memory

Run = Callable[[], Any]


@dataclass
class Row:
    """One method: ours, its peers, and how many passes of the bare model its definition needs; no
    forwards where it is not passes of the whole network that it needs.
    """

    ours: Run
    peers: dict[str, Run] = field(default_factory=dict)
    forwards: int = 0
    backwards: int = 0
    rounds: int = 5


class Headed(nn.Module):
    """The network with its last rectifier in a module of its own.

    As it comes, that is the same module as its first rectifier, which peers that hook modules or
    exchange them take for the wrong one.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.trunk, self.rectifier, self.fc = Trunk(network), nn.ReLU6(), network._fc

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The network's own scores (N, 1000), in evaluation mode."""
        return self.fc(self.rectifier(self.trunk(x)).mean((2, 3)))


class Trunk(nn.Module):
    """Everything before the last rectifier."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The last feature maps, (N, 1280, h, w)."""
        network = self.network
        x = network._swish(network._bn0(network._conv_stem(x)))
        for block in network._blocks:
            x = block(x)
        return network._bn1(network._conv_head(x))


class Bench:
    """The network, the picture and everything bound to them."""

    def __init__(self) -> None:
        demo = xw.demo.engine()
        self.model = Headed(demo.model).eval()
        self.engine = xw.Engine(
            self.model, preprocessing=demo.preprocessing, class_names=demo.class_names
        )
        self.picture = self.engine.picture(xw.demo.photo("cat"))
        self.x = self.picture.input
        target = self.engine.internals.resolve_target(self.picture, None)
        assert target.index is not None
        self.index = target.index
        self.layer = "rectifier"

    def ours(self, method: str, **parameters: Any) -> Run:
        def run() -> np.ndarray:
            self.engine.forget()
            found = self.engine.explain(self.picture, method, **self.given(method), **parameters)
            return found.values

        return run

    def given(self, method: str) -> dict[str, Any]:
        """What every method is asked: the class, and the layer where it takes one."""
        takes_layer = self.engine.methods[method].takes_layer
        return {"target": self.index} | ({"layer": self.layer} if takes_layer else {})

    def rows(self) -> dict[str, Row]:
        """All comparisons, by the name of our method."""
        cams = {
            name: Row(self.ours(name), self.cam_peers(*peers), 1, 1, 9)
            for name, peers in {
                "grad_cam": ("GradCAM", "GradCAM"),
                "grad_cam_pp": ("GradCAMPlusPlus", None),
                "xgrad_cam": ("XGradCAM", "XGradCAM"),
                "layer_cam": ("LayerCAM", "LayerCAM"),
                "hires_cam": ("HiResCAM", None),
            }.items()
        }
        return {
            **cams,
            "score_cam": Row(
                self.ours("score_cam"), self.cam_peers("ScoreCAM", "ScoreCAM"), 1280, 0, 1
            ),
            "ablation_cam": Row(
                self.ours("ablation_cam"), self.cam_peers("AblationCAM", None), 0, 0, 1
            ),
            **self.captum_rows(),
            "rise": Row(
                self.ours("rise", samples=1000),
                {
                    "plain definition": lambda: self.plain_rise(1),
                    "plain definition, batches of 8": lambda: self.plain_rise(8),
                },
                1000,
                0,
                3,
            ),
        }

    def cam_peers(self, theirs: str, other: str | None) -> dict[str, Run]:
        import pytorch_grad_cam
        from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
        from torchcam import methods as torchcam_methods

        module = self.model.get_submodule(self.layer)

        def grad_cams() -> Any:
            with getattr(pytorch_grad_cam, theirs)(self.model, [module]) as cam:
                return cam(self.x.clone(), [ClassifierOutputTarget(self.index)])

        def torchcams() -> Any:
            with getattr(torchcam_methods, str(other))(self.model, self.layer) as cam:
                scores = self.model(self.x.clone().requires_grad_(True))
                return cam(self.index, scores)

        return {"pytorch-grad-cam": grad_cams} | ({"torchcam": torchcams} if other else {})

    def captum_rows(self) -> dict[str, Row]:
        """captum as it comes, and told to run batches of eight, which suits this machine best."""
        from captum import attr

        x, index, model = self.x, self.index, self.model

        def gradients(**batch: int) -> Run:
            method = attr.IntegratedGradients(model)
            return lambda: method.attribute(x, target=index, n_steps=50, **batch)

        def smooth(**batch: int) -> Run:
            tunnel = attr.NoiseTunnel(attr.Saliency(model))
            return lambda: tunnel.attribute(
                x, nt_samples=25, stdevs=0.15, target=index, abs=False, **batch
            )

        def occlusion(**batch: int) -> Run:
            method = attr.Occlusion(model)
            return lambda: method.attribute(x, (3, 32, 32), (3, 16, 16), target=index, **batch)

        def both(run: Callable[..., Run], batch: str) -> dict[str, Run]:
            return {"captum": run(), "captum, batches of 8": run(**{batch: 8})}

        windows = 13 * 13
        return {
            "integrated_gradients": Row(
                self.ours("integrated_gradients", steps=50),
                both(gradients, "internal_batch_size"), 50, 50, 5,
            ),
            "smooth_grad": Row(
                self.ours("smooth_grad", samples=25),
                both(smooth, "nt_samples_batch_size"), 25, 25, 5,
            ),
            "occlusion": Row(
                self.ours("occlusion", window=32, stride=16),
                both(occlusion, "perturbations_per_eval"), windows, 0, 5,
            ),
        }  # fmt: skip

    def plain_rise(self, batch: int) -> Any:
        """The definition, the mean of the masks weighed by the network's scores under them, so many
        masks at a time; the masks of each are made when they are needed.
        """
        generator = torch.Generator().manual_seed(0)
        total = torch.zeros(self.x.shape[-2:])
        cell = -(-224 // 7)
        with torch.no_grad():
            for _ in range(0, 1000, batch):
                grids = (torch.rand(batch, 1, 7, 7, generator=generator) < 0.5).float()
                masks = torch.nn.functional.interpolate(
                    grids, size=(8 * cell, 8 * cell), mode="bilinear", align_corners=False
                )
                shifts = torch.randint(0, cell, (batch, 2), generator=generator).tolist()
                cut = torch.stack(
                    [
                        m[:, r : r + 224, c : c + 224]
                        for m, (r, c) in zip(masks, shifts, strict=True)
                    ]
                )
                scores = self.model(self.x * cut)[:, self.index]
                total += (scores[:, None, None] * cut[:, 0]).sum(0)
        return total

    def best_pass(self) -> tuple[float, float]:
        """Seconds per picture of the bare model's best batched forward, and with its backward."""
        forward, backward = [], []
        for batch in (1, 4, 8):
            for layout in (torch.contiguous_format, torch.channels_last):
                x = self.x.repeat(batch, 1, 1, 1).contiguous(memory_format=layout)
                forward.append(self._seconds(x, False) / batch)
                backward.append(self._seconds(x, True) / batch)
        return min(forward), min(backward)

    def _seconds(self, x: torch.Tensor, backward: bool) -> float:
        started = time.perf_counter()
        with torch.set_grad_enabled(backward):
            x = x.clone().requires_grad_(backward)
            score = self.model(x)[:, self.index].sum()
            if backward:
                torch.autograd.grad(score, x)
        return time.perf_counter() - started


def measured(row: Row, bench: Bench) -> dict[str, Any]:
    """Seconds of ours and of each peer, in turns, with the bare model's own in the same turns."""
    runs = {"ours": row.ours, **row.peers}
    taken: dict[str, list[float]] = {who: [] for who in runs}
    bare: list[float] = []
    for turn in range(row.rounds + (row.rounds > 3)):
        memory.give_back()
        forward, both = bench.best_pass()
        bare.append((row.forwards - row.backwards) * forward + row.backwards * both)
        for who, run in runs.items():
            started = time.perf_counter()
            run()
            if turn or row.rounds <= 3:  # quick ones are warmed up by a first turn
                taken[who].append(time.perf_counter() - started)
            # Ours has the C library keep memory meanwhile; peers and the bare model do not.
            memory.give_back()
    seconds = {who: statistics.median(values) for who, values in taken.items()}
    return {
        "seconds": {who: round(value, 4) for who, value in seconds.items()},
        "times_faster": {
            who: round(seconds[who] / seconds["ours"], 2) for who in seconds if who != "ours"
        },
        "over_bare_passes": round(seconds["ours"] / statistics.median(bare), 3)
        if row.forwards
        else None,
    }


def after_a_tenth(bench: Bench, method: str) -> float:
    """Rank correlation of the first map after a tenth of the work with the last."""
    bench.engine.forget()  # what is known already is there at once, and whole
    work = bench.engine.stream(bench.picture, method, **bench.given(method))
    maps = [step.attribution.values for step in work if step.fraction >= 0.1]
    return round(spearman(maps[0], maps[-1]), 4)


def peak_memory(method: str) -> float:
    """Peak MB of a process that explains once, over one that only runs the bare model."""
    sizes = []
    for what in ("bare", method):
        said = subprocess.run(
            [sys.executable, __file__, "--peak", what], capture_output=True, text=True, check=True
        )
        sizes.append(float(said.stdout.split()[-1]))
    return round(sizes[1] - sizes[0], 1)


def print_peak(what: str) -> None:
    """Explain once, or run the bare model once, and print this process's peak MB."""
    bench = Bench()
    if what == "bare":
        with torch.no_grad():
            bench.model(bench.x)
    else:
        bench.ours(what)()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", help="names of methods")
    parser.add_argument("--memory", action="store_true", help="peak memory instead of time")
    parser.add_argument("--peak", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.peak:
        print_peak(chosen.peak)
        return
    if chosen.memory:
        names = chosen.only or [
            n for n, m in xw.demo.engine().methods.items() if not m.needs_attention
        ]
        found = known_peaks()
        for name in names:
            if name != "cam":
                found[name] = peak_memory(name)
        keep("memory", {**provenance(), "peak_mb_over_bare": found})
        return
    bench = Bench()
    rows = bench.rows()
    names = chosen.only or list(rows)
    # Rows measured earlier stay: each says when it was, and how.
    known = RESULTS / "peers.json"
    kept = json.loads(known.read_text())["rows"] if known.exists() else {}
    for name in names:
        kept[name] = {**provenance(), **measured(rows[name], bench)}
        if name == "score_cam":
            kept[name]["rank_correlation_after_a_tenth"] = after_a_tenth(bench, name)
        keep("peers", {"rows": kept})


def provenance() -> dict[str, Any]:
    """How a result came about."""
    return {
        "date": date.today().isoformat(),
        "command": " ".join(["python", "benchmarks/peers.py", *sys.argv[1:]]),
        "torch": torch.__version__,
        **{peer: version(peer) for peer in ("captum", "grad-cam", "torchcam")},
        "threads": torch.get_num_threads(),
        "machine": platform.machine(),
    }


def known_peaks() -> dict[str, float]:
    """Peak MB over the bare model of the methods measured so far."""
    file = RESULTS / "memory.json"
    found: dict[str, float] = {}
    if file.exists():
        found = json.loads(file.read_text())["peak_mb_over_bare"]
    return found


if __name__ == "__main__":
    main()
