"""What is measured on a machine with a GPU, in slices that end by themselves.

    python benchmarks/gpu.py halves                  before: CIFAR-100 as two folders, build/gpu/*
    python benchmarks/gpu.py bring build/gpu/half1   there: put a folder into --data (twice)
    python benchmarks/gpu.py tests --seconds 150     the tests of tests/device
    python benchmarks/gpu.py speed --seconds 120     methods beside bare passes and other tools
    python benchmarks/gpu.py train --seconds 240     ResNet-18 on CIFAR-100, both arms; repeat it

It needs no connection: PyTorch, this package with what it depends on, and for the tests pytest.
captum, torchcam and pytorch-grad-cam are measured where they can be imported. The training makes as
many epochs of the one-cycle recipe as fit into --budget seconds for both arms, each in the faster
of two memory layouts, which it works out from its first steps; it goes on from its checkpoints, and
everything is computed in float32 (no TF32). Results are written to
benchmarks/results/gpu_<part>.json, with the card's name; --miniature tries it with little, on any
machine, and writes to build/gpu/miniature instead.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import keeping
import numpy as np
import torch
from torch import Tensor, nn

from xai_widgets import Engine
from xai_widgets.datasets import Labelled, dataset
from xai_widgets.training import Recipe, Trainer, build

ROOT = Path(__file__).parent.parent
BUILD = ROOT / "build" / "gpu"
DATA = Path.home() / ".cache" / "xai_widgets" / "gpu"
ARMS = {"baseline": 0.0, "regularised": 7.5e-3}
LAYOUTS = {"channels first": torch.contiguous_format, "channels last": torch.channels_last}
METHODS: dict[str, dict[str, Any]] = {
    "saliency": {}, "guided_backprop": {}, "grad_cam": {}, "layer_cam": {}, "score_cam": {},
    "ablation_cam": {}, "smooth_grad": {"samples": 64}, "integrated_gradients": {"steps": 64},
    "occlusion": {"window": 32, "stride": 16}, "rise": {"samples": 512},
    "kernel_shap": {"samples": 256, "regions": "grid"},
    "gradient_attention": {}, "attention_rollout": {},
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", choices=("halves", "bring", "tests", "speed", "train"))
    parser.add_argument("folder", type=Path, nargs="?", help="what is brought")
    parser.add_argument("--seconds", type=float, default=120.0, help="end after about so many")
    parser.add_argument("--budget", type=float, default=300.0, help="of both arms, in all slices")
    parser.add_argument("--device", default=_accelerator())
    parser.add_argument("--data", type=Path, default=DATA, help="where CIFAR-100 is kept there")
    parser.add_argument("--miniature", action="store_true", help="a trial, whose results go aside")
    asked = parser.parse_args()
    if asked.miniature:
        keeping.RESULTS = BUILD / "miniature"
        keeping.RESULTS.mkdir(parents=True, exist_ok=True)
    if asked.device == "cpu":
        torch.set_num_threads(1)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True  # its fastest float32 kernels
    {"halves": halves, "bring": bring, "tests": tests, "speed": speed, "train": train}[asked.part](
        asked
    )


def _accelerator() -> str:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def machine(device: str) -> dict[str, Any]:
    """What the numbers of a result depend on."""
    cuda = device.startswith("cuda")
    card = torch.cuda.get_device_name() if cuda else device
    return {"card": card, "torch": torch.__version__, "cuda": torch.version.cuda if cuda else None}


def halves(asked: argparse.Namespace) -> None:
    """Put half of the classes' training pictures, and half of the test pictures, into a folder."""
    given = os.environ.get("XAI_WIDGETS_DATA")
    if given is None:
        raise SystemExit("XAI_WIDGETS_DATA is not set; it names the folder that cifar100/ is in")
    source = Path(given, "cifar100")
    for split in ("train", "test"):
        for number, file in enumerate(sorted((source / split).glob("*.webp"))):
            folder = BUILD / f"half{1 + number % 2}" / "cifar100" / split
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, folder / file.name)
    for half in sorted(BUILD.glob("half*")):
        size = sum(file.stat().st_size for file in half.rglob("*.webp"))
        print(f"{half}: {size / 2**20:.0f} MiB")


