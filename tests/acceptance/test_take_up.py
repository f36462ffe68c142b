"""What an outage paused is taken up again by itself; what a person has to decide is not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from campaigns.bootstrap import App, Workers
from campaigns.bootstrap.alerts import alerts
from campaigns.bootstrap.control import pause, resume
from campaigns.bootstrap.outages import (
    pause_for_outage,
    standing_outage,
    take_up,
    to_take_up,
)
from campaigns.cli import run as cli
from campaigns.domain.audit import ENGINE, run_subject
from campaigns.domain.channel import Channel
from campaigns.domain.delivery import DeliveryState
from campaigns.domain.outage import FIRST_WAIT, LONGEST_WAIT, MOST_CRASHES
from campaigns.domain.pace import Pace
from campaigns.domain.run import RunState
from campaigns.errors import ConfigurationError, ProviderUnreachableError, TerminatedError
from campaigns.services.report import RunReport
from tests.acceptance.paced_shop import (
    Open,
    as_environment,
    begun,
    home,
    later,
    of,
    open_shop,
    sent,
)

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
