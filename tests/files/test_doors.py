"""Every door that a file comes in by, with several hundred broken, odd and hostile ones: none is
waited for, none is run, each is taken or refused in words, and none is changed.
"""

from __future__ import annotations

import atexit
import json
import shutil
import signal
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import save_file

import xai_widgets as xw
from tests.files.hostile import MARK, PATHS, PLACES, VALUES, contents, damaged
from tests.networks import cnn
from tests.training.data import QUICK, network, pictures
from xai_widgets.attribution import Attribution
from xai_widgets.datasets import class_folder
from xai_widgets.errors import ExplanationError
from xai_widgets.metrics.ledger import Ledger
from xai_widgets.relabel import ConvolutionalVAE, load_vae, save_vae, stream_fit_vae
from xai_widgets.targets import Target
from xai_widgets.training import Trainer
from xai_widgets.training.trainer import CHECKPOINT
from xai_widgets.widgets.comparison.networks import with_weights

SECONDS = 20  # after which something counts as waiting


@contextmanager
def refused_or_taken(folder: Path) -> Iterator[None]:
    """Whatever is done within ends soon, runs no code of a file's, and raises nothing, or the
    promised error; no warning of another library's reaches the user.
    """

    def hung(_signal: int, _frame: FrameType | None) -> None:
        raise TimeoutError(f"still waiting after {SECONDS} s")

    before = signal.signal(signal.SIGALRM, hung)
    signal.alarm(SECONDS)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    except ExplanationError as error:
        words = str(error)
        assert len(words) > 20
        words.encode()
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
        assert not list(folder.rglob(MARK))
        assert not list(marks().rglob(MARK))


@cache
def engine() -> xw.Engine:
    return xw.Engine(cnn(), class_names=["a", "b", "c"])


def a_vae() -> ConvolutionalVAE:
    return ConvolutionalVAE(channels=3, size=8, latent=2, width=2)


def fitting(path: Any) -> Iterator[Any]:
    data = np.zeros((4, 8, 8, 3), np.uint8)
    return stream_fit_vae(data, vae=a_vae(), steps=2, batch_size=2, checkpoint=path, preview=0)


def a_trainer(path: Any) -> Trainer:
    """Over the folder of a checkpoint of that path."""
    folder = Path(path).parent if isinstance(path, Path) else path
    return Trainer(network(), pictures(), pictures(12, seed=1), recipe=QUICK, folder=folder)


def a_training(folder: Path) -> Path:
    for step in a_trainer(folder / CHECKPOINT).stream():
        if step.result.epoch * 3 + step.result.step == 5:
            break
    return folder / CHECKPOINT


def an_attribution(folder: Path) -> Path:
    values = np.linspace(-1, 1, 24, dtype=np.float32).reshape(4, 6)
    made = Attribution(values, "grad_cam", "Grad-CAM", Target(1, "b"), input_size=(8, 12),
                       pixels=np.zeros((8, 12, 3), np.uint8))  # fmt: skip
    return made.save(folder)


def drawn(path: Any) -> None:
    """Load an attribution and use all of it."""
    found = Attribution.load(path.parent if isinstance(path, Path) else path)
    assert np.isfinite(found.heatmap()).all()
    repr(found)
    found.to_pil()


def used(ledger: Ledger) -> None:
    for key in ("a", "b"):
        entry = ledger.get(key)
        if entry is not None:
            assert isinstance(entry["value"], (int, float))
            float(entry["value"])
            assert isinstance(entry["target"], str)


def a_ledger(folder: Path) -> Path:
    ledger = Ledger(folder / "values.jsonl")
    for key in ("a", "b"):
        ledger.put(key, value=0.5, target="cat", warnings=["no"])
    return folder / "values.jsonl"


def a_class_folder(path: Path) -> None:
    for name in ("one", "two"):
        (path.parent / "classes" / name).mkdir(parents=True)
        Image.new("RGB", (9, 9)).save(path.parent / "classes" / name / "0.png")
    if path.is_symlink() or path.exists():
        path.rename(path.parent / "classes" / "one" / f"{path.name}.png")
    class_folder(path.parent / "classes", "train", 8)


