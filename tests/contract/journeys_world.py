"""A campaign of several messages that is run day after day, for the contract tests."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import insert, select

from campaigns.domain.audience import Audience
from campaigns.domain.channel import Channel
from campaigns.domain.delivery import Accepted
from campaigns.domain.journey import Journey
from campaigns.domain.plan import PlanCounts
from campaigns.domain.pressure import Cap
from campaigns.domain.release import Release
from campaigns.domain.run import Run, RunState, Shard
from campaigns.domain.timing import Timing
from campaigns.services.plan_run import plan_shard
from campaigns.store import schema
from campaigns.store.clock import to_ms
from tests.contract.store_world import LIMITS, World, release, skeleton

_JOURNEY: TypeAdapter[Journey] = TypeAdapter(Journey)
DAY = timedelta(days=1)
TWO = [{"name": "announce"}, {"name": "remind", "wait": {"days": 3}}]
CHANNELS = (Channel.EMAIL, Channel.SMS)


def journey(*steps: Any, stop: Any = None, audience: Audience | None = None) -> Release:
    """A release with these steps, each with words of its own."""
    read = _JOURNEY.validate_python({"steps": list(steps), "stop": stop})
    made = release(channels=CHANNELS, audience=audience)
    skeletons = [
        dataclasses.replace(skeleton(channel, locale), step=name)
        for name, channel, locale in product(read.names, CHANNELS, ("en_GB", "ca_ES"))
    ]
    policy = dataclasses.replace(made.policy, journey=read)
    manifest = {**made.manifest, "steps": read.names, "conditions": str(read)}
    return dataclasses.replace(made, policy=policy, skeletons=tuple(skeletons), manifest=manifest)


@dataclass
class Travel:
    """A world whose campaign is run again and again, day after day."""

    world: World

    def run(
        self, of: Release, at: datetime, *, continues: bool = False, limit: int | None = None
    ) -> tuple[Run, PlanCounts]:
        """One run from start to end; every provider accepts everything."""
        run, resumed = self.world.runs.start(
            of, now=at, shard_size=10_000, limit=limit, continues=continues
        )
        assert not resumed
        counts = PlanCounts()
        for shard in self.world.runs.shards(run.id):
            counts.add(self.plan(run, of, shard, at, limit))
        self.world.runs.move(run.id, RunState.RUNNING, now=at)
        for shard in self.world.runs.shards(run.id):
            self.send(run, shard.no, at)
        self.world.runs.move(run.id, RunState.FINISHED, now=at)
        return run, counts

    def plan(
        self, run: Run, of: Release, shard: Shard, at: datetime, room: int | None = None
    ) -> PlanCounts:
        """One shard."""
        timing = Timing(of.policy, heed_quiet=False)
        return plan_shard(self.world.planning, run, of, shard, now=at, room=room, timing=timing)

    def contact(self, customer: int, at: datetime, number: int) -> None:
        """Another campaign's message to them."""
        row = {"customer_id": customer, "at": to_ms(at), "delivery_id": -number - 1}
        self.world.execute(insert(schema.contacts).values(row))

    def send(self, run: Run, shard: int, at: datetime, caps: Sequence[Cap] = ()) -> None:
        """Everything that is due of a shard."""
        lease, outbox = timedelta(minutes=2), self.world.outbox
        while batch := outbox.claim(run.id, shard, owner="w", limits=LIMITS, now=at, lease=lease):
            written = self.world.written(batch)
            margin = timedelta(minutes=1)
            granted = outbox.intend(batch, written, now=at, margin=margin, caps=caps)
            outbox.settle(batch, dict.fromkeys(granted, Accepted("id")), now=at)

    def told(self, customer: int) -> list[tuple[str, str]]:
        """The steps a customer got, by name in the order they came, and on which channel."""
        d, s = schema.deliveries.c, schema.steps.c
        query = (
            select(s.name, d.channel)
            .join_from(schema.deliveries, schema.steps, s.number == d.step)
            .where(d.customer_id == customer, d.state == "accepted")
            .order_by(d.id)
        )
        return [(row.name, row.channel) for row in self.world.rows(query)]

    def skipped(self, customer: int) -> list[str]:
        """Why they were skipped at later steps, in the steps' order."""
        table = schema.journey_skips
        query = select(table.c.reason).where(table.c.customer_id == customer).order_by(table.c.step)
        return [row.reason.partition("|")[0] for row in self.world.rows(query)]

    def happens(self, customer: int, kind: str, at: datetime, **more: Any) -> None:
        """Something between the customer and the brand."""
        row = {"customer_id": customer, "at": to_ms(at), "kind": kind, **more}
        self.world.execute(insert(schema.interactions).values(row))

    def delivery_of(self, customer: int) -> int:
        """The customer's newest delivery."""
        d = schema.deliveries.c
        query = select(d.id).where(d.customer_id == customer).order_by(d.id.desc())
        found: int = self.world.rows(query)[0].id
        return found
