"""One suite that every channel passes, against the sandbox and through the real SDKs."""

from __future__ import annotations

import logging
import socket
import time
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from campaigns.channels.logs import VENDOR_LOGGERS
from campaigns.channels.registry import limits_of, open_senders
from campaigns.domain.channel import PERSONAL_CHANNELS, Channel
from campaigns.domain.delivery import Accepted, NotSent, Outcome, Refused, Rejected, Unknown
from campaigns.domain.message import fill
from campaigns.sandbox.config import SandboxConfig
from campaigns.sandbox.process import SandboxProcess
from tests.contract.channels import (
    ROWS,
    SMTP,
    Row,
    configuration,
    credentials,
    fresh,
    misbehaving,
    opened,
    say,
)

EVERY = pytest.mark.parametrize("row", ROWS, ids=str)
PERSONAL = pytest.mark.parametrize(
    "row", [r for r in ROWS if r.channel in PERSONAL_CHANNELS], ids=str
)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    home: Path = tmp_path_factory.mktemp("sandbox")
    config = home / "config.json"
    # X's real limits would stop the suite after fifteen messages.
    config.write_bytes(orjson.dumps({"x_dm_limit": 10_000, "x_post_limit": 10_000}))
    with SandboxProcess(home / "log", config=config, record=10_000) as running:
        say(running, "x/users", [{"username": f"demo_{n}"} for n in range(1, 40)])
        for row in ROWS:  # the SDKs load once, outside any deadline that is tested
            mail = fresh(row.channel)
            with opened(row, running) as sender:
                assert isinstance(sender.send(mail.skeleton, mail.envelopes)[0], Accepted)
        yield running


def _send(
    sandbox: SandboxProcess | str,
    row: Row,
    *,
    count: int = 1,
    seconds: float = 60,
    **wrong: str,
) -> list[Outcome]:
    mail = fresh(row.channel, count)
    with opened(row, sandbox, seconds, **wrong) as sender:
        return sender.send(mail.skeleton, mail.envelopes)


@EVERY
def test_what_the_provider_has_is_what_fill_writes(row: Row, sandbox: SandboxProcess) -> None:
    mail = fresh(row.channel)
    with opened(row, sandbox) as sender:
        sender.prepare([mail.skeleton])
        (outcome,) = sender.send(mail.skeleton, mail.envelopes)
    assert isinstance(outcome, Accepted)
    assert outcome.provider_id
    entry, seen = next(
        found
        for found in sandbox.log.messages(channel=str(row.channel), newest=True, limit=50)
        if found[0].provider_id == outcome.provider_id
    )
    parts = fill(mail.skeleton, mail.envelopes[0].values)
    if row.channel is Channel.EMAIL:
        assert {"subject": seen.subject, "text": seen.text, "html": seen.html} == parts
        assert dict(seen.headers) == dict(mail.envelopes[0].headers)
    else:
        assert seen.text == parts["body"]
    if PROVIDERS_TELL_ID[row.channel]:
        assert entry.delivery == str(mail.envelopes[0].delivery_id)
    if row.channel in PERSONAL_CHANNELS:
        assert entry.recipient == mail.envelopes[0].address.removeprefix("@")


#: X takes no id of ours: its own id comes back in the answer, or the timeline is read.
PROVIDERS_TELL_ID = {c: c in (Channel.EMAIL, Channel.SMS, Channel.WHATSAPP) for c in Channel}

FAULTS: list[tuple[str, type[Outcome]]] = [
    ("429", NotSent),
    ("500_before", Unknown),
    ("500_after", Unknown),
    ("drop_before", Unknown),
    ("drop_after", Unknown),
    ("truncate", Accepted),
    ("garble", Accepted),
    ("empty", Accepted),
    ("delay", Accepted),
]


@EVERY
@pytest.mark.parametrize(("kind", "expected"), FAULTS)
def test_a_fault_becomes_the_outcome_the_design_asks_for(
    row: Row, kind: str, expected: type[Outcome], sandbox: SandboxProcess
) -> None:
    if row is SMTP and kind == "500_before":
        expected = NotSent  # an SMTP server that says 'error' has not taken the message (RFC 5321)
    with misbehaving(sandbox, row, kind, seconds=0.2 if kind == "delay" else 2):
        (outcome,) = _send(sandbox, row)
    assert isinstance(outcome, expected)
    assert sandbox.log.strikes(kind)


