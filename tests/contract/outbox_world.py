"""Outcomes that the tests of the outbox settle by, and what they look at."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from campaigns.domain.delivery import (
    Accepted,
    NotSent,
    Rejected,
)
from campaigns.domain.run import Run
from campaigns.store import schema
from tests.contract.store_world import NOW, World

LATER = NOW + timedelta(minutes=10)
ACCEPTED = Accepted("sg-1")
REJECTED = Rejected("sendgrid:400", "Bad address.")
NOT_SENT = NotSent("429", "Too many requests.", LATER)


def deliveries(world: World) -> list[Any]:
    """All rows of the outbox."""
    return world.rows(select(schema.deliveries).order_by(schema.deliveries.c.id))


def open_batches(world: World) -> list[int]:
    """The ids of batches that a worker has in its hands."""
    return [b.id for b in world.rows(select(schema.batches).where(schema.batches.c.open))]


def new_address(world: World, customer: int, run: Run) -> None:
    """The customer has another address since."""
    world.execute(update(schema.addresses).values(address="new@example.com"))
