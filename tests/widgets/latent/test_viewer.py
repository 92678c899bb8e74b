"""LatentExplorer against a recorded channel: what it shows is the library's, and it is strict."""

from __future__ import annotations

import gc
import io
import json
import re
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # the field's name for it
from PIL import Image
from torch import Tensor, nn

from tests.widgets.conftest import RecordingComm
from tests.widgets.heatmap.test_viewer import channel, until
from xai_widgets import LatentExplorer
from xai_widgets.engine import Engine
from xai_widgets.errors import ExplanationError
from xai_widgets.relabel import RelabelDistillation
from xai_widgets.widgets.base.maps import dequantise
from xai_widgets.widgets.latent.work import READOUTS

NAMES = ["red", "<img src=x onerror=alert(1)>", "blue"]


class Quarters:
    """A VAE whose twelve latents are the mean colours of a picture's quarters."""

    def encode(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        mean = F.adaptive_avg_pool2d(pixels, 2).flatten(1)
        return mean, torch.full_like(mean, -2.0)

    def decode(self, latents: Tensor) -> Tensor:
        return F.interpolate(latents.view(-1, 3, 2, 2), size=(8, 8), mode="nearest").clamp(0, 1)


class Brightest(nn.Module):
    """The class is the colour there is most of."""

    def forward(self, x: Tensor) -> Tensor:
        return 20 * x.mean((2, 3))


def reddish() -> Tensor:
    return torch.tensor([0.54, 0.5, 0.4]).view(1, 3, 1, 1).expand(1, 3, 8, 8).contiguous()


@pytest.fixture
def engine() -> Engine:
    return Engine(Brightest(), class_names=NAMES, name="Brightest")


@pytest.fixture
def explorer(engine: Engine) -> Iterator[LatentExplorer]:
    made = LatentExplorer(engine, Quarters(), reddish(), samples=60, seed=3)
    made.wait(30)
    assert made.status["state"] == "idle", made.status
    yield made
    made.close()


def moved(explorer: LatentExplorer, values: list[float], neighbour: int = -1) -> dict[str, Any]:
    explorer.move(values, neighbour)
    padded = values + [0.0] * (len(explorer.sliders["shown"]) - len(values))
    until(lambda: explorer.edited.get("values") == padded)
    until(lambda: explorer.edited.get("neighbour") == neighbour)
    return explorer.edited


def test_it_shows_what_the_distillation_found(engine: Engine, explorer: LatentExplorer) -> None:
    found = RelabelDistillation(engine, Quarters(), samples=60, seed=3).explain(reddish())
    frame = explorer.frame
    assert frame["sentence"] == found.sentence
    assert frame["kept_share"] == found.kept_share
    assert (frame["scale"], frame["error"]) == (found.scale, found.reconstruction_error)
    assert frame["warnings"] == list(found.warnings)
    scores = np.frombuffer(frame["scores"], dtype="<f4")
    np.testing.assert_allclose(scores, found.scores, rtol=1e-6)
    kept = np.frombuffer(frame["kept"], dtype=np.uint8)
    np.testing.assert_array_equal(kept.astype(bool), found.kept)
    assert explorer.explanation.fidelity == found.fidelity


@pytest.mark.parametrize("readout", READOUTS)
def test_every_read_out_comes_from_the_one_student(
    engine: Engine, explorer: LatentExplorer, readout: str
) -> None:
    distillation = RelabelDistillation(engine, Quarters(), samples=60, seed=3, readout=readout)
    expected = distillation.explain(reddish()).attribution
    explorer.readout = readout
    assert explorer.attribution is not None
    np.testing.assert_allclose(explorer.attribution.values, expected.values, atol=1e-5)
    assert explorer.attribution.parameters["readout"] == readout
    sent = dequantise(explorer.frame["maps"][readout])
    largest = float(np.abs(expected.heatmap()).max())
    np.testing.assert_allclose(sent, expected.heatmap(), atol=largest / 60)
    assert explorer.frame["seq"] == 1  # nothing was distilled anew


def test_a_move_is_decoded_and_judged(engine: Engine, explorer: LatentExplorer) -> None:
    found, slid = explorer.explanation, explorer.sliders["shown"]
    assert slid[0]["name"] == "counterfactual"
    weights = [abs(each["weight"]) for each in slid[1:]]
    assert weights == sorted(weights, reverse=True)
    vae = Quarters()
    axes = [found.counterfactual.direction, *found.directions.vectors[:, None]]
    latent = found.latent + 0.5 * axes[0] - 1.5 * axes[2]
    pixels = vae.decode(latent)
    edited = moved(explorer, [0.5, 0.0, -1.5])
    picture = np.asarray(Image.open(io.BytesIO(edited["data"])))  # exact, as PNG
    np.testing.assert_allclose(picture / 255, pixels[0].permute(1, 2, 0), atol=0.003)
    np.testing.assert_array_equal(explorer.edited_picture, picture)
    expected = Brightest()(pixels).softmax(1)[0]
    np.testing.assert_allclose(explorer.edited_probabilities, expected, atol=1e-5)
    assert dict(edited["chances"])[0] == pytest.approx(float(expected[0]), abs=1e-4)
    assert edited["label_name"] == NAMES[int(expected.argmax())]


def test_the_label_turns_at_the_tick(explorer: LatentExplorer) -> None:
    first = explorer.sliders["shown"][0]
    assert first["flip"] is not None
    assert 0 < first["flip"] < first["high"]
    assert moved(explorer, [round(first["flip"] - 0.15, 3)])["label"] == 0
    turned = moved(explorer, [round(first["flip"] + 0.15, 3)])
    assert turned["label"] != 0
    assert turned["label_name"] == first["becomes"]


def test_a_neighbour_is_where_it_was_drawn(explorer: LatentExplorer) -> None:
    edited = moved(explorer, [], 7)
    expected = explorer.explanation.pictures([7])[0]
    np.testing.assert_array_equal(explorer.edited_picture, expected)
    assert edited["score"] == pytest.approx(float(explorer.explanation.scores[7]), abs=1e-3)
    kept = bool(explorer.explanation.kept[7])
    assert (edited["label"] == 0) == kept


def test_a_local_browser_gets_raw_pixels_that_fill_a_packet(explorer: LatentExplorer) -> None:
    sent = channel(explorer)
    values = [0.25] + [0.0] * (len(explorer.sliders["shown"]) - 1)
    sent.message(kind="edit", values=values, neighbour=-1, run=1, full=66_000)
    until(lambda: bool(explorer.edited))
    raw = explorer.edited["data"]
    assert (explorer.edited["mime"], len(raw)) == ("", 66_000)
    pixels = np.frombuffer(raw[: 8 * 8 * 3], np.uint8).reshape(8, 8, 3)
    np.testing.assert_array_equal(pixels, explorer.edited_picture)
    assert len(sent.updates("edited")) == 1
    sent.message(kind="edit", values=values, neighbour=-1, run=1, full=66_000)
    until(lambda: len(sent.updates("edited")) == 2)  # the same again is answered again


def test_neighbours_are_sent_once_asked_for(explorer: LatentExplorer) -> None:
    sent = channel(explorer)
    sent.message(kind="neighbours", run=1, neighbours=[3, 5, 9999])
    until(lambda: len(sent.custom()) > 0)
    told, buffers = sent.custom()[-1]
    assert (told["kind"], [each["neighbour"] for each in told["pictures"]]) == (
        "neighbours",
        [3, 5],
    )
    expected = explorer.explanation.pictures([3, 5])
    for buffer, picture in zip(buffers, expected, strict=True):
        np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(buffer))), picture)
    sent.message(kind="neighbours", run=99, neighbours=[3])  # of a distillation no longer shown
    assert len(sent.custom()) == 1


