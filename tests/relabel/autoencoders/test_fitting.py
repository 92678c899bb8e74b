"""Training: what is minimised, that it learns, and that a cut changes nothing."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

import xai_widgets as xw
from tests.relabel.pictures import bars
from xai_widgets.relabel import (
    ConvolutionalVAE,
    FitStep,
    SpatialVAE,
    fit_vae,
    load_vae,
    reconstruct,
    save_vae,
    stream_fit_vae,
    vae_loss,
)
from xai_widgets.relabel.autoencoders import fitting, pictures

QUICK: Any = {"steps": 12, "batch_size": 4}


def small(size: int = 16) -> ConvolutionalVAE:
    return ConvolutionalVAE(size=size, latent=3, width=4)


def weights(vae: nn.Module) -> bytes:
    return b"".join(tensor.numpy().tobytes() for tensor in vae.state_dict().values())


def streamed(data: Any, **options: Any) -> list[FitStep]:
    return [progress.result for progress in stream_fit_vae(data, **options)]


def cut_at(step: int, data: Any, **options: Any) -> None:
    """A training that is left after this step."""
    for progress in stream_fit_vae(data, **options):
        if progress.result.step == step:
            return


class Halves(nn.Module):
    """Encodes a picture of two values as half of them, with a variance of e; decodes as it is."""

    def encode(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        return pixels / 2, torch.ones_like(pixels)

    def decode(self, latents: Tensor) -> Tensor:
        return latents


@pytest.mark.parametrize(("error", "power"), [("absolute", 1), ("squared", 2)])
def test_the_loss_is_the_formula(error: Any, power: int) -> None:
    x = torch.tensor([[0.2, 0.8], [1.0, 0.0]]).view(2, 1, 1, 2)
    noise = torch.tensor([[1.0, -1.0], [0.5, 2.0]]).view(2, 1, 1, 2)
    terms = vae_loss(
        Halves(), x, lambda mean: noise, beta=0.3, error=error,
        features=lambda pixels: [10 * pixels, pixels.sum(3) + 1], feature_weight=0.7,
    )  # fmt: skip
    made = x / 2 + np.exp(0.5) * noise
    distance = ((made - x).abs() ** power).sum() / 4
    divergence = sum(0.5 * ((v / 2) ** 2 + np.e - 1 - 1) for v in x.flatten().tolist()) / 2
    first = (made - x).abs().mean() / x.abs().mean()
    sums = x.sum(3) + 1
    second = (made.sum(3) + 1 - sums).abs().mean() / sums.mean()
    apart = (first + second) / 2
    torch.testing.assert_close(terms.error, distance)
    assert float(terms.divergence) == pytest.approx(divergence, rel=1e-6)
    torch.testing.assert_close(terms.features, apart)
    total = distance + 0.3 * divergence / 2 + 0.7 * apart
    assert float(terms.total) == pytest.approx(float(total), rel=1e-6)


def test_it_learns() -> None:
    data = bars(64)
    steps = list(
        stream_fit_vae(
            data, vae=ConvolutionalVAE(size=16, latent=8, width=8), steps=60, batch_size=16,
            learning_rate=1e-2, beta=0.001, error="squared",
        )
    )  # fmt: skip
    assert [step.result.step for step in steps] == list(range(1, 61))
    assert steps[-1].fraction == steps[-1].result.fraction == 1
    vae: Any = steps[-1].result.vae
    pixels = torch.from_numpy(data).permute(0, 3, 1, 2).float() / 255
    blank = pixels.var(0).mean()  # the error of saying the same of every picture
    with torch.no_grad():
        assert (reconstruct(vae, pixels) - pixels).square().mean() < 0.5 * blank
    assert not vae.training
    assert not any(parameter.requires_grad for parameter in vae.parameters())


def test_a_spatial_one_learns_from_crops() -> None:
    data = bars(8, 40, 3)
    pixels = torch.from_numpy(data).permute(0, 3, 1, 2).float() / 255

    def error(vae: SpatialVAE) -> float:
        with torch.no_grad():
            return float((reconstruct(vae.eval(), pixels) - pixels).abs().mean())

    vae = SpatialVAE(latent=3, width=8, fine=8, depth=1)
    for parameter in vae.decoder.straight.parameters():  # what it begins with is taken away
        nn.init.zeros_(parameter)
    before = error(vae)
    trained = fit_vae(data, vae=vae, size=24, steps=50, batch_size=4, learning_rate=5e-3)
    assert trained is vae
    assert error(vae) < 0.5 * before


def test_features_are_kept_where_they_are_asked_for() -> None:
    """A feature that weighs much is reconstructed better than without it."""
    data = bars(128)
    found = []
    for weight in (0.0, 5.0):
        steps = streamed(
            data, vae=small(), steps=40, batch_size=8, learning_rate=5e-3, seed=3, beta=0.1,
            features=lambda x: x.mean((2, 3)), feature_weight=weight,
        )  # fmt: skip
        found.append(np.mean([step.features for step in steps[-10:]]))
    assert found[1] < 0.7 * found[0]


@pytest.mark.parametrize("cut", [1, 5, 11])
def test_a_cut_changes_no_bit(tmp_path: Path, cut: int) -> None:
    data = bars(10)
    whole = fit_vae(data, vae=small(), **QUICK)
    file = tmp_path / "vae.safetensors"
    often: dict[str, Any] = {**QUICK, "checkpoint": file, "checkpoint_every": 2}
    cut_at(cut, data, vae=small(), **often)
    np.random.default_rng().random()
    torch.rand(3)  # whatever the process draws in between
    resumed = fit_vae(data, vae=small(), **often)
    assert weights(resumed) == weights(whole)
    # Finished: asked again it does nothing, and the file alone gives the same.
    again = fit_vae(data, vae=small(), **often)
    assert weights(again) == weights(load_vae(file)) == weights(whole)
    (only,) = stream_fit_vae(data, vae=small(), **often)
    assert (only.fraction, only.result.step, only.words) == (1.0, 12, "finished already")
    assert weights(only.result.vae) == weights(whole)


def test_a_spatial_training_resumes_alike_too(tmp_path: Path) -> None:
    data = bars(5, 20, 3)
    made: list[bytes] = []
    for name, cut in (("whole", None), ("cut", 4)):
        options: dict[str, Any] = {
            **QUICK, "size": 16, "checkpoint": tmp_path / name, "checkpoint_every": 3,
            "features": lambda x: x.mean((2, 3)),
        }  # fmt: skip
        if cut is not None:
            cut_at(cut, data, vae=SpatialVAE(latent=2, width=8, fine=8, depth=1), **options)
        for _ in range(2):  # to the end, and once more when it is finished
            vae = SpatialVAE(latent=2, width=8, fine=8, depth=1)
            made.append(weights(fit_vae(data, vae=vae, **options)))
    assert len(made) == 4
    assert len(set(made)) == 1


KILLED = """
import sys, time, torch
torch.set_num_threads(1)
sys.path.insert(0, {root!r})
from tests.relabel.pictures import bars
from xai_widgets.relabel import ConvolutionalVAE, stream_fit_vae
for step in stream_fit_vae(bars(10), vae=ConvolutionalVAE(size=16, latent=3, width=4), steps=12,
                           batch_size=4, checkpoint={file!r}, checkpoint_every=1):
    print(step.result.step, flush=True)
    if step.result.step == 5:
        time.sleep(600)  # until it is killed
