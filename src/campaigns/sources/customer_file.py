"""A customer file ready to be imported: its table, its mapping, its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from campaigns.domain.customer import AttributeSpec
from campaigns.domain.intake import CustomerRow, FileRow, ReadRow, RefusedRow
from campaigns.errors import FileError, FilesError
from campaigns.sources import places
from campaigns.sources.headers import Headers
from campaigns.sources.mapping import Defaults, MappingFile, Value
from campaigns.sources.recognise import no_header, recognise, unused
from campaigns.sources.rows import RowBuilder
from campaigns.sources.rules import Cells
from campaigns.sources.table import RawRow, Table, open_table
from campaigns.yaml_files.document import Document, Loc, read_document
from campaigns.yaml_files.validate import unknown, validate


class CustomerFile:
    """One file under one mapping. Rows are streamed; memory does not grow with the file.

    Attributes:
        title: what the file was taken for, as people read it.
        unused: columns that nothing of the mapping reads.
        repeated: names that several columns share; the first one was read.
    """

    def __init__(
        self,
        table: Table,
        mapping: MappingFile,
        *,
        fallback: Defaults,
        attributes: Mapping[str, AttributeSpec],
    ) -> None:
        self.name = table.path.name
        self.title = mapping.title or mapping.name or "the mapping's columns"
        self.unused = tuple(unused(mapping, table.headers))
        self.repeated = tuple(table.headers.repeated)
        self._table = table
        self._mapping = mapping
        self._fallback = fallback
        self._attributes = attributes

    def rows(self, now: datetime) -> Iterator[ReadRow]:
        """Every row of the file, in order: what it says, or why it does not go in."""
        build = self.builder(now)
        for raw in self.raw_rows():
            if len(raw) == 2 and type(raw) is tuple:
                yield build(raw[0], raw[1])
            else:
                yield raw  # type: ignore[misc]

    def unread(self, now: datetime) -> Iterator[FileRow]:
        """The same, of most rows only what it takes to see whether anything of them is new."""
        unread = self._builder(now).unread
        for raw in self.raw_rows():
            if len(raw) == 2 and type(raw) is tuple:
                yield unread(raw[0], raw[1])
            else:
                yield raw  # type: ignore[misc]

    def raw_rows(self) -> Iterator[RawRow]:
        """Every row of the file as it stands there: `rows` has one for each."""
        return self._table.rows()

    def builder(self, now: datetime) -> Callable[[int, Cells], CustomerRow | RefusedRow]:
        """From a raw row's line and cells to what it says, or why it does not go in."""
        return self._builder(now).build

    def _builder(self, now: datetime) -> RowBuilder:
        return RowBuilder(
            self._mapping,
            self._table.headers,
            file_name=self.name,
            fallback=self._fallback,
            attributes=self._attributes,
            now=now,
        )


def open_customer_file(
    path: Path,
    *,
    mapping: Path | None = None,
    encoding: str | None = None,
    attributes: Mapping[str, AttributeSpec] | None = None,
    defaults: Defaults | None = None,
) -> CustomerFile:
    """Open a CSV or Parquet file by a mapping file, or by recognising its headers.

    `attributes` are the declared ones (templates/attributes.yaml); `defaults` are the brand's: its
    locale counts where neither the file, nor the mapping, nor the customer's country tells one,
    and its time zone only for customers of its own country.

    Raises FileError or FilesError: everything that is wrong with the file or the mapping as a
    whole is told here, before a row goes in.
    """
    declared = attributes or {}
    table = open_table(path, encoding)
    if mapping is None:
        chosen = recognise(path, table.headers)
    else:
        chosen = _read_mapping(mapping, table, declared)
    return CustomerFile(table, chosen, fallback=defaults or Defaults(), attributes=declared)


def _read_mapping(path: Path, table: Table, attributes: Mapping[str, AttributeSpec]) -> MappingFile:
    document = read_document(path)
    mapping = validate(document, MappingFile)
    if mapping.name is None:
        mapping = mapping.model_copy(update={"name": _slug(path.stem)})
    errors = [*_wrong_defaults(document, mapping.defaults), *_wrong_zones(document, mapping)]
    errors += _undeclared(document, mapping, attributes)
    missing = [*_missing_columns(document, mapping, table.headers)]
    if missing and (data := table.headers.data_instead()):
        raise no_header(table.path, data)
    if errors or missing:
        raise FilesError([*errors, *missing])
    return mapping


def _slug(stem: str) -> str:
    kept = "".join(c if c.isascii() and c.isalnum() else "_" for c in stem.lower())
    return f"m_{kept}"[:24] if not kept[:1].isalpha() else kept[:24]


def _wrong_defaults(document: Document, defaults: Defaults) -> Iterator[FileError]:
    for name, check, example in (
        ("locale", places.locale, "es_ES"),
        ("country", places.country, "ES"),
        ("time_zone", places.time_zone, "Europe/Madrid"),
    ):
        value = getattr(defaults, name)
        if value is not None and check(value) != value:
            message = f"`{value}` is no {name.replace('_', ' ')}; write it like {example}."
            yield document.error(message, ("defaults", name))


def _undeclared(
    document: Document, mapping: MappingFile, attributes: Mapping[str, AttributeSpec]
) -> Iterator[FileError]:
    for name in mapping.attributes:
        if name not in attributes:
            message = unknown("attribute", name, sorted(attributes))
            hint = " Declare it in templates/attributes.yaml."
            yield document.error(message + hint, ("attributes", name))


def _missing_columns(
    document: Document, mapping: MappingFile, headers: Headers
) -> Iterator[FileError]:
    named: list[tuple[Loc, tuple[str, ...]]] = [
        (loc, v.column) for loc, v in _values(mapping) if v.column and not v.optional
    ]
    for n, consent in enumerate(mapping.consents):
        named += [(("consents", n, "proof"), (name,)) for name in consent.proof]
    for n, rule in enumerate(mapping.suppressions):
        if rule.column:
            named.append((("suppressions", n, "column"), (rule.column,)))
    for loc, columns in named:
        if not any(c in headers for c in columns):
            message = unknown("column", " / ".join(columns), headers.names)
            yield document.error(f"the file has no such column: {message}", loc)


def _wrong_zones(document: Document, mapping: MappingFile) -> Iterator[FileError]:
    for loc, value in _values(mapping):
        if value.zone is not None:
            try:
                ZoneInfo(value.zone)
            except (KeyError, ValueError, OSError):
                message = f"`{value.zone}` is no time zone; write it like Europe/Madrid."
                yield document.error(message, (*loc, "zone"))


def _values(mapping: MappingFile) -> Iterator[tuple[Loc, Value]]:
    if mapping.ref:
        yield ("ref",), mapping.ref
    for name, value in mapping.fields.items():
        yield ("fields", name), value
    for key, value in mapping.attributes.items():
        yield ("attributes", key), value
    for n, identity in enumerate(mapping.identities):
        yield ("identities", n, "value"), identity.value
    for n, consent in enumerate(mapping.consents):
        if isinstance(consent.granted, Value):
            yield ("consents", n, "granted"), consent.granted
        if consent.at:
            yield ("consents", n, "at"), consent.at
    for n, rule in enumerate(mapping.interactions):
        yield ("interactions", n, "count"), rule.count
        yield ("interactions", n, "at"), rule.at
