"""Erasure (GDPR art. 17): a customer gone from every table, and barred from coming back.

What stays: keyed hashes of the addresses, so that a re-import is refused; rows of the outbox,
skips and the audit trail, which hold the number of a customer who no longer exists.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, select, update

from campaigns.domain.address import AddressError, normalise
from campaigns.domain.audit import Action, AuditEntry
from campaigns.domain.channel import Channel
from campaigns.domain.erasure import Erased
from campaigns.domain.journey import MAX_STEPS
from campaigns.errors import NotFoundError
from campaigns.store import audit, bulk, forgetting, strangers
from campaigns.store.append_only import close_ledger, open_ledger
from campaigns.store.clock import to_ms
from campaigns.store.engine import Database, bar_imports, bar_intents
from campaigns.store.hashing import AddressHash
from campaigns.store.known import ERASED
from campaigns.store.schema import (
    addresses,
    answers,
    best_hours,
    campaigns,
    channel_uses,
    clicks,
    consents,
    contacts,
    customers,
    deliveries,
    inbox,
    interactions,
    messages,
    preferences,
    stamps,
    standings,
    suppressions,
    unlearned,
    unmatched_events,
)

_OWN = (
    preferences,
    consents,
    standings,
    channel_uses,
    contacts,
    interactions,
    clicks,
    addresses,
    stamps,
    unlearned,
    best_hours,
    answers,
    inbox,
)


class SqlErasure:
    """Implements services.erase.Erasure."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def erase(self, customer_id: int, *, by: str, why: str, now: datetime) -> Erased:
        """Everything of one customer, in one transaction; a line of the audit trail stays.

        Messages whose intent has not committed yet find no address and end suppressed. Raises
        NotFoundError when there is no such customer (any more).
        """
        with self._database.write() as connection:
            bar_imports(connection)  # one that has read the customer would write them again
            bar_intents(connection)
            query = select(customers.c.ref).where(customers.c.id == customer_id).with_for_update()
            ref = connection.execute(query).scalar_one_or_none()
            if ref is None:
                raise NotFoundError(f"there is no customer number {customer_id}.")
            merged = forgetting.forget(connection, customer_id)
            known = merged.addresses.union(
                *(_known_addresses(connection, number) for number in merged.numbers)
            )
            hashing = AddressHash.load(connection)
            refs = {hashing.ref_key(r) for r in (ref, *merged.refs)}
            keys = {*refs, *merged.keys, *_keys(hashing, known)}
            _suppress(connection, keys, to_ms(now))
            connection.execute(
                delete(unmatched_events).where(unmatched_events.c.address_key.in_(sorted(keys)))
            )
            strangers.forget(connection, keys)
            for number in merged.numbers:
                _clear_outbox(connection, number)
                _clear_profile(connection, number)
            audit.append(
                connection, AuditEntry(now, by, Action.ERASED, f"customer:{customer_id}", why)
            )
        return Erased(str(ref), tuple(sorted({address for _, address in known})))


def _known_addresses(connection: Connection, customer_id: int) -> set[tuple[Channel, str]]:
    """Those on the profile, and those that messages went to before they changed."""
    a = addresses.c
    here = select(a.channel, a.address).where(a.customer_id == customer_id)
    d = deliveries.c
    sent = (
        select(d.channel, messages.c.address)
        .join(messages, messages.c.delivery_id == d.id)
        .where(*_of_customer(customer_id))
    )
    rows = [*connection.execute(here), *connection.execute(sent)]
    return {(Channel(channel), address) for channel, address in rows if address}


def _of_customer(customer_id: int) -> list[ColumnElement[bool]]:
    """The unique key of deliveries begins with campaign and step; naming both lets it be used."""
    d = deliveries.c
    return [
        d.campaign_id.in_(select(campaigns.c.id)),
        d.step.in_(range(MAX_STEPS)),
        d.customer_id == customer_id,
    ]


def _keys(hashing: AddressHash, known: Iterable[tuple[Channel, str]]) -> set[str]:
    keys: set[str] = set()
    for channel, address in known:
        kind = channel.address_kind
        try:
            keys.update(hashing.person_keys(kind, normalise(kind, address)))
        except AddressError:  # taken in by rules that are stricter now: no import writes it either
            continue
    return keys


def _suppress(connection: Connection, keys: Collection[str], at: int) -> None:
    rows = [(key, "all", ERASED, at) for key in sorted(keys)]
    names = ("address_key", "purpose", "reason", "at")
    taken = ", ".join(f"{n} = excluded.{n}" for n in names[1:])
    conflict = f"ON CONFLICT (address_key) DO UPDATE SET {taken}"
    bulk.insert(connection, suppressions, names, rows, on_conflict=conflict)


def _clear_outbox(connection: Connection, customer_id: int) -> None:
    """What was said and where. Of a provider's own words, which may quote an address, the code
    stays; our own have no colon and stay whole."""
    d = deliveries.c
    rows = connection.execute(select(d.id, d.outcome).where(*_of_customer(customer_id))).all()
    for delivery_id, outcome in rows:
        connection.execute(delete(messages).where(messages.c.delivery_id == delivery_id))
        code = outcome.partition(": ")[0] if outcome else None
        values = {"provider_id": None, "outcome": code}
        connection.execute(update(deliveries).where(d.id == delivery_id).values(values))


def _clear_profile(connection: Connection, customer_id: int) -> None:
    open_ledger(connection, customer_id)
    for table in _OWN:
        connection.execute(delete(table).where(table.c.customer_id == customer_id))
    close_ledger(connection, customer_id)
    connection.execute(delete(customers).where(customers.c.id == customer_id))
