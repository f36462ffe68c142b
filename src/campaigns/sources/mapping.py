"""The mapping file: which column of a customer file is which part of a profile.

An export that is recognised by its headers is nothing else than a mapping that comes with the
product (`recognised/*.yaml`), so there is one mechanism. docs/importing.md explains it.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator, Field, model_validator

from campaigns.domain.channel import PERSONAL_CHANNELS, Channel
from campaigns.domain.consent import ALL_TOPICS, Purpose
from campaigns.domain.customer import AddressStatus
from campaigns.domain.intake import SuppressionPurpose
from campaigns.domain.interaction import InteractionKind
from campaigns.domain.written import Frozen


def _as_word(value: object) -> object:
    """YAML reads 1 and true as what they are; a cell of a file is always text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


def _as_list(value: object) -> object:
    return value if isinstance(value, list) else [value]


Word = Annotated[str, BeforeValidator(_as_word)]
Words = Annotated[tuple[Word, ...], BeforeValidator(_as_list)]
Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,23}$")]
Topic = Annotated[str, Field(pattern=r"^(\*|[a-z][a-z0-9_-]{0,39})$")]

#: What a column may be. Everything else of a customer is an attribute.
FieldName = Literal[
    "email", "phone", "sms", "whatsapp", "x_handle",
    "first_name", "last_name", "full_name",
    "locale", "country", "time_zone", "preferred_channel",
]  # fmt: skip


class Value(Frozen):
    """Where a value comes from and how it is read. A plain column name is short for one.

    Attributes:
        column: the column; of several, the first that has a value in the row.
        constant: the same for every row, instead of a column.
        optional: the file may lack the column.
        prefix: put before the value, e.g. `crm:` to keep two systems' ids apart.
        strip_apostrophe: takes away the `'` that spreadsheets put before numbers and `+`.
        choices: cell → value, compared without case; `null` is no value.
        otherwise: for cells that are not in `choices`; without it they refuse the row.
        date: strptime formats to try; ISO 8601 without it.
        zone: for times that have none; UTC without it.
        ago: the cell is a number of days or months before the import.
        yes, no, nothing: words for true, false and no answer; the usual ones without them.
        decimal_comma: 1.234,5 is one thousand and more.
        tags: the cell is a list such as `"VIP","Blog"`; written as `VIP, Blog`.
    """

    column: Words = ()
    constant: Word | None = None
    optional: bool = False
    prefix: str = ""
    strip_apostrophe: bool = False
    choices: dict[str, Word | None] | None = None
    otherwise: Word | None = None
    date: Words = ()
    zone: str | None = None
    ago: Literal["days", "months"] | None = None
    yes: Words = ()
    no: Words = ()
    nothing: Words = ()
    decimal_comma: bool = False
    tags: bool = False

    @model_validator(mode="after")
    def _comes_from_somewhere(self) -> Value:
        if bool(self.column) == (self.constant is not None):
            raise ValueError("give `column:` (a column's name) or `constant:`, one of them")
        return self


def _as_value(value: object) -> object:
    return {"column": value} if isinstance(value, str | int | float | list) else value


Column: TypeAlias = Annotated[Value, BeforeValidator(_as_value)]


def _as_granted(value: object) -> object:
    return value if isinstance(value, bool) else _as_value(value)


class ConsentRule(Frozen):
    """What a column, or being in the file at all, says of one consent.

    Attributes:
        granted: a column with yes and no; or `true` or `false`: everyone in the file.
        at: when the customer said it. Without a date the import's time counts, and the proof
            says so.
        proof: columns to keep as evidence (the address of the opt-in, the wording).
    """

    channel: Channel
    purpose: Purpose = Purpose.MARKETING
    topic: Topic = ALL_TOPICS
    granted: Annotated[bool | Value, BeforeValidator(_as_granted)]
    at: Column | None = None
    proof: Words = ()

    @model_validator(mode="after")
    def _reaches_one_person(self) -> ConsentRule:
        if self.channel not in PERSONAL_CHANNELS:
            raise ValueError("x_post reaches the public and needs nobody's consent")
        return self


