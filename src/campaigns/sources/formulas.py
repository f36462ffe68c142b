"""Cells that a spreadsheet would run as formulas, made harmless and brought back."""

from __future__ import annotations

#: What OWASP names as the beginnings of a formula, and the apostrophe itself, so that reading
#: back is unambiguous.
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "'")


def harmless(cell: str) -> str:
    """The cell with an apostrophe before it where a spreadsheet might run it."""
    return "'" + cell if cell.startswith(_DANGEROUS) else cell


def restored(cell: str) -> str:
    """What `harmless` was given."""
    return cell.removeprefix("'")
