"""Write `js/src/core/wire.ts` from the TypedDicts of `xai_widgets/widgets/*/wire.py`.

python tools/wire.py            writes the file
python tools/wire.py --check    fails when the committed file differs
"""

from __future__ import annotations

import importlib
import sys
import textwrap
import types
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from typing_extensions import NotRequired, get_original_bases, get_type_hints, is_typeddict

ROOT = Path(__file__).resolve().parent.parent
TYPESCRIPT = ROOT / "js" / "src" / "core" / "wire.ts"
_WIDTH = 100
_GLUE = "\0"  # between the words of a field, which stays on one line

_HEAD = """\
/**
 * What travels between Python and the browser.
 * Written by tools/wire.py from xai_widgets/widgets/<widget>/wire.py: change those, then run it.
 */

export type Bytes = DataView | Uint8Array | string;

"""
_PLAIN = {
    int: "number",
    float: "number",
    str: "string",
    bool: "boolean",
    bytes: "Bytes",
    type(None): "null",
    Any: "unknown",
}


def typescript() -> str:
    """The text of the file."""
    return _HEAD + "".join(_interface(declared) for declared in declarations().values())


def declarations() -> dict[str, type]:
    """All TypedDicts of the wire by name, the shared ones first."""
    widgets = ROOT / "xai_widgets" / "widgets"
    folders = sorted(
        (path.parent.name for path in widgets.glob("*/wire.py")),
        key=lambda folder: (folder != "base", folder),
    )
    named: dict[str, type] = {}
    for folder in folders:
        module = importlib.import_module(f"xai_widgets.widgets.{folder}.wire")
        for name, member in vars(module).items():
            if is_typeddict(member) and member.__module__ == module.__name__:
                if name in named:
                    raise SystemExit(f"two TypedDicts of the wire are called {name}")
                named[name] = member
    return named


def _interface(declared: type) -> str:
    bases = [base for base in get_original_bases(declared) if is_typeddict(base)]
    inherited = {name for base in bases for name in get_type_hints(base)}
    hints = get_type_hints(declared, include_extras=True)
    fields = [_field(name, given) for name, given in hints.items() if name not in inherited]
    text = " ".join((declared.__doc__ or "").split())
    comment = _filled(f"{text} */", first="/** ", further=" * ") if text else ""
    of = f" extends {', '.join(base.__name__ for base in bases)}" if bases else ""
    opening = f"export interface {declared.__name__}{of} {{"
    short = f"{opening} {'; '.join(fields)} }}" if fields else f"{opening}}}"
    if len(short) <= _WIDTH:
        return f"{comment}{short}\n"
    table = _filled(" ".join(f"{field};".replace(" ", _GLUE) for field in fields), "  ", "  ")
    return f"{comment}{opening}\n{table.replace(_GLUE, ' ')}}}\n"


def _filled(text: str, first: str, further: str) -> str:
    """The words of a text in lines of at most 100 columns."""
    return f"{textwrap.fill(text, _WIDTH, initial_indent=first, subsequent_indent=further)}\n"


def _field(name: str, given: Any) -> str:
    optional = get_origin(given) is NotRequired
    return f"{name}{'?' * optional}: {_type(get_args(given)[0] if optional else given)}"


def _type(given: Any) -> str:
    origin, parts = get_origin(given), get_args(given)
    if is_typeddict(given):
        return str(given.__name__)
    if given in _PLAIN:
        return _PLAIN[given]
    if origin is Literal:
        return " | ".join(f'"{value}"' if isinstance(value, str) else str(value) for value in parts)
    if origin in (Union, types.UnionType):
        return " | ".join(_type(part) for part in parts)
    if origin is Annotated:  # a sequence of so many items
        item, length = _type(get_args(parts[0])[0]), parts[1]
        return f"readonly [{', '.join([item] * length)}]"
    if origin is tuple:
        return f"readonly [{', '.join(_type(part) for part in parts)}]"
    if origin in (Sequence, list):
        item = _type(parts[0])
        return f"readonly {item}[]" if item.isidentifier() else f"ReadonlyArray<{item}>"
    if origin in (Mapping, dict):
        return f"Readonly<Record<{_type(parts[0])}, {_type(parts[1])}>>"
    raise SystemExit(f"{given} has no form on the wire")


def main() -> int:
    made = typescript()
    if "--check" not in sys.argv[1:]:
        TYPESCRIPT.write_text(made, encoding="utf-8")
        return 0
    if TYPESCRIPT.read_text(encoding="utf-8") == made:
        return 0
    print(f"{TYPESCRIPT.relative_to(ROOT)} is not what tools/wire.py writes: run it.")
    return 1


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main())
