"""How settings and a release become senders, and where the secrets for links come from."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from campaigns.channels.config import ChannelConfiguration, Credentials, Endpoints
from campaigns.domain.channel import Channel
from campaigns.domain.consent import Purpose
from campaigns.domain.pace import Spacing, pace_key, per_second
from campaigns.errors import ConfigurationError
from campaigns.services.pacing import Way
from campaigns.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from campaigns.channels.base import Sender
    from campaigns.domain.release import Release

#: What the sandbox takes instead of real keys (docs/sandbox.md). They open nothing else.
SANDBOX_CREDENTIALS = Credentials(
    sendgrid_api_key="SG.sandbox.key",
    twilio_account_sid="AC" + "0" * 32,
    twilio_auth_token="sandbox",  # noqa: S106 (no secret: see above)
    x_consumer_key="sandbox-consumer-key",
    x_consumer_secret="sandbox-consumer-secret",  # noqa: S106
    x_access_token="sandbox-access-token",  # noqa: S106
    x_access_token_secret="sandbox-access-token-secret",  # noqa: S106
)

#: The public half of the key that the sandbox signs its events with (sandbox.config).
SANDBOX_WEBHOOK_KEY = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEp9INRGdn/eudkTIFkq3VyhcQmN"
    "Zg/3zDjjDYlkb9BJbezoEvmKElohFpKe/XQea0UmuK/pRhq7X/X22VA335JA=="
)


def channel_configuration(
    settings: Settings, release: Release, clock: Callable[[], datetime]
) -> ChannelConfiguration:
    """Keys, addresses and senders for one release: the sandbox's unless the settings say live."""
    return sending_as(settings, release.senders, clock)


def sending_as(
    settings: Settings,
    senders: Mapping[Channel, Mapping[str, str]],
    clock: Callable[[], datetime],
) -> ChannelConfiguration:
    """The same for senders given: an answer is of no release."""
    public = str(settings.public_url).rstrip("/")
    return ChannelConfiguration(
        credentials=_live_credentials(settings)
        if settings.live
        else _sandbox_credentials(settings),
        endpoints=Endpoints(
            base_url=None if settings.live else str(settings.sandbox_url).rstrip("/"),
            callback_url=f"{public}/webhooks/twilio",
        ),
        senders=senders,
        clock=clock,
        email_provider=settings.email_provider,
    )


def lookup_configuration(settings: Settings) -> ChannelConfiguration:
    """Keys and addresses for asking the vendors; nothing is sent by these."""
    return ChannelConfiguration(
        credentials=_live_credentials(settings) if settings.live else SANDBOX_CREDENTIALS,
        endpoints=Endpoints(
            base_url=None if settings.live else str(settings.sandbox_url).rstrip("/")
        ),
        senders={},
    )


def ways(release: Release, senders: Mapping[Channel, Sender]) -> dict[Channel, Way]:
    """Each channel's sender as pacing needs it: the vendor's own rates and the brand's."""
    return {c: way(c, sender, release.senders.get(c, {})) for c, sender in senders.items()}


def way(channel: Channel, sender: Sender, brand: Mapping[str, str]) -> Way:
    """One of them; `brand` is what brand.yaml says of the sender."""
    limits = sender.limits
    own = brand.get("per_second")
    rates = [*limits.rates, *([per_second(float(own))] if own else [])]
    return Way(pace_key(channel, brand), limits.batch, limits.one_request, Spacing.of(rates))


def refuse_unready_live_run(settings: Settings, release: Release) -> None:
    """A live marketing run needs pages that answer its unsubscribe links (RFC 8058).

    Raises ConfigurationError naming the setting.
    """
    example = (settings.public_url.host or "").endswith(("example.com", "example.org"))
    if settings.live and release.policy.purpose is Purpose.MARKETING and example:
        raise ConfigurationError(
            "CAMPAIGNS_PUBLIC_URL is still an example: every marketing message carries an "
            "unsubscribe link that must answer. Set it to where those pages are."
        )


def link_secret(settings: Settings) -> str:
    """The secret that signs links: the setting, or one made once and kept in `home`."""
    given = settings.link_secret.get_secret_value()
    if given:
        return given
    path = settings.home / "link_secret"
    settings.home.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(32))
    return path.read_text(encoding="ascii").strip()


def _sandbox_credentials(settings: Settings) -> Credentials:
    given = settings.smtp_url.get_secret_value()
    url = settings.sandbox_url
    beside = f"smtp://sandbox:sandbox@{url.host}:{(url.port or 80) + 1}"
    return replace(SANDBOX_CREDENTIALS, smtp_url=given or beside)


def _live_credentials(settings: Settings) -> Credentials:
    return Credentials(
        sendgrid_api_key=settings.sendgrid_api_key.get_secret_value(),
        smtp_url=settings.smtp_url.get_secret_value(),
        twilio_account_sid=settings.twilio_account_sid,
        twilio_auth_token=settings.twilio_auth_token.get_secret_value(),
        x_consumer_key=settings.x_consumer_key.get_secret_value(),
        x_consumer_secret=settings.x_consumer_secret.get_secret_value(),
        x_access_token=settings.x_access_token.get_secret_value(),
        x_access_token_secret=settings.x_access_token_secret.get_secret_value(),
    )
