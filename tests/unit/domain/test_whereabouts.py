"""Where a customer may be, from what is known."""

from __future__ import annotations

import pytest

from campaigns.domain.channel import Channel
from campaigns.domain.whereabouts import zone, zones, zones_of_country, zones_of_number

E, S, W, D = Channel.EMAIL, Channel.SMS, Channel.WHATSAPP, Channel.X_DM
HOME = "Europe/Madrid"
#: A number whose area code is New York's, one of a freephone range, a Spanish and a British one;
#: the British one is of the range for drama, which phonenumbers calls unassigned.
NEW_YORK, ANYWHERE = "+12125550123", "+15005550006"
SPAIN, DRAMA = "+34600000120", "+447700900123"


@pytest.mark.parametrize(
    ("channel", "address", "time_zone", "country", "expected"),
    [
        (E, "a@example.com", "Asia/Tokyo", "ES", ("Asia/Tokyo",)),
        (E, "a@example.com", None, "JP", ("Asia/Tokyo",)),
        (E, "a@example.com", None, "ES", ("Africa/Ceuta", "Atlantic/Canary", "Europe/Madrid")),
        (E, "a@example.com", None, None, (HOME,)),
        (E, "a@example.com", "Mars/Olympus", None, (HOME,)),
        (S, SPAIN, "Asia/Tokyo", "ES", ("Asia/Tokyo",)),
        (S, SPAIN, None, "GB", ("Atlantic/Canary", "Europe/Madrid")),
        (W, DRAMA, None, "GB", ("Europe/London",)),
        (S, DRAMA, None, None, (HOME,)),
        # Of a +1 number the area code counts, too, whatever else is known.
        (S, NEW_YORK, None, None, ("America/New_York",)),
        (S, NEW_YORK, "America/New_York", "US", ("America/New_York",)),
        (S, NEW_YORK, "America/Los_Angeles", "US", ("America/Los_Angeles", "America/New_York")),
        (W, NEW_YORK, "Europe/Madrid", "ES", ("America/New_York", "Europe/Madrid")),
        # A handle is no number.
        (D, "demo_ana", None, "GB", ("Europe/London",)),
    ],
)
def test_the_zones_are_those_that_are_possible(
    channel: Channel,
    address: str,
    time_zone: str | None,
    country: str | None,
    expected: tuple[str, ...],
) -> None:
    assert zones(channel, address, time_zone=time_zone, country=country, home=HOME) == expected


def test_a_number_without_an_area_may_ring_in_all_of_its_plan() -> None:
    found = zones_of_number(ANYWHERE)
    assert {"America/New_York", "America/Los_Angeles", "Pacific/Honolulu"} <= set(found)


@pytest.mark.parametrize("number", ["", "+", "12", "no number", "+999123456"])
def test_what_is_no_number_tells_nothing(number: str) -> None:
    assert zones_of_number(number) == ()


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../etc/passwd", "/etc", "Europe", "a" * 300])
def test_what_is_no_zone_is_none(name: str) -> None:
    assert zone(name) is None


def test_an_unknown_country_tells_nothing() -> None:
    assert zones_of_country("XX") == zones_of_country(None) == ()
