"""What holds sending back: how often somebody was written to, how fast a channel goes."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, String, Table, Text

from campaigns.store.schema.base import BigKey, metadata

#: Marketing messages that left or may have left, for frequency caps across campaigns. Written with
#: the intent, taken back with a message that surely was not sent, pruned beyond the longest cap.
contacts = Table(
    "contacts",
    metadata,
    Column("customer_id", BigKey, primary_key=True, autoincrement=False),
    Column("at", BigInteger, primary_key=True, autoincrement=False),
    Column("delivery_id", BigKey, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,  # read in ranges of customers
)

#: The pace of one channel and sender, shared by all workers: a rate's next free moment, and the
#: circuit breaker that leaves a channel alone after repeated errors.
paces = Table(
    "paces",
    metadata,
    Column("key", String(120), primary_key=True),  # channel and sender
    Column("free_at_us", BigInteger, nullable=False, server_default="0"),  # microseconds: rates
    Column("failures", Integer, nullable=False, server_default="0"),  # requests in a row
    Column("trips", Integer, nullable=False, server_default="0"),  # breaks since the last success
    Column("closed_until", BigInteger),  # nothing is claimed before; then one request tries
    Column("because", Text),
    Column("updated_at", BigInteger, nullable=False),
    Column("learned_at", BigInteger),  # when the breaker last learned something
)
