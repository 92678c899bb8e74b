"""The still picture of every widget: it says what is seen, is small, and is sharp where it can."""

from __future__ import annotations

import html
import io
import json
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageColor

from tests.widgets.base.test_states import channel
from tests.widgets.conftest import photograph
from tests.widgets.registry import WIDGETS
from xai_widgets.errors import ExplanationError
from xai_widgets.render.card import Bar, Card, Cell, Cells, Column, Words
from xai_widgets.widgets.base.stills import (
    class_bar,
    class_bars,
    flat,
    of_target,
    palette_png,
    poster,
    still,
)
from xai_widgets.widgets.base.widget import EngineWidget


@pytest.fixture(params=WIDGETS)
def widget(request: pytest.FixtureRequest) -> Iterator[EngineWidget]:
    made = WIDGETS[request.param].make()
    made.wait(60)
    yield made
    made.close()


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def test_a_figure_and_a_picture(widget: EngineWidget) -> None:
    width, height = widget._card(1).size
    assert 300 < width < 1000
    assert 100 < height < 900
    figure, picture = opened(widget.to_png()), opened(widget.to_png(what="picture"))
    assert figure.size == (2 * width, 2 * height)
    assert picture.size != figure.size
    with pytest.raises(ExplanationError, match=r'what is .figur.*Did you mean "figure"'):
        widget.to_png(what="figur")  # type: ignore[arg-type]


def test_its_words_are_the_titles_and_answers() -> None:
    with WIDGETS["heatmap"].make() as viewer:
        viewer.wait(60)
        card = viewer._card(1)
        target = viewer.frame["target"]
        assert (card.title, card.about) == ("Grad-CAM", of_target(target))
        assert card.below == "Small · 32\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}32"
        bars, _, ramp = card.columns[1].blocks
        top = viewer.prediction["top"]  # type: ignore[attr-defined]  # of HeatmapViewer
        assert [bar.name for bar in bars.bars] == [one["name"] for one in top]  # type: ignore[union-attr]
        assert [bar.marked for bar in bars.bars] == [True, False, False]  # type: ignore[union-attr]
        assert ramp.high.startswith("+")  # type: ignore[union-attr]


def test_it_follows_how_the_map_looks() -> None:
    with WIDGETS["heatmap"].make() as viewer:
        viewer.wait(60)
        before = viewer.to_png()
        viewer.opacity = 0
        assert viewer.to_png() != before
        viewer.arrangement = "side_by_side"
        assert opened(viewer.to_png(what="picture")).size == (64, 32)