def test_a_move_comes_before_distilling(engine: Engine) -> None:
    explorer = LatentExplorer(engine, Quarters(), reddish(), samples=60)
    explorer.wait(30)
    sent = channel(explorer)
    explorer.samples = 10_000
    until(lambda: explorer.status.get("fraction") is not None)
    moved(explorer, [0.3])
    assert explorer.status["state"] == "running"
    sent.message(kind="stop")
    assert explorer.status["state"] == "stopped"
    explorer.close()


def test_sliders_in_use_stay_until_the_new_ones_are_asked_for(explorer: LatentExplorer) -> None:
    before = explorer.sliders["shown"]
    explorer.temperature = 2.0
    moved(explorer, [0.4])
    explorer.wait(30)
    assert explorer.sliders["better"]
    assert explorer.sliders["shown"] == before
    assert explorer.edited["values"][0] == 0.4
    channel(explorer).message(kind="take_sliders")
    assert not explorer.sliders["better"]
    assert explorer.sliders["run"] == 2
    assert explorer.edited == {}


def test_it_is_strict(engine: Engine, explorer: LatentExplorer) -> None:
    with pytest.raises(TypeError, match=r"no keyword .sample.\. Did you mean .samples"):
        LatentExplorer(engine, Quarters(), reddish(), sample=3)  # type: ignore[call-arg]  # the point of it
    with pytest.raises(ExplanationError, match="encode and decode"):
        LatentExplorer(engine, object(), reddish())  # type: ignore[arg-type]  # the point of it
    with pytest.raises(ExplanationError, match="structure"):
        LatentExplorer(engine, Quarters(), reddish(), structure="smoth")  # type: ignore[arg-type]  # the point of it
    with pytest.raises(ExplanationError, match="samples is 3"):
        explorer.samples = 3
    with pytest.raises(ExplanationError, match="neighbour is 60"):
        explorer.move([], 60)
    with (
        pytest.warns(DeprecationWarning, match="place=.... is now called neighbour"),
        pytest.raises(ExplanationError, match="neighbour is 60"),
    ):
        explorer.move([], place=60)
    with pytest.raises(ExplanationError, match="values has 99 numbers"):
        explorer.move([0.0] * 99)
    with pytest.raises(ExplanationError, match="finite"):
        explorer.move([float("nan")])
    channel(explorer).change(readout="weights")
    assert explorer.status["state"] == "error"
    assert "Did you mean" in explorer.status["message"]


