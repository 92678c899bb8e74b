"""What is read off the columns, against slower and plainer accounts of the same."""

from __future__ import annotations

import importlib.util
import io
import sys
from itertools import combinations
from math import comb
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from xai_widgets.errors import ExplanationError
from xai_widgets.study.confusion import Confusion
from xai_widgets.study.doubtful import DoubtfulLabels, doubtful_labels
from xai_widgets.study.findings import Experiment
from xai_widgets.study.groups import alignment, group_maps, mean_map, pooled_maps
from xai_widgets.study.labels import Classes
from xai_widgets.study.properties import thumbnail_of
from xai_widgets.study.similarity import centred, duplicates, nearest_rows, projection, small
from xai_widgets.study.slices import find_slices, predicates_of
from xai_widgets.study.statistics import benjamini_hochberg, bootstrap_mean, wilson
from xai_widgets.study.suspecting import _decides
from xai_widgets.study.suspects import doubtful_suspicion

RNG = np.random.default_rng


# Statistics.


@pytest.mark.parametrize(("k", "n"), [(0, 5), (3, 10), (50, 50), (17, 200)])
def test_wilson_solves_its_own_equation(k: int, n: int) -> None:
    """Its ends are the p at which (k/n - p)^2 = z^2 p (1 - p) / n."""
    for p in wilson(k, n):
        assert (k / n - p) ** 2 == pytest.approx(1.959963984540054**2 * p * (1 - p) / n, abs=1e-9)
    assert wilson(k, n)[0] <= k / n <= wilson(k, n)[1]


def test_wilson_is_scipys() -> None:
    from scipy.stats import binomtest

    for k, n in [(3, 10), (0, 7), (40, 41)]:
        theirs = binomtest(k, n).proportion_ci(0.95, "wilson")
        assert wilson(k, n) == pytest.approx((theirs.low, theirs.high), abs=1e-9)
    assert all(np.isnan(wilson(0, 0)))


def test_benjamini_hochberg_by_its_definition() -> None:
    p = RNG(0).random(40) ** 2
    corrected = benjamini_hochberg(p)
    for level in (0.01, 0.05, 0.2, 0.5):
        order = np.argsort(p)
        passing = [i for i in range(40) if p[order[i]] <= level * (i + 1) / 40]
        rejected = set(order[: max(passing) + 1].tolist()) if passing else set()
        assert set(np.flatnonzero(corrected <= level).tolist()) == rejected
    from scipy.stats import false_discovery_control

    assert np.allclose(corrected, false_discovery_control(p))
    assert benjamini_hochberg([]).size == 0


def test_bootstrap_has_the_width_of_the_standard_error() -> None:
    values = RNG(1).normal(3, 2, 400)
    low, high = bootstrap_mean(values)
    assert (low + high) / 2 == pytest.approx(values.mean(), abs=0.03)
    assert high - low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.08)


# Slices.


def planted(n: int = 1200) -> tuple[dict[str, np.ndarray], np.ndarray]:
    rng = RNG(3)
    columns = {
        "camera": rng.choice(["a", "b", "c", ""], n),
        "site": rng.choice(["north", "south"], n),
        "brightness": rng.random(n),
        "label": rng.integers(0, 4, n),
    }
    risk = np.full(n, 0.05)
    risk[(columns["camera"] == "b") & (columns["site"] == "south")] = 0.5
    return columns, rng.random(n) < risk


def test_a_planted_slice_of_two_conditions_is_first() -> None:
    columns, wrong = planted()
    found = find_slices(columns, wrong, names={"label": ["p", "q", "r", "s"]})
    assert found[0].filter in (
        {"camera": "b", "site": "south"},
        {"site": "south", "camera": "b"},
    )
    mask = (columns["camera"] == "b") & (columns["site"] == "south")
    assert np.array_equal(found[0].rows, np.flatnonzero(mask))
    assert found[0].accuracy == pytest.approx(1 - wrong[mask].mean())
    assert found[0].interval == wilson(int((~wrong[mask]).sum()), int(mask.sum()))
    assert found[0].lift == pytest.approx(wrong[mask].mean() / wrong.mean())
    assert found[0].excess == pytest.approx(wrong[mask].sum() - mask.sum() * wrong.mean())
    assert found[0].p_value < 1e-6
    assert "camera b, site south" in str(found[0])


