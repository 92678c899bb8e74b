"""What a study of a whole data set costs over decoding and bare forwards, in time and memory.

    XAI_WIDGETS_DATA=... python benchmarks/study.py                  all parts
    ... python benchmarks/study.py --part over_bare --rounds 2       one of them

Five parts, each with one thread:

- `over_bare`: a study of 400 photographs, EfficientNet-Lite0, Grad-CAM, everything stored, over
  (the decoding alone + the bare network's best batches alone); in turns, medians.
- `peak_mb`: the peak memory of a process that makes it, over one that only runs the network.
- `linear`: seconds a picture of 1,000 and of 50,000 small pictures (CIFAR-100), and their ratio.
- `processes`: two processes of `concurrent.futures` over one process, each on a processor of its
  own: without that, one process reads ahead on the other processor, and is nearly two.
- `dask`: the same for two workers of a `dask.distributed` cluster over one.

Results of parts that are not run stay as they are in benchmarks/results/study.json.
"""

from __future__ import annotations

import argparse
import atexit
import functools
import importlib
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from itertools import cycle, islice, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from keeping import RESULTS, keep
from PIL import Image
from torch import nn

import xai_widgets as xw

Run = Callable[[], Any]
_LAYOUTS = (torch.contiguous_format, torch.channels_last)
_SMALL = (1_000, 50_000)
_SHARED = 10_007  # small pictures that workers share: no multiple of a block


def photographs(count: int = 400) -> list[str]:
    """Files of photographs, from the data folder or the demo's, again and again."""
    folder = os.environ.get("XAI_WIDGETS_DATA")
    files = sorted(Path(folder, "imagenet_samples").glob("*.jpg")) if folder else []
    return [str(file) for file in islice(cycle(files or shipped()), count)]


def shipped() -> list[Path]:
    """The demo's photographs as files, which workers find where this process wrote them."""
    folder = os.environ.get("XAI_WIDGETS_SHIPPED")
    if folder is None:
        made = tempfile.TemporaryDirectory(prefix="xai_widgets_")
        atexit.register(made.cleanup)
        os.environ["XAI_WIDGETS_SHIPPED"] = folder = made.name
        for name in xw.demo.photos():
            xw.demo.photo(name).save(Path(folder, f"{name}.jpg"), quality=95)
    return sorted(Path(folder).glob("*.jpg"))


def make_engine() -> xw.Engine:
    """The engine, as workers make it."""
    torch.set_num_threads(1)
    return xw.demo.engine()


def make_data() -> list[str]:
    """The pictures, as workers find them."""
    return photographs(int(os.environ.get("XAI_WIDGETS_COUNT", "400")))


def studied(engine: xw.Engine, data: Any, executor: Any = None, **options: Any) -> float:
    """Seconds of a study in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        study = xw.Study(engine, data, folder=Path(folder, "a.study"), **options)
        started = time.perf_counter()
        study.run(executor, wait=True, progress=False)
        seconds = time.perf_counter() - started
        assert len(study.done) == study.store.count
    return seconds


def seconds_of(run: Run) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def over_bare(count: int, rounds: int) -> dict[str, Any]:
    engine, files = make_engine(), photographs(count)
    x = torch.cat([engine.input(file) for file in files])

    def forwards(batch: int, layout: torch.memory_format) -> Run:
        def run() -> None:
            with torch.no_grad():
                for part in x.split(batch):
                    engine.model(part.contiguous(memory_format=layout))

        return run

    def decoding() -> None:
        for file in files:
            engine.picture(file)

    sizes = {f"{n} {str(how)[6:]}": (n, how) for n in (4, 8) for how in _LAYOUTS}
    # The best is found on a part, so that all of the time goes into what counts.
    with torch.no_grad():
        part, x = x, x[:48]
        for _ in range(2):
            taken = {name: seconds_of(forwards(*size)) for name, size in sizes.items()}
        best, x = min(taken, key=lambda name: taken[name]), part
    runs: dict[str, Callable[[], float]] = {
        "decoding": lambda: seconds_of(decoding),
        "forwards": lambda: seconds_of(forwards(*sizes[best])),
        "study": lambda: studied(engine, files),
    }
    found: dict[str, list[float]] = {name: [] for name in runs}
    studied(engine, files[:16])
    for _ in range(rounds):
        for name, measured in runs.items():
            found[name].append(measured())
    ms = {name: 1000 * statistics.median(s) / count for name, s in found.items()}
    return {
        "photographs": count,
        "rounds": rounds,
        "best_batch": best,
        "ms_a_picture": {name: round(value, 2) for name, value in ms.items()},
        "ratio": round(ms["study"] / (ms["decoding"] + ms["forwards"]), 3),
    }


def peak(what: str, count: int) -> None:
    """Do it, and print this process's peak MB."""
    engine, files = make_engine(), photographs(count)
    if what == "bare":
        with torch.no_grad():
            for start in range(0, count, 8):
                engine.model(torch.cat([engine.input(f) for f in files[start : start + 8]]))
    else:
        studied(engine, files)
    # Not ru_maxrss: a child process begins with its parent's.
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    print(int(status.partition("VmHWM:")[2].split()[0]) / 1024)


