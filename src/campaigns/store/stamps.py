"""The stamp of an imported row: a keyed hash of the row, of how it is read, and of the customer as
they were when it changed nothing. What it is good for is told in store.unchanged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import orjson
from sqlalchemy import Connection

from campaigns.domain.intake import Content
from campaigns.domain.merging import Known
from campaigns.store import bulk, schema
from campaigns.store.clock import to_ms
from campaigns.store.hashing import AddressHash

#: Customer, kind of file, stamp, yeses that a no had kept out.
StampRow: TypeAlias = tuple[int, str, bytes, int]
COLUMNS = ("customer_id", "file_kind", "stamp", "kept_opt_out")


def stamp(
    hashing: AddressHash,
    content: Content,
    customer: Sequence[Any],
    addresses: Iterable[tuple[Any, ...]],
    standings: Iterable[tuple[Any, ...]],
    others: Iterable[tuple[Any, ...]] = (),
) -> bytes:
    """Of a row and of a customer: ref, six fields and attributes; rows of addresses (channel to
    status), standings (granted as a number) and identities (kind, key, whose they were)."""
    state = (customer, sorted(addresses), sorted(standings), sorted(others))
    return hashing.stamp(content.told + orjson.dumps(state, option=orjson.OPT_SORT_KEYS))


def stamp_of(hashing: AddressHash, content: Content, customer: Known) -> bytes:
    """The same of a customer in memory."""
    return stamp(
        hashing,
        content,
        (customer.ref, *customer.fields, customer.attributes),
        [(c.value, *address) for c, address in customer.addresses.items()],
        [(c.value, p.value, topic, int(granted), to_ms(at))
         for (c, p, topic), (granted, at) in customer.standings.items()],
        [(*found, was) for found, was in customer.others.items()],
    )  # fmt: skip


def write(connection: Connection, rows: Sequence[StampRow]) -> None:
    """Keep these, in place of older ones."""
    bulk.insert(connection, schema.stamps, COLUMNS, rows, on_conflict=_TAKE_OVER)


_TAKE_OVER = """
ON CONFLICT (customer_id, file_kind) DO UPDATE
SET stamp = excluded.stamp, kept_opt_out = excluded.kept_opt_out
WHERE stamps.stamp <> excluded.stamp OR stamps.kept_opt_out <> excluded.kept_opt_out
"""
