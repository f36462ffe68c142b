"""What the channels must be told: keys, where to send, and who it is from.

Plain values: bootstrap reads the settings and the brand, the channels read neither.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeAlias

from campaigns.domain.channel import Channel
from campaigns.errors import ConfigurationError

Clock: TypeAlias = Callable[[], datetime]
EmailProvider: TypeAlias = Literal["sendgrid", "smtp"]


def utc_now() -> datetime:
    """The wall's time, aware."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Credentials:
    """The vendors' keys, and the mail server with its password. Never printed: their representation
    is empty."""

    sendgrid_api_key: str = field(default="", repr=False)
    smtp_url: str = field(default="", repr=False)
    twilio_account_sid: str = field(default="", repr=False)
    twilio_auth_token: str = field(default="", repr=False)
    x_consumer_key: str = field(default="", repr=False)
    x_consumer_secret: str = field(default="", repr=False)
    x_access_token: str = field(default="", repr=False)
    x_access_token_secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where requests go and where reports come back.

    Attributes:
        base_url: the sandbox's root, such as `http://127.0.0.1:8025`; None is the vendors' own
            hosts and real people. It has no default on purpose.
        callback_url: the page of ours that Twilio tells what became of a message; None asks for
            no report.
        deadline: in place of each channel's own `limits.deadline`; shorter for rehearsals.
    """

    base_url: str | None
    callback_url: str | None = None
    deadline: timedelta | None = None


@dataclass(frozen=True, slots=True)
class ChannelConfiguration:
    """All that `registry.open_senders` needs.

    `senders` is the brand's: for e-mail `address`, `name`, `reply_to`; for SMS and WhatsApp
    `from` or `messaging_service`, and optionally `validity_seconds` and (WhatsApp) `category`.
    """

    credentials: Credentials
    endpoints: Endpoints
    senders: Mapping[Channel, Mapping[str, str]]
    clock: Clock = utc_now
    email_provider: EmailProvider = "sendgrid"

    def sender(self, channel: Channel) -> Mapping[str, str]:
        """Who messages of this channel are from, as the brand says; empty when it says nothing."""
        return self.senders.get(channel, {})


def require(value: str, setting: str) -> str:
    """The value, or ConfigurationError naming the setting that is missing."""
    if not value:
        raise ConfigurationError(f"{setting} is not set. Set it in the environment or in .env.")
    return value
