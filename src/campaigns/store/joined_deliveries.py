"""The deliveries of two who become one person: nobody gets a campaign twice.

Where both have one of the same campaign and step, the one that left (or may have left) counts for
the person; the other keeps the number of who was merged, and does not leave any more. Whoever calls
this has barred intents.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, select, text, update

from campaigns.domain.delivery import DeliveryState
from campaigns.domain.joining import to_come, weight
from campaigns.domain.journey import MAX_STEPS
from campaigns.store.bulk import dialect_of
from campaigns.store.locking import Locking
from campaigns.store.schema import ACTIVE_RUN, campaigns, deliveries, messages, runs


class Moved(NamedTuple):
    """A delivery that a merge has touched, as it was before."""

    id: int
    customer_id: int
    state: str


def join(connection: Connection, kept: int, merged: int) -> list[Moved]:
    """Give the merged customer's deliveries to the one who stays."""
    _hold(connection, kept, merged)
    mine, others = (_standing(connection, c) for c in (kept, merged))
    moved: list[Moved] = []
    for what, theirs in others.items():
        own = mine.get(what)
        if own is None:
            moved += _give(connection, what, merged, kept)
            continue
        counts, other = own, theirs
        if weight(theirs.state) > weight(own.state):
            moved += _swap(connection, what, kept, merged)
            counts, other = theirs, own
        if to_come(other.state):
            moved += _stop(connection, other, counts, moved)
    return moved


def part(
    connection: Connection,
    moved: Sequence[Moved],
    *,
    kept: int,
    merged: int,
    kept_addresses: set[str],
    merged_addresses: set[str],
    since: int,
) -> None:
    """Give them back. A message that left meanwhile belongs to whose address it went."""
    owners: dict[int, int] = {}
    for row in moved:
        owners.setdefault(row.id, row.customer_id)
    own_only, other_only = kept_addresses - merged_addresses, merged_addresses - kept_addresses
    for id_, address in _left_since(connection, kept, since):
        if address in own_only and owners.get(id_) == merged:
            del owners[id_]
        elif address in other_only and id_ not in owners:
            owners[id_] = merged
    _return(connection, owners, kept=kept, merged=merged)
    for row in moved:
        if to_come(row.state):
            _resume(connection, row.id)


def _of(customer_id: int) -> Select[Any]:
    d = deliveries.c
    return select(d.id, d.campaign_id, d.step, d.state, d.batch_id).where(
        d.campaign_id.in_(select(campaigns.c.id)),
        d.step.in_(range(MAX_STEPS)),  # the unique index begins with both
        d.customer_id == customer_id,
        text("NOT deliveries.replaced"),
    )


def _standing(connection: Connection, customer_id: int) -> dict[tuple[int, int], Any]:
    return {(r.campaign_id, r.step): r for r in connection.execute(_of(customer_id))}


def _hold(connection: Connection, *customers: int) -> None:
    """Batches before deliveries, as everywhere (store.locking)."""
    rows = [r for c in customers for r in connection.execute(_of(c))]
    locking = Locking(dialect_of(connection))
    for batch_id in sorted({r.batch_id for r in rows if r.batch_id and to_come(r.state)}):
        locking.hold_batch(connection, batch_id)
    locking.hold_deliveries(connection, [r.id for r in rows])


def _give(connection: Connection, what: tuple[int, int], giver: int, taker: int) -> list[Moved]:
    """The whole chain: the standing delivery and those that it replaced."""
    d = deliveries.c
    of = (d.campaign_id == what[0], d.step == what[1], d.customer_id == giver)
    standing = select(d.id, d.state).where(*of, text("NOT deliveries.replaced"))
    replaced = select(d.id, d.state).where(*of, text("deliveries.replaced"))
    rows = [*connection.execute(standing), *connection.execute(replaced)]
    _own(connection, [r.id for r in rows], taker)
    return [Moved(r.id, giver, r.state) for r in rows]


