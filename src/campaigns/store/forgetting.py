"""Erasure of a merged person: of everyone who was merged into them, nothing is left."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, delete, or_, select, update

from campaigns.domain.channel import Channel
from campaigns.domain.identity import IdentityKind
from campaigns.store import match_queue
from campaigns.store.schema import addresses, identities, matches, merges

_HASHED = (IdentityKind.EMAIL, IdentityKind.PHONE, IdentityKind.HANDLE, IdentityKind.DEVICE)


class Forgotten(NamedTuple):
    """What a merged person was known by.

    Attributes:
        numbers: the customer's own, and those of everyone merged into them.
        refs, addresses, keys: all that was on any of their profiles; keys are hashes, of addresses
            and devices.
    """

    numbers: list[int]
    refs: set[str]
    addresses: set[tuple[Channel, str]]
    keys: set[str]


def forget(connection: Connection, customer_id: int) -> Forgotten:
    """Take identities, merges and matches of this customer away, for whoever erases the rest and
    the customer's row after it. No merge can be undone any more."""
    numbers = match_queue.numbers(connection, customer_id)
    i, m = identities.c, merges.c
    rows = connection.execute(select(i.kind, i.key).where(i.customer_id == customer_id)).all()
    theirs = or_(m.winner_id.in_(numbers), m.loser_id.in_(numbers))
    found = connection.execute(select(m.winner_ref, m.loser_ref, m.before).where(theirs)).all()
    connection.execute(
        update(merges).where(theirs).values(before=None, winner_ref=None, loser_ref=None)
    )
    connection.execute(delete(identities).where(i.customer_id == customer_id))
    pairs = or_(matches.c.customer_a.in_(numbers), matches.c.customer_b.in_(numbers))
    connection.execute(delete(matches).where(pairs))
    return Forgotten(
        numbers,
        {row.key for row in rows if row.kind == IdentityKind.REF},
        {pair for row in found if row.before for pair in _addresses(row.before)},
        {row.key for row in rows if row.kind in _HASHED},
    )


def _addresses(before: dict[str, dict[str, list[dict[str, str]]]]) -> set[tuple[Channel, str]]:
    return {
        (Channel(a["channel"]), a["address"])
        for side in ("kept", "merged")
        for a in before[side][addresses.name]
    }
