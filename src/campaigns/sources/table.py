"""What every kind of customer file is once opened: named columns and rows of text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol, TypeAlias

from campaigns.domain.intake import BlankRow, RefusedRow
from campaigns.sources.headers import Headers

#: A row's place in the file and its cells, as many as the header has; or why there are none.
RawRow: TypeAlias = tuple[int, list[str]] | RefusedRow | BlankRow


class Table(Protocol):
    """A file with columns. `unit` says what its row numbers count: `line` or `row`."""

    path: Path
    unit: str
    headers: Headers

    def rows(self) -> Iterator[RawRow]:
        """All rows, streamed, from the start each time."""


def open_table(path: Path, encoding: str | None = None) -> Table:
    """Open a CSV or Parquet file. Raises FileError saying what is wrong with it."""
    from campaigns.sources.csv_table import CsvTable
    from campaigns.sources.parquet_table import ParquetTable, is_parquet

    return ParquetTable(path) if is_parquet(path) else CsvTable(path, encoding)