def test_what_cannot_be_is_said_in_words(engine: Engine) -> None:
    class Constant(Quarters):
        def decode(self, latents: Tensor) -> Tensor:
            return reddish().expand(len(latents), 3, 8, 8)

    explorer = LatentExplorer(engine, Constant(), reddish(), samples=60)
    explorer.wait(30)
    assert explorer.status["state"] == "error"
    assert "no scale of the neighbourhood gives two classes" in explorer.status["message"]
    assert explorer.reconstruction["reconstruction"]["label_name"] == "red"
    assert explorer.to_png()[:4] == b"\x89PNG"
    explorer.close()


def test_a_saved_page_has_positions_and_neighbours(
    explorer: LatentExplorer, tmp_path: Path
) -> None:
    moved(explorer, [0.2])
    text = explorer.to_html(tmp_path / "explorer.html").read_text(encoding="utf-8")
    found = re.search(r'id="xw-document">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    state = json.loads(found.group(1))["state"]
    slid = state["sliders"]["shown"]
    for number, each in enumerate(slid):
        own = [frame["value"] for frame in state["frames"] if frame.get("slider") == number]
        assert len(own) == 11
        assert 0.0 in own
        assert (own[0], own[-1]) == pytest.approx((each["low"], each["high"]), abs=1e-3)
    assert sum("neighbour" in frame for frame in state["frames"]) == 60
    assert all("chances" in frame for frame in state["frames"])
    assert "<img src=x" not in text


def test_the_static_half_and_the_end(engine: Engine) -> None:
    vae = Quarters()
    with LatentExplorer(engine, vae, reddish(), samples=60) as explorer:
        explorer.wait(30)
        bundle = explorer._repr_mimebundle_()
        assert bundle is not None
        assert "image/png" in bundle[0]
        assert "Re-label distillation of red" in bundle[0]["text/plain"]
        comm = channel(explorer)
    assert isinstance(comm, RecordingComm)
    assert comm.closed
    assert repr(explorer) == "LatentExplorer(closed)"
    kept = weakref.ref(vae)
    del vae
    gc.collect()
    assert kept() is None
    with pytest.raises(ExplanationError, match="closed"):
        explorer.move([0.1])


def test_what_has_a_control_is_a_trait_and_what_has_none_an_option(engine: Engine) -> None:
    made = LatentExplorer(
        engine, Quarters(), reddish(), samples=60, scale=0.4, temperature=3.0, seed=3
    )
    assert (made.samples, made.scale, made.temperature) == (60, 0.4, 3.0)
    assert {"samples", "scale", "temperature", "readout"} <= set(made._keywords())
    assert len(set(made._keywords())) == len(made._keywords())
    made.close()


def test_the_counterfactual_ends_at_twice_the_turning_point(engine: Engine) -> None:
    with LatentExplorer(engine, Quarters(), reddish(), samples=200, seed=3) as made:
        made.wait(60)
        first, turning = made.sliders["shown"][0], made.explanation.counterfactual
        assert turning.flip is not None
        end = min(float(turning.t[-1]), 2 * turning.flip)
        assert first["high"] == pytest.approx(end, abs=1e-3)
        assert first["low"] == pytest.approx(-end / 3, abs=1e-3)
        assert 0 < first["flip"] <= first["high"]


def test_the_ends_of_a_slider_are_what_is_there(explorer: LatentExplorer) -> None:
    for number, row in enumerate(explorer.sliders["shown"]):
        probabilities = []
        for value, end in zip((row["low"], row["high"]), row["ends"], strict=True):
            values = [0.0] * number + [value]
            edited = moved(explorer, values)
            assert end["label_name"] == edited["label_name"]
            shown = np.asarray(Image.open(io.BytesIO(end["data"])).convert("RGB"))
            assert np.abs(shown.astype(int) - explorer.edited_picture).max() <= 1
            probabilities.append(explorer.edited_probabilities)
        differs = probabilities[1] - probabilities[0]
        most = int(np.abs(differs).argmax())
        assert row["change"]["name"] == NAMES[most]
        assert row["change"]["by"] == pytest.approx(float(differs[most]), abs=2e-3)
