"""Hours of a customer's own day, and days that are left out."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from campaigns.domain.channel import Channel
from campaigns.domain.consent import Purpose
from campaigns.domain.customer import AttributeValue
from campaigns.domain.quiet_hours import Span
from campaigns.domain.reason import Reason, Rule, Skip, SkipReason
from campaigns.domain.recurring import Recurs, edition_on
from campaigns.domain.schedule import (
    BestHour,
    Blackout,
    HolidayRule,
    Place,
    Schedule,
    SendAt,
    holidays_of,
)
from campaigns.domain.timing import Timing, When
from tests.shared import shared
from tests.unit.domain.test_timing import OFFER, POLICY

EMAIL, SMS = Channel.EMAIL, Channel.SMS
AT_TEN = SendAt(time="10:00", until="14:00")
STOCKTAKING = Blackout(from_=date(2027, 3, 10), until=date(2027, 3, 12), reason="stocktaking")
ZONES = ["Europe/Madrid", "America/New_York", "Asia/Kolkata", "Pacific/Auckland", "Asia/Tokyo"]
CALL = timedelta(seconds=25)


@dataclass(frozen=True)
class Somebody:
    address: str = "somebody@example.com"
    time_zone: str | None = "Europe/Madrid"
    country: str | None = "ES"
    quiet: Span | None = None
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)


def timing(**schedule: Any) -> Timing:
    return Timing(replace(POLICY, schedule=Schedule(**schedule)))


def utc(text: str) -> datetime:
    """`03-10 12:00` of 2027."""
    return datetime.fromisoformat(f"2027-{text}").replace(tzinfo=UTC)


def opening(
    hours: Timing, now: datetime, channel: Channel = EMAIL, own: Span | None = None, **place: Any
) -> When:
    where = {"time_zone": "Europe/Madrid", "country": "ES"} | place
    return hours.opening(channel, Place(**where), own=own, now=now)


# Waves --------------------------------------------------------------------------------------


@given(st.datetimes(datetime(2027, 1, 1), datetime(2027, 12, 31)), st.sampled_from(ZONES))
def test_each_customer_gets_it_at_ten_by_their_own_clock_whatever_the_season(
    now: datetime, zone: str
) -> None:
    moment = now.replace(tzinfo=UTC)
    found = opening(timing(send_at=AT_TEN), moment, time_zone=zone)
    here = moment.astimezone(ZoneInfo(zone))
    if 10 <= here.hour < 14 and here.replace(hour=14, minute=0, second=0) - here > CALL * 3:
        assert found.at is None
    if found.at is not None:
        local = found.at.astimezone(ZoneInfo(zone))
        assert (local.hour, local.minute, local.second) == (10, 0, 0)
        assert timedelta(0) < found.at - moment <= timedelta(hours=25)
        assert found.why == "10:00 by their own clock"


def test_a_wave_moves_with_the_clock_in_the_night_it_is_put_forward() -> None:
    hours = timing(send_at=AT_TEN)
    assert opening(hours, utc("03-27 20:00")).at == utc("03-28 08:00")  # summer time since 02:00
    assert opening(hours, utc("03-26 20:00")).at == utc("03-27 09:00")


def test_one_run_goes_out_in_as_many_waves_as_there_are_zones() -> None:
    hours, now = timing(send_at=AT_TEN), utc("03-10 04:00")
    waves = [opening(hours, now, time_zone=zone).at for zone in ZONES]
    assert waves == [
        utc("03-10 09:00"),
        utc("03-10 15:00"),
        utc("03-10 04:30"),
        utc("03-10 21:00"),
        None,  # it is one in the afternoon in Tokyo: at once
    ]


def test_who_has_no_known_zone_gets_it_by_the_middle_clock_of_their_country() -> None:
    hours, now = timing(send_at=AT_TEN), utc("03-10 04:00")
    chicago = opening(hours, now, time_zone=None, country="US").at
    assert chicago is not None
    assert chicago.astimezone(ZoneInfo("America/Chicago")).hour in {9, 10, 11}
    assert opening(hours, now, time_zone=None, country=None).at == utc("03-10 09:00")


def test_a_wave_by_the_brands_clock_is_one_moment_for_all() -> None:
    hours, now = timing(send_at=AT_TEN.model_copy(update={"zone": "brand"})), utc("03-10 04:00")
    assert {opening(hours, now, time_zone=zone).at for zone in ZONES} == {utc("03-10 09:00")}


@given(
    st.datetimes(datetime(2027, 3, 1), datetime(2027, 4, 10)),
    st.sampled_from([*ZONES, None]),
    st.sampled_from(["ES", "US", "IN", None]),
)
def test_planning_and_the_intent_agree_on_the_moment(
    now: datetime, zone: str | None, country: str | None
) -> None:
    moment = now.replace(tzinfo=UTC)
    hours = timing(send_at=AT_TEN, blackouts=(STOCKTAKING,), holidays=HolidayRule())
    planned = opening(hours, moment, time_zone=zone, country=country)
    window = hours.permit(
        EMAIL, Somebody(time_zone=zone, country=country), now=moment, lasting=timedelta(minutes=1)
    ).window
    assert window is not None
    assert (planned.at or moment) == window.opens_at


def test_what_comes_too_late_for_its_wave_waits_for_the_next_days() -> None:
    permit = timing(send_at=AT_TEN).permit(
        EMAIL, Somebody(), now=utc("03-10 12:59"), lasting=timedelta(minutes=2)
    )
    assert permit.objection(utc("03-10 12:59"), utc("03-10 13:01")) == "quiet"
    assert permit.window is not None
    assert permit.window.opens_at == utc("03-11 09:00")


def test_quiet_hours_hold_within_a_wave() -> None:
    hours = timing(send_at=SendAt(time="07:00"))
    assert opening(hours, utc("03-09 23:00"), SMS).at == utc("03-10 08:00")  # the brand's 09:00
    assert opening(hours, utc("03-09 23:00"), EMAIL).at == utc("03-10 06:00")


def test_an_offer_that_ends_before_the_hour_comes_is_dropped_with_the_reason() -> None:
    hours = Timing(replace(OFFER, schedule=Schedule(send_at=AT_TEN)))
    found = opening(hours, utc("03-31 15:00"))
    assert found == When(never=True, why="10:00 by their own clock")


# Best hours ---------------------------------------------------------------------------------

SIX = BestHour(18, 7, 9)


def test_a_best_hour_that_was_learnt_comes_before_the_campaigns_time() -> None:
    hours = timing(send_at=SendAt(time="10:00", best_hour=True))
    found = opening(hours, utc("03-10 04:00"), best=SIX)
    assert found == When(utc("03-10 17:00"), "best hour 18:00, 7 of 9 answers around it")
    assert opening(hours, utc("03-10 04:00")).at == utc("03-10 09:00")
    alone = timing(send_at=SendAt(best_hour=True))
    assert opening(alone, utc("03-10 04:00")) == When()


def test_what_missed_its_best_hour_is_not_held_for_another_day() -> None:
    hours = timing(send_at=SendAt(time="10:00", best_hour=True))
    permit = hours.permit(EMAIL, Somebody(), now=utc("03-10 19:00"), lasting=CALL)
    assert permit.objection(utc("03-10 19:00"), utc("03-10 19:01")) is None


# Days ---------------------------------------------------------------------------------------


def test_a_blackout_moves_a_message_to_the_first_day_after_it() -> None:
    hours = timing(blackouts=(STOCKTAKING,))
    assert opening(hours, utc("03-10 12:00")) == When(
        utc("03-12 23:00"), "stocktaking (10 Mar to 12 Mar)"
    )
    assert opening(hours, utc("03-09 12:00")).at is None
    assert opening(timing(blackouts=(STOCKTAKING,), send_at=AT_TEN), utc("03-10 12:00")) == When(
        utc("03-13 09:00"), "stocktaking (10 Mar to 12 Mar)"
    )


def test_a_blackout_is_kept_by_the_brands_clock_and_by_the_customers() -> None:
    hours = timing(blackouts=(STOCKTAKING,))
    eve_in_new_york = opening(hours, utc("03-10 04:00"), time_zone="America/New_York", country="US")
    assert eve_in_new_york == When(utc("03-13 05:00"), "stocktaking (10 Mar to 12 Mar)")
    after_in_auckland = opening(
        hours, utc("03-12 12:00"), time_zone="Pacific/Auckland", country="NZ"
    )
    assert after_in_auckland == When(utc("03-12 23:00"), "stocktaking (12 Mar)")


@pytest.mark.parametrize(
    ("now", "why"),
    [("03-12 07:00", "stocktaking (12 Mar)"), ("03-12 15:00", "10:00 by their own clock")],
)
def test_the_reason_is_what_really_keeps_it(now: str, why: str) -> None:
    """In the afternoon its hour is over for today, left out or not."""
    hours = timing(blackouts=(STOCKTAKING,), send_at=AT_TEN)
    assert opening(hours, utc(now)) == When(utc("03-13 09:00"), why)


def test_quiet_hours_after_a_holiday_are_no_holiday() -> None:
    hours = timing(holidays=HolidayRule())
    in_auckland = {"time_zone": "Pacific/Auckland", "country": "NZ"}
    found = opening(hours, utc("12-28 10:00"), SMS, **in_auckland)  # eleven at night, Boxing Day
    assert (found.at, found.why) == (utc("12-28 20:00"), "Boxing Day (observed) (28 Dec)")
    later = opening(hours, utc("12-28 12:00"), SMS, **in_auckland)  # one in the morning after
    assert later == When(utc("12-28 20:00"), "")


def test_a_blackout_holds_on_its_channels_only() -> None:
    hours = timing(blackouts=(STOCKTAKING.model_copy(update={"channels": (SMS,)}),))
    assert opening(hours, utc("03-10 12:00"), EMAIL).at is None
    assert opening(hours, utc("03-10 12:00"), SMS).at == utc("03-13 08:00")
    assert opening(hours, utc("03-10 12:00"), Channel.X_POST).at is None


def test_the_catalan_day_is_a_working_day_in_madrid() -> None:
    hours = timing(holidays=HolidayRule(region="region"))
    diada = utc("09-11 10:00").replace(year=2026)
    barcelona = opening(hours, diada, region="ES-CT")
    assert barcelona.why == "National Day of Catalonia (11 Sep)"
    assert barcelona.at == utc("09-11 22:00").replace(year=2026)
    assert opening(hours, diada, region="CT") == barcelona
    assert opening(hours, diada, region="MD").at is None
    assert opening(hours, diada).at is None  # whose region is unknown: the whole country's only
    assert opening(hours, diada, country="AD").at is None
    assert opening(hours, utc("12-25 10:00"), country=None).at is None


def test_the_intent_looks_at_the_days_again_with_the_region() -> None:
    hours = timing(holidays=HolidayRule(region="region"))
    diada = utc("09-11 10:00").replace(year=2026)
    catalan = Somebody(attributes={"region": "es-ct"})
    found = hours.permit(EMAIL, catalan, now=diada, lasting=CALL)
    assert found.objection(diada, diada + CALL) == "quiet"
    assert hours.permit(EMAIL, Somebody(), now=diada, lasting=CALL).objection(diada, diada) is None
    batch = hours.at(EMAIL, now=diada, lasting=CALL)
    assert batch.permit(catalan) == found != batch.permit(Somebody())


def test_an_offer_that_ends_on_the_days_left_out_is_dropped_with_their_reason() -> None:
    closing = Blackout(from_=date(2027, 3, 30), until=date(2027, 4, 2), reason="Easter peace")
    hours = Timing(replace(OFFER, schedule=Schedule(blackouts=(closing,))))
    found = opening(hours, utc("03-30 10:00"))
    assert found == When(never=True, why="Easter peace (30 Mar to 2 Apr)")
    permit = hours.permit(EMAIL, Somebody(), now=utc("03-30 10:00"), lasting=CALL)
    assert permit.objection(utc("03-30 10:00"), utc("03-30 10:01")) == "over"


def test_service_messages_go_out_on_holidays_unless_the_brand_says_otherwise() -> None:
    assert not HolidayRule().holds(Purpose.SERVICE, EMAIL)
    assert HolidayRule(purposes=(Purpose.SERVICE,)).holds(Purpose.SERVICE, EMAIL)


def test_holidays_are_those_of_the_reference_table() -> None:
    known: dict[tuple[str, str | None, int], set[str]] = defaultdict(set)
    with shared("data/holidays.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            place = {"AD": ("AD", None), "GB-ENG": ("GB", "GB-ENG")}
            if row["region"] != "Barcelona":  # a town's own days are the brand's to leave out
                key = place.get(row["region"], ("ES", row["region"]))
                known[*key, int(row["date"][:4])].add(row["date"])
    assert len(known) == 12
    for (country, region, year), days in known.items():
        assert {str(day) for day in holidays_of(country, region, year)} == days


def test_a_practising_sandbox_heeds_no_schedule() -> None:
    policy = replace(POLICY, schedule=Schedule(send_at=AT_TEN, blackouts=(STOCKTAKING,)))
    assert opening(Timing(policy, heed_quiet=False), utc("03-10 20:00")) == When()


@pytest.mark.parametrize(
    ("model", "values"),
    [
        (SendAt, {}),
        (SendAt, {"until": "12:00"}),
        (SendAt, {"time": "10:00", "until": "09:00"}),
        (SendAt, {"time": "24:00"}),
        (Blackout, {"reason": "none"}),
        (Blackout, {"reason": "half", "from": "2027-01-01"}),
        (Blackout, {"reason": "both", "on": "2027-01-01", "from": "2027-01-01"}),
        (Blackout, {"reason": "back", "from": "2027-01-02", "until": "2027-01-01"}),
        (Blackout, {"reason": "a|b", "on": "2027-01-01"}),
        (HolidayRule, {"purposes": []}),
    ],
)
def test_what_says_no_time_is_refused(model: Any, values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        model.model_validate(values)


# Reasons ------------------------------------------------------------------------------------


@given(st.text(st.characters(exclude_characters="|=\r\n"), max_size=120))
def test_what_a_message_waited_for_is_kept_with_its_reason(why: str) -> None:
    reason = Reason(Rule.CAMPAIGN_ORDER, waits=why)
    assert Reason.decode(reason.encode()) == reason
    skip = Skip(SkipReason.NO_TIME_LEFT, waits=why)
    assert Skip.decode(skip.encode()) == skip
    assert len(reason.encode()) <= 200
    assert why in reason.explain(EMAIL)


@pytest.mark.parametrize(
    ("recurs", "day", "edition"),
    [
        ("daily", date(2027, 1, 3), "2027-01-03"),
        ("weekly", date(2027, 1, 3), "2026-W53"),
        ("weekly", date(2027, 1, 4), "2027-W01"),
        ("monthly", date(2027, 1, 31), "2027-01"),
        ("quarterly", date(2027, 3, 31), "2027-Q1"),
        ("quarterly", date(2027, 10, 1), "2027-Q4"),
        ("yearly", date(2027, 10, 1), "2027"),
    ],
)
def test_an_edition_is_named_by_its_day(recurs: Recurs, day: date, edition: str) -> None:
    assert edition_on(recurs, day) == edition
