"""Who of a shard has to be decided on, told by one statement: the cheap half of planning.

Of a campaign that runs again, most people have it already, and most others got nothing for a reason
that still holds: they never said yes, or said no, or have no address that works. Whom an earlier
run skipped is looked at by the rows that bar them alone (addresses, suppressions, standings):
where these bar every channel, the decision is `routing.barred`, the same as from a whole profile.
Everybody else is read and decided on in full.

Nothing is taken over from the earlier run but whom to look at: what rows say when they were
written cannot prove that nothing changed since (decision 40). The plain path, which reads
everybody, is `candidates.read_profiles`; tests/contract/test_store_standing_skips.py compares.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Connection, Select, and_, case, exists, false, func, select

from campaigns.domain.channel import Channel
from campaigns.domain.customer import Profile
from campaigns.domain.plan import Sifted
from campaigns.domain.release import Policy, Release
from campaigns.domain.routing import Skip, barred
from campaigns.store import bulk
from campaigns.store.candidates import (
    StandingsReader,
    has_delivery,
    in_audience,
    reach_text,
    read_reach,
    standings_text,
)
from campaigns.store.packed import Shared
from campaigns.store.runs import find_campaign
from campaigns.store.schema import customers, runs, shards, skips

#: What bars a customer: the stated preference, the addresses, the standings; as texts.
_Rows: TypeAlias = tuple[str | None, str | None, str | None]


def sift(
    connection: Connection, release: Release, run_id: int, *, first: int, last: int, now: datetime
) -> Sifted:
    """The audience of this id range: who has a delivery of the campaign, who gets nothing for a
    reason that lasts, and who is to be decided on."""
    query = _query(connection, release, run_id, first=first, last=last, now=now)
    fates = _Fates(release.policy)
    already = 0
    for customer_id, had, skipped, *rows in bulk.tuples(connection.execute(query)):
        if had:
            already += 1
        elif skipped is None:
            fates.open.append(customer_id)
        else:
            fates[tuple(rows)].append(customer_id)
    return Sifted(already, fates.barred, sorted(fates.open))


def _query(
    connection: Connection, release: Release, run_id: int, *, first: int, last: int, now: datetime
) -> Select[Any]:
    """One row per customer of the audience; what bars them only of whom was skipped earlier."""
    campaign_id = connection.execute(find_campaign(release.campaign, release.edition)).scalar()
    earlier = connection.execute(_earlier(campaign_id, run_id)).scalar()
    had: ColumnElement[bool] = false()
    if campaign_id is not None:
        had = has_delivery(campaign_id, release.policy.journey)
    c, skipped, purpose = customers.c, skips.c.customer_id, release.policy.purpose
    dialect = bulk.dialect_of(connection)
    before = and_(
        skips.c.run_id == (-1 if earlier is None else earlier),
        skipped == c.id,
        skips.c.reason.like("%|%"),  # names channels: not the limit, nor being held out
    )
    return (
        select(
            c.id,
            had,
            skipped,
            c.preferred_channel,
            case((skipped.is_not(None), reach_text(purpose))),
            case((skipped.is_not(None), standings_text(purpose))),
        )
        .select_from(customers.outerjoin(skips, before))
        .where(in_audience(release, first=first, last=last, now=now, dialect=dialect))
    )


def _earlier(campaign_id: int | None, run_id: int) -> Select[Any]:
    """The campaign's last run before this one that planned somebody."""
    planned = exists().where(shards.c.run_id == runs.c.id, shards.c.planned_at.is_not(None))
    return select(func.max(runs.c.id)).where(
        runs.c.campaign_id == campaign_id, runs.c.id < run_id, ~runs.c.continues, planned
    )


class _Fates(dict[_Rows, list[int]]):
    """What the rows say → the list of those who share the fate. Most share theirs with others, so
    each is worked out once; forgotten before there are many."""

    _MOST = 5_000

    def __init__(self, policy: Policy) -> None:
        super().__init__()
        self.open: list[int] = []
        self.barred: dict[Skip, list[int]] = {}
        self._policy = policy
        self._reach = Shared(read_reach)
        self._standings = Shared(StandingsReader())

    def __missing__(self, rows: _Rows) -> list[int]:
        if len(self) >= self._MOST:
            self.clear()
        skip = barred(self._bare(rows), self._policy)
        found = self[rows] = self.open if skip is None else self.barred.setdefault(skip, [])
        return found

    def _bare(self, rows: _Rows) -> Profile:
        """A profile of what bars a customer, and of nothing else."""
        stated, reached, stood = rows
        reachable, suppressed = self._reach[reached]
        return Profile(
            customer_id=0,
            ref="",
            locale="",
            country=None,
            time_zone=None,
            stated_preference=Channel(stated) if stated else None,
            reachable=reachable,
            suppressed=suppressed,
            standings=self._standings[stood],
            engagement={},
        )
