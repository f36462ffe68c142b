"""Telling an export by its headers. Each mapping in `recognised/` says which are its own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from campaigns.errors import FileError
from campaigns.sources.headers import Headers, fold
from campaigns.sources.mapping import MappingFile, Recognise, Value
from campaigns.yaml_files.document import read_document
from campaigns.yaml_files.validate import validate

_FOLDER = Path(__file__).parent / "recognised"


@cache
def shipped() -> tuple[MappingFile, ...]:
    """The mappings that come with the product."""
    files = sorted(_FOLDER.glob("*.yaml"))
    return tuple(validate(read_document(path), MappingFile) for path in files)


def recognise(path: Path, headers: Headers) -> MappingFile:
    """The shipped mapping for these headers: of several, the one that asks for most of them.

    Raises FileError when there is none, naming the headers and the way out; and for exports that
    hold no customers.
    """
    fitting = [m for m in shipped() if m.recognise and _fits(m, m.recognise, headers)]
    if not fitting:
        raise _unrecognised(path, headers)
    best = max(fitting, key=lambda m: len(m.recognise.headers) if m.recognise else 0)
    if best.refuse:
        raise FileError(f"this is {best.title}: {best.refuse}", path=path)
    return best


def columns_of(mapping: MappingFile) -> Iterable[str]:
    """Every column a mapping reads."""
    values: list[Value | None] = [mapping.ref, *mapping.fields.values()]
    values += mapping.attributes.values()
    for consent in mapping.consents:
        values += [consent.at, None if isinstance(consent.granted, bool) else consent.granted]
        yield from consent.proof
    for interaction in mapping.interactions:
        values += [interaction.count, interaction.at]
    yield from (s.column for s in mapping.suppressions if s.column)
    for value in values:
        yield from value.column if value else ()


def _fits(mapping: MappingFile, told: Recognise, headers: Headers) -> bool:
    if _missing(told, headers) or any(name in headers for name in told.without):
        return False
    return not told.exact or not unused(mapping, headers)


def unused(mapping: MappingFile, headers: Headers) -> list[str]:
    """The file's columns that the mapping does not read."""
    used = {headers.find(name) for name in columns_of(mapping)}
    return [name for name in headers.names if headers.find(name) not in used]


def _missing(told: Recognise, headers: Headers) -> list[Sequence[str]]:
    return [names for names in told.headers if not any(n in headers for n in names)]


def _unrecognised(path: Path, headers: Headers) -> FileError:
    if data := headers.data_instead():
        return no_header(path, data)
    return FileError(
        "these are not the headers of an export we know. Found: "
        f"{', '.join(headers.names)}. {_nearest(headers)}"
        "Say which column is what in a mapping file and pass it with --mapping; "
        f"docs/importing.md shows how. It may begin:\n{_beginning(headers)}",
        path=path,
        line=1,
    )


def no_header(path: Path, column: int) -> FileError:
    """The first row is data already. The cell is not repeated: it may be a customer's address,
    and this message also stands on Prefect's pages."""
    return FileError(
        f"there is no header row: cell {column} of the first row holds an address or a number, "
        "not a name. Put the names of the columns in a row above it.",
        path=path,
        line=1,
    )


def _nearest(headers: Headers) -> str:
    """The known export that has most of these columns, and what it lacks."""
    customers = [m for m in shipped() if m.recognise and not m.refuse]
    scores = {m.title: len(headers.names) - len(unused(m, headers)) for m in customers}
    best = max(customers, key=lambda m: scores[m.title])
    if not scores[best.title] or best.recognise is None:
        return ""
    lacking = [names[0] for names in _missing(best.recognise, headers)]
    if lacking:
        return f"Nearest: {best.title}, which also has {', '.join(lacking)}. "
    return f"Nearest: {best.title}, which has no {', '.join(unused(best, headers)[:5])}. "


def _beginning(headers: Headers) -> str:
    """The first lines of a mapping for this file, with its own columns as far as names tell."""
    plain = next(m for m in shipped() if m.title == "a plain list of contacts")
    found = {
        field: next((n for n in headers.names for one in value.column if fold(n) == fold(one)), "")
        for field, value in plain.fields.items()
        if isinstance(value, Value)
    }
    found["email"] = found["email"] or _like_email(headers)
    fields = "".join(f"    {field}: {_quoted(name)}\n" for field, name in found.items() if name)
    return (
        "  defaults: {locale: es_ES, country: ES}\n"
        f"  fields:\n{fields}"
        "  consents:\n"
        "    - {channel: email, granted: {column: ⟨column with yes and no⟩}}"
    )


def _like_email(headers: Headers) -> str:
    alike = (n for n in headers.names if "mail" in n.lower() or "corr" in n.lower())
    return next(alike, headers.names[0])


def _quoted(name: str) -> str:
    """As YAML reads it as a text."""
    return name if re.fullmatch(r"[^\W\d][\w .-]*", name) else json.dumps(name, ensure_ascii=False)
