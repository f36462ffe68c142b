"""Who each channel's messages come from, as brand.yaml states it."""

from __future__ import annotations

from typing import Annotated

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, Field, StringConstraints, model_validator

from campaigns.domain.channel import Channel
from campaigns.domain.written import Line, Written


def _email(address: str) -> str:
    try:
        validate_email(address, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise ValueError(f"`{address}` is no e-mail address: {error}") from None
    return address


E164 = Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{6,14}$")]


PerSecond = Annotated[float, Field(gt=0, le=100_000)]


class EmailSender(Written):
    """Who e-mail comes from."""

    address: Annotated[str, AfterValidator(_email)]
    name: Line
    reply_to: Annotated[str, AfterValidator(_email)] | None = None
    per_second: PerSecond | None = Field(None, description="messages; empty: no limit of ours")


class SmsSender(Written):
    """Who texts come from: a number, or a messaging service that picks one."""

    from_: Annotated[E164 | None, Field(alias="from")] = None
    messaging_service: Annotated[str, StringConstraints(pattern=r"^MG[0-9a-f]{32}$")] | None = None
    per_second: PerSecond | None = Field(
        None, description="segments, as the vendor counts; empty: no limit of ours"
    )

    @model_validator(mode="after")
    def _one(self) -> SmsSender:
        if (self.from_ is None) == (self.messaging_service is None):
            raise ValueError("give either `from` (a number) or `messaging_service`")
        return self


class WhatsAppSender(Written):
    """The WhatsApp number."""

    from_: Annotated[E164, Field(alias="from")]
    per_second: PerSecond | None = Field(None, description="messages; empty: no limit of ours")


class XSender(Written):
    """The account on X, without the @."""

    handle: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]{1,15}$")]


class Senders(Written):
    """Who each channel's messages come from."""

    email: EmailSender | None = None
    sms: SmsSender | None = None
    whatsapp: WhatsAppSender | None = None
    x: XSender | None = None

    def of(self, channel: Channel) -> dict[str, str] | None:
        """The sender of a channel as plain names and values; None when there is none."""
        name = "x" if channel in (Channel.X_POST, Channel.X_DM) else channel.value
        sender: Written | None = getattr(self, name)
        if sender is None:
            return None
        return {k: str(v) for k, v in sender.model_dump(by_alias=True, exclude_none=True).items()}
