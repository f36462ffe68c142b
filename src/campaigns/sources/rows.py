"""From a row's cells to what the row says of a customer. Made once per file, called per row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import TypeVar

import orjson

from campaigns.domain.address import Address, AddressError, read
from campaigns.domain.channel import AddressKind, Channel
from campaigns.domain.customer import AttributeSpec, AttributeValue
from campaigns.domain.identity import IdentityKind
from campaigns.domain.intake import (
    AddressEntry,
    Content,
    CustomerRow,
    Fields,
    LeftOut,
    RefusedRow,
    SuppressionEntry,
    UnreadRow,
)
from campaigns.sources.cells import Reader, RowError, reader, text_of
from campaigns.sources.headers import Headers
from campaigns.sources.mapping import Defaults, FieldName, MappingFile, Value
from campaigns.sources.names import Names, nothing
from campaigns.sources.otherwise import Otherwise
from campaigns.sources.place_cells import Places
from campaigns.sources.rules import (
    Cells,
    attribute_of,
    consent_of,
    interactions_of,
    mark,
    no_of,
    suppress,
    suppression_of,
)
from campaigns.sources.same import reading_of

_Read = TypeVar("_Read")

_LONGEST_REF = 80
#: Fields that hold phones and handles → the channels they reach. A later field wins.
_REACH: tuple[tuple[FieldName, AddressKind, tuple[Channel, ...]], ...] = (
    ("phone", AddressKind.PHONE, (Channel.SMS, Channel.WHATSAPP)),
    ("sms", AddressKind.PHONE, (Channel.SMS,)),
    ("whatsapp", AddressKind.PHONE, (Channel.WHATSAPP,)),
    ("x_handle", AddressKind.HANDLE, (Channel.X_DM,)),
)


class RowBuilder:
    """Builds rows of one file under one mapping.

    `attributes` are the declared ones; a shipped mapping's attribute that is not declared is
    left unread.
    """

    def __init__(
        self,
        mapping: MappingFile,
        headers: Headers,
        *,
        file_name: str,
        fallback: Defaults,
        attributes: Mapping[str, AttributeSpec],
        now: datetime,
    ) -> None:
        self._file = file_name
        self._defaults = mapping.defaults
        self._fields = _readers(mapping.fields, headers)
        self._columns = {n: v.column[0] if v.column else n for n, v in mapping.fields.items()}
        self._ref = reader(mapping.ref, headers) if mapping.ref else None
        self._identities = [
            (IdentityKind(rule.kind), read, rule.value.column[0] if rule.value.column else "")
            for rule in mapping.identities
            if (read := reader(rule.value, headers))
        ]
        self._attributes = [
            (name, convert)
            for name, value in mapping.attributes.items()
            if name in attributes
            and (convert := attribute_of(name, value, attributes[name], headers))
        ]
        self._consents = [c for r in mapping.consents if (c := consent_of(r, headers, now))]
        self._suppressions = [
            (r, s) for r in mapping.suppressions if (s := suppression_of(r, headers))
        ]
        name = self._kind = mapping.name or "file"
        self._interactions = [
            i for r in mapping.interactions if (i := interactions_of(r, name, headers, now))
        ]
        self._reach = [
            (self._fields[name], kind, channels, self._columns[name])
            for name, kind, channels in _REACH
            if name in self._fields
        ]
        self._names = Names(self._fields, self._columns)
        self._email_cell = self._fields.get("email", nothing)
        self._places = Places(self._fields)
        self._otherwise = Otherwise(mapping.defaults, fallback)
        self._reading = reading_of(mapping, headers, attributes)

    def unread(self, line: int, raw: Cells) -> UnreadRow | CustomerRow | RefusedRow:
        """The row, not read yet; read where what it says depends on the day, or nothing quick to
        read tells who it is about."""
        cells = list(map(str.strip, raw))
        content = self._content(cells)
        if content is None:
            return self.build(line, raw)
        ref = _unless_wrong(self._read_ref, cells)
        email = None if ref else _unless_wrong(self._email, cells)
        if not ref and not email:
            return self.build(line, raw)
        read_ = partial(self.build, line, raw)
        return UnreadRow(line, content, ref, email.normalised if email else None, read_)

    def _content(self, cells: list[str]) -> Content | None:
        if self._reading is None:
            return None
        return Content(self._kind, self._reading + orjson.dumps(cells))

    def build(self, line: int, cells: Cells) -> CustomerRow | RefusedRow:
        """What this row says, or why it does not go in."""
        try:
            return self._build(line, list(map(str.strip, cells)))
        except RowError as error:
            refused = RefusedRow(line, error.reason, error.column, error.value)
            return self._noes(refused, [c.strip() for c in cells]) or refused

    def _noes(self, refused: RefusedRow, cells: list[str]) -> CustomerRow | None:
        """The noes of a row that does not go in, and what tells whose they are; None without."""
        place = f"{self._file}:{refused.line}"
        noes = tuple([e for read in self._consents if (e := no_of(read, cells, place))])
        region = self._places.country_unless_wrong(cells)
        addresses = self._others(refused.line, cells, region or self._defaults.country, [])
        if (email := _unless_wrong(self._email, cells)) is not None:
            addresses.insert(0, AddressEntry(Channel.EMAIL, *email))
        suppressions, addresses = self._suppressed(cells, addresses)
        if not noes and not suppressions:
            return None
        return CustomerRow(
            refused.line,
            _unless_wrong(self._read_ref, cells),
            Fields(),
            Fields(),
            {},
            tuple(addresses),
            noes,
            suppressions,
            identities=_unless_wrong(self._read_identities, cells) or (),
            refused=refused,
        )

    def _build(self, line: int, cells: list[str]) -> CustomerRow:
        left_out: list[LeftOut] = []
        ref = self._read_ref(cells)
        stated = self._stated(line, cells, left_out)
        region = stated.country or self._defaults.country
        addresses = self._addresses(line, cells, region, left_out)
        if not addresses:
            self._must_be_someone(ref, left_out)
        suppressions: tuple[SuppressionEntry, ...] = ()
        if self._suppressions:
            suppressions, addresses = self._suppressed(cells, addresses)
        place = f"{self._file}:{line}"
        return CustomerRow(
            line,
            ref,
            stated,
            self._otherwise.of(region),
            self._read_attributes(cells),
            tuple(addresses),
            tuple([c for read in self._consents if (c := read(cells, place)) is not None]),
            suppressions,
            tuple([i for read in self._interactions if (i := read(cells)) is not None]),
            tuple(left_out),
            self._read_identities(cells) if self._identities else (),
            content=self._content(cells),
        )

    def _read_ref(self, cells: Cells) -> str | None:
        if self._ref is None:
            return None
        return text_of(self._ref(cells), "ref", _LONGEST_REF)

    def _read_identities(self, cells: Cells) -> tuple[tuple[IdentityKind, str], ...]:
        return tuple(
            (kind, value)
            for kind, read_, column in self._identities
            if (text := read_(cells)) and (value := text_of(text, column, _LONGEST_REF))
        )

    def _must_be_someone(self, ref: str | None, left_out: Sequence[LeftOut]) -> None:
        """Without an address a row needs a ref, and an address that was no good is the reason."""
        unusable = [x for x in left_out if x.column in self._address_columns]
        if unusable:
            first = unusable[0]
            raise RowError(first.reason, first.column, first.value)
        if ref is None:
            raise RowError("nothing says who the customer is: no id and no address")

    @property
    def _address_columns(self) -> set[str]:
        return {column for _, _, _, column in self._reach}

    def _stated(self, line: int, cells: Cells, left_out: list[LeftOut]) -> Fields:
        known = self._places.read(cells)
        for name, text in known.unknown:
            reason = f"it is no {name.replace('_', ' ')} we know; the row goes in without it"
            left_out.append(LeftOut(line, reason, self._columns[name], text))
        first, last = self._names.read(cells)
        return Fields(first, last, *known.values)

    def _addresses(
        self, line: int, cells: Cells, region: str | None, left_out: list[LeftOut]
    ) -> list[AddressEntry]:
        email = self._email(cells)
        first = [AddressEntry(Channel.EMAIL, *email)] if email else []
        return first + self._others(line, cells, region, left_out)

    def _others(
        self, line: int, cells: Cells, region: str | None, left_out: list[LeftOut]
    ) -> list[AddressEntry]:
        """Phones and handles; one that is none leaves the row without it."""
        found: dict[Channel, AddressEntry] = {}
        for reader_, kind, channels, column in self._reach:
            text = reader_(cells)
            if not text:
                continue
            try:
                mailable, normalised = read(kind, text, region)
            except AddressError as error:
                left_out.append(LeftOut(line, str(error), column, text))
                continue
            for channel in channels:
                found[channel] = AddressEntry(channel, mailable, normalised)
        return list(found.values())

    def _email(self, cells: Cells) -> Address | None:
        text = self._email_cell(cells)
        if not text:
            return None
        try:
            return read(AddressKind.EMAIL, text)
        except AddressError as error:
            raise RowError(f"no e-mail address: {error}", self._columns["email"], text) from None

    def _read_attributes(self, cells: Cells) -> dict[str, AttributeValue]:
        return {
            name: value
            for name, convert in self._attributes
            if (value := convert(cells)) is not None
        }

    def _suppressed(
        self, cells: Cells, addresses: list[AddressEntry]
    ) -> tuple[tuple[SuppressionEntry, ...], list[AddressEntry]]:
        entries: list[SuppressionEntry] = []
        for rule, applies in self._suppressions:
            if applies(cells):
                entries += suppress(rule, addresses)
                addresses = mark(rule, addresses)
        return tuple(entries), addresses


def _unless_wrong(read_: Callable[[Cells], _Read | None], cells: Cells) -> _Read | None:
    try:
        return read_(cells)
    except RowError:
        return None


def _readers(fields: Mapping[FieldName, Value], headers: Headers) -> dict[FieldName, Reader]:
    return {name: read for name, value in fields.items() if (read := reader(value, headers))}
