"""The audience: who a campaign is for, as a typed filter over profiles.

A filter is data, never code: fields and operators are listed here, values are bound, and the
tree is at most `MAX_DEPTH` deep, so a campaign file cannot smuggle a query in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, RootModel, Tag, model_validator

from campaigns.domain.written import Frozen

MAX_DEPTH = 8
Scalar = str | int | float | bool

#: Columns of a customer that a filter may name. Anything else must be `attributes.<name>`.
FIELDS = ("country", "locale", "language", "time_zone", "preferred_channel", "last_purchase", "ref")


class Condition(Frozen):
    """What must hold of one field; all given operators must hold.

    `within_days` counts back from the run's start and is for dates only (`last_purchase`).
    """

    eq: Scalar | None = None
    not_eq: Scalar | None = None
    in_: Annotated[tuple[Scalar, ...] | None, Field(alias="in")] = None
    not_in: tuple[Scalar, ...] | None = None
    gt: Scalar | None = None
    gte: Scalar | None = None
    lt: Scalar | None = None
    lte: Scalar | None = None
    within_days: Annotated[int | None, Field(ge=1, le=36500)] = None
    not_within_days: Annotated[int | None, Field(ge=1, le=36500)] = None
    exists: bool | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Condition:
        if not self.model_fields_set:
            raise ValueError("a condition needs an operator, such as {eq: ES} or {in: [ES, AD]}")
        return self


class FieldFilter(RootModel[dict[str, Condition]]):
    """`{country: {in: [ES, AD]}}`: exactly one field and its condition."""

    model_config = ConfigDict(frozen=True)

    @model_validator(mode="after")
    def _one_known_field(self) -> FieldFilter:
        if len(self.root) != 1:
            raise ValueError("name one field per filter; put several under `all:`")
        (name,) = self.root
        if name not in FIELDS and not name.startswith("attributes."):
            allowed = ", ".join(FIELDS)
            raise ValueError(f"unknown field `{name}`; allowed: {allowed}, attributes.<name>")
        return self


class AllOf(Frozen):
    all: tuple[AudienceFilter, ...]


class AnyOf(Frozen):
    any: tuple[AudienceFilter, ...]


class NotOf(Frozen):
    not_: Annotated[AudienceFilter, Field(alias="not")]


def _node_kind(value: Any) -> str:
    """Which kind of node was meant, so that an error speaks of that kind alone."""
    if isinstance(value, BaseModel):
        return _KINDS[type(value)]
    if isinstance(value, Mapping):
        return next((key for key in ("all", "any", "not") if key in value), "field")
    return "everyone" if isinstance(value, str) else "field"


_All = Annotated[AllOf, Tag("all")]
_Any = Annotated[AnyOf, Tag("any")]
_Not = Annotated[NotOf, Tag("not")]
_FieldTag = Annotated[FieldFilter, Tag("field")]

AudienceFilter = Annotated[_All | _Any | _Not | _FieldTag, Discriminator(_node_kind)]


class Everyone(RootModel[Literal["everyone"]]):
    """`audience: everyone`: no filter at all, said in so many words."""

    model_config = ConfigDict(frozen=True)


_KINDS: dict[type[BaseModel], str] = {
    AllOf: "all",
    AnyOf: "any",
    NotOf: "not",
    FieldFilter: "field",
    Everyone: "everyone",
}

Audience = Annotated[
    Annotated[Everyone, Tag("everyone")] | _All | _Any | _Not | _FieldTag,
    Discriminator(_node_kind),
]

for _model in (AllOf, AnyOf, NotOf):
    _model.model_rebuild()


def depth(node: Audience | AudienceFilter) -> int:
    """How deep the tree is; loading refuses more than `MAX_DEPTH`."""
    match node:
        case AllOf():
            return 1 + max((depth(n) for n in node.all), default=0)
        case AnyOf():
            return 1 + max((depth(n) for n in node.any), default=0)
        case NotOf():
            return 1 + depth(node.not_)
        case _:
            return 1
