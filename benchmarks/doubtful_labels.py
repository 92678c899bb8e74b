"""Labels that were exchanged on purpose, as a study finds them and as cleanlab does.

    pip install cleanlab
    python benchmarks/doubtful_labels.py [--epochs 3]

Of CIFAR-100 and of Fashion-MNIST 5 % of the labels are exchanged for another class at random, of
the training pictures as well. A small ResNet is trained on those; the test pictures, which it has
not seen, are studied. Told is the average precision with which the exchanged labels come first: of
the study, of cleanlab on the same probabilities, and by chance. Written to
benchmarks/results/doubtful_labels.json.
"""

from __future__ import annotations

import argparse
import tempfile
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores
from keeping import keep
from sklearn.metrics import average_precision_score

import xai_widgets as xw
from xai_widgets.datasets import Labelled, cifar100, fashion
from xai_widgets.training import Recipe, Trainer, build

SHARE = 0.05
DATA = {"cifar100": cifar100, "fashion_mnist": fashion}


def exchanged(data: Labelled, seed: int) -> tuple[Labelled, np.ndarray]:
    """The same pictures with 5 % of the labels another class, and which those are."""
    rng = np.random.default_rng(seed)
    wrong = rng.random(len(data)) < SHARE
    classes = len(data.class_names)
    other = (data.labels + rng.integers(1, classes, len(data))) % classes
    return replace(data, labels=np.where(wrong, other, data.labels)), wrong


def precision(rows: np.ndarray, confidence: np.ndarray, wrong: np.ndarray) -> float:
    """The average precision of doubtful rows first, then all others by their confidence."""
    score = 1 - confidence
    score[rows] += 1
    return float(average_precision_score(wrong, score))


def measured(name: str, epochs: int, folder: Path) -> dict[str, Any]:
    train, _ = exchanged(DATA[name]("train"), seed=1)
    test, wrong = exchanged(DATA[name]("test"), seed=2)
    channels = train.pixels.shape[3] if train.pixels.ndim == 4 else 1
    network = build("small_resnet", channels, len(train.class_names))
    recipe = Recipe.one_cycle(epochs, batch_size=128, learning_rate=0.2, weight=0.0, rotation=0.0)
    trainer = Trainer(network, train, test, recipe=recipe, measured=0)
    for progress in trainer.stream():
        if progress.result.ends_epoch:
            print(name, progress.result, flush=True)
    engine = xw.Engine(
        network.eval(), preprocessing=trainer.preprocessing, class_names=list(test.class_names)
    )
    study = xw.Study(engine, (list(test.pixels), test.labels.tolist()), folder=folder)
    study.run(wait=True, progress=False)
    ours = study.doubtful_labels()
    said = study.probabilities(np.arange(len(test)))
    ranked = find_label_issues(
        test.labels, said, filter_by="confident_learning", n_jobs=1,
        return_indices_ranked_by="self_confidence",
    )  # fmt: skip
    confidence = get_label_quality_scores(test.labels, said)
    found = precision(ours.rows, ours.self_confidence.copy(), wrong)
    theirs = precision(ranked, confidence.copy(), wrong)
    return {
        "pictures": len(test),
        "accuracy_on_these_labels": round(study.accuracy, 4),
        "exchanged": int(wrong.sum()),
        "doubtful": len(ours.rows),
        "doubtful_by_cleanlab": len(ranked),
        "in_both": len(np.intersect1d(ours.rows, ranked)),
        "average_precision": round(found, 4),
        "of_cleanlab": round(theirs, 4),
        "by_chance": round(float(wrong.mean()), 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--epochs", type=int, default=3)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        keep(
            "doubtful_labels",
            {name: measured(name, given.epochs, Path(folder, name)) for name in DATA},
        )


if __name__ == "__main__":
    main()
