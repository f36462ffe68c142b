"""Who of a shard has to be decided on, told by sets of ids and few rows each.

Of a campaign that runs again, most people have it already, and most others got nothing for a reason
that still holds: they never said yes, or said no, or have no address that works. Who has it is
counted and not read: the audience less those of it who do not have it, whom the database finds by
going once along the customers and once along the index of deliveries. Whom an earlier run skipped
is looked at by the rows that bar them alone (addresses, suppressions, standings): where these bar
every channel, the decision is `routing.barred`, the same as from a whole profile. Everybody else is
read and decided on in full.

Nothing is taken over from the earlier run but whom to look at: what rows say when they were
written cannot prove that nothing changed since (decision 40). The plain path, which reads
everybody, is `candidates.read_profiles`; tests/contract/test_store_standing_skips.py compares.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    FromClause,
    Select,
    and_,
    case,
    exists,
    func,
    literal,
    null,
    select,
)

from campaigns.domain.plan import Sifted
from campaigns.domain.release import Policy, Release
from campaigns.store import bulk
from campaigns.store.barring import Fates, bars
from campaigns.store.candidates import audience_of, in_audience
from campaigns.store.having import Having
from campaigns.store.locking import Locking
from campaigns.store.runs import find_campaign
from campaigns.store.schema import customers, runs, shards, skips

#: So many ids at a time: of a sparse audience a shard spans many customers who have the campaign.
STRETCH = 50_000


def sift(
    connection: Connection, release: Release, run_id: int, *, first: int, last: int, now: datetime
) -> Sifted:
    """The audience of this id range: who has a delivery of the campaign, who gets nothing for a
    reason that lasts, and who is to be decided on. To be asked of one moment: it counts and lists
    apart."""
    dialect = bulk.dialect_of(connection)
    Locking(dialect).by_index(connection)
    campaign_id = connection.execute(find_campaign(release.campaign, release.edition)).scalar_one()
    before = connection.execute(_last_run(campaign_id, run_id)).scalar()
    having = Having(connection, campaign_id, release.policy.journey)
    fates, already = Fates(release.policy), 0
    for start in range(first, last + 1, STRETCH):
        end = min(start + STRETCH - 1, last)
        within = in_audience(release, first=start, last=end, now=now, dialect=dialect)
        have = having.within(start, end)
        somebody = connection.execute(have.limit(1)).first() is not None
        lacking = _lacking(have, first=start, last=end) if somebody else None
        asked = within if lacking is None else audience_of(release, now=now, dialect=dialect)
        looked_at = _looked_at(lacking, asked, before, release.policy)
        left = bulk.tuples(connection.execute(looked_at))
        for row in left:
            fate = fates[row[2:]] if row[1] else fates.open
            fate.append(row[0])
        if somebody:
            size = select(func.count()).select_from(customers).where(within)
            already += connection.execute(size).scalar_one() - len(left)
    return Sifted(already, fates.barred, sorted(fates.open))


def _lacking(have: Select[tuple[int]], *, first: int, last: int) -> CompoundSelect[Any]:
    """The customers of this range who do not have it, in order: what is ordered on both sides
    SQLite merges, without making a set of either. (A limit keeps the order in a subquery.)"""
    everybody = select(customers.c.id).where(customers.c.id.between(first, last))
    return everybody.except_(have).order_by("id").limit(last - first + 1)


def _looked_at(
    lacking: CompoundSelect[Any] | None,
    asked: ColumnElement[bool],
    before: int | None,
    policy: Policy,
) -> Select[Any]:
    """The audience's among these, or all of it: the id, whether the run before skipped them for
    something about their channels, and of these what bars them (`barring.Bars`). Of those who lack
    it the range is not asked again: PostgreSQL, which takes them for few, would read the whole
    range for each instead of looking each up."""
    source: FromClause = customers
    told: list[ColumnElement[Any]] = [null()]
    if lacking is not None:
        ids = lacking.subquery("lacking")
        source = ids.join(customers, customers.c.id == ids.c.id)
    if before is not None:
        names_channels = skips.c.reason.like("%|%")  # not the limit, nor being held out
        # Of the skips of a run that has just ended PostgreSQL's statistics know nothing: it would
        # take them for one row, and go through them all for each customer. With the run's number
        # told as if it were each customer's own, both are looked up in the key (decision 41).
        of_run = literal(before) + customers.c.id * 0
        hint = and_(skips.c.run_id == of_run, skips.c.customer_id == customers.c.id, names_channels)
        source = source.outerjoin(skips, hint)
        skipped = skips.c.customer_id.is_not(None)
        told = [skipped, *(case((skipped, bar)) for bar in bars(policy))]
    return select(customers.c.id, *told).select_from(source).where(asked)


def _last_run(campaign_id: int, before: int) -> Select[Any]:
    planned = exists().where(shards.c.run_id == runs.c.id, shards.c.planned_at.is_not(None))
    return select(func.max(runs.c.id)).where(
        runs.c.campaign_id == campaign_id, runs.c.id < before, ~runs.c.continues, planned
    )