def bring(asked: argparse.Namespace) -> None:
    """Add a folder to the data that is kept on this machine."""
    shutil.copytree(asked.folder, asked.data, dirs_exist_ok=True)
    for split in ("train", "test"):
        found = len(list((asked.data / "cifar100" / split).glob("*.webp")))
        print(f"{asked.data}: {found} of 100 classes, {split}")


def tests(asked: argparse.Namespace) -> None:
    """Run the tests of the devices; keep how many passed, and what failed in words."""
    command = [sys.executable, "-m", "pytest", "-q", "--no-header", "-p", "no:cacheprovider"]
    few = ["-k", "saliency"] if asked.miniature else []
    try:
        done = subprocess.run(
            [*command, *few, "tests/device"], cwd=ROOT, timeout=asked.seconds,
            capture_output=True, text=True,
        )  # fmt: skip
        lines = done.stdout.strip().splitlines() or done.stderr.strip().splitlines()
    except subprocess.TimeoutExpired as error:
        output = error.stdout or b""
        text = output.decode() if isinstance(output, bytes) else output
        lines = [*text.strip().splitlines(), f"stopped after {asked.seconds:.0f} seconds"]
    failed = [line for line in lines if line.startswith(("FAILED", "ERROR", "SKIPPED"))]
    keeping.keep("gpu_tests", {**machine(asked.device), "result": lines[-1:], "failed": failed})


class Timer:
    """Times of runs on a device, in interleaved rounds until the time is up."""

    def __init__(self, device: str, seconds: float) -> None:
        self.device, self.until = device, time.monotonic() + seconds

    def once(self, run: Callable[[], Any]) -> float:
        self._wait()
        started = time.perf_counter()
        run()
        self._wait()
        return time.perf_counter() - started

    def medians(self, runs: dict[str, Callable[[], Any]], until: float) -> dict[str, float]:
        """The median milliseconds of each, after one run to warm up."""
        times: dict[str, list[float]] = {name: [] for name in runs}
        for run in runs.values():
            self.once(run)
        while not times[next(iter(runs))] or time.monotonic() < min(until, self.until):
            for name, run in runs.items():
                times[name].append(self.once(run))
            if len(times[name]) >= 30:
                break
        return {name: round(1e3 * statistics.median(some), 2) for name, some in times.items()}

    def _wait(self) -> None:
        if self.device.startswith("cuda"):
            torch.cuda.synchronize()
        elif self.device == "mps":
            torch.mps.synchronize()


def speed(asked: argparse.Namespace) -> None:
    """Each method's time for one picture beside the bare passes, and beside other tools."""
    size = 64 if asked.miniature else 224
    timer = Timer(asked.device, asked.seconds)
    wanted = METHODS if not asked.miniature else {"saliency": {}, "grad_cam": {}, "legrad": {}}
    found: dict[str, Any] = {}
    share = asked.seconds / (len(wanted) + 1)
    models = {
        name: network(name, size, asked.miniature).to(asked.device) for name in ("resnet50", "vit")
    }
    x = torch.randn(1, 3, size, size, generator=torch.Generator().manual_seed(0)).to(asked.device)
    for name, model in models.items():
        runs = {
            "forward": lambda m=model: bare(m, x, False),
            "backward": lambda m=model: bare(m, x),
        }
        batch = x.repeat(64 if not asked.miniature else 2, 1, 1, 1)
        runs["forward of 64"] = lambda m=model, batch=batch: bare(m, batch, False)
        found[name] = timer.medians(runs, time.monotonic() + share / 2)
    for method, parameters in wanted.items():
        if time.monotonic() > timer.until:
            found[method] = "out of time"
            continue
        name = "vit" if Engine(models["vit"]).methods[method].needs_attention else "resnet50"
        runs = {"ours": ours(models[name], x, method, parameters), **peers(models[name], x, method)}
        found[method] = timer.medians(runs, time.monotonic() + share)
    keeping.keep(
        "gpu_speed",
        {**machine(asked.device), "picture": size, "milliseconds": found},
    )