def test_slices_are_those_of_a_slow_search() -> None:
    """Every condition and pair of conditions, counted one by one, p-values summed by hand."""
    columns, wrong = planted(300)
    predicates = predicates_of(columns, {}, 300)
    errors = int(wrong.sum())

    def tail(k: int, n: int, e: int, t: int) -> float:
        drawn = range(k, min(n, e) + 1)
        return sum(comb(e, i) * comb(t - e, n - i) for i in drawn if n - i <= t - e) / comb(t, n)

    tried = {}
    for one in predicates:
        n, k = int(one.mask.sum()), int(wrong[one.mask].sum())
        if n >= 10:
            tried[one.words] = (tail(k, n, errors, 300), k, n)
    for one, other in combinations(predicates, 2):
        both = one.mask & other.mask
        n, k = int(both.sum()), int(wrong[both].sum())
        if one.column != other.column and n >= 10:
            p = max(
                tail(k, n, int(wrong[parent.mask].sum()), int(parent.mask.sum()))
                for parent in (one, other)
            )
            tried[f"{one.words}, {other.words}"] = (p, k, n)
    corrected = dict(zip(tried, benjamini_hochberg([p for p, _, _ in tried.values()]), strict=True))
    worse = {
        words
        for words, (_, k, n) in tried.items()
        if corrected[words] <= 0.05 and k / n > errors / 300
    }
    found = find_slices(columns, wrong, count=1000)
    assert found
    for one in found:
        assert one.title in worse
        assert one.p_value == pytest.approx(corrected[one.title], rel=1e-6)
    excess = {words: tried[words][1] - tried[words][2] * errors / 300 for words in worse}
    assert max(excess, key=lambda words: excess[words]) == found[0].title


def test_no_slice_where_errors_fall_at_random() -> None:
    false = 0
    for seed in range(20):
        columns, _ = planted(600)
        false += bool(find_slices(columns, RNG(seed).random(600) < 0.1))
    assert false <= 2


def test_fifths_have_all_rows_once_and_never_part_the_same_number() -> None:
    column = np.concatenate([np.zeros(50), RNG(0).random(50), [np.nan]])
    masks = np.array([p.mask for p in predicates_of({"x": column}, {}, 101)])
    assert masks.sum(axis=0).tolist() == [1] * 100 + [0]
    assert len({tuple(masks[:, i]) for i in range(50)}) == 1


def test_a_label_and_a_prediction_are_no_slice_together() -> None:
    rng = RNG(0)
    label = rng.integers(0, 3, 300)
    prediction = np.where(rng.random(300) < 0.2, (label + 1) % 3, label)
    names = {"label": list("abc"), "prediction": list("abc")}
    found = find_slices(
        {"label": label, "prediction": prediction}, label != prediction, names=names
    )
    assert all(len(s.filter) == 1 for s in found)


# Doubtful labels.


def flipped(n: int = 600, classes: int = 5) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = RNG(7)
    truth = rng.integers(0, classes, n)
    logits = rng.normal(0, 1, (n, classes))
    logits[np.arange(n), truth] += 4
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    labels = truth.copy()
    wrong = rng.random(n) < 0.05
    labels[wrong] = (labels[wrong] + rng.integers(1, classes, wrong.sum())) % classes
    return p, labels, wrong


