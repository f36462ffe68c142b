"""What an outage paused is taken up again by itself; what a person has to decide is not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from campaigns.bootstrap import App, Workers
from campaigns.bootstrap.alerts import alerts
from campaigns.bootstrap.control import pause, resume
from campaigns.bootstrap.outages import (
    UNCLOSED,
    pause_for_outage,
    paused_when_stopped,
    standing_outage,
    take_up,
    to_go_on_with,
    to_take_up,
)
from campaigns.cli import run as cli
from campaigns.cli.going_on import question
from campaigns.domain.audit import ENGINE, run_subject
from campaigns.domain.channel import Channel
from campaigns.domain.delivery import DeliveryState
from campaigns.domain.outage import FIRST_WAIT, LONGEST_WAIT, MOST_CRASHES
from campaigns.domain.pace import Pace
from campaigns.domain.run import RunState
from campaigns.errors import ConfigurationError, ProviderUnreachableError, TerminatedError
from campaigns.services.report import RunReport
from tests.acceptance.paced_shop import Open, Shop, begun, home, of, open_shop, sent

__all__ = ["home", "open_shop"]  # fixtures
S = DeliveryState


def gone_on(app: App) -> list[RunReport]:
    """As the flow `go-on` and the command do."""
    reports = []
    for run, outage in to_take_up(app):
        take_up(app, run.id, outage)
        try:
            app.begin_sending(run.id)
        except ProviderUnreachableError:
            continue
        counts = app.dispatch_all(run.id)
        reports.append(app.finish(run.id, counts.unreachable))
    return reports


def later(shop: Shop, wait: timedelta) -> None:
    shop.clock.ahead += wait.total_seconds() + 1


def as_environment(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (
        ("HOME", shop.home), ("TEMPLATES", shop.home / "templates"),
        ("SANDBOX_URL", shop.sandbox.url), ("SANDBOX_QUIET_HOURS", "false"), ("WORKERS", "1"),
    ):  # fmt: skip
        monkeypatch.setenv(f"CAMPAIGNS_{name}", str(value))


def _refuses(*_: object) -> None:
    raise ConfigurationError("Twilio refuses the account")


def test_a_run_is_taken_up_once_the_provider_may_answer_and_goes_on_to_its_end(
    open_shop: Open,
) -> None:
    shop = open_shop()
    shop.faults("500_before")
    with shop.app() as app:
        report, _ = sent(app)
        burnt, run_id = report.in_state(S.IN_DOUBT), report.run.id
        assert report.run.state is RunState.PAUSED
        assert to_take_up(app) == [], "not before its time"

        later(shop, FIRST_WAIT)
        (still,) = gone_on(app)
        assert still.run.state is RunState.PAUSED
        tried = still.in_state(S.IN_DOUBT) - burnt
        assert tried <= 2, "one message tries for each of the two senders"
        outage = app.audit.outage(run_id)
        assert outage is not None
        assert outage.tries == 1
        assert outage.again_at - outage.last == 2 * FIRST_WAIT

        shop.well_again()
        later(shop, 2 * FIRST_WAIT)
        (ended,) = gone_on(app)
    assert ended.run.state is RunState.FINISHED
    assert of(ended, Channel.SMS, S.ACCEPTED) > 10
    assert ended.in_state(S.IN_DOUBT) == burnt + tried
    assert not shop.sandbox.log.duplicates()
    trail = [e.did for e in app.audit.entries(run_subject(run_id)) if e.actor == ENGINE]
    assert trail == ["taken up", "paused", "taken up", "paused"]


def test_the_waits_grow_and_a_message_that_is_accepted_ends_the_count(open_shop: Open) -> None:
    shop = open_shop()
    with shop.app() as app:
        run_id = begun(app)
        waits = []
        for _ in range(6):
            assert pause_for_outage(app, run_id, "E-mail: SendGrid answered 503")
            outage = app.audit.outage(run_id)
            assert outage is not None
            waits.append(outage.again_at - outage.last)
            shop.clock.ahead = (
                outage.again_at - app.clock.now()
            ).total_seconds() + shop.clock.ahead
            take_up(app, run_id, outage)
            assert app.runs.move(run_id, RunState.RUNNING, now=app.clock.now())
        minutes = [wait // timedelta(minutes=1) for wait in waits]
        assert minutes == [5, 10, 20, 40, 60, 60]
        assert waits[-1] == LONGEST_WAIT
        app.dispatch_all(run_id)
        app.runs.move(run_id, RunState.RUNNING, now=app.clock.now())
        assert pause_for_outage(app, run_id, "SMS: Twilio answered 503")
        outage = app.audit.outage(run_id)
        assert outage is not None
        assert (outage.tries, outage.because) == (0, "SMS: Twilio answered 503")


def test_what_a_person_paused_is_left_alone_also_after_an_outage(open_shop: Open) -> None:
    shop = open_shop()
    with shop.app() as app:
        run_id = begun(app)
        pause_for_outage(app, run_id, "no provider")
        pause(app, run_id, by="ana", why="wrong price")
        later(shop, LONGEST_WAIT)
        assert to_take_up(app) == []
        resume(app, run_id, by="ana")
        assert to_take_up(app) == [], "whoever resumes it sends it"


@pytest.mark.parametrize("because", ["a wrong key", "the sending process was stopped (Ctrl-C)"])
def test_a_pause_that_is_no_outage_is_left_alone(open_shop: Open, because: str) -> None:
    shop = open_shop()
    with shop.app() as app:
        run_id = begun(app)
        app.runs.move(run_id, RunState.PAUSED, now=app.clock.now(), because=because)
        later(shop, LONGEST_WAIT)
        assert to_take_up(app) == []
        assert app.progress(run_id).outage is None


@pytest.mark.parametrize(
    ("error", "goes_on"), [(TerminatedError, True), (KeyboardInterrupt, False)]
)
def test_a_machine_that_is_shut_down_is_an_outage_and_ctrl_c_is_somebodys_word(
    open_shop: Open, error: type[BaseException], goes_on: bool
) -> None:
    shop = open_shop()
    with shop.app() as app:
        run_id = begun(app)
        with pytest.raises(error), Workers(app, run_id, 1):
            raise error
        assert app.runs.get(run_id).state is RunState.PAUSED
        later(shop, FIRST_WAIT)
        assert [run.id for run, _ in to_take_up(app)] == [run_id] * goes_on


def test_after_a_few_crashes_of_one_run_somebody_has_to_look(open_shop: Open) -> None:
    shop = open_shop()
    with shop.app() as app:
        run_id = begun(app)
        for _ in range(MOST_CRASHES):
            pause_for_outage(app, run_id, "the flow run crashed", crashed=True)
            assert standing_outage(app, app.runs.get(run_id)) is not None
            app.runs.move(run_id, RunState.RUNNING, now=app.clock.now())
        pause_for_outage(app, run_id, "the flow run crashed", crashed=True)
        assert standing_outage(app, app.runs.get(run_id)) is None
        told = app.progress(run_id).stuck
        later(shop, LONGEST_WAIT)
        assert to_take_up(app) == []
    assert told == (
        "paused: the flow run crashed, for the 4th time in this run: it does not go on by itself "
        "any more. See why (the log of the flow run, the memory of its machine) before going on. "
        "`campaigns run spring_sale` goes on with it."
    )


def test_a_provider_that_is_away_before_the_first_message_is_asked_again_later(
    open_shop: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = open_shop()
    with shop.app() as app:
        run_id = begun(app)
        app.runs.move(run_id, RunState.PAUSED, now=app.clock.now())

        def away(*_: object) -> None:
            raise ProviderUnreachableError("the provider does not answer.", "Mend it, run again.")

        app.runs.move(run_id, RunState.RUNNING, now=app.clock.now())
        with monkeypatch.context() as patch:
            patch.setattr(App, "_prepared_senders", away)
            with pytest.raises(ProviderUnreachableError):
                app.begin_sending(run_id)
            later(shop, FIRST_WAIT)
            assert gone_on(app) == []
            outage = standing_outage(app, app.runs.get(run_id))
            assert outage is not None
            assert outage.tries == 1
            assert outage.because == "the provider does not answer.", (
                "no advice to who is not there"
            )
            later(shop, FIRST_WAIT)
            assert to_take_up(app) == [], "twice as long"
        later(shop, FIRST_WAIT)
        (report,) = gone_on(app)
    assert report.run.state is RunState.FINISHED


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


def test_the_command_goes_on_with_what_can_and_says_why(
    open_shop: Open, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = open_shop()
    with shop.app() as app:
        shop.clock.ahead = -FIRST_WAIT.total_seconds() - 60
        run_id = begun(app)
        pause_for_outage(app, run_id, "SMS: Twilio answered 503")
    as_environment(shop, monkeypatch)
    assert cli(["go-on"]) == 0
    told = capsys.readouterr()
    assert "paused by an outage: SMS: Twilio answered 503" in told.err
    assert "finished" in told.out
    assert cli(["go-on"]) == 0
    assert "Nothing can go on now." in capsys.readouterr().err


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


def test_a_wrong_setting_waits_for_a_person(
    open_shop: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = open_shop()
    with shop.app() as app:
        run_id = begun(app)

        monkeypatch.setattr(App, "_prepared_senders", _refuses)
        with pytest.raises(ConfigurationError):
            app.begin_sending(run_id)
        assert app.runs.get(run_id).state is RunState.PAUSED
        later(shop, LONGEST_WAIT)
        assert to_take_up(app) == []


def test_a_wrong_setting_that_an_outage_hid_waits_for_a_person(
    open_shop: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = open_shop()
    with shop.app() as app:
        run_id = begun(app)
        pause_for_outage(app, run_id, "Twilio does not answer")
        later(shop, FIRST_WAIT)

        monkeypatch.setattr(App, "_prepared_senders", _refuses)
        with pytest.raises(ConfigurationError):
            gone_on(app)
        later(shop, LONGEST_WAIT)
        assert to_take_up(app) == []
        assert "Twilio refuses the account" in (app.progress(run_id).stuck or "")


def test_who_pauses_a_run_that_is_about_to_be_taken_up_is_heard(open_shop: Open) -> None:
    shop = open_shop()
    with shop.app() as app:
        run_id = begun(app)
        pause_for_outage(app, run_id, "no provider")
        later(shop, FIRST_WAIT)
        ((run, outage),) = to_take_up(app)
        pause(app, run_id, by="ana", why="wrong price")
        assert not take_up(app, run.id, outage)
        later(shop, LONGEST_WAIT)
        assert to_take_up(app) == []
        assert app.audit.outage(run_id) is None


def test_what_the_provider_put_off_for_longer_is_not_taken_up_before(open_shop: Open) -> None:
    shop = open_shop()
    shop.faults("429", seconds=3600)
    with shop.app() as app:
        report, _ = sent(app)
        assert report.run.state is RunState.PAUSED
        later(shop, timedelta(minutes=50))
        assert to_take_up(app) == []
        shop.well_again()
        later(shop, timedelta(minutes=10))
        (ended,) = gone_on(app)
    assert ended.run.state is RunState.FINISHED
    assert ended.in_state(S.IN_DOUBT) == 0


def test_of_two_senders_of_a_channel_the_first_that_opens_takes_the_run_up(
    open_shop: Open,
) -> None:
    shop = open_shop()
    with shop.app() as app:
        run_id, now = begun(app), app.clock.now()
        for sender, wait in (("+447700900123", 40), ("+447700900199", 20)):
            closed = Pace(closed_until=now + timedelta(minutes=wait), because="429")
            app.paces.change(f"sms {sender}", lambda _, closed=closed: (closed, None), now=now)
        pause_for_outage(app, run_id, "SMS: Twilio answered 429", channels=[Channel.SMS])
        later(shop, timedelta(minutes=19))
        assert to_take_up(app) == []
        later(shop, timedelta(minutes=1))
        assert [run.id for run, _ in to_take_up(app)] == [run_id]


def test_of_a_run_that_went_on_the_outage_is_told_in_one_sentence(open_shop: Open) -> None:
    with open_shop().app() as app:
        run_id = begun(app)
        pause_for_outage(app, run_id, "the sandbox does not answer.")
        assert app.runs.move(run_id, RunState.RUNNING, now=app.clock.now())
        last = app.report(run_id).course[-1]
    assert last == "It was taken up again after an outage: the sandbox does not answer."


def test_everybody_who_looks_is_told_of_it_and_the_alert_waits_half_an_hour(
    open_shop: Open, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = open_shop()
    with shop.app() as app:
        run_id = begun(app)
        pause_for_outage(app, run_id, "E-mail: SendGrid answered 503, 5 times in a row")
        assert alerts(app) == []
        later(shop, timedelta(minutes=30))
        (alert,) = alerts(app)
        assert "SendGrid answered 503" in alert.says
        assert "`go-on` takes it up from" in alert.says
        (_, outage), *_ = to_take_up(app)
        take_up(app, run_id, outage)
        course = " ".join(app.report(run_id).course)
    assert "taken up 1 time in vain" in course
    monkeypatch.setenv("CAMPAIGNS_HOME", str(shop.home))
    assert cli(["show", "run"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "paused: E-mail: SendGrid answered 503, 5 times in a row; taken up 1 time" in told
    assert cli(["audit", f"run:{run_id}"]) == 0
    assert "taken up" in capsys.readouterr().out