def network(name: str, size: int, small: bool) -> nn.Module:
    """A network of random weights: only its time counts; `small` is for a trial."""
    from xai_widgets import _torchvision

    models = _torchvision.load().models
    torch.manual_seed(0)
    if name == "vit":
        layers, width = (2, 48) if small else (12, 768)
        made = models.VisionTransformer(size, 16, layers, 12, width, 4 * width, num_classes=1000)
        nn.init.normal_(made.heads.head.weight)  # zero to begin with
    else:
        made = models.get_model("resnet18" if small else name, weights=None)
    return made.eval()


def bare(model: nn.Module, x: Tensor, backward: bool = True) -> None:
    """A pass of the network alone."""
    with torch.set_grad_enabled(backward):
        given = x.clone().requires_grad_(backward)
        score = model(given)[:, 1].sum()
        if backward:
            torch.autograd.grad(score, given)


def ours(model: nn.Module, x: Tensor, method: str, parameters: dict[str, Any]) -> Callable[[], Any]:
    engine = Engine(model)

    def run() -> Any:
        engine.forget()
        return engine.explain(x[0], method, target=1, **parameters)

    return run


def peers(model: nn.Module, x: Tensor, method: str) -> dict[str, Callable[[], Any]]:
    """Other tools' same method, where they are installed."""
    runs: dict[str, Callable[[], Any]] = {}
    if importlib.util.find_spec("captum"):
        from captum import attr

        captums: dict[str, Callable[[], Any]] = {
            "saliency": lambda: attr.Saliency(model).attribute(x, 1),
            "integrated_gradients": lambda: attr.IntegratedGradients(model).attribute(
                x, target=1, n_steps=64, internal_batch_size=64
            ),
            "smooth_grad": lambda: attr.NoiseTunnel(attr.Saliency(model)).attribute(
                x, nt_samples=64, nt_samples_batch_size=64, stdevs=0.15, target=1, abs=False
            ),
            "occlusion": lambda: attr.Occlusion(model).attribute(
                x, (3, 32, 32), (3, 16, 16), target=1, perturbations_per_eval=64
            ),
        }
        if method in captums:
            runs["captum"] = captums[method]
    title = {"grad_cam": "GradCAM", "layer_cam": "LayerCAM", "score_cam": "ScoreCAM"}.get(method)
    if title and importlib.util.find_spec("torchcam"):
        from torchcam import methods as torchcams

        def torchcam() -> Any:
            with getattr(torchcams, title)(model, "layer4") as cam:
                return cam(1, model(x.clone().requires_grad_(True)))

        runs["torchcam"] = torchcam
    if title and importlib.util.find_spec("pytorch_grad_cam"):
        import pytorch_grad_cam
        from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

        def grad_cams() -> Any:
            with getattr(pytorch_grad_cam, title)(model, [model.get_submodule("layer4")]) as cam:
                return cam(x.clone(), [ClassifierOutputTarget(1)])

        runs["pytorch-grad-cam"] = grad_cams
    return runs


