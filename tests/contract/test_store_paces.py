"""The shared paces on both databases, with several workers at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from campaigns.domain.channel import Channel
from campaigns.domain.delivery import Accepted, Outcome, Unknown
from campaigns.domain.pace import FAILURES, FIRST_PAUSE, STALE, Pace, Rate, Spacing, begin_try, take
from campaigns.services.pacing import LOOK_EVERY, Pacer, Turn, Way
from campaigns.store.engine import Database, open_database
from campaigns.store.paces import SqlPaces
from tests.contract.store_world import LEASE, NOW

KEY = "sms +447700900123"
DOWN = Unknown("twilio:503", "Twilio answered 503")
WORKERS = 4


def pacer(database: Database, spacing: Spacing | None = None) -> Pacer:
    ways = {
        Channel.SMS: Way(KEY, 25, one_request=False, spacing=spacing),
        Channel.EMAIL: Way("email hello@example.com", 1000, one_request=True, spacing=None),
    }
    made = Pacer(SqlPaces(database), ways, lambda: NOW, LEASE)
    for channel, way in ways.items():  # known to answer: see slow_start
        made.learn(channel, [Accepted(None)] * way.batch, Turn({}))
    return made


def test_lanes_begin_with_one_message_also_after_the_breaker_whoever_found_out(
    database: Database,
) -> None:
    own, other = pacer(database), pacer(database)
    own._proven.clear()

    def mails(which: Pacer) -> int:
        return [*which.turns({})][-1].limits[Channel.EMAIL]

    assert mails(own) == 1
    own.learn(Channel.EMAIL, [Unknown("sendgrid:503", "away")], Turn({}))
    assert mails(own) == 1
    own.learn(Channel.EMAIL, [Accepted(None)], Turn({}))
    assert mails(own) == 10
    own.learn(Channel.EMAIL, [Accepted(None)] * 100, Turn({}))
    assert mails(own) == mails(other) == 1000

    for _ in range(FAILURES):
        own.learn(Channel.EMAIL, [DOWN], Turn({}))
    own.now = other.now = lambda: NOW + FIRST_PAUSE
    (turn, _), _ = [*own.turns({})], [*other.turns({})]
    assert turn.trying
    own.learn(Channel.EMAIL, [Accepted(None)], turn)
    own.now = other.now = lambda: NOW + FIRST_PAUSE + LOOK_EVERY
    assert mails(own) == 10
    assert mails(other) == 1


def test_a_sender_that_answered_long_ago_is_unknown_again(database: Database) -> None:
    own = pacer(database)
    own.now = lambda: NOW + STALE + timedelta(seconds=1)
    (turn,) = own.turns({})
    assert turn.limits == {Channel.SMS: 1, Channel.EMAIL: 1}


def together(database_url: str, work: Callable[[Database], int]) -> list[int]:
    """The same work by several workers, each with a database of its own, at the same moment."""
    barrier = threading.Barrier(WORKERS)

    def one(_: int) -> int:
        with closing(open_database(database_url, Path())) as database:
            barrier.wait()
            return work(database)

    with ThreadPoolExecutor(WORKERS) as threads:
        return list(threads.map(one, range(WORKERS)))


def test_what_is_stored_comes_back_and_a_stranger_has_none(database: Database) -> None:
    paces = SqlPaces(database)
    stored = Pace(10**15, 3, 2, NOW + LEASE, "Twilio answered 503", NOW)
    after, said = paces.change(KEY, lambda _: (stored, "done"), now=NOW)
    assert (after, said) == (stored, "done")
    assert paces.look([KEY, "email nobody"]) == paces.look() == {KEY: stored}


def test_workers_together_reserve_no_more_than_the_rate(database_url: str) -> None:
    spacing = Spacing.of([Rate(10, timedelta(seconds=1), burst=7)])
    assert spacing is not None

    def reserve(database: Database) -> int:
        paces, had = SqlPaces(database), 0
        for _ in range(5):
            had += paces.change(KEY, lambda p: take(p, spacing, 10**15, 2), now=NOW)[1]
        return had

    assert sum(together(database_url, reserve)) == 7


def test_of_workers_together_one_alone_tries(database_url: str) -> None:
    with closing(open_database(database_url, Path())) as database:
        closed = Pace(trips=1, closed_until=NOW - FIRST_PAUSE)
        SqlPaces(database).change(KEY, lambda _: (closed, None), now=NOW)

    def attempt(database: Database) -> int:
        return int(SqlPaces(database).change(KEY, lambda p: begin_try(p, NOW, LEASE), now=NOW)[1])

    assert sum(together(database_url, attempt)) == 1


def test_failures_of_all_workers_count_in_a_row(database_url: str) -> None:
    def fail(database: Database) -> int:
        own = pacer(database)
        own.learn(Channel.SMS, [DOWN], Turn({Channel.SMS: 25}))
        own.learn(Channel.SMS, [DOWN], Turn({Channel.SMS: 25}))
        return 0

    together(database_url, fail)
    with closing(open_database(database_url, Path())) as database:
        (pace,) = SqlPaces(database).look().values()
    assert pace.failures == FAILURES  # and then it was closed
    assert pace.closed_until == NOW + FIRST_PAUSE
    assert pace.trips == 1


@pytest.fixture
def statements(database: Database) -> list[str]:
    """Every statement that goes to the database from now on."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    return seen


