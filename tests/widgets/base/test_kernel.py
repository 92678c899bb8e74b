"""In a real kernel: the browser is heard while a cell runs, and a cell replaces its widgets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

MAKE = """
import threading
import traitlets
from xai_widgets.widgets.base import notebook_cells as cells
from xai_widgets.widgets.base.channel import Channel

class Light(Channel):
    _esm = "export default {}\\n"
    value = traitlets.Int(0).tag(sync=True)

    def __init__(self):
        super().__init__()
        cells.replace_earlier(self)

light = Light()
heard = []
arrived = threading.Event()
running = False

def hear(change):
    heard.append((change["new"], running))
    arrived.set()

light.observe(hear, "value")
"""


class Kernel:
    def __init__(self, client: BlockingKernelClient) -> None:
        self.client = client

    def send(self, code: str, cell: str = "a") -> str:
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False}
        message = self.client.session.msg("execute_request", content, metadata={"cellId": cell})
        self.client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def run(self, code: str, cell: str = "a") -> str:
        """What running a cell prints."""
        request, printed = self.send(code, cell), ""
        for kind, content in self.said(request):
            printed += content["text"] if kind == "stream" else ""
            if content.get("execution_state") == "idle":
                break
        return printed.strip()

    def run_until_printed(self, code: str) -> None:
        """Run a cell as far as the first that it prints."""
        request = self.send(code)
        next(kind for kind, _ in self.said(request) if kind == "stream")

    def said(self, request: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """What a cell that was sent makes the kernel say."""
        while True:
            message = self.client.get_iopub_msg(timeout=60)
            if message["parent_header"].get("msg_id") == request:
                assert message["msg_type"] != "error", message["content"]
                yield message["msg_type"], message["content"]

    def subshell(self) -> str:
        """The thread on which JupyterLab has its messages delivered while cells run."""
        self.client.control_channel.send(self.client.session.msg("create_subshell_request", {}))
        reply: dict[str, Any] = self.client.control_channel.get_msg(timeout=20)
        if "subshell_id" not in reply["content"]:
            pytest.skip("this kernel has no subshells")
        return str(reply["content"]["subshell_id"])


@pytest.fixture(scope="module")
def kernel() -> Iterator[Kernel]:
    manager, client = start_new_kernel(kernel_name="python3", startup_timeout=60)
    try:
        yield Kernel(client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_the_browser_is_heard_while_a_cell_runs(kernel: Kernel) -> None:
    model = kernel.run(
        MAKE + "light.value = 1; heard.clear(); arrived.clear(); print(light.model_id)"
    )
    subshell = kernel.subshell()
    kernel.run_until_printed("running = True; print(1); arrived.wait(60); running = False")
    data = {"method": "update", "state": {"value": 5}, "buffer_paths": []}
    message = kernel.client.session.msg("comm_msg", {"comm_id": model, "data": data})
    message["header"]["subshell_id"] = subshell
    kernel.client.shell_channel.send(message)
    assert kernel.run("print(heard)") == "[(5, True)]"


def test_a_cell_that_runs_again_replaces_its_widgets(kernel: Kernel) -> None:
    kernel.run(MAKE + "first, kept = light, None", cell="a")
    kernel.run("kept = Light()", cell="b")
    kernel.run("second = Light(); third = Light()", cell="a")
    shown = kernel.run("print([w.comm is None for w in (first, kept, second, third)])", cell="c")
    assert shown == "[True, False, False, False]"
