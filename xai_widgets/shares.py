"""Shares as people read them: the same words in errors, titles, tables, figures and the browser."""

from __future__ import annotations

__all__ = ["SPACE", "percent"]

SPACE = "\N{NO-BREAK SPACE}"


def percent(share: float, digits: int | None = 0) -> str:
    """``39 %`` of 0.39, ``<1 %`` of what is too small to be told; with ``digits`` None one digit
    where a share is below a tenth: ``0.4 %``.
    """
    if digits is None:
        digits = 1 if abs(share) < 0.1 else 0
    least = 10.0**-digits
    if share > 0 and 200 * share < least:
        return f"<{least:g}{SPACE}%"
    return f"{100 * share:.{digits}f}{SPACE}%"
