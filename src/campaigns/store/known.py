"""Reading the customers that a batch of rows may be about, in a handful of statements."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, text

from campaigns.domain.channel import Channel
from campaigns.domain.consent import Purpose
from campaigns.domain.customer import AddressStatus
from campaigns.domain.intake import Fields
from campaigns.domain.merging import Known
from campaigns.store import bulk
from campaigns.store.clock import from_ms

_CHANNELS = {str(c): c for c in Channel}
_STATUSES = {str(s): s for s in AddressStatus}
_PURPOSES = {str(p): p for p in Purpose}

_BY_REF = "SELECT c.id FROM {given} AS given JOIN customers c ON c.ref = given.ref"
_BY_KEY = """
SELECT a.customer_id FROM {given} AS given JOIN addresses a ON a.address_key = given.key
"""
_BY_OTHER_REF = """
SELECT i.customer_id FROM {given} AS given JOIN identities i ON i.kind = 'ref' AND i.key = given.ref
"""
_BY_OTHER_KEY = """
SELECT i.customer_id FROM {given} AS given
  JOIN identities i ON i.kind IN ('email', 'phone', 'handle') AND i.key = given.key
"""
_TAKEN_REFS = """
SELECT given.ref FROM {given} AS given
 WHERE EXISTS (SELECT 1 FROM customers c WHERE c.ref = given.ref)
    OR EXISTS (SELECT 1 FROM identities i WHERE i.kind = 'ref' AND i.key = given.ref)
"""
_TAKEN_KEYS = """
SELECT given.key FROM {given} AS given
 WHERE EXISTS (SELECT 1 FROM addresses a WHERE a.address_key = given.key)
    OR EXISTS (SELECT 1 FROM identities i
                WHERE i.kind IN ('email', 'phone', 'handle') AND i.key = given.key)
"""
_OTHERS = """
SELECT i.customer_id, i.kind, i.key, i.was
  FROM {given} AS given JOIN identities i ON i.customer_id = given.id
"""
_CUSTOMERS = """
SELECT c.id, c.ref, c.first_name, c.last_name, c.locale, c.country, c.time_zone,
       c.preferred_channel, CAST(c.attributes AS text)
  FROM {given} AS given JOIN customers c ON c.id = given.id ORDER BY c.id
"""
_ADDRESSES = """
SELECT a.customer_id, a.channel, a.address, a.address_key, a.status
  FROM {given} AS given JOIN addresses a ON a.customer_id = given.id
"""
_STANDINGS = """
SELECT s.customer_id, s.channel, s.purpose, s.topic, s.granted, s.at
  FROM {given} AS given JOIN standings s ON s.customer_id = given.id
"""
_OWN_YES = """
SELECT c.customer_id, c.channel, c.purpose, c.topic, max(c.at)
  FROM {given} AS given JOIN consents c ON c.customer_id = given.id
 WHERE c.granted AND c.source IN ('customer', 'provider')
 GROUP BY c.customer_id, c.channel, c.purpose, c.topic
"""
_DEVICES = """
SELECT i.key FROM {given} AS given JOIN identities i ON i.kind = 'device' AND i.key = given.key
"""
_SUPPRESSIONS = """
SELECT s.address_key, s.purpose FROM {given} AS given
  JOIN suppressions s ON s.address_key = given.key
"""


#: The reason of a suppression that outlives its customer.
ERASED = "erased"
_ERASED_KEYS = """
SELECT s.address_key FROM {given} AS given
  JOIN suppressions s ON s.address_key = given.key AND s.reason = 'erased'
"""
_ANY_ERASED = text("SELECT 1 FROM suppressions WHERE reason = 'erased' LIMIT 1")


def load(
    connection: Connection, refs: Collection[str], keys: Collection[str], *, own_yes: bool
) -> list[Known]:
    """The customers with one of these refs or address keys, by id, with all that merging asks.

    `own_yes`: read too when they said yes in person; few batches need it.
    """
    ids = {row[0] for row in _join(connection, _BY_REF, "ref", "text", refs)}
    ids |= {row[0] for row in _join(connection, _BY_KEY, "key", "text", keys)}
    ids |= {row[0] for row in _join(connection, _BY_OTHER_REF, "ref", "text", refs)}
    ids |= {row[0] for row in _join(connection, _BY_OTHER_KEY, "key", "text", keys)}
    if not ids:
        return []
    found = {row[0]: _known(row) for row in _join(connection, _CUSTOMERS, "id", "bigint", ids)}
    for id_, channel, address, key, status in _join(connection, _ADDRESSES, "id", "bigint", ids):
        found[id_].addresses[_CHANNELS[channel]] = (address, key, _STATUSES[status])
    for id_, channel, purpose, topic, granted, at in _join(
        connection, _STANDINGS, "id", "bigint", ids
    ):
        matter = (_CHANNELS[channel], _PURPOSES[purpose], topic)
        found[id_].standings[matter] = (bool(granted), from_ms(at))
    for id_, kind, key, was in _join(connection, _OTHERS, "id", "bigint", ids):
        found[id_].others[kind, key] = was or id_
    if own_yes:
        for id_, channel, purpose, topic, at in _join(connection, _OWN_YES, "id", "bigint", ids):
            matter = (_CHANNELS[channel], _PURPOSES[purpose], topic)
            found[id_].own_yes[matter] = from_ms(at)
    return list(found.values())


def taken(connection: Connection, refs: Collection[str], keys: Collection[str]) -> set[str]:
    """Those of these refs and address keys that find somebody."""
    found = {row[0] for row in _join(connection, _TAKEN_REFS, "ref", "text", refs)}
    return found | {row[0] for row in _join(connection, _TAKEN_KEYS, "key", "text", keys)}


def load_devices(connection: Connection, keys: Collection[str]) -> set[str]:
    """Those of these devices' keys that find somebody."""
    return {row[0] for row in _join(connection, _DEVICES, "key", "text", keys)}


def load_suppressions(connection: Connection, keys: Collection[str]) -> dict[str, str]:
    """Address key → how far it is suppressed, for those of these keys that are."""
    return dict(_join(connection, _SUPPRESSIONS, "key", "text", keys))


def load_erased(connection: Connection, keys: Collection[str]) -> set[str]:
    """Those of these keys that belong to somebody who was erased."""
    return {row[0] for row in _join(connection, _ERASED_KEYS, "key", "text", keys)}


def anybody_erased(connection: Connection) -> bool:
    """Whether that question is worth asking."""
    return connection.execute(_ANY_ERASED).scalar() is not None


def _known(row: tuple[Any, ...]) -> Known:
    id_, ref, first, last, locale, country, zone, preferred, attributes = row
    fields = Fields(first, last, locale, country, zone, _CHANNELS[preferred] if preferred else None)
    return Known(id_, ref, fields, orjson.loads(attributes))


def _join(
    connection: Connection, query: str, name: str, kind: str, values: Collection[object]
) -> Sequence[tuple[Any, ...]]:
    """Rows of a query over given values; `query` is our own text."""
    if not values:
        return []
    dialect = bulk.dialect_of(connection)
    statement = text(query.format(given=bulk.rows_sql(dialect, {name: kind})))
    rows = [(v,) for v in values]
    return connection.execute(statement, bulk.rows_parameters(dialect, rows)).tuples().all()