def test_doubtful_labels_by_the_definition() -> None:
    p, labels, wrong = flipped()
    found = doubtful_labels(p, labels)
    thresholds = [p[labels == j, j].mean() for j in range(5)]
    expected = {}
    for row in range(len(p)):
        sure = [j for j in range(5) if p[row, j] >= thresholds[j] - 1e-12]
        best = max(sure, key=lambda j: p[row, j]) if sure else labels[row]
        if best != labels[row]:
            expected[row] = best
    assert dict(zip(found.rows.tolist(), found.suggested.tolist(), strict=True)) == expected
    assert (np.diff(found.self_confidence[found.rows]) >= 0).all()
    assert wrong[found.rows[: wrong.sum() // 2]].all()


def average_precision(score: np.ndarray, wrong: np.ndarray) -> float:
    hits = wrong[np.argsort(score, kind="stable")]
    return float((np.cumsum(hits) / np.arange(1, len(hits) + 1))[hits].mean())


@pytest.mark.skipif(importlib.util.find_spec("cleanlab") is None, reason="cleanlab is missing")
def test_doubtful_labels_are_cleanlabs() -> None:
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_self_confidence_for_each_label

    p, labels, wrong = flipped()
    found = doubtful_labels(p, labels)
    theirs = get_self_confidence_for_each_label(labels, p)
    assert average_precision(found.self_confidence, wrong) == pytest.approx(
        average_precision(theirs, wrong), abs=0.01
    )
    issues = find_label_issues(
        labels, p, filter_by="confident_learning", return_indices_ranked_by="self_confidence"
    )
    assert set(found.rows.tolist()) >= set(issues.tolist())


@pytest.mark.parametrize(
    ("right", "training", "doubted", "said"),
    [
        (90, [], [95, 97], "Only worth something"),
        (90, [97], [95, 97], "1 of them are of the training split"),
        (100, [], [95], "The network answers 100% right"),
        (25, [], [*range(25, 97)], "72% of all labels, and the network answers 25% right"),
    ],
)
def test_doubtful_labels_come_with_what_they_are_worth(
    right: int, training: list[int], doubted: list[int], said: str
) -> None:
    rows = {
        "label": np.zeros(100, np.int64),
        "done": np.ones(100, bool),
        "correct": np.arange(100) < right,
    }
    study: Any = SimpleNamespace(rows=rows, classes=Classes(("a", "b"), 2, {}), show=None)
    chosen = np.array(doubted)
    found = DoubtfulLabels(chosen, np.ones_like(chosen), np.full(100, 0.1), np.ones(2))
    (one,) = doubtful_suspicion(study, found, np.array(training, dtype=np.int64))
    assert said.casefold() in one.evidence.casefold().replace("\xa0", "")
    assert ("its own errors" in one.evidence) == (len(doubted) > 20)


def test_rows_and_classes_without_labels_do_not_count() -> None:
    p, labels, _ = flipped()
    labels[labels == 4] = -1
    found = doubtful_labels(p, labels)
    assert (labels[found.rows] >= 0).all()
    assert 4 not in found.suggested
    assert np.isnan(found.thresholds[4])


# Similarity.


def test_duplicates_are_found_and_nothing_else() -> None:
    rng = RNG(0)
    thumbnails = rng.integers(0, 256, (300, 8, 8, 3), dtype=np.uint8)
    for copy, of in ((100, 3), (200, 3), (250, 17)):
        thumbnails[copy] = thumbnails[of]
    digests = np.arange(1, 301, dtype=np.uint64)
    digests[290] = digests[80]
    found = duplicates(thumbnails, digests)
    assert [group.tolist() for group in found.groups] == [[3, 100, 200], [17, 250], [80, 290]]
    assert min(found.similarity) > 0.99


def test_nearest_rows_are_those_of_the_largest_cosines() -> None:
    features = RNG(0).random((300, 40))
    unit = centred(features)
    less_mean = features - features.mean(0)
    lengths = np.linalg.norm(less_mean, axis=1)
    cosines = less_mean @ less_mean[3] / (lengths * lengths[3])
    cosines[3] = -2
    rows, found = nearest_rows(unit, 3, 5)
    assert rows.tolist() == np.argsort(-cosines)[:5].tolist()
    assert np.allclose(found, cosines[rows], atol=1e-6)


def _saved(pixels: np.ndarray, form: str, quality: int) -> np.ndarray:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, form, quality=quality)
    with Image.open(buffer) as image:
        return np.asarray(image.convert("RGB"))


def _enlarged(pixels: np.ndarray, share: float) -> np.ndarray:
    image = Image.fromarray(pixels)
    less = image.resize([int(share * side) for side in image.size], Image.Resampling.LANCZOS)
    return np.asarray(less.resize(image.size, Image.Resampling.BICUBIC))


@pytest.mark.parametrize(
    "anew",
    [
        lambda a: _saved(a, "JPEG", 90),
        lambda a: _saved(a, "JPEG", 50),
        lambda a: _saved(a, "WEBP", 75),
        lambda a: _enlarged(a, 0.5),
        lambda a: np.clip(a * 1.1, 0, 255).astype(np.uint8),
        lambda a: (128 + 0.8 * (a.astype(float) - 128)).astype(np.uint8),
    ],
    ids=["JPEG", "small JPEG", "WebP", "enlarged", "brighter", "paler"],
)
def test_copies_are_found_however_they_were_saved(anew: Any) -> None:
    rng = RNG(1)
    coarse = rng.integers(0, 256, (60, 8, 8, 3), dtype=np.uint8)
    pictures = [
        np.asarray(Image.fromarray(c).resize((64, 64), Image.Resampling.BICUBIC)) for c in coarse
    ]
    pictures += [anew(pictures[i]) for i in range(0, 60, 5)]
    found = duplicates(small([thumbnail_of(p) for p in pictures]), np.zeros(72, np.uint64))
    assert [group.tolist() for group in found.groups] == [[5 * i, 60 + i] for i in range(12)]


def look_alike(count: int, copied: int) -> tuple[np.ndarray, np.ndarray]:
    """Pictures that differ in little, such as cells of one kind, and copies of some of them, saved
    anew: thumbnails, and which picture each is.
    """
    rng = RNG(4)
    plan = rng.random((24, 24, 3)) * 200
    faults = RNG(5).normal(0, 5, (count, 24, 24, 3))
    shade = RNG(6).normal(0, 12, (count, 1, 1, 1)) * np.linspace(0, 1, 24)[:, None, None]
    of = np.concatenate([np.arange(count), np.arange(0, 3 * copied, 3)])
    noise = rng.normal(0, 0.3, (len(of), 24, 24, 3))
    return np.clip(plan + shade[of] + faults[of] + noise + 20, 0, 255).astype(np.uint8), of


def test_look_alikes_are_no_copies_and_copies_among_them_are_found() -> None:
    thumbnails, of = look_alike(300, 20)
    alike = np.corrcoef(thumbnails.reshape(len(of), -1))
    assert (np.triu(alike, 1) >= 0.98).sum() > 5000  # of which 20 are copies
    found = duplicates(thumbnails, np.zeros(len(of), np.uint64))
    expected = [[i, 300 + i // 3] for i in range(0, 60, 3)]
    assert [group.tolist() for group in found.groups] == expected
    assert max(found.beside) < min(found.similarity)


def test_a_picture_that_is_there_many_times_is_found() -> None:
    rng = RNG(0)
    thumbnails = rng.integers(0, 256, (60, 24, 24, 3), dtype=np.uint8)
    thumbnails[40:] = thumbnails[3]
    found = duplicates(thumbnails, np.zeros(60, np.uint64))
    assert [group.tolist() for group in found.groups] == [[3, *range(40, 60)]]


def test_blocks_of_the_comparison_miss_no_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    from xai_widgets.study import similarity

    monkeypatch.setattr(similarity, "_BLOCK", 7)
    rng = RNG(0)
    thumbnails = rng.integers(0, 256, (40, 4, 4, 3), dtype=np.uint8)
    thumbnails[[3, 13, 39]] = thumbnails[[0, 6, 38]]
    found = duplicates(thumbnails, np.zeros(40, np.uint64))
    assert [group.tolist() for group in found.groups] == [[0, 3], [6, 13], [38, 39]]


def test_groups_are_the_same_without_their_stability() -> None:
    points = np.repeat(np.eye(3, 12), 30, axis=0) + RNG(0).normal(0, 0.02, (90, 12))
    whole, quick = (group_maps(points, bootstraps=count) for count in (10, 0))
    assert whole.groups.tolist() == quick.groups.tolist()
    assert [len(set(part.tolist())) for part in whole.groups.reshape(3, 30)] == [1, 1, 1]
    assert whole.stability > 0.9
    assert np.isnan(quick.stability)


def test_projection_parts_clusters_and_repeats() -> None:
    rng = RNG(0)
    centres = rng.normal(0, 10, (3, 30))
    of = np.repeat(np.arange(3), 40)
    features = centres[of] + rng.normal(0, 1, (120, 30))
    points = projection(features, seed=1)
    assert np.array_equal(points, projection(features, seed=1))
    middle = np.stack([points[of == i].mean(0) for i in range(3)])
    nearest = ((points[:, None] - middle[None]) ** 2).sum(-1).argmin(1)
    assert np.array_equal(nearest, of)
    plain = projection(features, method="pca")
    centred_ = features - features.mean(0)
    _, _, axes = np.linalg.svd(centred_, full_matrices=False)
    theirs = centred_ @ axes[:2].T
    for axis in range(2):
        assert abs(np.corrcoef(plain[:, axis], theirs[:, axis])[0, 1]) == pytest.approx(1, abs=1e-3)
    for few in (1, 2, 3, 4, 6):
        assert np.isfinite(projection(features[:few])).all()
    with pytest.raises(ExplanationError, match='Did you mean "tsne"'):
        projection(features, method="t-sne")


# Groups of maps.


def test_groups_of_maps_are_found_and_stable() -> None:
    rng = RNG(0)
    of = np.repeat([0, 1, 2], [60, 40, 20])
    features = rng.random((120, 24)) * 0.1
    features[np.arange(120), of * 5] += 3
    found = group_maps(features)
    assert found.count == 3
    assert np.array_equal(found.groups, of)
    assert found.stability == pytest.approx(1, abs=0.02)


def test_one_group_is_one_group() -> None:
    found = group_maps(RNG(0).random((80, 6)))
    assert found.count == 1
    assert np.isnan(found.stability)
    assert group_maps(np.ones((2, 3))).groups.tolist() == [0, 0]


def test_more_rows_than_eigenvalues_are_computed_of(monkeypatch: pytest.MonkeyPatch) -> None:
    from xai_widgets.study import groups

    monkeypatch.setattr(groups, "_SEVERAL", 60)
    of = np.repeat([0, 1], [150, 90])
    features = RNG(0).random((240, 12)) * 0.1
    features[np.arange(240), of * 5] += 3
    assert np.array_equal(group_maps(features).groups, of)


def test_mean_maps_weigh_each_picture_alike() -> None:
    one, other = np.zeros((4, 4), np.float32), np.zeros((4, 4), np.float32)
    one[0, 0], other[3, 3] = 100, 0.01
    mean = mean_map([one, other, np.zeros((0, 0), np.float32)])
    assert mean[0, 0] == mean[3, 3] == pytest.approx(0.5)
    assert mean_map([]).shape == (0, 0)
    assert pooled_maps([np.ones((3, 5), np.float32)])[0].sum() == pytest.approx(1)


def test_pictures_that_lie_alike_are_told_from_others() -> None:
    rng = RNG(0)
    noise = rng.integers(0, 256, (60, 12, 12, 3), dtype=np.uint8)
    assert alignment(noise) < 0.1
    face = rng.integers(0, 256, (12, 12, 3))
    alike = np.clip(face[None] + rng.normal(0, 30, noise.shape), 0, 255).astype(np.uint8)
    assert alignment(alike) > 0.8


# Confusion.


def test_confusions() -> None:
    labels = np.array([0, 0, 0, 1, 1, 2, -1, 2])
    predictions = np.array([0, 1, 1, 1, 0, 2, 0, -1])
    confusion = Confusion(labels, predictions, ["a", "b", "c"])
    assert confusion.matrix.tolist() == [[1, 2, 0], [1, 1, 0], [0, 0, 1]]
    assert [(p.label, p.prediction, p.count) for p in confusion.pairs] == [(0, 1, 2), (1, 0, 1)]
    assert confusion.pairs[0].share == pytest.approx(2 / 3)
    assert confusion.cell(0, 1).tolist() == [1, 2]
    assert confusion.cell(prediction=0).tolist() == [0, 4]
    assert confusion.pair(0, 1).tolist() == [1, 2, 4]
    assert "2  a taken for b (67\xa0% of them)" in str(confusion)


def test_a_thousand_classes_are_no_table() -> None:
    rng = RNG(0)
    labels = rng.integers(0, 1000, 5000)
    # Classes 2i and 2i + 1 are taken for each other.
    predictions = np.where(rng.random(5000) < 0.3, labels ^ 1, labels)
    confusion = Confusion(labels, predictions, [f"c{i}" for i in range(1000)])
    with pytest.raises(ExplanationError, match="more than a person reads"):
        _ = confusion.matrix
    counts, bundles = confusion.density()
    assert counts.shape == (25, 25)
    assert counts.sum() == 5000
    assert sorted(c for bundle in bundles for c in bundle) == list(range(1000))
    off = counts.sum() - np.trace(counts)
    assert off < 0.2 * (predictions != labels).sum()
    assert len(str(confusion).splitlines()) == 12


# Shortcuts.


@pytest.mark.parametrize(
    ("share", "interval", "control", "control_interval", "decides"),
    [
        (0.02, (0.21, 0.9), 0.0, (0.0, 0.1), True),
        (0.02, (0.19, 0.9), 0.0, (0.0, 0.1), False),  # less than ten times its share
        (0.04, (0.39, 0.9), 0.0, (0.0, 0.1), False),
        (0.04, (0.41, 0.9), 0.0, (0.0, 0.1), True),
        (0.2, (0.49, 0.9), 0.0, (0.0, 0.1), False),
        (0.2, (0.51, 0.9), 0.0, (0.0, 0.1), True),  # half of the answers always are enough
        (0.01, (0.14, 0.9), 0.0, (0.0, 0.1), False),
        (0.01, (0.16, 0.9), 0.0, (0.0, 0.1), True),
        (0.01, (0.21, 0.9), 0.46, (0.0, 0.1), False),  # the control turns nearly as many
        (0.01, (0.21, 0.9), 0.0, (0.0, 0.22), False),  # the intervals overlap
    ],
)
def test_what_decides_turns_more_than_a_place_of_its_size_may(
    share: float,
    interval: tuple[float, float],
    control: float,
    control_interval: tuple[float, float],
    decides: bool,
) -> None:
    region = np.zeros((10, 10), dtype=bool)
    region.flat[: round(100 * share)] = True
    tried = Experiment(
        "swap", np.arange(30), region, 0.6, interval, control, control_interval, 0.6, control
    )
    assert _decides(tried) is decides


# Projections of other libraries.


@pytest.mark.parametrize(
    ("method", "library"), [("opentsne", "openTSNE"), ("umap", "umap"), ("pacmap", "pacmap")]
)
def test_projections_of_other_libraries_are_taken_where_they_are_asked_for(
    method: str, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, Any] = {}

    class Fake:
        def __init__(self, *_: object, **options: Any) -> None:
            given.update(options)

        def fit_transform(self, points: np.ndarray, **_: object) -> np.ndarray:
            given["width"] = points.shape[1]
            return points[:, 1::-1].astype(np.float64)

        fit = fit_transform

    monkeypatch.setitem(sys.modules, library, SimpleNamespace(TSNE=Fake, UMAP=Fake, PaCMAP=Fake))
    features = RNG(0).random((80, 70))
    made = projection(features, method=method, seed=3)
    assert (given["random_state"], given["width"]) == (3, 50)
    np.testing.assert_allclose(made, projection(features, method="pca", seed=3)[:, ::-1], atol=0.1)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ExplanationError, match=r'pip install .*method="tsne"'):
        projection(features, method=method)
