"""What a table says: which differ, short names, pages, papers, sheets, and sums of two."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

import xai_widgets as xw
from tests.networks import cnn, picture
from xai_widgets import metrics
from xai_widgets.metrics.labels import short_labels

IMAGES = [picture(seed=s).sigmoid() for s in range(6)]


def made(values: dict[tuple[str, str], list[float]], better: str = "high") -> metrics.Table:
    """A table of one measure, from the values of engine and method."""
    rows = [
        {"picture": n, "name": f"{n}", "target": "", "engine": engine, "method": method,
         "measure": "peak", "value": value}
        for (engine, method), column in values.items()
        for n, value in enumerate(column)
    ]  # fmt: skip
    return metrics.Table(tuple(rows), {"peak": better})


def test_overlapping_intervals_may_differ_on_every_picture() -> None:
    """Pictures differ by much more than methods do: what the pairs tell, two intervals hide."""
    pictures = np.random.default_rng(0).normal(0, 3, 40)
    steps = np.random.default_rng(1).normal(0.3, 0.2, 40)
    table = made({("net", "a"): list(pictures), ("net", "b"): list(pictures + steps)})
    a, b = table.summary()
    assert a.high > b.low
    (found,) = table.differences()
    assert (found.one, found.other) == ("a", "b")
    assert found.mean == pytest.approx(-steps.mean())
    wanted = stats.bootstrap(
        (-steps,), np.mean, n_resamples=5000, method="percentile",
        random_state=np.random.default_rng(0),
    ).confidence_interval  # fmt: skip
    assert [found.low, found.high] == pytest.approx(list(wanted), abs=0.01)
    assert found.differ
    assert found.better == "b"
    assert found.corrected < 0.001
    assert "b is better" in str(found)
    (lower,) = made(
        {("net", "a"): list(pictures), ("net", "b"): list(pictures + steps)}, "low"
    ).differences()
    assert lower.better == "a"


def test_what_was_not_measured_is_missing_for_every_picture() -> None:
    whole = made({("net", "a"): [1.0, 2.0, 6.0], ("net", "b"): [2.0, 3.0, 4.0]})
    other = [{**row, "measure": "width"} for row in whole.rows if row["method"] == "a"]
    table = metrics.Table((*whole.rows, *other), {"peak": "high", "width": "low"})
    found = {(one.method, one.measure): one for one in table.summary()}
    assert found["a", "peak"].mean == 3
    gap = found["b", "width"]
    assert (np.isnan(gap.mean), gap.pictures, gap.missing) == (True, 0, 3)
    assert table.values("b", "width") == []


def test_methods_are_compared_within_an_engine_and_engines_within_a_method() -> None:
    rng = np.random.default_rng(0)
    columns = [(e, m) for e in ("one", "two") for m in ("a", "b", "random")]
    table = made({column: list(rng.normal(size=20)) for column in columns})
    found = table.differences()
    assert [(d.one, d.other) for d in found] == [
        ("one: a", "one: b"), ("one: a", "one: random"), ("one: a", "two: a"),
        ("one: b", "one: random"), ("one: b", "two: b"), ("one: random", "two: random"),
        ("two: a", "two: b"), ("two: a", "two: random"), ("two: b", "two: random"),
    ]  # fmt: skip
    raw = sorted(d.p_value for d in found)
    corrected = sorted(d.corrected for d in found)
    assert corrected[0] == pytest.approx(min(1, 9 * raw[0]))
    against = table.differences("random")
    assert [(d.one, d.other) for d in against] == [
        ("one: a", "one: random"), ("one: b", "one: random"),
        ("two: a", "two: random"), ("two: b", "two: random"),
    ]  # fmt: skip
    engines = table.differences(against="one")
    assert [(d.one, d.other) for d in engines] == [
        ("two: a", "one: a"), ("two: b", "one: b"), ("two: random", "one: random"),
    ]  # fmt: skip
    with pytest.raises(xw.ExplanationError, match=r"no method or engine 'randon'.*Did you mean"):
        table.differences("randon")
    with pytest.raises(xw.ExplanationError, match="confidence is 95"):
        table.differences(confidence=95)
    assert "sign-flip" in found._repr_html_()
    assert len(repr(found).splitlines()) == 10


def test_a_picture_without_a_value_is_left_out_of_its_pairs() -> None:
    a, b = [1.0, 2.0, float("nan"), 4.0], [0.5, float("nan"), 3.0, 3.0]
    (found,) = made({("", "a"): a, ("", "b"): b}).differences()
    assert (found.pictures, found.missing) == (2, 2)
    assert found.mean == pytest.approx(0.75)
    assert found.p_value == 0.5
    assert not found.differ
    assert found.better == ""


def test_short_names() -> None:
    assert short_labels(["a", "b(x=1)"]) == {"a": "a", "b(x=1)": "b"}
    assert short_labels(["b(x=1, y='p,q)')", "b(x=2, y='p,q)')", "c"]) == {
        "b(x=1, y='p,q)')": "b(x=1)", "b(x=2, y='p,q)')": "b(x=2)", "c": "c",
    }  # fmt: skip
    assert short_labels(["b", "b(x=(1, 2))"]) == {"b": "b", "b(x=(1, 2))": "b(x=(1, 2))"}
    assert short_labels(["net (old)", "<lambda>"]) == {
        "net (old)": "net (old)", "<lambda>": "<lambda>",
    }  # fmt: skip


def test_labels_of_ones_own() -> None:
    engine = xw.Engine(cnn())
    plain = metrics.evaluate(
        engine, IMAGES[:2], [("grad_cam", {"layer": "conv1"})], [("insertion", {"steps": 4})]
    )
    named = metrics.evaluate(
        engine, IMAGES[:2], {"early": ("grad_cam", {"layer": "conv1"})},
        {"area": ("insertion", {"steps": 4}), "peak": lambda e, p, a, t: a.heatmap().max()},
    )  # fmt: skip
    assert named.methods == ["early", "random"]
    assert named.measures == ["area", "peak"]
    assert named.values("early", "area") == plain.values("grad_cam", "insertion")
    assert named.values("random", "area") == plain.values("random", "insertion(steps=4)")
    with pytest.raises(xw.ExplanationError, match="no measure 'aera'; it has area, peak"):
        named.values("early", "aera")


def test_sheets_and_pages(tmp_path: Path) -> None:
    table = made({("n", "a_b"): [0.1234567, 0.2], ("n", "random"): [0.5, float("nan")]}, "low")
    text = table.to_csv(tmp_path / "values.csv")
    assert (tmp_path / "values.csv").read_text() == text
    back = list(csv.DictReader(io.StringIO(text)))
    assert [float(row["value"]) for row in back][:3] == [0.1234567, 0.2, 0.5]
    assert np.isnan(float(back[3]["value"]))
    assert table.to_markdown().splitlines() == [
        "|  | peak ↓ |", "| --- | ---: |",
        "| a\\_b | 0.162 [0.123, 0.2] |", "| random | 0.5 [0.5, 0.5] |",
    ]  # fmt: skip
    assert table.to_latex(tmp_path / "t.tex").splitlines() == [
        r"\begin{tabular}{lr}", r"\toprule", r" & peak $\downarrow$ \\", r"\midrule",
        r"a\_b & \textbf{0.162} [0.123, 0.2] \\", r"random & 0.5 [0.5, 0.5] \\",
        r"\bottomrule", r"\end{tabular}",
    ]  # fmt: skip
    with pytest.raises(xw.ExplanationError, match=r"to_csv\(path\)"):
        table.to_csv(tmp_path / "no" / "folder" / "x.csv")


def test_a_figure() -> None:
    table = made({("n", "a$1$"): [1.0, 2.0], ("n", "random"): [0.0, 1.0]})
    figure = table.plot()
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.get_yticklabels()] == ["a$1$", "random"]
    means = [line.get_xdata()[0] for line in axes.lines if line.get_marker() == "o"]
    assert means == [1.5, 0.5]
    assert figure._repr_png_().startswith(b"\x89PNG")
    assert made({("n", "a"): [float("nan")]}).plot()._repr_png_()


def evaluated(**given: Any) -> metrics.Table:
    asked: dict[str, Any] = {
        "engine": xw.Engine(cnn()), "images": IMAGES[:4], "methods": ["saliency"],
        "measures": ["sparseness"], **given,
    }  # fmt: skip
    return metrics.evaluate(**asked)


def test_a_sum_is_the_table_of_both() -> None:
    """Of pictures, methods, measures and engines."""
    whole = evaluated(images=IMAGES)
    more = evaluated() + evaluated(images=IMAGES[2:])  # two are in both
    assert [dict(r) for r in more.rows] == [dict(r) for r in whole.rows]
    assert more.differences()[0] == whole.differences()[0]

    methods = evaluated(methods=["saliency", "grad_cam"])
    joined = evaluated() + evaluated(methods=["grad_cam"], control=False)
    assert joined.methods == ["saliency", "random", "grad_cam"]
    for method in joined.methods:
        assert joined.values(method, "sparseness") == methods.values(method, "sparseness")

    measures = evaluated(measures=["sparseness", "complexity"])
    assert [dict(r) for r in (evaluated() + evaluated(measures=["complexity"])).rows] == [
        dict(r) for r in measures.rows
    ]

    nets = {"one": xw.Engine(cnn()), "two": xw.Engine(cnn(seed=1))}
    both = evaluated(engine=nets, targets=1, keep_maps=True)
    parts = [evaluated(engine={n: e}, targets=1, keep_maps=True) for n, e in nets.items()]
    found = parts[0] + parts[1]
    assert [dict(r) for r in found.rows] == [dict(r) for r in both.rows]
    assert set(found.maps) == set(both.maps)
    three = found + evaluated(engine={"three": xw.Engine(cnn(seed=2))}, targets=1)
    assert three.engines == ["one", "two", "three"]


def test_a_picture_that_is_given_twice_stays_twice() -> None:
    twice = evaluated(images=[IMAGES[0], IMAGES[0]])
    found = twice + evaluated(images=[IMAGES[1]])
    assert len(found.values("saliency", "sparseness")) == 3


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"seed": 1}, "one is of seed 0, the other of seed 1"),
        ({"engine": xw.Engine(cnn(seed=1))}, "both call a network 'Cnn', and it is not the same"),
        ({"engine": xw.Engine(cnn(), layer="conv1")}, "weights, layer or reading"),
        ({"targets": 4}, "'tensor' was explained for class"),
        ({"images": IMAGES[4:], "measures": ["complexity"]}, "is missing for 2 picture"),
        ({"methods": ["grad_cam"], "images": IMAGES[:3]}, "grad_cam (Cnn) is missing for 1"),
    ],
)
def test_tables_that_do_not_fit_are_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(xw.ExplanationError) as error:
        evaluated() + evaluated(**given)
    assert str(error.value).startswith("the two tables do not fit: ")
    assert said in str(error.value)


def test_other_values_in_one_place_are_refused() -> None:
    def own(engine: Any, picture: Any, attribution: Any, target: Any) -> float:
        return 1.0

    def other(engine: Any, picture: Any, attribution: Any, target: Any) -> float:
        return 2.0

    one, two = evaluated(measures={"own": own}), evaluated(measures={"own": other})
    with pytest.raises(xw.ExplanationError, match="own of saliency on 'tensor' is 1 in one and 2"):
        one + two
    with pytest.raises(xw.ExplanationError, match="only tables that evaluate made"):
        one + made({("n", "a"): [1.0]})
    with pytest.raises(TypeError):
        one + 3  # type: ignore[operator]  # what is tested
