"""Numbers as people read them, in figures and tables: the same words as in the browser."""

from __future__ import annotations

import math
from typing import Literal

from xai_widgets.shares import percent

__all__ = ["amount", "signed_number"]


def amount(
    value: float | None, unit: Literal["probability", "number"] = "probability", digits: int = 1
) -> str:
    """``39.5 %``, ``<0.1 %``; of what is no probability the number, ``37.1``; "" for none."""
    if value is None:
        return ""
    if unit == "number" or not math.isfinite(value):
        return signed_number(value).removeprefix("+")
    return percent(value, digits)


def signed_number(value: float) -> str:
    """``+1.42``, ``−0.034``, ``+1.2e−5``, ``0``; an en dash for what is not finite."""
    if not math.isfinite(value):
        return "–"
    size = abs(value)
    if size >= 1e4 or 0 < size < 1e-3:
        mantissa, _, exponent = f"{value:.1e}".partition("e")
        text = f"{mantissa}e{int(exponent)}"
    else:
        text = f"{value:.3g}" if value else "0"
        if "e" in text:  # 9999.6
            text = f"{float(text):.0f}"
    return ("+" if value > 0 else "") + text.replace("-", "−")
