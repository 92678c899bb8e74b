"""Pages of what was measured, from the files in benchmarks/results."""

from __future__ import annotations

import json
from typing import Any

from tools.site.paths import ROOT

_RESULTS = ROOT / "benchmarks" / "results"
_WHAT = {
    "peers": "Every method against other libraries and its plain definition",
    "memory": "Peak memory of every method, over the bare model's",
    "trace": "One recorded forward pass against a bare one",
    "dataset": "A whole data set",
    "evaluate": "Measures over many photographs",
    "study": "A study of a data set",
    "doubtful_labels": "Labels exchanged on purpose, by a study and by cleanlab",
    "copies": "Copies that were saved anew, among other pictures",
    "shortcuts": "Planted shortcuts, and networks without one",
    "solar_cells": "Solar cells: a planted mark, hard ones, copies",
    "viewer": "HeatmapViewer",
    "comparison": "GradientComparison",
    "dataset_explorer": "DatasetExplorer",
    "explorer": "LatentExplorer",
    "regularised_step": "A training step for clearer gradients",
    "gradient_strength": "How strong the regulariser is",
    "gpu_speed": "On a GPU, beside bare passes and other libraries",
    "gpu_train": "ResNet-18 on a GPU, both arms of interpretable gradients",
    "soak": "Ten thousand explanations in one process",
    "site": "A page of this site with five live figures",
}
_UNITS = {"ms": "ms", "mb": "MB", "bytes": "bytes", "seconds": "s", "milliseconds": "ms"}


def read(name: str) -> dict[str, Any]:
    """What a benchmark wrote."""
    return dict(json.loads((_RESULTS / f"{name}.json").read_text(encoding="utf-8")))


def when(result: dict[str, Any]) -> str:
    """When and by which command it was measured."""
    threads = result.get("threads") or result.get("cpu_threads")
    machine = f", {threads} thread{'s' if threads != 1 else ''}" if threads else ""
    torch = f", torch {result['torch']}" if "torch" in result else ""
    return f"{result['date']}, `{result['command']}`{torch}{machine}"


def peers() -> str:
    """Seconds of every method, ours and others', as one table."""
    rows = read("peers")["rows"]
    columns = list(dict.fromkeys(name for row in rows.values() for name in row["seconds"]))
    head = ["Method", *("xai_widgets" if name == "ours" else name for name in columns)]
    lines = [f"| {' | '.join(head)} | Over the bare passes | Measured |"]
    lines.append("|---|" + "---:|" * (len(columns) + 1) + "---|")
    for name, row in rows.items():
        cells = []
        for column in columns:
            seconds = row["seconds"].get(column)
            times = row["times_faster"].get(column)
            shown = "" if seconds is None else f"{seconds:.3g} s"
            cells.append(f"{shown} ({times:.3g} ×)" if shown and times else shown)
        over = row.get("over_bare_passes")
        lines.append(
            f"| [`{name}`](../guide/methods/{name}.md) | {' | '.join(cells)} | "
            f"{f'{over:.2f} ×' if over else ''} | {row['date']} |"
        )
    return "\n".join(lines)


def everything() -> str:
    """Every other result, as it was written."""
    parts = []
    for name, title in _WHAT.items():
        if name == "peers" or not (_RESULTS / f"{name}.json").exists():
            continue
        result = read(name)
        rows = [f"| {key} | {value} |" for key, value in _flat(result)]
        parts.append(
            f"## {title}\n\n{when(result)}\n\n| What | Value |\n|---|---:|\n" + "\n".join(rows)
        )
    return "\n\n".join(parts)


def _flat(result: Any, words: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    if isinstance(result, dict):
        skipped = {"date", "command", "torch", "captum", "grad-cam", "torchcam", "machine"}
        skipped |= {"threads", "cpu_threads"} if not words else set()
        return [
            row
            for key, value in result.items()
            if words or key not in skipped
            for row in _flat(value, (*words, key))
        ]
    label = ", ".join(word.replace("_", " ") for word in words)
    if isinstance(result, list):
        if result and isinstance(result[0], dict):  # the last of a series says it
            return _flat(result[-1], (*words, "last of " + str(len(result))))
        return [(label, ", ".join(str(value) for value in result))]
    return [(label, f"{result:.4g}" if isinstance(result, float) else f"{result}")]
