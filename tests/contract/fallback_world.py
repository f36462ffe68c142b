"""Messages that surely failed, and what follows them: what the tests of fallbacks share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import select

from campaigns.domain.batch import Batch
from campaigns.domain.channel import Channel
from campaigns.domain.delivery import DeliveryState, Outcome, ProviderState, Rejected
from campaigns.domain.release import Release
from campaigns.domain.run import Run
from campaigns.services.fall_back import FellBack, fall_back
from campaigns.store import schema
from campaigns.store.engine import Database
from campaigns.store.falling_back import SqlFallbacks
from campaigns.store.settling import Settling
from tests.contract.store_world import NOW, World, release

S = DeliveryState
EMAIL, SMS, WHATSAPP = Channel.EMAIL, Channel.SMS, Channel.WHATSAPP
HOUR = timedelta(hours=1)
DEAD = Rejected("sendgrid:400", "SendGrid: Does not contain a valid address", invalid_address=True)


def within(
    hours: int | None = 48, *, channels: Sequence[Channel] = (EMAIL, SMS), **more: object
) -> Release:
    made = release(channels=channels, **more)  # type: ignore[arg-type]
    span = None if hours is None else timedelta(hours=hours)
    return replace(made, policy=replace(made.policy, fallback_within=span))


def sent(
    world: World,
    customers: list[int],
    outcome: Outcome,
    of: Release | None = None,
) -> tuple[Run, list[int]]:
    """An e-mail to each of them, with this outcome."""
    run, batch = world.sending(customers, of=of or within())
    world.settle(batch, outcome)
    return run, [item.delivery_id for item in batch.items]


def bounce(world: World, delivery: int, state: ProviderState = ProviderState.BOUNCED) -> None:
    world.set_delivery(delivery, provider_state=str(state))


def fall(
    world: World, fallbacks: SqlFallbacks, run: Run, *, now: datetime = NOW + HOUR
) -> FellBack:
    fresh = world.runs.get(run.id)
    return fall_back(fallbacks, fresh, world.releases.load(run.release_hash), now=now)


def accept(database: Database, *deliveries: int, now: datetime = NOW + 2 * HOUR) -> None:
    """Evidence that these were sent."""
    with database.write() as connection:
        Settling(database.dialect).accept(connection, dict.fromkeys(deliveries), now=now)


def hops(world: World, customer: int) -> list[tuple[int, str, str, bool]]:
    d = schema.deliveries.c
    query = select(d.hop, d.channel, d.state, d.replaced).where(d.customer_id == customer)
    return [tuple(row) for row in world.rows(query.order_by(d.hop))]


def claimed(world: World, run: Run, *, now: datetime = NOW + HOUR) -> Batch:
    return world.claim(world.runs.get(run.id), now=now)


def fallen(world: World, fallbacks: SqlFallbacks) -> tuple[Run, int, int]:
    """A rejected e-mail and the text that replaces it."""
    customer = world.customer(channels=(EMAIL, SMS))
    run, (first,) = sent(world, [customer], DEAD)
    fall(world, fallbacks, run)
    return run, customer, first
