"""SMS and WhatsApp through the Twilio SDK: one request a message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from campaigns.channels.answers import interrupted, not_connected
from campaigns.channels.base import Limits
from campaigns.channels.config import ChannelConfiguration
from campaigns.channels.deadline import Deadline
from campaigns.channels.one_by_one import one_by_one
from campaigns.channels.twilio import payload
from campaigns.channels.twilio.account import TwilioAccount
from campaigns.channels.twilio.answers import outcome_of
from campaigns.channels.twilio.template import Template, template_of
from campaigns.channels.wire import Interrupted, NotConnected
from campaigns.domain.channel import Channel
from campaigns.domain.delivery import Accepted, Envelope, Halted, Outcome, Refused, never_halted
from campaigns.domain.message import fill_part
from campaigns.errors import ConfigurationError, ProviderUnreachableError

if TYPE_CHECKING:
    from campaigns.channels.twilio.content import ContentTemplates
    from campaigns.domain.message import Skeleton

#: A crash leaves the batch in doubt, so it is small; a commit per message would be slow.
_LIMITS = Limits(batch=25, deadline=timedelta(seconds=20))


class TwilioSender(TwilioAccount):
    """What SMS and WhatsApp share: the sender, and reading the answers."""

    channel: ClassVar[Channel]
    limits: ClassVar[Limits] = _LIMITS
    _prefix: ClassVar[str] = ""

    def __init__(self, configuration: ChannelConfiguration) -> None:
        super().__init__(configuration)
        endpoints = configuration.endpoints
        self._sender = configuration.sender(self.channel)
        self._from = payload.sender_fields(self._sender, prefix=self._prefix)
        if not {"from_", "messaging_service_sid"} & set(self._from):
            raise ConfigurationError(
                f"brand.yaml names no sender for {self.channel.label}: set "
                f"senders.{self.channel}.from or senders.{self.channel}.messaging_service."
            )
        self._callback_url = endpoints.callback_url
        self._deadline = endpoints.deadline or self.limits.deadline
        self._clock = configuration.clock

    def units(self, skeleton: Skeleton, values: Mapping[str, str]) -> int:  # noqa: ARG002
        """One a message."""
        return 1

    @cached_property
    def _messages(self) -> Any:
        return self._client.messages

    def _open(self) -> None:
        """Load the SDK before the clock of a deadline starts: it takes a third of a second."""
        self._messages  # noqa: B018

    def _create(
        self, envelope: Envelope, fields: payload.Fields | Outcome, deadline: Deadline
    ) -> Outcome:
        """One message through the SDK; an outcome in place of fields is already the answer."""
        if not isinstance(fields, dict):
            return fields
        self._http.deadline = deadline
        try:
            message = self._messages.create(
                to=self._to(envelope),
                **self._from,
                **payload.validity_fields(self._sender, envelope.valid_until, self._clock()),
                **payload.callback_fields(self._callback_url, envelope.delivery_id),
                **fields,
            )
            return Accepted(message.sid)
        except NotConnected as error:
            return not_connected("twilio", error, self._clock())
        except Interrupted as error:
            return interrupted("twilio", error)
        except Exception:  # the SDK's own, or whatever a broken 2xx body makes it trip over
            if self._http.answer is None:
                raise  # no request was made: a mistake of ours
            return outcome_of(self._http.answer, self._clock())

    def _to(self, envelope: Envelope) -> str:
        return envelope.address


class SmsSender(TwilioSender):
    """Text messages."""

    channel: ClassVar[Channel] = Channel.SMS

    def units(self, skeleton: Skeleton, values: Mapping[str, str]) -> int:
        """Segments: Twilio's rates count them."""
        import smsutil

        return max(1, len(smsutil.split(fill_part(skeleton.parts["body"], values)).parts))

    def prepare(self, skeletons: Sequence[Skeleton]) -> None:
        """Raises ConfigurationError for a text that is too long whoever gets it."""
        for skeleton in skeletons:
            fixed = sum(len(literal) for literal in skeleton.parts["body"].literals)
            if fixed > payload.LONGEST_BODY:
                raise ConfigurationError(
                    f"the SMS text in {skeleton.locale} has {fixed:,} characters before any "
                    f"customer's value; Twilio takes {payload.LONGEST_BODY:,}. Shorten the copy."
                )

    def send(
        self, skeleton: Skeleton, envelopes: Sequence[Envelope], halted: Halted = never_halted
    ) -> list[Outcome]:
        """One request each; see `one_by_one`."""

        self._open()

        def send_one(envelope: Envelope, deadline: Deadline) -> Outcome:
            return self._create(envelope, payload.text_fields(skeleton, envelope), deadline)

        return one_by_one(
            envelopes, send_one, total=self._deadline, clock=self._clock, halted=halted
        )


