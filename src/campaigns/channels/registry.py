"""Which class serves which channel. Importing this is cheap: SDKs load when a sender is used."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import Any

from campaigns.channels.base import Limits, Sender
from campaigns.channels.config import ChannelConfiguration, EmailProvider
from campaigns.channels.logs import silence_vendor_loggers
from campaigns.channels.lookup import Lookup
from campaigns.domain.channel import Channel

_SENDERS = {
    Channel.EMAIL: ("campaigns.channels.sendgrid.channel", "EmailSender"),
    Channel.SMS: ("campaigns.channels.twilio.channel", "SmsSender"),
    Channel.WHATSAPP: ("campaigns.channels.twilio.channel", "WhatsAppSender"),
    Channel.X_DM: ("campaigns.channels.x.channel", "DirectMessageSender"),
    Channel.X_POST: ("campaigns.channels.x.channel", "PostSender"),
}

_LOOKUPS = {
    Channel.EMAIL: ("campaigns.channels.sendgrid.lookup", "ActivityLookup"),
    Channel.SMS: ("campaigns.channels.twilio.lookup", "SmsLookup"),
    Channel.WHATSAPP: ("campaigns.channels.twilio.lookup", "WhatsAppLookup"),
    Channel.X_DM: ("campaigns.channels.x.lookup", "DirectMessageLookup"),
    Channel.X_POST: ("campaigns.channels.x.lookup", "PostLookup"),
}


def open_senders(
    configuration: ChannelConfiguration, channels: Iterable[Channel]
) -> dict[Channel, Sender]:
    """A sender for each channel, for one worker thread; nothing is connected yet.

    Raises ConfigurationError naming a key or a sender that is missing.
    """
    silence_vendor_loggers()
    provider = configuration.email_provider
    return {channel: _sender_class(channel, provider)(configuration) for channel in channels}


def open_lookup(configuration: ChannelConfiguration, channel: Channel) -> Lookup:
    """What asks the channel's vendor about messages in doubt; nothing is connected yet.

    Raises ConfigurationError naming a key that is missing.
    """
    silence_vendor_loggers()
    module, name = _LOOKUPS[channel]
    opened: Lookup = getattr(import_module(module), name)(configuration)
    return opened


def limits_of(channel: Channel, email_provider: EmailProvider = "sendgrid") -> Limits:
    """What the channel's vendor allows."""
    limits: Limits = _sender_class(channel, email_provider).limits
    return limits


def _sender_class(channel: Channel, email_provider: EmailProvider) -> Any:
    module, name = _SENDERS[channel]
    if channel is Channel.EMAIL and email_provider == "smtp":
        module = "campaigns.channels.smtp.channel"
    return getattr(import_module(module), name)
