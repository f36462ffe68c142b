"""Profiles as matching sees them, and which of them share an address."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import combinations
from typing import Any

from sqlalchemy import Connection, select, text

from campaigns.domain.channel import Channel
from campaigns.domain.identity import IdentityKind, Person, plain_name
from campaigns.store.clock import from_ms
from campaigns.store.schema import addresses, customers, identities

_KINDS = {str(c): str(c.address_kind) for c in Channel}
_ADDRESS_KINDS = (IdentityKind.EMAIL, IdentityKind.PHONE, IdentityKind.HANDLE)
# One address may serve two channels of one customer, and be known of old too.
_SHARED = text(
    """
WITH owned AS (
  SELECT address_key AS key, customer_id FROM addresses
   UNION
  SELECT key, customer_id FROM identities WHERE kind IN ('email', 'phone', 'handle'))
SELECT key, customer_id FROM owned
 WHERE key IN (SELECT key FROM owned GROUP BY key HAVING count(*) BETWEEN 2 AND :most)
 ORDER BY key, customer_id
"""
)


def sharing(connection: Connection, most: int) -> list[tuple[int, int]]:
    """Pairs of customers that have an address in common, unless more than `most` have it."""
    owners: dict[str, list[int]] = {}
    for key, customer_id in connection.execute(_SHARED, {"most": most}):
        owners.setdefault(key, []).append(customer_id)
    return sorted({pair for ids in owners.values() for pair in combinations(ids, 2)})


def rows(connection: Connection, attributes: Collection[str]) -> list[dict[str, Any]]:
    """All customers, by number: `id`, names as they are compared, and these attributes as text."""
    c = customers.c
    query = select(c.id, c.first_name, c.last_name, c.attributes).order_by(c.id)
    found = []
    for id_, first, last, values in connection.execute(query):
        row = {
            "id": id_,
            "first_name": plain_name(first) or None,
            "last_name": plain_name(last) or None,
        }
        for name in attributes:
            value = values.get(name)
            row[name] = None if value is None else str(value).casefold().strip() or None
        found.append(row)
    return found


def read(connection: Connection, ids: Sequence[int]) -> list[Person]:
    """These customers, by number."""
    keys: dict[int, set[tuple[str, str]]] = {}
    mailboxes: dict[int, dict[str, str]] = {}
    a = addresses.c
    query = select(a.customer_id, a.channel, a.address_key, a.address).where(a.customer_id.in_(ids))
    for customer_id, channel, key, address in connection.execute(query):
        keys.setdefault(customer_id, set()).add((_KINDS[channel], key))
        if channel == Channel.EMAIL:
            name = address.partition("@")[0].casefold()
            mailboxes.setdefault(customer_id, {})[key] = name
    i = identities.c
    others = select(i.customer_id, i.kind, i.key).where(i.kind.in_(_ADDRESS_KINDS))
    for customer_id, kind, key in connection.execute(others.where(i.customer_id.in_(ids))):
        keys.setdefault(customer_id, set()).add((kind, key))
    return [
        Person(
            row.id,
            row.ref,
            row.first_name,
            row.last_name,
            from_ms(row.created_at),
            row.attributes,
            frozenset(keys.get(row.id, ())),
            mailboxes.get(row.id, {}),
        )
        for row in connection.execute(
            select(customers).where(customers.c.id.in_(ids)).order_by(customers.c.id)
        )
    ]
