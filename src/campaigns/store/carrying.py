"""Which tables know a customer, and moving rows from one customer to another.

A table with a `customer_id` is in exactly one of these lists; a test compares them with the schema.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Table, delete, insert, select, update
from sqlalchemy.orm import aliased

from campaigns.domain.journey import MAX_STEPS
from campaigns.store import schema

#: Rows that go with the customer as they are.
CARRIED: tuple[Table, ...] = (
    schema.interactions,
    schema.consents,
    schema.clicks,
    schema.contacts,
    schema.skips,
    schema.journey_skips,
    schema.identities,
    schema.answers,
    schema.inbox,
)
#: What both have: joined by a rule of its own (domain.joining).
JOINED: tuple[Table, ...] = (
    schema.addresses,
    schema.preferences,
    schema.channel_uses,
    schema.standings,
)
#: `deliveries` have their own (store.joined_deliveries).

Key = list[Any]


def key_columns(table: Table) -> list[Column[Any]]:
    """What tells one row of a customer from another."""
    return [c for c in table.primary_key.columns if c.name != "customer_id"]


def carry(connection: Connection, table: Table, giver: int, taker: int) -> list[Key]:
    """Give a customer's rows to another one; those that the other has too stay. Returns the keys
    of the rows that moved."""
    columns = key_columns(table)
    query = select(*columns).where(_of(table, giver))
    if "customer_id" in table.primary_key.columns:
        own = aliased(table.select().subquery())
        same = [own.c[c.name] == c for c in columns]
        query = query.where(~select(own).where(own.c.customer_id == taker, *same).exists())
    keys = [list(row) for row in connection.execute(query)]
    carry_back(connection, table, keys, giver, taker)
    return keys


def carry_back(
    connection: Connection, table: Table, keys: Sequence[Key], giver: int, taker: int
) -> None:
    """Give these rows, as far as they are still there, to the other customer."""
    columns = key_columns(table)
    for key in keys:
        found = [c == value for c, value in zip(columns, key, strict=True)]
        connection.execute(
            update(table).where(table.c.customer_id == giver, *found).values(customer_id=taker)
        )


def _of(table: Table, customer_id: int) -> ColumnElement[bool]:
    of = table.c.customer_id == customer_id
    if table is schema.skips:  # its key begins with the run
        return of & table.c.run_id.in_(select(schema.runs.c.id))
    if table is schema.journey_skips:  # and its with campaign and step
        known = select(schema.campaigns.c.id)
        return of & table.c.campaign_id.in_(known) & table.c.step.in_(range(MAX_STEPS))
    return of


def rows_of(connection: Connection, table: Table, customer_id: int) -> list[dict[str, Any]]:
    """A customer's rows in a table of JOINED, in the order of their keys."""
    query = select(table).where(table.c.customer_id == customer_id)
    ordered = query.order_by(*key_columns(table))
    return [dict(row) for row in connection.execute(ordered).mappings()]


def replace_rows(
    connection: Connection, table: Table, customer_id: int, rows: Sequence[dict[str, Any]]
) -> None:
    """Let these be all the customer's rows in a table of JOINED."""
    connection.execute(delete(table).where(table.c.customer_id == customer_id))
    if rows:
        connection.execute(insert(table), [{**r, "customer_id": customer_id} for r in rows])
