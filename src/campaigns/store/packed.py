"""Several rows of a customer as one text, put together by the database.

Most customers share such a text with others, so each is taken apart once and the result shared.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, func, literal

RECORD, UNIT = "\x1e", "\x1f"  # ASCII's own separators; import refuses control characters

_T = TypeVar("_T")


class Shared(dict[str | None, _T], Generic[_T]):
    """Text → what it says, taken apart once; forgotten before it grows large."""

    _MOST = 5_000

    def __init__(self, parse: Callable[[list[str]], _T]) -> None:
        self._parse = parse

    def __missing__(self, text: str | None) -> _T:
        if len(self) >= self._MOST:
            self.clear()
        value = self[text] = self._parse(text.split(RECORD) if text else [])
        return value


def joined(*columns: ColumnElement[Any]) -> ColumnElement[str]:
    """One text per customer: a record per row, the columns its units. Both databases write
    numbers out by themselves; a cast for each would cost a tenth of the whole."""
    return func.aggregate_strings(beside(*columns), RECORD)


def beside(*columns: ColumnElement[Any]) -> ColumnElement[Any]:
    """One record: the columns as its units."""
    record = columns[0]
    for column in columns[1:]:
        record = record.op("||")(literal(UNIT)).op("||")(column)
    return record
