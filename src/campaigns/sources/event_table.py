"""A CSV or Parquet file of events: columns are named as the events API's fields are; every other
column is a small fact of the event."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

from campaigns.domain.intake import BlankRow, RefusedRow
from campaigns.errors import FileError
from campaigns.sources.headers import fold
from campaigns.sources.table import Table, open_table

_PLAIN = ("id", "kind", "at", "channel", "amount", "currency")
_WHO = ("ref", "email", "phone", "handle")
_DEVICE = "device"

#: Rows that cannot be read, and (line or row number, event as the API takes it).
Batch: TypeAlias = tuple[list[RefusedRow], list[tuple[int, dict[str, object]]]]


class EventTable:
    """One file, its columns found."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._columns = [
            (place, _column(name))
            for name in table.headers.names
            if (place := table.headers.find(name)) is not None
        ]
        known = {name for _, name in self._columns}
        missing = [f"`{name}`" for name in _PLAIN[:3] if name not in known]
        if not known & {*_WHO, _DEVICE}:
            missing.append("one of `ref`, `email`, `phone`, `handle`, `device`")
        if missing:
            raise FileError(
                f"there is no column {', '.join(missing)}. Name the columns so; those of any other "
                "name are kept as small facts.",
                path=table.path,
            )

    def batches(self, size: int) -> Iterator[Batch]:
        """All rows, some at a time."""
        refused: list[RefusedRow] = []
        rows: list[tuple[int, dict[str, object]]] = []
        for row in self._table.rows():
            if isinstance(row, BlankRow):
                continue
            if isinstance(row, RefusedRow):
                refused.append(row)
            else:
                rows.append((row[0], self._event(row[1])))
            if len(rows) + len(refused) >= size:
                yield refused, rows
                refused, rows = [], []
        if rows or refused:
            yield refused, rows

    def _event(self, cells: list[str]) -> dict[str, object]:
        told = {name: text for place, name in self._columns if (text := cells[place].strip())}
        who = next(({name: told[name]} for name in _WHO if name in told), {})
        if _DEVICE in told:
            who[_DEVICE] = told[_DEVICE]
        plain: dict[str, object] = {name: told[name] for name in _PLAIN if name in told}
        facts = {name: text for name, text in told.items() if name not in (*_PLAIN, *_WHO, _DEVICE)}
        return {**plain, "customer": who, "data": facts}


def open_events(path: Path, encoding: str | None) -> EventTable:
    """Open a file of events. Raises FileError saying what is wrong with it as a whole."""
    return EventTable(open_table(path, encoding))


def _column(name: str) -> str:
    """`Shop No.` → `shop_no`."""
    return re.sub(r"[^a-z0-9]+", "_", fold(name)).strip("_")