def test_a_cell_shows_the_live_view_and_after_it_the_still(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown: list[tuple[dict[str, Any], dict[str, Any]]] = []
    monkeypatch.setattr("IPython.display.display", lambda data, **how: shown.append((data, how)))
    with WIDGETS["heatmap"].make() as viewer:
        viewer.wait(60)
        viewer._ipython_display_()
        (live, how), (after, _) = shown
        assert {"application/vnd.jupyter.widget-view+json", "image/png"} < set(live)
        assert live["text/plain"] == repr(viewer)
        assert how["raw"] is True
        width, height = viewer._card(1).size
        assert set(after) == {"text/html"}
        assert f"width:{width}px;aspect-ratio:{width}/{height};" in after["text/html"]
        assert html.escape(repr(viewer)) in after["text/html"]


def test_before_there_is_a_map_there_is_the_picture() -> None:
    with WIDGETS["heatmap"].make(method="occlusion") as viewer:
        viewer.frame = {}
        viewer.set_trait("attribution", None)
        assert opened(viewer.to_png()).width > 300


def test_the_class_that_is_explained_is_always_among_the_bars() -> None:
    top = [{"index": i, "name": f"c{i}", "probability": 0.5 / (i + 1)} for i in range(5)]
    assert [bar.name for bar in class_bars(top, top[4]).bars] == ["c0", "c1", "c4"]
    outside = {"index": 9, "name": "c9", "probability": 0.01}
    made = class_bars(top, outside).bars
    assert [(bar.name, bar.marked) for bar in made] == [("c0", False), ("c1", False), ("c9", True)]
    assert made[-1].words == "1.0\N{NO-BREAK SPACE}%"
    assert not any(bar.marked for bar in class_bars(top, {"index": None, "name": "f"}).bars)


def noisy(scale: float) -> Card:
    pixels = photograph(round(300 * scale))
    return Card("Title", "", [Column(300, [Cells([[Cell(pixels)]])])])


def plain(scale: float) -> Card:
    return Card("Title", "", [Column(300, [Words("a word " * 9)])])


def test_a_still_is_small_whatever_is_in_it_and_sharp_where_there_is_room() -> None:
    assert len(still(noisy, 60_000)) <= 60_000
    content = still(plain, 60_000)
    assert opened(content).width == 2 * plain(1).size[0]
    content, mime = poster(noisy)
    assert len(content) < 60_000
    assert opened(content).get_format_mimetype() == mime  # type: ignore[attr-defined]


@pytest.mark.parametrize("colours", [128, 64, 36])
def test_a_still_has_as_many_colours_as_there_is_room_for(colours: int) -> None:
    exact = palette_png(noisy(1).draw(1), colours)
    assert still(noisy, len(exact)) == exact
    assert len(still(noisy, len(exact) - 1)) < len(exact)


def test_the_palette_has_the_colours_of_the_card_exactly_and_clear_corners() -> None:
    card = Card("Title", "", [Column(300, [Cells([[Cell(photograph(300))]])])])
    drawn = card.draw(1)
    shown = opened(palette_png(drawn, 160)).convert("RGBA")
    exact, made = np.asarray(drawn), np.asarray(shown)
    white = (exact == 255).all(-1)
    assert (made[white] == 255).all()
    line = (exact == (*ImageColor.getrgb("#dfe2e6"), 255)).all(-1)
    np.testing.assert_array_equal(made[line], exact[line])
    np.testing.assert_array_equal(made[..., 3] == 0, exact[..., 3] < 128)
    seen = exact[..., 3] == 255
    off = made[seen][:, :3].astype(float) - exact[seen][:, :3]
    assert np.abs(off.mean()) < 2  # dithered, not darkened


def test_the_palette_has_colours_of_the_picture_too() -> None:
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[:, :32], pixels[:, 32:] = (200, 0, 0), (0, 150, 40)
    drawn = Card("", "", [Column(64, [Cells([[Cell(pixels)]])])]).draw(1)
    shown = np.asarray(opened(palette_png(drawn, 96)).convert("RGB")).astype(int)
    for x, colour in ((32, (200, 0, 0)), (64, (0, 150, 40))):
        near = np.abs(shown[60:90, x : x + 8] - colour).max(-1) < 12
        assert near.mean() > 0.9  # not mixed from colours that are far from it


def test_a_still_is_drawn_as_sharp_as_it_was_made() -> None:
    just = len(palette_png(noisy(1).draw(1), 128))
    assert opened(still(noisy, just)).size == noisy(1).size
    for card, most in ((plain, 60_000), (noisy, just), (noisy, 20_000)):
        scales: list[float] = []

        def made(scale: float, card: Any = card, scales: list[float] = scales) -> Card:
            scales.append(scale)
            return card(scale)

        size = opened(still(made, most)).size
        assert scales[0] == 1
        wide, high = card(scales[-1]).size
        assert size == (round(wide * scales[-1]), round(high * scales[-1]))


def test_a_bar_is_of_what_is_explained_only_where_that_is_said() -> None:
    own = {"name": "cat", "probability": 0.25}
    assert class_bar(own) == Bar("cat", "25.0\N{NO-BREAK SPACE}%", 0.25, False)
    assert class_bar(own, marked=True).marked
    number = {"name": "age", "probability": 37.2, "unit": "number"}
    assert class_bar(number) == Bar("age", "37.2", 0.0, False)
    assert of_target(None) == ""
    assert of_target({"name": "area", "probability": None}) == "area"


def test_nothing_shines_through_on_white() -> None:
    made = np.asarray(flat(plain(1).draw(1)))
    assert tuple(made[0, 0]) == (255, 255, 255)


def test_the_browser_is_sent_the_figure_as_it_looks_now() -> None:
    with WIDGETS["heatmap"].make() as viewer:
        viewer.open()
        viewer.wait(60)
        comm = channel(viewer)
        comm.change(opacity=0.0)
        comm.message(kind="figure")
        viewer.engine.internals.worker.submit(object(), lambda: iter([1])).wait(20)
        viewer.wait(20)
        (png,) = [bufs[0] for content, bufs in comm.custom() if content["kind"] == "figure"]
        assert viewer.opacity == 0
        assert png == viewer.to_png()


def test_a_frame_holds_the_whole_widget(widget: EngineWidget) -> None:
    text = widget.embed()
    assert text._repr_html_() == text
    assert len(text.encode()) < 2_000_000
    assert re.fullmatch(r"<HTML of \d\.\d\d MB: .*>", repr(text))
    state = state_of(text)
    assert state["frozen"] is True
    traits = {name for name in widget.keys if not name.startswith("_") and name != "layout"}
    assert set(state) == traits
    assert len(state["frames"]) == len(widget._saved_frames())
    assert text.count("<iframe") == text.count("srcdoc='") == 1


def state_of(text: str) -> dict[str, Any]:
    source = re.search(r"srcdoc='([^']*)'", text)
    assert source is not None
    found = re.search(r'id="xw-document">(.*?)</script>', html.unescape(source[1]), re.DOTALL)
    assert found is not None
    state: dict[str, Any] = json.loads(found[1])["state"]
    return state


def test_a_frame_keeps_the_answers_that_are_asked_for_or_those_there_is_room_for() -> None:
    with WIDGETS["heatmap"].make() as viewer:
        viewer.wait(60)
        every = [frame["method"] for frame in state_of(viewer.embed())["frames"]]
        assert len(set(every)) > 5
        some = state_of(viewer.embed(methods=["grad_cam", "saliency"]))["frames"]
        assert {frame["method"] for frame in some} == {"grad_cam", "saliency"}
        whole = len(viewer.embed().encode())
        tight = viewer.embed(most=whole - 1)
        assert [frame["method"] for frame in state_of(tight)["frames"]] == every[:-1]
        assert len(tight.encode()) <= whole - 1
        with pytest.raises(ExplanationError, match=r"embed: 0\.\d\d MB, more than most=1000 bytes"):
            viewer.embed(most=1000)
        with pytest.raises(ExplanationError, match=r"fewer methods"):
            viewer.embed(methods=["grad_cam"], most=len(viewer._embedded([]).encode()) + 10)
        with pytest.raises(ValueError, match=r"salency.*Did you mean"):
            viewer.embed(methods=["salency"])


def test_a_comparison_keeps_the_cells_of_the_methods_that_are_asked_for() -> None:
    with WIDGETS["comparison"].make() as comparison:
        comparison.methods = ["saliency", "grad_cam"]  # type: ignore[attr-defined]
        comparison.wait(60)
        (saved, *_) = state_of(comparison.embed(methods=["grad_cam"]))["frames"]
        assert {cell["method"] for cell in saved["cells"]} == {"grad_cam"}
        assert {own["method"] for own in saved["measures"]} == {"grad_cam"}


def test_of_a_training_the_latest_and_the_first_gradients_are_kept_first() -> None:
    with WIDGETS["training"].make() as monitor:
        monitor.wait(60)
        order = list(monitor._by_importance(9))
        assert order[:2] == [8, 0]
        assert sorted(order) == list(range(9))
        assert list(monitor._by_importance(0)) == []
        epochs = [frame["epoch"] for frame in state_of(monitor.embed())["frames"]]
        assert epochs == sorted(epochs)
        whole = len(monitor.embed().encode())
        kept = [one["epoch"] for one in state_of(monitor.embed(most=whole - 1))["frames"]]
        assert kept[-1] == epochs[-1]
        assert len(kept) < len(epochs)