def test_a_healthy_sender_without_a_rate_costs_no_statement_a_batch(
    database: Database, statements: list[str]
) -> None:
    own = pacer(database)
    outcomes: list[Outcome] = [Accepted("id")] * 25
    (turn,) = own.turns({})
    assert turn == Turn({Channel.SMS: 25, Channel.EMAIL: 1000})
    looked = len(statements)
    assert looked > 0
    for _ in range(50):
        own.learn(Channel.SMS, outcomes, turn)
        assert [*own.turns({})] == [turn]
    assert len(statements) == looked
    own.now = lambda: NOW + LOOK_EVERY
    assert [*own.turns({})] == [turn]
    assert len(statements) > looked


def test_a_closed_channel_is_left_out_and_the_others_are_not(database: Database) -> None:
    own, other = pacer(database), pacer(database)
    own.learn(Channel.SMS, [DOWN] * FAILURES, Turn({}))
    for each in (own, other):
        assert [*each.turns({})] == [Turn({Channel.EMAIL: 1000})]
    assert other.opens(Channel.SMS) == NOW + FIRST_PAUSE
    assert other.because(Channel.SMS) == "Twilio answered 503, 5 times in a row"
    assert other.because(Channel.EMAIL) is None


def test_after_the_pause_the_try_is_one_message_and_given_back_when_there_is_none(
    database: Database,
) -> None:
    own, other = pacer(database), pacer(database)
    own.learn(Channel.SMS, [DOWN] * FAILURES, Turn({}))
    own.now = other.now = lambda: NOW + FIRST_PAUSE
    turn, rest = own.turns({})
    assert (turn, rest) == (Turn({Channel.SMS: 1}, trying=True), Turn({Channel.EMAIL: 1000}))
    assert [*other.turns({})] == [rest]
    own.give_back(Channel.SMS, turn)
    other._looked = None
    assert [*other.turns({})] == [turn, rest]
    other.learn(Channel.SMS, [Accepted("id")], turn)
    own._looked = None
    assert [*own.turns({})] == [Turn({Channel.SMS: 1, Channel.EMAIL: 1000})]


def test_segments_count_and_what_does_not_fit_waits(database: Database) -> None:
    spacing = Spacing.of([Rate(100, timedelta(seconds=1), burst=10)])
    own = pacer(database, spacing)
    turn, _ = own.turns({})
    assert turn.limits == {Channel.SMS: 10}
    assert own.fit(Channel.SMS, turn, [3, 3, 3, 3]) == 3  # nine segments of ten; one given back
    (turn, _) = own.turns({})
    assert (turn.reserved, turn.limits) == (1, {Channel.SMS: 1})
    assert own.fit(Channel.SMS, turn, [3]) == 1  # a message is not cut: the next wait longer
    assert own.opens(Channel.SMS) > NOW
    assert [*own.turns({})] == [Turn({Channel.EMAIL: 1000})]
