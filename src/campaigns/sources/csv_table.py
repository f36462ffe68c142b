"""CSV as people really have it, read in a stream: one row at a time, whatever the file's size."""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import IO

from campaigns.domain.intake import BlankRow, RefusedRow
from campaigns.errors import FileError
from campaigns.sources.encoding import checked_encoding
from campaigns.sources.headers import Headers
from campaigns.sources.opening import open_bytes
from campaigns.sources.table import RawRow

#: A cell longer than this is no customer's data. Its row is refused, the others go in.
MAX_CELL = 100_000
#: So far the reader looks for the end of a quoted cell before it says the quote was never closed.
MAX_RECORD = 4_000_000
_DELIMITERS = (",", ";", "\t", "|")
_SEP = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)


class CsvTable:
    """One CSV file: UTF-8 unless told otherwise, delimiter found by itself.

    Raises FileError where the file as a whole cannot be read: empty, wrong encoding, no header.
    """

    unit = "line"

    def __init__(self, path: Path, encoding: str | None = None) -> None:
        self.path = path
        self._encoding = checked_encoding(path, encoding)
        with self._open() as file:
            self._skip, self._delimiter = _layout(file, path)
        with self._open() as file:
            first = next(_records(file, self._skip, self._delimiter), None)
        if first is None or isinstance(first[1], str):
            raise FileError("the file has no header row. Export it again.", path=path)
        self.headers = Headers(first[1])
        if not self.headers.names:
            raise FileError("the header row is blank.", path=path, line=first[0])

    def rows(self) -> Iterator[RawRow]:
        """Every row after the header with its line, or why it is none."""
        width = self.headers.width
        with self._open() as file:
            records = _records(file, self._skip, self._delimiter)
            next(records)
            for line, cells in records:
                if isinstance(cells, str):
                    yield RefusedRow(line, cells)
                elif len(cells) == width and cells[0].strip():
                    yield line, cells
                else:
                    yield _odd(line, cells, width)

    def _open(self) -> IO[str]:
        return TextIOWrapper(open_bytes(self.path), encoding=self._encoding, newline="")


def _odd(line: int, cells: list[str], width: int) -> RawRow:
    """A row that is blank, or has more or fewer cells than the header."""
    if not any(c.strip() for c in cells):
        return BlankRow(line)
    if len(cells) > width and not any(cells[width:]):
        cells = cells[:width]
    if len(cells) != width:
        reason = f"the row has {len(cells)} cells where the header has {width}"
        return RefusedRow(line, reason, "", cells[0])
    return line, cells


def _layout(file: IO[str], path: Path) -> tuple[int, str]:
    """Lines before the header, and the delimiter."""
    skip = 0
    while (line := file.readline(MAX_RECORD)) and not line.strip():
        skip += 1
    if not line:
        raise FileError("the file is empty. Export it again.", path=path)
    if told := _SEP.fullmatch(line):
        return skip + 1, told[1]
    unquoted = re.sub(r'"[^"]*"', "", line)
    return skip, max(_DELIMITERS, key=unquoted.count)


class _Lines:
    """The file's lines; remembers those of the present record, so that they can be read again."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._again: deque[str] = deque()
        self.taken: list[str] = []
        self.size = 0
        self.number = 0
        self.endless = False

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else self._file.readline(MAX_RECORD)
        if not line:
            raise StopIteration
        if len(line) == MAX_RECORD and line[-1] not in "\r\n":
            line = self._skip_endless()
        self.number += 1
        self.size += len(line)
        self.taken.append(line)
        return line

    def _skip_endless(self) -> str:
        self.endless = True
        while (rest := self._file.readline(MAX_RECORD)) and rest[-1] not in "\r\n":
            pass
        return "\n"

    def begin(self) -> None:
        """A new record starts with the next line."""
        self.taken.clear()
        self.size = 0
        self.endless = False

    def begin_after_first(self) -> None:
        """Give back all lines of this record but its first."""
        back = self.taken[1:]
        self._again.extendleft(reversed(back))
        self.number -= len(back)

    def finish_quoted(self) -> bool:
        """Read on to the end of the cell that is open; False when its quote is never closed."""
        quotes = sum(line.count('"') for line in self.taken)
        while quotes % 2 and self.size < MAX_RECORD:
            line = next(self, None)
            if line is None:
                return False
            quotes += line.count('"')
        return quotes % 2 == 0


def _records(file: IO[str], skip: int, delimiter: str) -> Iterator[tuple[int, list[str] | str]]:
    """(first line, cells), or (first line, why it cannot be read)."""
    lines = _Lines(file)
    for _ in range(skip):
        next(lines)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        lines.begin()
        start = lines.number + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield start, _why_unreadable(lines, error, delimiter)
            continue
        if lines.endless:
            yield start, f"the line is longer than {MAX_RECORD:,} characters"
        elif lines.size > MAX_CELL and any(len(c) > MAX_CELL for c in cells):
            yield start, _too_long(cells)
        else:
            yield start, cells


def _too_long(cells: list[str]) -> str:
    place = next((n for n, cell in enumerate(cells, 1) if len(cell) > MAX_CELL), 1)
    return f"cell {place} is longer than {MAX_CELL:,} characters"


def _read_again(lines: _Lines, delimiter: str) -> list[str]:
    """The record's cells, however long."""
    limit = csv.field_size_limit(MAX_RECORD * 2)
    try:
        return next(csv.reader(lines.taken, delimiter=delimiter), [])
    finally:
        csv.field_size_limit(limit)


def _why_unreadable(lines: _Lines, error: csv.Error, delimiter: str) -> str:
    if "field larger" in str(error) and lines.finish_quoted():
        return _too_long(_read_again(lines, delimiter))
    lines.begin_after_first()
    if "unexpected end" in str(error) or "field larger" in str(error):
        return "a quote is opened and never closed"
    return "its quotes are broken: a quoted cell must end before the next delimiter"
