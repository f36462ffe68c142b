"""Whose events they are: by our delivery id, else by the address they name."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import Connection, text

from campaigns.domain.address import AddressError, normalise
from campaigns.domain.channel import AddressKind, Channel
from campaigns.domain.interaction import InteractionKind
from campaigns.domain.provider_event import ProviderEvent
from campaigns.store import bulk
from campaigns.store.hashing import AddressHash

#: What an event may mean for a person whose message we do not know.
PERSONAL = frozenset(
    {
        InteractionKind.REPLIED,
        InteractionKind.UNSUBSCRIBED,
        InteractionKind.RESUBSCRIBED,
        InteractionKind.COMPLAINED,
        InteractionKind.BOUNCED,
    }
)


class Why(StrEnum):
    """Why an event matches nothing."""

    NO_DELIVERY = "no_delivery"  # without a delivery id, or with one that is not ours
    OTHER_ADDRESS = "other_address"  # the delivery went elsewhere: another installation's number
    NO_CUSTOMER = "no_customer"  # an address that nobody here has


class Sent(NamedTuple):
    """A delivery as events need it. `known`: the customer has not been erased."""

    id: int
    customer_id: int
    channel: str
    address: str | None
    known: bool


class Owner(NamedTuple):
    """A customer who has an address, on one channel."""

    customer_id: int
    channel: str
    address: str


class Match(NamedTuple):
    """An event and whose it is; `key` is the hash of the address it is about, where that counts."""

    event: ProviderEvent
    sent: Sent | None
    why: Why | None
    key: str | None
    owners: Sequence[Owner]

    @property
    def customer_id(self) -> int | None:
        """Whose timeline it belongs to; none for the public post and for the erased."""
        if self.sent is not None:
            return self.sent.customer_id if self.sent.known else None
        return self.owners[0].customer_id if self.owners else None


class Matching:
    """Finds deliveries and owners, for many events at once."""

    def __init__(self, connection: Connection, hashing: AddressHash) -> None:
        self._connection = connection
        self._hashing = hashing

    def match(self, events: Sequence[ProviderEvent]) -> list[Match]:
        """Each event with whose it is."""
        sent = self._sent({e.delivery_id for e in events if e.delivery_id is not None})
        found = [self._first(event, sent) for event in events]
        owners = self._owners({m.key for m in found if m.key is not None})
        return [self._last(match, owners) for match in found]

    def _first(self, event: ProviderEvent, sent: dict[int, Sent]) -> Match:
        """By delivery; and the address's key where the event concerns the address."""
        delivery = sent.get(event.delivery_id) if event.delivery_id is not None else None
        why = None
        if delivery is None:
            why = Why.NO_DELIVERY
        elif not _is_of(event, delivery):
            delivery, why = None, Why.OTHER_ADDRESS
        key = None
        if event.kind in PERSONAL and (
            delivery is None or event.dead_address or event.kind is not InteractionKind.BOUNCED
        ):
            key = self._key(event, delivery)
        return Match(event, delivery, why, key, ())

    def _last(self, match: Match, owners: dict[str, list[Owner]]) -> Match:
        """By address, where no delivery told. A stranger's reply is kept apart."""
        if match.key is None:
            return match
        listed = owners.get(match.key, [])
        why = match.why
        if match.sent is None and why is Why.NO_DELIVERY:
            why = None if listed else Why.NO_CUSTOMER
        return match._replace(owners=self._likeliest(match, listed), why=why)

    def _key(self, event: ProviderEvent, delivery: Sent | None) -> str | None:
        address = event.address or (delivery.address if delivery else None)
        if address is None:
            return None
        kind = event.channel.address_kind
        try:
            return self._hashing.key(kind, normalise(kind, address))
        except AddressError:
            return None

    def _sent(self, ids: Collection[int]) -> dict[int, Sent]:
        if not ids:
            return {}
        rows = bulk.over(self._connection, _SENT, {"id": "bigint"}, [(i,) for i in sorted(ids)])
        return {
            id_: Sent(id_, customer_id, channel, address, bool(known))
            for id_, customer_id, channel, address, known in bulk.tuples(rows)
        }

    def _owners(self, keys: Collection[str]) -> dict[str, list[Owner]]:
        if not keys:
            return {}
        rows = bulk.over(self._connection, _OWNERS, {"key": "text"}, [(k,) for k in sorted(keys)])
        found: dict[str, list[Owner]] = {}
        for key, customer_id, channel, address in bulk.tuples(rows):
            found.setdefault(key, []).append(Owner(customer_id, channel, address))
        return found

    def _likeliest(self, match: Match, owners: list[Owner]) -> list[Owner]:
        """Of several customers with one address, the one we wrote to last there comes first."""
        if match.sent is not None or len({o.customer_id for o in owners}) < 2:
            return owners
        last = {o.customer_id: self._last_sent(o.customer_id, match.event.channel) for o in owners}
        return sorted(owners, key=lambda o: (-last[o.customer_id], o.customer_id, o.channel))

    def _last_sent(self, customer_id: int, channel: Channel) -> int:
        query = text(_LAST_SENT)
        given = {"customer": customer_id, "channel": str(channel)}
        return int(self._connection.execute(query, given).scalar() or 0)


def _is_of(event: ProviderEvent, delivery: Sent) -> bool:
    """Two installations that share an account at a provider count their deliveries alike: the
    address tells whose it is. Without one on either side the signature has to do."""
    if event.address is None or delivery.address is None:
        return True
    if event.channel.address_kind is AddressKind.EMAIL:
        return event.address.casefold() == delivery.address.casefold()
    return event.address == delivery.address


_SENT = """
SELECT d.id, COALESCE(c.id, i.customer_id, d.customer_id), d.channel, m.address,
       COALESCE(c.id, i.customer_id) IS NOT NULL
  FROM {given} AS given JOIN deliveries d ON d.id = given.id
  LEFT JOIN messages m ON m.delivery_id = d.id
  LEFT JOIN customers c ON c.id = d.customer_id
  LEFT JOIN identities i ON c.id IS NULL AND i.kind = 'number'
   AND i.key = CAST(d.customer_id AS text)
"""
# Addresses of before a merge find their customer too, on every channel that they serve.
_OWNERS = """
SELECT a.address_key, a.customer_id, a.channel, a.address
  FROM {given} AS given JOIN addresses a ON a.address_key = given.key
 UNION ALL
SELECT i.key, i.customer_id, s.channel, ''
  FROM {given} AS given
  JOIN (SELECT 'email' AS kind, 'email' AS channel UNION ALL SELECT 'phone', 'sms'
        UNION ALL SELECT 'phone', 'whatsapp' UNION ALL SELECT 'handle', 'x_dm') s ON true
  JOIN identities i ON i.kind = s.kind AND i.key = given.key
 WHERE NOT EXISTS (SELECT 1 FROM addresses a
   WHERE a.customer_id = i.customer_id AND a.channel = s.channel AND a.address_key = i.key)
 ORDER BY 2, 3
"""
_LAST_SENT = """
SELECT max(at) FROM interactions
 WHERE customer_id = :customer AND kind = 'sent' AND channel = :channel
"""
