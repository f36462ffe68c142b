"""A customer's first and last name, from one column or two."""

from __future__ import annotations

from collections.abc import Mapping

from campaigns.sources.cells import Reader, text_of
from campaigns.sources.mapping import FieldName
from campaigns.sources.rules import Cells

_LONGEST = 80


def nothing(_: Cells) -> str:
    """Reads a field that the mapping does not have."""
    return ""


class Names:
    """Reads the names of a file's rows. `columns`: how errors call each field."""

    def __init__(
        self, fields: Mapping[FieldName, Reader], columns: Mapping[FieldName, str]
    ) -> None:
        self._first = fields.get("first_name", nothing)
        self._last = fields.get("last_name", nothing)
        self._full = fields.get("full_name", nothing)
        self._columns = columns

    def read(self, cells: Cells) -> tuple[str | None, str | None]:
        """First and last name. Raises RowError for one that is too long."""
        first, last = self._first(cells), self._last(cells)
        of_first, of_last = self._columns.get("first_name", ""), self._columns.get("last_name", "")
        if not first and not last:
            full = self._full(cells)
            if not full:
                return None, None
            first, _, last = full.partition(" ")
            of_first = of_last = self._columns["full_name"]
        return (
            text_of(first, of_first, _LONGEST) if first else None,
            text_of(last.strip(), of_last, _LONGEST) if last else None,
        )
