"""Re-label distillation, measured: how faithful its students are, how its maps compare, its cost.

    python benchmarks/relabel.py                       # all parts
    python benchmarks/relabel.py photographs --pictures 20

Parts: `linear`, a network that is a linear student itself; `fashion`, Fashion-MNIST's test
pictures; `photographs`, ImageNet photographs held out from the VAE's training, under
$XAI_WIDGETS_DATA; `cost`, against the bare networks. Every picture's figures are kept in
benchmarks/results/relabel/ as soon as they are known, so a run that is cut off goes on where it
was, a larger `--pictures` adds to a smaller one, and `--share 0/2` and `--share 1/2` do half of it
each, beside each other. Other methods are found again by name and parameters; of re-label
distillation the files `*_ours_*` and `*_students_*` are of the code as it was: delete them with a
change of the method. Written to benchmarks/results/relabel.json and into docs/relabel.md.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

import xai_widgets as xw
from xai_widgets.images import Picture
from xai_widgets.metrics.evaluation import Ledger
from xai_widgets.probe.memory import keep_memory
from xai_widgets.relabel import RelabelDistillation
from xai_widgets.targets import Target

ROOT = Path(__file__).parent.parent
KEPT = ROOT / "benchmarks" / "results" / "relabel"
RESULTS = KEPT.with_suffix(".json")
PAGE = ROOT / "docs" / "relabel.md"
START, END = "<!-- measured: start -->", "<!-- measured: end -->"

OTHERS = (
    *("saliency", "smooth_grad", "integrated_gradients", "grad_cam", "occlusion", "rise", "lime"),
    "kernel_shap",
)
# As the engine has them, but where the defaults are meant for larger pictures.
SMALL: dict[str, dict[str, Any]] = {"occlusion": {"window": 6, "stride": 3}}
VAES: dict[str, str] = {}
SHARE = [0, 1]
WANTED = {"linear": 1, "fashion": 200, "photographs": 100, "cost": 1}
TUNED_ON = slice(7, None, 29)  # photographs that the options were chosen on: not judged on


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="|".join(WANTED), default=list(WANTED))
    parser.add_argument("--pictures", type=int, help="of fashion and photographs, at most")
    parser.add_argument("--samples", type=int, default=1000)
    parser.add_argument("--share", help="i/n: only every n-th picture from i on; no table yet")
    parser.add_argument("--vae", help="a file of weights instead of the demo's own")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    keep_memory()  # as it is while widgets run networks
    if asked.share:
        SHARE[:] = [int(number) for number in asked.share.split("/")]
    if asked.vae:
        VAES.update(dict.fromkeys(("fashion", "photographs"), asked.vae))
    weights = f" --vae {Path(asked.vae).name}" if asked.vae else ""
    KEPT.mkdir(parents=True, exist_ok=True)
    measured = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for part in asked.parts:
        if part not in WANTED:
            parser.error(f"{part!r} is none of {', '.join(WANTED)}")
        count = asked.pictures or WANTED[part]
        made = {
            "date": date.today().isoformat(),
            "command": f"python benchmarks/relabel.py {part} --pictures {count}"
            f" --samples {asked.samples}{weights}",
            "torch": torch.__version__,
        }
        found = globals()[part](count, asked.samples)
        if asked.share:
            continue
        measured[part] = {**made, **found}
        RESULTS.write_text(json.dumps(measured, indent=1) + "\n")
        before, rest = PAGE.read_text(encoding="utf-8").split(START)
        text = f"{before}{START}\n{page(measured)}{END}{rest.split(END)[1]}"
        PAGE.write_text(text, encoding="utf-8")


def linear(count: int, samples: int) -> dict[str, Any]:
    """A linear network: the student's weights must be the network's own."""

    class Linear(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            w = torch.randn(64, generator=torch.Generator().manual_seed(3))
            self.w = nn.Parameter(w - w.mean())  # grey is undecided: clipping takes no side

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            score = 20 * ((x - 0.5).flatten(1) @ self.w) / self.w.norm()
            return torch.stack([score, -score], 1)

    class Orthogonal:
        basis = torch.linalg.qr(torch.randn(64, 64, generator=torch.Generator().manual_seed(5)))[0]

        def encode(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            mean = 10 * (pixels.flatten(1) - 0.5) @ self.basis
            return mean, torch.zeros_like(mean)

        def decode(self, latents: torch.Tensor) -> torch.Tensor:
            return (latents @ self.basis.T / 10 + 0.5).view(-1, 1, 8, 8)

    engine, found = xw.Engine(Linear()), {}
    w = engine.model.w.detach()
    x = (0.5 + 0.05 * w / w.norm()).view(1, 1, 8, 8)
    for space in ("pixels", "latents"):
        distillation = RelabelDistillation(
            engine, Orthogonal(), samples=samples, space=space, readout="weight"
        )
        d = torch.from_numpy(distillation.explain(x).attribution.values.copy()).flatten()
        found[space] = round(float(torch.cosine_similarity(d, w, dim=0)), 4)
    return {"cosine": found}


def fashion(count: int, samples: int) -> dict[str, Any]:
    """Fashion-MNIST's first test pictures, the demo's classifier and VAE."""
    pictures = list(xw.demo.fashion("test", count).pixels)
    return compared("fashion", xw.demo.fashion_engine(), pictures, samples, SMALL, seeds=5)


def photographs(count: int, samples: int) -> dict[str, Any]:
    """Photographs that the VAE never saw, and the options were not chosen on."""
    paths = sorted(Path(os.environ["XAI_WIDGETS_DATA"], "imagenet_samples").glob("*.jpg"))
    tuned = set(paths[TUNED_ON])
    held_out = [str(path) for path in paths[::3] if path not in tuned]
    # Spread over the classes, in an order in which more pictures add to fewer.
    order = np.random.default_rng(0).permutation(len(held_out))[:count]
    return compared("photographs", xw.demo.engine(), [held_out[i] for i in order], samples, {})


def vae_of(name: str) -> Any:
    """The demo's VAE for these pictures, or the one in the file that was asked for."""
    return xw.relabel.load_vae(VAES[name]) if name in VAES else xw.demo.vae(name)


