"""The rules of rates and of the breaker, on a clock that only the tests move."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from campaigns.domain.channel import Channel
from campaigns.domain.delivery import (
    Accepted,
    Holds,
    NotSent,
    Outcome,
    Refused,
    Rejected,
    Unknown,
)
from campaigns.domain.pace import (
    FAILURES,
    FIRST_PAUSE,
    LONGEST_PAUSE,
    PATIENCE,
    Pace,
    Rate,
    Spacing,
    Tally,
    adjust,
    begin_try,
    careful,
    learn,
    most,
    next_free,
    pace_key,
    per_second,
    slow_start,
    take,
    tally,
)

NOW = datetime(2027, 3, 1, 9, tzinfo=UTC)
LEASE = timedelta(minutes=2)
SECOND = timedelta(seconds=1)
DOWN = Unknown("twilio:503", "Twilio answered 503")
OFF = NotSent("twilio:connect", "cannot reach it", NOW + 5 * SECOND, Holds.CONNECTION)
SLOW = NotSent("twilio:429", "slow down", NOW + 40 * SECOND, Holds.PACE)
LATER = NotSent("time", "the batch took too long", NOW)
OK, NO = Accepted("id"), Rejected("twilio:21614", "not a mobile number")

rates = st.builds(
    lambda n, s, b: Rate(n, timedelta(seconds=s), min(n, b)),
    st.integers(1, 60),
    st.integers(1, 900),
    st.integers(1, 60),
)


@given(
    st.lists(rates, min_size=1, max_size=3),
    st.lists(st.tuples(st.integers(0, 400_000_000), st.integers(1, 40), st.integers(0, 40))),
)
def test_in_no_window_are_there_more_than_a_rate_allows(
    given_rates: list[Rate], asked: list[tuple[int, int, int]]
) -> None:
    """Whatever is asked for and when, and although some of it is given back unused."""
    spacing = Spacing.of(given_rates)
    assert spacing is not None
    pace, now, sent = Pace(), 0, []
    for pause, wanted, unused in asked:
        now += pause
        pace, had = take(pace, spacing, now, wanted)
        back = min(unused, had)
        pace = adjust(pace, spacing, -back, since=pace.free_at)
        sent += [now] * (had - back)
    for rate in given_rates:
        window = rate.per // timedelta(microseconds=1)
        for first, moment in enumerate(sent):
            assert bisect_left(sent, moment + window) - first <= rate.messages


@given(rates)
def test_who_waits_for_the_next_free_moment_gets_one_and_a_rate_is_used_almost_whole(
    rate: Rate,
) -> None:
    spacing = Spacing.of([rate])
    assert spacing is not None
    pace, now = Pace(), 0
    for _ in range(100):
        now = max(now, next_free(pace, spacing, now))
        pace, had = take(pace, spacing, now, 1)
        assert had == 1
    sustained = (rate.messages - spacing.burst + 1) / rate.per.total_seconds()
    spread = 100 - spacing.burst
    assert now / 1e6 <= spread / sustained + spread * 1e-6


def test_an_idle_sender_has_its_burst_and_no_more() -> None:
    spacing = Spacing.of([Rate(15, timedelta(minutes=15), burst=5)])
    assert spacing is not None
    pace, had = take(Pace(), spacing, 10**15, 100)
    assert had == 5
    assert most(pace, spacing, 10**15) == 0
    assert most(pace, spacing, 10**15 + spacing.interval) == 1
    assert most(pace, spacing, 10**16) == 5


def test_what_others_have_reserved_since_is_not_given_back() -> None:
    spacing = Spacing.of([Rate(10, SECOND, burst=5)])
    assert spacing is not None
    mine, _ = take(Pace(), spacing, 0, 3)
    others, _ = take(mine, spacing, 0, 1)
    assert adjust(others, spacing, -3, since=mine.free_at) == others
    assert adjust(mine, spacing, -3, since=mine.free_at).free_at == 0
    assert adjust(others, spacing, 2, since=mine.free_at).free_at > others.free_at


def test_without_a_rate_there_is_no_spacing_and_the_strictest_of_several_counts() -> None:
    assert Spacing.of([]) is None
    day = Rate(1_440, timedelta(days=1), burst=5)
    both = Spacing.of([Rate(15, timedelta(minutes=15), burst=5), day])
    assert both == Spacing(900_000_000 // 11 + 1, 5)


def test_the_brands_rate_may_be_a_fraction() -> None:
    assert per_second(100) == Rate(100, SECOND, 10)
    assert per_second(0.5) == Rate(1, 2 * SECOND, 1)
    assert per_second(2.5) == Rate(2, timedelta(seconds=0.8), 1)


def test_a_pace_belongs_to_the_channel_and_its_sender() -> None:
    assert pace_key(Channel.SMS, {"from": "+447700900123"}) == "sms +447700900123"
    assert pace_key(Channel.WHATSAPP, {"from": "+447700900123"}) == "whatsapp +447700900123"
    assert pace_key(Channel.X_POST, {"handle": "demo"}) != pace_key(
        Channel.X_DM, {"handle": "demo"}
    )
    assert len(pace_key(Channel.EMAIL, {"address": "x" * 300})) == 120


def read(*outcomes: Outcome, one_request: bool = False) -> Tally:
    return tally(outcomes, one_request=one_request)


def test_failures_count_from_the_last_answer_on() -> None:
    assert read(OK, DOWN, DOWN).failed == 2
    assert read(OK, DOWN, DOWN).answered
    assert read(DOWN, NO).failed == 0
    assert read(DOWN, LATER, LATER).failed == 1
    assert not read(LATER, LATER).conclusive
    assert not read().conclusive


def test_no_connection_counts_once_for_the_rest_of_the_batch() -> None:
    assert read(OFF, OFF, OFF).failed == 1
    assert read(DOWN, OFF, OFF).failed == 2


def test_a_request_for_many_fails_once_and_values_that_never_left_say_nothing() -> None:
    told = read(DOWN, NO, DOWN, DOWN, one_request=True)
    assert (told.failed, told.answered) == (1, False)
    assert read(OK, NO, OK, one_request=True) == Tally(answered=True)


def test_a_429_is_an_answer_that_says_until_when() -> None:
    told = read(DOWN, SLOW, SLOW)
    assert (told.answered, told.failed, told.slow_until) == (True, 0, SLOW.retry_at)
    assert not read(Refused("twilio:20003", "wrong key")).conclusive


def failed(times: int, why: str = "Twilio answered 503") -> Tally:
    return Tally(failed=times, why=why)


def told(pace: Pace, *tallies: Tally, now: datetime = NOW, trying: bool = False) -> Pace:
    for each in tallies:
        pace = learn(pace, each, now, trying=trying)
    return pace


def test_enough_failures_in_a_row_close_the_sender_and_say_why() -> None:
    almost = told(Pace(), *[failed(1)] * (FAILURES - 1))
    assert not almost.closed(NOW)
    closed = told(almost, failed(1))
    assert closed.closed(NOW)
    assert closed.closed_until == NOW + FIRST_PAUSE
    assert closed.because == "Twilio answered 503, 5 times in a row"
    assert closed.wants_try(NOW + FIRST_PAUSE)


def test_an_answer_between_them_begins_the_count_anew() -> None:
    pace = told(Pace(), failed(4), Tally(answered=True), failed(4))
    assert not pace.closed(NOW)
    assert pace.failures == 4
    assert told(pace, Tally(answered=True, failed=1)).failures == 1


def test_an_answer_that_only_this_process_knows_of_counts_too() -> None:
    pace = told(Pace(), failed(4))
    after = learn(pace, failed(1), NOW + SECOND, trying=False, answered_at=NOW + SECOND / 2)
    assert after.failures == 1
    before = learn(pace, failed(1), NOW + SECOND, trying=False, answered_at=NOW - SECOND)
    assert before.closed(NOW + SECOND)


def test_one_alone_tries_after_the_pause_and_its_answer_opens_for_all() -> None:
    closed = told(Pace(), failed(FAILURES))
    later = NOW + FIRST_PAUSE
    assert begin_try(closed, NOW, LEASE) == (closed, False)
    trying, mine = begin_try(closed, later, LEASE)
    assert mine
    assert begin_try(trying, later, LEASE) == (trying, False)
    opened = told(trying, Tally(answered=True), now=later, trying=True)
    assert not opened.closed(later)
    assert not opened.wants_try(later)


def test_a_try_whose_worker_died_is_taken_over_when_its_lease_is_over() -> None:
    trying, _ = begin_try(told(Pace(), failed(FAILURES)), NOW + FIRST_PAUSE, LEASE)
    assert begin_try(trying, NOW + FIRST_PAUSE + LEASE, LEASE)[1]


def test_a_try_that_sent_nothing_leaves_it_to_the_next() -> None:
    later = NOW + FIRST_PAUSE
    trying, _ = begin_try(told(Pace(), failed(FAILURES)), later, LEASE)
    assert begin_try(told(trying, Tally(), now=later, trying=True), later, LEASE)[1]


def test_each_failed_try_doubles_the_pause_up_to_the_longest() -> None:
    pace, now, pauses = told(Pace(), failed(FAILURES)), NOW, []
    for _ in range(9):
        assert pace.closed_until is not None
        pauses.append(pace.closed_until - now)
        now = pace.closed_until
        pace, _ = begin_try(pace, now, LEASE)
        pace = told(pace, failed(1), now=now, trying=True)
    assert pauses[:3] == [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE]
    assert max(pauses) == pauses[-1] == LONGEST_PAUSE


def test_a_run_waits_for_a_few_pauses_only() -> None:
    pace = told(Pace(), failed(FAILURES))
    assert not pace.given_up
    assert replace(pace, trips=PATIENCE + 1).given_up


def test_what_began_before_the_breaker_closed_decides_nothing() -> None:
    closed = told(Pace(), failed(FAILURES))
    assert told(closed, Tally(answered=True)) == closed
    assert told(closed, failed(1)) == closed


def test_a_429_closes_for_all_until_the_providers_moment_and_needs_no_try() -> None:
    until = NOW + 40 * SECOND
    slow = Tally(answered=True, slow_until=until, why="slow down")
    pace = told(Pace(), slow)
    assert pace.closed(until - SECOND)
    assert not pace.closed(until)
    assert not pace.wants_try(until)
    assert told(pace, Tally(answered=True)).closed(NOW)
    sooner = replace(slow, slow_until=NOW + SECOND)
    assert told(pace, sooner).closed_until == until


def test_the_more_failed_the_less_is_claimed() -> None:
    def claimed(failures: int, *, one_request: bool) -> int:
        return careful(1000, Pace(failures=failures), one_request=one_request)

    assert [claimed(n, one_request=True) for n in range(5)] == [1000, 100, 10, 1, 1]
    assert [claimed(n, one_request=False) for n in range(1, 5)] == [4, 3, 2, 1]
    assert claimed(0, one_request=False) == 1000


def test_a_sender_begins_with_one_message_and_earns_ten_for_each_that_is_answered() -> None:
    claims, answered = [], 0
    for _ in range(5):
        claims.append(slow_start(1000, answered))
        answered += claims[-1]
    assert claims == [1, 10, 110, 1000, 1000]


events = st.lists(
    st.tuples(st.integers(0, 400), st.sampled_from(["ok", "fail", "slow", "nothing"])), max_size=60
)


@given(events)
def test_however_it_goes_at_most_one_request_is_under_way_after_the_breaker_closed(
    story: list[tuple[int, str]],
) -> None:
    """Three workers; each looks, tries if it may, and is answered when the next event comes."""
    pace, now = Pace(), NOW
    says = {
        "ok": Tally(answered=True),
        "fail": failed(1),
        "nothing": Tally(),
    }
    for pause, word in story:
        now += timedelta(seconds=pause)
        slow = Tally(answered=True, slow_until=now + 30 * SECOND, why="slow down")
        said = says.get(word, slow)
        tries = 0
        for _ in range(3):
            pace, mine = begin_try(pace, now, LEASE)
            tries += mine
        assert tries <= 1
        was_closed, trips = pace.closed(now) and not tries, pace.trips
        pace = learn(pace, said, now, trying=bool(tries))
        if trips and not tries:
            assert pace.trips == trips
        if was_closed:
            assert pace.closed(now)
        assert pace.closed_until is None or pace.closed_until <= now + max(LONGEST_PAUSE, LEASE)
