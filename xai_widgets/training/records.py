"""What a training leaves behind beside its checkpoint: metrics as a table, and for TensorBoard."""

from __future__ import annotations

import csv
import importlib
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from xai_widgets.files import write_whole

__all__ = ["TensorBoard", "write_csv"]


def write_csv(path: Path, history: Sequence[Mapping[str, float]]) -> None:
    """One row for each epoch; the whole file or none of it."""
    columns = list(dict.fromkeys(name for entry in history for name in entry))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(history)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, text.getvalue().encode())


class TensorBoard:
    """The same for TensorBoard, where it is installed; nothing elsewhere."""

    def __init__(self, folder: Path, epochs_done: int) -> None:
        self._writer: Any = None
        try:
            module = importlib.import_module("torch.utils.tensorboard")
        except ImportError:
            return
        # What a killed training wrote after its last checkpoint is not to be there twice.
        self._writer = module.SummaryWriter(str(folder), purge_step=epochs_done)

    def add(self, entry: Mapping[str, float]) -> None:
        """An epoch's numbers."""
        if self._writer is not None:
            for name, value in entry.items():
                if name != "epoch":
                    self._writer.add_scalar(name, value, int(entry["epoch"]))
            self._writer.flush()
