"""Whether a study survives kill -9 at any moment: also while its folder is made, and with two
runners at once.

    python benchmarks/kills.py [--kills 40]

Two processes compute one study of drawn shapes, and are killed at random moments, again and again,
until so many have been; then it is computed to its end. Told is how many were killed, how many
blocks there were when they were, and whether all blocks have the bytes of a study that was never
killed. Written to benchmarks/results/kills.json.
"""

from __future__ import annotations

import argparse
import hashlib
import multiprocessing
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import torch
from keeping import keep

import xai_widgets as xw
from xai_widgets.demo import shapes, shapes_engine
from xai_widgets.study.folders import faults
from xai_widgets.study.store import Store

PICTURES, BLOCK = 480, 8


def run(folder: str) -> None:
    """Make the study, or open it, and compute what is missing."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    drawn = shapes(PICTURES, seed=0)
    data = ([one.pixels for one in drawn], [one.label for one in drawn])
    xw.Study(shapes_engine(), data, folder=folder, block=BLOCK).run(wait=True, progress=False)


def digest(folder: Path) -> str:
    made = hashlib.sha256()
    for file in sorted((folder / "blocks").glob("*.safetensors")):
        made.update(file.name.encode() + file.read_bytes())
    return made.hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=40)
    given = parser.parse_args()
    # Forked, so that a process begins at once; this one computes nothing.
    context = multiprocessing.get_context("fork")
    chance = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as name:
        whole, killed = Path(name, "whole.study"), Path(name, "killed.study")
        begun = time.monotonic()
        first = context.Process(target=run, args=(str(whole),))
        first.start()
        first.join()
        seconds = time.monotonic() - begun
        count, at = 0, []
        while count < given.kills:
            runners = [context.Process(target=run, args=(str(killed),)) for _ in range(2)]
            for runner in runners:
                runner.start()
            for runner in runners:
                time.sleep(float(chance.uniform(0, 0.4 * seconds)))
                if runner.is_alive():
                    runner.kill()
                    count += 1
                    at.append(len(list((killed / "blocks").glob("*.safetensors"))))
            for runner in runners:
                runner.join()
            if at and at[-1] == -(-PICTURES // BLOCK):  # all there: half of it is lost again
                for file in sorted((killed / "blocks").glob("*.safetensors"))[::2]:
                    file.unlink()
        last = context.Process(target=run, args=(str(killed),))
        last.start()
        last.join()
        keep(
            "kills",
            {
                "pictures": PICTURES,
                "blocks": -(-PICTURES // BLOCK),
                "killed": count,
                "blocks_there_when_killed": at,
                "the_last_run_ended_with": last.exitcode,
                "faults": [problem for _, problem in faults(Store(killed))],
                "same_bytes": digest(killed) == digest(whole),
                "leases_left": len(list((killed / "leases").glob("[0-9]*"))),
            },
        )


if __name__ == "__main__":
    main()
