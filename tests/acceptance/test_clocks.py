"""Clocks that are wrong: set back, asleep, apart. Nobody gets it twice, nothing stands still.

What depends on clocks, and what does not, is docs/clocks.md.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime, timedelta

from campaigns.bootstrap import App
from campaigns.bootstrap.outages import pause_for_outage, to_take_up
from campaigns.domain.audit import ENGINE, Action, AuditEntry, run_subject
from campaigns.domain.batch import Batch
from campaigns.domain.channel import Channel
from campaigns.domain.delivery import DeliveryState, Outcome
from campaigns.domain.pace import SET_BACK, Pace
from campaigns.domain.run import RunState
from campaigns.services.dispatch import Clock
from campaigns.services.watching import Step
from tests.acceptance.paced_shop import Open, begun, home, of, open_shop, sent

__all__ = ["home", "open_shop"]  # fixtures
S = DeliveryState
TWO_HOURS = 7_200.0


def test_a_clock_that_is_set_back_keeps_no_channel_closed(open_shop: Open) -> None:
    shop = open_shop()
    shop.faults("500_before")
    with shop.app() as app:
        report, _ = sent(app)
        assert report.run.state is RunState.PAUSED
    shop.well_again()
    shop.clock.ahead -= TWO_HOURS
    before = shop.clock.ahead
    with shop.app() as app:
        assert app.report(report.run.id).paused == []
        again, counts = sent(app)
    assert not counts.unreachable
    assert again.run.state is RunState.FINISHED
    assert shop.clock.ahead - before < 600
    assert not shop.sandbox.log.duplicates()


def test_a_clock_that_is_set_back_leaves_a_rate_as_it_was(open_shop: Open) -> None:
    shop = open_shop()
    shop.edit('sms: {from: "+447700900123"}', 'sms: {from: "+447700900123", per_second: 2}')
    with shop.app() as app:
        run_id = begun(app)
        reserved = Pace(free_at=int((app.clock.now().timestamp() + TWO_HOURS) * 1_000_000))
        app.paces.change("sms +447700900123", lambda _: (reserved, None), now=app.clock.now())
        before = shop.clock.ahead
        app.dispatch_all(run_id)
        report = app.finish(run_id)
    texts = of(report, Channel.SMS, S.ACCEPTED)
    assert texts == report.planned[Channel.SMS] > 5
    assert texts / 2 - 2 <= shop.clock.ahead - before < 600


def test_a_run_that_an_outage_paused_goes_on_though_the_clock_was_set_back(open_shop: Open) -> None:
    shop = open_shop()
    with shop.app() as app:
        run_id = begun(app)
        pause_for_outage(app, run_id, "no provider")
        shop.clock.ahead -= TWO_HOURS
        assert [run.id for run, _ in to_take_up(app)] == [run_id]


def test_a_machine_that_slept_between_intent_and_call_calls_nobody(open_shop: Open) -> None:
    """While it sleeps the monotonic clock may stand still: only the wall's tells."""
    shop = open_shop()
    slept = False

    def sleep_once(step: Step, _batch: Batch, _outcomes: Mapping[int, Outcome]) -> None:
        nonlocal slept
        if step is Step.INTENDED and not slept:
            slept = True
            shop.clock.ahead += 8 * 3600
            with shop.app() as other:  # another machine, awake, takes back what it had
                other.sweep()

    clock = Clock(shop.clock.now, time.monotonic, shop.clock.sleep)
    with shop.app(clock, watch=sleep_once) as app:
        run_id = begun(app)
        app.dispatch_all(run_id)
        report = app.finish(run_id)
    assert slept
    assert report.run.state is RunState.FINISHED
    assert report.in_state(S.IN_DOUBT) == 0, "what was not called was surely not sent"
    assert report.in_state(S.ACCEPTED, S.REJECTED) == sum(report.planned.values())
    assert not shop.sandbox.log.duplicates()


def test_workers_whose_clocks_are_minutes_apart_send_nobody_twice(open_shop: Open) -> None:
    shop = open_shop()
    with shop.app() as app:
        run_id = begun(app)

    def ahead() -> datetime:
        return shop.clock.now() + timedelta(minutes=5)

    def meddle(step: Step, _batch: Batch, _outcomes: Mapping[int, Outcome]) -> None:
        if (step is Step.CLAIMED and not met) or step is Step.INTENDED:
            other.sweep()
        met.add(step)

    met: set[Step] = set()
    their_clock = Clock(ahead, time.monotonic, shop.clock.sleep)
    with shop.app(their_clock) as other, shop.app(watch=meddle) as app:
        counts = app.dispatch_all(run_id)
        assert counts.outcomes["accepted"] > 0
        other.dispatch_all(run_id)
        report = other.finish(run_id)
    assert report.in_state(S.IN_DOUBT) == 0, "who was called tells what became of it"
    assert report.in_state(S.ACCEPTED, S.REJECTED) == sum(report.planned.values())
    assert report.recorded == report.accepted
    assert not shop.sandbox.log.duplicates()


def clocks(app: App) -> list[str]:
    return [d.found for d in app.diagnose() if d.subject == "clocks"]


def test_the_doctor_tells_of_a_clock_that_was_set_back(open_shop: Open) -> None:
    shop = open_shop()
    with shop.app() as app:
        app.audit.append(AuditEntry(app.clock.now(), ENGINE, Action.LOOKED, run_subject(1)))
        assert clocks(app) == []
        shop.clock.ahead -= TWO_HOURS
        (found,) = clocks(app)
    assert found.startswith("the database has an entry from ")
    assert found.endswith(" ahead of this machine.")


def test_a_clock_s_setting_back_is_more_than_two_workers_may_be_apart() -> None:
    assert 2 * timedelta(minutes=5) <= SET_BACK
