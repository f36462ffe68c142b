"""Slots: a customer's values, validated and written in the skeleton's locale.

Everything that depends on the skeleton alone is worked out once, by `Writer`; per customer only
the values are looked at. No error here repeats a value: it may be personal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Final, TypeAlias

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal

from campaigns.domain.facts import plain
from campaigns.domain.message import Skeleton, Slot, SlotType
from campaigns.errors import CampaignsError

_Convert: TypeAlias = Callable[[object], str]

#: Control characters, line and paragraph separators, and marks that turn the writing direction.
_UNSAFE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_URL: Final = re.compile(r"https://[A-Za-z0-9.-]+(:[0-9]+)?([/?#][^\s\"'<>\\`{}|^]*)?")
#: Beyond this many different numbers or dates of one slot, writing them again is no great loss.
_REMEMBERED: Final = 20_000
#: A letter outside the alphabet of SMS: a text slot must be proven for the worst.
_WIDE: Final = "Ŵ"


class SlotError(CampaignsError):
    """A customer's value does not fit its slot; the message is not made.

    Attributes:
        slot: the slot's name.
        reason: what is wrong, without the value.
    """

    def __init__(self, slot: str, reason: str) -> None:
        self.slot = slot
        self.reason = reason
        super().__init__(f"{slot}: {reason}")


class _Refused(Exception):  # noqa: N818 - a signal inside this file
    pass


def units(text: str) -> int:
    """Length in UTF-16 code units, as SMS and max_length count: an emoji is two or more."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


class Writer:
    """Writes one customer's values for one skeleton. Give it the raw values by slot name."""

    def __init__(self, skeleton: Skeleton) -> None:
        self._slots = [
            (slot.name, _converter(slot, skeleton.locale), slot.fallback)
            for slot in skeleton.slots.values()
        ]

    def write(self, raw: Mapping[str, object]) -> dict[str, str]:
        """The written values, ready for `fill`. Raises SlotError."""
        values: dict[str, str] = {}
        for name, convert, fallback in self._slots:
            value = raw.get(name)
            if value is not None and value != "":
                try:
                    written = convert(value)
                except _Refused as refusal:
                    raise SlotError(name, str(refusal)) from None
                if written:
                    values[name] = written
                    continue
            if fallback is None:
                raise SlotError(name, "the customer has no value and the copy no fallback")
            values[name] = fallback
        return values


def write_values(skeleton: Skeleton, raw: Mapping[str, object]) -> dict[str, str]:
    """One customer's written values. For many customers keep a `Writer`."""
    return Writer(skeleton).write(raw)


def write_value(slot: Slot, value: object, locale: str) -> str:
    """One value as it will stand in the message. Raises SlotError."""
    try:
        return _converter(slot, locale)(value)
    except _Refused as refusal:
        raise SlotError(slot.name, str(refusal)) from None


def _converter(slot: Slot, locale: str) -> _Convert:
    limit = slot.max_length

    def fits(written: str) -> str:
        if units(written) > limit:
            raise _Refused(f"longer than {limit} characters")
        return written

    match slot.type:
        case SlotType.TEXT:
            return lambda value: fits(_text(value))
        case SlotType.CODE:
            return lambda value: fits(_matching(value, _CODE, "letters, digits, - and _"))
        case SlotType.URL:
            return lambda value: fits(_matching(value, _URL, "an https:// address"))
        case SlotType.INTEGER:
            return _remembering(lambda value: fits(_integer(value, locale)))
        case SlotType.NUMBER:
            return _remembering(lambda value: fits(_number(_decimal(value), locale)))
        case SlotType.DATE:
            return _remembering(lambda value: fits(_date(value, locale)))


def _remembering(convert: _Convert) -> _Convert:
    known: dict[object, str] = {}

    def converted(value: object) -> str:
        if not isinstance(value, str | int | float | Decimal | date):
            raise _Refused("not a single value")
        key = (type(value), value)  # True equals 1 and must not be written as it
        written = known.get(key)
        if written is None:
            written = convert(value)
            if len(known) < _REMEMBERED:
                known[key] = written
        return written

    return converted


def _text(value: object) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise _Refused("not a text")
    if not value.isprintable() and _UNSAFE.search(value):
        raise _Refused("contains control characters")
    if "://" in value:
        # Mail and phone programs would make it a link that the brand seems to vouch for.
        raise _Refused("contains a link")
    return value.strip()


def _matching(value: object, pattern: re.Pattern[str], what: str) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise _Refused(f"not {what}")
    return value


def _decimal(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise _Refused("not a number")
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise _Refused("not a number") from None
    if not number.is_finite() or abs(number) >= Decimal(10) ** 15:
        raise _Refused("not a number that can be written")
    return number


def _integer(value: object, locale: str) -> str:
    number = _decimal(value)
    if number != number.to_integral_value():
        raise _Refused("not a whole number")
    return _number(number, locale)


def _number(number: Decimal, locale: str) -> str:
    return plain(format_decimal(number, locale=_known(locale), decimal_quantization=False))


@cache
def _known(locale: str) -> Locale:
    """Babel reads a locale's name anew for every number: a third of what writing one costs."""
    return Locale.parse(locale)


def _date(value: object, locale: str) -> str:
    try:
        day = value if isinstance(value, date) else date.fromisoformat(str(value)[:10])
    except ValueError:
        raise _Refused("not a date") from None
    return plain(format_date(day, "long", locale=locale))


def longest_value(slot: Slot, locale: str) -> str:
    """A value at least as long, and as awkward for an SMS, as any that `Writer` lets through."""
    length = max(slot.max_length, units(slot.fallback or ""))
    match slot.type:
        case SlotType.TEXT:
            return _WIDE * length
        case SlotType.URL:
            return "https://" + "w" * max(0, length - len("https://"))
        case SlotType.DATE:
            days = [_date(date(2028, month, 28), locale) for month in range(1, 13)]
            days.append(slot.fallback or "")
            # The longest day may be plain, and a shorter one hold a letter that an SMS lacks.
            widest = max(days, key=lambda text: (not text.isascii(), units(text)))
            return widest + "0" * (max(map(units, days)) - units(widest))
        case SlotType.INTEGER | SlotType.NUMBER:
            return _number(Decimal(8), locale) * length
        case SlotType.CODE:
            return "W" * length


def longest_values(skeleton: Skeleton) -> dict[str, str]:
    """Values for proving that any message made from the skeleton fits."""
    return {s.name: longest_value(s, skeleton.locale) for s in skeleton.slots.values()}
