"""Reading the profiles of an audience in pages, quickly: one row of plain values per customer.

Addresses, consents and what was learnt come as one text per customer, put together by the
database. Most customers share those texts with others, so each is taken apart once and the result
shared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import (
    ColumnElement,
    Connection,
    ScalarSelect,
    Select,
    Text,
    and_,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    text,
)

from campaigns.domain.channel import Channel
from campaigns.domain.customer import AttributeValue, Profile
from campaigns.domain.delivery import DeliveryState
from campaigns.domain.journey import MAX_STEPS, NO_JOURNEY, Journey
from campaigns.domain.release import Release
from campaigns.store import audience, bulk
from campaigns.store.bulk import Dialect
from campaigns.store.engine import Database
from campaigns.store.hours import hour_text, read_hour
from campaigns.store.intending import KEPT_BACK
from campaigns.store.learning import read_priors
from campaigns.store.packed import Shared
from campaigns.store.permission import StandingsReader, reach_text, read_reach, standings_text
from campaigns.store.pressing import Pressed, pressed_text
from campaigns.store.runs import find_campaign
from campaigns.store.schema import (
    customers,
    deliveries,
)
from campaigns.store.used import Used, used_text

PAGE = 5_000
_CHANNELS = {str(c): c for c in Channel}
_NO_TRAITS: Mapping[str, AttributeValue] = {}


def in_audience(
    release: Release, *, first: int, last: int, now: datetime, dialect: Dialect
) -> ColumnElement[bool]:
    """Customers of the release's audience in a range of ids, both ends included."""
    in_range = customers.c.id.between(first, last)
    return and_(in_range, audience_of(release, now=now, dialect=dialect))


def audience_of(release: Release, *, now: datetime, dialect: Dialect) -> ColumnElement[bool]:
    """Customers of the release's audience, whatever their ids."""
    return audience.where(release.policy.audience, now=now, dialect=dialect)


def has_delivery(
    campaign_id: int | ScalarSelect[int], journey: Journey = NO_JOURNEY
) -> ColumnElement[bool]:
    """The customer has a delivery of this campaign and edition, from whichever run; one that was
    cancelled or expired before it left, or that a cap or a pause kept back, does not count. Of a
    journey any step counts: nobody enters twice."""
    one = select(literal(1)).where(
        standing_of(campaign_id, journey),
        counts(),
        deliveries.c.customer_id == customers.c.id,
    )
    # With an offset PostgreSQL looks each customer up in the index. Else it makes a join of it,
    # and where its statistics know nothing yet of this run's rows it compares all with all.
    return one.offset(0).correlate(customers).exists()


def who_has(campaign_id: int, journey: Journey, *, first: int, last: int) -> Select[tuple[int]]:
    """The customers of this range of ids of whom `has_delivery` holds: one range of the index per
    step, where looking up each customer of the audience costs more than twice as much."""
    customer = deliveries.c.customer_id
    return select(customer).where(
        standing_of(campaign_id, journey), counts(), customer.between(first, last)
    )


def standing_of(
    campaign_id: int | ScalarSelect[int], journey: Journey = NO_JOURNEY
) -> ColumnElement[bool]:
    """The deliveries of the campaign that are not replaced, by the unique index alone."""
    step = deliveries.c.step
    return and_(
        deliveries.c.campaign_id == campaign_id,
        step.in_(range(MAX_STEPS)) if journey.goes_on else step == 0,
        text("NOT deliveries.replaced"),  # as the partial index says it, or SQLite looks at all
    )


def counts() -> ColumnElement[bool]:
    """A delivery counts: see `has_delivery`."""
    return and_(
        deliveries.c.state.not_in([DeliveryState.CANCELLED, DeliveryState.EXPIRED]),
        or_(
            deliveries.c.state != DeliveryState.SUPPRESSED,
            func.coalesce(deliveries.c.outcome, "").not_in(KEPT_BACK),
        ),
    )


