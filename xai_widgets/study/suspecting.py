"""What becomes a suspicion because changing pictures changes answers: places and properties."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from xai_widgets.errors import ExplanationError, strict_keywords
from xai_widgets.progress import Progress
from xai_widgets.study.causes import CHANGEABLE, Association, associations, changed
from xai_widgets.study.changing import Changing
from xai_widgets.study.experiments import cover, swap
from xai_widgets.study.findings import Experiment, Suspicion, percent, span
from xai_widgets.study.groups import group_maps, pooled_maps
from xai_widgets.study.patches import Patch, patches
from xai_widgets.study.shortcuts import candidates
from xai_widgets.study.statistics import bootstrap_mean

__all__ = ["Suspecting"]

RowNumbers = npt.NDArray[np.int64]
_SEARCHED, _TESTED = 48, 128  # rows of the search for shortcuts, and of the experiment after it
_FEWEST = 24  # rows, without which there is no search
_BEYOND = 0.15  # of the answers, that must turn beyond the control's, for a suspicion
_HALF = 0.5  # of the answers: more follow the region than all the rest of the picture
_TIMES = 10  # its share of the picture, that must turn at least: all evidence lies somewhere
_ANSWERS = 12  # answers, the most frequent ones, in whose pictures recurring patches are looked for
_HELD = 12  # rows of a group of maps at least: half to search, half to try
_LOOKED_AT, _TRIED = 32, 64  # rows of the search for patches, and of the experiment
_GROUPED = 400  # rows of one answer that are grouped
_TURNED = 0.1  # of right answers, that a property must turn beyond its control


class Suspecting(Changing):
    """A study, and what changing its pictures makes suspicious."""

    @strict_keywords
    def shortcuts(self, *, seed: int = 0, most: int = 3) -> list[Suspicion]:
        """Places that decide by themselves. They are searched by exchanging windows between
        pictures of different answers, coarse to fine, and among the patches that recur in the
        pictures of one answer, or of one group of its maps, where their evidence lies. Each is then
        tried on other pictures, and is a suspicion only where it turns more answers than random
        regions beside it (intervals apart, and at least 15 of 100 answers more), and more than ten
        times its share of the picture, or half of all: where pictures are alike, some place always
        tells most.

        Maps only propose: alone they raise false alarms (Adebayo et al. 2022, arXiv 2212.04629).
        """
        self._need_engine("looking for shortcuts")
        done = self.done
        labelled = self.rows["label"][done] >= 0
        rows = done[self.rows["correct"][done]] if labelled.any() else done
        if len(rows) < _FEWEST or len(np.unique(self.rows["prediction"][rows])) < 2:
            warnings.warn(
                f"shortcuts were not looked for: that needs at least {_FEWEST} pictures answered "
                "right, of two answers or more",
                UserWarning,
                stacklevel=3,
            )
            return []
        drawn = self._balanced(rows, _SEARCHED + _TESTED, seed)
        cut = min(_SEARCHED, len(drawn) // 2)
        search, test = np.sort(drawn[:cut]), np.sort(drawn[cut:])
        _, x, others = self._with_partners(search, self._inputs(search), seed)
        found = []
        for step in _with_bar(candidates(x, others, self._answer, most=most)):
            found = step.result
        size = (int(x.shape[-2]), int(x.shape[-1]))
        suspicions = self._recurring(rows, size, seed, most)
        if not found:
            return _apart(suspicions)
        wanted, x, others = self._with_partners(test, self._inputs(test), seed + 1)
        for candidate in found:
            tried = swap(
                x, others, self._answer, wanted, candidate.mask(size), seed=seed, show=self.show
            )
            if _decides(tried):
                suspicions.append(_shortcut(tried, size))
        return _apart(suspicions)

    def _recurring(
        self, rows: RowNumbers, size: tuple[int, int], seed: int, most: int
    ) -> list[Suspicion]:
        """Suspicions of patches that recur in the pictures of an answer or of a group of maps."""
        rng = np.random.default_rng(seed)
        answers = self.rows["prediction"]
        values, counts = np.unique(answers[rows], return_counts=True)
        frequent = values[np.argsort(-counts, kind="stable")][:_ANSWERS]
        proposed: list[tuple[float, Patch, RowNumbers, RowNumbers]] = []
        for answer in frequent.tolist():
            own, foreign = rows[answers[rows] == answer], rows[answers[rows] != answer]
            rest = rng.permutation(foreign)[:_LOOKED_AT]
            there = self._inputs(np.sort(rest)).numpy()
            for members in self._groups_of_maps(own, seed):
                mixed = rng.permutation(members)
                half = len(mixed) // 2
                seen, held = np.sort(mixed[:half][:_LOOKED_AT]), np.sort(mixed[half:][:_TRIED])
                looked = self._inputs(seen).numpy()
                for patch in patches(looked, there, self.rows.maps(seen), most=1):
                    strength = (patch.own - patch.others) * patch.evidence
                    receivers = np.sort(rng.permutation(foreign)[:_TRIED])
                    proposed.append((strength, patch, held, receivers))
        proposed.sort(key=lambda one: -one[0])
        found = []
        for _, patch, held, receivers in proposed[: 2 * most]:
            donors = held[np.arange(len(receivers)) % len(held)]
            tried = swap(
                self._inputs(receivers), self._inputs(donors), self._answer, receivers,
                patch.mask(size), seed=seed, show=self.show,
            )  # fmt: skip
            if _decides(tried):
                x, others = self._inputs(held), self._inputs(receivers)
                filling = others[np.arange(len(held)) % len(others)]
                covered = cover(
                    x, self._answer, held, patch.mask(size), fill="paste", others=filling, seed=seed
                )
                found.append(_shortcut(tried, size, f"{patch} {covered}", held))
        return found

    def _groups_of_maps(self, rows: RowNumbers, seed: int) -> list[RowNumbers]:
        """Rows of one answer, and the groups of their maps, each of enough rows."""
        groups = [rows]
        if len(rows) > _GROUPED:
            rows = np.sort(np.random.default_rng(seed).choice(rows, _GROUPED, replace=False))
        try:
            found = group_maps(pooled_maps(self.rows.maps(rows)), seed=seed, bootstraps=0)
        except ExplanationError:  # scikit-learn is not there
            return [own for own in groups if len(own) >= _HELD]
        if found.count > 1:
            groups += [rows[found.groups == number] for number in range(found.count)]
        return [own for own in groups if len(own) >= _HELD]

    @strict_keywords
    def misleading_properties(self, *, seed: int = 0) -> list[Suspicion]:
        """Brightness, contrast, saturation or sharpness that goes with errors. It is a suspicion
        only where right answers turn when their pictures are given what wrong ones have: at least
        10 of 100 more than by a change as large the other way, with intervals apart.

        Raises ExplanationError without labels, the network or the pictures.
        """
        self._need_engine("trying properties")
        rows = self._need_labels("properties that go with errors")
        wrong = ~self.rows["correct"][rows]
        columns = {name: self.rows[name][rows] for name in CHANGEABLE}
        found = []
        for one in associations(columns, wrong):
            tried = self._balanced(rows[~wrong], _TRIED, seed)
            suspicion = self._tried(one, np.sort(tried), rows[wrong], seed)
            if suspicion is not None:
                found.append(suspicion)
        return sorted(found, key=lambda s: s.control - s.effect)

    def _tried(
        self, one: Association, right: RowNumbers, wrong: RowNumbers, seed: int
    ) -> Suspicion | None:
        assert self.engine is not None
        x = self._inputs(right)
        inside = self.engine.internals
        pixels = inside.unit(x)
        said = self._answer(x).argmax(axis=1)

        def turned(factor: float) -> npt.NDArray[np.float64]:
            made = inside.normalise(changed(pixels, one.name, factor)).to(x.dtype)
            return np.asarray(self._answer(made).argmax(axis=1) != said, dtype=np.float64)

        effect, control = turned(one.factor), turned(1 / one.factor)
        interval, beside = bootstrap_mean(effect, seed), bootstrap_mean(control, seed)
        if interval[0] <= beside[1] or effect.mean() - control.mean() < _TURNED:
            return None
        way, other = ("more", "less") if one.factor > 1 else ("less", "more")
        column = self.rows[one.name]
        order = np.argsort(column[wrong] if one.factor < 1 else -column[wrong], kind="stable")
        return Suspicion(
            "property",
            f"Pictures with {way} {one.name} are answered wrong",
            wrong[order],
            None,
            f"A picture answered wrong has {way} {one.name} than one answered right with a chance "
            f"of {percent(max(one.auc, 1 - one.auc))} (p = {one.p_value:.2g}, corrected). Given "
            f"{one.factor:.2g} times as much, {percent(float(effect.mean()))} {span(interval)} of "
            f"{len(right)} right answers turn; given as much {other}, "
            f"{percent(float(control.mean()))} {span(beside)}.",
            float(effect.mean()),
            interval,
            float(control.mean()),
            show=self.show,
        )

    def _balanced(self, rows: RowNumbers, count: int, seed: int) -> RowNumbers:
        """Rows at random, as many of each answer as there are."""
        rng = np.random.default_rng(seed)
        answers = self.rows["prediction"][rows]
        place = np.empty(len(rows))
        for answer in np.unique(answers):
            own = np.flatnonzero(answers == answer)
            place[own] = rng.permutation(len(own)) + rng.random(len(own))
        return rows[np.argsort(place, kind="stable")][:count]


def _apart(suspicions: list[Suspicion]) -> list[Suspicion]:
    """The strongest first; of those of one place the first."""
    kept: list[Suspicion] = []
    for one in sorted(suspicions, key=lambda s: s.control - s.effect):
        regions = [other.region for other in kept if other.region is not None]
        if one.region is None or not any((one.region & other).any() for other in regions):
            kept.append(one)
    return kept


def _with_bar(steps: Iterator[Progress[Any]]) -> Iterator[Progress[Any]]:
    """The same steps, with a bar where they take more than a few seconds."""
    from tqdm.auto import tqdm

    form = "{desc}: {percentage:3.0f}%|{bar}| {elapsed}<{remaining}"
    with tqdm(total=1.0, desc="Looking for shortcuts", bar_format=form, delay=3) as bar:
        for step in steps:
            bar.update(step.fraction - bar.n)
            yield step


def _decides(tried: Experiment) -> bool:
    """Whether a region turns more answers than a place of its size may, in an experiment."""
    needed = min(max(_TIMES * float(tried.region.mean()), _BEYOND), _HALF)
    beyond = tried.effect - tried.control >= _BEYOND
    return tried.survives and beyond and tried.interval[0] >= needed


def _shortcut(
    tried: Experiment, size: tuple[int, int], before: str = "", rows: RowNumbers | None = None
) -> Suspicion:
    top, left, bottom, right = tried.box
    vertical = _third((top + bottom) / 2 / size[0], ("top", "middle", "bottom"))
    horizontal = _third((left + right) / 2 / size[1], ("left", "middle", "right"))
    where = vertical if vertical == horizontal else f"{vertical} {horizontal}"
    return Suspicion(
        "shortcut",
        f"One place decides: rows {top} to {bottom}, columns {left} to {right} ({where})",
        tried.rows if rows is None else rows,
        tried.region,
        f"{tried} {before}".strip(),
        tried.effect,
        tried.interval,
        tried.control,
        tried,
        show=tried.show,
    )


def _third(share: float, words: tuple[str, str, str]) -> str:
    return words[min(int(3 * share), 2)]
