"""Journeys: who is due for the next step, each as one statement.

Where a customer stands is read off what was decided: a standing delivery, or a row of
`journey_skips`. Nothing is kept in step with it, so nothing can fall out of step.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    ScalarSelect,
    Select,
    and_,
    exists,
    func,
    literal,
    not_,
    or_,
    select,
    text,
    true,
    union_all,
)

from campaigns.domain.channel import Channel
from campaigns.domain.delivery import DeliveryState
from campaigns.domain.interaction import InteractionKind
from campaigns.domain.journey import MAX_STEPS, Due, Journey, Step
from campaigns.store import bulk
from campaigns.store.clock import to_ms
from campaigns.store.intending import KEPT_BACK
from campaigns.store.journey_sql import Told, since, where
from campaigns.store.schema import customers, deliveries, interactions, journey_skips
from campaigns.store.steps import numbers_of

#: Ids looked through in one statement: a stretch of the index, however few of them are due.
PAGE = 20_000
_ANY_TIME = 2**62
_UNDER_WAY = (
    DeliveryState.PENDING,
    DeliveryState.CLAIMED,
    DeliveryState.SENDING,
    DeliveryState.IN_DOUBT,
)
#: By whom a customer was told, if the interaction names the campaign.
BY_A_PERSON = (InteractionKind.CALLED,)


#: A step that was kept back is tried again so long after: not every quarter of an hour.
AGAIN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Here:
    """One step of one campaign: its number, that of the step before, and the moment."""

    campaign_id: int
    numbers: Mapping[str, int]
    step: Step
    before: str
    now: datetime

    @property
    def passed_until(self) -> int:
        return to_ms(self.now - self.step.wait.length)


def due_at_any_step(
    connection: Connection, campaign_id: int, journey: Journey, now: datetime
) -> ColumnElement[bool]:
    """The customer is due for a later step."""
    ids = [
        _due_ids(here).with_only_columns(customers.c.id)
        for here in _steps(connection, campaign_id, journey, now)
    ]
    return customers.c.id.in_(union_all(*ids))


def _steps(
    connection: Connection, campaign_id: int, journey: Journey, now: datetime
) -> Iterator[_Here]:
    """The later steps. A preview asks before a run has numbered them."""
    numbers = numbers_of(connection, campaign_id, journey)
    for before, step in zip(journey.steps, journey.steps[1:], strict=False):
        yield _Here(campaign_id, numbers, step, before.name, now)


def due(
    connection: Connection,
    campaign_id: int,
    name: str,
    journey: Journey,
    *,
    told: Told,
    first: int,
    last: int,
    now: datetime,
) -> Iterator[Due]:
    """Who is due for a step, in a range of ids, by id, with what decides. `told` says how the
    campaign's name is looked for, and who is in the audience."""
    found = [h for h in _steps(connection, campaign_id, journey, now) if h.step.name == name]
    for here in found:
        decides = _what_decides(here, journey, told)
        for start in range(first, last + 1, PAGE):
            within = (start, min(start + PAGE - 1, last))
            query = _due_ids(here, within=within).with_only_columns(customers.c.id, *decides)
            for row in connection.execute(query.order_by(customers.c.id)):
                yield Due(
                    row.id,
                    bool(row.acted),
                    bool(row.told),
                    bool(row.fits),
                    Channel(row.answered_on) if row.answered_on else None,
                    bool(row.in_audience),
                )


def due_of_step(
    connection: Connection, campaign_id: int, name: str, journey: Journey, now: datetime
) -> tuple[int, int, int | None]:
    """How many are due for a step now, whose next step it is now or later, and when the first of
    these is due (ms; it may be earlier than now). The first step has none: it waits for nobody."""
    for here in _steps(connection, campaign_id, journey, now):
        if here.step.name == name:
            due = _due_ids(here).subquery()
            next_up = _due_ids(here, _ANY_TIME)
            passed = next_up.selected_columns["passed_at"]
            later = next_up.where(passed > here.passed_until)
            first = connection.execute(
                later.with_only_columns(func.min(passed), maintain_column_froms=True)
            ).scalar()
            wait = to_ms(now) - here.passed_until
            return (
                connection.execute(select(func.count()).select_from(due)).scalar_one(),
                connection.execute(
                    select(func.count()).select_from(next_up.subquery())
                ).scalar_one(),
                None if first is None else first + wait,
            )
    return 0, 0, None


