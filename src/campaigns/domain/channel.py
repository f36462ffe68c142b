"""The channels, by the names that files, tables and pages use."""

from __future__ import annotations

from enum import StrEnum


class Channel(StrEnum):
    """One way a message can reach people."""

    EMAIL = "email"
    SMS = "sms"
    WHATSAPP = "whatsapp"
    X_DM = "x_dm"
    X_POST = "x_post"

    __hash__ = str.__hash__  # enum's own is a Python call; look-ups by channel are everywhere

    @property
    def label(self) -> str:
        """The channel's name as people read it."""
        return _LABELS[self]

    @property
    def address_kind(self) -> AddressKind:
        """What an address on this channel is; SMS and WhatsApp share the phone."""
        return _ADDRESS_KINDS[self]


class AddressKind(StrEnum):
    """What kind of address reaches a channel. Suppression works on the kind."""

    EMAIL = "email"
    PHONE = "phone"
    HANDLE = "handle"

    __hash__ = str.__hash__


_LABELS = {
    Channel.EMAIL: "e-mail",
    Channel.SMS: "SMS",
    Channel.WHATSAPP: "WhatsApp",
    Channel.X_DM: "X direct message",
    Channel.X_POST: "X post",
}
_ADDRESS_KINDS = {
    Channel.EMAIL: AddressKind.EMAIL,
    Channel.SMS: AddressKind.PHONE,
    Channel.WHATSAPP: AddressKind.PHONE,
    Channel.X_DM: AddressKind.HANDLE,
    Channel.X_POST: AddressKind.HANDLE,
}

#: Channels that reach one customer. An X post reaches the public, once per run.
PERSONAL_CHANNELS = (Channel.EMAIL, Channel.SMS, Channel.WHATSAPP, Channel.X_DM)

#: The `customer_id` of a delivery that is for everyone: the X post of a run.
PUBLIC = 0
