"""Customer files for tests, written as the programs that export them write them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from campaigns.domain.customer import AttributeSpec
from campaigns.domain.intake import CustomerRow, ReadRow, RefusedRow
from campaigns.sources.customer_file import CustomerFile, open_customer_file

NOW = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)
ATTRIBUTES = {
    "is_member": AttributeSpec(type="bool"),
    "tier": AttributeSpec(type="choice", choices=("basic", "gold")),
    "points": AttributeSpec(type="integer"),
    "nearest_shop": AttributeSpec(type="text", max_length=30),
    "born_on": AttributeSpec(type="date"),
    "spent": AttributeSpec(type="number"),
    "tags": AttributeSpec(type="text", max_length=60),
}


def written(path: Path, content: str | bytes) -> Path:
    """The file, UTF-8 unless it is given as bytes."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def restate(path: Path, lines: str) -> None:
    """Add lines to a YAML file; what they state takes the place of the line that stated it."""
    stated = tuple(re.findall(r"^\w+:", lines, re.MULTILINE))
    kept = [
        line
        for line in path.read_text(encoding="utf-8").splitlines()
        if not line.startswith(stated)
    ]
    path.write_text("\n".join([*kept, lines, ""]), encoding="utf-8")


class Folder:
    """Writes and opens customer files in one folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def file(self, content: str | bytes, name: str = "customers.csv") -> Path:
        """A customer file."""
        return written(self.path / name, content)

    def opened(
        self,
        content: str | bytes,
        mapping: str | None = None,
        *,
        name: str = "customers.csv",
        encoding: str | None = None,
        attributes: Mapping[str, AttributeSpec] = ATTRIBUTES,
    ) -> CustomerFile:
        """The file opened, by a mapping or by its headers."""
        path = self.file(content, name)
        chosen = None if mapping is None else written(self.path / "crm.yaml", mapping)
        return open_customer_file(path, mapping=chosen, encoding=encoding, attributes=attributes)

    def rows(
        self, content: str | bytes, mapping: str | None = None, *, encoding: str | None = None
    ) -> list[ReadRow]:
        """All rows of the file."""
        return list(self.opened(content, mapping, encoding=encoding).rows(NOW))

    def row(self, content: str | bytes, mapping: str | None = None) -> CustomerRow:
        """The only row, which goes in."""
        (row,) = self.rows(content, mapping)
        assert isinstance(row, CustomerRow), row
        return row

    def refusal(self, content: str | bytes, mapping: str | None = None) -> RefusedRow:
        """The only row, which does not go in."""
        (row,) = self.rows(content, mapping)
        assert isinstance(row, RefusedRow), row
        return row
