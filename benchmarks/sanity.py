"""Every method on the shapes network: does it look at the shape, at this network, at this class?

    python benchmarks/sanity.py

For each method, over drawn pictures whose true mask is known: the share of the map's magnitude on
the shape (a map that knows nothing gets the shape's share of the picture), the rank correlation
with the map of the wholly randomised network, and with the map of another class (both of
magnitudes: 1 is a map that did not notice). Means with 95 % bootstrap intervals; written to
docs/sanity.md and benchmarks/results/sanity.json.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

import xai_widgets as xw

ROOT = Path(__file__).parent.parent
# What makes slow methods quick enough; the rest runs as it comes.
BUDGET: dict[str, dict[str, Any]] = {
    "rise": {"samples": 300},
    "lime": {"samples": 200, "count": 30},
    "kernel_shap": {"samples": 200, "count": 30},
    "feature_ablation": {"count": 30},
    "occlusion": {"window": 12, "stride": 6},
    "extremal_perturbation": {"steps": 30},
    "opti_cam": {"steps": 30},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=20)
    pictures = parser.parse_args().pictures
    engine = xw.demo.shapes_engine()
    shapes = xw.demo.shapes(pictures, seed=101)
    unavailable = engine.unavailable(shapes[0].pixels)
    rows: dict[str, dict[str, Any]] = {}
    for method in engine.methods:
        if method in unavailable:
            continue
        started = time.perf_counter()
        values = [judged(engine, shape, method) for shape in shapes]
        columns = zip(*values, strict=True)
        named = zip(("mass", "randomised", "other_class"), columns, strict=True)
        rows[method] = {name: interval(column) for name, column in named}
        print(f"{method:24} {rows[method]}  {time.perf_counter() - started:.0f} s", flush=True)
    area = float(np.mean([shape.mask.mean() for shape in shapes]))
    made = {
        "date": date.today().isoformat(),
        "command": f"python benchmarks/sanity.py --pictures {pictures}",
        "pictures": pictures,
        "area": round(area, 4),
    }
    results = ROOT / "benchmarks" / "results"
    results.mkdir(exist_ok=True)
    (results / "sanity.json").write_text(json.dumps({**made, "rows": rows}, indent=1) + "\n")
    (ROOT / "docs" / "sanity.md").write_text(page(made, rows))


def judged(engine: xw.Engine, shape: Any, method: str) -> tuple[float, float, float]:
    """The three figures of one method on one picture."""
    given = BUDGET.get(method, {})
    found = engine.explain(shape.pixels, method, **given)
    mass = xw.metrics.relevance_mass(found, shape.mask)
    random = xw.metrics.model_randomization(
        engine, shape.pixels, method, stages=1, absolute=True, **given
    )
    other = xw.metrics.random_logit(engine, shape.pixels, method, absolute=True, **given)
    return mass, random.stages[-1].spearman, other.spearman


def interval(values: Sequence[float]) -> list[float | None]:
    """Mean, low and high of the mean, and how many values were none (an empty map has no rank)."""
    known = np.array([value for value in values if np.isfinite(value)])
    missing = len(values) - len(known)
    if not len(known):
        return [None, None, None, missing]
    draws = np.random.default_rng(0).choice(known, (2000, len(known))).mean(axis=1)
    low, high = np.quantile(draws, (0.025, 0.975))
    return [round(float(known.mean()), 3), round(float(low), 3), round(float(high), 3), missing]


def page(made: dict[str, Any], rows: dict[str, dict[str, Any]]) -> str:
    """The table as a page of the documentation."""
    lines = [
        "# Sanity checks, as measured",
        "",
        f"`{made['command']}`, {made['date']}: {made['pictures']} drawn pictures whose true mask",
        "is known, the shapes network, each method for the network's own answer.",
        "",
        "- **On the shape**: share of the map's magnitude inside the true mask. High is good; a",
        f"  map that knows nothing gets {made['area']:.0%}, the shape's share of the picture.",
        "- **Randomised network**: rank correlation of magnitudes with the map of the same",
        "  network after all its weights were randomised (Adebayo et al. 2018). Near 0 is good;",
        "  near 1 shows the picture, not the network.",
        "- **Another class**: the same with the map of another class, drawn at random. Low is",
        "  good; 1 is a map that is not about the class.",
        "",
        "Means, with 95 % bootstrap intervals over pictures. *Empty*: how often the other map was",
        "zero everywhere, as rectified ones can be, so that there is nothing to rank.",
        "",
        "| method | on the shape | randomised network | another class |",
        "|---|---|---|---|",
    ]
    for method, row in sorted(rows.items(), key=lambda item: -(item[1]["mass"][0] or 0)):
        cells = [cell(row[name]) for name in ("mass", "randomised", "other_class")]
        lines.append(f"| `{method}` | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def cell(values: list[float | None]) -> str:
    """One figure with its interval."""
    mean, low, high, missing = values
    if mean is None:
        return "—"
    note = f" ({missing} empty)" if missing else ""
    return f"{mean:.2f} [{low:.2f}, {high:.2f}]{note}"


if __name__ == "__main__":
    main()
