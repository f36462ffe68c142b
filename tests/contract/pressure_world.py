"""Campaigns and what customers asked for, for the tests of pressure."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert

from campaigns.domain.batch import Batch
from campaigns.domain.channel import Channel
from campaigns.domain.permit import Permit
from campaigns.domain.pressure import Cap
from campaigns.domain.run import Run
from campaigns.store import schema
from campaigns.store.clock import to_ms
from tests.contract.store_world import MARGIN, NOW, World, release

E, SMS = Channel.EMAIL, Channel.SMS
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
_names = itertools.count(1)


def campaign(world: World, customers: Sequence[int], channel: Channel = E, **of: Any) -> Run:
    """A run of a campaign of its own to these customers."""
    return world.planned(customers, of=release(f"campaign_{next(_names)}", **of), channel=channel)


def intend(
    world: World,
    batch: Batch,
    permit: Permit | None = None,
    *,
    caps: Sequence[Cap] = (),
    now: datetime = NOW,
) -> set[int]:
    """Intend the batch, all by one permit."""
    written = world.written(batch)
    if permit is not None:
        written = [dataclasses.replace(w, permit=permit) for w in written]
    return world.outbox.intend(batch, written, now=now, margin=MARGIN, caps=caps)


def prefer(world: World, customer: int, at: datetime = NOW - HOUR, **wishes: Any) -> None:
    """What the customer asks for from now on."""
    row = {"customer_id": customer, "updated_at": to_ms(at), **wishes}
    table = schema.preferences
    world.execute(delete(table).where(table.c.customer_id == customer), insert(table).values(row))
