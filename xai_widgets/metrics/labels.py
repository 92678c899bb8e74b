"""Short names for methods and measures with parameters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["label_of", "short_labels"]


def label_of(name: str, parameters: Mapping[str, Any]) -> str:
    """A name and its parameters, as a call: ``"occlusion(window=8)"``."""
    written = ", ".join(f"{k}={v!r}" for k, v in parameters.items())
    return f"{name}({written})" if written else name


def short_labels(labels: Sequence[str]) -> dict[str, str]:
    """For each label its name alone, where no other has it; otherwise without the parameters that
    all of that name share.
    """
    split = {label: _split(label) for label in labels}
    names = Counter(name for name, _ in split.values())
    found = {}
    for label, (name, written) in split.items():
        if names[name] == 1:
            found[label] = name
            continue
        alike = [other for kind, other in split.values() if kind == name]
        own = [one for one in written if not all(one in other for other in alike)]
        found[label] = f"{name}({', '.join(own)})" if own else name
    return found if len(set(found.values())) == len(found) else {label: label for label in labels}


def _split(label: str) -> tuple[str, list[str]]:
    """The name and the parameters of a label that `label_of` made."""
    name, bracket, rest = label.partition("(")
    if not bracket or not rest.endswith(")") or not name.isidentifier():
        return label, []
    parts, depth, quote = [""], 0, ""
    for c in rest[:-1]:
        if quote:
            quote = "" if c == quote else quote
        elif c in "'\"":
            quote = c
        elif c in "([{":
            depth += 1
        elif c in ")]}":
            depth -= 1
        if c == "," and not depth and not quote:
            parts.append("")
        else:
            parts[-1] += c
    return name, [part.strip() for part in parts]
