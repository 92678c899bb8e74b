"""Does anything grow in a notebook that is used all day? In a real kernel, with a client that
listens as a browser does.

    python benchmarks/soak.py --explanations 10000 --viewers 500

In parts: explanations by every method that takes one map, of ever new and of known pictures; then
viewers, each shown, asked for another target and another method, and either closed or replaced by
running its cell again. After each part the kernel's memory, objects, channels (comms), threads and
open files are taken down; at the end everything is closed. The engine keeps 64 MB of recorded
passes and as much of results, which the first tenth fills. Written to benchmarks/results/soak.json.
"""

from __future__ import annotations

import argparse
import ast
import time
from typing import Any

from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import start_new_kernel
from keeping import keep

PARTS = 20
SET_UP = """
import gc, os, random, resource, threading, time
import comm, ipywidgets, numpy as np, torch
import xai_widgets as xw
torch.set_num_threads(1)
torch.manual_seed(0)
layers = []
for channels, more in ((3, 8), (8, 16), (16, 16)):
    layers += [torch.nn.Conv2d(channels, more, 3, 2, 1), torch.nn.BatchNorm2d(more)]
    layers += [torch.nn.ReLU()]
network = torch.nn.Sequential(
    *layers, torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(16, 10)
).eval()
engine = xw.Engine(network, preprocessing=dict(size=128, crop=128), memory=2**26)
names = [n for n, m in engine.methods.items() if not (m.needs_attention or m.anytime)]
chance, draws = random.Random(0), np.random.default_rng(0)
known = [draws.integers(0, 256, (128, 128, 3), dtype=np.uint8) for _ in range(8)]

def picture():
    if chance.random() < 0.5:
        return chance.choice(known)
    return draws.integers(0, 256, (128, 128, 3), dtype=np.uint8)

def explain(count):
    for number in range(count):
        found = engine.explain(picture(), names[number % len(names)], target=number % 10)
        assert np.isfinite(found.values).all()

def now():
    gc.collect()
    with open("/proc/self/statm") as file:
        resident = int(file.read().split()[1]) * resource.getpagesize()
    return {
        "resident_mb": round(resident / 1e6, 1),
        "objects": len(gc.get_objects()),
        "comms": len(comm.get_comm_manager().comms),
        "widgets": len(ipywidgets.widgets.widget._instances),
        "threads": threading.active_count(),
        "files": len(os.listdir("/proc/self/fd")),
    }
"""
VIEWER = """
viewer = xw.HeatmapViewer(engine, picture(), method="saliency")
display(viewer)
viewer.wait()
viewer.target = chance.randrange(10)
viewer.method = chance.choice(names)
viewer.wait()
assert viewer.status["state"] == "idle" and viewer.attribution is not None, viewer.status
"""
# A worker without work ends its thread after a while, memory is given back then too, and the kernel
# looks every ten seconds for threads that have ended, whose pipe to its own thread it closes.
REST = """
until = time.monotonic() + {seconds}
while time.monotonic() < until:
    found = now()
    if found["threads"] <= threads and found["files"] <= files:
        break
    del found
    time.sleep(0.5)
"""


class Kernel:
    """A kernel, and how many channels the client that listens has been told of."""

    def __init__(self, client: BlockingKernelClient) -> None:
        self._client = client
        self.opened = self.closed = 0

    def run(self, code: str, cell: str = "other") -> str:
        """What running a cell prints."""
        session, printed = self._client.session, ""
        content = {"code": code, "silent": False, "store_history": False, "allow_stdin": False}
        message = session.msg("execute_request", content, metadata={"cellId": cell})
        self._client.shell_channel.send(message)
        while True:
            said = self._client.get_iopub_msg(timeout=600)
            self.opened += said["msg_type"] == "comm_open"
            self.closed += said["msg_type"] == "comm_close"
            if said["parent_header"].get("msg_id") != message["header"]["msg_id"]:
                continue
            content = said["content"]
            if said["msg_type"] == "stream":
                printed += content["text"]
            if said["msg_type"] == "error":
                raise RuntimeError("\n".join(content["traceback"]))
            if content.get("execution_state") == "idle":
                break
        while self._client.shell_channel.msg_ready():  # replies, which a browser reads too
            self._client.get_shell_msg(timeout=1)
        return printed.strip()

    def now(self) -> dict[str, Any]:
        found: dict[str, Any] = ast.literal_eval(self.run("print(now())"))
        return found


def measure(kernel: Kernel, explanations: int, viewers: int) -> dict[str, Any]:
    kernel.run(SET_UP)
    kernel.run("explain(len(names))")
    kernel.run(VIEWER, cell="a cell")  # with the first, PyZMQ starts a thread that stays
    kernel.run("viewer.close(); del viewer; threads = files = 0\n" + REST.format(seconds=25))
    kernel.run("threads, files = now()['threads'], now()['files']")
    start, rows = kernel.now(), []
    started, shown = time.monotonic(), 0
    for part in range(1, PARTS + 1):
        kernel.run(f"explain({explanations // PARTS})")
        while shown < viewers * part // PARTS:
            # Two of three are replaced by running their cell again.
            kernel.run(VIEWER, cell="a cell")
            shown += 1
            if shown % 3 == 0:
                kernel.run("viewer.close(); del viewer")
        rows.append(
            {"explanations": explanations * part // PARTS, "viewers": shown, **kernel.now()}
        )
        print(rows[-1], f"{time.monotonic() - started:.0f} s", flush=True)
    kernel.run("if 'viewer' in globals():\n    viewer.close(); del viewer")
    kernel.run(REST.format(seconds=60))
    end = kernel.now()
    first = rows[PARTS // 10 - 1]
    return {
        "start": start,
        "parts": rows,
        "end": end,
        "seconds": round(time.monotonic() - started),
        "comms_opened_and_closed": [kernel.opened, kernel.closed],
        "resident_mb_after_the_first_tenth": first["resident_mb"],
        "highest_resident_mb_later": max(row["resident_mb"] for row in rows[PARTS // 10 :]),
        "back": {
            name: end[name] - start[name] for name in ("comms", "widgets", "threads", "files")
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--explanations", type=int, default=10_000)
    parser.add_argument("--viewers", type=int, default=500)
    options = parser.parse_args()
    manager, client = start_new_kernel(kernel_name="python3", startup_timeout=120)
    try:
        keep("soak", measure(Kernel(client), options.explanations, options.viewers))
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


if __name__ == "__main__":
    main()
