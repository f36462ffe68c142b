"""Rates, 429s, outages and refusals in whole runs, through the real SDKs against the sandbox.

Waiting is virtual: the application's clock jumps where it would sleep, so an outage of minutes
takes none.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from campaigns.bootstrap import App
from campaigns.cli import run as cli
from campaigns.domain.channel import Channel
from campaigns.domain.delivery import DeliveryState
from campaigns.domain.pace import FAILURES, PATIENCE
from campaigns.domain.run import RunState
from campaigns.errors import RunStoppedError
from campaigns.services import pacing
from campaigns.services.dispatch import Clock, DispatchCounts
from tests.acceptance.paced_shop import Open, Shop, begun, home, of, open_shop, sent
from tests.contract.channels import say

__all__ = ["home", "open_shop"]  # fixtures
S = DeliveryState


def fired(shop: Shop, kind: str) -> int:
    return len(shop.sandbox.log.strikes(kind))


def test_a_429_holds_the_channel_until_the_providers_moment_and_all_arrive(open_shop: Open) -> None:
    shop = open_shop()
    shop.faults("429", seconds=40, count=3)
    with shop.app() as app:
        report, _ = sent(app)
    assert fired(shop, "429") == 3
    # Of two senders, SMS and WhatsApp, one met two of them, and waited 40 s after each.
    assert shop.clock.ahead > 2 * 35
    assert report.run.state is RunState.FINISHED
    assert of(report, Channel.SMS, S.ACCEPTED) == report.planned[Channel.SMS] > 5
    assert report.in_state(S.IN_DOUBT) == 0


@pytest.mark.parametrize(
    ("provider", "seconds"),
    [("sendgrid", 3 * 24 * 3600), ("twilio", 2), ("x", 3 * 24 * 3600)],
    ids=["sendgrid, absurdly long", "twilio, again and again", "x, absurdly long"],
)
def test_a_provider_that_only_asks_to_slow_down_is_for_later_and_nobody_is_in_doubt(
    open_shop: Open, provider: str, seconds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pacing, "SLOWED", timedelta(minutes=1))
    shop = open_shop(lanes=2)
    say(shop.sandbox, "faults", {"kind": "429", "provider": provider, "seconds": seconds})
    with shop.app() as app:
        report, counts = sent(app)
        assert report.run.state is RunState.PAUSED
        assert "slow down" in (report.run.stopped_because or "")
        assert counts.unreachable
        assert report.in_state(S.IN_DOUBT) == 0
        shop.well_again()
        shop.clock.ahead += 600
        report, _ = sent(app)
    assert report.run.state is RunState.FINISHED
    assert report.in_state(S.IN_DOUBT) == 0
    assert not shop.sandbox.log.duplicates()


def test_with_several_lanes_each_meets_a_429_once_at_most(open_shop: Open) -> None:
    shop = open_shop(lanes=4)
    shop.faults("429", seconds=600)
    with shop.app() as app:
        run_id = begun(app)
        counts = app.lanes.send(lambda: _until_waiting(app, run_id))
        told = app.report(run_id).paused
    assert 1 <= fired(shop, "429") <= 2 * 4  # SMS and WhatsApp are two senders
    assert counts.outcomes["in doubt"] == 0
    assert any(line.startswith("SMS paused until ") for line in told)


class _Waits(Exception):  # noqa: N818 - not an error
    """The worker would wait now."""


def _until_waiting(app: App, run_id: int) -> DispatchCounts:
    """Send until there is nothing to do but wait."""
    dispatcher = app._dispatcher(app.runs.get(run_id).release_hash)

    def stop(_: float) -> None:
        raise _Waits

    dispatcher.clock = Clock(dispatcher.clock.now, dispatcher.clock.monotonic, stop)
    try:
        return dispatcher.dispatch_shard(app.runs.get(run_id), 0)
    except _Waits:
        return DispatchCounts()


def test_an_outage_that_ends_costs_a_handful_and_the_run_goes_on_by_itself(
    open_shop: Open,
) -> None:
    shop = open_shop()
    shop.faults("500_before", count=FAILURES + 1)
    with shop.app() as app:
        report, counts = sent(app)
    assert report.run.state is RunState.FINISHED
    assert report.in_state(S.IN_DOUBT) == fired(shop, "500_before") == FAILURES + 1
    # One customer on X takes no messages.
    assert report.in_state(S.ACCEPTED, S.REJECTED) == sum(report.planned.values()) - FAILURES - 1
    assert not counts.unreachable
    assert not report.paused


def test_while_one_channel_is_down_the_others_finish_and_the_run_says_why(
    open_shop: Open, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = open_shop()
    shop.faults("500_before")
    with shop.app() as app:
        report, counts = sent(app)
        burnt = report.in_state(S.IN_DOUBT)
        assert of(report, Channel.EMAIL, S.ACCEPTED) == report.planned[Channel.EMAIL] > 20
        assert of(report, Channel.SMS, S.ACCEPTED) == 0
        assert 0 < burnt <= 2 * (FAILURES + PATIENCE)  # SMS and WhatsApp: two senders
        assert report.run.state is RunState.PAUSED
        assert report.run.stopped_because is not None
        assert "SMS: Twilio answered 500" in report.run.stopped_because
        assert set(counts.unreachable) == {Channel.SMS, Channel.WHATSAPP}
        assert "Twilio answered 500" in " ".join(report.paused)
    monkeypatch.setenv("CAMPAIGNS_HOME", str(shop.home))
    assert cli(["show", "run"]) == 0
    assert "SMS: Twilio answered 500" in " ".join(capsys.readouterr().out.split())
    shop.well_again()
    shop.clock.ahead += 600
    with shop.app() as app:
        report, _ = sent(app)
    assert report.run.state is RunState.FINISHED
    assert report.in_state(S.ACCEPTED, S.REJECTED) == sum(report.planned.values()) - burnt
    assert not shop.sandbox.log.duplicates()


def test_with_several_lanes_an_outage_still_costs_few(open_shop: Open) -> None:
    shop = open_shop(lanes=4)
    shop.faults("drop_before")
    with shop.app() as app:
        report, _ = sent(app)
    for sender in (Channel.SMS, Channel.WHATSAPP):  # each lane may have been in a batch of its own
        assert of(report, sender, S.IN_DOUBT) <= 4 * FAILURES + PATIENCE


@pytest.mark.parametrize("kind", ["500_before", "drop_before"])
def test_an_outage_that_is_there_from_the_beginning_costs_a_handful_of_mails(
    open_shop: Open, kind: str
) -> None:
    """Mails go by the thousand in one request: all lanes begin with one."""
    shop = open_shop(lanes=4)
    say(shop.sandbox, "faults", {"kind": kind, "provider": "sendgrid"})
    with shop.app() as app:
        report, _ = sent(app)
        lost = of(report, Channel.EMAIL, S.IN_DOUBT)
        assert 0 < lost <= 2 * 4 + PATIENCE
        shop.well_again()
        shop.clock.ahead += 600
        report, _ = sent(app)
    assert report.run.state is RunState.FINISHED
    assert of(report, Channel.EMAIL, S.ACCEPTED) == report.planned[Channel.EMAIL] - lost > 20


def test_a_post_that_has_to_wait_keeps_its_run_open_and_holds_up_nobody(open_shop: Open) -> None:
    shop = open_shop()
    say(shop.sandbox, "faults", {"kind": "429", "provider": "x", "seconds": 3600})
    with shop.app() as app:
        report, counts = sent(app)
    assert shop.clock.ahead < 60
    assert report.post is S.PENDING
    assert report.run.state is RunState.PAUSED
    assert Channel.X_POST in counts.unreachable
    assert report.waiting == of(report, Channel.X_DM, S.PENDING) + 1  # the post
    assert of(report, Channel.EMAIL, S.ACCEPTED) == report.planned[Channel.EMAIL]
    shop.well_again()
    shop.clock.ahead += 3700
    with shop.app() as app:
        report, _ = sent(app)
    assert report.post is S.ACCEPTED
    assert report.run.state is RunState.FINISHED


def test_a_slow_sender_holds_up_no_other_shards_channels(open_shop: Open) -> None:
    shop = open_shop()
    shop.edit('sms: {from: "+447700900123"}', 'sms: {from: "+447700900123", per_second: 1}')
    with shop.app(shard_size=100) as app:
        report, _ = sent(app)
        assert len(app.shards(report.run.id)) > 1
    assert report.run.state is RunState.FINISHED
    assert report.accepted > 100
    log = sorted(shop.sandbox.log.entries(), key=lambda entry: entry.id)
    last_mail = max(n for n, entry in enumerate(log) if entry.channel == "email")
    before = sum(entry.channel == "sms" for entry in log[:last_mail])
    assert before <= 5 < report.planned[Channel.SMS] - 5, "mail waited for texts"


def test_a_senders_rate_holds_for_all_lanes_by_the_providers_log(open_shop: Open) -> None:
    """In any second there are never more than the rate, and one burst for each lane that was held
    up between reserving and sending."""
    rate, lanes = 20, 2
    shop = open_shop(lanes=lanes)
    shop.edit('sms: {from: "+447700900123"}', f'sms: {{from: "+447700900123", per_second: {rate}}}')
    with shop.app(Clock(lambda: datetime.now(UTC), time.monotonic, time.sleep)) as app:
        began = time.monotonic()
        report, _ = sent(app)
        took = time.monotonic() - began
    assert report.run.state is RunState.FINISHED
    at = sorted(e.accepted_at for e in shop.sandbox.log.entries(channel="sms"))
    assert len(at) == report.planned[Channel.SMS] > 15
    second, burst = timedelta(seconds=1), 2
    in_a_second = max(sum(first <= m < first + second for m in at) for first in at)
    assert in_a_second <= rate + burst * lanes
    assert at[-1] - at[0] > timedelta(seconds=(len(at) - burst) / rate * 0.9)
    assert took < 200  # and not for ever


REFUSALS: list[tuple[str, dict[str, Any], tuple[str, str] | None, str]] = [
    ("a number of nobody", {"twilio_numbers": ["+447700900999", "+447700900124"]}, None, "21606"),
    ("an unverified sender", {"sendgrid_verified_senders": ["other.example"]}, None, "403"),
    ("a wrong sender", {}, ('sms: {from: "+447700900123"', 'sms: {from: "+15005550001"'), "21212"),
]


@pytest.mark.parametrize(
    ("config", "edit", "code"), [r[1:] for r in REFUSALS], ids=[r[0] for r in REFUSALS]
)
def test_a_refusal_of_the_configuration_stops_the_run_on_all_lanes_at_once(
    open_shop: Open, config: dict[str, Any], edit: tuple[str, str] | None, code: str
) -> None:
    shop = open_shop(lanes=4, **config)
    if edit is not None:
        shop.edit(*edit)
    with shop.app() as app:
        run_id = begun(app)
        with pytest.raises(RunStoppedError, match=code):
            app.dispatch_all(run_id)
        report = app.report(run_id)
    refused = Channel.EMAIL if "sendgrid_verified_senders" in config else Channel.SMS
    assert report.run.state is RunState.STOPPED
    assert code in (report.run.stopped_because or "")
    assert of(report, refused, S.ACCEPTED) == of(report, refused, S.IN_DOUBT) == 0
    assert of(report, refused, S.REJECTED) == 0
    assert report.waiting == 0, "nothing waits in a run that has ended"
    with shop.app() as app:
        again = app.report(begun(app))
    assert of(again, refused, S.PENDING) == report.planned[refused], "somebody was burnt"
