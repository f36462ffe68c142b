"""E-mail through any SMTP server: for those without SendGrid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar, TypeGuard

from campaigns.channels.answers import interrupted, not_connected
from campaigns.channels.base import Limits
from campaigns.channels.config import ChannelConfiguration, require
from campaigns.channels.deadline import Deadline
from campaigns.channels.one_by_one import one_by_one
from campaigns.channels.smtp.answers import outcome_of
from campaigns.channels.smtp.mime import Letter, UnsafeHeaderError, ascii_domain
from campaigns.channels.smtp.session import LoginError, Message, Server, Session, Stage
from campaigns.channels.wire import Interrupted, NotConnected
from campaigns.domain.channel import Channel
from campaigns.domain.delivery import Envelope, Halted, Outcome, Refused, Rejected, never_halted
from campaigns.errors import ConfigurationError

if TYPE_CHECKING:
    from campaigns.domain.message import Skeleton


class EmailSender:
    """E-mail messages, one transaction each over a connection that is kept."""

    channel: ClassVar[Channel] = Channel.EMAIL
    #: A crash leaves the batch in doubt, so it is smaller than what would be quickest.
    limits: ClassVar[Limits] = Limits(batch=100, deadline=timedelta(seconds=20))

    def __init__(self, configuration: ChannelConfiguration) -> None:
        url = require(configuration.credentials.smtp_url, "CAMPAIGNS_SMTP_URL")
        try:
            self._session = Session(Server.from_url(url))
        except ValueError as error:
            raise ConfigurationError(f"CAMPAIGNS_SMTP_URL is no mail server: {error}.") from None
        self._sender = configuration.sender(self.channel)
        if not self._sender.get("address"):
            raise ConfigurationError(
                "brand.yaml names no sender for e-mail: set senders.email.address."
            )
        self._from = _recipient(self._sender["address"])
        self._deadline = configuration.endpoints.deadline or self.limits.deadline
        self._clock = configuration.clock
        self._letters: dict[int, tuple[Skeleton, Letter]] = {}

    def prepare(self, skeletons: Sequence[Skeleton]) -> None:
        """Raises ConfigurationError for a text without subject or body."""
        for skeleton in skeletons:
            self._letter(skeleton)

    def units(self, skeleton: Skeleton, values: Mapping[str, str]) -> int:  # noqa: ARG002
        """One a message."""
        return 1

    def send(
        self, skeleton: Skeleton, envelopes: Sequence[Envelope], halted: Halted = never_halted
    ) -> list[Outcome]:
        """One transaction each; see `one_by_one`."""
        try:
            letter = self._letter(skeleton)
        except ConfigurationError as error:
            return [Refused("smtp:content", str(error))] * len(envelopes)

        messages = [self._written(letter, envelope) for envelope in envelopes]
        following = [m if _ready(m) else None for m in [*messages, None][1:]]

        def send_one(
            at: tuple[Envelope, Message | Rejected, Message | None], deadline: Deadline
        ) -> Outcome:
            return self._send(*at, deadline)

        try:
            with_next = list(zip(envelopes, messages, following, strict=True))
            return one_by_one(
                with_next, send_one, total=self._deadline, clock=self._clock, halted=halted
            )
        finally:
            self._session.rest()

    def close(self) -> None:
        """Give the connection back."""
        self._session.close()

    def _letter(self, skeleton: Skeleton) -> Letter:
        known = self._letters.get(id(skeleton))
        if known is None or known[0] is not skeleton:
            if "subject" not in skeleton.parts or not {"text", "html"} & set(skeleton.parts):
                where = f"the e-mail in {skeleton.locale}"
                raise ConfigurationError(f"{where} lacks its subject or its text.")
            # Kept with the skeleton, so that its id is nobody else's.
            known = self._letters[id(skeleton)] = (skeleton, Letter(skeleton, self._sender))
        return known[1]

    def _written(self, letter: Letter, envelope: Envelope) -> Message | Rejected:
        try:
            to = _recipient(envelope.address)
            content = letter.bytes_for(envelope, to, self._clock())
        except UnsafeHeaderError as error:
            return Rejected("smtp:header", f"not sent: {error}")
        except ValueError:
            return Rejected("smtp:address", "this is no e-mail address", invalid_address=True)
        return Message(self._from, to, content)

    def _send(
        self,
        envelope: Envelope,
        message: Message | Rejected,
        following: Message | None,
        deadline: Deadline,
    ) -> Outcome:
        if isinstance(message, Rejected):
            return message
        try:
            self._session.open(deadline)
            if not message.recipient.isascii() and "SMTPUTF8" not in self._session.offers:
                reason = "the mail server takes no address with letters beyond ASCII"
                return Rejected("smtp:utf8", reason)
            stage, reply = self._session.send(message, deadline, following)
        except NotConnected as error:
            return not_connected("smtp", error, self._clock())
        except Interrupted as error:
            return interrupted("smtp", error)
        except LoginError as error:
            stage, reply = Stage.LOGIN, error.reply
        return outcome_of(stage, reply, envelope.address, self._clock())


def _ready(message: Message | Rejected | None) -> TypeGuard[Message]:
    """Whether it will surely be sent when its turn comes, so that it may be announced before."""
    return isinstance(message, Message) and message.recipient.isascii()


def _recipient(address: str) -> str:
    """As SMTP has it: the domain in ASCII, the name before it as it is. Raises ValueError, for
    anything that could be read as more than one address too."""
    local, at, domain = address.rpartition("@")
    if not at or not local or not domain or any(c in address for c in '<>,;:"\\ \t\r\n\0'):
        raise ValueError("no e-mail address")
    return f"{local}@{ascii_domain(domain)}"
