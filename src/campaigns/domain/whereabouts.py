"""Where a customer may be: the time zones that an hour has to suit.

A zone that is known is believed, with one exception: a number of the North American plan (+1) is
also where its area code says, whatever else is known, since the law there (TCPA) goes by the
called party's place and the area code is what a court sees first. An unknown zone is every zone
that is possible: of the number (phonenumbers), else of the country (CLDR, by Babel).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TypeAlias
from zoneinfo import ZoneInfo

import phonenumbers
from babel.core import get_global
from phonenumbers.timezone import time_zones_for_number

from campaigns.domain.channel import AddressKind, Channel

#: IANA names, sorted, never empty.
Zones: TypeAlias = tuple[str, ...]

_NORTH_AMERICA = "+1"


def zones(
    channel: Channel, address: str, *, time_zone: str | None, country: str | None, home: str
) -> Zones:
    """The zones in which this customer may be. `home` is the brand's, for those of whom neither
    zone nor number nor country is known."""
    by_phone = channel.address_kind is AddressKind.PHONE
    known = known_zone(time_zone)
    if by_phone and address.startswith(_NORTH_AMERICA):
        return tuple(sorted({*known, *zones_of_number(address)})) or (home,)
    return known or (by_phone and zones_of_number(address)) or zones_of_country(country) or (home,)


@lru_cache(maxsize=1_000)
def known_zone(name: str | None) -> Zones:
    """The zone, if there is one of this name; else nothing."""
    return (name,) if name is not None and zone(name) is not None else ()


@lru_cache(maxsize=1_000)
def zone(name: str) -> ZoneInfo | None:
    """The zone of this name; None if there is none."""
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):  # no such zone; a folder; no name at all
        return None


@lru_cache(maxsize=20_000)
def zones_of_number(number: str) -> Zones:
    """All zones where a phone number (E.164) may ring, by its prefix; nothing if unknown."""
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return ()
    return _valid(time_zones_for_number(parsed))


@lru_cache(maxsize=300)
def zones_of_country(country: str | None) -> Zones:
    """All zones of a country (ISO 3166); nothing if that is unknown."""
    return _valid(get_global("territory_zones").get(country or "", ()))


def _valid(names: object) -> Zones:
    assert isinstance(names, list | tuple)
    return tuple(sorted({n for n in names if n != "Etc/Unknown" and zone(n) is not None}))
