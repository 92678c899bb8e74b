"""The wheel and the source distribution: what is in them, and that they are enough."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

import xai_widgets as xw

ROOT = Path(__file__).resolve().parent.parent


def built(kind: str, folder: Path, source: Path = ROOT) -> Path:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(folder)],
        cwd=source,
        check=True,
        capture_output=True,
    )
    (made,) = folder.glob("*.whl" if kind == "wheel" else "*.tar.gz")
    return made


@pytest.fixture(scope="module")
def wheel_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built("wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def wheel(wheel_file: Path) -> zipfile.ZipFile:
    return zipfile.ZipFile(wheel_file)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source distribution, unpacked."""
    folder = tmp_path_factory.mktemp("source")
    with tarfile.open(built("sdist", folder)) as file:
        file.extractall(folder, filter="data")
    (unpacked,) = (path for path in folder.iterdir() if path.is_dir())
    return unpacked


def test_the_wheel_holds_the_browser_half_and_the_types(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    assert {
        "xai_widgets/py.typed",
        "xai_widgets/static/brush/index.js",
        "xai_widgets/static/dropping/index.js",
        "xai_widgets/static/heatmap/index.js",
        "xai_widgets/static/heatmap/style.css",
    } <= names
    committed = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "xai_widgets").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {name for name in names if name.startswith("xai_widgets/")} == committed


def test_the_wheel_is_small(wheel: zipfile.ZipFile) -> None:
    # Code, a course, the bundles of six widgets, and networks: 45 KB twice for drawn shapes,
    # 140 KB, 560 KB and 150 KB twice for clothes, 1.5 MB for the autoencoder of photographs.
    assert sum(entry.compress_size for entry in wheel.infolist()) < 3_300_000


def test_the_version_is_the_same_everywhere(wheel: zipfile.ZipFile) -> None:
    assert wheel.filename is not None
    assert f"-{xw.__version__}-" in Path(wheel.filename).name
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## {xw.__version__}" in changelog


def test_the_metadata_name_the_authors_and_no_address(wheel: zipfile.ZipFile) -> None:
    (name,) = (n for n in wheel.namelist() if n.endswith("METADATA"))
    said = wheel.read(name).decode()
    assert "Author: the xai_widgets authors\n" in said
    assert "License-Expression: MIT\n" in said
    assert not re.search("^(Home-page|Project-URL|Author-email)", said, re.MULTILINE)


def files_in(folder: Path) -> set[str]:
    passed = {"__pycache__", "node_modules", ".pytest_cache", ".mypy_cache", ".ruff_cache"}
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and not passed & set(path.parts) and path.suffix != ".pyc"
    }


@pytest.mark.parametrize("room", ["js", "tests", "tools", "docs"])
def test_the_source_distribution_holds_what_rebuilds_and_tests_it(source: Path, room: str) -> None:
    assert files_in(source / room) == files_in(ROOT / room)


def test_the_source_distribution_holds_what_make_needs_and_nothing_that_is_installed(
    source: Path,
) -> None:
    needed = {"Makefile", "constraints.txt", "constraints-floor.txt", "pyproject.toml", "README.md",
              "CONTRIBUTING.md", "LICENSE", "CHANGELOG.md", "CITATION.cff"}  # fmt: skip
    assert needed <= {path.name for path in source.iterdir()}
    assert not (source / "js" / "node_modules").exists()
    assert not (source / ".venv").exists()
    assert sum(path.stat().st_size for path in source.rglob("*")) < 12_000_000


def test_the_source_distribution_gives_the_same_wheel(
    source: Path, wheel: zipfile.ZipFile, tmp_path: Path
) -> None:
    again = zipfile.ZipFile(built("wheel", tmp_path, source))
    own = {entry.filename: entry.CRC for entry in wheel.infolist()}
    assert {entry.filename: entry.CRC for entry in again.infolist()} == own


# The network's weights cannot be fetched here: random ones take their place.
PRELUDE = """
import torch
from xai_widgets._torchvision import load
torchvision = load()
from torchvision.models import _api

def random_weights(*_given, **_options):
    torch.manual_seed(0)
    return torchvision.models.resnet50().state_dict()

_api.load_state_dict_from_url = random_weights
"""
AFTER = """
import pathlib, sys
folder = why.save("why")
assert xw.Attribution.load(folder).target.name == "tabby"
assert (why.heatmap().shape, why.heatmap().dtype.name) == ((224, 224), "float32")
assert why.plot()._repr_png_()[:4] == b"\\x89PNG"
viewer = xw.HeatmapViewer(engine, "cat.jpg")
viewer.open()
viewer.wait(100)
assert viewer.to_html("page.html").stat().st_size > 100_000
assert "torchvision" in sys.modules
print(pathlib.Path(xw.__file__).parent)
"""


def ten_lines() -> str:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(r"## Ten lines\n+```python\n(.*?)```", readme, re.DOTALL)
    assert found is not None
    return found[1]


@pytest.mark.timeout(600)  # a process of its own, on a busy machine
def test_the_wheel_alone_runs_the_ten_lines_of_the_readme(wheel_file: Path, tmp_path: Path) -> None:
    """In an environment where the dependencies are, and neither the repository nor its editable
    installation is.
    """
    home = tmp_path / "env"
    venv.create(home, with_pip=False, symlinks=True)
    python = home / ("Scripts" if os.name == "nt" else "bin") / Path(sys.executable).name
    asked = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    told = subprocess.run(asked, check=True, capture_output=True, text=True)
    installed = Path(told.stdout.strip())
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps",
         "--no-index", "--disable-pip-version-check", str(wheel_file)],
        check=True, capture_output=True,
    )  # fmt: skip
    # Files that end in .pth are not read there, so that what is installed by them is not found.
    own = sysconfig.get_paths()
    others = "\n".join(dict.fromkeys((own["purelib"], own["platlib"])))
    (installed / "dependencies.pth").write_text(others)
    work = tmp_path / "work"
    work.mkdir()
    xw.demo.photo("cat").resize((300, 200)).save(work / "cat.jpg")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    done = subprocess.run(
        [str(python), "-c", f"{PRELUDE}\n{ten_lines()}\n{AFTER}"],
        cwd=work, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert Path(done.stdout.splitlines()[-1]) == installed / "xai_widgets"
