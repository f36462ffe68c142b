"""What the channels share: deadlines, retry times, one-by-one sending, opening, silence."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from email.message import Message
from email.utils import format_datetime

import pytest

from campaigns.channels.answers import RATE_PAUSE, retry_at, without_addresses
from campaigns.channels.config import ChannelConfiguration, Credentials, Endpoints
from campaigns.channels.deadline import Deadline
from campaigns.channels.logs import VENDOR_LOGGERS, silence_vendor_loggers
from campaigns.channels.one_by_one import one_by_one
from campaigns.channels.registry import limits_of, open_senders
from campaigns.domain.channel import Channel
from campaigns.domain.delivery import (
    Accepted,
    Envelope,
    Holds,
    NotSent,
    Outcome,
    Refused,
    Rejected,
    Unknown,
)
from campaigns.domain.pace import FAILURES
from campaigns.errors import ConfigurationError
from tests.unit.channels.make import NOW, envelopes

SECOND = timedelta(seconds=1)


def _deadline(seconds: float, *ticks: float) -> Deadline:
    clock: Iterator[float] = iter(ticks)
    return Deadline(seconds, monotonic=lambda: next(clock))


def test_a_deadline_does_not_move_with_the_bytes() -> None:
    deadline = _deadline(10, 100, 103, 109)
    assert deadline.wait() == 7
    assert deadline.wait() == 1


def test_a_deadline_that_has_passed_is_a_timeout() -> None:
    with pytest.raises(TimeoutError):
        _deadline(10, 100, 110).wait()


def test_a_part_of_a_deadline_never_outlives_it() -> None:
    assert _deadline(10, 100, 107, 107, 107).part(8).left == 3


@pytest.mark.parametrize(
    ("name", "value", "wait"),
    [
        ("X-RateLimit-Reset", str(int(NOW.timestamp()) + 9), 9 * SECOND),
        ("x-rate-limit-reset", str(int(NOW.timestamp()) + 900), 900 * SECOND),
        ("Retry-After", "12", 12 * SECOND),
        ("Retry-After", format_datetime(NOW + 5 * SECOND, usegmt=True), 5 * SECOND),
        ("Retry-After", "soon", RATE_PAUSE),
        ("Retry-After", "9" * 40, RATE_PAUSE),
        ("X-RateLimit-Reset", str(int(NOW.timestamp()) - 9), RATE_PAUSE),
        ("X-Other", "1", RATE_PAUSE),
        ("Retry-After", "0", SECOND),
        ("Retry-After", "-5", RATE_PAUSE),
        ("Retry-After", "1.5", RATE_PAUSE),
        ("Retry-After", "", RATE_PAUSE),
        ("Retry-After", str(3 * 24 * 3600), RATE_PAUSE),
        ("Retry-After", format_datetime(NOW - 9 * SECOND, usegmt=True), RATE_PAUSE),
        ("Retry-After", "Mon, 99 Mar 2027 09:00:00 GMT", RATE_PAUSE),
        ("X-RateLimit-Reset", str(int(NOW.timestamp()) * 1000), RATE_PAUSE),
    ],
)
def test_a_provider_is_asked_again_when_it_says(name: str, value: str, wait: timedelta) -> None:
    headers = Message()
    headers[name] = value
    assert retry_at(headers, NOW) == NOW + wait


@pytest.mark.parametrize("hours", [-2, 24])
def test_a_moment_of_the_providers_is_counted_from_its_own_clock(hours: int) -> None:
    theirs = NOW + timedelta(hours=hours)
    for name, value in (
        ("X-RateLimit-Reset", str(int(theirs.timestamp()) + 9)),
        ("Retry-After", format_datetime(theirs + 9 * SECOND, usegmt=True)),
        ("Retry-After", "9"),
    ):
        headers = Message()
        headers["Date"] = format_datetime(theirs, usegmt=True)
        headers[name] = value
        assert retry_at(headers, NOW) == NOW + 9 * SECOND


def test_a_providers_words_lose_the_addresses() -> None:
    said = without_addresses("[Ana@Example.com] twice", ["ana@example.com", ""])
    assert said == "[(address)] twice"


def _run(outcomes: list[Outcome]) -> tuple[list[Outcome], int]:
    calls = iter(outcomes)
    used = 0

    def send_one(_: Envelope, __: Deadline) -> Outcome:
        nonlocal used
        used += 1
        return next(calls)

    people = envelopes(Channel.SMS, 4)
    return one_by_one(people, send_one, total=10 * SECOND, clock=lambda: NOW), used


def test_each_message_has_its_own_outcome_in_order() -> None:
    outcomes: list[Outcome] = [
        Accepted("1"),
        Rejected("c", "r"),
        Unknown("c", "r"),
        Accepted("2"),
    ]
    assert _run(outcomes) == (outcomes, 4)


@pytest.mark.parametrize(
    "stop",
    [
        NotSent("c", "r", NOW, Holds.PACE),
        NotSent("c", "r", NOW, Holds.CONNECTION),
        Refused("c", "r"),
    ],
)
def test_what_all_would_meet_is_met_once(stop: Outcome) -> None:
    assert _run([Accepted("1"), stop]) == ([Accepted("1"), stop, stop, stop], 2)


def test_a_phone_out_of_reach_stops_nobody_else() -> None:
    away = NotSent("twilio:30003", "switched off", NOW)
    outcomes: list[Outcome] = [away, Accepted("1"), away, Accepted("2")]
    assert _run(outcomes) == (outcomes, 4)


def test_after_failures_in_a_row_the_rest_goes_back_unsent() -> None:
    down = Unknown("c", "r")
    calls: Iterator[Outcome] = iter([Accepted("1"), *[down] * FAILURES])
    people = envelopes(Channel.SMS, 20)
    outcomes = one_by_one(people, lambda _, __: next(calls), total=10 * SECOND, clock=lambda: NOW)
    assert outcomes[1 : FAILURES + 1] == [down] * FAILURES
    assert {type(o) for o in outcomes[FAILURES + 1 :]} == {NotSent}
    assert len(outcomes) == 20


def test_the_rest_goes_back_unsent_once_the_run_is_halted() -> None:
    looks = iter([False, True])
    sent: list[int] = []

    def send_one(envelope: Envelope, _: Deadline) -> Outcome:
        sent.append(envelope.delivery_id)
        return Accepted("1")

    outcomes = one_by_one(
        envelopes(Channel.SMS, 4),
        send_one,
        total=10 * SECOND,
        clock=lambda: NOW,
        halted=lambda: next(looks),
    )
    assert len(sent) == 2
    assert [type(o) for o in outcomes] == [Accepted, Accepted, NotSent, NotSent]


def test_the_rest_goes_back_unsent_when_half_the_time_is_gone() -> None:
    moments = iter([0.0])

    def slow(_: Envelope, deadline: Deadline) -> Outcome:
        while deadline.left > 0:
            next(moments, None)
        return Unknown("c", "late")

    outcomes = one_by_one(
        envelopes(Channel.SMS, 3), slow, total=timedelta(seconds=0.1), clock=lambda: NOW
    )
    assert [type(o) for o in outcomes] == [Unknown, NotSent, NotSent]
    assert outcomes[1].retry_at == NOW  # type: ignore[union-attr]


def _configuration(**credentials: str) -> ChannelConfiguration:
    senders = {
        Channel.EMAIL: {"address": "hello@news.example.com"},
        Channel.SMS: {"from": "+447700900123"},
        Channel.WHATSAPP: {"from": "+447700900124"},
    }
    return ChannelConfiguration(
        Credentials(**credentials), Endpoints("http://127.0.0.1:1"), senders
    )


KEYS = {
    "sendgrid_api_key": "k",
    "twilio_account_sid": "AC",
    "twilio_auth_token": "t",
    "x_consumer_key": "a",
    "x_consumer_secret": "b",
    "x_access_token": "c",
    "x_access_token_secret": "d",
}


@pytest.mark.parametrize("missing", sorted(KEYS))
def test_a_missing_key_is_named_by_its_setting(missing: str) -> None:
    with pytest.raises(ConfigurationError, match=f"CAMPAIGNS_{missing.upper()} is not set"):
        open_senders(_configuration(**{**KEYS, missing: ""}), Channel)


@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.SMS, Channel.WHATSAPP])
def test_a_channel_nobody_is_named_to_send_on_is_named(channel: Channel) -> None:
    configuration = ChannelConfiguration(Credentials(**KEYS), Endpoints(None), {})
    with pytest.raises(ConfigurationError, match=f"senders.{channel}"):
        open_senders(configuration, [channel])


def test_a_sender_serves_the_channel_it_was_asked_for() -> None:
    senders = open_senders(_configuration(**KEYS), Channel)
    assert {c: s.channel for c, s in senders.items()} == {c: c for c in Channel}
    assert all(s.limits == limits_of(c) for c, s in senders.items())


def test_keys_are_not_in_what_a_configuration_prints() -> None:
    assert "hush" not in repr(_configuration(**dict.fromkeys(KEYS, "hush")))


def test_the_registry_imports_no_sdk_and_no_heavy_library() -> None:
    code = (
        "import sys, campaigns.channels.registry as r\n"
        "from campaigns.domain.channel import Channel\n"
        "[r.limits_of(c) for c in Channel]\n"
        "print([m for m in sys.modules if m in "
        "('sendgrid', 'twilio', 'tweepy', 'requests', 'aiohttp')])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize("name", VENDOR_LOGGERS)
def test_vendor_loggers_keep_quiet_below_warnings_whatever_their_level(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    silence_vendor_loggers()
    silence_vendor_loggers()
    with caplog.at_level(logging.DEBUG, logger=name):
        logging.getLogger(name).debug("Authorization: Bearer key")
        logging.getLogger(name).info("To=+447700900001")
        logging.getLogger(name).warning("worth knowing")
    assert [r.message for r in caplog.records] == ["worth knowing"]


def test_the_clock_of_a_configuration_is_aware() -> None:
    now: datetime = _configuration(**KEYS).clock()
    assert now.utcoffset() == timedelta(0)
