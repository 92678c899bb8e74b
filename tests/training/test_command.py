"""The command line, on a folder of classes and in this process."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

import xai_widgets as xw
from tests.training.data import pictures
from xai_widgets.datasets import class_folder, dataset
from xai_widgets.training import Trainer, build
from xai_widgets.training import __main__ as command
from xai_widgets.training.__main__ import main
from xai_widgets.training.models import MODELS


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures in a folder for each class."""
    root = tmp_path_factory.mktemp("classes")
    data = pictures(30, size=12)
    for number, (picture, label) in enumerate(zip(data.pixels, data.labels, strict=True)):
        place = root / data.class_names[label]
        place.mkdir(exist_ok=True)
        Image.fromarray(picture).resize((20, 12), Image.Resampling.NEAREST).save(
            place / f"{number:02}.png"
        )
    return root


def words(folder: Path, run: Path, *more: str) -> list[str]:
    return ["--dataset", str(folder), "--model", "small_resnet", "--recipe", "one_cycle",
            "--epochs", "2", "--batch-size", "8", "--size", "8", "--device", "cpu",
            "--rotation", "0", "--folder", str(run), *more]  # fmt: skip


def test_both_arms_are_trained_kept_and_gone_on_with(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words(folder, tmp_path, "--arm", "both", "--minutes", "0")) == 3
    assert main(words(folder, tmp_path, "--arm", "both")) == 0
    said = capsys.readouterr().out
    assert "going on after 0 epochs and 1 steps" in said
    assert "baseline: epoch 2, step 3 of 3" in said
    assert "regularised: epoch 2, step 3 of 3" in said
    columns = {}
    for arm in ("baseline", "regularised"):
        with (tmp_path / arm / "metrics.csv").open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        assert [row["epoch"] for row in rows] == ["0", "1"]
        columns[arm] = set(rows[0])
        recipe = json.loads((tmp_path / arm / "recipe.json").read_text(encoding="utf-8"))
        assert recipe["class_names"] == ["a", "b", "c"]
        network = build(recipe["model"], 3, 3)
        network.load_state_dict(load_file(tmp_path / arm / "network.safetensors"))
        engine = xw.Engine(network, preprocessing=recipe["preprocessing"])
        x = class_folder(folder, "test", 8).pixels[0]
        assert engine.explain(x, "saliency").values.shape == (3, 8, 8)
    assert columns["regularised"] - columns["baseline"] == {"regularization"}
    assert recipe["recipe"]["weight"] == 7.5e-3


@pytest.mark.parametrize("layout", ["contiguous", "channels_last"])
def test_the_layout_is_the_one_asked_for(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layout: str
) -> None:
    made = []

    def trainer(network: torch.nn.Module, *given: Any, **options: Any) -> Trainer:
        made.append(network)
        return Trainer(network, *given, **options)

    monkeypatch.setattr(command, "Trainer", trainer)
    assert main(words(folder, tmp_path, "--layout", layout, "--minutes", "0")) == 3
    # A kernel of 3 x 3 over 16 channels: their layouts tell.
    kernel = made[0].get_parameter("blocks.0.conv1.weight")
    assert kernel.is_contiguous() == (layout == "contiguous")
    assert kernel.is_contiguous(memory_format=torch.channels_last) == (layout == "channels_last")


def test_a_fifth_of_each_class_is_held_out(folder: Path) -> None:
    train, test = (class_folder(folder, split, 8) for split in ("train", "test"))
    assert (len(train), len(test)) == (24, 6)
    assert train.pixels.shape == (24, 8, 8, 3)
    assert test.labels.tolist() == [0, 0, 1, 1, 2, 2]
    seen = {picture.tobytes() for picture in train.pixels}
    assert not any(picture.tobytes() in seen for picture in test.pixels)


def test_a_folder_that_is_split_is_taken_as_it_is(tmp_path: Path) -> None:
    for split, count in (("train", 3), ("test", 1)):
        for name in ("cat", "dog"):
            (tmp_path / split / name).mkdir(parents=True)
            for number in range(count):
                Image.new("RGB", (9, 9)).save(tmp_path / split / name / f"{number}.png")
    assert len(dataset(str(tmp_path), "train")) == 6
    assert dataset(str(tmp_path), "test", 16).pixels.shape == (2, 16, 16, 3)


@pytest.mark.parametrize(
    ("name", "said"),
    [("fashion-mnist", 'Did you mean "fashion_mnist"'), ("nowhere", "is no folder")],
)
def test_what_is_no_data_set_is_said(
    name: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--dataset", name, "--folder", str(tmp_path), "--device", "cpu"]) == 2
    assert said in capsys.readouterr().err


def test_cifar_comes_from_strips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XAI_WIDGETS_DATA", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(xw.ExplanationError, match="CIFAR100"):
        dataset("cifar100", "test")
    place = tmp_path / "cifar100" / "test"
    place.mkdir(parents=True)
    for level, name in ((10, "bear"), (200, "apple")):
        Image.new("RGB", (32, 96), (level, 0, 0)).save(place / f"{name}.webp", lossless=True)
    found = dataset("cifar100", "test")
    assert found.class_names == ("apple", "bear")
    assert found.pixels.shape == (6, 32, 32, 3)
    assert found.pixels[:, 5, 5, 0].tolist() == [200] * 3 + [10] * 3
    assert found.labels.tolist() == [0, 0, 0, 1, 1, 1]


@pytest.mark.parametrize(
    ("name", "parameters"),
    [("resnet18", 11_220_132), ("mobilenet_v2", 2_351_972), ("small_resnet", 83_892)],
)
def test_models_have_the_size_of_their_papers(name: str, parameters: int) -> None:
    network = build(name, 3, 100)
    assert sum(parameter.numel() for parameter in network.parameters()) == parameters
    torch.testing.assert_close(
        next(network.parameters()), next(build(name, 3, 100).parameters()), rtol=0, atol=0
    )
    with torch.no_grad():
        assert network.eval()(torch.zeros(2, 3, 32, 32)).shape == (2, 100)


@pytest.mark.parametrize("name", MODELS)
def test_the_last_layer_is_given_the_mean_of_the_last_map(name: str) -> None:
    network = build(name, 3, 5).eval()
    seen: list[torch.Tensor] = []
    (head,) = (module for module in network.modules() if isinstance(module, torch.nn.Linear))
    last = network[-4] if name == "mobilenet_v2" else network.blocks
    last.register_forward_hook(lambda module, given, made: seen.append(made.clone()))
    head.register_forward_hook(lambda module, given, made: seen.append(given[0].clone()))
    with torch.no_grad():
        network(torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0)))
    maps, given = seen
    assert maps.shape[2:] == (4, 4)
    assert maps.std() > 0
    torch.testing.assert_close(given, maps.mean((2, 3)))


def test_an_unknown_model_is_said() -> None:
    with pytest.raises(xw.ExplanationError, match='Did you mean "resnet18"'):
        build("resnet_18", 3, 10)
