"""When one message may be sent: quiet hours and the offer's end together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.domain.audience import Everyone
from campaigns.domain.channel import Channel
from campaigns.domain.consent import Purpose
from campaigns.domain.customer import AttributeValue
from campaigns.domain.permit import UNLIMITED, Permit
from campaigns.domain.pressure import Pressure
from campaigns.domain.quiet_hours import ALWAYS, Span, Window
from campaigns.domain.release import Policy
from campaigns.domain.schedule import Place
from campaigns.domain.timing import Timing, end_of_offer

CALL = timedelta(seconds=25)
MIDNIGHT_AT_HOME = datetime(2027, 3, 31, 22, 0, tzinfo=UTC)  # in Madrid, on 31 March
POLICY = Policy(
    channels=(Channel.SMS, Channel.EMAIL),
    purpose=Purpose.MARKETING,
    topic="offers",
    audience=Everyone("everyone"),
    locales=("en_GB",),
    traits=(),
    post_locale="en_GB",
    pressure=Pressure.model_validate(
        {"quiet_hours": [{"from": "21:00", "until": "09:00", "channels": ["sms"]}]}
    ),
    home_zone="Europe/Madrid",
)
OFFER = replace(POLICY, expires_at=MIDNIGHT_AT_HOME, expires_on=date(2027, 3, 31))


@dataclass(frozen=True)
class Somebody:
    address: str = "+34600000120"
    time_zone: str | None = "Europe/Madrid"
    country: str | None = "ES"
    quiet: Span | None = None
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)


def at(text: str) -> datetime:
    """`03-10 12:00` of 2027, UTC."""
    return datetime.fromisoformat(f"2027-{text}").replace(tzinfo=UTC)


def permit(timing: Timing, now: datetime, channel: Channel = Channel.SMS, **who: object) -> Permit:
    return timing.permit(channel, Somebody(**who), now=now, lasting=CALL)  # type: ignore[arg-type]


@pytest.mark.parametrize("now", [at("03-10 12:00"), at("03-10 22:00")])
@pytest.mark.parametrize("channel", [Channel.SMS, Channel.EMAIL])
def test_those_of_a_batch_share_a_permit_only_where_their_own_is_the_same(
    now: datetime, channel: Channel
) -> None:
    many = [
        Somebody(address, zone, country, quiet)
        for address in ("+34600000120", "+12125550123", "+13105550123")
        for zone in (None, "Europe/Madrid", "Asia/Tokyo")
        for country in (None, "ES", "US")
        for quiet in (None, (1200, 540))
    ]
    timing = Timing(OFFER)
    hours = timing.at(channel, now=now, lasting=CALL)
    found = [hours.permit(somebody) for somebody in many]
    assert found == [timing.permit(channel, s, now=now, lasting=CALL) for s in many]
    assert found == [hours.permit(somebody) for somebody in many]
    assert len(set(found)) > 2


def test_what_is_written_at_night_may_go_in_the_morning() -> None:
    found = permit(Timing(POLICY), at("03-10 22:00"))
    assert found == Permit(Window(at("03-11 08:00"), at("03-11 20:00")))
    assert found.last_moment == at("03-11 20:00")


def test_e_mail_has_no_quiet_hours_but_the_customers_own() -> None:
    timing, night = Timing(POLICY), at("03-10 22:00")
    assert permit(timing, night, Channel.EMAIL) == UNLIMITED
    own = permit(timing, night, Channel.EMAIL, quiet=(20 * 60, 7 * 60))
    assert own.window == Window(at("03-11 06:00"), at("03-11 19:00"))


def test_a_sandbox_may_practise_at_any_hour() -> None:
    timing = Timing(POLICY, heed_quiet=False)
    assert permit(timing, at("03-10 22:00")) == UNLIMITED


def test_what_was_worked_out_once_holds_until_its_window_closes() -> None:
    """The same answer as from a fresh start, for every quarter of an hour of a week with a change
    of clocks, forwards and back."""
    timing = Timing(POLICY)
    quarters = [at("03-26 00:00") + timedelta(minutes=15 * n) for n in range(4 * 24 * 7)]
    for now in [*quarters, *reversed(quarters)]:
        known, fresh = permit(timing, now).window, permit(Timing(POLICY), now).window
        assert known is not None
        assert fresh is not None
        assert known.closes_at == fresh.closes_at
        assert max(known.opens_at, now) == max(fresh.opens_at, now)


@pytest.mark.parametrize(
    ("zone", "ends"),
    [
        ("Europe/Madrid", MIDNIGHT_AT_HOME),
        ("Europe/London", MIDNIGHT_AT_HOME),  # there it is 23:00
        ("America/New_York", MIDNIGHT_AT_HOME),
        ("Europe/Athens", datetime(2027, 3, 31, 21, 0, tzinfo=UTC)),
        ("Asia/Tokyo", datetime(2027, 3, 31, 15, 0, tzinfo=UTC)),
    ],
)
def test_a_last_day_ends_at_the_brands_midnight_or_the_recipients_if_that_is_earlier(
    zone: str, ends: datetime
) -> None:
    assert permit(Timing(OFFER), at("03-30 11:00"), time_zone=zone).ends_at == ends
    assert end_of_offer(MIDNIGHT_AT_HOME, date(2027, 3, 31), (zone,)) == ends


def test_an_offer_that_ends_at_a_moment_ends_then_for_everybody() -> None:
    timing = Timing(replace(OFFER, expires_on=None))
    assert permit(timing, at("03-30 11:00"), time_zone="Asia/Tokyo").ends_at == MIDNIGHT_AT_HOME


@pytest.mark.parametrize(
    ("permit", "last"),
    [
        (UNLIMITED, None),
        (Permit(ALWAYS, at("03-31 22:00")), at("03-31 22:00")),
        (
            Permit(Window(at("03-31 08:00"), at("03-31 20:00")), at("03-31 22:00")),
            at("03-31 20:00"),
        ),
        (
            Permit(Window(at("03-31 08:00"), at("03-31 20:00")), at("03-31 15:00")),
            at("03-31 15:00"),
        ),
    ],
)
def test_the_last_moment_is_that_of_the_day_or_of_the_offer(
    permit: Permit, last: datetime | None
) -> None:
    assert permit.last_moment == last
    assert permit.lasts_until(at("03-31 15:00"))
    assert permit.lasts_until(at("04-01 15:00")) is (last is None)


def opening(timing: Timing, now: datetime, **who: object) -> datetime | None:
    given = {"time_zone": "Europe/Madrid", "country": "ES", "own": None} | who
    own = given.pop("own")
    return timing.opening(Channel.SMS, Place(**given), own=own, now=now).at  # type: ignore[arg-type]


def test_planning_sets_a_time_where_it_is_sure_of_one() -> None:
    timing, night = Timing(OFFER), at("03-10 22:00")
    assert opening(timing, night) == at("03-11 08:00")
    assert opening(timing, at("03-10 12:00")) is None
    assert opening(timing, night, time_zone=None) is None
    # The offer ends before the morning: the intent says so at once, nothing waits for it.
    assert opening(timing, at("03-31 21:00")) is None
    assert opening(timing, night, own=(9 * 60, 21 * 60)) is None


@given(
    st.datetimes(datetime(2027, 3, 1), datetime(2027, 4, 1)),
    st.sampled_from(["Europe/Madrid", "America/New_York", "Asia/Tokyo", None]),
    st.sampled_from(["+34600000120", "+12125550123", "+15005550006"]),
)
def test_planning_never_waits_longer_than_the_permit_says(
    now: datetime, zone: str | None, address: str
) -> None:
    moment = now.replace(tzinfo=UTC)
    timing = Timing(POLICY)
    planned = opening(timing, moment, time_zone=zone)
    window = permit(timing, moment, time_zone=zone, address=address).window
    if planned is not None and window is not None:
        assert planned <= window.opens_at
