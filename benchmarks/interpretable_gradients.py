"""The experiment: does training towards guided gradients make plain ones, and CAMs, better?

    python benchmarks/interpretable_gradients.py --setting fashion_mnist
    python benchmarks/interpretable_gradients.py --setting fashion_mnist --minutes 9   # in slices
    python benchmarks/interpretable_gradients.py --table                               # docs only

Settings: fashion_mnist and cifar100, both of the small ResNet; resnet18 and mobilenet_v2, of
CIFAR-100, for a GPU. Each arm trains a network from the same weights on the same batches, then it
is measured on held-out pictures. Of cifar100 the weights are those of a network trained before, one
for each seed, and the batches are large: with small ones two trainings part by chance alone, by
more than a small weight moves them. How far chance goes, a weight of next to nothing shows.

Interrupted, it goes on where it was: trainings from their checkpoints under build/, measures from
their ledgers, finished networks from benchmarks/results/interpretable_gradients.json, which is
written after each of them.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gradient_measures import measured
from gradient_pages import write_page
from keeping import RESULTS
from safetensors.torch import save_file

from xai_widgets.datasets import dataset
from xai_widgets.probe.memory import keep_memory
from xai_widgets.training import Recipe, Trainer, build

ROOT = Path(__file__).parent.parent
WEIGHT = 7.5e-3
WEIGHTS = (0.0, 1e-1, WEIGHT, 1e-2, 2.5e-3, 1e-3)  # what says most first
CONTROL = 1e-6  # another training by rounding, the same by its loss: what it differs by is chance
ERRORS = ("cosine", "mae", "mse", "histogram_intersection")


@dataclass(frozen=True)
class Setting:
    """A data set, a network and how it is trained: in full, and shorter for the ablation. begin:
    how the network is trained from which the arms of a seed go on; they begin anew without it.
    """

    data: str
    model: str
    recipe: Recipe
    ablation_epochs: int
    pictures: int
    ablation_pictures: int
    begin: Recipe | None = None
    weights: tuple[float, ...] = (0.0, WEIGHT)  # the arms


_ANOTHER = 100  # added to a seed: other batches than those of the network before
# Small batches make many steps, which a small weight needs to show; see the page of the docs for
# why the statistics are fixed.
_SHORT = Recipe.one_cycle(
    4, batch_size=32, learning_rate=0.2, statistics="fixed", crop=0, rotation=0.0
)
_LONG = Recipe.one_cycle(30, statistics="fixed", rotation=0.0)
_BEGUN = Recipe.one_cycle(
    5, batch_size=32, learning_rate=0.2, statistics="fixed", crop=2, rotation=0.0
)
_CONTROLLED = (0.0, WEIGHT, CONTROL)
_GONE_ON = replace(_BEGUN, epochs=4, warm_up=0.4, batch_size=512, learning_rate=0.1)
SETTINGS = {
    "fashion_mnist": Setting("fashion_mnist", "small_resnet", _SHORT, 1, 24, 12, None, _CONTROLLED),
    "cifar100": Setting("cifar100", "small_resnet", _GONE_ON, 2, 60, 30, _BEGUN, _CONTROLLED),
    "resnet18": Setting("cifar100", "resnet18", _LONG, 10, 200, 100),
    "mobilenet_v2": Setting("cifar100", "mobilenet_v2", _LONG, 10, 200, 100),
}


@dataclass(frozen=True)
class Run:
    """One network of the experiment."""

    setting: str
    part: str  # "arms" or "ablation"
    recipe: Recipe
    pictures: int

    @property
    def key(self) -> str:
        r = self.recipe
        return f"{self.setting}/{self.part}/{r.error}/{r.weight:g}/seed{r.seed % _ANOTHER}"

    @property
    def begin(self) -> Recipe | None:
        """How the network is trained from which this one goes on; None where it begins anew."""
        begin = SETTINGS[self.setting].begin
        return begin and replace(begin, weight=0.0, seed=self.recipe.seed % _ANOTHER)


def runs(name: str, seeds: int) -> list[Run]:
    """All networks of a setting: the arms for every seed, then the ablation."""
    setting = SETTINGS[name]
    another = _ANOTHER if setting.begin else 0
    made = [
        Run(
            name,
            "arms",
            replace(setting.recipe, weight=weight, seed=seed + another),
            setting.pictures,
        )
        for seed in range(seeds)
        for weight in setting.weights
    ]
    short = replace(setting.recipe, epochs=setting.ablation_epochs, seed=another)
    ablation = [(weight, "cosine") for weight in (*WEIGHTS, CONTROL)]
    ablation += [(WEIGHT, error) for error in ERRORS[1:]]
    return made + [
        Run(name, "ablation", replace(short, weight=weight, error=error), setting.ablation_pictures)
        for weight, error in ablation
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--setting", choices=SETTINGS, default="fashion_mnist")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--part", choices=("arms", "ablation"), help="only this one")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop cleanly after")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--subset", type=int, help="so many pictures, one epoch: a trial, not kept")
    parser.add_argument("--build", type=Path, default=ROOT / "build" / "interpretable_gradients")
    parser.add_argument("--pair", action="store_true", help="write the demo's pair of networks")
    parser.add_argument("--table", action="store_true", help="write the page from what is kept")
    asked = parser.parse_args()
    torch.set_num_threads(1 if asked.device == "cpu" else torch.get_num_threads())
    keep_memory()
    if not (asked.table or asked.pair):
        work(asked, until=time.monotonic() + 60 * asked.minutes)
    if asked.pair:
        write_pair(asked.build)
    if asked.subset is None:
        write_page(kept(), [run.key for name in SETTINGS for run in runs(name, asked.seeds)])


def work(asked: Any, until: float) -> None:
    """Make and measure every network that is not kept yet, as long as there is time."""
    wanted = [run for run in runs(asked.setting, asked.seeds) if asked.part in (None, run.part)]
    for run in wanted:
        if asked.subset is None and known(run):
            continue
        if asked.subset is not None:
            run = replace(run, recipe=replace(run.recipe, epochs=1), pictures=2)
        entry = made(run, asked, until)
        if entry is None:
            print("out of time; the same command goes on from here", flush=True)
            return
        print(json.dumps({run.key: entry["training"]}), flush=True)
        if asked.subset is None:
            keep_entry(run.key, entry)


def made(run: Run, asked: Any, until: float) -> dict[str, Any] | None:
    """What is kept of a network; None where the time ran out before it was all known."""
    setting = SETTINGS[run.setting]
    folder = asked.build / ("trial" if asked.subset else "full") / run.key
    train, test = (dataset(setting.data, split) for split in ("train", "test"))
    if asked.subset:
        chosen = np.random.default_rng(0).permutation(len(train))[: asked.subset]
        train = replace(train, pixels=train.pixels[chosen], labels=train.labels[chosen])
        step = len(test) // 500
        test = replace(test, pixels=test.pixels[::step], labels=test.labels[::step])
    channels = train.pixels.shape[3] if train.pixels.ndim == 4 else 1
    seed = (run.begin or run.recipe).seed
    network = build(setting.model, channels, len(train.class_names), seed=seed)
    network = network.to(asked.device, memory_format=torch.channels_last)
    if run.begin is not None:
        before = folder.parents[3] / "begin" / folder.name
        if not trained(Trainer(network, train, test, recipe=run.begin, folder=before), run, until):
            return None
    trainer = Trainer(network, train, test, recipe=run.recipe, folder=folder)
    if not trained(trainer, run, until):
        return None
    network.eval()
    trainer.measured = len(test)  # after every epoch it is few of them
    accuracy, cosine = trainer.measure()
    measures = measured(trainer, test, run.pictures, folder, until)
    if measures is None:
        return None
    return {
        "date": date.today().isoformat(),
        "command": f"python benchmarks/interpretable_gradients.py --setting {run.setting}",
        "torch": torch.__version__,
        "device": asked.device,
        "recipe": run.recipe.plain(),
        "begin": run.begin and run.begin.plain(),
        "pictures": run.pictures,
        "training": {"accuracy": round(accuracy, 4), "cosine": round(cosine or 0.0, 4),
                     "gradients": len(test),
                     "history": [told(entry) for entry in trainer.history]},
        "measures": measures,
    }  # fmt: skip


def trained(trainer: Trainer, run: Run, until: float) -> bool:
    """Train to the end, or until there is no time left: whether it came to the end."""
    started = time.monotonic()
    for progress in trainer.stream():
        report = progress.result
        if report.ends_epoch:
            print(f"{run.key} epoch {report.epoch + 1} of {trainer.recipe.epochs}: accuracy "
                  f"{report.test_accuracy:.4f}, cosine {report.cosine:.3f}, "
                  f"{time.monotonic() - started:.0f} s", flush=True)  # fmt: skip
        if time.monotonic() > until:
            break
    return trainer.finished


def told(entry: dict[str, float]) -> dict[str, float]:
    """What is kept of an epoch: not the cosine, which is of too few pictures to be compared."""
    return {name: value for name, value in entry.items() if name != "cosine"}


def write_pair(build_folder: Path) -> None:
    """Put the two arms of the first seed into the demo, in half precision, each measured so."""
    for run in runs("fashion_mnist", 1)[:2]:
        train, test = (dataset("fashion_mnist", split) for split in ("train", "test"))
        network = build("small_resnet", 1, len(train.class_names))
        folder = build_folder / "full" / run.key
        trainer = Trainer(network, train, test, recipe=run.recipe, folder=folder)
        if not trainer.finished:
            raise SystemExit(f"{run.key} is not trained yet")
        state = {
            name: value.half() if value.is_floating_point() else value
            for name, value in network.state_dict().items()
        }
        network.load_state_dict(
            {name: v.float() if v.is_floating_point() else v for name, v in state.items()}
        )
        accuracy, cosine = trainer.measure()
        arm = "regularised" if run.recipe.weight else "baseline"
        path = ROOT / "xai_widgets" / "demo" / f"gradients_{arm}.safetensors"
        save_file({name: value.contiguous() for name, value in state.items()}, path)
        recipe = {
            "command": "python benchmarks/interpretable_gradients.py --part arms, then --pair",
            "date": date.today().isoformat(),
            "torch": torch.__version__,
            "model": "small_resnet",
            "parameters": sum(parameter.numel() for parameter in network.parameters()),
            "class_names": list(train.class_names),
            "preprocessing": trainer.preprocessing,
            "trained_on": {"dataset": "fashion_mnist", "split": "train", "pictures": len(train)},
            "recipe": run.recipe.plain(),
            "measured_on": {"split": "test", "pictures": len(test), "gradients": trainer.measured},
            "accuracy": round(accuracy, 4),
            "cosine": None if cosine is None else round(cosine, 4),
        }
        text = json.dumps(recipe, indent=2) + "\n"
        path.with_suffix(".json").write_text(text, encoding="utf-8")


def kept() -> dict[str, Any]:
    """Every network that is known already, by its key."""
    path = RESULTS / "interpretable_gradients.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found


def known(run: Run) -> bool:
    """Whether this network is kept, trained as it would be now."""
    entry = kept().get(run.key)
    asked = (run.recipe.plain(), run.begin and run.begin.plain())
    return entry is not None and (entry["recipe"], entry.get("begin")) == asked


def keep_entry(key: str, entry: dict[str, Any]) -> None:
    """Add a network to the file."""
    text = json.dumps({**kept(), key: entry}, indent=1)
    (RESULTS / "interpretable_gradients.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
