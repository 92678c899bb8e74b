"""A widget as one HTML file, or as a frame in another page: it works from disk, asks the network
for nothing, and stays alive.

The file holds the browser half of the widget, its style and its state, all as one block of JSON,
and a small stand-in for the notebook's model. A policy in its head forbids every connection, so
that the file cannot ask the network for anything even by mistake, and names its own scripts and
styles by their checksums: nothing else in it can run, whatever the names in its state are.

A frame is sandboxed: it is of no origin, and can do nothing to the page around it. It tells that
page how high it is, which tells it whether it is dark; each listens to the other's window only.
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
body { margin: 16px auto; max-width: 1120px; padding: 0 16px; background: Canvas;
  color: CanvasText; font: 13px/1.4 system-ui, sans-serif }
h1 { margin: 0 0 12px; font-size: 16px; font-weight: 600; overflow-wrap: anywhere }
noscript img { max-width: 100% }
"""

# The frame is as high as what is in it; what is not there yet has the colour of the page around it.
_FRAME_STYLE = """
html { overflow: hidden }
body { margin: 0; padding: 0 1px; font: 13px/1.4 system-ui, sans-serif }
main { display: flow-root }
body.light { background: #fff }
body.dark { background: #14161b }
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
{around}<main id="xw-widget"></main>
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
let told = null; // what the page around this one is, if it says so
const follow = () => { document.body.className = (told ?? dark.matches) ? "dark" : "light"; };
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
  const [card] = root.children;
  if (card) document.body.style.maxWidth = getComputedStyle(card).maxWidth; // so it is centred
} catch (problem) {
  root.textContent = "This page could not be shown: " + problem;
  throw problem;
}
"""

# Beside the stub of a frame: its height to the page around it, whenever that changes, also by a
# list that is open; from there, whether that page is dark.
_FRAME_STUB = """
if (window.parent !== window) {
  addEventListener("message", ({ source, data }) => {
    if (source !== window.parent || typeof data?.xwDark !== "boolean") return;
    told = data.xwDark;
    follow();
  });
  let last = 0;
  const tell = () => {
    const shown = [...document.querySelectorAll("#xw-widget, .xw-popup")];
    const edges = shown.map((item) => item.getBoundingClientRect().bottom + scrollY);
    const height = Math.ceil(Math.max(...edges));
    if (height && height !== last) window.parent.postMessage({ xwHeight: height }, "*");
    last = height;
  };
  new ResizeObserver(tell).observe(root);
  new MutationObserver(() => requestAnimationFrame(tell)).observe(root, {
    subtree: true, attributes: true, attributeFilter: ["hidden"],
  });
  window.parent.postMessage({ xwHeight: 0 }, "*"); // it listens: what is the page around it like?
  // Browsers load a document that comes with its page at once, however far below: it waits itself.
  await new Promise((near) => {
    new IntersectionObserver(([entry], observer) => {
      if (!entry.isIntersecting) return;
      observer.disconnect();
      near();
    }).observe(document.documentElement);
  });
}
"""

# The other half, in the page around the frames: one for all of them, however often it is there.
_AROUND = """
(() => {
  if (window.xwFrames) return window.xwFrames();
  const frames = () => document.querySelectorAll("iframe.xw-embed");
  const seen = (element) => {
    for (let node = element; node; node = node.parentElement) {
      const numbers = getComputedStyle(node).backgroundColor.match(/[\\d.]+/g) ?? [0, 0, 0, 0];
      const [r, g, b, a = 1] = numbers.map(Number);
      if (a >= 0.5) return 0.299 * r + 0.587 * g + 0.114 * b < 128;
    }
    return getComputedStyle(document.documentElement).colorScheme.includes("dark") &&
      matchMedia("(prefers-color-scheme: dark)").matches;
  };
  const tell = (frame) => frame.contentWindow?.postMessage({ xwDark: seen(frame) }, "*");
  addEventListener("message", ({ source, data }) => {
    const height = data?.xwHeight;
    if (!Number.isFinite(height)) return;
    for (const frame of frames()) {
      if (frame.contentWindow !== source) continue;
      if (height > 0) frame.style.height = `${Math.min(height, 20000)}px`;
      else tell(frame);
    }
  });
  window.xwFrames = () => { for (const frame of frames()) tell(frame); };
  const observer = new MutationObserver(() => {
    window.xwFrames();
    setTimeout(window.xwFrames, 400); // a theme is named before its style sheet has arrived
  });
  for (const node of [document.documentElement, document.body]) {
    observer.observe(node, { attributes: true });
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", window.xwFrames);
  window.xwFrames();
})();
"""


# What comes before the widget is rendered, so that its first size is told too.
_STUB_OF_FRAME = _STUB.replace("\ntry {", f"\n{_FRAME_STUB}try {{", 1)


def standalone(
    *, esm: str, css: str, state: Mapping[str, Any], title: str, png: bytes | None = None
) -> str:
    """The text of the file, which UTF-8 can hold whatever is in it.

    `esm` is a module whose default export is `{ initialize?, render }`; `state` maps the names of
    its model to JSON values, with bytes anywhere in them. `png` is shown where scripts may not run.
    """
    picture = ""
    if png is not None:
        encoded = base64.b64encode(png).decode("ascii")
        picture = f'<img alt="{html.escape(title)}" src="data:image/png;base64,{encoded}">'
    around = f"<h1>{html.escape(title)}</h1>\n<noscript>{picture}</noscript>\n"
    return _page(esm, css, state, title, style=_STYLE, script=_STUB, around=around)


def embedded(*, esm: str, css: str, state: Mapping[str, Any], title: str, height: int) -> str:
    """The elements that show the widget in another page: a frame with all that it needs inside, and
    the script that keeps it as high as its content. `height` is what it has until then.

    It begins when it is scrolled to. `esm` and `state` are those of `standalone`.
    """
    inner = _page(esm, css, state, title, style=_FRAME_STYLE, script=_STUB_OF_FRAME, around="")
    # JSON is full of double quotes: single ones around it keep it as short as it is.
    quoted = inner.replace("&", "&amp;").replace("'", "&#39;")
    return (
        f'<iframe class="xw-embed" title="{html.escape(readable(title))}" loading="lazy" '
        'sandbox="allow-scripts allow-downloads allow-popups allow-popups-to-escape-sandbox" '
        'allow="clipboard-write" '
        f'style="display:block;width:100%;height:{height}px;border:0;color-scheme:normal" '
        f"srcdoc='{quoted}'></iframe>\n<script>{_AROUND}</script>\n"
    )


def _page(
    esm: str,
    css: str,
    state: Mapping[str, Any],
    title: str,
    *,
    style: str,
    script: str,
    around: str,
) -> str:
    document = json.dumps(
        {"esm": esm, "css": css, "state": _with_bytes_named(state)},
        ensure_ascii=False,
        allow_nan=False,
        separators=(",", ":"),
    )
    styles = " ".join(_checksum(each) for each in (style, css))
    page = _PAGE.format(
        policy=_POLICY.format(script=_checksum(script), styles=styles),
        style=style,
        title=html.escape(title),
        around=around,
        document=_harmless(document),
        stub=script,
    )
    return readable(page)  # an escape in the document is one of JSON


def size_of_json(value: Any) -> int:
    """How many bytes a part of `state` takes in a page."""
    text = json.dumps(_with_bytes_named(value), ensure_ascii=False, separators=(",", ":"))
    return len(_harmless(text).replace("&", "&amp;").replace("'", "&#39;").encode()) + 1


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
