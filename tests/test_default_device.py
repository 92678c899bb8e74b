"""`torch.set_default_device`: what this package makes is not on it, and what networks make is.

"meta" stands for a GPU: a tensor that does not name its device cannot meet one of the CPU.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.utils import _device

import xai_widgets as xw
from tests.jobs import wait_for
from tests.networks import Normalised, seeded
from tests.relabel.linear import GridVAE, OrthogonalVAE, linear_engine
from tests.relabel.linear import picture as linear_picture
from tests.requests import explain
from tests.training.data import QUICK, network, pictures
from tests.transformers import attending
from xai_widgets import demo, relabel
from xai_widgets.files import read_safetensors
from xai_widgets.methods import METHODS
from xai_widgets.metrics import MEASURES, evaluate
from xai_widgets.training import Trainer
from xai_widgets.training.models import build

PACKAGE = Path(xw.__file__).parent
PHOTO = np.random.default_rng(0).integers(0, 256, (40, 52, 3), dtype=np.uint8)
RECIPE = {"size": 20, "crop": 16, "mean": [0.5, 0.4, 0.3], "std": [0.2, 0.3, 0.4]}


@contextmanager
def default_device(name: str = "meta") -> Iterator[None]:
    torch.set_default_device(name)
    try:
        yield
    finally:
        torch.set_default_device(None)


def test_every_tensor_names_its_device() -> None:
    makers = {f"torch.{function.__name__}" for function in _device._device_constructors()}
    nameless = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in makers
        and not any(keyword.arg == "device" for keyword in node.keywords)
    ]
    assert nameless == []


def engine_for(method: str) -> xw.Engine:
    model: nn.Module = seeded(Normalised())
    model = attending(model) if METHODS[method].needs_attention else model
    return xw.Engine(model, preprocessing=RECIPE)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_gives_the_same(method: str) -> None:
    if method == "opti_cam" and tuple(map(int, torch.__version__.split(".")[:2])) < (2, 7):
        pytest.skip("torch's own Adam counts its steps on the default device there")
    wanted = explain(engine_for(method), method, PHOTO)
    engine = engine_for(method)
    with default_device():
        found = explain(engine, method, PHOTO)
        prediction = engine.predict(PHOTO).probabilities
    np.testing.assert_array_equal(found, wanted)
    np.testing.assert_array_equal(prediction, engine_for(method).predict(PHOTO).probabilities)


def test_every_measure_gives_the_same() -> None:
    mask = np.zeros((16, 16), bool)
    mask[4:9, 3:12] = True
    methods = ["saliency", "grad_cam"]

    def table() -> Any:
        return evaluate(engine_for("saliency"), [PHOTO], methods, list(MEASURES), masks=[mask])

    wanted = table()
    engine = engine_for("saliency")
    with default_device():
        found = evaluate(engine, [PHOTO], methods, list(MEASURES), masks=[mask])
    assert [dict(row) for row in found.rows] == [dict(row) for row in wanted.rows]


@pytest.mark.parametrize("options", [{}, {"shape": "drawn_out"}, {"structure": "smooth"}])
def test_relabel_distillation_gives_the_same(options: dict[str, Any]) -> None:
    vae = GridVAE if options.get("structure") else OrthogonalVAE

    x = linear_picture()

    def distilled(engine: xw.Engine, autoencoder: nn.Module) -> Any:
        made = relabel.RelabelDistillation(engine, autoencoder, samples=200, **options)
        return made.explain(x).attribution.values

    wanted = distilled(linear_engine(), vae())
    engine, autoencoder = linear_engine(), vae()
    with default_device():
        found = distilled(engine, autoencoder)
    np.testing.assert_array_equal(found, wanted)


def test_training_gives_the_same() -> None:
    def weights(model: nn.Module) -> list[Tensor]:
        made = Trainer(model, pictures(), pictures(12, seed=1), recipe=QUICK)
        for _ in made.stream():
            pass
        return [value.clone() for value in made.model.state_dict().values()]

    wanted = weights(network())
    model = network()
    with default_device():
        found = weights(model)
    assert all(map(torch.equal, found, wanted))


def test_networks_of_the_package_have_the_weights_that_they_have_otherwise() -> None:
    makers = {
        "SpatialVAE": lambda: relabel.SpatialVAE(width=8, fine=8, depth=1),
        "ConvolutionalVAE": lambda: relabel.ConvolutionalVAE(width=8),
        "small_resnet": lambda: build("small_resnet", 3, 4),
        "shapes": lambda: demo.shapes_engine().model,
        "autoencoder": lambda: demo.vae("fashion"),
    }
    for name, make in makers.items():
        wanted = make().state_dict()
        with default_device():
            found = make().state_dict()
        for key, value in wanted.items():
            assert torch.equal(found[key], value), f"{name} {key}"


def test_tensors_of_a_file_are_in_the_cpus_memory(tmp_path: Path) -> None:
    tensors = {"a": torch.arange(6.0).view(2, 3), "b": torch.tensor(4, dtype=torch.int16)}
    save_file(tensors, tmp_path / "some.safetensors")
    with default_device():
        found, _ = read_safetensors(tmp_path / "some.safetensors")
    assert set(found) == {"a", "b"}
    assert all(torch.equal(found[name], value) for name, value in tensors.items())


def test_the_worker_has_the_default_device_of_the_thread_that_asked() -> None:
    class Offset(nn.Module):
        """Makes a tensor without naming a device, as a network for one GPU may."""

        def forward(self, x: Tensor) -> Tensor:
            devices.append(torch.zeros(2).device.type)
            return x.mean((2, 3))

    devices: list[str] = []
    engine = xw.Engine(Offset())
    x = torch.rand(1, 3, 4, 4)

    def work() -> Iterator[Any]:
        yield engine.internals.probabilities(x)

    with default_device():
        job = engine.internals.worker.submit("me", work)
        wait_for(job)
    wait_for(engine.internals.worker.submit("me", work))
    # The first time, a pair is run beside its first member too.
    assert [device for device, _ in groupby(devices)] == ["meta", "cpu"]