def peak_mb(count: int, rounds: int) -> dict[str, Any]:
    sizes = {}
    for what in ("bare", "study"):
        command = [sys.executable, __file__, "--peak", what, "--photographs", str(count)]
        said = subprocess.run(command, capture_output=True, text=True, check=True)
        sizes[what] = float(said.stdout.split()[-1])
    return {
        "photographs": count,
        "bare": round(sizes["bare"]),
        "study": round(sizes["study"]),
        "over_bare": round(sizes["study"] - sizes["bare"]),
    }


class Small(nn.Module):
    """A small network for small pictures."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        sizes = (3, 16, 32, 64)
        blocks = [
            nn.Sequential(nn.Conv2d(a, b, 3, stride=2 if a > 3 else 1, padding=1), nn.ReLU())
            for a, b in pairwise(sizes)
        ]
        self.trunk, self.head = nn.Sequential(*blocks), nn.Linear(64, 100)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Scores of 100 classes."""
        scores: torch.Tensor = self.head(self.trunk(x).mean((2, 3)))
        return scores


@functools.cache
def small_pictures() -> np.ndarray:
    """CIFAR-100's training pictures (a strip for each class), or noise of their size."""
    folder = os.environ.get("XAI_WIDGETS_DATA")
    strips = sorted(Path(folder, "cifar100", "train").glob("*.webp")) if folder else []
    if strips:
        read = [np.asarray(Image.open(f).convert("RGB")).reshape(-1, 32, 32, 3) for f in strips]
        return np.concatenate(read)
    print("XAI_WIDGETS_DATA has no cifar100/train: taking noise of the same size")
    return np.random.default_rng(0).integers(0, 256, (50_000, 32, 32, 3), dtype=np.uint8)


def linear(count: int, rounds: int) -> dict[str, Any]:
    torch.set_num_threads(1)
    engine, pictures = xw.Engine(Small().eval()), small_pictures()
    few, many = _SMALL
    studied(engine, list(pictures[:300]))
    before = [studied(engine, list(pictures[:few])) for _ in range(3)]
    long = studied(engine, list(pictures[:many]))
    after = [studied(engine, list(pictures[:few])) for _ in range(3)]
    short = statistics.median(before + after)
    return {
        "ms_a_picture": {
            str(few): round(1000 * short / few, 3), str(many): round(1000 * long / many, 3),
        },
        "ratio": round((long / many) / (short / few), 3),
    }  # fmt: skip


def make_small_engine() -> xw.Engine:
    """An engine of a small network, as workers make it."""
    torch.set_num_threads(1)
    return xw.Engine(Small().eval())


def make_small_data() -> list[np.ndarray]:
    """Small pictures, as workers find them."""
    return list(small_pictures()[: int(os.environ["XAI_WIDGETS_COUNT"])])


def pinned(numbers: Any) -> None:
    """Keep a worker to a processor of its own: one process reads ahead on an idle one, which is
    more than one thread.
    """
    with numbers.get_lock():
        number = numbers.value
        numbers.value += 1
    keep_to(number)


def keep_to(number: int) -> None:
    """Keep this process, and the threads that it has, to one processor."""
    cores = sorted(os.sched_getaffinity(0))
    for thread in os.listdir("/proc/self/task"):
        os.sched_setaffinity(int(thread), {cores[number % len(cores)]})


