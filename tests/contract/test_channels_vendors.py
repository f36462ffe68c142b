"""What one vendor alone does, against a sandbox set up for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from campaigns.channels.base import Sender
from campaigns.channels.config import Endpoints
from campaigns.channels.registry import open_senders
from campaigns.channels.wire import Answer, NotConnected, Wire
from campaigns.domain.channel import Channel
from campaigns.domain.delivery import Accepted, NotSent, Refused, Rejected
from campaigns.domain.message import Escape, Hole, Part, fill
from campaigns.errors import ConfigurationError, ProviderUnreachableError
from campaigns.sandbox.process import SandboxProcess
from tests.contract.channels import CALLBACK, configuration, fresh, misbehaving, opened, say

Start = Callable[..., SandboxProcess]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a sandbox whose accounts are like this."""
    with ExitStack() as stack:

        def _start(**config: Any) -> SandboxProcess:
            path = tmp_path / "config.json"
            path.write_bytes(orjson.dumps(config))
            return stack.enter_context(SandboxProcess(tmp_path / "log", config=path, record=1_000))

        yield _start


def _form(sandbox: SandboxProcess) -> dict[str, str]:
    from urllib.parse import parse_qsl

    sent = [r for r in sandbox.log.recorded("twilio") if r.path.endswith("/Messages.json")]
    return dict(parse_qsl(sent[-1].body.decode()))


def _contents(sandbox: SandboxProcess) -> list[str]:
    """Methods and paths asked of the Content API."""
    return [f"{r.method} {r.path}" for r in sandbox.log.recorded("twilio") if "/Content" in r.path]


def test_a_sender_sendgrid_has_not_verified_stops_the_campaign(start: Start) -> None:
    sandbox = start(sendgrid_verified_senders=["other.example.com"])
    mail = fresh(Channel.EMAIL, 2)
    with opened(Channel.EMAIL, sandbox.url) as sender:
        outcomes = sender.send(mail.skeleton, mail.envelopes)
    assert [type(o) for o in outcomes] == [Refused, Refused]
    assert "not verified" in outcomes[0].reason  # type: ignore[union-attr]


def test_an_oversized_person_is_rejected_before_sending_and_the_others_go(start: Start) -> None:
    sandbox = start()
    mail = fresh(Channel.EMAIL, 3)
    long = {**mail.envelopes[1].values, "first_name": "x" * 10_000}
    people = [mail.envelopes[0], replace(mail.envelopes[1], values=long), mail.envelopes[2]]
    with opened(Channel.EMAIL, sandbox.url) as sender:
        outcomes = sender.send(mail.skeleton, people)
    assert [type(o) for o in outcomes] == [Accepted, Rejected, Accepted]


def test_values_full_of_tags_arrive_as_they_are(start: Start) -> None:
    sandbox = start()
    mail = fresh(Channel.EMAIL, 2)
    people = [
        replace(e, values={**e.values, "first_name": name})
        for e, name in zip(mail.envelopes, ["^0;^1;~0;", "<b>&amp;|0; ñ€"], strict=True)
    ]
    with opened(Channel.EMAIL, sandbox.url) as sender:
        sender.send(mail.skeleton, people)
    for person in people:
        (entry,) = sandbox.log.entries(delivery=str(person.delivery_id))
        seen = sandbox.log.seen(entry)
        got = {"subject": seen.subject, "text": seen.text, "html": seen.html}
        assert got == fill(mail.skeleton, person.values)


def test_a_text_carries_its_sender_and_its_callback(start: Start) -> None:
    sandbox = start()
    mail = fresh(Channel.SMS)
    with opened(Channel.SMS, sandbox.url) as sender:
        sender.send(mail.skeleton, mail.envelopes)
    form = _form(sandbox)
    assert form["From"] == "+447700900123"
    assert form["StatusCallback"] == f"{CALLBACK}?delivery={mail.envelopes[0].delivery_id}"


def test_who_replied_stop_is_opted_out(start: Start) -> None:
    sandbox = start()
    mail = fresh(Channel.SMS, 2)
    say(sandbox, "inbound", {"channel": "sms", "from": mail.envelopes[0].address, "body": "STOP"})
    with opened(Channel.SMS, sandbox.url) as sender:
        stopped, other = sender.send(mail.skeleton, mail.envelopes)
    assert isinstance(stopped, Rejected)
    assert stopped.opted_out
    assert isinstance(other, Accepted)


def test_a_number_the_account_does_not_own_stops_the_campaign(start: Start) -> None:
    sandbox = start(twilio_numbers=["+447700900999"])
    mail = fresh(Channel.SMS, 3)
    with opened(Channel.SMS, sandbox.url) as sender:
        outcomes = sender.send(mail.skeleton, mail.envelopes)
    assert [type(o) for o in outcomes] == [Refused] * 3
    assert len(sandbox.log.recorded("twilio")) == 1


