"""Customers' own pages: whom a link leads to, and writing what they ask for.

Reading, deciding and writing are one transaction that holds the customer and bars intents: what is
answered `done` is in force for every message whose intent commits later, runs under way included.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cached_property

import orjson
from sqlalchemy import Connection, bindparam, delete, func, select, update

from campaigns.domain.address import AddressError, normalise
from campaigns.domain.channel import PUBLIC, Channel
from campaigns.domain.consent import Consent, Purpose, Standing
from campaigns.domain.customer import AddressStatus
from campaigns.domain.preferences import Changes, Event, Preferences, Reach, Subject
from campaigns.store import bulk, consents, interactions
from campaigns.store.clock import from_ms, from_ms_or_none, to_ms, to_ms_or_none
from campaigns.store.engine import Database, bar_intents
from campaigns.store.hashing import AddressHash
from campaigns.store.interactions import EventRow
from campaigns.store.schema import (
    addresses,
    customers,
    deliveries,
    messages,
    preferences,
    standings,
    suppressions,
)

# Built once: these pages are what scanners look at most.
_SUBJECT = (
    select(
        deliveries.c.customer_id,
        deliveries.c.channel,
        deliveries.c.settled_at,
        messages.c.address,
        customers.c.first_name,
        customers.c.locale,
        customers.c.time_zone,
        customers.c.country,
        customers.c.preferred_channel,
    )
    .join(customers, customers.c.id == deliveries.c.customer_id)
    .outerjoin(messages, messages.c.delivery_id == deliveries.c.id)
    .where(deliveries.c.id == bindparam("delivery"), deliveries.c.customer_id != PUBLIC)
)
_STANDINGS = select(
    standings.c.channel, standings.c.topic, standings.c.granted, standings.c.at
).where(standings.c.customer_id == bindparam("customer"), standings.c.purpose == Purpose.MARKETING)
_ADDRESSES = (
    select(
        addresses.c.channel,
        addresses.c.address,
        addresses.c.address_key,
        addresses.c.status,
        suppressions.c.purpose,
    )
    .outerjoin(suppressions, suppressions.c.address_key == addresses.c.address_key)
    .where(addresses.c.customer_id == bindparam("customer"))
)
_BARRED = select(suppressions.c.purpose).where(suppressions.c.address_key == bindparam("key"))
_ASKED = select(preferences).where(preferences.c.customer_id == bindparam("customer"))


class SqlPreferences:
    """Implements services.change_preferences.PreferenceStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @cached_property
    def _hashing(self) -> AddressHash:
        with self._database.read() as connection:
            return AddressHash.load(connection)

    def subject(self, delivery_id: int) -> Subject | None:
        """The customer of a delivery; None when there is no such delivery, or nobody any more."""
        hashing = self._hashing
        with self._database.read() as connection:
            return _read(connection, hashing, delivery_id)

    def change(
        self,
        delivery_id: int,
        decide: Callable[[Subject], Changes],
        *,
        now: datetime,
        request: str,
    ) -> Subject | None:
        """Write what `decide` makes of the customer as they are now; `request` is unique to this
        one. Returns the customer as they are then; None where `subject` would."""
        hashing = self._hashing
        with self._database.write() as connection:
            bar_intents(connection)
            _hold(connection, delivery_id)
            subject = _read(connection, hashing, delivery_id)
            if subject is None:
                return None
            changes = decide(subject)
            if not changes:
                return subject
            _write(connection, subject, changes, now, request)
            return _read(connection, hashing, delivery_id)


def asked_for(database: Database) -> dict[Channel | None, int]:
    """Channel → customers who asked for it first; None: for no channel."""
    query = select(customers.c.preferred_channel, func.count()).group_by(
        customers.c.preferred_channel
    )
    with database.read() as connection:
        return {
            None if channel is None else Channel(channel): number
            for channel, number in connection.execute(query)
        }


def _hold(connection: Connection, delivery_id: int) -> None:
    """Let nobody else change the customer meanwhile. SQLite has one writer anyway."""
    whose = select(deliveries.c.customer_id).where(deliveries.c.id == delivery_id)
    query = select(customers.c.id).where(customers.c.id == whose.scalar_subquery())
    connection.execute(query.with_for_update()).all()


# Reading -------------------------------------------------------------------------------------


def _read(connection: Connection, hashing: AddressHash, delivery_id: int) -> Subject | None:
    row = connection.execute(_SUBJECT, {"delivery": delivery_id}).mappings().one_or_none()
    if row is None:
        return None
    via, preferred = Channel(row["channel"]), row["preferred_channel"]
    return Subject(
        customer_id=row["customer_id"],
        delivery_id=delivery_id,
        via=via,
        sent_at=from_ms_or_none(row["settled_at"]),
        sent_to_key=_sent_to(connection, hashing, via, row["address"]),
        first_name=row["first_name"],
        locale=row["locale"],
        time_zone=row["time_zone"],
        country=row["country"],
        preferred_channel=Channel(preferred) if preferred else None,
        reaches=_reaches(connection, row["customer_id"]),
        preferences=read_preferences(connection, row["customer_id"]),
    )


