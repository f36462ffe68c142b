"""The few expressions of the audience filter that SQLite and PostgreSQL write differently."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Numeric,
    Text,
    and_,
    case,
    cast,
    func,
    literal,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

from campaigns.domain.audience import Scalar
from campaigns.store.bulk import Dialect
from campaigns.store.schema import customers


class Kind(Enum):
    """A JSON scalar's type: what an attribute is compared as."""

    TEXT = "text"
    NUMBER = "number"
    BOOL = "bool"

    @classmethod
    def of(cls, value: Scalar) -> Kind:
        """The kind of a value from a campaign file."""
        if isinstance(value, bool):
            return cls.BOOL
        return cls.TEXT if isinstance(value, str) else cls.NUMBER


_SQLITE_TYPES = {
    Kind.TEXT: ("text",),
    Kind.NUMBER: ("integer", "real"),
    Kind.BOOL: ("true", "false"),
}
_POSTGRES_TYPES: dict[Kind, tuple[str, TypeEngine[Any]]] = {
    Kind.TEXT: ("string", Text()),
    Kind.NUMBER: ("number", Numeric()),
    Kind.BOOL: ("boolean", Boolean()),
}


@dataclass(frozen=True)
class AttributeSql:
    """One attribute in one dialect."""

    dialect: Dialect
    name: str

    def value(self, kind: Kind) -> ColumnElement[Any]:
        """The attribute's value if it is of this kind, else NULL."""
        if self.dialect == "sqlite":
            path = f'$."{self.name}"'
            of_kind = func.json_type(customers.c.attributes, path).in_(_SQLITE_TYPES[kind])
            return case((of_kind, func.json_extract(customers.c.attributes, path)))
        word, sql_type = _POSTGRES_TYPES[kind]
        element = _jsonb(customers.c.attributes).op("->")(self.name)
        text = _jsonb(customers.c.attributes).op("->>")(self.name)
        # CASE and not AND: PostgreSQL may cast first and stumble over a value of another kind.
        typed = case((func.jsonb_typeof(element) == word, cast(text, sql_type)))
        return typed.collate("C") if kind is Kind.TEXT else typed

    def bound(self, value: Scalar) -> ColumnElement[Any]:
        """A value to compare with; numbers exactly as they were written."""
        if self.dialect == "postgresql" and Kind.of(value) is Kind.NUMBER:
            return cast(literal(str(value)), Numeric())
        return literal(value)

    def present(self) -> ColumnElement[bool]:
        """The customer has a value that is not null."""
        if self.dialect == "sqlite":
            found = func.json_type(customers.c.attributes, f'$."{self.name}"')
        else:
            found = func.jsonb_typeof(_jsonb(customers.c.attributes).op("->")(self.name))
        return and_(found.is_not(None), found != "null")


def language(dialect: Dialect) -> ColumnElement[Any]:
    """`ca` of the locale `ca_ES`."""
    locale = customers.c.locale
    if dialect == "sqlite":
        return func.substr(locale, 1, func.instr(locale + "_", "_") - 1)
    return func.split_part(locale, "_", 1)


def _jsonb(column: Column[Any]) -> ColumnElement[Any]:
    return cast(column, JSONB())
