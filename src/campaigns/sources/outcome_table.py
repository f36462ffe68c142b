"""The columns of an outside table that an experiment is about: each person's arm and outcomes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path

from campaigns.domain.intake import BlankRow, RefusedRow
from campaigns.errors import FileError
from campaigns.sources.headers import Headers
from campaigns.sources.table import open_table


def outcome_rows(
    path: Path, arm: str, goals: Sequence[str], encoding: str | None
) -> Iterator[tuple[int, str, list[str]]]:
    """(line or row number, arm, goals' cells) of every person, streamed.

    Raises FileError for a column that is not there and for a row that cannot be read: an analysis
    that leaves somebody out in silence would be worth nothing.
    """
    table = open_table(path, encoding)
    places = [_place(table.headers, name, path) for name in (arm, *goals)]
    for row in table.rows():
        match row:
            case BlankRow():
                continue
            case RefusedRow():
                raise FileError(f"{row.reason}.", path=path, line=row.line)
            case number, cells:
                if not cells[places[0]].strip():
                    raise FileError(f"`{arm}` is empty.", path=path, line=number)
                yield number, cells[places[0]].strip(), [cells[p] for p in places[1:]]


def _place(headers: Headers, name: str, path: Path) -> int:
    place = headers.find(name)
    if place is None:
        near = get_close_matches(name, headers.names, 1)
        hint = f" Did you mean `{near[0]}`?" if near else ""
        listed = ", ".join(headers.names)
        raise FileError(f"there is no column `{name}`.{hint} There are: {listed}.", path=path)
    return place
