"""One file, no network, nothing that can break out of its script element."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest

from xai_widgets.render.html import standalone

ESM = 'export default { render({ model, el }) { el.textContent = "</script><!-- <b>"; } };\n'


def document_of(text: str) -> Any:
    found = re.search(
        r'<script type="application/json" id="xw-document">(.*?)</script>', text, re.DOTALL
    )
    assert found is not None
    return json.loads(found[1])


def test_what_goes_in_comes_out() -> None:
    state = {"name": "a </script> b <!-- c \u2028 é", "list": [1, None, {"data": b"\x00\xff"}]}
    page = document_of(standalone(esm=ESM, css=".xw-a { color: red }", state=state, title="T"))
    assert page["esm"] == ESM
    assert page["css"] == ".xw-a { color: red }"
    assert page["state"]["name"] == state["name"]
    encoded = page["state"]["list"][2]["data"]["$bytes"]
    assert base64.b64decode(encoded) == b"\x00\xff"


def test_nothing_closes_the_script_element_early() -> None:
    text = standalone(esm=ESM, css="", state={"x": "</ScRiPt>"}, title="</title><script>x")
    assert len(re.findall("</script", text, re.IGNORECASE)) == 2  # the two it has itself
    assert "<!--" not in text
    assert "<title>&lt;/title&gt;&lt;script&gt;x</title>" in text


def test_it_asks_the_network_for_nothing_and_forbids_it() -> None:
    text = standalone(esm=ESM, css="", state={}, title="T", png=b"png")
    outside = text[: text.index('id="xw-document"')] + text[text.index("</script>") :]
    assert "http:" not in outside
    assert "https:" not in outside
    assert not re.search(r"<link|@import|src=(?!\"data:)", outside)
    assert "default-src 'none'" in text
    assert '<h1>T</h1>\n<noscript><img alt="T" src="data:image/png;base64,cG5n"></noscript>' in text


@pytest.mark.parametrize("buffer", [b"ab", bytearray(b"ab"), memoryview(b"ab")])
def test_every_kind_of_bytes_travels(buffer: Any) -> None:
    page = document_of(standalone(esm="", css="", state={"b": buffer}, title=""))
    assert page["state"]["b"] == {"$bytes": "YWI="}


def test_numbers_json_lacks_are_refused_here_not_in_the_browser() -> None:
    with pytest.raises(ValueError, match="JSON"):
        standalone(esm="", css="", state={"x": float("nan")}, title="")
