"""The harness itself, proved on a widget of a few lines: what fails elsewhere is then a widget."""

from __future__ import annotations

from pathlib import Path

from tests.browser.conftest import OpenNotebook
from tests.browser.notebook_page import checksum

COUNTER = '''
import anywidget, traitlets

class Counter(anywidget.AnyWidget):
    value = traitlets.Int(3).tag(sync=True)
    _esm = """
    export default { render({ model, el }) {
      const canvas = Object.assign(document.createElement("canvas"), { width: 4, height: 4 });
      const button = Object.assign(document.createElement("button"), { textContent: "add" });
      const paint = () => {
        const pen = canvas.getContext("2d");
        pen.fillStyle = `rgb(${model.get("value")}, 0, 0)`;
        pen.fillRect(0, 0, 4, 4);
      };
      button.onclick = () => { model.set("value", model.get("value") + 1); model.save_changes(); };
      model.on("change:value", paint);
      paint();
      el.classList.add("counter");
      el.append(canvas, button);
    } };
    """

counter = Counter()
counter
'''


def test_a_widget_paints_answers_and_is_counted(
    open_notebook: OpenNotebook, tmp_path: Path
) -> None:
    notebook = open_notebook([COUNTER])
    canvas = notebook.find(".counter canvas")
    canvas.wait_for()
    first = checksum(canvas)
    assert first is not None

    with notebook.counting() as sent:
        notebook.find(".counter button").click()
        notebook.page.wait_for_timeout(300)
    assert len(sent) == 1
    assert checksum(canvas) != first

    notebook.execute("assert counter.value == 4; counter.value = 3")
    notebook.until(lambda: checksum(canvas) == first)

    with notebook.counting() as sent:
        notebook.theme("dark")
    assert sent == []
    picture = tmp_path / "counter.png"
    notebook.screenshot(notebook.find(".counter"), picture)
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert notebook.errors == []


def test_a_reload_keeps_the_kernel(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook([COUNTER])
    notebook.execute("counter.value = 9")
    before = checksum(notebook.find(".counter canvas"))
    notebook.save()
    notebook.reload()
    canvas = notebook.find(".counter canvas")
    canvas.wait_for()
    assert checksum(canvas) == before
