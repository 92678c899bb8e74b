"""The code blocks of a page: which there are, in order, and whether they are run.

    ```python                 run; what it gives is not shown
    ```{example}              run; what it gives is shown below it: a live widget, a picture, text
    ```{raises}               run; has to raise an ExplanationError, whose message is shown
    ```{not-run} the reason   shown, with the reason

On pages that are read elsewhere too, ``<!-- not run: the reason -->`` above a block says the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_FENCE = re.compile(
    r"(?:^<!-- not run: (?P<why>[^\n]*) -->\n\n?)?"
    r"^(?P<fence>`{3,})(?P<kind>python|\{example\}|\{raises\}|\{not-run\})(?P<rest>[^\n]*)\n"
    r"(?P<body>.*?)^(?P=fence)[ ]*$",
    re.MULTILINE | re.DOTALL,
)
_OPTION = re.compile(r"\A(?::[a-z-]+:[^\n]*\n)+\n?")


@dataclass(frozen=True)
class Block:
    """A block of Python on a page."""

    kind: str  # python, example, raises or not-run
    code: str
    reason: str  # why it is not run
    line: int

    @property
    def runs(self) -> bool:
        return self.kind != "not-run"


def with_directives(text: str) -> str:
    """The page with its blocks that are not run as directives, which show the reason."""

    def as_directive(found: re.Match[str]) -> str:
        if not found["why"]:
            return found.group()
        return f"{found['fence']}{{not-run}} {found['why']}\n{found['body']}{found['fence']}"

    return _FENCE.sub(as_directive, text)


def blocks_of(text: str) -> Iterator[Block]:
    """All blocks of Python of a page in MyST Markdown, in order."""
    for found in _FENCE.finditer(text):
        yield Block(
            kind="not-run" if found["why"] else found["kind"].strip("{}"),
            code=_OPTION.sub("", found["body"]),
            reason=found["why"] or found["rest"].strip(),
            line=text.count("\n", 0, found.start("fence")) + 1,
        )
