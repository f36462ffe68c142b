"""One Twilio account and the connection to it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from campaigns.channels.config import ChannelConfiguration, require
from campaigns.channels.wire import Wire

if TYPE_CHECKING:
    from campaigns.channels.twilio.http import WireHttpClient


class TwilioAccount:
    """What everything that calls Twilio shares. The SDK is loaded when it is first used."""

    def __init__(self, configuration: ChannelConfiguration) -> None:
        keys = configuration.credentials
        self._account = require(keys.twilio_account_sid, "CAMPAIGNS_TWILIO_ACCOUNT_SID")
        self._token = require(keys.twilio_auth_token, "CAMPAIGNS_TWILIO_AUTH_TOKEN")
        self._wire = Wire(configuration.endpoints.base_url)

    def close(self) -> None:
        """Give connections back."""
        self._wire.close()

    @cached_property
    def _http(self) -> WireHttpClient:
        from campaigns.channels.twilio.http import WireHttpClient

        return WireHttpClient(self._wire)

    @cached_property
    def _client(self) -> Any:
        from campaigns.channels.twilio.http import open_client

        return open_client(self._account, self._token, self._http)
