"""Where benchmarks leave their results: as JSON in benchmarks/results/, and printed."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


def keep(name: str, result: dict[str, Any]) -> None:
    """Print a result and write it to ``results/<name>.json``, with its date and command."""
    command = f"python benchmarks/{' '.join([Path(sys.argv[0]).name, *sys.argv[1:]])}"
    made = {"date": date.today().isoformat(), "command": command}
    text = json.dumps({**made, **result}, indent=1)
    print(text)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(text + "\n", encoding="utf-8")
