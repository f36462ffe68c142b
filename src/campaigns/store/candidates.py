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
    Integer,
    ScalarSelect,
    Select,
    Text,
    and_,
    case,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    text,
)

from campaigns.domain.channel import Channel
from campaigns.domain.consent import Purpose, Standing
from campaigns.domain.customer import AddressStatus, AttributeValue, Profile
from campaigns.domain.delivery import DeliveryState
from campaigns.domain.journey import MAX_STEPS, NO_JOURNEY, Journey
from campaigns.domain.release import Release
from campaigns.store import audience, bulk
from campaigns.store.bulk import Dialect
from campaigns.store.clock import from_ms
from campaigns.store.engine import Database
from campaigns.store.hours import hour_text, read_hour
from campaigns.store.intending import KEPT_BACK
from campaigns.store.learning import read_priors
from campaigns.store.packed import UNIT, Shared, joined
from campaigns.store.pressing import Pressed, pressed_text
from campaigns.store.runs import find_campaign
from campaigns.store.schema import (
    addresses,
    customers,
    deliveries,
    standings,
    suppressions,
)
from campaigns.store.used import Used, used_text

PAGE = 5_000
_CHANNELS = {str(c): c for c in Channel}
_STATUSES = {str(s): s for s in AddressStatus}
_NO_TRAITS: Mapping[str, AttributeValue] = {}


def in_audience(
    release: Release, *, first: int, last: int, now: datetime, dialect: Dialect
) -> ColumnElement[bool]:
    """Customers of the release's audience in a range of ids, both ends included."""
    in_range = customers.c.id.between(first, last)
    return and_(in_range, audience.where(release.policy.audience, now=now, dialect=dialect))


def has_delivery(
    campaign_id: int | ScalarSelect[int], journey: Journey = NO_JOURNEY
) -> ColumnElement[bool]:
    """The customer has a delivery of this campaign and edition, from whichever run; one that was
    cancelled or expired before it left, or that a cap or a pause kept back, does not count. Of a
    journey any step counts: nobody enters twice."""
    one = select(literal(1)).where(
        _counts(campaign_id, journey), deliveries.c.customer_id == customers.c.id
    )
    # With an offset PostgreSQL looks each customer up in the index. Else it makes a join of it,
    # and where its statistics know nothing yet of this run's rows it compares all with all.
    return one.offset(0).correlate(customers).exists()


def who_has(campaign_id: int, journey: Journey, *, first: int, last: int) -> Select[tuple[int]]:
    """The customers of this range of ids of whom `has_delivery` holds: one range of the index per
    step, where looking up each customer of the audience costs more than twice as much."""
    customer = deliveries.c.customer_id
    return select(customer).where(_counts(campaign_id, journey), customer.between(first, last))


def _counts(campaign_id: int | ScalarSelect[int], journey: Journey) -> ColumnElement[bool]:
    step = deliveries.c.step
    return and_(
        deliveries.c.campaign_id == campaign_id,
        step.in_(range(MAX_STEPS)) if journey.goes_on else step == 0,
        text("NOT deliveries.replaced"),  # as the partial index says it, or SQLite looks at all
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


def reach_text(purpose: Purpose) -> ScalarSelect[str]:
    """The customer's addresses, their status, and whether they are suppressed for the purpose."""
    covers = [suppressions.c.purpose == "all"]
    if purpose is Purpose.MARKETING:
        covers.append(suppressions.c.purpose == "marketing")
    barred = and_(suppressions.c.address_key == addresses.c.address_key, or_(*covers))
    return (
        select(
            joined(
                addresses.c.channel,
                addresses.c.status,
                case((suppressions.c.purpose.is_(None), 0), else_=1),
            )
        )
        .select_from(addresses.outerjoin(suppressions, barred))
        .where(addresses.c.customer_id == customers.c.id)
        .scalar_subquery()
    )


def read_reach(
    records: list[str],
) -> tuple[dict[Channel, AddressStatus], frozenset[Channel]]:
    """Takes `reach_text` apart: channel → status, and the channels that are suppressed."""
    reachable, suppressed = {}, set()
    for record in records:
        channel, status, barred = record.split(UNIT)
        reachable[_CHANNELS[channel]] = _STATUSES[status]
        if barred == "1":
            suppressed.add(_CHANNELS[channel])
    return reachable, frozenset(suppressed)


def standings_text(purpose: Purpose) -> ScalarSelect[str]:
    """What the ledger says of the customer now, for the purpose."""
    s = standings.c
    return (
        select(joined(s.channel, s.topic, cast(s.granted, Integer()), s.at))
        .where(s.customer_id == customers.c.id, s.purpose == purpose)
        .scalar_subquery()
    )


class StandingsReader:
    """Takes `standings_text` apart. Many customers consented at the same moment (an
    import's), so each entry is made once."""

    def __init__(self) -> None:
        self._entries = Shared(_standing)

    def __call__(self, records: list[str]) -> dict[Channel, tuple[Standing, ...]]:
        by_channel: dict[Channel, tuple[Standing, ...]] = {}
        for record in records:
            channel, standing = self._entries[record]
            by_channel[channel] = (*by_channel.get(channel, ()), standing)
        return by_channel


def _standing(records: list[str]) -> tuple[Channel, Standing]:
    channel, topic, granted, at = records[0].split(UNIT)
    return _CHANNELS[channel], Standing(topic, granted == "1", from_ms(int(at)))


def _traits(attributes: str, names: tuple[str, ...]) -> dict[str, AttributeValue]:
    values = orjson.loads(attributes)
    return {name: values[name] for name in names if name in values}
