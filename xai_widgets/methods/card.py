"""A method's card as a person reads it: a few lines of text, or HTML in a notebook."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Mapping, Sequence

from xai_widgets.methods.parameters import Parameter

_WIDTH = 88
_FAINT = "opacity:.65"
_GRID = "display:grid;grid-template-columns:max-content 1fr;gap:3px 16px"
_TITLE = "display:flex;flex-wrap:wrap;align-items:baseline;gap:2px 10px;margin-bottom:6px"
_RULE = "border:0;border-top:1px solid;opacity:.25;margin:8px 0"


def text_of(
    title: str,
    name: str,
    kind: str,
    sentences: Mapping[str, str],
    parameters: Sequence[Parameter],
) -> str:
    """The card in a few lines: its title, each sentence after its heading (empty ones are left
    out), and the parameters with their defaults and ranges.
    """
    lines = [f"{title} · {name} · {kind}"]
    for heading, words in sentences.items():
        if words:
            first, later = f"  {heading:13}", " " * 15
            lines.append(
                textwrap.fill(words, _WIDTH, initial_indent=first, subsequent_indent=later)
            )
    lines.append("  Parameters" if parameters else "  No parameters")
    width = max((len(_default(p)) for p in parameters), default=0)
    lines += [f"    {_default(p):{width}}  {_range(p)}".rstrip() for p in parameters]
    return "\n".join(lines)


def html_of(
    title: str,
    name: str,
    kind: str,
    sentences: Mapping[str, str],
    parameters: Sequence[Parameter],
    url: str,
) -> str:
    """The card as HTML, in the colours of the page around it, light or dark. `url` is where the
    source is found.
    """
    rows = "".join(
        f'<div style="{_FAINT}">{heading}</div><div>{_marked(heading, words, url)}</div>'
        for heading, words in sentences.items()
        if words
    )
    controls = "".join(
        f"<div><code>{html.escape(_default(p))}</code></div>"
        f'<div style="{_FAINT}">{html.escape(_range(p))}</div>'
        for p in parameters
    )
    below = f'<hr style="{_RULE}"><div style="{_GRID}">{controls}</div>' if controls else ""
    return (
        '<div style="max-width:46em;font-size:13px;line-height:1.45">'
        f'<div style="{_TITLE}"><b style="font-size:15px">{html.escape(title)}</b> '
        f'<code>{html.escape(name)}</code> <span style="{_FAINT}">{html.escape(kind)}</span></div>'
        f'<div style="{_GRID}">{rows}</div>{below}</div>'
    )


def table_of(families: Mapping[str, Sequence[Sequence[str]]]) -> str:
    """Methods by family as an HTML table, a row of a few words for each."""
    left = 'style="text-align:left"'
    rows = "".join(
        f'<tr><th colspan="{len(members[0])}" {left}>{html.escape(family)}</th></tr>'
        + "".join(f"<tr>{''.join(map(_cell, words))}</tr>" for words in members)
        for family, members in families.items()
    )
    return f"<table><tbody>{rows}</tbody></table>"


def _cell(words: str) -> str:
    return f'<td style="text-align:left">{html.escape(words)}</td>'


def _marked(heading: str, words: str, url: str) -> str:
    written = html.escape(words)
    if heading == "Formula":
        return f"<code>{written}</code>"
    if heading == "Source" and url:
        return f'<a style="color:inherit" href="{html.escape(url, quote=True)}">{written}</a>'
    return written


def _default(parameter: Parameter) -> str:
    return f"{parameter.name}={parameter.default!r}"


def _range(parameter: Parameter) -> str:
    return ": ".join(words for words in (parameter.span, parameter.help) if words)
