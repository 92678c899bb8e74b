"""Parts of hand-written pages that are generated: ``<!-- generated: methods CAM -->``."""

from __future__ import annotations

import re
from collections.abc import Callable

from tools.site import measured, methods, reference

_PARTS: dict[str, Callable[..., str]] = {
    "methods": lambda family: methods.table(family, to="../methods/"),
    "traits": reference.traits,
    "peers": measured.peers,
    "results": measured.everything,
    "date": lambda name: measured.when(measured.read(name)),
}
_MARK = re.compile(r"<!-- generated: ([a-z]+)((?: \w+)*) -->")


def filled(text: str) -> str:
    """The page with its generated parts."""
    return _MARK.sub(lambda found: _PARTS[found[1]](*found[2].split()), text)
