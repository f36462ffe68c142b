"""Counting who is where on a journey: a statement or two per step, none per customer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, exists, func, not_, or_, select, text

from campaigns.domain.channel import PUBLIC
from campaigns.domain.delivery import DeliveryState
from campaigns.domain.journey import Journey
from campaigns.domain.reason import Skip, SkipReason
from campaigns.domain.release import Release
from campaigns.domain.travellers import StepCount, Whereabouts
from campaigns.store.clock import from_ms_or_none
from campaigns.store.engine import Database
from campaigns.store.journey_sql import where
from campaigns.store.journeys import due_of_step
from campaigns.store.runs import find_campaign
from campaigns.store.schema import customers, deliveries, journey_skips
from campaigns.store.steps import numbers_of


class SqlTravellers:
    """Who is where."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def whereabouts(self, release: Release, *, now: datetime) -> Whereabouts:
        """Of the release's campaign and edition; steps that it had before are told, too."""
        journey = release.policy.journey
        with self._database.read() as connection:
            query = find_campaign(release.campaign, release.edition)
            campaign_id = connection.execute(query).scalar() or 0
            numbers = numbers_of(connection, campaign_id, journey)
            entered, acted = _people(connection, campaign_id, numbers, journey, now)
            steps = _steps(connection, campaign_id, numbers, journey, now)
        return Whereabouts(release.campaign, release.edition, entered, acted, steps)


def _people(
    connection: Connection,
    campaign_id: int,
    numbers: Mapping[str, int],
    journey: Journey,
    now: datetime,
) -> tuple[int, int | None]:
    """How many entered, and how many of them reached the goal."""
    d = deliveries.c
    entered = (
        select(d.customer_id)
        .distinct()
        .where(
            d.campaign_id == campaign_id,
            d.step.in_(sorted(numbers.values())),
            d.customer_id != PUBLIC,
            text("NOT deliveries.replaced"),
            d.state == DeliveryState.ACCEPTED,
        )
        .subquery()
    )
    total = connection.execute(select(func.count()).select_from(entered)).scalar_one()
    if journey.stop is None:
        return total, None
    acted = (
        select(func.count())
        .select_from(customers.join(entered, entered.c.customer_id == customers.c.id))
        .where(where(journey.stop, campaign_id, numbers, now))
    )
    return total, connection.execute(acted).scalar_one()


def _steps(
    connection: Connection,
    campaign_id: int,
    numbers: Mapping[str, int],
    journey: Journey,
    now: datetime,
) -> tuple[StepCount, ...]:
    states = _states(connection, campaign_id)
    skipped = _skipped(connection, campaign_id)
    gone = [n for n in numbers if n not in journey.names and states.get(numbers[n])]
    counts = []
    for name in (*journey.names, *gone):
        number = numbers[name]
        due, waiting, next_at = due_of_step(connection, campaign_id, name, journey, now)
        counts.append(
            StepCount(
                name,
                states.get(number, {}),
                skipped.get(number, {}),
                waiting - due,
                due,
                from_ms_or_none(next_at),
                name in journey.names,
            )
        )
    return tuple(counts)


def _states(connection: Connection, campaign_id: int) -> dict[int, dict[DeliveryState, int]]:
    d, s = deliveries.c, journey_skips.c
    # What was kept back, tried again and then skipped is told as skipped.
    skip = exists().where(
        s.campaign_id == d.campaign_id, s.step == d.step, s.customer_id == d.customer_id
    )
    query = (
        select(d.step, d.state, func.count())
        .where(d.campaign_id == campaign_id, d.customer_id != PUBLIC)
        .where(
            text("NOT deliveries.replaced"), or_(d.state != DeliveryState.SUPPRESSED, not_(skip))
        )
        .group_by(d.step, d.state)
    )
    found: dict[int, dict[DeliveryState, int]] = defaultdict(dict)
    for step, state, number in connection.execute(query):
        found[step][DeliveryState(state)] = number
    return found


def _skipped(connection: Connection, campaign_id: int) -> dict[int, dict[SkipReason, int]]:
    s = journey_skips.c
    query = (
        select(s.step, s.reason, func.count())
        .where(s.campaign_id == campaign_id)
        .group_by(s.step, s.reason)
    )
    found: dict[int, dict[SkipReason, int]] = defaultdict(lambda: defaultdict(int))
    for step, reason, number in connection.execute(query):
        found[step][Skip.decode(reason).reason] += number
    return {step: dict(reasons) for step, reasons in found.items()}
