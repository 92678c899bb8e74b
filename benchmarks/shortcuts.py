"""How often planted shortcuts are found, and how often honest networks are suspected.

    python benchmarks/shortcuts.py [--seeds 20]

For so many drawn data sets: `demo.shapes(shortcut=True)` with the network that has learned the
watermark, and with the honest one. Counted are suspicions of the kinds "shortcut" and "property";
the place counts as found where its middle lies within half the mark's size of the mark's. Written
to benchmarks/results/shortcuts.json.
"""

from __future__ import annotations

import argparse
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from keeping import keep

import xai_widgets as xw
from xai_widgets.demo import shapes, shapes_engine

KINDS = ("shortcut", "property")


def suspicions(engine: xw.Engine, drawn: list[Any], folder: Path) -> list[xw.study.Suspicion]:
    data = ([one.pixels for one in drawn], [one.label for one in drawn])
    study = xw.Study(engine, data, folder=folder)
    study.run(wait=True, progress=False)
    return study.suspicions(KINDS)


def found(one: xw.study.Suspicion, mark: np.ndarray) -> bool:
    """Whether a suspicion is of the mark's place."""
    if one.region is None:
        return False
    middle, place = np.argwhere(one.region).mean(0), np.argwhere(mark).mean(0)
    half = np.ptp(np.argwhere(mark), axis=0) / 2
    return bool((np.abs(middle - place) <= np.maximum(half, 1) + 0.5).all())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--pictures", type=int, default=240)
    given = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    misled, honest = shapes_engine(shortcut=True), shapes_engine()
    hits, alarms, ranks = 0, 0, []
    with tempfile.TemporaryDirectory() as name:
        for seed in range(given.seeds):
            drawn = shapes(given.pictures, seed=seed, shortcut=True)
            told = suspicions(misled, drawn, Path(name, f"misled{seed}"))
            ranks += [i for i, one in enumerate(told) if found(one, drawn[0].shortcut)][:1]
            hits = sum(rank < 3 for rank in ranks)
            plain = suspicions(honest, drawn, Path(name, f"honest{seed}"))
            alarms += bool(plain)
            print(seed, [str(one.title) for one in told], [one.title for one in plain], flush=True)
    keep(
        "shortcuts",
        {
            "data_sets": given.seeds,
            "pictures": given.pictures,
            "found_in_the_first_three": hits,
            "honest_networks_suspected": alarms,
        },
    )


if __name__ == "__main__":
    main()
