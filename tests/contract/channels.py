"""A sandbox for the contract suite, and what each channel sends to it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

import orjson

from campaigns.channels.base import Sender
from campaigns.channels.config import ChannelConfiguration, Credentials, EmailProvider, Endpoints
from campaigns.channels.registry import open_senders
from campaigns.domain.channel import Channel
from campaigns.domain.delivery import Envelope
from campaigns.domain.message import Part, Skeleton
from campaigns.sandbox.config import SandboxConfig
from campaigns.sandbox.process import SandboxProcess
from tests.unit.channels.make import envelopes, skeleton_for

CALLBACK = "https://news.example.com/webhooks/twilio"
SENDERS = {
    Channel.EMAIL: {
        "address": "hello@news.example.com",
        "name": "Shop",
        "reply_to": "care@shop.example.com",
    },
    Channel.SMS: {"from": "+447700900123"},
    Channel.WHATSAPP: {"from": "+447700900124"},
}
#: As the sandbox's log calls them; X is told no delivery id.
PROVIDERS = {
    Channel.EMAIL: "sendgrid",
    Channel.SMS: "twilio",
    Channel.WHATSAPP: "twilio",
    Channel.X_DM: "x",
    Channel.X_POST: "x",
}
_DIRECT = build_opener(ProxyHandler({}))
_ids = itertools.count(1_000)


def credentials(config: SandboxConfig | None = None) -> Credentials:
    """The keys that open a sandbox."""
    config = config or SandboxConfig()
    return Credentials(
        sendgrid_api_key=config.sendgrid_key,
        twilio_account_sid=config.twilio_account_sid,
        twilio_auth_token=config.twilio_auth_token,
        x_consumer_key=config.x_consumer_key,
        x_consumer_secret=config.x_consumer_secret,
        x_access_token=config.x_access_token,
        x_access_token_secret=config.x_access_token_secret,
    )


@dataclass(frozen=True)
class Row:
    """One way to send: a channel, and what e-mail goes through."""

    channel: Channel
    email_provider: EmailProvider = "sendgrid"

    def __str__(self) -> str:
        return f"{self.channel}-{self.email_provider}" if self is SMTP else str(self.channel)

    @property
    def provider(self) -> str:
        """As the sandbox's log calls it."""
        return "smtp" if self is SMTP else PROVIDERS[self.channel]


SMTP = Row(Channel.EMAIL, "smtp")
#: What the contract suite runs on.
ROWS = [*map(Row, Channel), SMTP]


def configuration(url: str, seconds: float = 60.0, **wrong: str) -> ChannelConfiguration:
    """All senders pointed at `url`; `wrong` replaces keys."""
    return ChannelConfiguration(
        replace(credentials(), **wrong),
        Endpoints(url, CALLBACK, timedelta(seconds=seconds)),
        SENDERS,
    )


def mail_url(at: SandboxProcess | str, password: str = "sandbox") -> str:
    """The mail server of a sandbox, or the same host and port as `http://…`, with its password."""
    url = at if isinstance(at, str) else at.smtp_url
    return f"smtp://sandbox:{password}@{url.partition('//')[2]}"


@contextmanager
def opened(
    way: Row | Channel, at: SandboxProcess | str, seconds: float = 60.0, **wrong: str
) -> Iterator[Sender]:
    """A sender for one channel."""
    row = way if isinstance(way, Row) else Row(way)
    url = at if isinstance(at, str) else at.url
    mail = mail_url(at, wrong.pop("smtp_password", "sandbox"))
    given = replace(
        configuration(url, seconds, smtp_url=mail, **wrong), email_provider=row.email_provider
    )
    sender = open_senders(given, [row.channel])[row.channel]
    try:
        yield sender
    finally:
        sender.close()


@dataclass(frozen=True)
class Mail:
    """A message nobody has sent before, and people who have not had it."""

    skeleton: Skeleton
    envelopes: list[Envelope]


def fresh(channel: Channel, count: int = 1) -> Mail:
    """New delivery ids; a new text for X, which refuses to post one twice."""
    first = next(itertools.islice(_ids, count - 1, None)) - count + 1
    skeleton = skeleton_for(channel)
    people = [
        replace(new, delivery_id=first + n) for n, new in enumerate(envelopes(channel, count))
    ]
    if channel is Channel.X_POST:
        body = Part((f"Spring sale, no. {first}: https://shop.example.com",), ())
        skeleton = replace(skeleton, parts={"body": body})
    return Mail(skeleton, people)


def say(sandbox: SandboxProcess, path: str, document: Any, method: str = "POST") -> None:
    """Tell the sandbox something: `faults`, `x/users`, `inbound`."""
    body = None if method == "DELETE" else orjson.dumps(document)
    request = Request(f"{sandbox.url}/sandbox/{path}", data=body, method=method)
    with _DIRECT.open(request, timeout=60):
        pass


@contextmanager
def misbehaving(
    sandbox: SandboxProcess, way: Row | Channel, kind: str, **more: Any
) -> Iterator[None]:
    """The channel's vendor misbehaves this way."""
    provider = way.provider if isinstance(way, Row) else PROVIDERS[way]
    say(sandbox, "faults", {"kind": kind, "provider": provider, **more})
    try:
        yield
    finally:
        say(sandbox, "faults", None, method="DELETE")
