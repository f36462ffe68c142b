"""The header row: columns are found by name, never by position.

Exports put custom columns between their own, repeat names, and leave some blank.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_DATA = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+|'?\+?[0-9][0-9 ().:/-]{3,}")


def fold(name: str) -> str:
    """How names of columns are compared: without case, outer and doubled spaces."""
    return " ".join(name.replace("\ufeff", "").split()).casefold()


class Headers:
    """The columns of one file. The second of two with one name is called `Name (2)`."""

    def __init__(self, cells: Sequence[str]) -> None:
        self.width = len(cells)
        self.names: list[str] = []
        self._index: dict[str, int] = {}
        self.repeated: list[str] = []
        for position, cell in enumerate(cells):
            name = " ".join(cell.replace("\ufeff", "").split())
            if name:
                self._add(name, position)

    def _add(self, name: str, position: int) -> None:
        called, count = name, 1
        while fold(called) in self._index:
            count += 1
            called = f"{name} ({count})"
        if count == 2:
            self.repeated.append(name)
        self.names.append(called)
        self._index[fold(called)] = position

    @property
    def positions(self) -> list[tuple[str, int]]:
        """Every column, in order: its name as names are compared, and where it is."""
        return sorted(self._index.items(), key=lambda column: column[1])

    def find(self, name: str) -> int | None:
        """The position of a column, or None."""
        return self._index.get(fold(name))

    def __contains__(self, name: str) -> bool:
        return fold(name) in self._index

    def data_instead(self) -> int | None:
        """Which cell of the first row, counted from 1, looks like data (an e-mail address, a
        number); None when none does."""
        return next((n for n, name in enumerate(self.names, 1) if _DATA.fullmatch(name)), None)
