"""E-mail through the SendGrid SDK: up to a thousand people in one request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from campaigns.channels.answers import interrupted, not_connected
from campaigns.channels.base import Limits
from campaigns.channels.config import ChannelConfiguration, require
from campaigns.channels.sendgrid import payload
from campaigns.channels.sendgrid.answers import accepted, refused
from campaigns.channels.wire import Interrupted, NotConnected, Wire
from campaigns.domain.channel import Channel
from campaigns.domain.delivery import Envelope, Halted, Outcome, Refused, never_halted
from campaigns.errors import ConfigurationError

if TYPE_CHECKING:
    from campaigns.domain.message import Skeleton


class EmailSender:
    """E-mail messages."""

    channel: ClassVar[Channel] = Channel.EMAIL
    limits: ClassVar[Limits] = Limits(batch=1000, deadline=timedelta(seconds=30), one_request=True)

    def __init__(self, configuration: ChannelConfiguration) -> None:
        credentials, endpoints = configuration.credentials, configuration.endpoints
        self._key = require(credentials.sendgrid_api_key, "CAMPAIGNS_SENDGRID_API_KEY")
        self._sender = configuration.sender(self.channel)
        if not self._sender.get("address"):
            raise ConfigurationError(
                "brand.yaml names no sender for e-mail: set senders.email.address."
            )
        self._deadline = endpoints.deadline or self.limits.deadline
        self._clock = configuration.clock
        self._wire = Wire(endpoints.base_url)

    def prepare(self, skeletons: Sequence[Skeleton]) -> None:
        """Raises ConfigurationError for a text that SendGrid takes from nobody."""
        for skeleton in skeletons:
            _check(skeleton)

    def units(self, skeleton: Skeleton, values: Mapping[str, str]) -> int:  # noqa: ARG002
        """One a message."""
        return 1

    def send(
        self,
        skeleton: Skeleton,
        envelopes: Sequence[Envelope],
        halted: Halted = never_halted,  # noqa: ARG002 (all go in one request)
    ) -> list[Outcome]:
        """One request for all of them; they share its fate."""
        try:
            _check(skeleton)
        except ConfigurationError as error:
            return [Refused("sendgrid:content", str(error))] * len(envelopes)
        request = payload.mail_request(skeleton, envelopes, self._sender, self._clock())
        outcomes = dict(request.kept)
        if request.sent:
            sent = self._post(request.body, [envelopes[i] for i in request.sent])
            outcomes |= zip(request.sent, sent, strict=True)
        return [outcomes[i] for i in range(len(envelopes))]

    def close(self) -> None:
        """Give connections back."""
        self._wire.close()

    @cached_property
    def _client(self) -> Any:
        from campaigns.channels.sendgrid.http import open_client

        return open_client(self._key, self._wire, self._deadline)

    def _post(self, body: dict[str, Any], envelopes: Sequence[Envelope]) -> list[Outcome]:
        from python_http_client.exceptions import HTTPError

        now = self._clock()
        try:
            response = self._client.send(body)
        except NotConnected as error:
            return [not_connected("sendgrid", error, now)] * len(envelopes)
        except Interrupted as error:
            return [interrupted("sendgrid", error)] * len(envelopes)
        except HTTPError as error:
            return refused(error.status_code, error.headers, error.body, envelopes, self._clock())
        return accepted(response.headers, len(envelopes))


def _check(skeleton: Skeleton) -> None:
    where = f"the e-mail in {skeleton.locale}"
    parts = skeleton.parts
    if "subject" not in parts or not {"text", "html"} & set(parts):
        raise ConfigurationError(f"{where} lacks its subject or its text.")
    tags = len(payload.holes_of(skeleton))
    if tags > payload.MOST_TAGS:
        raise ConfigurationError(
            f"{where} has {tags} different customer values; SendGrid takes {payload.MOST_TAGS}. "
            "Use fewer slots."
        )
    size = sum(len(literal.encode()) for part in parts.values() for literal in part.literals)
    if size > payload.LARGEST_CONTENT:
        raise ConfigurationError(
            f"{where} has {size:,} bytes; SendGrid takes less than 30 MB in a request, shared by "
            "all its people. Shorten it."
        )