def test_a_template_is_made_and_submitted_once_and_found_again(start: Start) -> None:
    sandbox = start()
    mail = fresh(Channel.WHATSAPP)
    for _ in range(2):
        with opened(Channel.WHATSAPP, sandbox.url) as sender:
            sender.prepare([mail.skeleton])
            sender.prepare([mail.skeleton])
            assert isinstance(sender.send(mail.skeleton, mail.envelopes)[0], Accepted)
    asked = _contents(sandbox)
    assert sum(a == "POST /v1/Content" for a in asked) == 1
    assert sum(a.endswith("/ApprovalRequests/whatsapp") for a in asked) == 1
    form = _form(sandbox)
    assert form["To"] == f"whatsapp:{mail.envelopes[0].address}"
    assert form["From"] == "whatsapp:+447700900124"
    assert "Body" not in form
    assert orjson.loads(form["ContentVariables"]) == {"1": "Ana 1"}


def test_workers_that_prepare_together_agree_on_one_template(start: Start) -> None:
    sandbox = start()
    mail = fresh(Channel.WHATSAPP)

    def work(_: int) -> object:
        with opened(Channel.WHATSAPP, sandbox.url) as sender:
            sender.prepare([mail.skeleton])
            return sender.send(mail.skeleton, mail.envelopes)[0]

    with ThreadPoolExecutor(4) as pool:
        assert [type(o) for o in pool.map(work, range(4))] == [Accepted] * 4


def test_a_template_that_waits_for_approval_is_named_with_the_way_out(start: Start) -> None:
    sandbox = start(whatsapp_approval_seconds=3600)
    mail = fresh(Channel.WHATSAPP, 2)
    with opened(Channel.WHATSAPP, sandbox.url) as sender:
        with pytest.raises(
            ConfigurationError, match=r"template campaigns_\w+ .* pending.*approval"
        ):
            sender.prepare([mail.skeleton])
        outcomes = sender.send(mail.skeleton, mail.envelopes)
    assert [type(o) for o in outcomes] == [Refused, Refused]
    assert not sandbox.log.counts()


def test_a_template_whatsapp_rejected_says_why(start: Start) -> None:
    from campaigns.channels.twilio.template import template_of

    mail = fresh(Channel.WHATSAPP)
    sandbox = start(whatsapp_reject=[template_of(mail.skeleton).name])
    with (
        opened(Channel.WHATSAPP, sandbox.url) as sender,
        pytest.raises(ConfigurationError, match=r"is rejected: PROMOTIONAL.*change the copy"),
    ):
        sender.prepare([mail.skeleton])


def test_who_wrote_within_24_hours_gets_the_text_itself(start: Start) -> None:
    sandbox = start(whatsapp_approval_seconds=3600)
    mail = fresh(Channel.WHATSAPP)
    person = mail.envelopes[0]
    say(sandbox, "inbound", {"channel": "whatsapp", "from": person.address, "body": "Hello"})
    wrote = replace(person, last_inbound_at=datetime.now(UTC) - timedelta(hours=1))
    with opened(Channel.WHATSAPP, sandbox.url) as sender:
        (outcome,) = sender.send(mail.skeleton, [wrote])
    assert isinstance(outcome, Accepted)
    form = _form(sandbox)
    assert form["Body"] == fill(mail.skeleton, person.values)["body"]
    assert "ContentSid" not in form
    assert not _contents(sandbox)


def test_a_value_whatsapp_does_not_take_rejects_that_message_only(start: Start) -> None:
    sandbox = start()
    mail = fresh(Channel.WHATSAPP, 2)
    broken = replace(mail.envelopes[0], values={"first_name": "two\nlines"})
    with opened(Channel.WHATSAPP, sandbox.url) as sender:
        outcomes = sender.send(mail.skeleton, [broken, mail.envelopes[1]])
    assert [type(o) for o in outcomes] == [Rejected, Accepted]


def test_templates_cannot_be_prepared_with_nobody_there() -> None:
    with (
        opened(Channel.WHATSAPP, "http://127.0.0.1:1") as sender,
        pytest.raises(ProviderUnreachableError, match="could not be asked"),
    ):
        sender.prepare([fresh(Channel.WHATSAPP).skeleton])


def test_a_post_made_twice_is_rejected_with_the_reason(start: Start) -> None:
    sandbox = start()
    mail = fresh(Channel.X_POST)
    with opened(Channel.X_POST, sandbox.url) as sender:
        (first,) = sender.send(mail.skeleton, mail.envelopes)
        (second,) = sender.send(mail.skeleton, mail.envelopes)
    assert isinstance(first, Accepted)
    assert isinstance(second, Rejected)
    assert second.code == "x:duplicate"


def test_a_post_that_speaks_of_one_customer_is_a_mistake() -> None:
    post = fresh(Channel.X_POST)
    body = Part(("Hi ", "!"), (Hole("first_name", Escape.PLAIN),))
    personal = replace(post.skeleton, parts={"body": body})
    with opened(Channel.X_POST, "http://127.0.0.1:1") as sender:
        with pytest.raises(ConfigurationError, match="A post is public"):
            sender.prepare([personal])
        assert isinstance(sender.send(personal, post.envelopes)[0], Refused)


