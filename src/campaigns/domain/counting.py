"""Numbers before their nouns."""

from __future__ import annotations


def counted(number: int, one: str, many: str = "") -> str:
    """`1 person`, `1,200 people`; without `many` the noun takes an s."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def people(number: int) -> str:
    """`1 person`, `1,200 people`."""
    return counted(number, "person", "people")
