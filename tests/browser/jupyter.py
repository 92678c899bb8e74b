"""A real JupyterLab server with its own settings, on a free port, while the tests last."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

START_SECONDS = 60


@dataclass(frozen=True)
class JupyterLab:
    """A running server: where it listens, and the folder whose notebooks it serves."""

    address: str
    token: str
    folder: Path

    def url(self, path: str) -> str:
        """Return the address of a page of this server, the token included."""
        return f"{self.address}/{path}?token={self.token}"

    def write_notebook(self, name: str, cells: Sequence[str]) -> str:
        """Write a notebook with these code cells into the folder and return its name."""
        notebook = nbformat.v4.new_notebook()
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
        notebook.cells = [nbformat.v4.new_code_cell(source) for source in cells]
        file = f"{name}.ipynb"
        nbformat.write(notebook, self.folder / file)
        return file

    def start_kernel(self) -> str:
        """Start a kernel and return its id."""
        return str(self._post("api/kernels", {"name": "python3"})["id"])

    def bind(self, file: str, kernel: str) -> None:
        """Give a notebook a kernel that runs already, before it is opened."""
        asked = {"path": file, "name": file, "type": "notebook", "kernel": {"id": kernel}}
        self._post("api/sessions", asked)

    def _post(self, path: str, what: dict[str, Any]) -> dict[str, Any]:
        request = urllib.request.Request(self.url(path), json.dumps(what).encode())
        with urllib.request.urlopen(request, timeout=START_SECONDS) as reply:
            said: dict[str, Any] = json.load(reply)
        return said

    def read_notebook(self, file: str) -> nbformat.NotebookNode:
        """Return the notebook as it was last saved."""
        return nbformat.read(self.folder / file, as_version=4)


@contextmanager
def serve(folder: Path, application: str = "jupyterlab") -> Iterator[JupyterLab]:
    """Start JupyterLab, or another application of its kind, under ``folder`` and stop it, with its
    kernels, at the end.
    """
    settings = folder / "settings"
    environment = _own_settings(settings)
    notebooks = folder / "notebooks"
    notebooks.mkdir()
    port, token = free_port(), secrets.token_hex(16)
    command = [
        *(sys.executable, "-m", application, "--no-browser", "--expose-app-in-browser"),
        "--allow-root",
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={notebooks}",
        f"--IdentityProvider.token={token}",
    ]
    if application == "jupyterlab":
        command += [
            "--LabApp.news_url=None",
            "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        ]
    lab = JupyterLab(f"http://127.0.0.1:{port}", token, notebooks)
    with running(command, lab.url("api/status"), folder / "jupyterlab.log", env=environment):
        yield lab


@contextmanager
def serve_page(folder: Path, voila: str, cells: Sequence[str]) -> Iterator[str]:
    """Start `voila`, a program, on a notebook of these code cells, whose kernel is this Python;
    yield the page's address.
    """
    environment = _own_settings(folder / "settings")
    kernel = Path(environment["JUPYTER_DATA_DIR"], "kernels", "tests")
    kernel.mkdir(parents=True)
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    described = {"argv": command, "display_name": "Tests", "language": "python"}
    kernel.joinpath("kernel.json").write_text(json.dumps(described), encoding="utf-8")
    lab = JupyterLab("", "", folder)
    file = folder / lab.write_notebook("page", cells)
    written = nbformat.read(file, as_version=4)
    written.metadata["kernelspec"] = {"name": "tests", "display_name": "Tests"}
    nbformat.write(written, file)
    port = free_port()
    command = [voila, str(file), "--no-browser", f"--port={port}", "--Voila.ip=127.0.0.1"]
    address = f"http://127.0.0.1:{port}"
    asked = f"{address}/voila/static/voila.js"
    with running(command, asked, folder / "voila.log", env=environment):
        yield address


@contextmanager
def running(command: Sequence[str], url: str, log: Path, **options: Any) -> Iterator[None]:
    """Start a server, go on once `url` answers, and stop it at the end. What it says is in `log`;
    `options` are those of `subprocess.Popen`.
    """
    with log.open("wb") as output:
        server = subprocess.Popen(
            command, stdout=output, stderr=output, stdin=subprocess.DEVNULL, **options
        )
    try:
        _wait_until_it_answers(url, server, log)
        yield
    finally:
        server.terminate()
        try:
            server.wait(timeout=15)
        except subprocess.TimeoutExpired:
            server.kill()


def _own_settings(folder: Path) -> dict[str, str]:
    """Return an environment in which nothing of the user's Jupyter is read or written."""
    places = {
        name: str(folder / name.lower())
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    }
    for place in places.values():
        Path(place).mkdir(parents=True)
    news = Path(places["JUPYTER_CONFIG_DIR"], "lab/user-settings/@jupyterlab/apputils-extension")
    news.mkdir(parents=True)
    news.joinpath("notification.jupyterlab-settings").write_text(
        json.dumps({"fetchNews": "false", "checkForUpdates": False}), encoding="utf-8"
    )
    return {**os.environ, **places}


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait_until_it_answers(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if server.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError(f"the server did not start:\n{log.read_text(encoding='utf-8')}")
