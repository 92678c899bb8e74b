"""Rebuild the browser half of every widget and fail when a committed bundle differs."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STATIC = ROOT / "xai_widgets" / "static"


def main() -> int:
    node = f"{ROOT / '.venv' / 'node'}{os.pathsep}{os.environ['PATH']}"
    build = ["npm", "--prefix", "js", "run", "--silent", "build", "--", "--out"]
    # Elsewhere, since other tests read the committed ones meanwhile.
    with tempfile.TemporaryDirectory() as out:
        subprocess.run([*build, out], cwd=ROOT, check=True, env={**os.environ, "PATH": node})
        rebuilt = _bundles(Path(out))
    committed = _bundles(STATIC)
    stale = sorted(
        name
        for name in committed.keys() | rebuilt.keys()
        if committed.get(name) != rebuilt.get(name)
    )
    if stale:
        print(f"Not what js/src builds: {', '.join(stale)}. Run make js and commit them.")
        return 1
    sizes = ", ".join(f"{name} {len(data) / 1000:.1f} kB" for name, data in rebuilt.items())
    print(f"Bundles are what js/src builds: {sizes}")
    return 0


def _bundles(folder: Path) -> dict[str, bytes]:
    files = sorted(path for path in folder.rglob("*.*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


if __name__ == "__main__":
    sys.exit(main())
