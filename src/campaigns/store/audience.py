"""The audience filter as SQL: listed fields and operators, bound values, no text from a file.

Every condition is true or false, never unknown: a customer without a value fulfils `not_eq`,
`not_in`, `not_within_days` and `exists: false`, and nothing else. So `not:` is the exact opposite.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import ge, gt, le, lt
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, and_, false, func, not_, or_, true

from campaigns.domain.audience import (
    MAX_DEPTH,
    AllOf,
    AnyOf,
    Audience,
    AudienceFilter,
    Condition,
    Everyone,
    FieldFilter,
    NotOf,
    Scalar,
    depth,
)
from campaigns.errors import UserError
from campaigns.store import schema
from campaigns.store.attribute_sql import AttributeSql, Kind, language
from campaigns.store.bulk import Dialect
from campaigns.store.clock import to_ms

_Comparison: TypeAlias = Callable[[Any, Any], ColumnElement[bool]]
_COMPARISONS: dict[str, _Comparison] = {
    "gt": gt,
    "gte": ge,
    "lt": lt,
    "lte": le,
}
_OPPOSITES = {"not_eq": "eq", "not_in": "in_", "not_within_days": "within_days"}
_ATTRIBUTE = "attributes."
_NAME = re.compile(r"[\w][\w .-]{0,79}")


def where(
    audience: Audience | AudienceFilter, *, now: datetime, dialect: Dialect
) -> ColumnElement[bool]:
    """The clause over `customers`. `now` is the moment that `within_days` counts back from.

    Raises UserError naming the field, for an operator or a value that does not suit it.
    """
    if depth(audience) > MAX_DEPTH:
        raise UserError(f"the audience filter is nested deeper than {MAX_DEPTH}; flatten it")
    return _node(audience, _Here(now, dialect))


@dataclass(frozen=True)
class _Here:
    now: datetime
    dialect: Dialect


def _node(node: Audience | AudienceFilter, here: _Here) -> ColumnElement[bool]:
    match node:
        case Everyone():
            return true()
        case AllOf():
            return and_(true(), *(_node(n, here) for n in node.all))
        case AnyOf():
            return or_(false(), *(_node(n, here) for n in node.any))
        case NotOf():
            return not_(_node(node.not_, here))
        case FieldFilter():
            ((name, condition),) = node.root.items()
            return _condition(name, condition, here)


def _condition(name: str, condition: Condition, here: _Here) -> ColumnElement[bool]:
    given = condition.model_dump(include=condition.model_fields_set)
    field = _field(name, here)
    return and_(true(), *(field.clause(op, v) for op, v in given.items() if v is not None))


class _Field(ABC):
    """One field of a filter: which operators and values suit it, and their SQL."""

    def __init__(self, name: str, here: _Here) -> None:
        self.name = name
        self.here = here

    def clause(self, operator: str, value: Any) -> ColumnElement[bool]:
        """One operator of the condition."""
        if operator in _OPPOSITES:
            return not_(self.clause(_OPPOSITES[operator], value))
        match operator:
            case "exists":
                return self.present() if value else not_(self.present())
            case "eq":
                return self.one_of([value])
            case "in_":
                return self.one_of(value)
            case "within_days":
                return self.within(value)
            case _:
                return self.compared(operator, value)

    @abstractmethod
    def present(self) -> ColumnElement[bool]:
        """The customer has a value."""

    def one_of(self, values: Sequence[Scalar]) -> ColumnElement[bool]:
        """The value is one of these; false where there is none."""
        raise self.unsuited(
            f"a list of values such as {values[0]!r}; compare with gt, gte, lt, lte"
        )

    def compared(self, operator: str, value: Scalar) -> ColumnElement[bool]:
        """The value compares so; false where there is none."""
        raise self.unsuited(f"`{operator}: {value}`; use eq, in, not_eq, not_in or exists")

    def within(self, days: int) -> ColumnElement[bool]:
        """The value is a date of the last so many days; false where there is none."""
        raise self.unsuited(f"`within_days: {days}`, because it is no date")

    def unsuited(self, what: str) -> UserError:
        """The error for what this field cannot do."""
        return UserError(f"the audience field `{self.name}` does not take {what}")


class _Text(_Field):
    def __init__(self, name: str, here: _Here, column: ColumnElement[Any]) -> None:
        super().__init__(name, here)
        self._column = column

    def present(self) -> ColumnElement[bool]:
        return self._column.is_not(None)

    def one_of(self, values: Sequence[Scalar]) -> ColumnElement[bool]:
        for value in values:
            if not isinstance(value, str):
                raise self.unsuited(f"{value!r}; it is text, so write it in quotes")
        return func.coalesce(self._column.in_(values), false())


class _Moment(_Field):
    """`last_purchase`: compares with ISO dates, which begin at midnight UTC."""

    _column = schema.customers.c.last_purchase_at

    def present(self) -> ColumnElement[bool]:
        return self._column.is_not(None)

    def compared(self, operator: str, value: Scalar) -> ColumnElement[bool]:
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError as error:
            raise self.unsuited(f"{value!r}; write a date such as 2027-03-31") from error
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return func.coalesce(_COMPARISONS[operator](self._column, to_ms(aware)), false())

    def within(self, days: int) -> ColumnElement[bool]:
        since = to_ms(self.here.now - timedelta(days=days))
        return func.coalesce(self._column >= since, false())


class _Attribute(_Field):
    """`attributes.<name>`: compares with values of the same JSON type only, so 10 is never "10"."""

    def __init__(self, name: str, here: _Here) -> None:
        super().__init__(name, here)
        key = name.removeprefix(_ATTRIBUTE)
        if not _NAME.fullmatch(key):
            raise UserError(f"`{name}` is no attribute's name: use letters, digits, `_`, `-`, `.`")
        self._sql = AttributeSql(here.dialect, key)

    def present(self) -> ColumnElement[bool]:
        return self._sql.present()

    def one_of(self, values: Sequence[Scalar]) -> ColumnElement[bool]:
        found = (self._sql.value(Kind.of(v)) == self._sql.bound(v) for v in values)
        return func.coalesce(or_(false(), *found), false())

    def compared(self, operator: str, value: Scalar) -> ColumnElement[bool]:
        kind = Kind.of(value)
        if kind is Kind.BOOL:
            raise self.unsuited(f"`{operator}` with yes or no")
        compare = _COMPARISONS[operator]
        return func.coalesce(compare(self._sql.value(kind), self._sql.bound(value)), false())

    def within(self, days: int) -> ColumnElement[bool]:
        text = self._sql.value(Kind.TEXT)
        day = (self.here.now - timedelta(days=days)).astimezone(UTC).date().isoformat()
        return func.coalesce(and_(text.like("____-__-__%"), text >= day), false())


def _field(name: str, here: _Here) -> _Field:
    if name.startswith(_ATTRIBUTE):
        return _Attribute(name, here)
    if name == "last_purchase":
        return _Moment(name, here)
    if name == "language":
        return _Text(name, here, language(here.dialect))
    return _Text(name, here, schema.customers.c[name])
