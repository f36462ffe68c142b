"""Verbs of the public app: what providers tell, and who follows a link."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from campaigns.bootstrap.wiring import SANDBOX_CREDENTIALS, SANDBOX_WEBHOOK_KEY, link_secret
from campaigns.domain.agent import agent_of_request
from campaigns.domain.click import Click, origin_of
from campaigns.domain.click_links import is_link_id
from campaigns.services.follow_link import follow_link
from campaigns.services.record_events import record_events

if TYPE_CHECKING:
    from campaigns.bootstrap.app import App
    from campaigns.channels.sendgrid.webhook import EventSignature
    from campaigns.channels.twilio.webhook import CallbackSignature, Form
    from campaigns.domain.provider_event import ProviderEvent, Recorded


def webhook_addresses(app: App) -> dict[str, str]:
    """What to enter where at the providers. The one for mails is a secret."""
    public = str(app.settings.public_url).rstrip("/")
    return {
        "SendGrid, Event Webhook": f"{public}/webhooks/sendgrid",
        "SendGrid, Inbound Parse (a secret)": app.links.inbound_url,
        "Twilio, incoming messages (reports need nothing)": f"{public}/webhooks/twilio",
        "X, Account Activity": f"{public}/webhooks/x",
    }


class Listener:
    """Reads what comes from outside. None means that it does not come from whom it says."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._public = str(app.settings.public_url).rstrip("/")

    def require_keys(self) -> None:
        """Raises ConfigurationError for a key that is none, before the first event comes."""
        _ = self._event_signature

    def sendgrid(self, headers: Mapping[str, str], body: bytes) -> list[ProviderEvent] | None:
        """SendGrid's signed event webhook."""
        from campaigns.channels.sendgrid.webhook import parse

        now = self._app.clock.now()
        if self._event_signature is None:
            return None
        if not self._event_signature.verify(headers, body, now=now):
            return None
        return parse(body, now=now)

    def takes_mail(self, token: str) -> bool:
        """Whether whoever posts a mail knows the address that only SendGrid was told."""
        return self._app.links.is_inbound(token)

    def mail(self, fields: Mapping[str, str]) -> list[ProviderEvent]:
        """A mail from SendGrid's Inbound Parse."""
        from campaigns.channels.sendgrid.inbound import parse

        event = parse(fields, now=self._app.clock.now())
        return [] if event is None else [event]

    def twilio(
        self, headers: Mapping[str, str], target: str, form: Form, query: Mapping[str, str]
    ) -> list[ProviderEvent] | None:
        """A status callback or a customer's message. `target`: path and query as they came."""
        from campaigns.channels.twilio.webhook import parse

        if not self._callback_signature.verify(headers, self._public + target, form):
            return None
        return parse(form, query, now=self._app.clock.now())

    def x(self, headers: Mapping[str, str], body: bytes) -> list[ProviderEvent] | None:
        """X's account activity."""
        from campaigns.channels.x.webhook import parse, verify

        if not verify(self._x_secret, headers, body):
            return None
        return parse(body, now=self._app.clock.now())

    def x_challenge(self, token: str) -> str | None:
        """The answer to X's challenge; None for one that X would not ask."""
        from campaigns.channels.x.webhook import challenge_answer

        return challenge_answer(self._x_secret, token) if self._x_secret else None

    def record(self, events: Sequence[ProviderEvent]) -> Recorded:
        """Write events; they are on disk when this returns. Raises DatabaseError."""
        if events:
            self._app.mode.bind()
        return record_events(events, self._app.evidence, now=self._app.clock.now())

    def follow(
        self, token: str, link: str, *, method: str, headers: Mapping[str, str], address: str
    ) -> str | None:
        """Where a click link leads, and remember the request; None when it is no link of ours."""
        delivery_id = self._app.links.clicked_delivery(token)
        if delivery_id is None or not is_link_id(link):
            return None
        now = self._app.clock.now()
        click = Click(
            delivery_id=delivery_id,
            link=link,
            at=now,
            origin=origin_of(self._secret, address, now),
            agent=agent_of_request(method, headers, link),
        )
        return follow_link(click, self._app.clicks)

    @cached_property
    def _event_signature(self) -> EventSignature | None:
        from campaigns.channels.sendgrid.webhook import EventSignature

        settings = self._app.settings
        key = settings.sendgrid_webhook_key if settings.live else SANDBOX_WEBHOOK_KEY
        return EventSignature(key) if key else None

    @cached_property
    def _callback_signature(self) -> CallbackSignature:
        from campaigns.channels.twilio.webhook import CallbackSignature

        settings = self._app.settings
        if not settings.live:
            return CallbackSignature(SANDBOX_CREDENTIALS.twilio_auth_token)
        return CallbackSignature(
            settings.twilio_auth_token.get_secret_value(),
            settings.twilio_webhook_secret.get_secret_value(),
        )

    @cached_property
    def _x_secret(self) -> str:
        settings = self._app.settings
        if not settings.live:
            return SANDBOX_CREDENTIALS.x_consumer_secret
        return settings.x_consumer_secret.get_secret_value()

    @cached_property
    def _secret(self) -> str:
        return link_secret(self._app.settings)