def train(asked: argparse.Namespace) -> None:
    """Train both arms, as far as the slice goes; measured and kept once both are finished."""
    until = time.monotonic() + asked.seconds
    if (asked.data / "cifar100").is_dir():
        os.environ["XAI_WIDGETS_DATA"] = str(asked.data)
    parts = [dataset("cifar100", split) for split in ("train", "test")]
    train_set, test_set = [few(part, 256) for part in parts] if asked.miniature else parts
    folder = BUILD / ("miniature" if asked.miniature else "train")
    recipe, layouts = planned(asked, train_set, test_set, folder)
    arms: dict[str, Any] = {}
    for arm, weight in ARMS.items():
        arm_recipe = replace(recipe, weight=weight)
        trainer = trainer_of(asked, train_set, test_set, arm_recipe, layouts[arm], folder / arm)
        for progress in trainer.stream():
            if progress.result.ends_epoch:
                print(f"{arm}: {progress.result}", flush=True)
            if time.monotonic() > until:
                break
        if not trainer.finished:
            print("out of time; the same command goes on from here", flush=True)
            return
        trainer.model.eval()
        trainer.measured = 32 if asked.miniature else len(test_set)
        accuracy, cosine = trainer.measure()
        arms[arm] = {
            "accuracy": round(accuracy, 4),
            "cosine": None if cosine is None else round(cosine, 4),
            "gradients": trainer.measured,
            "layout": layouts[arm],
            "history": trainer.history,
        }
    keeping.keep(
        "gpu_train", {**machine(asked.device), "recipe": recipe.plain(), "model": "resnet18",
                      "pictures": len(train_set), "arms": arms}
    )  # fmt: skip


def planned(
    asked: argparse.Namespace, train_set: Labelled, test_set: Labelled, folder: Path
) -> tuple[Recipe, dict[str, str]]:
    """The recipe with as many epochs as both arms have time for, and each arm's layout; worked out
    once."""
    plan = folder / "plan.json"
    base = Recipe.one_cycle(1, statistics="fixed", rotation=0.0)
    if plan.exists():
        made = json.loads(plan.read_text())
        return Recipe.one_cycle(made["epochs"], statistics="fixed", rotation=0.0), made["layouts"]
    seconds, layouts = 0.0, {}
    for arm, weight in ARMS.items():
        times = {
            layout: step_time(asked, train_set, test_set, replace(base, weight=weight), layout)
            for layout in LAYOUTS
        }
        print(f"seconds a step, {arm}: {times}", flush=True)
        layouts[arm] = min(times, key=lambda layout: times[layout])
        seconds += times[layouts[arm]] * -(-len(train_set) // base.batch_size)
    # A tenth is left for the accuracy after each epoch, and for what the first steps do not show.
    epochs = max(1, min(int(0.9 * asked.budget / seconds), 1 if asked.miniature else 200))
    folder.mkdir(parents=True, exist_ok=True)
    plan.write_text(json.dumps({"epochs": epochs, "layouts": layouts}))
    print(f"{seconds:.1f} s an epoch of both arms: {epochs} epochs", flush=True)
    return planned(asked, train_set, test_set, folder)


def step_time(
    asked: argparse.Namespace, train_set: Labelled, test_set: Labelled, recipe: Recipe, layout: str
) -> float:
    """The median seconds of a step, the first few left out."""
    trainer = trainer_of(asked, train_set, test_set, recipe, layout, None)
    times: list[float] = []
    last = time.monotonic()
    for progress in trainer.stream():
        now = time.monotonic()
        times.append(now - last)
        last = now
        if len(times) >= (4 if asked.miniature else 40) or progress.result.ends_epoch:
            break
    return statistics.median(times[10:] or times[1:] or times)


def trainer_of(
    asked: argparse.Namespace, train_set: Labelled, test_set: Labelled, recipe: Recipe,
    layout: str, folder: Path | None,
) -> Trainer:  # fmt: skip
    torch.manual_seed(recipe.seed)
    name = "small_resnet" if asked.miniature else "resnet18"
    model = build(name, 3, len(train_set.class_names), seed=recipe.seed)
    model = model.to(asked.device, memory_format=LAYOUTS[layout])
    return Trainer(model, train_set, test_set, recipe=recipe, folder=folder, checkpoint_every=400)


def few(data: Labelled, count: int) -> Labelled:
    """So many pictures, drawn once."""
    chosen = np.random.default_rng(0).permutation(len(data))[:count]
    return replace(data, pixels=data.pixels[chosen], labels=data.labels[chosen])


if __name__ == "__main__":
    main()
