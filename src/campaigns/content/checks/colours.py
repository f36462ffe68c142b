"""Contrast by the rules of WCAG 2.2: text on its ground at 4.5 to 1, large text at 3 to 1."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

#: Success criterion 1.4.3, for text and for large text (24 px, or 18.66 px bold).
ENOUGH: Final = 4.5
ENOUGH_LARGE: Final = 3.0
_HEX: Final = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})", re.IGNORECASE)
_RGB: Final = re.compile(r"rgb\(\s*(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})\s*\)", re.IGNORECASE)
_NAMED: Final = {
    "black": "#000000", "white": "#ffffff", "red": "#ff0000", "green": "#008000",
    "blue": "#0000ff", "yellow": "#ffff00", "grey": "#808080", "gray": "#808080",
    "silver": "#c0c0c0", "maroon": "#800000", "navy": "#000080", "orange": "#ffa500",
    "lightgrey": "#d3d3d3", "lightgray": "#d3d3d3", "darkgrey": "#a9a9a9", "darkgray": "#a9a9a9",
}  # fmt: skip


@lru_cache(maxsize=512)
def colour(value: str) -> str | None:
    """A CSS colour as #rrggbb; None for what is none, or is not known here."""
    text = value.strip().lower().removesuffix("!important").strip()
    text = _NAMED.get(text, text)
    if rgb := _RGB.fullmatch(text):
        return "#" + "".join(f"{min(255, int(part)):02x}" for part in rgb.groups())
    if not _HEX.fullmatch(text):
        return None
    return text if len(text) == 7 else "#" + "".join(c * 2 for c in text[1:])


@lru_cache(maxsize=2048)
def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours (#rrggbb), from 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(value: str) -> float:
    """Relative luminance, as WCAG defines it."""
    parts = (int(value[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