"""


def test_a_killed_process_leaves_a_training_that_goes_on(tmp_path: Path) -> None:
    file = tmp_path / "vae.safetensors"
    root = str(Path(__file__).resolve().parents[2])
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED.format(root=root, file=str(file))],
        stdout=subprocess.PIPE, text=True, cwd=root,
    )  # fmt: skip
    assert process.stdout is not None
    for line in process.stdout:
        if int(line) == 5:
            os.kill(process.pid, signal.SIGKILL)
            break
    assert process.wait(120) == -signal.SIGKILL
    process.stdout.close()
    steps = streamed(bars(10), vae=small(), checkpoint=file, **QUICK)
    assert 5 <= steps[0].step <= 8
    assert steps[-1].step == 12
    assert weights(steps[-1].vae) == weights(fit_vae(bars(10), vae=small(), **QUICK))


def test_a_checkpoint_of_another_training_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "vae.safetensors"
    fit_vae(bars(10), vae=small(), checkpoint=file, **QUICK)
    kept = file.read_bytes()

    def refuses(words: str, data: Any = None, vae: Any = None, **options: Any) -> None:
        with pytest.raises(xw.ExplanationError, match=words):
            fit_vae(
                bars(10) if data is None else data, vae=vae or small(), checkpoint=file,
                **{**QUICK, **options},
            )  # fmt: skip

    refuses(r"steps=12, and now steps is 13; expected the same, or another file", steps=13)
    refuses(r"with seed=0, and now seed is 1", seed=1)
    refuses(r"with pictures='\w+', and now pictures is", data=bars(11))
    refuses(
        r"'width': 4.*now settings is .*'width': 8",
        vae=ConvolutionalVAE(size=16, latent=3, width=8),
    )
    save_vae(small(), tmp_path / "weights.safetensors")
    with pytest.raises(xw.ExplanationError, match=r"no training to go on with.*vae=load_vae"):
        fit_vae(bars(4), vae=small(), checkpoint=tmp_path / "weights.safetensors", **QUICK)
    assert file.read_bytes() == kept


def test_a_checkpoint_is_whole_or_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "vae.safetensors"
    often: dict[str, Any] = {**QUICK, "checkpoint": file, "checkpoint_every": 2}
    cut_at(5, bars(10), vae=small(), **often)
    kept = file.read_bytes()
    write = Path.write_bytes

    def full(path: Path, content: bytes) -> int:
        write(path, content[: len(content) // 2])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        with pytest.raises(xw.ExplanationError, match=r"cannot be written: .*No space"):
            fit_vae(bars(10), vae=small(), **often)
    assert file.read_bytes() == kept
    assert list(tmp_path.iterdir()) == [file]
    assert weights(fit_vae(bars(10), vae=small(), **often)) == weights(
        fit_vae(bars(10), vae=small(), **QUICK)
    )


class Labelled:
    """As a torch data set is: a length, and numbered (picture, label) pairs."""

    def __len__(self) -> int:
        return 10

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return torch.from_numpy(bars(10)[index]).permute(2, 0, 1).float() / 255, 3


def test_any_kind_of_data_gives_the_same_training(tmp_path: Path) -> None:
    data = bars(10)
    for index, picture in enumerate(data):
        folder = tmp_path / f"{index // 5}"
        folder.mkdir(exist_ok=True)
        Image.fromarray(picture[..., 0]).save(folder / f"{index % 5}.png")
    (tmp_path / "0" / "notes.txt").write_text("no picture")
    kinds = [data, data[..., 0], torch.from_numpy(data).permute(0, 3, 1, 2), data / 255.0,
             Labelled(), list(data), tmp_path, str(tmp_path)]  # fmt: skip
    made = {weights(fit_vae(kind, vae=small(), **QUICK)) for kind in kinds}
    assert len(made) == 1


def test_the_kind_follows_from_the_pictures() -> None:
    assert type(fit_vae(bars(4, 28), **{**QUICK, "steps": 1})) is ConvolutionalVAE
    large = fit_vae(bars(2, 96, 3), size=16, vae="spatial", **{**QUICK, "steps": 1})
    assert type(large) is SpatialVAE
    assert large.channels == 3
    brought = fit_vae(bars(2, 70, 3), vae="convolutional", **{**QUICK, "steps": 1})
    assert (brought.size, brought.channels) == (64, 3)


def test_pictures_are_cut_to_squares() -> None:
    wide = np.arange(20 * 10 * 3, dtype=np.uint8).reshape(1, 10, 20, 3)
    found = pictures.Pictures(wide)
    whole = found.whole([0], 10, 3)
    torch.testing.assert_close(
        whole[0], torch.from_numpy(wide[0, :, 5:15]).permute(2, 0, 1).float() / 255
    )
    places = set()
    for seed in range(40):
        crop = found.crops([0], 8, 3, np.random.default_rng(seed))[0]
        assert crop.shape == (3, 8, 8)
        level = (crop * 255).round().byte().permute(1, 2, 0).numpy()
        mirrored = level[0, 0, 0] > level[0, 1, 0]
        level = level[:, ::-1] if mirrored else level
        at = np.argwhere((wide[0, :3, :13] == level[0, 0]).all(-1))
        places |= {(*place, mirrored) for place in map(tuple, at.tolist())}
    assert len(places) > 20
    assert {place[2] for place in places} == {True, False}
    assert found.crops([0], 32, 3, np.random.default_rng(0)).shape == (1, 3, 32, 32)
    assert found.whole([0], 16, 1).shape == (1, 1, 16, 16)


def test_each_picture_comes_once_before_any_comes_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    original = pictures.Pictures.whole

    def whole(self: Any, indices: Any, *rest: Any) -> Tensor:
        seen.extend(indices)
        return original(self, indices, *rest)

    monkeypatch.setattr(pictures.Pictures, "whole", whole)
    fit_vae(bars(10), vae=small(), **{**QUICK, "steps": 5, "preview": 0})
    assert sorted(seen[:10]) == sorted(seen[10:]) == list(range(10))
    assert seen[:10] != seen[10:]


def test_previews_come_early_then_seldom() -> None:
    due = [step for step in range(1, 1001) if fitting._due(step, 1000)]
    assert due[0] == 10
    assert due[-1] == 1000
    assert len(due) < 16
    steps = streamed(bars(9), vae=small(), preview=3, **QUICK)
    previews = [step.preview for step in steps if step.preview is not None]
    assert [step.step for step in steps if step.preview is not None] == [10, 12]
    assert previews[0].shape == (2 * 16, 3 * 16, 3)
    assert previews[0].dtype == np.uint8
    assert any((previews[0][:16, :16] == picture).all() for picture in bars(9))


def test_a_preview_changes_nothing() -> None:
    with_it, without = (fit_vae(bars(9), vae=small(), **QUICK, preview=count) for count in (4, 0))
    assert weights(with_it) == weights(without)


def test_the_process_keeps_its_own_random_numbers() -> None:
    torch.manual_seed(3)
    before = torch.get_rng_state()
    fit_vae(bars(9), vae="convolutional", **QUICK)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_step_says_how_good_the_reconstructions_are() -> None:
    step = FitStep(3, 3, 0.5, 0.25, 0.0, 12.4, 3.0, small())
    assert str(step) == "step 3 of 3 · loss 0.5000 (error 0.2500, divergence 12 nats)"
    step = FitStep(3, 3, 0.5, 0.25, 0.125, 12.4, 3.0, small())
    assert "features 0.125" in str(step)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("shown", "stream"), [(True, Terminal()), (True, io.StringIO()),
                                               (False, Terminal())])  # fmt: skip
def test_a_terminal_has_one_bar_and_a_file_none(
    shown: bool, stream: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr", stream)
    fit_vae(bars(9), vae=small(), progress=shown, **QUICK)
    text = stream.getvalue()
    if not (shown and stream.isatty()):
        assert text == ""
        return
    assert text.count("\n") == 1
    assert "fit_vae: 100%" in text
    assert "step 12 of 12 · loss" in text


def test_a_notebook_has_one_preview_that_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[Any] = []

    class Handle:
        def update(self, picture: Image.Image) -> None:
            shown.append(("updated", picture.size))

    def display(picture: Image.Image, display_id: bool) -> Handle:
        assert display_id
        shown.append(("new", picture.size))
        return Handle()

    monkeypatch.setattr("IPython.display.display", display)
    monkeypatch.setattr(fitting, "_in_notebook", lambda: True)
    fit_vae(bars(9), vae=small(), preview=3, **QUICK)
    assert shown == [("new", (48, 32)), ("updated", (48, 32))]


def test_a_function_as_progress_is_deprecated_and_still_called() -> None:
    steps: list[FitStep] = []
    with pytest.deprecated_call(match="stream_fit_vae"):
        fit_vae(bars(9), vae=small(), progress=steps.append, **QUICK)
    assert [step.step for step in steps] == list(range(1, 13))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: fit_vae("/no/such/folder"), r'no folder "/no/such/folder"'),
        (lambda: fit_vae(3), r"data is a int; expected a folder"),
        (lambda: fit_vae([]), r"data holds no picture"),
        (lambda: fit_vae(bars(2), vae="spatail"), r"'spatail'.*Did you mean \"spatial\""),
        (lambda: fit_vae(bars(2), vae=nn.Linear(1, 1)), r"Linear without encode and decode"),
        (lambda: fit_vae(bars(2), steps=1, epochs=1), r"steps=1 and epochs=1; expected one"),
        (lambda: fit_vae(bars(2), steps=0), r"steps=0.*at least one step"),
        (lambda: fit_vae(bars(2), batch_size=0), r"batch_size=0"),
        (lambda: fit_vae(bars(2), vae=small(), size=20), r"size=20, but .* 16 x 16"),
        (lambda: fit_vae(bars(2), vae="spatial", size=4), r"size=4; expected at least 8"),
    ],
)
def test_what_cannot_be_trained_on_is_refused_in_words(call: Any, words: str) -> None:
    with pytest.raises(xw.ExplanationError, match=words):
        call()
