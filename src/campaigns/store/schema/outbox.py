"""The outbox: deliveries with what was said in them and what became of them."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    SmallInteger,
    String,
    Table,
    Text,
    false,
)

from campaigns.store.schema.base import BigKey, metadata, partial

#: Written out alike in the statements that use the partial index: the databases compare the words.
#: (No NOT IN: SQLite would look the state up in a list with every update of a delivery.)
SETTLED = "state <> 'pending' AND state <> 'claimed' AND state <> 'sending' AND NOT replaced"

#: What surely did not reach the customer and has not been looked at for a fallback.
FAILED = (
    "NOT replaced AND no_fallback IS NULL "
    "AND (state = 'rejected' OR provider_state IN ('bounced', 'failed'))"
)

#: The outbox: one row per customer and step of a campaign. The unique key is the promise. A message
#: that surely failed (rejected, bounced) may be `replaced` by one on another channel: a row of its
#: own, one `hop` further, so that what was said and its evidence stay with the channel it was on.
deliveries = Table(
    "deliveries",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("campaign_id", BigKey, nullable=False),
    Column("step", SmallInteger, nullable=False, server_default="0"),
    Column("hop", SmallInteger, nullable=False, server_default="0"),  # 1 and more: a fallback
    Column("replaced", Boolean, nullable=False, server_default=false()),  # by the next hop
    Column("customer_id", BigKey, nullable=False),  # 0 is the public: the X post
    Column("run_id", BigKey, nullable=False),
    Column("shard", Integer, nullable=False),
    Column("channel", String(10), nullable=False),
    Column("skeleton_id", BigKey, nullable=False),
    Column("reason", String(200), nullable=False),  # why this channel: reason.Reason.encode
    Column("state", String(10), nullable=False),
    Column("batch_id", BigKey),  # the fence: only the batch that claimed it last may settle it
    Column("attempts", SmallInteger, nullable=False, server_default="0"),
    Column("not_before", BigInteger, nullable=False, server_default="0"),
    Column("settled_at", BigInteger),  # when it ended, or fell in doubt
    Column("provider_id", String(120)),
    Column("provider_state", String(10)),
    Column("outcome", String(300)),  # code and sentence for anything but accepted
    # Of a message that failed and has no next hop: why not (reason.Skip.encode).
    Column("no_fallback", String(200)),
    partial(
        "uq_deliveries_standing",
        "campaign_id",
        "step",
        "customer_id",
        unique=True,
        only="NOT replaced",
    ),
    partial("ix_deliveries_in_doubt", "run_id", "settled_at", only="state = 'in_doubt'"),
    partial(
        "ix_deliveries_due",
        "run_id",
        "shard",
        "channel",
        "skeleton_id",
        "id",
        "not_before",
        "state",  # of the condition, yet SQLite before 3.42 reads the row for it otherwise
        only="state = 'pending'",
    ),
    # How a run stands, and how quickly it goes on, without reading its rows (store.figures).
    partial(
        "ix_deliveries_settled",
        "run_id",
        "channel",
        "state",
        "settled_at",
        "replaced",  # as `state` above
        only=SETTLED,
    ),
    partial("ix_deliveries_batch_id", "batch_id", only="state IN ('claimed', 'sending')"),
    partial("ix_deliveries_failed", "run_id", "settled_at", only=FAILED),
    # The unique index does not hold these.
    partial("ix_deliveries_replaced", "customer_id", only="replaced"),
    Index("ix_deliveries_run_id", "run_id"),
    sqlite_autoincrement=True,  # providers quote our ids back for years: never use one twice
)

#: One claim of up to a request's worth of deliveries. Its id is the fence number, it carries the
#: owner and the lease once for all its rows, and they share the provider request's fate.
batches = Table(
    "batches",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("run_id", BigKey, nullable=False),
    Column("shard", Integer, nullable=False),
    Column("channel", String(10), nullable=False),
    Column("skeleton_id", BigKey, nullable=False),
    Column("owner", String(80), nullable=False),
    Column("lease_until", BigInteger, nullable=False),
    Column("open", Boolean, nullable=False),  # false once every row has left claimed and sending
    Column("request_id", String(120)),  # the provider's name for the request, to ask it about
    partial("ix_batches_open", "lease_until", only="open"),
    sqlite_autoincrement=True,
)

#: What is known of a delivery that is, or was, in doubt: what the provider's own list said when it
#: was asked, and what a person decided.
doubts = Table(
    "doubts",
    metadata,
    Column("delivery_id", BigKey, primary_key=True, autoincrement=False),
    Column("looks", SmallInteger, nullable=False, server_default="0"),
    Column("looked_at", BigInteger),
    Column("next_look_at", BigInteger),  # NULL: not by itself any more
    Column("finding", String(10)),  # evidence.Finding
    Column("told", String(300)),
    Column("resolved", String(10)),  # evidence.Verdict of a person
)

#: What was said, exactly: written before the message leaves. Erasure deletes it.
messages = Table(
    "messages",
    metadata,
    Column("delivery_id", BigKey, primary_key=True, autoincrement=False),
    Column("address", String(254), nullable=False),
    Column("slot_values", Text, nullable=False),  # JSON of written values
    Column("hash", String(32), nullable=False),  # message.message_hash
)

#: Who of the audience got no delivery in this run, and why.
skips = Table(
    "skips",
    metadata,
    Column("run_id", BigKey, primary_key=True),
    Column("customer_id", BigKey, primary_key=True),
    Column("reason", String(200), nullable=False),
    sqlite_with_rowid=False,  # read in ranges of customers
)