@EVERY
@pytest.mark.parametrize(("kind", "pause"), [("drip", 0.3), ("hang", 60), ("hang_before", 60)])
def test_a_provider_that_never_ends_is_left_at_the_deadline(
    row: Row, kind: str, pause: float, sandbox: SandboxProcess
) -> None:
    """A drip gives a byte well within any socket's time-out, for ever."""
    seconds = 1.0
    with misbehaving(sandbox, row, kind, seconds=pause):
        begun = time.monotonic()
        (outcome,) = _send(sandbox, row, seconds=seconds)
        took = time.monotonic() - begun
    assert isinstance(outcome, Unknown)
    assert took < 30  # and not for ever


@EVERY
def test_a_429_says_when_to_come_back(row: Row, sandbox: SandboxProcess) -> None:
    with misbehaving(sandbox, row, "429", seconds=40):
        (outcome,) = _send(sandbox, row)
    assert isinstance(outcome, NotSent)
    wait = outcome.retry_at - datetime.now(UTC)
    # SMTP has no words for it: our own pause of 30 s.
    least, longest = (25, 30) if row is SMTP else (30, 40)
    assert timedelta(seconds=least) < wait <= timedelta(seconds=longest)


@EVERY
def test_nobody_there_means_not_sent(row: Row) -> None:
    count = limits_of(row.channel, row.email_provider).batch
    with socket.socket() as taken:  # bound and not listening: nobody answers there
        taken.bind(("127.0.0.1", 0))
        outcomes = _send(f"http://127.0.0.1:{taken.getsockname()[1]}", row, count=count)
    assert [type(o) for o in outcomes] == [NotSent] * count
    assert all(isinstance(o, NotSent) and o.retry_at > datetime.now(UTC) for o in outcomes)


WRONG = {
    Row(Channel.EMAIL): {"sendgrid_api_key": "SG.wrong"},
    Row(Channel.SMS): {"twilio_auth_token": "wrong"},
    Row(Channel.WHATSAPP): {"twilio_auth_token": "wrong"},
    Row(Channel.X_DM): {"x_access_token_secret": "wrong"},
    Row(Channel.X_POST): {"x_consumer_key": "wrong"},
    SMTP: {"smtp_password": "wrong"},
}


@EVERY
def test_a_wrong_key_is_refused_for_all(row: Row, sandbox: SandboxProcess) -> None:
    count = min(3, limits_of(row.channel, row.email_provider).batch)
    outcomes = _send(sandbox, row, count=count, **WRONG[row])
    assert [type(o) for o in outcomes] == [Refused] * count


