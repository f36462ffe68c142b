"""What a customer may ask for on their own page, and what is known of them there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from campaigns.domain.channel import Channel
from campaigns.domain.consent import ALL_TOPICS, Consent, Purpose, Standing, permits
from campaigns.domain.customer import AttributeValue, stated_order
from campaigns.domain.interaction import InteractionKind

PAUSE = timedelta(days=30)
#: A link older than this still unsubscribes and changes preferences, but neither shows what is
#: known nor erases it: old mail is forwarded, and ends in other people's hands.
RIGHTS_BY_LINK = timedelta(days=90)
#: The most that can be chosen; a larger number is no limit worth the name.
MOST_WEEKLY = 7


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a customer asked for beyond consent.

    Attributes:
        channels: in the customer's order; empty: no order was stated.
        quiet_from, quiet_until: minutes of the customer's local day, both or neither.
        paused_until: no marketing before this moment.
        weekly_most: at most so many marketing messages in seven days.
    """

    channels: tuple[Channel, ...] = ()
    quiet_from: int | None = None
    quiet_until: int | None = None
    paused_until: datetime | None = None
    weekly_most: int | None = None

    def paused(self, now: datetime) -> bool:
        """Whether marketing waits at this moment."""
        return self.paused_until is not None and self.paused_until > now


@dataclass(frozen=True, slots=True)
class Reach:
    """One channel that reaches a customer, as far as marketing goes.

    Attributes:
        address, address_key: empty where only the ledger knows the channel.
        usable: the address is alive, and nothing bars it for all purposes.
        suppressed: marketing to the address is barred.
        standings: what the ledger says now about marketing there.
    """

    channel: Channel
    address: str
    address_key: str
    usable: bool
    suppressed: bool
    standings: tuple[Standing, ...]

    def gets(self, topic: str) -> bool:
        """Whether marketing on this topic would be sent here now."""
        allowed = permits(self.standings, Purpose.MARKETING, topic)
        return self.usable and not self.suppressed and allowed

    def permitted_topics(self) -> set[str]:
        """Topics that the ledger permits, whatever bars the address; `*` for all that are new."""
        topics = {ALL_TOPICS, *(s.topic for s in self.standings)}
        return {t for t in topics if permits(self.standings, Purpose.MARKETING, t)}

    @property
    def said_no(self) -> bool:
        """Whether the ledger holds a no to everything here, and nothing newer."""
        no = any(s.topic == ALL_TOPICS and not s.granted for s in self.standings)
        return no and not self.permitted_topics()


@dataclass(frozen=True, slots=True)
class Subject:
    """The customer that a link leads to.

    Attributes:
        delivery_id: the message that the link was in; `via` its channel, `sent_at` when it was
            settled (None while it is not), `sent_to_key` the hash of the address it went to (None
            where that is not known, or barred already).
    """

    customer_id: int
    delivery_id: int
    via: Channel
    sent_at: datetime | None
    sent_to_key: str | None
    first_name: str | None
    locale: str
    time_zone: str | None
    country: str | None
    preferred_channel: Channel | None
    reaches: tuple[Reach, ...]
    preferences: Preferences = Preferences()

    @property
    def order(self) -> tuple[Channel, ...]:
        """The channels in the order the customer stated, as far as one was stated."""
        return stated_order(self.preferred_channel, self.preferences.channels)

    def may_use_rights(self, now: datetime) -> bool:
        """Whether the link is young enough to show what is known, and to erase it."""
        return self.sent_at is None or now - self.sent_at <= RIGHTS_BY_LINK


@dataclass(frozen=True, slots=True)
class Choices:
    """One submitted form. `offered` are the boxes that it had, `wanted` those that were ticked."""

    locale: str | None
    order: tuple[Channel, ...]
    offered: frozenset[tuple[Channel, str]]
    wanted: frozenset[tuple[Channel, str]]
    quiet_from: int | None = None
    quiet_until: int | None = None
    weekly_most: int | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """An interaction that a change makes; the store adds whose and when."""

    kind: InteractionKind
    channel: Channel | None
    data: Mapping[str, AttributeValue]


@dataclass(frozen=True, slots=True)
class Changes:
    """What a request changes; nothing at all when it asks for what already is.

    Attributes:
        consents: entries for the ledger.
        suppress, lift: keys of addresses, for marketing.
        locale, order, preferences: the new value, None where it stays. The preferred channel is
            the first of `order`.
    """

    consents: tuple[Consent, ...] = ()
    suppress: frozenset[str] = frozenset()
    lift: frozenset[str] = frozenset()
    locale: str | None = None
    order: tuple[Channel, ...] | None = None
    preferences: Preferences | None = None
    events: tuple[Event, ...] = ()

    def __bool__(self) -> bool:
        return self != _NOTHING


_NOTHING = Changes()


@dataclass(frozen=True, slots=True)
class Wording:
    """The words that a consent rests on: as they were shown, in which language, on which page."""

    page: str
    locale: str
    text: str

    def proof(self, delivery_id: int) -> str:
        """For the ledger: the words, their hash, and the message whose link led to them."""
        words = " ".join(self.text.split())
        digest = sha256(words.encode()).hexdigest()
        return f"{self.page}, {self.locale}, delivery {delivery_id}: “{words}” sha256:{digest}"