def digest(path: str | None) -> str:
    """Tells figures of one file of weights from those of others."""
    if path is None:
        return ""
    return "_" + hashlib.blake2b(Path(path).read_bytes(), digest_size=4).hexdigest()


def compared(
    part: str,
    engine: xw.Engine,
    pictures: Sequence[Any],
    samples: int,
    given: dict[str, dict[str, Any]],
    seeds: int = 1,
) -> dict[str, Any]:
    """Insertion and deletion of all methods, and what is known of each student."""
    vae, name = vae_of(part), f"{part}{digest(VAES.get(part))}"
    pictures = pictures[SHARE[0] :: SHARE[1]]
    facts = Ledger(KEPT / f"{name}_students_{samples}.jsonl")

    def relabel_distillation(engine: xw.Engine, picture: Picture, target: Target) -> Any:
        started = time.process_time()
        try:
            found = RelabelDistillation(engine, vae, samples=samples).explain(picture, target)
        except xw.ExplanationError as error:  # counts as a map that knows nothing
            facts.put(picture.digest.hex(), value={"refused": str(error)}, target=target.name)
            return np.zeros(picture.input.shape[-2:])
        seconds = time.process_time() - started
        way = found.counterfactual
        value = {
            "fidelity": found.fidelity,
            "soft_r2": found.soft_r2,
            "kept_share": found.kept_share,
            "scale": found.scale,
            "reconstruction_error": found.reconstruction_error,
            "reconstruction_keeps_label": found.reconstruction_keeps_label,
            "warnings": len(found.warnings),
            "flip": way.flip,
            "cycle_error": way.cycle_error,
            "stability": found.seed_stability(seeds) if seeds > 1 else None,
            "seconds": seconds,
        }
        facts.put(picture.digest.hex(), value=value, target=target.name)
        return found.attribution

    others = [(method, given[method]) if method in given else method for method in OTHERS]

    def curves(methods: Sequence[Any], file: str, control: bool) -> xw.metrics.Table:
        return xw.metrics.evaluate(
            engine, pictures, methods, ["insertion", "deletion"],
            control=control, progress=True, resume=KEPT / file,
        )  # fmt: skip

    ours = curves([relabel_distillation], f"{name}_ours_{samples}.jsonl", control=False)
    theirs = curves(others, f"{part}_others.jsonl", control=True)
    table = xw.metrics.Table((*ours.rows, *theirs.rows), {**ours.better, **theirs.better})
    known = [facts.get(engine.picture(picture).digest.hex()) for picture in pictures]
    students = [entry["value"] for entry in known if entry is not None]
    refused = sum("refused" in student for student in students)
    students = [student for student in students if "refused" not in student]
    rows = {
        f"{i.method.split('(')[0]} {i.measure}": [round(v, 4) for v in (i.mean, i.low, i.high)]
        for i in table.summary()
    }
    return {
        "pictures": len(pictures),
        "refused": refused,
        "rows": rows,
        "better_than_random_by": better_by(table, "relabel_distillation", "random"),
        "students": summed_up(students),
    }


