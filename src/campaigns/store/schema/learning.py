"""What was learnt of customers from their interactions."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, SmallInteger, String, Table

from campaigns.store.schema.base import BigKey, Json, metadata

#: How a customer uses each channel: learnt from interactions (store.learning), but for the last
#: reply, which is kept as it is recorded. What `messages` counts is whose sending is known.
channel_uses = Table(
    "channel_uses",
    metadata,
    Column("customer_id", BigKey, ForeignKey("customers.id"), primary_key=True),
    Column("channel", String(10), primary_key=True),
    Column("last_inbound_at", BigInteger),  # last message the customer wrote to us there
    Column("messages", Integer, nullable=False, server_default="0"),
    Column("answers", Integer, nullable=False, server_default="0"),
    Column("kind", String(20)),  # of the answers, where all are of one kind
    # The same, older ones weighing less, in tenths of a message; never fewer messages than answers.
    Column("recent_messages", Integer, nullable=False, server_default="0"),
    Column("recent_answers", Integer, nullable=False, server_default="0"),
    Column("learned_at", BigInteger),
    sqlite_with_rowid=False,  # read in ranges of customers
)

#: The hour of their own day at which a customer answers, where it was learnt.
best_hours = Table(
    "best_hours",
    metadata,
    Column("customer_id", BigKey, primary_key=True, autoincrement=False),
    Column("hour", SmallInteger, nullable=False),
    Column("near", Integer, nullable=False),  # answers within an hour of it
    Column("answers", Integer, nullable=False),
    Column("learned_at", BigInteger, nullable=False),
)

#: Customers of whom something known was changed, and not only added to, since it was learnt.
unlearned = Table(
    "unlearned",
    metadata,
    Column("customer_id", BigKey, primary_key=True, autoincrement=False),
)

#: When something was learnt, and from which interactions. The newest row holds now.
learnings = Table(
    "learnings",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("until_id", BigInteger, nullable=False),  # interactions up to this one are learnt
    Column("all_at", BigInteger, nullable=False),  # when everybody was last learnt anew
    Column("customers", BigInteger, nullable=False),
    Column("priors", Json, nullable=False),  # channel → [mean, strength]: engagement.Prior
)