def a_picture(folder: Path) -> Path:
    pixels = np.random.default_rng(0).integers(0, 256, (20, 24, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(folder / "a.png", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0")
    return folder / "a.png"


def a_checkpoint(folder: Path) -> Path:
    torch.save(cnn().state_dict(), folder / "a.pth")
    return folder / "a.pth"


def safe_weights(folder: Path) -> Path:
    save_file(cnn().state_dict(), folder / "a.safetensors")
    return folder / "a.safetensors"


def an_autoencoder(folder: Path) -> Path:
    save_vae(a_vae(), folder / "vae.safetensors")
    return folder / "vae.safetensors"


def a_fit(folder: Path) -> Path:
    next(iter(fitting(folder / "fit.safetensors")))
    for _ in fitting(folder / "fit.safetensors"):
        pass
    return folder / "fit.safetensors"


def part(name: str) -> Callable[[Path], Path]:
    return lambda folder: an_attribution(folder) / name


@dataclass(frozen=True)
class Door:
    """`opened` takes what is at a path; `sound` writes what belongs there."""

    opened: Callable[[Any], object]
    sound: Callable[[Path], Path]
    changes: bool = False  # an end that a kill left is cut off


def checkpoint(path: Any) -> xw.Engine:
    return with_weights(engine(), "a", path)


DOORS: Mapping[str, Door] = {
    "picture": Door(lambda path: engine().picture(path), a_picture),
    "checkpoint": Door(checkpoint, a_checkpoint),
    "safe checkpoint": Door(checkpoint, safe_weights),
    "autoencoder": Door(load_vae, an_autoencoder),
    "autoencoder's training": Door(fitting, a_fit),
    "manifest": Door(drawn, part("attribution.json")),
    "values": Door(drawn, part("values.npy")),
    "attribution's picture": Door(drawn, part("picture.png")),
    "ledger": Door(lambda path: used(Ledger(path)), a_ledger, changes=True),
    "training": Door(a_trainer, a_training),
    "data set": Door(a_class_folder, a_picture),
}


@cache
def made_once(door: str) -> tuple[Path, Path]:
    """A folder with what belongs at a door, and its path in there."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder, DOORS[door].sound(folder).relative_to(folder)


def sound(door: str, folder: Path) -> Path:
    """What belongs at a door, in a folder of the test's own."""
    made, path = made_once(door)
    shutil.copytree(made, folder, dirs_exist_ok=True)
    return folder / path


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("door", DOORS)
def test_what_stands_where_a_file_is_expected(door: str, place: str, tmp_path: Path) -> None:
    path = sound(door, tmp_path)
    path.unlink()
    PLACES[place](path)
    with refused_or_taken(tmp_path):
        DOORS[door].opened(path)


@pytest.mark.parametrize("door", ["picture", "checkpoint", "autoencoder", "manifest", "ledger"])
@pytest.mark.parametrize("name", PATHS)
def test_paths_that_there_cannot_be(
    door: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with refused_or_taken(tmp_path):
        DOORS[door].opened(PATHS[name])


def put(door: str, content: bytes, folder: Path) -> None:
    """A content at a door."""
    path = sound(door, folder)
    path.write_bytes(content)
    with refused_or_taken(folder):
        DOORS[door].opened(path)
    if path.exists() and not DOORS[door].changes:
        assert path.read_bytes() == content


@cache
def marks() -> Path:
    """Where payloads leave their mark, if one is run."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def every_content() -> list[bytes]:
    return [content for _, content in contents(marks())]


@pytest.mark.parametrize("door", DOORS)
def test_contents_of_every_kind(door: str, tmp_path: Path) -> None:
    for number, content in enumerate(every_content()):
        folder = tmp_path / str(number)
        folder.mkdir()
        put(door, content, folder)
    assert number > 40
    assert not list(marks().rglob(MARK))


@pytest.mark.parametrize("door", DOORS)
def test_sound_files_that_were_damaged(door: str, tmp_path: Path) -> None:
    whole = sound(door, tmp_path / "sound").read_bytes()
    for number, (_, content) in enumerate(damaged(whole)):
        folder = tmp_path / str(number)
        folder.mkdir()
        put(door, content, folder)


def test_payloads_do_run_where_they_are_unpickled(tmp_path: Path) -> None:
    """What the other tests would notice."""
    import pickle

    pickle.loads(dict(contents(tmp_path))["pickle 2"])
    assert (tmp_path / MARK).exists()


def rewritten(path: Path, change: Callable[[dict[str, Any], dict[str, str]], None]) -> None:
    """A safetensors file with other tensors or metadata."""
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118  # no mapping
    change(tensors, metadata)
    save_file(tensors, path, metadata)


def set_field(place: str, field: str, value: Any) -> Callable[[Any, dict[str, str]], None]:
    def change(_tensors: dict[str, Any], metadata: dict[str, str]) -> None:
        metadata[place] = json.dumps({**json.loads(metadata[place]), field: value})

    return change


FIELDS = {
    "training": ["epoch", "step", "sums", "history"],
    "autoencoder": ["channels", "size", "latent", "width", "seed", "further"],
    "autoencoder's training": ["step", "seconds", "steps", "size"],
}
BLOCKS = {"training": "progress", "autoencoder": "settings", "autoencoder's training": "training"}


@pytest.mark.parametrize(("door", "field"), [(d, f) for d in FIELDS for f in FIELDS[d]])
def test_fields_of_checkpoints(door: str, field: str, tmp_path: Path) -> None:
    path = sound(door, tmp_path)
    whole = path.read_bytes()
    for value in VALUES:
        path.write_bytes(whole)
        rewritten(path, set_field(BLOCKS[door], field, value))
        with refused_or_taken(tmp_path):
            DOORS[door].opened(path)


@pytest.mark.parametrize("block", ["settings", "progress"])
@pytest.mark.parametrize("text", ["", "x", "[]", "null", "[" * 200_000, '{"epoch": 1e400}', None])
def test_metadata_of_a_training_that_are_missing_or_odd(
    block: str, text: str | None, tmp_path: Path
) -> None:
    path = sound("training", tmp_path)

    def change(_tensors: dict[str, Any], metadata: dict[str, str]) -> None:
        metadata.pop(block)
        if text is not None:
            metadata[block] = text

    rewritten(path, change)
    with pytest.raises(ExplanationError, match=f"its {block}"):
        a_trainer(path)


def fields_of(manifest: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name in manifest:
        for value in VALUES:
            yield name, value


def test_fields_of_a_manifest(tmp_path: Path) -> None:
    path = an_attribution(tmp_path) / "attribution.json"
    manifest = json.loads(path.read_text())
    for name, value in fields_of(manifest):
        path.write_text(json.dumps({**manifest, name: value}))
        with refused_or_taken(tmp_path):
            drawn(path)
    for name in manifest:
        path.write_text(json.dumps({k: v for k, v in manifest.items() if k != name}))
        with refused_or_taken(tmp_path):
            drawn(path)


def test_fields_of_a_ledger(tmp_path: Path) -> None:
    path = a_ledger(tmp_path)
    first, second = path.read_bytes().splitlines(keepends=True)
    for field in ("key", "value", "target", "warnings"):
        for value in VALUES:
            odd = json.dumps({**json.loads(first), field: value}).encode() + b"\n"
            path.write_bytes(odd + second)
            with refused_or_taken(tmp_path):
                ledger = Ledger(path)
                used(ledger)
                assert ledger.get("b") is not None
            assert path.read_bytes() == odd + second


@pytest.mark.parametrize("seconds", [partial(float, "nan"), partial(float, "inf")])
def test_weights_that_are_no_numbers(seconds: Callable[[], float], tmp_path: Path) -> None:
    path = sound("training", tmp_path)

    def change(tensors: dict[str, Any], _metadata: dict[str, str]) -> None:
        tensors["network.0.weight"].view(-1)[3] = seconds()

    rewritten(path, change)
    own = network()
    before = {name: value.clone() for name, value in own.state_dict().items()}
    with pytest.raises(ExplanationError, match=r'"0.weight" has 1 of 216 values that are not fini'):
        Trainer(own, pictures(), pictures(12, seed=1), recipe=QUICK, folder=tmp_path)
    assert all(torch.equal(value, before[name]) for name, value in own.state_dict().items())


@pytest.mark.parametrize(
    ("key", "tensor"),
    [
        ("optimizer.999.momentum_buffer", torch.zeros(2)),
        ("optimizer.-1.momentum_buffer", torch.zeros(2)),
        ("optimizer.x", torch.zeros(2)),
        ("optimizer.0.momentum_buffer", torch.zeros(3)),
        ("optimizer.0.momentum_buffer", torch.full((8, 3, 3, 3), float("nan"))),
        ("optimizer.0.speed", torch.zeros(8, 3, 3, 3)),
        ("network.0.weight", torch.zeros(8, 3, 3, 4)),
        ("network.0.weight", torch.zeros((8, 3, 3, 3), dtype=torch.int64)),
        ("network.further", torch.zeros(2)),
    ],
)
def test_tensors_that_no_such_training_has(key: str, tensor: torch.Tensor, tmp_path: Path) -> None:
    path = sound("training", tmp_path)
    rewritten(path, lambda tensors, _: tensors.update({key: tensor}))
    own = network()
    before = {name: value.clone() for name, value in own.state_dict().items()}
    with pytest.raises(ExplanationError, match=r"checkpoint.safetensors"):
        Trainer(own, pictures(), pictures(12, seed=1), recipe=QUICK, folder=tmp_path)
    assert all(torch.equal(value, before[name]) for name, value in own.state_dict().items())
