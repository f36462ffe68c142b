"""Who of a shard has to be decided on, told by sets of ids and few rows each.

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

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Connection, Select, exists, func, select

from campaigns.domain.channel import Channel
from campaigns.domain.consent import Purpose
from campaigns.domain.customer import Profile
from campaigns.domain.plan import Sifted
from campaigns.domain.reason import Skip
from campaigns.domain.release import Policy, Release
from campaigns.domain.routing import barred
from campaigns.store import bulk
from campaigns.store.candidates import PAGE, in_audience, who_has
from campaigns.store.packed import RECORD, UNIT, Shared
from campaigns.store.permission import StandingsReader, reach_text, read_reach, standings_text
from campaigns.store.runs import find_campaign
from campaigns.store.schema import customers, runs, shards, skips

#: So many ids at a time: of a sparse audience a shard spans many customers who have the campaign.
STRETCH = 50_000
#: What bars a customer: the stated preference, the addresses, the standings; as texts.
_Rows: TypeAlias = tuple[str | None, str | None, str | None]


def sift(
    connection: Connection, release: Release, run_id: int, *, first: int, last: int, now: datetime
) -> Sifted:
    """The audience of this id range: who has a delivery of the campaign, who gets nothing for a
    reason that lasts, and who is to be decided on."""
    fates, already = _Fates(release.policy), 0
    for start in range(first, last + 1, STRETCH):
        end = min(start + STRETCH - 1, last)
        already += _sift(connection, release, run_id, fates, first=start, last=end, now=now)
    return Sifted(already, fates.barred, sorted(fates.open))


def _sift(
    connection: Connection,
    release: Release,
    run_id: int,
    fates: _Fates,
    *,
    first: int,
    last: int,
    now: datetime,
) -> int:
    """One stretch: adds everybody to those of their fate, and returns how many have a delivery."""
    dialect, purpose = bulk.dialect_of(connection), release.policy.purpose
    within = in_audience(release, first=first, last=last, now=now, dialect=dialect)
    audience = _ids(connection, select(customers.c.id).where(within))
    having, skipped = _earlier(connection, release, run_id, first=first, last=last)
    left = audience - having
    fates.open.extend(left - skipped)
    for customer_id, stated, reached, stood in _barring(
        connection, sorted(left & skipped), purpose
    ):
        fates[stated, reached, _in_order(stood)].append(customer_id)
    return len(audience) - len(left)


def _earlier(
    connection: Connection, release: Release, run_id: int, *, first: int, last: int
) -> tuple[set[int], set[int]]:
    """Who has a delivery of the campaign, and whom its last run before this one skipped."""
    found = connection.execute(find_campaign(release.campaign, release.edition)).scalar()
    if found is None:
        return set(), set()
    having = who_has(found, release.policy.journey, first=first, last=last)
    run = connection.execute(_last_run(found, run_id)).scalar()
    skipped = select(skips.c.customer_id).where(
        skips.c.run_id == (-1 if run is None else run),
        skips.c.customer_id.between(first, last),
        skips.c.reason.like("%|%"),  # names channels: not the limit, nor being held out
    )
    return _ids(connection, having), _ids(connection, skipped)


def _last_run(campaign_id: int, before: int) -> Select[Any]:
    planned = exists().where(shards.c.run_id == runs.c.id, shards.c.planned_at.is_not(None))
    return select(func.max(runs.c.id)).where(
        runs.c.campaign_id == campaign_id, runs.c.id < before, ~runs.c.continues, planned
    )


def _barring(
    connection: Connection, ids: Sequence[int], purpose: Purpose
) -> Iterator[tuple[Any, ...]]:
    """Of each of these customers what bars them: see `_Rows`."""
    query = select(
        customers.c.id, customers.c.preferred_channel, reach_text(purpose), standings_text(purpose)
    )
    for start in range(0, len(ids), PAGE):
        page = ids[start : start + PAGE]
        among = bulk.among(customers.c.id, page, bulk.dialect_of(connection))
        yield from bulk.tuples(connection.execute(query.where(among)))


def _in_order(stood: str | None) -> str | None:
    """The standings with their places in time for their dates: a decision asks no more than which
    is newer, and of other customers' there are many with the same places."""
    if stood is None:
        return None
    records = [record.rpartition(UNIT) for record in stood.split(RECORD)]
    dates = sorted({int(at) for _, _, at in records})
    return RECORD.join(f"{said}{UNIT}{dates.index(int(at))}" for said, _, at in records)


def _ids(connection: Connection, query: Select[tuple[int]]) -> set[int]:
    return {customer_id for (customer_id,) in bulk.tuples(connection.execute(query))}


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
