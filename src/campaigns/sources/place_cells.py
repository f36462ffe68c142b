"""The four cells of a row that say where and how: language, country, time zone, channel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from campaigns.domain.channel import Channel
from campaigns.sources import places
from campaigns.sources.cells import Reader, RowError
from campaigns.sources.mapping import FieldName
from campaigns.sources.names import nothing
from campaigns.sources.rules import Cells

#: Most rows have the same four cells as many others: each is read once, up to so many.
_MOST = 20_000
_CELLS: tuple[tuple[FieldName, Callable[[str], str | Channel | None]], ...] = (
    ("locale", places.locale),
    ("country", places.country),
    ("time_zone", places.time_zone),
    ("preferred_channel", places.channel),
)


class Said(NamedTuple):
    """What the four cells say, in their order, and which of them say nothing that we know."""

    values: tuple[Any, Any, Any, Any]
    unknown: tuple[tuple[FieldName, str], ...]


class Places:
    """Reads them, of one file."""

    def __init__(self, fields: Mapping[FieldName, Reader]) -> None:
        self._readers = [fields.get(name, nothing) for name, _ in _CELLS]
        self._known: dict[tuple[str, ...], Said] = {}

    def read(self, cells: Cells) -> Said:
        """Raises RowError for a cell that is none of the mapping's choices."""
        texts = tuple([read(cells) for read in self._readers])
        known = self._known.get(texts)
        if known is None:
            if len(self._known) > _MOST:
                self._known.clear()
            known = self._known[texts] = _said(texts)
        return known

    def country_unless_wrong(self, cells: Cells) -> str | None:
        """The country, whatever is wrong with the row."""
        try:
            text = self._readers[1](cells)
        except RowError:
            return None
        return places.country(text) if text else None


def _said(texts: tuple[str, ...]) -> Said:
    told = list(zip(_CELLS, texts, strict=True))
    values = [convert(text) if text else None for (_, convert), text in told]
    unknown = [
        (name, text)
        for ((name, _), text), value in zip(told, values, strict=True)
        if text and value is None
    ]
    return Said((values[0], values[1], values[2], values[3]), tuple(unknown))
