"""Rebuild the browser half of every widget and fail when a committed bundle differs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STATIC = ROOT / "xai_widgets" / "static"


def main() -> int:
    committed = _bundles()
    node = f"{ROOT / '.venv' / 'node'}{os.pathsep}{os.environ['PATH']}"
    build = ["npm", "--prefix", "js", "run", "--silent", "build"]
    subprocess.run(build, cwd=ROOT, check=True, env={**os.environ, "PATH": node})
    rebuilt = _bundles()
    stale = sorted(
        name
        for name in committed.keys() | rebuilt.keys()
        if committed.get(name) != rebuilt.get(name)
    )
    if stale:
        print(f"Not what js/src builds: {', '.join(stale)}. They are rebuilt now: commit them.")
        return 1
    sizes = ", ".join(f"{name} {len(data) / 1000:.1f} kB" for name, data in rebuilt.items())
    print(f"Bundles are what js/src builds: {sizes}")
    return 0


def _bundles() -> dict[str, bytes]:
    files = sorted(path for path in STATIC.rglob("*.*") if path.is_file())
    return {path.relative_to(STATIC).as_posix(): path.read_bytes() for path in files}


if __name__ == "__main__":
    sys.exit(main())
