"""For all tests: one thread per operation, however many processors the machine has, and interrupts
that raise."""

import signal

import torch

# Small networks gain nothing from more threads, and lose much where the processors are shared.
torch.set_num_threads(1)

# A shell that starts the tests in its background has them ignore interrupts.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
