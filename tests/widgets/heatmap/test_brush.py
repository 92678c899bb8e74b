"""The brush against a recorded channel: what the network sees, what is said, what is refused."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from tests.widgets.conftest import RecordingComm, SmallNetwork, busy, photograph
from tests.widgets.heatmap.test_viewer import at_rest, channel, gated, until, worked_off
from xai_widgets import HeatmapViewer
from xai_widgets.baselines import baseline_like
from xai_widgets.engine import Engine
from xai_widgets.errors import ExplanationError
from xai_widgets.widgets.base.explaining import Request
from xai_widgets.widgets.heatmap.painted import NoMap, answers, painted_picture
from xai_widgets.widgets.heatmap.painting import FILLS, Painting, mask_of, runs_of


def disc(size: int = 32, radius: float = 9.0) -> npt.NDArray[np.bool_]:
    rows, columns = np.mgrid[:size, :size]
    found: npt.NDArray[np.bool_] = np.hypot(rows - 12, columns - 20) < radius
    return found


def stroke(viewer: HeatmapViewer, mask: npt.NDArray[np.bool_], seq: int, **more: Any) -> None:
    """What a view sends while somebody paints."""
    content = {"kind": "paint", "by": "a view", "seq": seq, "fill": "blur", **more}
    comm = channel(viewer)
    assert comm._handler is not None
    data = {"method": "custom", "content": content}
    comm._handler({"content": {"data": data}, "buffers": [memoryview(runs_of(mask))]})


def said(comm: RecordingComm, kind: str) -> list[tuple[dict[str, Any], list[Any]]]:
    return [(content, buffers) for content, buffers in comm.custom() if content["kind"] == kind]


def expected(engine: Engine, image: Any, mask: npt.NDArray[np.bool_], fill: str) -> Any:
    """Plainly: x (1 - m) + b m through the network."""
    picture = engine.picture(image)
    x = picture.input
    black = torch.tensor(picture.black)
    m = torch.from_numpy(mask).float()
    painted = x * (1 - m) + baseline_like(x, fill, black) * m  # type: ignore[arg-type]  # a Fill
    with torch.no_grad():
        return engine.model(painted).softmax(1)[0].numpy()


# What the network is given.


@pytest.mark.parametrize("fill", FILLS)
def test_the_network_is_given_the_picture_with_the_fill_in_the_mask(fill: str) -> None:
    recipe = {"size": 32, "crop": 32, "mean": (0.5, 0.4, 0.3), "std": (0.2, 0.2, 0.2)}
    engine = Engine(SmallNetwork(), preprocessing=recipe)
    picture = engine.picture(photograph())
    mask = disc()
    painted = Painting(picture).input(mask, fill)[0]  # type: ignore[arg-type]  # one of FILLS
    fill_of_it = baseline_like(picture.input, fill, torch.tensor(picture.black))[0]  # type: ignore[arg-type]
    torch.testing.assert_close(painted[:, ~mask], picture.input[0][:, ~mask], rtol=0, atol=0)
    torch.testing.assert_close(painted[:, mask], fill_of_it[:, mask], rtol=0, atol=0)
    # and what a person is shown is that, to the nearest level
    shown = Painting(picture).pixels(fill)  # type: ignore[arg-type]
    assert np.abs(shown.astype(int) - engine.internals.pixels(fill_of_it[None])[0]).max() <= 1


@pytest.mark.parametrize("fill", FILLS)
def test_painting_in_python_gives_the_networks_own_probabilities(
    engine: Engine, viewer: HeatmapViewer, fill: str
) -> None:
    mask = disc()
    viewer.paint(mask, fill)
    until(lambda: viewer.painted_probabilities is not None)
    np.testing.assert_allclose(
        viewer.painted_probabilities, expected(engine, photograph(), mask, fill), atol=1e-6
    )
    # A view that never asked has the part sent, with what is painted, and the answer.
    ((told, buffers),) = said(channel(viewer), "brush")
    assert told["fill"] == fill
    np.testing.assert_array_equal(mask_of(buffers[3], (32, 32)), mask)
    assert b"default" in buffers[0]
    unpainted = np.frombuffer(buffers[2], dtype="<f4")
    np.testing.assert_allclose(unpainted, engine.predict(photograph()).probabilities, atol=1e-6)


def test_a_stroke_is_answered_with_all_probabilities(engine: Engine, viewer: HeatmapViewer) -> None:
    mask = disc()
    stroke(viewer, mask, 7, fill="mean")
    until(lambda: bool(said(channel(viewer), "painted")))
    ((told, buffers),) = said(channel(viewer), "painted")
    assert (told["seq"], told["by"], told["fill"]) == (7, "a view", "mean")
    answer = np.frombuffer(buffers[0], dtype="<f4")
    np.testing.assert_allclose(answer, expected(engine, photograph(), mask, "mean"), atol=1e-6)
    np.testing.assert_array_equal(mask_of(buffers[1], (32, 32)), mask)  # for the other views
    np.testing.assert_array_equal(viewer.painted_probabilities, answer)
    assert viewer.status["state"] == "idle"
    assert channel(viewer).updates("status") == []  # painting is no explanation


def test_an_answer_is_filled_up_as_the_view_asks(viewer: HeatmapViewer) -> None:
    stroke(viewer, disc(), 1, full=66_000)
    until(lambda: bool(said(channel(viewer), "painted")))
    ((_, buffers),) = said(channel(viewer), "painted")
    assert [len(buffer) for buffer in buffers][2:] == [66_000]


# Requests.


def test_the_part_is_sent_when_it_is_asked_for_and_not_before(viewer: HeatmapViewer) -> None:
    channel(viewer).message(kind="ready")
    assert said(channel(viewer), "brush") == []
    channel(viewer).message(kind="brush")
    until(lambda: bool(said(channel(viewer), "brush")))
    ((told, buffers),) = said(channel(viewer), "brush")
    assert told["fills"] == ["black", "blur", "mean"]
    assert told["fill"] is None
    assert (len(buffers[0]) > 1000, buffers[3], buffers[4]) == (True, b"", b"")
    channel(viewer).message(kind="brush", known=True)  # of another picture: the fills alone
    until(lambda: len(said(channel(viewer), "brush")) == 2)
    assert said(channel(viewer), "brush")[1][1][0] == b""


def test_only_the_newest_mask_waits_for_the_network() -> None:
    gate, viewer = gated()
    at_rest(viewer)
    gate.open.clear()
    gate.entered.clear()
    stroke(viewer, disc(radius=2), 1)
    assert gate.entered.wait(60)
    for seq in range(2, 9):
        stroke(viewer, disc(radius=seq), seq)
    gate.open.set()
    until(lambda: bool(said(channel(viewer), "painted")))
    viewer.engine.internals.worker.submit(object(), lambda: iter(())).wait(60)
    answers = said(channel(viewer), "painted")
    assert [told["seq"] for told, _ in answers] == [8]


def test_a_map_that_refines_steps_aside_for_the_brush() -> None:
    gate, viewer = gated()
    worked_off(viewer.engine)
    gate.open.clear()
    gate.entered.clear()
    with viewer.hold_trait_notifications():
        viewer.method, viewer.parameters = "occlusion", {"window": 3, "stride": 1}
    assert gate.entered.wait(60)
    stroke(viewer, disc(), 1)
    gate.open.set()
    at_rest(viewer)
    until(lambda: bool(said(channel(viewer), "painted")))
    kinds = [
        data["content"]["kind"] if data["method"] == "custom" else "final"
        for data, _ in channel(viewer).sent
        if data["method"] == "custom" or not data["state"].get("frame", {}).get("partial", True)
    ]
    assert kinds.index("painted") < len(kinds) - 1 - kinds[::-1].index("final")


def test_clearing_asks_nobody(viewer: HeatmapViewer) -> None:
    forwards: list[int] = []
    viewer.paint(disc())
    until(lambda: viewer.painted_probabilities is not None)
    viewer.engine.model.register_forward_hook(lambda *_: forwards.append(1))
    viewer.clear_paint()
    assert viewer.painted_probabilities is None
    _, buffers = said(channel(viewer), "painted")[-1]
    assert buffers == [b"", b""]
    assert forwards == []
    channel(viewer).message(kind="ready")  # a page that is opened anew has nothing to show of it
    assert len(said(channel(viewer), "brush")) == 1


def test_a_view_that_opens_later_is_told_what_is_painted(viewer: HeatmapViewer) -> None:
    stroke(viewer, disc(), 1)
    until(lambda: viewer.painted_probabilities is not None)
    channel(viewer).message(kind="ready")
    until(lambda: bool(said(channel(viewer), "brush")))
    _, buffers = said(channel(viewer), "brush")[0]
    np.testing.assert_array_equal(mask_of(buffers[3], (32, 32)), disc())
    np.testing.assert_array_equal(np.frombuffer(buffers[4], "<f4"), viewer.painted_probabilities)
    until(lambda: bool(maps_sent(viewer)))
    before = len(maps_sent(viewer))
    channel(viewer).message(kind="brush", known=True)  # once it has the part: its map
    until(lambda: len(maps_sent(viewer)) > before)


def test_another_picture_is_unpainted(viewer: HeatmapViewer) -> None:
    viewer.paint(disc())
    until(lambda: viewer.painted_probabilities is not None)
    viewer.image = photograph(48, seed=5)
    assert viewer.painted_probabilities is None
    viewer.paint(disc(48))
    until(lambda: viewer.painted_probabilities is not None)


def test_the_network_is_left_as_found(viewer: HeatmapViewer) -> None:
    model = viewer.engine.model
    model.train()
    before = copy.deepcopy(model.state_dict())
    random = torch.get_rng_state()
    viewer.paint(disc())
    until(lambda: viewer.painted_probabilities is not None)
    until(lambda: viewer.painted_attribution is not None)  # the map follows
    viewer.wait(30)
    assert model.training
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert torch.equal(random, torch.get_rng_state())


# What is refused.


@pytest.mark.parametrize(
    ("mask", "fill", "words"),
    [
        (np.zeros((3, 4), dtype=bool), "blur", r"shape \(3, 4\); expected \(32, 32\)"),
        (np.full((32, 32), 0.5), "blur", "values other than 0 and 1"),
        (disc(), "blurr", 'Did you mean "blur"'),
    ],
)
def test_what_cannot_be_painted_is_said_in_words(
    viewer: HeatmapViewer, mask: Any, fill: str, words: str
) -> None:
    with pytest.raises(ExplanationError, match=words):
        viewer.paint(mask, fill)
    assert viewer.painted_probabilities is None


def test_black_needs_a_preprocessing_that_tells_what_it_is(engine: Engine) -> None:
    viewer = HeatmapViewer(engine, torch.randn(3, 32, 32), prefetch=False)
    with pytest.raises(ExplanationError, match="does not tell what black is"):
        viewer.paint(disc(), "black")
    channel(viewer).message(kind="brush")
    until(lambda: bool(said(channel(viewer), "brush")))
    assert said(channel(viewer), "brush")[0][0]["fills"] == ["blur", "mean"]


def test_what_a_view_gets_wrong_is_said_in_the_footer(viewer: HeatmapViewer) -> None:
    stroke(viewer, disc(48), 1)
    assert viewer.status["state"] == "error"
    assert "what was painted has 2,304 pixels" in viewer.status["message"]
    channel(viewer).message(kind="brush", problem="TypeError: blob: is forbidden")
    assert "refuses to load the brush (TypeError: blob: is forbidden)" in viewer.status["message"]
    assert "viewer.paint(mask)" in viewer.status["hint"]


def test_a_network_that_fails_says_so_and_does_not_keep_the_view_waiting(
    viewer: HeatmapViewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: Any) -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(viewer.engine.internals, "probabilities", fails)
    stroke(viewer, disc(), 3)
    until(lambda: viewer.status["state"] == "error")
    assert "out of memory" in viewer.status["message"]
    ((told, _),) = said(channel(viewer), "painted")
    assert (told["seq"], told["failed"]) == (3, True)


def test_after_close_nothing_can_be_painted(viewer: HeatmapViewer) -> None:
    viewer.paint(disc())
    viewer.close()
    with pytest.raises(ExplanationError, match="closed"):
        viewer.paint(disc())
    with pytest.raises(ExplanationError, match="closed"):
        viewer.clear_paint()


# How a mask travels.


@pytest.mark.parametrize(
    "made",
    [
        lambda: np.zeros((3, 4), dtype=bool),
        lambda: np.ones((3, 4), dtype=bool),
        lambda: disc(224, 60.0),
        lambda: np.ones((400, 400), dtype=bool),
        lambda: np.random.default_rng(1).random((20, 30)) > 0.5,
    ],
)
def test_a_mask_comes_back_from_its_runs(made: Callable[[], npt.NDArray[np.bool_]]) -> None:
    mask = made()
    np.testing.assert_array_equal(mask_of(runs_of(mask), mask.shape), mask)  # type: ignore[arg-type]  # two axes


def test_runs_begin_unpainted_and_are_cut_at_16_bits() -> None:
    def lengths(mask: Any) -> list[int]:
        return np.frombuffer(runs_of(np.asarray(mask, dtype=bool)), "<u2").tolist()

    assert lengths([[0, 0, 1], [1, 1, 0]]) == [2, 3, 1]
    assert lengths([[1, 0]]) == [0, 1, 1]
    assert lengths(np.zeros((1, 70_000))) == [65_535, 0, 4_465]
    assert len(runs_of(disc(224, 60.0))) < 1_000


def test_a_mask_is_as_high_and_wide_as_the_networks_input() -> None:
    picture = Engine(SmallNetwork()).picture(torch.rand(3, 12, 20))
    painting = Painting(picture)
    assert painting.size == (12, 20)
    assert painting.check(np.ones((12, 20)), painting.fills[0]).shape == (12, 20)
    with pytest.raises(ExplanationError, match="mask"):
        painting.check(np.ones((20, 12)), painting.fills[0])


# The map of the painted picture.


def maps_sent(viewer: HeatmapViewer) -> list[dict[str, Any]]:
    return [content for content, _ in said(channel(viewer), "painted_map")]


def test_a_quick_map_follows_each_stroke(engine: Engine) -> None:
    viewer = HeatmapViewer(engine, photograph(), "saliency", prefetch=False)
    worked_off(engine)
    viewer.frame = {**viewer.frame, "seconds": 0.01}
    mask = disc()
    stroke(viewer, mask, 1, ended=False)
    until(lambda: bool(maps_sent(viewer)))
    kinds = [content["kind"] for content, _ in channel(viewer).custom()]
    assert [kind for kind in kinds if kind.startswith("painted")] == ["painted", "painted_map"]
    (answer, _), *_ = said(channel(viewer), "painted")
    assert answer["map"] == "now"
    (told,) = maps_sent(viewer)
    assert (told["by"], told["seq"]) == ("a view", 1)
    assert told["frame"]["target"]["index"] == viewer.attribution.target.index
    painting = Painting(engine.picture(photograph()))
    covered = painted_picture(painting, mask, "blur")
    plain = engine.explain(covered, "saliency", target=viewer.attribution.target.index)
    np.testing.assert_array_equal(viewer.painted_attribution.values, plain.values)
    np.testing.assert_array_equal(covered.pixels[~mask], photograph()[~mask])
    assert (covered.pixels[mask] != photograph()[mask]).any()
    viewer.clear_paint()
    assert viewer.painted_attribution is None


def test_a_slow_map_waits_for_the_end_of_the_stroke(engine: Engine) -> None:
    viewer = HeatmapViewer(engine, photograph(), "saliency", prefetch=False)
    worked_off(engine)
    viewer.frame = {**viewer.frame, "seconds": 3.0}
    stroke(viewer, disc(), 1, ended=False)
    until(lambda: bool(said(channel(viewer), "painted")))
    (answer, _), *_ = said(channel(viewer), "painted")
    assert answer["map"] == "after"
    worked_off(engine)
    assert maps_sent(viewer) == []
    stroke(viewer, disc(), 2, ended=True)
    until(lambda: bool(maps_sent(viewer)))
    assert maps_sent(viewer)[-1]["seq"] == 2


def test_a_map_of_the_painted_picture_follows_the_method(engine: Engine) -> None:
    viewer = HeatmapViewer(engine, photograph(), "saliency", prefetch=False)
    worked_off(engine)
    stroke(viewer, disc(), 1)
    until(lambda: bool(maps_sent(viewer)))
    viewer.method = "input_x_gradient"
    until(lambda: maps_sent(viewer)[-1]["frame"]["method"] == "input_x_gradient")
    assert viewer.painted_attribution.method == "input_x_gradient"
    assert len(said(channel(viewer), "painted")) == 1  # nothing else was painted


@pytest.mark.parametrize("arrangement", ["swipe", "difference"])
def test_two_maps_that_are_compared_are_of_one_painted_picture(
    engine: Engine, arrangement: Any
) -> None:
    viewer = HeatmapViewer(
        engine, photograph(), "saliency", other_method="input_x_gradient", arrangement=arrangement,
        prefetch=False,
    )  # fmt: skip
    with viewer:
        at_rest(viewer)
        mask = disc()
        stroke(viewer, mask, 1)
        until(lambda: bool(maps_sent(viewer)) and not maps_sent(viewer)[-1]["more"])
        at_rest(viewer)
        told = [
            (one["frame"]["method"], one["second"], one["more"]) for one in maps_sent(viewer)[-2:]
        ]
        assert told == [("saliency", False, True), ("input_x_gradient", True, False)]
        picture = engine.picture(photograph())
        covered = painted_picture(Painting(picture), mask, "blur")
        for name, made in (
            ("saliency", viewer.painted_attribution),
            ("input_x_gradient", viewer.painted_other_attribution),
        ):
            alone = engine.explain(covered, name, target=viewer.attribution.target.index)
            np.testing.assert_array_equal(made.values, alone.values)
        viewer.clear_paint()
        assert viewer.painted_other_attribution is None


def test_a_second_map_of_the_painted_picture_is_made_once_two_are_seen(engine: Engine) -> None:
    options: dict[str, Any] = {"other_method": "input_x_gradient", "prefetch": False}
    with HeatmapViewer(engine, photograph(), "saliency", **options) as viewer:
        worked_off(engine)  # what is done at the end of the work too, unlike with `wait`
        stroke(viewer, disc(), 1)
        until(lambda: bool(maps_sent(viewer)))
        at_rest(viewer)
        assert len(maps_sent(viewer)) == 1
        channel(viewer).change(arrangement="swipe")
        until(lambda: maps_sent(viewer)[-1]["frame"]["method"] == "input_x_gradient")
        assert viewer.painted_other_attribution.method == "input_x_gradient"


def test_two_maps_follow_each_stroke_where_both_are_quick(engine: Engine) -> None:
    options: dict[str, Any] = {"other_method": "input_x_gradient", "prefetch": False}
    viewer = HeatmapViewer(engine, photograph(), "saliency", arrangement="swipe", **options)
    with viewer:
        viewer.wait(30)
        for first, second, time in ((0.01, 0.01, "now"), (0.1, 0.1, "after"), (0.01, 3.0, "after")):
            viewer.frame = {**viewer.frame, "seconds": first}
            viewer.other_frame = {**viewer.other_frame, "seconds": second}
            assert viewer._painted_requests()[0] == time


def test_only_the_newest_stroke_has_a_map(engine: Engine) -> None:
    viewer = HeatmapViewer(engine, photograph(), "saliency", prefetch=False)
    worked_off(engine)
    with busy(engine):
        for seq in range(1, 6):
            stroke(viewer, disc(radius=4.0 + seq), seq)
    until(lambda: bool(maps_sent(viewer)))
    at_rest(viewer)
    assert [told["seq"] for told in maps_sent(viewer)] == [5]


def test_a_map_that_is_not_possible_is_said_so() -> None:
    engine = Engine(SmallNetwork(), name="Small")
    painting = Painting(engine.picture(photograph()))
    request = Request.of(engine, "attention_rollout", 0, None, {})
    *_, last = answers(engine, painting, disc(), "blur", [request])
    assert isinstance(last.result, NoMap)
    assert "attention" in last.result.words