def _sent_to(
    connection: Connection, hashing: AddressHash, channel: Channel, address: str | None
) -> str | None:
    if not address:
        return None
    try:
        key = hashing.key(channel.address_kind, normalise(channel.address_kind, address))
    except AddressError:  # written by hand, or by rules that are stricter now
        return None
    return None if connection.execute(_BARRED, {"key": key}).scalar() else key


def _reaches(connection: Connection, customer_id: int) -> tuple[Reach, ...]:
    stood: dict[Channel, list[Standing]] = {}
    whose = {"customer": customer_id}
    for channel, topic, granted, at in connection.execute(_STANDINGS, whose):
        stood.setdefault(Channel(channel), []).append(Standing(topic, granted, from_ms(at)))
    found = {
        channel: Reach(channel, "", "", usable=False, suppressed=False, standings=tuple(listed))
        for channel, listed in stood.items()
    }
    for name, address, key, status, purpose in connection.execute(_ADDRESSES, whose):
        channel = Channel(name)
        found[channel] = Reach(
            channel,
            address,
            key,
            usable=status == AddressStatus.ACTIVE and purpose != "all",
            suppressed=purpose is not None,
            standings=tuple(stood.get(channel, ())),
        )
    return tuple(found[channel] for channel in Channel if channel in found)


def read_preferences(connection: Connection, customer_id: int) -> Preferences:
    """What a customer asked for; empty for most."""
    row = connection.execute(_ASKED, {"customer": customer_id}).mappings().one_or_none()
    if row is None:
        return Preferences()
    return Preferences(
        channels=tuple(Channel(c) for c in (row["channels"] or "").split(",") if c),
        quiet_from=row["quiet_from"],
        quiet_until=row["quiet_until"],
        paused_until=from_ms_or_none(row["paused_until"]),
        weekly_most=row["weekly_most"],
    )


# Writing -------------------------------------------------------------------------------------


def _write(
    connection: Connection, subject: Subject, changes: Changes, now: datetime, request: str
) -> None:
    at = to_ms(now)
    values: dict[str, object] = {"updated_at": at}
    if changes.locale is not None:
        values["locale"] = changes.locale
    if changes.order is not None:
        values["preferred_channel"] = str(changes.order[0]) if changes.order else None
    here = customers.c.id == subject.customer_id
    connection.execute(update(customers).where(here).values(values))
    if changes.preferences is not None:
        write_preferences(connection, subject.customer_id, changes.preferences, at)
    consents.append(connection, [_ledger(subject.customer_id, c) for c in changes.consents])
    _bar(connection, changes, at)
    interactions.record(
        connection,
        [_event(subject, e, at, f"{request}:{n}") for n, e in enumerate(changes.events)],
    )


def write_preferences(
    connection: Connection, customer_id: int, wanted: Preferences, at: int
) -> None:
    """In place of what was asked for before."""
    names = (
        "customer_id",
        "channels",
        "quiet_from",
        "quiet_until",
        "paused_until",
        "weekly_most",
        "updated_at",
    )
    row = (
        customer_id,
        ",".join(wanted.channels) or None,
        wanted.quiet_from,
        wanted.quiet_until,
        to_ms_or_none(wanted.paused_until),
        wanted.weekly_most,
        at,
    )
    taken = ", ".join(f"{n} = excluded.{n}" for n in names[1:])
    conflict = f"ON CONFLICT (customer_id) DO UPDATE SET {taken}"
    bulk.insert(connection, preferences, names, [row], on_conflict=conflict)


def _bar(connection: Connection, changes: Changes, at: int) -> None:
    """A bar that is there already stays as it is: it may be wider."""
    rows = [(key, "marketing", "unsubscribed", at) for key in sorted(changes.suppress)]
    names = ("address_key", "purpose", "reason", "at")
    bulk.insert(connection, suppressions, names, rows, on_conflict="ON CONFLICT DO NOTHING")
    if changes.lift:
        s = suppressions.c
        lifted = s.address_key.in_(sorted(changes.lift))
        connection.execute(delete(suppressions).where(lifted, s.purpose == "marketing"))


def _ledger(customer_id: int, entry: Consent) -> consents.LedgerRow:
    return (
        customer_id,
        str(entry.channel),
        str(entry.purpose),
        entry.topic,
        entry.granted,
        to_ms(entry.at),
        str(entry.source),
        entry.proof,
        entry.actor,
    )


def _event(subject: Subject, event: Event, at: int, key: str) -> EventRow:
    return EventRow(
        subject.customer_id,
        at,
        str(event.kind),
        str(event.channel) if event.channel else None,
        subject.delivery_id,
        f"page:{key}",
        orjson.dumps(dict(event.data)).decode() if event.data else None,
    )
