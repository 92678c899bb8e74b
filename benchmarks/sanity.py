"""Every method on the shapes network: does it look at the shape, at this network, at this class?

    python benchmarks/sanity.py

For each method, over drawn pictures whose true mask is known: the share of the map's magnitude on
the shape (a map that knows nothing gets the shape's share of the picture), the rank correlation
with the maps of the network randomised layer by layer from the top, and with the map of another
class (both of magnitudes: 1 is a map that did not notice). Means with 95 % bootstrap intervals;
written to docs/sanity.md and benchmarks/results/sanity.json.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from keeping import keep

import xai_widgets as xw

ROOT = Path(__file__).parent.parent
STAGES = 6
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
    unavailable = engine.internals.unavailable(shapes[0].pixels)
    rows: dict[str, dict[str, Any]] = {}
    stages: dict[str, list[float | None]] = {}
    for method in engine.methods:
        if method in unavailable:
            continue
        started = time.perf_counter()
        values = [taken(engine, shape, method) for shape in shapes]
        masses, cascades, others = zip(*values, strict=True)
        rows[method] = {
            "mass": interval(masses),
            "randomised": interval([cascade[-1] for cascade in cascades]),
            "other_class": interval(others),
        }
        stages[method] = [interval(stage)[0] for stage in zip(*cascades, strict=True)]
        print(f"{method:24} {rows[method]}  {time.perf_counter() - started:.0f} s", flush=True)
    area = float(np.mean([shape.mask.mean() for shape in shapes]))
    made = {
        "date": date.today().isoformat(),
        "command": f"python benchmarks/sanity.py --pictures {pictures}",
        "pictures": pictures,
        "area": round(area, 4),
        "layers": [" + ".join(group) for group in layers(engine, shapes[0])],
    }
    keep("sanity", {**made, "rows": rows, "cascade": stages})
    (ROOT / "docs" / "sanity.md").write_text(page(made, rows) + cascade_page(made, stages))


def layers(engine: xw.Engine, shape: Any) -> list[tuple[str, ...]]:
    """What each stage of the cascade randomises, from the top."""
    cascade = xw.metrics.model_randomization(engine, shape.pixels, "grad_cam", stages=STAGES)
    return [stage.layers for stage in cascade.stages[1:]]


def taken(engine: xw.Engine, shape: Any, method: str) -> tuple[float, list[float], float]:
    """Mass on the shape, rank correlation at each stage, and with another class's map."""
    given = BUDGET.get(method, {})
    found = engine.explain(shape.pixels, method, **given)
    mass = xw.metrics.relevance_mass(found, shape.mask)
    random = xw.metrics.model_randomization(
        engine, shape.pixels, method, stages=STAGES, absolute=True, **given
    )
    other = xw.metrics.random_logit(engine, shape.pixels, method, absolute=True, **given)
    return mass, [stage.spearman for stage in random.stages[1:]], other.spearman


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
        "zero everywhere, as rectified ones can be, so that there is nothing to rank. The",
        "settings of the superpixels (`lime`, `kernel_shap`, `exact_shapley`, `feature_ablation`)",
        "were chosen on other drawn pictures, but after a first look at these.",
        "",
        "| method | on the shape | randomised network | another class |",
        "|---|---|---|---|",
    ]
    for method, row in sorted(rows.items(), key=lambda item: -(item[1]["mass"][0] or 0)):
        cells = [cell(row[name]) for name in ("mass", "randomised", "other_class")]
        lines.append(f"| `{method}` | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def cascade_page(made: dict[str, Any], stages: dict[str, list[float | None]]) -> str:
    """The cascade as a table of the same page: a row for each method, a column for each stage."""
    numbers = range(1, len(made["layers"]) + 1)
    lines = [
        "",
        "## The cascade, stage by stage",
        "",
        "The mean rank correlation of magnitudes with the map of the network as it was trained,",
        "after these layers, from the top, were randomised too. A map that follows what was",
        "learned falls off early; one that stays high shows the picture's edges or the layout of",
        "the network. Methods in the order of their mean.",
        "",
        *(f"{n}. `{names}`" for n, names in zip(numbers, made["layers"], strict=True)),
        "",
        "| method | " + " | ".join(map(str, numbers)) + " |",
        "|---" * (len(made["layers"]) + 1) + "|",
    ]

    def mean(item: tuple[str, list[float | None]]) -> float:
        return float(np.mean([value for value in item[1] if value is not None] or [2.0]))

    for method, values in sorted(stages.items(), key=mean):
        cells = ("—" if value is None else f"{value:.2f}" for value in values)
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
