"""A widget as one HTML file: it works from disk, asks the network for nothing, and stays alive.

The file holds the browser half of the widget, its style and its state, all as one block of JSON,
and a small stand-in for the notebook's model. A policy in its head forbids every connection, so
that the file cannot ask the network for anything even by mistake, and names its own scripts and
styles by their checksums: nothing else in it can run, whatever the names in its state are.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Mapping
from typing import Any

from xai_widgets.errors import readable

# A blob can be made by a script that runs already; the widget's module becomes one.
_POLICY = (
    "default-src 'none'; script-src {script} blob:; style-src-elem {styles}; "
    "style-src-attr 'unsafe-inline'; img-src data: blob:; worker-src blob:; base-uri 'none'; "
    "form-action 'none'"
)

_STYLE = """
:root { color-scheme: light dark }
body { margin: 16px auto; max-width: 960px; padding: 0 16px; background: Canvas;
  color: CanvasText; font: 13px/1.4 system-ui, sans-serif }
noscript img { max-width: 100% }
"""

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="generator" content="xai_widgets">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main id="xw-widget"></main>
<noscript><p>{title}</p>{picture}</noscript>
<script type="application/json" id="xw-document">{document}</script>
<script type="module">{stub}</script>
</body>
</html>
"""

# The interface anywidget gives a widget: get, set, save_changes, on, off, send. There is no kernel,
# so saving and sending do nothing; bytes come as DataViews, as they do in a notebook.
_STUB = """
const root = document.getElementById("xw-widget");
const page = JSON.parse(document.getElementById("xw-document").textContent);
function revive(value) {
  if (Array.isArray(value)) return value.map(revive);
  if (value === null || typeof value !== "object") return value;
  if (typeof value.$bytes === "string") {
    const bytes = Uint8Array.from(atob(value.$bytes), (letter) => letter.charCodeAt(0));
    return new DataView(bytes.buffer);
  }
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, revive(item)]));
}
const state = revive(page.state);
const listeners = new Map();
const names = (event) => String(event).split(/\\s+/).filter(Boolean);
function emit(event, ...rest) {
  for (const listener of [...(listeners.get(event) ?? [])]) listener(...rest);
}
const model = {
  get: (name) => state[name],
  set(name, value) {
    const given = typeof name === "object" ? name : { [name]: value };
    const changed = Object.keys(given).filter((key) => state[key] !== given[key]);
    Object.assign(state, given);
    for (const key of changed) emit("change:" + key, model, state[key], {});
    if (changed.length) emit("change", model, {});
  },
  save_changes() {},
  send() {},
  on(event, listener) {
    for (const name of names(event)) {
      listeners.set(name, [...(listeners.get(name) ?? []), listener]);
    }
  },
  off(event, listener) {
    for (const name of event ? names(event) : [...listeners.keys()]) {
      const left = (listeners.get(name) ?? []).filter((each) => listener && each !== listener);
      listeners.set(name, left);
    }
  },
};
const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => { document.body.className = dark.matches ? "dark" : "light"; };
dark.addEventListener("change", follow);
follow();
try {
  const style = document.createElement("style");
  style.textContent = page.css;
  document.head.append(style);
  const url = URL.createObjectURL(new Blob([page.esm], { type: "text/javascript" }));
  const loaded = (await import(url)).default;
  URL.revokeObjectURL(url);
  const widget = typeof loaded === "function" ? await loaded() : loaded;
  const { signal } = new AbortController();
  await widget.initialize?.({ model, signal });
  await widget.render({ model, el: root, signal });
} catch (problem) {
  root.textContent = "This page could not be shown: " + problem;
  throw problem;
}
"""


def standalone(
    *, esm: str, css: str, state: Mapping[str, Any], title: str, png: bytes | None = None
) -> str:
    """The text of the file, which UTF-8 can hold whatever is in it.

    `esm` is a module whose default export is `{ initialize?, render }`; `state` maps the names of
    its model to JSON values, with bytes anywhere in them. `png` is shown where scripts may not run.
    """
    document = json.dumps(
        {"esm": esm, "css": css, "state": _with_bytes_named(state)},
        ensure_ascii=False,
        allow_nan=False,
        separators=(",", ":"),
    )
    picture = ""
    if png is not None:
        encoded = base64.b64encode(png).decode("ascii")
        picture = f'<img alt="{html.escape(title)}" src="data:image/png;base64,{encoded}">'
    styles = " ".join(_checksum(style) for style in (_STYLE, css))
    page = _PAGE.format(
        policy=_POLICY.format(script=_checksum(_STUB), styles=styles),
        style=_STYLE,
        title=html.escape(title),
        picture=picture,
        document=_harmless(document),
        stub=_STUB,
    )
    return readable(page)  # an escape in the document is one of JSON


def _checksum(content: str) -> str:
    """What a policy calls the content of a script or style element."""
    digest = hashlib.sha256(content.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def _harmless(document: str) -> str:
    """JSON that can stand inside a script element: neither `</script>` nor `<!--` can occur.

    In JSON, `<` occurs within strings only, where its escape means the same.
    """
    return (
        document.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    )


def _with_bytes_named(value: Any) -> Any:
    """The same tree with bytes, which JSON lacks, as `{"$bytes": base64}`."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {"$bytes": base64.b64encode(value).decode("ascii")}
    if isinstance(value, Mapping):
        return {str(name): _with_bytes_named(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_with_bytes_named(item) for item in value]
    return value
