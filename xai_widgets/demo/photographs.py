"""Photographs by name: those that scikit-image ships, and ImageNet samples where a machine has
them.

The samples are in the folder ``imagenet_samples`` under the folder that the environment variable
``XAI_WIDGETS_DATA`` names; their files are called ``<class index>_<wnid>_<class name>.jpg``.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

from PIL import Image

from xai_widgets.datasets.labelled import DATA_VARIABLE
from xai_widgets.errors import ExplanationError, nearest

_SHIPPED = {
    "cat": "chelsea.png",
    "astronaut": "astronaut.png",
    "coffee": "coffee.png",
    "motorcycle": "motorcycle_left.png",
    "rocket": "rocket.jpg",
}


def photos() -> list[str]:
    """Return the names of the photographs, the shipped ones first."""
    return list(_paths())


def photo(name: str = "cat") -> Image.Image:
    """Return the photograph called ``name`` as an RGB picture.

    Case does not matter, nor whether words are joined by spaces or underscores. Raises
    ExplanationError for another name.
    """
    paths = _paths()
    wanted = _plain(name)
    if wanted not in paths:
        raise ExplanationError(
            f"There is no demo photograph called {name!r}.{nearest(wanted, paths)} "
            f"The names are in xw.demo.photos(): {', '.join(list(paths)[: len(_SHIPPED)])} ..."
        )
    with Image.open(paths[wanted]) as picture:
        rgb: Image.Image = picture.convert("RGB")
    return rgb


def _paths() -> dict[str, Path]:
    paths = {name: _shipped_folder() / file for name, file in _SHIPPED.items()}
    if folder := os.environ.get(DATA_VARIABLE):
        for path in sorted(Path(folder, "imagenet_samples").glob("*_n*_*.jpg")):
            paths.setdefault(_plain(path.stem.split("_", 2)[2]), path)
    return paths


def _shipped_folder() -> Path:
    package = find_spec("skimage")
    if package is None or package.origin is None:
        raise ExplanationError(
            "The demo photographs come with scikit-image, which is not installed. "
            'Install it with: pip install "xai_widgets[demo]"'
        )
    return Path(package.origin).parent / "data"


def _plain(name: str) -> str:
    return " ".join(name.replace("_", " ").lower().split())