def _due_ids(
    here: _Here, passed_until: int | None = None, within: tuple[int, int] | None = None
) -> Select[tuple[int, int]]:
    """The step before was decided long enough ago, this one was not, the journey has not ended,
    nothing is under way, and the last message is as long ago as the step waits."""
    passed_until = here.passed_until if passed_until is None else passed_until
    number = here.numbers[here.step.name]
    passed = _passed(here, passed_until, within).subquery()
    skip, sent = journey_skips.c, deliveries.c
    decided = exists().where(
        skip.campaign_id == here.campaign_id,
        skip.step.in_(range(MAX_STEPS)),
        skip.customer_id == customers.c.id,
        or_(skip.step == number, skip.ends),
    )
    barred = exists().where(
        sent.campaign_id == here.campaign_id,
        sent.step.in_(range(MAX_STEPS)),
        sent.customer_id == customers.c.id,
        text("NOT deliveries.replaced"),
        or_(
            and_(
                sent.step == number,
                sent.state != DeliveryState.CANCELLED,
                not_(_kept_back(to_ms(here.now - AGAIN))),
            ),
            sent.state.in_(_UNDER_WAY),
            and_(sent.state == DeliveryState.ACCEPTED, sent.settled_at > passed_until),
        ),
    )
    return (
        select(customers.c.id, passed.c.at.label("passed_at"))
        .select_from(customers.join(passed, passed.c.customer_id == customers.c.id))
        .where(not_(decided), not_(barred))
    )


def _kept_back(until: int) -> ColumnElement[bool]:
    """The delivery was kept back for a while, and that is over: the step is due again, and if they
    have had enough still, it is skipped with that reason and the journey goes on."""
    d = deliveries.c
    return and_(
        d.state == DeliveryState.SUPPRESSED,
        func.coalesce(d.outcome, "").in_(KEPT_BACK),
        func.coalesce(d.settled_at, 0) <= until,
    )


def _passed(
    here: _Here, passed_until: int, within: tuple[int, int] | None
) -> CompoundSelect[tuple[int, int]]:
    """Who was decided at the step before, and when; the range stands in both parts, so that a
    page reads its own stretch of the index and no more."""
    earlier = here.numbers[here.before]
    sent = select(deliveries.c.customer_id, deliveries.c.settled_at.label("at")).where(
        deliveries.c.campaign_id == here.campaign_id,
        deliveries.c.step == earlier,
        text("NOT deliveries.replaced"),
        deliveries.c.state == DeliveryState.ACCEPTED,
        deliveries.c.settled_at <= passed_until,
    )
    skipped = select(journey_skips.c.customer_id, journey_skips.c.at).where(
        journey_skips.c.campaign_id == here.campaign_id,
        journey_skips.c.step == earlier,
        journey_skips.c.at <= passed_until,
    )
    if within is not None:
        sent = sent.where(deliveries.c.customer_id.between(*within))
        skipped = skipped.where(journey_skips.c.customer_id.between(*within))
    return union_all(sent, skipped)


def _what_decides(here: _Here, journey: Journey, told: Told) -> list[ColumnElement[Any]]:
    conditions = (journey.stop, here.step.if_)
    acted, fits = (
        where(c, here.campaign_id, here.numbers, here.now) if c is not None else None
        for c in conditions
    )
    return [
        (literal(False) if acted is None else acted).label("acted"),
        _told_by_a_person(here, told).label("told"),
        (true() if fits is None else fits).label("fits"),
        _answered_on(here).label("answered_on"),
        told.in_audience.label("in_audience"),
    ]


def _told_by_a_person(here: _Here, told: Told) -> ColumnElement[bool]:
    i = interactions.c
    return exists().where(
        i.customer_id == customers.c.id,
        i.kind.in_(BY_A_PERSON),
        i.at >= since(here.campaign_id, here.numbers.values()),
        i.data["campaign"].as_string() == told.campaign,
    )


def _answered_on(here: _Here) -> ScalarSelect[str | None]:
    """The channel of the last answer since the journey began; what the customer said of channels
    in so many words after that counts more."""
    answer, later = interactions.alias("answer"), interactions.alias("later")
    stated = exists().where(
        later.c.customer_id == answer.c.customer_id,
        later.c.kind == InteractionKind.PREFERENCE_CHANGED,
        later.c.at > answer.c.at,
    )
    return (
        select(answer.c.channel)
        .where(
            answer.c.customer_id == customers.c.id,
            answer.c.kind == InteractionKind.REPLIED,
            answer.c.channel.is_not(None),
            answer.c.at >= since(here.campaign_id, here.numbers.values()),
            not_(stated),
        )
        .order_by(answer.c.at.desc(), answer.c.id.desc())
        .limit(1)
        .correlate(customers)
        .scalar_subquery()
    )


def write_skips(
    connection: Connection,
    campaign_id: int,
    rows: Sequence[tuple[int, int, str, bool]],
    now: datetime,
) -> None:
    """(step, customer, reason, ends): decided for good. What was decided before stands."""
    bulk.insert(
        connection,
        journey_skips,
        ("campaign_id", "step", "customer_id", "at", "reason", "ends"),
        [
            (campaign_id, step, customer, to_ms(now), reason, ends)
            for step, customer, reason, ends in rows
        ],
        on_conflict="ON CONFLICT (campaign_id, step, customer_id) DO NOTHING",
    )
