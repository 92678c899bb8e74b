"""For all tests: one thread per operation, however many processors the machine has."""

import torch

# Small networks gain nothing from more threads, and lose much where the processors are shared.
torch.set_num_threads(1)
