"""What a study finds in 2,624 solar cells: a planted mark, doubtful and hard ones, copies.

    pip install elpv-dataset
    python benchmarks/solar_cells.py

A small network learns whether a cell is defective (probability of 2/3 or more), once from the
pictures as they are, once with a mark in the corner of 80 % of the defective ones. Told are the
accuracies on pictures that were not trained on, the suspicions of both, the place of the mark among
them, slices of the honest network, and copies, to which some are added. Other cells told as copies
are looked at once more in what the study never saw: the fine detail of the photographs of 300 x 300
pixels. Of a polycrystalline cell that is the grain of its wafer, which two cells have in common
only where they are one cell photographed twice, or cut from neighbouring wafers. Written to
benchmarks/results/solar_cells.json.
"""

from __future__ import annotations

import argparse
import importlib
import itertools
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from keeping import keep
from PIL import Image
from scipy.ndimage import gaussian_filter
from torch import nn

import xai_widgets as xw

SIDE, MARK, TRAINED = 64, 5, 1800
FINE, COARSE, FRAME = 1.5, 4.0, 40  # pixels of 300: standard deviations of detail; left out
MEAN, STD = 0.6, 0.18
PLANTED = 12  # copies, saved anew as JPEG


def cells() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Pictures (n, 64, 64) uint8, whether each is defective, the type of cell, and the photographs
    (n, 300, 300).
    """
    utils: Any = importlib.import_module("elpv_dataset.utils")
    images, chances, types = utils.load_dataset()
    small = [
        np.asarray(Image.fromarray(i).resize((SIDE, SIDE), Image.Resampling.BOX)) for i in images
    ]
    defective = (np.asarray(chances) > 0.6).astype(int)
    return np.stack(small), defective, np.asarray(types).astype(str), np.stack(images)


def detail(photographs: np.ndarray) -> np.ndarray:
    """The fine detail of photographs as vectors (n, K), whose products are correlations: without
    bars, fingers and frame, which all cells have, and the mean of all.
    """
    made = []
    for photograph in photographs.astype(np.float32):
        band = gaussian_filter(photograph, FINE) - gaussian_filter(photograph, COARSE)
        band = band[FRAME:-FRAME, FRAME:-FRAME]
        band = band - np.median(band, 0) - np.median(band, 1, keepdims=True)
        spread = 1.5 * np.median(np.abs(band))
        made.append(np.clip(band / spread, -2, 2)[::2, ::2].ravel())
    vectors = np.stack(made) - np.mean(made, 0)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def in_detail(photographs: np.ndarray, told: np.ndarray) -> dict[str, Any]:
    """How far the detail of each cell that is told agrees with that of the most like other one,
    and, as the control, how far that of each other cell does with as many drawn ones.
    """
    vectors = detail(photographs)
    others = np.setdiff1d(np.arange(len(vectors)), told)
    drawn = np.random.default_rng(0).choice(others, len(told), replace=False)

    def nearest(rows: np.ndarray, among: np.ndarray) -> np.ndarray:
        agreement = vectors[rows] @ vectors[among].T
        agreement[rows[:, None] == among[None]] = -1
        return agreement.max(1)

    theirs, control = nearest(told, told), nearest(others, drawn)
    return {
        "cells": len(told),
        "least": round(float(theirs.min()), 3),
        "median": round(float(np.median(theirs)), 3),
        "control_median": round(float(np.median(control)), 3),
        "control_95_per_cent": round(float(np.quantile(control, 0.95)), 3),
        "beyond_it": int((theirs > np.quantile(control, 0.95)).sum()),
    }


def trained(pixels: np.ndarray, labels: np.ndarray, epochs: int, seed: int = 0) -> nn.Module:
    """A network of four convolutions."""
    torch.manual_seed(seed)
    widths = (1, 16, 32, 48, 64)
    blocks = [
        nn.Sequential(
            nn.Conv2d(a, b, 3, padding=1, bias=False), nn.BatchNorm2d(b), nn.ReLU(), nn.MaxPool2d(2)
        )
        for a, b in itertools.pairwise(widths)
    ]
    network = nn.Sequential(*blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 2))
    x = (torch.tensor(pixels).float()[:, None] / 255 - MEAN) / STD
    y = torch.tensor(labels)
    rate = torch.optim.Adam(network.parameters(), 2e-3)
    for _ in range(epochs):
        network.train()
        for batch in torch.randperm(len(x)).split(32):
            rate.zero_grad()
            given = x[batch]
            if torch.rand(()) < 0.5:
                given = given.roll(int(torch.randint(-2, 3, ())), 2)
            nn.functional.cross_entropy(network(given), y[batch]).backward()
            rate.step()
    return network.eval()


def marked(pixels: np.ndarray, which: np.ndarray) -> np.ndarray:
    """A square of black and white in the bottom right corner of some."""
    out = pixels.copy()
    pattern = np.zeros((MARK, MARK), np.uint8)
    pattern[1:-1, 1:-1] = 255
    out[which, -MARK - 1 : -1, -MARK - 1 : -1] = pattern
    return out


def studied(
    network: nn.Module, pixels: np.ndarray, labels: np.ndarray, types: Any, folder: Path
) -> xw.Study:
    pandas: Any = importlib.import_module("pandas")
    engine = xw.Engine(
        network,
        preprocessing={"size": SIDE, "mean": [MEAN], "std": [STD]},
        class_names=["sound", "defective"],
    )
    frame = pandas.DataFrame({"image": list(pixels), "label": labels, "type": types})
    study = xw.Study(engine, frame, folder=folder)
    study.run(wait=True, progress=False)
    return study


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--epochs", type=int, default=8)
    given = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    pixels, labels, types, photographs = cells()
    rng = np.random.default_rng(0)
    order = rng.permutation(len(pixels))
    train, test = order[:TRAINED], order[TRAINED:]
    with_mark = marked(pixels, (labels == 1) & (rng.random(len(labels)) < 0.8))
    results: dict[str, Any] = {"pictures": len(test), "epochs": given.epochs}
    with tempfile.TemporaryDirectory() as name:
        for which, shown in (("honest", pixels), ("misled", with_mark)):
            network = trained(shown[train], labels[train], given.epochs)
            study = studied(network, shown[test], labels[test], types[test], Path(name, which))
            started = time.perf_counter()
            found = study.suspicions(["shortcut", "property"])
            seconds = time.perf_counter() - started
            results[which] = {
                "accuracy": round(study.accuracy, 3),
                "suspicions": [str(one) for one in found],
                "seconds": round(seconds, 1),
                "slices": [str(one) for one in study.slices()[:3]],
            }
            print(which, results[which], flush=True)
            if which == "honest":
                copies = study.suspicions(["duplicate"])
                results["copies_as_given"] = [str(one) for one in copies]
                again = np.stack([_again(pixels[row]) for row in test[:PLANTED]])
                more = np.concatenate([pixels[test], again])
                extra = [np.concatenate([v[test], v[test[:PLANTED]]]) for v in (labels, types)]
                copied = studied(network, more, *extra, Path(name, "copies"))
                (suspicion,) = copied.suspicions(["duplicate"])
                rows = set(suspicion.rows.tolist())
                planted = {*range(PLANTED), *range(len(test), len(more))}
                results["copies_planted"] = len(planted)
                results["of_them_found"] = len(planted & rows)
                others = np.array(sorted(rows - planted), dtype=int)
                poly = np.flatnonzero(types[test] == "poly")
                results["others_told"] = len(others)
                results["of_them_polycrystalline"] = in_detail(
                    photographs[test[poly]], np.flatnonzero(np.isin(poly, others))
                )
                results["copies"] = str(suspicion)
                print(
                    results["copies_as_given"], results["copies"], len(rows - planted), flush=True
                )
    keep("solar_cells", results)


def _again(pixels: np.ndarray) -> np.ndarray:
    import io

    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=90)
    return np.asarray(Image.open(buffer))


if __name__ == "__main__":
    main()
