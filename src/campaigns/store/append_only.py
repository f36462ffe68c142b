"""The one way around the triggers that let the ledger of consents only grow (migration 0009).

Erasure may delete a customer's entries, and parting two who were merged the noes that the merge
itself had written: they name the customer in `meta` first and take the name away again, in one
transaction, so that nobody else ever sees the door open.
"""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert

from campaigns.store.schema import meta


def open_ledger(connection: Connection, customer_id: int) -> None:
    """Let this transaction delete the entries of one customer."""
    connection.execute(insert(meta).values(key=_name(customer_id), value=""))


def close_ledger(connection: Connection, customer_id: int) -> None:
    """The end of that."""
    connection.execute(delete(meta).where(meta.c.key == _name(customer_id)))


def _name(customer_id: int) -> str:
    return f"erasing:{customer_id}"
