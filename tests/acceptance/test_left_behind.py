"""What a command left behind when it died is taken up, unless somebody stopped it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from campaigns.bootstrap import App
from campaigns.bootstrap.control import resume
from campaigns.bootstrap.outages import (
    UNCLOSED,
    paused_when_stopped,
    take_up,
    to_go_on_with,
    to_take_up,
)
from campaigns.cli import run as cli
from campaigns.cli.going_on import question
from campaigns.domain.channel import Channel
from campaigns.domain.outage import FIRST_WAIT
from campaigns.domain.run import RunState
from campaigns.errors import TerminatedError
from tests.acceptance.paced_shop import (
    Open,
    as_environment,
    begun,
    home,
    later,
    open_shop,
)

__all__ = ["home", "open_shop"]  # fixtures


def test_a_run_that_sent_everything_and_that_nobody_closed_is_closed(open_shop: Open) -> None:
    shop = open_shop()
    with shop.app() as app:
        run_id = begun(app)
        app.dispatch_all(run_id)
        assert app.progress(run_id).waiting == 0
        assert to_go_on_with(app) == [], "whoever sent it is at it"
        later(shop, UNCLOSED)
        ((run, outage),) = to_go_on_with(app)
        assert (run.id, outage) == (run_id, None)
        assert app.finish(run_id).run.state is RunState.FINISHED
        assert to_go_on_with(app) == []


def test_a_run_that_was_left_half_planned_is_planned_and_sent(
    open_shop: Open, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = open_shop()
    with shop.app() as app:
        run, _ = app.start_run("spring_sale")
        assert to_go_on_with(app) == [], "whoever started it is at it"
        later(shop, UNCLOSED)
        assert [(r.id, outage) for r, outage in to_go_on_with(app)] == [(run.id, None)]
        app.runs.move(run.id, RunState.PAUSED, now=app.clock.now(), because="late", as_held=True)
        assert to_go_on_with(app) == [], "a person has to decide"
        resume(app, run.id, by="ana")
        shop.clock.ahead = -UNCLOSED.total_seconds() - 60
        other, _ = app.start_run("shop_moves")
    as_environment(shop, monkeypatch)
    assert cli(["go-on"]) == 0
    assert f"Going on with run {other.id} of shop_moves." in capsys.readouterr().err
    with shop.app() as app:
        assert app.runs.get(other.id).state is RunState.FINISHED


def test_ctrl_c_before_the_first_message_pauses_the_run_and_nobody_takes_it_up(
    open_shop: Open, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = open_shop()
    as_environment(shop, monkeypatch)

    def pressed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(App, "plan_shard", pressed)
        assert cli(["run", "shop_moves"]) == 130
    with shop.app() as app:
        (run,) = app.runs.active()
        later(shop, UNCLOSED)
        assert to_go_on_with(app) == []
        told = app.progress(run.id).stuck
        assert told == (
            "paused: the command was stopped (Ctrl-C). `campaigns run shop_moves` goes on with it."
        )
    assert cli(["go-on"]) == 0
    assert f"Run {run.id} of shop_moves: {told}" in capsys.readouterr().err


def test_a_shutdown_before_the_first_message_pauses_the_run_until_it_is_taken_up(
    open_shop: Open,
) -> None:
    shop = open_shop()
    with shop.app() as app:
        run, _ = app.start_run("shop_moves")
        with pytest.raises(TerminatedError), paused_when_stopped(app, run.id):
            raise TerminatedError
        later(shop, FIRST_WAIT)
        assert [due.id for due, _ in to_take_up(app)] == [run.id]


@pytest.mark.parametrize("state", [RunState.PAUSED, RunState.CANCELLED])
def test_a_run_that_somebody_stopped_since_it_was_found_half_planned_is_left_alone(
    open_shop: Open,
    state: RunState,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever goes on may be hours at the runs before it."""
    shop = open_shop()
    with shop.app() as app:
        run, _ = app.start_run("shop_moves")
        assert take_up(app, run.id, None)
        app.runs.move(run.id, state, now=app.clock.now(), because="the command was stopped")
    as_environment(shop, monkeypatch)
    monkeypatch.setattr("campaigns.bootstrap.outages.to_go_on_with", lambda _: [(run, None)])
    assert cli(["go-on"]) == 0
    assert "Going on" not in capsys.readouterr().err
    with shop.app() as app:
        assert app.runs.get(run.id).state is state
        assert app.progress(run.id).unplanned == len(app.shards(run.id))


def test_a_run_whose_last_messages_were_in_a_dead_workers_hands_goes_on(open_shop: Open) -> None:
    shop = open_shop()
    with shop.app() as app:
        run_id = begun(app)
        shards = [no for no in app.to_send(run_id) for _ in range(100)]
        everything = dict.fromkeys(Channel, 1_000)
        lease, now = timedelta(minutes=1), app.clock.now()
        for no in shards:  # each claims one channel and skeleton
            app.outbox.claim(run_id, no, owner="dead", limits=everything, now=now, lease=lease)
        assert app.outbox.pending(run_id, most=1) == 0
        later(shop, max(UNCLOSED, lease))
        assert [run.id for run, _ in to_go_on_with(app)] == [run_id]
        app.dispatch_all(run_id)
        assert app.finish(run_id).run.state is RunState.FINISHED


def test_going_on_asks_about_what_is_not_planned_yet_too(open_shop: Open) -> None:
    shop = open_shop()
    with shop.app() as app:
        run, _ = app.start_run("spring_sale")
        before = app.progress(run.id)
        assert question([before]) == (
            "Nothing is planned yet: plan 1 shard and send what comes of it to real customers now?"
        )
        app.plan_shard(run.id, 0)
        planned = app.progress(run.id)
        assert question([planned]) == (f"Send {planned.waiting:,} messages to real customers now?")
        assert question([before, planned]) == (
            f"Send {planned.waiting:,} messages, and those of 1 shard not planned yet, "
            "to real customers now?"
        )