def _swap(connection: Connection, what: tuple[int, int], kept: int, merged: int) -> list[Moved]:
    """The other way round; by a number that nobody has, since each has one of a kind."""
    theirs = _give(connection, what, merged, -merged)
    mine = _give(connection, what, kept, merged)
    _own(connection, [r.id for r in theirs], kept)
    return [*theirs, *mine]


def _own(connection: Connection, ids: Sequence[int], customer_id: int) -> None:
    if ids:
        statement = update(deliveries).where(deliveries.c.id.in_(ids))
        connection.execute(statement.values(customer_id=customer_id))


def _stop(connection: Connection, row: Any, other: Any, moved: Sequence[Moved]) -> list[Moved]:
    """The one that does not count does not leave."""
    connection.execute(
        update(deliveries)
        .where(deliveries.c.id == row.id)
        .values(
            state=DeliveryState.CANCELLED,
            outcome=f"merged: the same person has delivery {other.id}",
        )
    )
    if row.batch_id is not None:
        Locking(dialect_of(connection)).close_batch(connection, row.batch_id)
    if any(m.id == row.id for m in moved):
        return []
    owner = select(deliveries.c.customer_id).where(deliveries.c.id == row.id)
    return [Moved(row.id, connection.execute(owner).scalar_one(), row.state)]


def _left_since(connection: Connection, kept: int, since: int) -> list[tuple[int, str]]:
    d = deliveries.c
    rows = connection.execute(
        select(d.id, d.state, messages.c.address)
        .join(messages, messages.c.delivery_id == d.id)
        .where(
            d.campaign_id.in_(select(campaigns.c.id)),
            d.step.in_(range(MAX_STEPS)),
            d.customer_id == kept,
            text("NOT deliveries.replaced"),
            d.settled_at > since,
        )
    )
    return [(r.id, r.address) for r in rows if weight(r.state) == 3]


def _return(connection: Connection, owners: dict[int, int], *, kept: int, merged: int) -> None:
    back = sorted(i for i, owner in owners.items() if owner == merged)
    own = sorted(i for i, owner in owners.items() if owner == kept)
    _own(connection, _still(connection, back, kept, merged), -merged)
    free = _unless_taken(connection, own, kept)
    _own(connection, free, kept)
    waiting = select(deliveries.c.id).where(deliveries.c.id.in_(back or [0]))
    ids = list(connection.execute(waiting.where(deliveries.c.customer_id == -merged)).scalars())
    ok = _unless_taken(connection, ids, merged)
    _own(connection, ok, merged)
    _own(connection, [i for i in ids if i not in ok], kept)


def _still(connection: Connection, ids: Sequence[int], *owners: int) -> list[int]:
    """Those of these that are still of one of the two: erasure may have taken some."""
    query = select(deliveries.c.id).where(
        deliveries.c.id.in_(ids or [0]), deliveries.c.customer_id.in_(owners)
    )
    return list(connection.execute(query).scalars())


def _unless_taken(connection: Connection, ids: Sequence[int], customer_id: int) -> list[int]:
    """Those that the customer has no standing delivery beside."""
    taken = _standing(connection, customer_id)
    d = deliveries.c
    rows = connection.execute(
        select(d.id, d.campaign_id, d.step, d.replaced).where(d.id.in_(ids or [0]))
    )
    return [r.id for r in rows if r.replaced or taken.get((r.campaign_id, r.step)) is None]


def _resume(connection: Connection, delivery_id: int) -> None:
    """What the merge stopped goes on where its run does; else the next run plans it again."""
    active = select(runs.c.id).where(text(ACTIVE_RUN))
    connection.execute(
        update(deliveries)
        .where(
            deliveries.c.id == delivery_id,
            deliveries.c.state == DeliveryState.CANCELLED,
            deliveries.c.outcome.startswith("merged: "),
            deliveries.c.run_id.in_(active),
        )
        .values(state=DeliveryState.PENDING, outcome=None, batch_id=None)
    )