class WhatsAppSender(TwilioSender):
    """WhatsApp messages: free text within 24 hours of the customer's own, else a template."""

    channel: ClassVar[Channel] = Channel.WHATSAPP
    _prefix: ClassVar[str] = "whatsapp:"

    @cached_property
    def _templates(self) -> ContentTemplates:
        from campaigns.channels.twilio.content import ContentTemplates

        return ContentTemplates(
            self._client,
            self._http,
            category=self._sender.get("category", "MARKETING"),
            clock=self._clock,
        )

    def prepare(self, skeletons: Sequence[Skeleton]) -> None:
        """Have every text as an approved template.

        Raises ConfigurationError naming the template or text, or where Twilio refuses the account;
        and ProviderUnreachableError when Twilio cannot be asked.
        """
        from campaigns.channels.twilio.content import ContentUnavailableError

        for skeleton in skeletons:
            try:
                self._templates.sid(template_of(skeleton), Deadline(self._deadline.total_seconds()))
            except ContentUnavailableError as error:
                if isinstance(error.outcome, Refused):  # it will say the same until that is mended
                    raise ConfigurationError(
                        f"Twilio refuses to tell of the WhatsApp templates: {error} "
                        f"({error.outcome.code}). Nothing was sent; mend it, then run again."
                    ) from error
                raise ProviderUnreachableError(
                    f"Twilio could not be asked for the WhatsApp templates: {error}.",
                    "Nothing is lost: mend the connection, and the same command goes on.",
                ) from error

    def send(
        self, skeleton: Skeleton, envelopes: Sequence[Envelope], halted: Halted = never_halted
    ) -> list[Outcome]:
        """One request each; see `one_by_one`."""

        self._open()
        template = _template_or_refusal(skeleton)

        def send_one(envelope: Envelope, deadline: Deadline) -> Outcome:
            free = payload.in_window(envelope.last_inbound_at, self._clock())
            fields = (
                payload.text_fields(skeleton, envelope)
                if free
                else self._template_fields(template, envelope, deadline)
            )
            return self._create(envelope, fields, deadline)

        return one_by_one(
            envelopes, send_one, total=self._deadline, clock=self._clock, halted=halted
        )

    def _template_fields(
        self, template: Template | Refused, envelope: Envelope, deadline: Deadline
    ) -> payload.Fields | Outcome:
        from campaigns.channels.twilio.content import ContentUnavailableError

        if isinstance(template, Refused):
            return template
        try:
            sid = self._templates.sid(template, deadline)
            return payload.template_fields(template, sid, envelope)
        except ContentUnavailableError as error:
            return error.outcome
        except ConfigurationError as error:
            return Refused("twilio:template", str(error))

    def _to(self, envelope: Envelope) -> str:
        return payload.to_whatsapp(envelope.address)


def _template_or_refusal(skeleton: Skeleton) -> Template | Refused:
    try:
        return template_of(skeleton)
    except ConfigurationError as error:
        return Refused("twilio:template", str(error))