def test_who_takes_no_messages_is_rejected_and_the_others_go(start: Start) -> None:
    sandbox = start()
    mail = fresh(Channel.X_DM, 3)
    say(
        sandbox,
        "x/users",
        [
            {"username": "demo_1"},
            {"username": "demo_2", "accepts_dms": False},
            {"username": "demo_3"},
        ],
    )
    with opened(Channel.X_DM, sandbox.url) as sender:
        first, closed, last = sender.send(mail.skeleton, mail.envelopes)
    assert [type(o) for o in (first, last)] == [Accepted, Accepted]
    assert isinstance(closed, Rejected)
    assert not closed.invalid_address


def test_a_handle_is_looked_up_once(start: Start) -> None:
    sandbox = start()
    say(sandbox, "x/users", {"username": "demo_1"})
    with opened(Channel.X_DM, sandbox.url) as sender:
        for _ in range(3):
            mail = fresh(Channel.X_DM)
            sender.send(mail.skeleton, mail.envelopes)
    assert sum(r.method == "GET" for r in sandbox.log.recorded("x")) == 1


def test_the_sixteenth_direct_message_waits_for_xs_reset(start: Start) -> None:
    sandbox = start()
    say(sandbox, "x/users", [{"username": f"demo_{n}"} for n in range(1, 17)])
    mail = fresh(Channel.X_DM, 16)
    with opened(Channel.X_DM, sandbox.url) as sender:
        outcomes = sender.send(mail.skeleton, mail.envelopes)
    assert [type(o) for o in outcomes] == [Accepted] * 15 + [NotSent]
    last = outcomes[-1]
    assert isinstance(last, NotSent)
    assert timedelta(minutes=14) < last.retry_at - datetime.now(UTC) < timedelta(minutes=16)


@pytest.mark.parametrize("channel", [Channel.SMS, Channel.X_DM])
def test_after_a_429_the_rest_of_the_batch_is_not_tried(channel: Channel, start: Start) -> None:
    sandbox = start()
    say(sandbox, "x/users", [{"username": f"demo_{n}"} for n in range(1, 4)])
    mail = fresh(channel, 3)
    with (
        opened(channel, sandbox.url) as sender,
        misbehaving(sandbox, channel, "429", skip=1, count=1),
    ):
        outcomes = sender.send(mail.skeleton, mail.envelopes)
    assert [type(o) for o in outcomes] == [Accepted, NotSent, NotSent]
    assert sum(sandbox.log.counts().values()) == 1


def test_a_rehearsal_reaches_nothing_but_the_sandbox(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even with a proxy, an edge or a key in the environment."""
    import socket

    sandbox = start()
    for name, value in {
        "HTTPS_PROXY": "http://proxy.example.com:8080",
        "HTTP_PROXY": "http://proxy.example.com:8080",
        "TWILIO_EDGE": "sydney",
        "TWILIO_REGION": "au1",
        "SENDGRID_API_KEY": "SG.real",
    }.items():
        monkeypatch.setenv(name, value)
    asked: set[object] = set()
    resolve = socket.getaddrinfo

    def watching(host: object, *rest: Any, **more: Any) -> Any:
        asked.add(host)
        return resolve("127.0.0.1", *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", watching)
    senders: dict[Channel, Sender] = open_senders(configuration(sandbox.url), Channel)
    say(sandbox, "x/users", {"username": "demo_1"})
    for channel, sender in senders.items():
        mail = fresh(channel)
        assert isinstance(sender.send(mail.skeleton, mail.envelopes)[0], Accepted)
        sender.close()
    assert asked == {"127.0.0.1"}


HOSTS = {
    Channel.EMAIL: "https://api.sendgrid.com/v3/mail/send",
    Channel.SMS: f"https://api.twilio.com/2010-04-01/Accounts/AC{'0' * 32}/Messages.json",
    Channel.WHATSAPP: "https://content.twilio.com/v1/Content",
    Channel.X_DM: "https://api.twitter.com/2/users/by/username/demo_1",
    Channel.X_POST: "https://api.twitter.com/2/tweets",
}


@pytest.mark.parametrize("channel", list(Channel))
def test_live_requests_go_to_the_vendors_own_hosts_whatever_the_environment(
    channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWILIO_EDGE", "sydney")
    monkeypatch.setenv("TWILIO_REGION", "au1")
    asked: list[str] = []

    def unplugged(_: Wire, __: str, url: str, **more: Any) -> Answer:
        asked.append(url.partition("?")[0])
        raise NotConnected("unplugged")

    monkeypatch.setattr(Wire, "request", unplugged)
    live = replace(configuration(""), endpoints=Endpoints(base_url=None))
    sender = open_senders(live, [channel])[channel]
    mail = fresh(channel)
    assert isinstance(sender.send(mail.skeleton, mail.envelopes)[0], NotSent)
    assert asked == [HOSTS[channel]]
