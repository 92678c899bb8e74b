"""What somebody gets who installs the package: what is in it, and what importing it costs."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import xai_widgets as xw

ROOT = Path(__file__).resolve().parent.parent


def python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_importing_loads_nothing_heavy() -> None:
    heavy = ("torch", "torchvision", "numpy", "matplotlib", "ipywidgets", "anywidget", "PIL")
    loaded = python(
        f"import sys, xai_widgets; print([name for name in {heavy!r} if name in sys.modules])"
    )
    assert loaded == "[]"


def test_libraries_of_single_methods_and_measures_are_imported_when_first_used() -> None:
    loaded = python(
        "import sys, xai_widgets.methods, xai_widgets.metrics, xai_widgets.render\n"
        "print([name for name in ('scipy', 'skimage') if name in sys.modules])"
    )
    assert loaded == "[]"


def test_a_widget_does_not_import_the_others() -> None:
    loaded = python(
        "import sys, xai_widgets\n"
        "xai_widgets.HeatmapViewer\n"
        "print([n for n in ('comparison', 'dataset', 'faithfulness', 'latent', 'training')"
        " if f'xai_widgets.widgets.{n}' in sys.modules], 'xai_widgets.metrics' in sys.modules)"
    )
    assert loaded == "[] False"


def test_every_public_name_is_there() -> None:
    assert xw.__all__ == sorted(xw.__all__)
    assert dir(xw) == sorted(xw.__all__)
    for name in xw.__all__:
        assert getattr(xw, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Enigne'"):
        _ = xw.Enigne  # type: ignore[attr-defined]  # the point of the test


@pytest.mark.parametrize("room", ["course", "demo", "methods", "metrics", "relabel", "training"])
def test_a_room_shows_its_public_names_only(room: str) -> None:
    module = getattr(xw, room)
    assert dir(module) == sorted(module.__all__)
    assert all(hasattr(module, name) for name in dir(module))


def test_star_import_brings_the_public_names() -> None:
    names: dict[str, object] = {}
    exec("from xai_widgets import *", names)
    assert set(xw.__all__) <= set(names)
    assert names["Engine"] is xw.Engine
    assert xw.Engine.__module__ == "xai_widgets.engine.engine"


def test_torchvision_imports_beside_any_torch_and_from_many_threads_at_once() -> None:
    said = python(
        "from concurrent.futures import ThreadPoolExecutor\n"
        "from xai_widgets._torchvision import load\n"
        "with ThreadPoolExecutor(8) as pool:\n"
        "    print(len({id(module) for module in pool.map(lambda _: load(), range(8))}))\n"
        "torchvision = load()\n"
        "from torchvision.transforms import v2\n"
        "print(torchvision.models.resnet18(num_classes=7).fc.out_features)\n"
        "print(torchvision.models.ResNet50_Weights.DEFAULT.meta['categories'][285])\n"
        "print(load() is torchvision)"
    )
    assert said.splitlines() == ["1", "7", "Egyptian cat", "True"]


def test_torchvision_imports_after_the_user_met_the_failure() -> None:
    said = python(
        "try:\n    import torchvision\nexcept RuntimeError:\n    pass\n"
        "from xai_widgets._torchvision import load\n"
        "print(load().__name__)"
    )
    assert said == "torchvision"


def test_an_operator_that_torchvision_has_is_not_declared_anew() -> None:
    """Where the plain import works, nothing is declared."""
    said = python(
        "import sys, types\n"
        "sys.modules['torchvision'] = types.ModuleType('torchvision')\n"
        "from xai_widgets import _torchvision\n"
        "_torchvision.load()\n"
        "print(_torchvision._declared)"
    )
    assert said == "[]"


def test_another_failure_passes_with_a_hint() -> None:
    hints = {
        "ModuleNotFoundError('no', name='torchvision')": "pip install torchvision",
        "RuntimeError('operator torchvision::other does not exist')": "reinstall the pair",
        "ImportError('undefined symbol')": "undefined symbol",
    }
    said = python(
        "from xai_widgets import _torchvision\n"
        f"for failure in ({', '.join(hints)}):\n"
        "    def refuse(name): raise failure\n"
        "    _torchvision.importlib.import_module = refuse\n"
        "    try:\n        _torchvision.load()\n"
        "    except ImportError as error:\n        print(repr(str(error)))"
    )
    for line, words in zip(said.splitlines(), hints.values(), strict=True):
        assert words in line


def test_the_pins_cover_what_the_package_asks_for() -> None:
    tomllib = pytest.importorskip("tomllib", reason="Python 3.10 cannot read TOML")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    wanted = [*project["dependencies"], *(package for extra in extras for package in extra)]
    pins = {
        line.split("==")[0].lower().replace("_", "-")
        for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if "==" in line
    }
    names = {requirement.split(">")[0].split("=")[0].split("[")[0] for requirement in wanted}
    assert {name.replace("_", "-") for name in names} - {"xai-widgets"} <= pins


def test_the_pins_fit_every_machine() -> None:
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        assert line.startswith("#") or ("+" not in line and "@" not in line and "/" not in line)


def test_the_floors_are_those_of_the_package() -> None:
    tomllib = pytest.importorskip("tomllib", reason="Python 3.10 cannot read TOML")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = dict(requirement.split(">=") for requirement in project["dependencies"])
    lines = (ROOT / "constraints-floor.txt").read_text(encoding="utf-8").splitlines()
    floors = dict(line.split("==") for line in lines if not line.startswith("#"))
    assert floors.keys() == wanted.keys()
    for name, version in wanted.items():
        assert f"{floors[name]}.0.0".startswith(f"{version}."), name


def test_every_public_name_is_there_and_no_other() -> None:
    found = 0
    for module in pkgutil.walk_packages(xw.__path__, "xai_widgets."):
        if module.name.endswith("__main__"):
            continue
        room = importlib.import_module(module.name)
        for name in getattr(room, "__all__", ()):
            assert getattr(room, name) is not None, (module.name, name)
            found += 1
        assert not hasattr(room, "no_such_name")
    assert found > 100
