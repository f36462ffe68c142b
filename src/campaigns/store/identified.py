"""What finds a customer, who was merged into them, and which pairs wait for a person."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, Table, or_, select

from campaigns.domain.channel import Channel
from campaigns.domain.identity import (
    Identified,
    IdentityKind,
    IdentityLine,
    MatchState,
    MergeLine,
)
from campaigns.store import match_queue
from campaigns.store.clock import from_ms, from_ms_or_none
from campaigns.store.schema import addresses, customers, identities, matches, merges

_PROFILE = "profile"
_PLAIN = (IdentityKind.REF, IdentityKind.NUMBER)
_SHOWN = 6  # digits of a device's hash: enough to tell one from another


def read_identified(connection: Connection, ids: Sequence[int]) -> dict[int, Identified]:
    """Everything of these customers, by number; those on the profile now come first."""
    others = _grouped(connection, _of(identities, ids, "at", "kind", "key"), "customer_id")
    whose = {customer_id: customer_id for customer_id in ids}
    for customer_id, rows in others.items():
        numbers = (int(r["key"]) for r in rows if r["kind"] == IdentityKind.NUMBER)
        whose |= dict.fromkeys(numbers, customer_id)
    merged = _merged(connection, whose)
    open_ = _open_matches(connection, whose)
    present = _present(connection, ids)
    return {
        customer_id: Identified(
            identities=(
                *present[customer_id].values(),
                *_of_before(
                    present[customer_id],
                    others.get(customer_id, ()),
                    _addresses_of_before(merged.get(customer_id, ())),
                ),
            ),
            merged=tuple(map(merge_line, merged.get(customer_id, ()))),
            matches=tuple(map(match_queue.match_line, open_.get(customer_id, ()))),
        )
        for customer_id in present
    }


def merge_line(row: RowMapping) -> MergeLine:
    """A row of `merges` as people are shown it."""
    return MergeLine(
        row["id"],
        from_ms(row["at"]),
        row["by"],
        row["why"],
        row["winner_ref"],
        row["loser_ref"],
        (row["winner_id"], row["loser_id"]),
        from_ms_or_none(row["undone_at"]),
    )


def _present(
    connection: Connection, ids: Sequence[int]
) -> dict[int, dict[tuple[str, str], IdentityLine]]:
    """Customer → kind and key → what is on the profile; one number for SMS and WhatsApp once."""
    c = customers.c
    found: dict[int, dict[tuple[str, str], IdentityLine]] = {}
    query = select(c.id, c.ref, c.created_at).where(c.id.in_(ids)).order_by(c.id)
    for customer_id, ref, since in connection.execute(query).tuples():
        line = IdentityLine(IdentityKind.REF, ref, from_ms(since), _PROFILE, present=True)
        found[customer_id] = {(IdentityKind.REF.value, ref): line}
    here = _of(addresses, ids, "customer_id", "channel")
    for row in connection.execute(here).mappings():
        kind = IdentityKind(Channel(row["channel"]).address_kind.value)
        since = from_ms(row["updated_at"])
        line = IdentityLine(kind, row["address"], since, _PROFILE, present=True)
        found[row["customer_id"]].setdefault((kind.value, row["address_key"]), line)
    return found


def _of_before(
    present: Container[tuple[str, str]], rows: Sequence[RowMapping], known: Mapping[str, str]
) -> Iterator[IdentityLine]:
    return (_other(row, known) for row in rows if (row["kind"], row["key"]) not in present)


def _other(row: RowMapping, known: Mapping[str, str]) -> IdentityLine:
    kind = IdentityKind(row["kind"])
    value = row["key"] if kind in _PLAIN else known.get(row["key"])
    if kind is IdentityKind.DEVICE:
        value = f"…{row['key'][-_SHOWN:]}"
    return IdentityLine(kind, value, from_ms(row["at"]), row["source"] or "", present=False)


def _addresses_of_before(merged: Sequence[RowMapping]) -> dict[str, str]:
    """Key → address of both sides of every merge that can still be undone."""
    return {
        address["address_key"]: address["address"]
        for row in merged
        if row["before"]
        for side in ("kept", "merged")
        for address in row["before"][side][addresses.name]
    }


def _merged(connection: Connection, whose: Mapping[int, int]) -> dict[int, list[RowMapping]]:
    """Customer → merges into them and into whoever was merged into them, the oldest first."""
    m = merges.c
    query = select(merges).where(m.winner_id.in_(whose), m.undone_at.is_(None)).order_by(m.id)
    found: dict[int, list[RowMapping]] = {}
    for row in connection.execute(query).mappings():
        found.setdefault(whose[row["winner_id"]], []).append(row)
    return found


def _open_matches(connection: Connection, whose: Mapping[int, int]) -> dict[int, list[RowMapping]]:
    m = matches.c
    theirs = or_(m.customer_a.in_(whose), m.customer_b.in_(whose))
    query = match_queue.match_query().where(m.state == MatchState.OPEN, theirs).order_by(m.id)
    found: dict[int, list[RowMapping]] = {}
    for row in connection.execute(query).mappings():
        pair = (row["customer_a"], row["customer_b"])
        for customer_id in {whose[one] for one in pair if one in whose}:
            found.setdefault(customer_id, []).append(row)
    return found


def _of(table: Table, ids: Sequence[int], *order: str) -> Select[Any]:
    chosen = select(table).where(table.c.customer_id.in_(ids))
    return chosen.order_by(*(table.c[name] for name in order))


def _grouped(connection: Connection, query: Select[Any], by: str) -> dict[int, list[RowMapping]]:
    found: dict[int, list[RowMapping]] = {}
    for row in connection.execute(query).mappings():
        found.setdefault(row[by], []).append(row)
    return found