def read_profiles(
    database: Database, release: Release, *, first: int, last: int, now: datetime
) -> Iterator[Profile]:
    """Customers of the audience without a delivery of this campaign and edition, by id."""
    with database.read() as connection:
        campaign_id = connection.execute(find_campaign(release.campaign, release.edition)).scalar()
        rows = _Reader(release, now, connection)
    while first <= last:
        clause = in_audience(release, first=first, last=last, now=now, dialect=database.dialect)
        if campaign_id is not None:
            clause = and_(clause, ~has_delivery(campaign_id, release.policy.journey))
        with database.read() as connection:
            page = rows.read(connection, clause)
        yield from page
        if len(page) < PAGE:
            return
        first = page[-1].customer_id + 1


def read_profiles_of(
    database: Database, release: Release, ids: Sequence[int], *, now: datetime
) -> Iterator[Profile]:
    """These customers as planning sees them now, in the order of ascending ids, page by page."""
    with database.read() as connection:
        rows = _Reader(release, now, connection)
    for start in range(0, len(ids), PAGE):
        among = bulk.among(customers.c.id, ids[start : start + PAGE], database.dialect)
        with database.read() as connection:
            page = rows.read(connection, among)
        yield from page


def profiles_of(
    connection: Connection, release: Release, ids: Sequence[int], now: datetime
) -> dict[int, Profile]:
    """These customers (at most a page of them) as planning would see them now, by id; who was
    erased is not among them."""
    clause = customers.c.id.in_(ids)
    rows = _Reader(release, now, connection)
    return {p.customer_id: p for p in rows.read(connection, clause)}


class _Reader:
    """Turns rows into profiles for one release."""

    def __init__(self, release: Release, now: datetime, connection: Connection) -> None:
        self._policy = release.policy
        self._now = now
        self._reach = Shared(read_reach)
        self._standings = Shared(StandingsReader())
        self._uses = Shared(Used(read_priors(connection)))
        self._pressed = Shared(Pressed(release.policy))
        self._hours = Shared(read_hour)

    def read(self, connection: Connection, clause: ColumnElement[bool]) -> list[Profile]:
        """One page of profiles, by id."""
        traits = self._policy.attributes
        reach, standings_of, uses_of = self._reach, self._standings, self._uses
        pressed_of, hours = self._pressed, self._hours
        page = []
        for row in bulk.tuples(connection.execute(self._query(clause))):
            (
                customer_id,
                ref,
                locale,
                country,
                zone,
                stated,
                reached,
                stood,
                used,
                pressed,
                given,
                hour,
            ) = row
            wishes, full = pressed_of[pressed]
            reachable, suppressed = reach[reached]
            engagement, may_dm = uses_of[used]
            page.append(
                Profile(
                    customer_id,
                    ref,
                    locale,
                    country,
                    zone,
                    _CHANNELS[stated] if stated else None,
                    reachable,
                    suppressed,
                    standings_of[stood],
                    engagement,
                    may_dm,
                    _traits(given, traits) if traits else _NO_TRAITS,
                    wishes,
                    full,
                    hours[hour],
                )
            )
        return page

    def _query(self, clause: ColumnElement[bool]) -> Select[Any]:
        c = customers.c
        attributes = cast(c.attributes, Text()) if self._policy.attributes else null()
        return (
            select(
                c.id,
                c.ref,
                c.locale,
                c.country,
                c.time_zone,
                c.preferred_channel,
                reach_text(self._policy.purpose),
                standings_text(self._policy.purpose),
                used_text(),
                pressed_text(self._policy, self._now),
                attributes,
                hour_text(self._policy),
            )
            .where(clause)
            .order_by(c.id)
            .limit(PAGE)
        )


def _traits(attributes: str, names: tuple[str, ...]) -> dict[str, AttributeValue]:
    values = orjson.loads(attributes)
    return {name: values[name] for name in names if name in values}
