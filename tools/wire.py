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

from typing_extensions import NotRequired, get_type_hints, is_typeddict

ROOT = Path(__file__).resolve().parent.parent
TYPESCRIPT = ROOT / "js" / "src" / "core" / "wire.ts"
_WIDTH = 100

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
    return "\n".join([_HEAD, *(_interface(declared) for declared in declarations().values())])


def declarations() -> dict[str, type]:
    """All TypedDicts of the wire by name, the shared ones first."""
    widgets = ROOT / "xai_widgets" / "widgets"
    folders = sorted((path.parent.name for path in widgets.glob("*/wire.py")), key=_order)
    named: dict[str, type] = {}
    for folder in folders:
        module = importlib.import_module(f"xai_widgets.widgets.{folder}.wire")
        for name, member in vars(module).items():
            if is_typeddict(member) and member.__module__ == module.__name__:
                if name in named:
                    raise SystemExit(f"two TypedDicts of the wire are called {name}")
                named[name] = member
    return named


def _order(folder: str) -> tuple[bool, str]:
    return folder != "base", folder


def _interface(declared: type) -> str:
    fields = get_type_hints(declared, include_extras=True)
    lines = [_field(name, given) for name, given in fields.items()]
    return "\n".join(
        [*_comment(declared), f"export interface {declared.__name__} {{", *lines, "}\n"]
    )


def _comment(declared: type) -> list[str]:
    text = " ".join((declared.__doc__ or "").split())
    if len(text) <= _WIDTH - 7:
        return [f"/** {text} */"] * bool(text)
    return ["/**", *(f" * {line}" for line in textwrap.wrap(text, _WIDTH - 3)), " */"]


def _field(name: str, given: Any) -> str:
    optional = get_origin(given) is NotRequired
    return f"  {name}{'?' * optional}: {_type(get_args(given)[0] if optional else given)};"


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
        return _array(_type(parts[0]))
    if origin in (Mapping, dict):
        return f"Readonly<Record<{_type(parts[0])}, {_type(parts[1])}>>"
    raise SystemExit(f"{given} has no form on the wire")


def _array(item: str) -> str:
    simple = item.isidentifier()
    return f"readonly {item}[]" if simple else f"ReadonlyArray<{item}>"


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