def spent(seconds: float = 0.2) -> tuple[int, float]:
    """This process, and the seconds that it has computed."""
    time.sleep(seconds)
    return os.getpid(), time.process_time()


class Pool:
    """Worker processes of `concurrent.futures`."""

    def __init__(self, count: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.count = count
        self.executor: Any = ProcessPoolExecutor(
            count, context, initializer=pinned, initargs=(context.Value("i", 0),)
        )

    def computing(self) -> float:
        """Seconds that all workers have computed."""
        return sum(dict(self.executor.map(spent, [0.2] * self.count)).values())

    def close(self) -> None:
        """End the workers."""
        self.executor.shutdown()


class Cluster:
    """Worker processes of dask, on this machine."""

    def __init__(self, count: int) -> None:
        distributed: Any = importlib.import_module("dask.distributed")
        self._cluster = distributed.LocalCluster(
            n_workers=count, threads_per_worker=1, dashboard_address=":0", memory_limit=0
        )
        self._client = distributed.Client(self._cluster)
        self.executor = self._client.get_executor()
        for number, address in enumerate(self._client.scheduler_info()["workers"]):
            self._client.run(keep_to, number, workers=[address])

    def computing(self) -> float:
        """Seconds that all workers have computed."""
        return sum(seconds for _, seconds in self._client.run(spent, 0.0).values())

    def close(self) -> None:
        """End the workers."""
        self._client.close()
        self._cluster.close()


def compared(count: int, rounds: int, made: type[Pool] | type[Cluster]) -> dict[str, Any]:
    """Of photographs and of small pictures; `seconds` by the clock, `computing` by the workers."""
    sys.path.insert(0, str(Path(__file__).parent))
    os.environ["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parent), *sys.path[1:]])
    found: dict[str, Any] = {}
    for what, engine, number, data, block in (
        ("photographs", "make_engine", count, photographs(count), 8),
        ("small_pictures", "make_small_engine", _SHARED, list(small_pictures()[:_SHARED]), 256),
    ):
        os.environ["XAI_WIDGETS_COUNT"] = str(number)
        maker = "make_small_data" if what == "small_pictures" else "make_data"
        recipe = {"factory": f"study:{engine}", "data": f"study:{maker}"}
        # As workers name it: this file is __main__ here.
        own = getattr(importlib.import_module("study"), engine)()
        taken: dict[int, list[float]] = {1: [], 2: []}
        computing: dict[int, list[float]] = {1: [], 2: []}
        pools = {n: made(n) for n in taken}
        for n, pool in pools.items():
            # Each worker has made its engine, and seen as many pictures, before it counts.
            for _ in range(2):
                studied(own, data, pool.executor, recipe=recipe, block=block)
            print(f"{what}, {n} warm", flush=True)
        for _ in range(rounds):
            for n, pool in pools.items():
                before = pool.computing()
                taken[n].append(studied(own, data, pool.executor, recipe=recipe, block=block))
                computing[n].append(pool.computing() - before)
        for pool in pools.values():
            pool.close()
        seconds = {n: statistics.median(values) for n, values in taken.items()}
        found[what] = {
            "pictures": number,
            "seconds": {str(n): round(value, 2) for n, value in seconds.items()},
            "computing": {str(n): round(statistics.median(v), 2) for n, v in computing.items()},
            "times_as_fast": round(seconds[1] / seconds[2], 2),
        }
        print(what, found[what], flush=True)
    return found


def processes(count: int, rounds: int) -> dict[str, Any]:
    return compared(count, rounds, Pool)


def dask(count: int, rounds: int) -> dict[str, Any]:
    return compared(count, rounds, Cluster)


PARTS = {
    "over_bare": over_bare,
    "peak_mb": peak_mb,
    "linear": linear,
    "processes": processes,
    "dask": dask,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=PARTS, action="append")
    parser.add_argument("--photographs", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peak", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    if chosen.peak:
        peak(chosen.peak, chosen.photographs)
        return
    file = RESULTS / "study.json"
    known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    for part in chosen.part or PARTS:
        known[part] = PARTS[part](chosen.photographs, chosen.rounds)
        print(part, known[part], flush=True)
    known = {k: v for k, v in known.items() if k not in ("date", "command")}
    keep("study", {"cpu_threads": 1, "torch": torch.__version__, **known})


if __name__ == "__main__":
    main()