def better_by(table: xw.metrics.Table, ours: str, other: str) -> dict[str, list[float]]:
    """How much better a method's curves are, on the same pictures: mean with 95 % interval."""
    rows = [
        {"method": ours, "measure": measure, "value": sign * (one - two)}
        for measure, sign in (("insertion", 1), ("deletion", -1))
        for one, two in zip(table.values(ours, measure), table.values(other, measure), strict=True)
    ]
    apart = xw.metrics.Table(tuple(rows), {})
    return {i.measure: [round(v, 4) for v in (i.mean, i.low, i.high)] for i in apart.summary()}


def summed_up(students: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The students of all pictures in a few figures."""

    def column(name: str) -> Any:
        return np.array([s[name] for s in students if s[name] is not None], dtype=np.float64)

    def quartiles(name: str) -> list[float]:
        return [round(float(q), 4) for q in np.nanquantile(column(name), (0.5, 0.25, 0.75))]

    inside = (column("kept_share") >= 0.3) & (column("kept_share") <= 0.7)
    flips = [s["flip"] is not None for s in students]
    return {
        "count": len(students),
        "fidelity": quartiles("fidelity"),
        "soft_r2": quartiles("soft_r2"),
        "kept_share_inside": round(float(inside.mean()), 4),
        "scale": quartiles("scale"),
        "reconstruction_error": quartiles("reconstruction_error"),
        "reconstruction_keeps_label": round(float(column("reconstruction_keeps_label").mean()), 4),
        "with_warnings": round(float((column("warnings") > 0).mean()), 4),
        "flips": round(float(np.mean(flips)), 4),
        "flip": quartiles("flip") if any(flips) else None,
        "cycle_error": quartiles("cycle_error") if any(flips) else None,
        "stability": quartiles("stability") if len(column("stability")) else None,
        "seconds": quartiles("seconds"),
    }


def cost(count: int, samples: int) -> dict[str, Any]:
    """Distillation against decoding and running as many pictures with the bare networks, in turns,
    picture by picture, in processor seconds; medians.
    """
    engines = {"photographs": xw.demo.engine(), "fashion": xw.demo.fashion_engine()}
    pictures = {
        "photographs": [xw.demo.photo("cat")] * count,
        "fashion": list(xw.demo.fashion("test", 9 * count).pixels),
    }
    found = {}
    for name, engine in engines.items():
        vae = vae_of(name)
        for _ in RelabelDistillation(engine, vae, samples=100).stream(pictures[name][0]):
            pass  # what is slow the first time
        taken = [cost_once(engine, vae, engine.picture(x), samples) for x in pictures[name]]
        bare, whole, first = (float(np.median(column)) for column in zip(*taken, strict=True))
        found[name] = {
            "pictures": len(taken),
            "bare_seconds": round(bare, 2),
            "seconds": round(whole, 2),
            "ratio": round(whole / bare, 3),
            "first_map": round(first / bare, 3),
        }
    return {"ratios": found}


def cost_once(
    engine: xw.Engine, vae: Any, picture: Picture, samples: int
) -> tuple[float, float, float]:
    """Processor seconds of the bare networks, of the distillation, and until its first map."""
    latent = vae.encode(engine.internals.unit(picture.input))[0].detach()
    # The batch that distillation uses.
    size = max(1, min(8 * 3 * 224 * 224 // picture.input[0].numel(), 128))
    started = time.process_time()
    with torch.no_grad():
        for begin in range(0, samples, size):
            some = latent.expand(min(size, samples - begin), *latent.shape[1:])
            x = engine.internals.normalise(vae.decode(some)).contiguous(
                memory_format=torch.channels_last
            )
            engine.model(x)
    bare = time.process_time() - started
    engine.internals.trace(picture)  # which is recorded as soon as a picture is shown
    started = time.process_time()
    first = None
    for _ in RelabelDistillation(engine, vae, samples=samples).stream(picture):
        first = first or time.process_time() - started
    return bare, time.process_time() - started, first or 0.0


def page(measured: dict[str, Any]) -> str:
    """All that was measured, as Markdown."""
    lines: list[str] = []
    for part, made in measured.items():
        lines += ["", f"### {part.capitalize()}", "", f"`{made['command']}`, {made['date']}.", ""]
        if "cosine" in made:
            lines += [f"- cosine with the network, {k}: **{v}**" for k, v in made["cosine"].items()]
        if "ratios" in made:
            lines += [
                "| networks | bare | distillation | ratio | first map |",
                "|---|---|---|---|---|",
            ]
            lines += [
                f"| {name} | {r['bare_seconds']} s | {r['seconds']} s | **{r['ratio']}** | "
                f"{r['first_map']:.0%} of bare |"
                for name, r in made["ratios"].items()
            ]
        if "rows" in made:
            lines += compared_page(made)
    return "\n".join(lines) + "\n"


def compared_page(made: dict[str, Any]) -> list[str]:
    """The table of methods, best insertion first, and what is known of the students."""
    students = made["students"]
    lines = [
        f"{made['pictures']} pictures. Area under the curve, mean with 95 % bootstrap interval.",
        "",
    ]
    lines += ["| method | insertion ↑ | deletion ↓ |", "|---|---|---|"]
    methods = sorted({key.split()[0] for key in made["rows"]})
    for method in sorted(methods, key=lambda m: -made["rows"][f"{m} insertion"][0]):
        cells = [made["rows"][f"{method} {measure}"] for measure in ("insertion", "deletion")]
        name = f"**`{method}`**" if method == "relabel_distillation" else f"`{method}`"
        words = [f"{mean:.3f} [{low:.3f}, {high:.3f}]" for mean, low, high in cells]
        lines.append(f"| {name} | {' | '.join(words)} |")
    better = [
        f"{measure} {mean:.3f} [{low:.3f}, {high:.3f}]"
        for measure, (mean, low, high) in made.get("better_than_random_by", {}).items()
    ]
    if better:
        lines += ["", f"Better than random maps of the same pictures by: {', '.join(better)}."]
    lines += ["", f"No neighbourhood was found for {made['refused']} pictures. The students of the"]
    lines += ["others, median [quartiles]:", ""]
    for name, value in students.items():
        if isinstance(value, list):
            middle, low, high = value
            lines.append(f"- {name.replace('_', ' ')}: {middle:.3g} [{low:.3g}, {high:.3g}]")
        elif value is not None and name != "count":
            lines.append(f"- {name.replace('_', ' ')}: {value:.1%} of {students['count']} pictures")
    return lines


if __name__ == "__main__":
    main()