class SuppressionRule(Frozen):
    """Addresses that must not be contacted: everyone in the file, or rows whose cell says so.

    Attributes:
        contains: words in the cell, compared without case, any of them.
        status: what the address becomes besides (a hard bounce: `bounced`).
    """

    channel: Channel
    column: str | None = None
    contains: Words = ()
    purpose: SuppressionPurpose = SuppressionPurpose.ALL
    reason: Slug
    status: AddressStatus | None = None

    @model_validator(mode="after")
    def _cell_and_words(self) -> SuppressionRule:
        if bool(self.column) != bool(self.contains):
            raise ValueError("`column:` and `contains:` go together; leave out both for all rows")
        return self


class InteractionRule(Frozen):
    """What the customer did before: a number of times, last at a date.

    Attributes:
        name: tells this rule's events from another's; kind and channel without it.
        count: a column with a number, or a number. A blank cell or 0 is none.
        at: the date of the last one.
    """

    kind: InteractionKind
    channel: Channel | None = None
    name: Slug | None = None
    count: Annotated[
        Value, BeforeValidator(lambda v: {"constant": v} if isinstance(v, int) else _as_value(v))
    ] = Value(constant="1")
    at: Column

    @property
    def key(self) -> str:
        """The rule's name within its file."""
        return self.name or f"{self.kind}.{self.channel or 'shop'}"


class IdentityRule(Frozen):
    """What else finds the customer from now on.

    Attributes:
        kind: `ref`, another system's customer id; `device`, an app's or browser's own id.
        value: the column; a cell may hold one only.
    """

    kind: Literal["ref", "device"]
    value: Column


class Defaults(Frozen):
    """For new customers whose row does not say; a known customer keeps what is known.

    The country is also the one whose national phone numbers are meant.
    """

    locale: str | None = None
    country: str | None = None
    time_zone: str | None = None


class Recognise(Frozen):
    """The headers that tell an export. Names are compared without case.

    Attributes:
        headers: each must be there; of an inner list, one.
        without: none of these may be there.
        exact: every header of the file must be used or listed in `known`.
    """

    headers: tuple[Words, ...]
    without: Words = ()
    exact: bool = False
    known: Words = ()


class MappingFile(Frozen):
    """Which column is which part of a customer.

    Attributes:
        name: short word for this kind of file; two files of the same kind share it.
        ref: the column with the customer's id in your own system. Without it the e-mail address,
            else the phone, else the X handle tells who it is.
        refuse: for exports that hold no customers: what to do instead.
    """

    name: Slug | None = None
    title: str = ""
    recognise: Recognise | None = None
    refuse: str | None = None
    defaults: Defaults = Defaults()
    ref: Column | None = None
    fields: dict[FieldName, Column] = Field(default_factory=dict)
    identities: tuple[IdentityRule, ...] = ()
    attributes: dict[str, Column] = Field(default_factory=dict)
    consents: tuple[ConsentRule, ...] = ()
    suppressions: tuple[SuppressionRule, ...] = ()
    interactions: tuple[InteractionRule, ...] = ()

    @model_validator(mode="after")
    def _names_someone(self) -> MappingFile:
        if self.refuse is None and self.ref is None and not _WHO & set(self.fields):
            raise ValueError(
                "nothing says who the customer is: map `ref:`, or a field of email, "
                "phone, sms, whatsapp, x_handle"
            )
        keys = [rule.key for rule in self.interactions]
        if doubled := {k for k in keys if keys.count(k) > 1}:
            raise ValueError(
                f"two interactions are called {sorted(doubled)[0]}; give them a `name:`"
            )
        return self


_WHO = {"email", "phone", "sms", "whatsapp", "x_handle"}
