"""Parquet, read in batches of rows, its values brought to the text that a CSV would have."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from campaigns.domain.intake import BlankRow, RefusedRow
from campaigns.errors import FileError
from campaigns.sources.headers import Headers
from campaigns.sources.table import RawRow

_MAGIC = b"PAR1"
_BATCH = 4_000
_MAX_CELL = 100_000


def is_parquet(path: Path) -> bool:
    """Whether the file says it is Parquet, by its name or its first bytes."""
    if path.suffix.lower() in (".parquet", ".pq"):
        return True
    try:
        with path.open("rb") as file:
            return file.read(4) == _MAGIC
    except OSError:
        return False


class ParquetTable:
    """One Parquet file. Rows are numbered from 1."""

    unit = "row"

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._file() as file:
            self.headers = Headers(file.schema_arrow.names)
        if not self.headers.names:
            raise FileError("the file has no columns.", path=path)

    def rows(self) -> Iterator[RawRow]:
        """Every row with its number, or why it is none."""
        number = 0
        with self._file() as file:
            for batch in file.iter_batches(batch_size=_BATCH):
                columns = [_texts(column.to_pylist()) for column in batch.columns]
                for cells in zip(*columns, strict=True):
                    number += 1
                    yield _row(number, list(cells))

    def _file(self) -> Any:
        import pyarrow
        import pyarrow.parquet

        try:
            return pyarrow.parquet.ParquetFile(self.path)
        except FileNotFoundError:
            raise FileError("there is no such file.", path=self.path) from None
        except (pyarrow.ArrowException, OSError) as error:
            raise FileError(
                "this is no Parquet file, or it was cut short. Export it again.", path=self.path
            ) from error


def _row(number: int, cells: list[str]) -> RawRow:
    if not any(cells):
        return BlankRow(number)
    if max(map(len, cells)) > _MAX_CELL:
        return RefusedRow(number, f"a cell is longer than {_MAX_CELL:,} characters")
    return number, cells


def _texts(values: list[Any]) -> list[str]:
    return [v if type(v) is str else _TO_TEXT.get(type(v), str)(v) for v in values]


def _list_text(value: list[Any]) -> str:
    return ", ".join(_texts(value))


def _number_text(value: float) -> str:
    if math.isnan(value):
        return ""
    return str(int(value)) if value.is_integer() else repr(value)


def _moment_text(value: dt.datetime) -> str:
    return value.isoformat()


_TO_TEXT: dict[type, Callable[[Any], str]] = {
    type(None): lambda _: "",
    bool: lambda v: "true" if v else "false",
    float: _number_text,
    list: _list_text,
    dt.datetime: _moment_text,
    dt.date: dt.date.isoformat,
    bytes: lambda v: v.decode("utf-8", "replace"),
}
