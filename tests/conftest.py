"""For all tests: one thread per operation, however many processors the machine has, interrupts that
raise, and collections of garbage that look at what the tests have made alone."""

import gc
import os
import signal

# Small networks gain nothing from more threads, and lose much where the processors are shared. The
# variable is for the processes that tests start.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
import torch

torch.set_num_threads(1)

# A shell that starts the tests in its background has them ignore interrupts.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True, scope="module")
def only_new_garbage() -> None:
    """What is there already stays to the end: no collection need walk through it again."""
    gc.collect()
    gc.freeze()
