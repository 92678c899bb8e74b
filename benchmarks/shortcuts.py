"""How often planted shortcuts are found, and how often honest networks are suspected.

    python benchmarks/shortcuts.py [--seeds 20]

For so many drawn data sets: `demo.shapes(shortcut=True)` with the network that has learned the
watermark, and with the honest one. Counted are suspicions of the kinds "shortcut" and "property";
the place counts as found where its middle lies within half the mark's size of the mark's, in both
directions. Written to benchmarks/results/shortcuts.json after each data set; those that are there
are not run again.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from keeping import RESULTS, keep

import xai_widgets as xw
from xai_widgets.demo import shapes, shapes_engine

KINDS = ("shortcut", "property")


def suspicions(engine: xw.Engine, drawn: list[Any], folder: Path) -> list[xw.study.Suspicion]:
    data = ([one.pixels for one in drawn], [one.label for one in drawn])
    study = xw.Study(engine, data, folder=folder)
    study.run(wait=True, progress=False)
    return study.suspicions(KINDS)


def apart(one: xw.study.Suspicion, mark: np.ndarray) -> list[float] | None:
    """How far a suspicion's middle is from the mark's, down and across, in sizes of the mark."""
    if one.region is None:
        return None
    middle, place = np.argwhere(one.region).mean(0), np.argwhere(mark).mean(0)
    size = np.ptp(np.argwhere(mark), axis=0) + 1
    return [round(float(far), 3) for far in np.abs(middle - place) / size]


def tried(seed: int, pictures: int, folder: Path) -> dict[str, Any]:
    """What is suspected of one data set: by the misled network, and by the honest one."""
    drawn = shapes(pictures, seed=seed, shortcut=True)
    told = suspicions(shapes_engine(shortcut=True), drawn, folder / f"misled{seed}")
    plain = suspicions(shapes_engine(), drawn, folder / f"honest{seed}")
    far = [apart(one, drawn[0].shortcut) for one in told]
    places = [i for i, value in enumerate(far) if value is not None and max(value) <= 0.5]
    result: dict[str, Any] = {
        "seed": seed,
        "suspicions": [one.title for one in told],
        "of_honest": [str(one) for one in plain],
        "rank": places[0] + 1 if places else None,
    }
    if places:
        first = told[places[0]]
        assert first.experiment is not None
        result |= {
            "apart": far[places[0]],
            "effect": round(first.effect, 3),
            "interval": [round(end, 3) for end in first.interval],
            "control": round(first.control, 3),
            "control_interval": [round(end, 3) for end in first.experiment.control_interval],
        }
    return result


def counted(each: list[dict[str, Any]]) -> dict[str, Any]:
    there = [one for one in each if one["rank"] is not None and one["rank"] <= 3]
    beyond = [one for one in there if one["interval"][0] > one["control_interval"][1]]
    return {
        "data_sets": len(each),
        "found_in_the_first_three": len(there),
        "effect_beyond_the_controls_interval": len(beyond),
        "honest_networks_suspected": sum(bool(one["of_honest"]) for one in each),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--pictures", type=int, default=240)
    given = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    file = RESULTS / "shortcuts.json"
    known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    each = known.get("each", []) if known.get("pictures") == given.pictures else []
    done = {one["seed"] for one in each}
    with tempfile.TemporaryDirectory() as name:
        for seed in range(given.seeds):
            if seed not in done:
                each.append(tried(seed, given.pictures, Path(name)))
                keep("shortcuts", {"pictures": given.pictures, **counted(each), "each": each})


if __name__ == "__main__":
    main()
