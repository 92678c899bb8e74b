"""The experiment's results as tables of the documentation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parent.parent / "docs" / "interpretable_gradients_measured.md"
_TITLES = {
    "average_drop": "AD ↓", "average_gain": "AG ↑", "average_increase": "AI ↑",
    "insertion": "insertion ↑", "deletion": "deletion ↓", "sparseness": "sparseness",
    "total_variation": "total variation", "smooth_grad_distance": "SmoothGrad distance ↓",
    "random_logit": "random logit ↓", "model_randomization": "model randomisation ↓",
}  # fmt: skip
_CAMS = tuple(_TITLES)[:5]
_GRADIENTS = tuple(_TITLES)[5:]
Entries = Mapping[str, Mapping[str, Any]]


def write_page(entries: Entries, keys: Sequence[str]) -> None:
    """Write the page; networks that are not known are said to be not run."""
    lines = [
        "# Interpretable gradients, as measured",
        "",
        "Written by `python benchmarks/interpretable_gradients.py` from",
        "`benchmarks/results/interpretable_gradients.json`, where each network's recipe, command,",
        "date, history and every measure with its 95 % bootstrap interval over pictures are. What",
        "it says is in [interpretable gradients](interpretable_gradients.md).",
    ]
    for setting in dict.fromkeys(key.split("/")[0] for key in keys):
        wanted = [key for key in keys if key.startswith(f"{setting}/")]
        lines += ["", f"## {setting}", ""]
        known = {key: entries[key] for key in wanted if key in entries}
        if known:
            lines += [*_described(known), *_arms(known), *_ablation(known)]
        missing = [key.removeprefix(f"{setting}/") for key in wanted if key not in entries]
        if missing:
            shown = "all of it" if len(missing) == len(wanted) else ", ".join(missing)
            lines += ["", f"**Not run**: {shown}."]
    PAGE.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _described(known: Entries) -> list[str]:
    entry = next(iter(known.values()))
    recipe, begin = entry["recipe"], entry.get("begin")
    before = [] if begin is None else [
        f"All arms of a seed go on from one network, trained before for {begin['epochs']} epochs,",
        f"learning rate {begin['learning_rate']:g}, λ = 0.",
    ]  # fmt: skip
    return [
        f"`{entry['command']}`, {entry['date']}, torch {entry['torch']}, {entry['device']}:",
        f"{recipe['epochs']} epochs of {recipe['schedule']}, batches of {recipe['batch_size']},",
        f"learning rate {recipe['learning_rate']:g}, statistics {recipe['statistics']}.",
        *before,
        f"The cosine is over {entry['training'].get('gradients', 256):,} held-out pictures.",
    ]


def _arms(known: Entries) -> list[str]:
    arms: dict[str, list[Mapping[str, Any]]] = {}
    for key, entry in known.items():
        if key.split("/")[1] == "arms":
            seed = int(key.split("/seed")[1])
            arm = arms.setdefault(f"λ = {entry['recipe']['weight']:g}", [])
            arm.append({**entry, "seed": seed})
    if not arms:
        return []
    pictures = next(iter(arms.values()))[0]["pictures"]
    lines = ["", "| seed | arm | accuracy | cosine (plain, guided) |", "|---|---|---|---|"]
    for seed in sorted({entry["seed"] for some in arms.values() for entry in some}):
        for arm, some in arms.items():
            t = next((e["training"] for e in some if e["seed"] == seed), None)
            if t is not None:
                lines.append(f"| {seed} | {arm} | {t['accuracy']:.4f} | {t['cosine']:.4f} |")
    lines += [
        "",
        f"Over {pictures} held-out pictures (randomisation: half of them), the network's own",
        "answer: mean over seeds, with the least and the greatest seed's mean. Differences from",
        "λ = 0 are taken for each seed first; that of λ = 1e-06, where there is such an arm, is",
        "what chance does: it is λ = 0 again but for the rounding.",
    ]
    for names in (_CAMS, _GRADIENTS):
        head = ["method", "arm", *(_TITLES[name] for name in names)]
        lines += ["", f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
        first = next(iter(arms.values()))[0]["measures"]
        for method in [m for m, row in first.items() if names[0] in row]:
            means = {
                arm: [{name: _mean(e["measures"][method].get(name)) for name in names}
                      for e in some]
                for arm, some in arms.items()
            }  # fmt: skip
            base, *others = means
            for arm, found in means.items():
                cells = [_spread([row[name] for row in found]) for name in names]
                lines.append(f"| `{method}` | {arm} | {' | '.join(cells)} |")
            for arm in others:
                pairs = list(zip(means[base], means[arm], strict=False))
                cells = [_spread([_minus(o[n], b[n]) for b, o in pairs], "+") for n in names]
                lines.append(f"| `{method}` | {arm}, difference | {' | '.join(cells)} |")
    return lines


def _ablation(known: Entries) -> list[str]:
    rows = {key: entry for key, entry in known.items() if key.split("/")[1] == "ablation"}
    if not rows:
        return []
    epochs = next(iter(rows.values()))["recipe"]["epochs"]
    lines = [
        "",
        f"### Ablation, one seed, {epochs} epoch{'s' * (epochs > 1)}",
        "",
        "CAM measures are of Grad-CAM, the others of the plain gradient. λ = 1e-06 is λ = 0 again",
        "but for the rounding: by what these two differ, any two do.",
        "",
        "| error | λ | accuracy | cosine | " + " | ".join(_TITLES.values()) + " |",
        "|---" * (4 + len(_TITLES)) + "|",
    ]
    for entry in rows.values():
        recipe, training, measures = (entry[k] for k in ("recipe", "training", "measures"))
        cells = [_cell(measures["grad_cam"].get(name)) for name in _CAMS]
        cells += [_cell(measures["saliency"].get(name)) for name in _GRADIENTS]
        lines.append(
            f"| {recipe['error']} | {recipe['weight']:g} | {training['accuracy']:.4f} | "
            f"{training['cosine']:.4f} | {' | '.join(cells)} |"
        )
    return lines


def _mean(value: Sequence[float | None] | None) -> float | None:
    return None if value is None else value[0]


def _minus(this: float | None, that: float | None) -> float | None:
    return None if this is None or that is None else this - that


def _spread(means: Sequence[float | None], sign: str = "") -> str:
    """The mean of several networks' means, and how far they are apart."""
    known = [mean for mean in means if mean is not None]
    if not known:
        return "—"
    mean, low, high = (f"{v:{sign}.3f}" for v in (sum(known) / len(known), min(known), max(known)))
    return f"{mean} [{low}, {high}]"


def _cell(value: Sequence[float] | None) -> str:
    """A network's mean over pictures, and its interval."""
    if value is None or value[0] is None:
        return "—"
    mean, low, high = value[:3]
    return f"{mean:.3f} [{low:.3f}, {high:.3f}]"
