"""What the rest of the business tells: purchases, visits, calls, questions. One rule for the events
API and for files, and the words in which an event is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
    model_validator,
)

from campaigns.domain.written import Frozen

#: Events in one request, and in one transaction.
MOST_EVENTS: Final = 500
#: How far a teller's clock may run ahead of ours.
AHEAD: Final = timedelta(minutes=5)
#: How long an event of a device that nobody is known to use is kept.
DEVICE_WAITS: Final = timedelta(days=30)
_OLDEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
#: A field of its own: analyses read it as a number, so it must not come in as anything else.
_RESERVED: Final = ("amount", "currency", "source")
_LARGEST: Final = 2**53  # beyond it JSON readers round
_LONGEST: Final = 500
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ]")
_SOURCE: Final = re.compile(r"[a-z][a-z0-9_-]{0,19}")


def _instant(value: object) -> object:
    # A number would be read as seconds since 1970, also one written as a text.
    if not isinstance(value, datetime) and not (isinstance(value, str) and _DAY.match(value)):
        raise ValueError("write it as 2027-03-31T18:30:00Z, with its offset")
    return value


def _clean(text: str) -> str:
    if "\0" in text:
        raise ValueError("it holds a NUL")
    return text


def _scalar(value: object) -> object:
    """One plain value, bounded, as every database and reader keeps it."""
    if isinstance(value, str):
        if len(value) > _LONGEST:
            raise ValueError(f"it is longer than {_LONGEST} characters")
        return _clean(value)
    if value is not None and not isinstance(value, bool | int | float):
        raise ValueError("it is no text, number, yes or no")
    if isinstance(value, int | float) and not abs(value) <= _LARGEST:
        raise ValueError("the number is too large")
    return value


Name = Annotated[str, StringConstraints(min_length=1, max_length=254), AfterValidator(_clean)]
Scalar = Annotated[
    str | int | float | bool | None,
    PlainValidator(_scalar),
    WithJsonSchema({"type": ["string", "number", "boolean", "null"], "maxLength": _LONGEST}),
]


class Who(Frozen):
    """The customer, by exactly one of what is known of them; and the device, beside it or alone."""

    model_config = ConfigDict(strict=True)

    ref: Name | None = Field(None, description="your own customer id")
    email: Name | None = None
    phone: Name | None = Field(None, description="with its country code, such as +34 600 000 000")
    handle: Name | None = Field(None, description="on X, with or without the @")
    device: Name | None = Field(
        None,
        description="an app's, a browser's or a till's own id. Beside one of the others it finds "
        "this customer from now on; alone it names whoever is known to use it, and else the event "
        f"waits {DEVICE_WAITS.days} days for somebody to be",
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        told = len(self.told())
        if told > 1 or (told == 0 and self.device is None):
            raise ValueError("name the customer by exactly one of ref, email, phone, handle")
        return self

    def told(self) -> dict[str, str]:
        """By what the customer is named, apart from the device."""
        return {k: v for k, v in self.model_dump(exclude={"device"}).items() if v is not None}


class BusinessEvent(Frozen):
    """One event. The same id from the same source is the same event, however often it is told."""

    id: Annotated[str, StringConstraints(pattern=r"^[!-~]{1,50}$")] = Field(
        description="unique in its source: a receipt's or ticket's number, a UUID"
    )
    kind: Literal["purchased", "visited", "called", "asked"] = Field(
        description="purchased; visited: the shop or the web site; called: by telephone; "
        "asked: a ticket or question put to service"
    )
    at: Annotated[AwareDatetime, BeforeValidator(_instant)] = Field(
        description="when it happened, with its offset"
    )
    customer: Who
    channel: Literal["email", "sms", "whatsapp", "x_dm"] | None = Field(
        None,
        description="where it happened on a channel of the brand; purchases count as answers there",
    )
    amount: Annotated[float, Field(allow_inf_nan=False, ge=-1e12, le=1e12)] | None = Field(
        None, description="what was paid; below zero for what was paid back"
    )
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] | None = None
    data: dict[Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")], Scalar] = (
        Field(default_factory=dict, max_length=20, description="small facts: shop, product, page")
    )

    @model_validator(mode="after")
    def _amounts(self) -> Self:
        if (self.amount is None) != (self.currency is None):
            raise ValueError("amount and currency go together")
        if reserved := [name for name in _RESERVED if name in self.data]:
            raise ValueError(f"`{reserved[0]}` is no name for a small fact")
        return self

    def facts(self, source: str) -> dict[str, Any]:
        """What is kept beside kind and time."""
        paid = {} if self.amount is None else {"amount": self.amount, "currency": self.currency}
        return {**self.data, **paid, "source": source}


class Result(StrEnum):
    """What became of one event."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    WAITING = "waiting"  # on disk, until it is known who uses the device
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class EventResult:
    """The answer for one event, in the order in which they were told; `reason` of a refusal."""

    id: str | None
    result: Result
    reason: str | None = None


def refused(id_: str | None, reason: str) -> EventResult:
    """An event that is not kept, and why."""
    return EventResult(id_, Result.REFUSED, reason)


def read_event(raw: object, now: datetime) -> BusinessEvent | EventResult:
    """One event as it was told, or its refusal, which repeats no value."""
    try:
        event = BusinessEvent.model_validate(raw)
    except ValidationError as error:
        return refused(_id_of(raw), _sentence(error))
    if event.at > now + AHEAD:
        return refused(event.id, "at: it lies in the future")
    if event.at < _OLDEST:
        return refused(event.id, "at: it lies before the year 2000")
    return event


def source_key(source: str, id_: str) -> str:
    """By which an event is known again, among those of all sources."""
    return f"event:{source}:{id_}"


def is_source(name: str) -> bool:
    """Whether this can name who tells events: `till`, `web-shop`."""
    return _SOURCE.fullmatch(name) is not None


def _id_of(raw: object) -> str | None:
    id_ = raw.get("id") if isinstance(raw, Mapping) else None
    return id_[:50] if isinstance(id_, str) else None


def _sentence(error: ValidationError) -> str:
    found = error.errors(include_url=False, include_context=False, include_input=False)
    told = dict.fromkeys(_one(e["loc"], e["msg"], e["type"]) for e in found[:5])
    return "; ".join(told)


#: What the library would say in its own terms.
_SAID: Final = {
    "extra_forbidden": "there is no such field",
    "timezone_aware": "write it as 2027-03-31T18:30:00Z, with its offset",
    "model_type": "write an object, with names and values",
    "missing": "it is missing",
    "float_parsing": "write a number, such as 49.90",
}


def _one(place: tuple[int | str, ...], message: str, kind: str) -> str:
    """Names of unknown fields are the teller's own words: shortened, as values are left out."""
    message = _SAID.get(kind, message)
    named = ".".join(str(p)[:40] for p in place[:2])
    words = message.removeprefix("Value error, ")
    return f"{named}: {words}" if named else words
