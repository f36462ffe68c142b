"""Cutting a run's customers into shards: ranges of ids that hold about the same number of them.

A campaign that runs again is cut as it was the last time, but for the end, where the new customers
are: asking a million people again whether they are in the audience, only to know where a shard
begins, would cost as much as counting them. Where a shard begins makes no difference to who gets
what. It is cut anew where the old shards are not of the size asked for, or span so many ids that
they might come to hold far more than that: the audience they were cut for was a small part.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, case, exists, func, insert, literal, select

from campaigns.store.schema import customers, runs, shards

_COLUMNS = ("run_id", "no", "first_customer", "last_customer")
#: A shard that is taken over spans at most so many times its size of ids.
_MOST = 4


def cut(connection: Connection, run_id: int, whom: ColumnElement[bool], size: int) -> None:
    """Every `size`-th of these customers begins a shard, however sparse they are."""
    _cut_from(connection, run_id, whom, size, no=0, first=None)


def cut_again(
    connection: Connection, run_id: int, whom: ColumnElement[bool], size: int, campaign_id: int
) -> None:
    """The same, as the campaign's last run over its audience was cut, where that will do."""
    *kept, last = _earlier(connection, campaign_id, before=run_id) or [(0, 0)]
    if not kept or any(not size <= end - first + 1 <= _MOST * size for first, end in kept):
        cut(connection, run_id, whom, size)
        return
    lowest = connection.execute(select(func.min(customers.c.id))).scalar() or 0
    kept[0] = (min(lowest, kept[0][0]), kept[0][1])
    rows = [dict(zip(_COLUMNS, (run_id, no, *ends), strict=True)) for no, ends in enumerate(kept)]
    connection.execute(insert(shards), rows)
    _cut_from(connection, run_id, whom, size, no=len(kept), first=last[0])


def _earlier(connection: Connection, campaign_id: int, before: int) -> list[tuple[int, int]]:
    """The first and last customer of each shard of that run, in order."""
    cut_up = exists().where(shards.c.run_id == runs.c.id)
    run = select(func.max(runs.c.id)).where(
        runs.c.campaign_id == campaign_id, runs.c.id < before, ~runs.c.continues, cut_up
    )
    ends = select(shards.c.first_customer, shards.c.last_customer).order_by(shards.c.no)
    found = connection.execute(ends.where(shards.c.run_id == run.scalar_subquery()))
    return [(first, last) for first, last in found]


def _cut_from(
    connection: Connection,
    run_id: int,
    whom: ColumnElement[bool],
    size: int,
    *,
    no: int,
    first: int | None,
) -> None:
    """Those of `whom` from `first` on; with it begins the first shard, which is number `no`."""
    if first is not None:
        whom = whom & (customers.c.id >= first)
    place = (func.row_number().over(order_by=customers.c.id) - 1).label("place")
    numbered = select(customers.c.id, place).where(whom).subquery()
    last = select(func.max(customers.c.id)).scalar_subquery()
    following = func.lead(numbered.c.id).over(order_by=numbered.c.id)
    begins = (
        numbered.c.id
        if first is None
        else case((numbered.c.place == 0, first), else_=numbered.c.id)
    )
    found = select(
        literal(run_id),
        numbered.c.place // size + no,
        begins,
        func.coalesce(following - 1, last),
    ).where(numbered.c.place % size == 0)
    connection.execute(insert(shards).from_select(_COLUMNS, found))
