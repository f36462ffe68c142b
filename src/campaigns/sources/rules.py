"""The parts of a mapping as functions of one row's cells, made once per file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol, TypeAlias

from campaigns.domain.customer import AddressStatus, AttributeSpec, AttributeValue
from campaigns.domain.intake import AddressEntry, ConsentEntry, PastInteractions, SuppressionEntry
from campaigns.sources.cells import (
    RowError,
    answer,
    integer,
    moment,
    number,
    reader,
    text_of,
)
from campaigns.sources.headers import Headers, fold
from campaigns.sources.mapping import ConsentRule, InteractionRule, SuppressionRule, Value

Cells: TypeAlias = Sequence[str]
#: The place of a row as proofs name it: `customers.csv:12`.
Place: TypeAlias = str

_MAX_EVENTS = 500
_MAX_PROOF = 100


class ConsentReader(Protocol):
    """Reads a row's entry under one rule. `undated`: its date is not to be read."""

    def __call__(
        self, cells: Cells, place: Place, *, undated: bool = False
    ) -> ConsentEntry | None: ...


def consent_of(rule: ConsentRule, headers: Headers, now: datetime) -> ConsentReader | None:
    """A row's entry under one rule; None where the file lacks the column."""
    granted = _granted(rule, headers)
    if granted is None:
        return None
    at = _moment_of(rule.at, headers, now)
    evidence = [(name, i) for name in rule.proof if (i := headers.find(name)) is not None]
    matter = (rule.channel, rule.purpose, rule.topic)

    def read(cells: Cells, place: Place, *, undated: bool = False) -> ConsentEntry | None:
        yes = granted(cells)
        if yes is None:
            return None
        said_at = at(cells) if at and not undated else None
        proof = place if said_at else f"{place}, no date in the export"
        for name, position in evidence:
            if cells[position]:
                proof += f", {name} {cells[position][:_MAX_PROOF]}"
        return ConsentEntry(matter, yes, said_at, proof)

    return read


def no_of(read: ConsentReader, cells: Cells, place: Place) -> ConsentEntry | None:
    """The no under one rule of a row that is refused, if it can be read: without its date, where
    that is what is wrong."""
    for undated in (False, True):
        try:
            entry = read(cells, place, undated=undated)
        except RowError:
            continue
        return None if entry is None or entry.granted else entry
    return None


def _granted(rule: ConsentRule, headers: Headers) -> Callable[[Cells], bool | None] | None:
    if isinstance(rule.granted, bool):
        everyone = rule.granted
        return lambda _: everyone
    read = reader(rule.granted, headers)
    if read is None:
        return None
    word = answer(rule.granted)
    return lambda cells: word(text) if (text := read(cells)) else None


def _moment_of(
    value: Value | None, headers: Headers, now: datetime
) -> Callable[[Cells], datetime | None] | None:
    read = reader(value, headers) if value else None
    if value is None or read is None:
        return None
    parse = moment(value, now)
    return lambda cells: parse(read(cells))


def suppression_of(rule: SuppressionRule, headers: Headers) -> Callable[[Cells], bool] | None:
    """Whether a row falls under one rule; None where the file lacks the column."""
    if rule.column is None:
        return lambda _: True
    position = headers.find(rule.column)
    if position is None:
        return None
    words = [w.casefold() for w in rule.contains]

    def applies(cells: Cells) -> bool:
        cell = cells[position]
        return bool(cell) and any(w in cell.casefold() for w in words)

    return applies


def suppress(rule: SuppressionRule, addresses: list[AddressEntry]) -> list[SuppressionEntry]:
    """The entries of a rule that the row falls under."""
    kind = rule.channel.address_kind
    found = next((a for a in addresses if a.channel is rule.channel), None)
    if found is None:
        return []
    return [SuppressionEntry(kind, found.normalised, rule.purpose, rule.reason)]


def mark(rule: SuppressionRule, addresses: list[AddressEntry]) -> list[AddressEntry]:
    """The addresses with the status that the rule gives."""
    status: AddressStatus | None = rule.status
    if status is None:
        return addresses
    return [a._replace(status=status) if a.channel is rule.channel else a for a in addresses]


def interactions_of(
    rule: InteractionRule, file_name: str, headers: Headers, now: datetime
) -> Callable[[Cells], PastInteractions | None] | None:
    """What a row tells of the past under one rule; None where the file lacks a column."""
    count = reader(rule.count, headers)
    at = _moment_of(rule.at, headers, now)
    if count is None or at is None:
        return None
    name, kind, channel = f"{file_name}.{rule.key}", rule.kind, rule.channel
    counted = rule.count

    def read(cells: Cells) -> PastInteractions | None:
        text = count(cells)
        if not text or text == "0":
            return None
        times = integer(text, counted)
        column = counted.column[0] if counted.column else ""
        if not 0 <= times <= _MAX_EVENTS:
            raise RowError(f"a count goes from 0 to {_MAX_EVENTS}", column, text)
        moment_ = at(cells)
        if moment_ is None:
            if counted.constant is not None:
                return None
            raise RowError("there is a count but no date for it", column, text)
        return PastInteractions(name, kind, channel, times, moment_) if times else None

    return read


def attribute_of(
    name: str, value: Value, spec: AttributeSpec, headers: Headers
) -> Callable[[Cells], AttributeValue] | None:
    """A row's value of one attribute, typed as it is declared; None: not said."""
    read = reader(value, headers)
    if read is None:
        return None
    convert = _typed(name, value, spec)
    return lambda cells: convert(text) if (text := read(cells)) else None


def _typed(name: str, value: Value, spec: AttributeSpec) -> Callable[[str], AttributeValue]:
    column = value.column[0] if value.column else name
    match spec.type:
        case "bool":
            return answer(value)
        case "integer":
            return lambda text: integer(text, value)
        case "number":
            return lambda text: number(text, value)
        case "date":
            return lambda text: _date(text, value)
        case "choice":
            return _choice(spec, column)
        case "text":
            return lambda text: text_of(text, column, spec.max_length)


def _choice(spec: AttributeSpec, column: str) -> Callable[[str], AttributeValue]:
    choices = {fold(c): c for c in spec.choices}

    def choose(text: str) -> AttributeValue:
        chosen = choices.get(fold(text))
        if chosen is None:
            raise RowError(f"the cell is none of {', '.join(spec.choices)}", column, text)
        return chosen

    return choose


def _date(text: str, value: Value) -> str:
    """A day, as ISO text: birthdays have no zone, and a coming date is no mistake."""
    for pattern in value.date:
        try:
            return datetime.strptime(text, pattern).date().isoformat()  # noqa: DTZ007
        except ValueError:
            continue
    try:
        return datetime.fromisoformat(text).date().isoformat()
    except ValueError:
        wanted = " or ".join(value.date) or "2027-03-31"
        column = value.column[0] if value.column else ""
        raise RowError(f"it is no date of the form {wanted}", column, text) from None
