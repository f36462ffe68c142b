"""What customers wrote, and what they were answered."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from campaigns.store.schema.base import BigKey, metadata, partial

#: What customers wrote and a person has to see: one waiting row per customer and channel. What was
#: written is on the timeline.
inbox = Table(
    "inbox",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("customer_id", BigKey, nullable=False),
    Column("channel", String(10), nullable=False),
    Column("state", String(10), nullable=False),  # answer.InboxState
    Column("because", String(10), nullable=False),  # answer.Because
    Column("opened_at", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),  # of the newest reply
    Column("closed_at", BigInteger),
    Column("closed_by", String(80)),
    partial("uq_inbox_waiting", "customer_id", "channel", unique=True, only="state = 'waiting'"),
    Index("ix_inbox_state", "state", "last_at"),
    sqlite_autoincrement=True,
)

#: The outbox of answers: a person's, and the few that are sent by themselves (help, the one
#: confirmation of an opt-out). On disk before they leave, as deliveries are.
answers = Table(
    "answers",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("key", String(100), nullable=False, unique=True),  # one form, one event: one answer
    Column("customer_id", BigKey, nullable=False),
    Column("inbox_id", BigKey),
    Column("channel", String(10), nullable=False),
    Column("kind", String(12), nullable=False),  # answer.AnswerKind
    Column("subject", String(300)),
    Column("text", Text),  # NULL until an automatic one is written
    Column("campaign", String(80)),  # which campaign the customer was told of
    Column("by", String(80), nullable=False),
    Column("state", String(10), nullable=False),  # delivery.DeliveryState
    Column("created_at", BigInteger, nullable=False),
    Column("not_before", BigInteger, nullable=False),
    Column("not_after", BigInteger),
    Column("lease_until", BigInteger),
    Column("attempts", SmallInteger, nullable=False, server_default="0"),  # the fence
    Column("settled_at", BigInteger),
    Column("provider_id", String(120)),
    Column("outcome", String(300)),
    partial("ix_answers_open", "not_before", only="state IN ('pending', 'sending')"),
    Index("ix_answers_customer_id", "customer_id", "created_at"),
    sqlite_autoincrement=True,
)

#: Who wrote to us and is not known here. Where replies and answers name a customer by number, such
#: a person is called by this one below zero (decision 31). Goes with what they wrote.
strangers = Table(
    "strangers",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("channel", String(10), nullable=False),
    Column("address_key", String(32), nullable=False),
    Column("address", String(254), nullable=False),
    Column("last_at", BigInteger, nullable=False),  # when they last wrote
    UniqueConstraint("channel", "address_key"),
    sqlite_autoincrement=True,
)
