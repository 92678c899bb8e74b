"""The browser half of a widget, as the text that travels with it."""

from __future__ import annotations

import os
from pathlib import Path

_STATIC = Path(__file__).resolve().parents[2] / "static"


def bundle(name: str) -> str | Path:
    """The built file `name` of `xai_widgets/static`.

    Its text, because anywidget watches a path for as long as the process lives, and with it every
    widget ever made. A path only where that is wanted: with ANYWIDGET_HMR=1, which reloads the
    browser half of the widgets on the screen when the file is built anew.
    """
    path = _STATIC / name
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is missing: the browser half of the widgets was not built into this "
            "installation. In a clone of the repository, `make js` builds it."
        )
    if os.environ.get("ANYWIDGET_HMR") == "1":
        return path
    # anywidget takes a text without a line break for a file name.
    return path.read_text(encoding="utf-8").rstrip("\n") + "\n"
