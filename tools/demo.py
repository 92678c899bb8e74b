"""Open JupyterLab on the quickstart; where there is no screen, say where it listens instead."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOK = "notebooks/01_quickstart.ipynb"
FIRST_PORT = 8888


def main() -> int:
    port, token = _free_port(FIRST_PORT), secrets.token_hex(12)
    address = f"http://localhost:{port}/lab/tree/{NOTEBOOK}?token={token}"
    screen = _has_screen()
    if screen:
        print(f"JupyterLab opens at {address}")
    else:
        print(
            "There is no screen here. JupyterLab listens at\n\n"
            f"    {address}\n\n"
            f"To open it on another machine: ssh -L {port}:localhost:{port} THIS-MACHINE\n"
            "Without any browser: `make demo-html` runs the notebook and writes it as HTML files."
        )
    print("Press Ctrl-C to stop.", flush=True)
    command = [
        *(sys.executable, "-m", "jupyterlab", NOTEBOOK),
        *([] if screen else ["--no-browser"]),
        *(["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
        f"--ServerApp.port={port}",
        f"--IdentityProvider.token={token}",
        f"--ServerApp.root_dir={ROOT}",
        "--log-level=WARN",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]
    try:
        return subprocess.call(command, cwd=ROOT)
    except KeyboardInterrupt:
        return 0


def _has_screen() -> bool:
    if sys.platform.startswith("linux"):
        return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return True


def _free_port(first: int) -> int:
    for port in range(first, first + 100):
        with socket.socket() as listener:
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise SystemExit(f"No port from {first} to {first + 99} is free on this machine.")


if __name__ == "__main__":
    sys.exit(main())
