"""A still picture that stands in for a live view where that comes up empty, by style alone.

A notebook shows one form of an output, and prefers a widget's view to its PNG even where no kernel
and no script is left to make it: a page opened the next day says "model not found", and an exported
one with stored widget state says nothing. So the still is an output of its own, below that of the
view, which styles show only where

- the output before it has neither a live view nor a picture, a moment after the page was opened;
- and no view of its cell is live.

It is the background of an empty element and needs the style sheet to have a size at all: whoever
takes style sheets out of what it shows (GitHub) shows nothing of it, and the PNG of the first one.
"""

from __future__ import annotations

import base64
import html

from xai_widgets.errors import readable

__all__ = ["stand_in"]

# JupyterLab, Notebook 7, Voila and nbconvert; the second form is nbconvert's `classic` and `basic`.
_AREA, _CHILD = ":is(.jp-OutputArea,.output)", ":is(.jp-OutputArea-child,.output_area)"
_OWN = f"{_CHILD}:has(> * > .xw-still, > * > * > .xw-still)"
_LIVE = f"{_CHILD}:has(.xw-root,img)"

_STYLE = f"""
.xw-still {{ display: none; box-sizing: border-box; max-width: 100%; margin: 1px 0;
  background: no-repeat 0 0 / 100% 100%; }}
{_CHILD} + {_CHILD} .xw-still {{ display: block; animation: xw-still 1ms 1.2s backwards; }}
@keyframes xw-still {{ from {{ width: 0; aspect-ratio: auto; height: 0; margin: 0 }} }}
{_LIVE} + {_OWN}, {_AREA}:has(.xw-root) > {_OWN} {{ display: none; }}
{_CHILD}:not(:has(.xw-root,img)):has(+ {_CHILD} .xw-still) > .jp-OutputArea-output:not(:has(*)) {{
  display: none; }} /* "Loading widget...", "model not found" */
"""


def stand_in(content: bytes, mime: str, *, size: tuple[int, int], words: str) -> str:
    """The output: `content` a picture of that media type, `size` its width and height on the page,
    `words` what is read out.
    """
    data = base64.b64encode(content).decode("ascii")
    width, height = size
    return (
        f'<div class="xw-still" role="img" aria-label="{html.escape(readable(words))}" style="'
        f"width:{width}px;aspect-ratio:{width}/{height};"
        f'background-image:url(data:{mime};base64,{data})"></div><style>{_STYLE}</style>'
    )