@PERSONAL
def test_a_full_batch_has_one_outcome_each_in_order(row: Row, sandbox: SandboxProcess) -> None:
    count = limits_of(row.channel, row.email_provider).batch
    mail = fresh(row.channel, count)
    with opened(row, sandbox, 20) as sender:
        outcomes = sender.send(mail.skeleton, mail.envelopes)
    assert [type(o) for o in outcomes] == [Accepted] * count
    ids = {o.provider_id for o in outcomes if isinstance(o, Accepted)}
    assert len(ids) == (1 if row.provider == "sendgrid" else count)
    if PROVIDERS_TELL_ID[row.channel]:
        for envelope in mail.envelopes[:: max(1, count // 10)]:
            (entry,) = sandbox.log.entries(delivery=str(envelope.delivery_id))
            assert entry.recipient == envelope.address


UNREACHABLE = {
    Channel.EMAIL: "nobody at example.com",
    Channel.SMS: "+15005550009",  # Twilio's own 'not a mobile number'
    Channel.WHATSAPP: "+4477",
    Channel.X_DM: "@demo_gone_for_good_and_ever",
}


@PERSONAL
def test_one_wrong_address_is_rejected_and_stops_nobody_else(
    row: Row, sandbox: SandboxProcess
) -> None:
    mail = fresh(row.channel, 3)
    people = [mail.envelopes[0], replace(mail.envelopes[1], address=UNREACHABLE[row.channel])]
    people.append(mail.envelopes[2])
    with opened(row, sandbox) as sender:
        first, wrong, last = sender.send(mail.skeleton, people)
        assert isinstance(wrong, Rejected)
        assert wrong.invalid_address
        if row.provider == "sendgrid":  # SendGrid refused them all: they go without the wrong one
            assert [type(o) for o in (first, last)] == [NotSent, NotSent]
            first, last = sender.send(mail.skeleton, [people[0], people[2]])
    assert [type(o) for o in (first, last)] == [Accepted, Accepted]


@EVERY
def test_closing_twice_is_closing_once_and_sending_opens_again(
    row: Row, sandbox: SandboxProcess
) -> None:
    with opened(row, sandbox) as sender:
        sender.close()
        for _ in range(2):
            mail = fresh(row.channel)
            assert isinstance(sender.send(mail.skeleton, mail.envelopes)[0], Accepted)
            sender.close()
            sender.close()


@EVERY
def test_nobody_to_send_to_is_no_request(row: Row) -> None:
    with opened(row, "http://127.0.0.1:1") as sender:
        assert sender.send(fresh(row.channel).skeleton, []) == []


def _secrets(row: Row) -> list[str]:
    keys = asdict(credentials())
    token = f"{keys['twilio_account_sid']}:{keys['twilio_auth_token']}".encode()
    return [
        keys["sendgrid_api_key"],
        keys["x_consumer_secret"],
        keys["x_access_token_secret"],
        keys["x_access_token"],
        b64encode(token).decode(),
        CANARIES[row.channel].lstrip("@"),
        "Canary Jane",
    ]


CANARIES = {
    Channel.EMAIL: "canary.person@customers.example.com",
    Channel.SMS: "+447700900777",
    Channel.WHATSAPP: "+447700900777",
    Channel.X_DM: "@demo_canary",
    Channel.X_POST: "nobody",
}


@EVERY
@pytest.mark.parametrize("kind", ["delay", "500_before", "drop_after", "429", "garble"])
def test_no_key_and_no_person_is_in_any_log(
    row: Row, kind: str, sandbox: SandboxProcess, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in VENDOR_LOGGERS:
        caplog.set_level(logging.DEBUG, logger=name)
    say(sandbox, "x/users", {"username": "demo_canary"})
    mail = fresh(row.channel)
    values = {**mail.envelopes[0].values, "first_name": "Canary Jane"}
    person = replace(mail.envelopes[0], address=CANARIES[row.channel], values=values)
    with opened(row, sandbox) as sender:
        sender.prepare([mail.skeleton])
        with misbehaving(sandbox, row, kind, seconds=0.1):
            outcomes = sender.send(mail.skeleton, [person])
    told = caplog.text + repr(outcomes)
    assert [s for s in _secrets(row) if s in told] == []


@pytest.mark.parametrize("channel", [Channel.EMAIL, Channel.X_DM])
def test_without_the_silence_the_vendors_would_tell(
    channel: Channel, sandbox: SandboxProcess, caplog: pytest.LogCaptureFixture
) -> None:
    """If this fails the vendor has mended it, and `channels.logs` can lose a line."""
    caplog.set_level(logging.DEBUG)
    with opened(channel, sandbox.url) as sender:
        kept = {n: logging.getLogger(n).filters[:] for n in VENDOR_LOGGERS}
        try:
            for name in VENDOR_LOGGERS:
                logging.getLogger(name).filters.clear()
            mail = fresh(channel)
            sender.send(mail.skeleton, mail.envelopes)
        finally:
            for name, filters in kept.items():
                logging.getLogger(name).filters[:] = filters
    assert [s for s in _secrets(Row(channel)) if s in caplog.text]


def test_every_channel_opens_at_once_for_one_worker(sandbox: SandboxProcess) -> None:
    senders = open_senders(configuration(sandbox.url), Channel)
    try:
        for channel, sender in senders.items():
            mail = fresh(channel)
            sender.prepare([mail.skeleton])
            assert isinstance(sender.send(mail.skeleton, mail.envelopes)[0], Accepted)
    finally:
        for sender in senders.values():
            sender.close()


def test_a_campaign_in_the_sandbox_uses_the_sandboxs_keys() -> None:
    from campaigns.bootstrap.wiring import SANDBOX_CREDENTIALS

    assert credentials(SandboxConfig()) == SANDBOX_CREDENTIALS
