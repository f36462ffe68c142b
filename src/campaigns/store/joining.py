"""Two profiles become one, and part again: each in one transaction.

The one who stays takes over every row of the other, whose own row goes: no audience, import or
event can find two where there is one. What both had is joined by the rules of domain.joining. All
that it takes to part them again is kept in `merges.before`; what came after the merge stays with
the one who stayed, except that a no holds for both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from campaigns.domain import joining as rules
from campaigns.domain.consent import ConsentSource
from campaigns.domain.identity import IdentityKind
from campaigns.domain.joining import Row, Stand
from campaigns.errors import NotFoundError, UserError
from campaigns.store import bulk, carrying, consents, joined_deliveries
from campaigns.store.clock import to_ms
from campaigns.store.engine import bar_intents
from campaigns.store.joined_deliveries import Moved
from campaigns.store.schema import (
    addresses,
    channel_uses,
    clicks,
    contacts,
    customers,
    deliveries,
    identities,
    interactions,
    merges,
    preferences,
    standings,
)
from campaigns.store.schema import consents as ledger

_STAND = ("channel", "purpose", "topic", "granted", "at")
_KIND_OF = {"email": "email", "sms": "phone", "whatsapp": "phone", "x_dm": "handle"}


def join(
    connection: Connection, kept: int, merged: int, *, by: str, why: str, now: datetime
) -> int:
    """Make one person of two; `kept` stays. Returns the merge's number.

    Raises UserError when they are one already, NotFoundError when there is no such customer.
    """
    if kept == merged:
        raise UserError("that is one customer already.")
    bar_intents(connection)
    mine, other = (_snapshot(connection, c) for c in (kept, merged))
    moment = to_ms(now)
    merge_id = _enter(connection, mine["customer"], other["customer"], by, why, moment)
    upto = connection.execute(select(func.max(ledger.c.id))).scalar() or 0
    noes = rules.noes_needed(_stands(mine), _stands(other), moment)
    before: dict[str, Any] = {
        "kept": mine,
        "merged": other,
        "upto": upto,
        "deliveries": [list(m) for m in joined_deliveries.join(connection, kept, merged)],
        "moved": {t.name: carrying.carry(connection, t, merged, kept) for t in carrying.CARRIED},
    }
    before["joined"] = _join_profiles(connection, mine, other, noes, moment)
    _drop(connection, merged)
    _deny(connection, kept, noes, merge_id, by)
    before["noes"] = _own_entries(connection, kept, merge_id)
    before["added"] = _identify(connection, kept, mine, other, moment)
    connection.execute(update(merges).where(merges.c.id == merge_id).values(before=before))
    return merge_id


def part(connection: Connection, merge_id: int, *, now: datetime) -> tuple[int, int]:
    """Make two of one again. Returns their numbers: who stayed, who is back.

    Raises NotFoundError, or UserError when it is undone already, when a later merge stands in the
    way, or when the person was erased.
    """
    bar_intents(connection)
    merge = _standing_merge(connection, merge_id)
    kept, merged, before = merge["winner_id"], merge["loser_id"], merge["before"]
    connection.execute(insert(customers).values(before["merged"]["customer"]))
    _part_consents(connection, before, kept, merged)
    for table in carrying.CARRIED:
        carrying.carry_back(connection, table, before["moved"][table.name], kept, merged)
    _part_profiles(connection, before, kept, merged)
    _forget_added(connection, before["added"], kept)
    _part_deliveries(connection, before, kept, merged, merge["at"])
    done = update(merges).where(merges.c.id == merge_id)
    connection.execute(done.values(undone_at=to_ms(now), before=None))
    return kept, merged


# Joining ----------------------------------------------------------------------------------


def _snapshot(connection: Connection, customer_id: int) -> dict[str, Any]:
    query = select(customers).where(customers.c.id == customer_id)
    if connection.dialect.name == "postgresql":
        query = query.with_for_update()
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFoundError(f"there is no customer number {customer_id}.")
    tables = {t.name: carrying.rows_of(connection, t, customer_id) for t in carrying.JOINED}
    return {"customer": dict(row), **tables}


def _enter(connection: Connection, kept: Row, merged: Row, by: str, why: str, moment: int) -> int:
    values = {
        "winner_id": kept["id"],
        "loser_id": merged["id"],
        "winner_ref": kept["ref"],
        "loser_ref": merged["ref"],
        "at": moment,
        "by": by[:80],
        "why": why,
    }
    made = connection.execute(insert(merges).values(values).returning(merges.c.id))
    return int(made.scalar_one())


def _stands(snapshot: Mapping[str, Any]) -> list[Stand]:
    return [Stand(*(row[name] for name in _STAND)) for row in snapshot[standings.name]]


def _join_profiles(
    connection: Connection,
    mine: Mapping[str, Any],
    other: Mapping[str, Any],
    noes: Sequence[Stand],
    moment: int,
) -> dict[str, Any]:
    """The rows of both, written for the one who stays; and as they are now, for parting."""
    kept = mine["customer"]["id"]
    customer = rules.joined_customer(mine["customer"], other["customer"], moment)
    connection.execute(update(customers).where(customers.c.id == kept).values(customer))
    stands = rules.newest((*_stands(mine), *_stands(other), *noes))
    joined = {
        addresses.name: _join_addresses(mine, other),
        preferences.name: _join_each(
            mine, other, preferences.name, lambda a, b: rules.joined_preferences(a, b, moment)
        ),
        channel_uses.name: _join_each(mine, other, channel_uses.name, rules.joined_use),
        standings.name: [dict(zip(_STAND, s, strict=True)) for s in stands],
    }
    for table in carrying.JOINED:
        carrying.replace_rows(connection, table, other["customer"]["id"], [])
        carrying.replace_rows(connection, table, kept, joined[table.name])
        joined[table.name] = carrying.rows_of(connection, table, kept)
    return {"customer": customer, **joined}


def _by_channel(rows: Sequence[Row]) -> dict[str, Row]:
    return {row.get("channel", ""): row for row in rows}


def _join_each(
    mine: Mapping[str, Any], other: Mapping[str, Any], table: str, joined: Any
) -> list[Row]:
    own, theirs = _by_channel(mine[table]), _by_channel(other[table])
    both = {c: joined(own[c], theirs[c]) for c in own.keys() & theirs.keys()}
    return list({**own, **theirs, **both}.values())


def _join_addresses(mine: Mapping[str, Any], other: Mapping[str, Any]) -> list[Row]:
    said_yes = [{s.channel for s in _stands(side) if s.granted} for side in (mine, other)]

    def better(own: Row, theirs: Row) -> Row:
        channel = own["channel"]
        takes = rules.better_address(
            own,
            theirs,
            kept_yes=channel in said_yes[0],
            merged_yes=channel in said_yes[1],
        )
        return theirs if takes else own

    return _join_each(mine, other, addresses.name, better)


def _drop(connection: Connection, merged: int) -> None:
    connection.execute(delete(customers).where(customers.c.id == merged))


def _deny(connection: Connection, kept: int, noes: Sequence[Stand], merge_id: int, by: str) -> None:
    staff, proof = ConsentSource.STAFF.value, _proof(merge_id)
    rows = [(kept, *no, staff, proof, by[:80]) for no in noes]
    consents.append(connection, rows)


def _own_entries(connection: Connection, customer_id: int, merge_id: int) -> list[int]:
    own = (ledger.c.customer_id == customer_id, ledger.c.proof == _proof(merge_id))
    return list(connection.execute(select(ledger.c.id).where(*own).order_by(ledger.c.id)).scalars())


def _proof(merge_id: int) -> str:
    return f"merge {merge_id}: one of the two had said no"


def _identify(
    connection: Connection, kept: int, mine: Mapping[str, Any], other: Mapping[str, Any], at: int
) -> list[list[str]]:
    """Whatever either was found by finds the one who stays. Returns what was added."""
    wanted = {(IdentityKind.REF.value, side["customer"]["ref"]) for side in (mine, other)}
    wanted.add((IdentityKind.NUMBER.value, str(other["customer"]["id"])))
    for side in (mine, other):
        wanted |= {(_KIND_OF[a["channel"]], a["address_key"]) for a in side[addresses.name]}
    return [
        [kind, key]
        for kind, key in sorted(wanted)
        if bulk.insert(
            connection,
            identities,
            ("kind", "key", "customer_id", "at"),
            [(kind, key, kept, at)],
            on_conflict="ON CONFLICT DO NOTHING",
        )
    ]


# Parting ----------------------------------------------------------------------------------


def _standing_merge(connection: Connection, merge_id: int) -> Row:
    query = select(merges).where(merges.c.id == merge_id)
    if connection.dialect.name == "postgresql":
        query = query.with_for_update()
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFoundError(f"there is no merge {merge_id}. `campaigns merges` lists them.")
    if row["undone_at"] is not None:
        raise UserError(f"merge {merge_id} is undone already.")
    if row["before"] is None:
        raise UserError(f"merge {merge_id} cannot be undone: the person was erased.")
    later = select(merges.c.id).where(
        merges.c.id > merge_id,
        merges.c.undone_at.is_(None),
        (merges.c.winner_id == row["winner_id"]) | (merges.c.loser_id == row["winner_id"]),
    )
    in_the_way = connection.execute(later.order_by(merges.c.id.desc())).scalars().first()
    if in_the_way is not None:
        raise UserError(
            f"merge {in_the_way} came after it and took the same person further; undo that one "
            f"first: campaigns unmerge {in_the_way}"
        )
    return dict(row)


def _part_consents(
    connection: Connection, before: Mapping[str, Any], kept: int, merged: int
) -> None:
    """Entries of the merge's own go with it. What was said since stays; a no is said for both."""
    connection.execute(delete(ledger).where(ledger.c.id.in_(before["noes"])))
    query = select(ledger).where(ledger.c.customer_id == kept, ledger.c.id > before["upto"])
    since = [dict(r) for r in connection.execute(query.order_by(ledger.c.id)).mappings()]
    noes = [row for row in since if not row["granted"]]
    said = {kept: since, merged: noes}
    for side, customer_id in (("kept", kept), ("merged", merged)):
        stands = [Stand(*(r[n] for n in _STAND)) for r in said[customer_id]]
        rows = rules.newest((*_stands(before[side]), *stands))
        carrying.replace_rows(
            connection, standings, customer_id, [dict(zip(_STAND, s, strict=True)) for s in rows]
        )
    consents.append(connection, [_as_entry(row, merged) for row in noes])


def _as_entry(row: Row, customer_id: int) -> consents.LedgerRow:
    matter = (row["channel"], row["purpose"], row["topic"], row["granted"], row["at"])
    return (customer_id, *matter, row["source"], row["proof"], row["actor"])


def _part_profiles(
    connection: Connection, before: Mapping[str, Any], kept: int, merged: int
) -> None:
    now_is = _snapshot(connection, kept)
    mine, other, joined = before["kept"], before["merged"], before["joined"]
    row = rules.parted(now_is["customer"], joined["customer"], mine["customer"])
    connection.execute(update(customers).where(customers.c.id == kept).values(row))
    _part_preferences(connection, before, now_is, kept, merged)
    _part_uses(connection, before, now_is, kept, merged)
    own, theirs = [], []
    sides = [_by_channel(side[addresses.name]) for side in (now_is, joined, mine, other)]
    for channel in sorted(set().union(*sides)):
        present, was, my_own, their = (side.get(channel) for side in sides)
        if was is None:  # an address that came since
            pair: tuple[Row | None, Row | None] = (present, None)
        else:
            pair = rules.parted_addresses(present, was, my_own, their)
        own += [pair[0]] if pair[0] else []
        theirs += [pair[1]] if pair[1] else []
    carrying.replace_rows(connection, addresses, kept, own)
    carrying.replace_rows(connection, addresses, merged, theirs)


def _part_preferences(
    connection: Connection,
    before: Mapping[str, Any],
    now_is: Mapping[str, Any],
    kept: int,
    merged: int,
) -> None:
    name = preferences.name
    carrying.replace_rows(connection, preferences, merged, before["merged"][name])
    if now_is[name] == before["joined"][name]:
        carrying.replace_rows(connection, preferences, kept, before["kept"][name])
    elif now_is[name] and before["joined"][name] and before["kept"][name]:
        row = rules.parted(now_is[name][0], before["joined"][name][0], before["kept"][name][0])
        carrying.replace_rows(connection, preferences, kept, [row])


def _part_uses(
    connection: Connection,
    before: Mapping[str, Any],
    now_is: Mapping[str, Any],
    kept: int,
    merged: int,
) -> None:
    name = channel_uses.name
    present, was, mine, other = (
        _by_channel(side[name])
        for side in (now_is, before["joined"], before["kept"], before["merged"])
    )
    rows = dict(present)
    for channel, joined in was.items():
        row = rules.parted_use(present.get(channel), joined, mine.get(channel), other.get(channel))
        rows.pop(channel, None)
        if row is not None:
            rows[channel] = row
    carrying.replace_rows(connection, channel_uses, kept, list(rows.values()))
    carrying.replace_rows(connection, channel_uses, merged, before["merged"][name])


def _forget_added(connection: Connection, added: Sequence[Sequence[str]], kept: int) -> None:
    i = identities.c
    for kind, key in added:
        found = (i.kind == kind, i.key == key, i.customer_id == kept)
        connection.execute(delete(identities).where(*found))


def _part_deliveries(
    connection: Connection, before: Mapping[str, Any], kept: int, merged: int, since: int
) -> None:
    mine, other = (
        {a["address"] for a in before[side][addresses.name]} for side in ("kept", "merged")
    )
    joined_deliveries.part(
        connection,
        [Moved(*row) for row in before["deliveries"]],
        kept=kept,
        merged=merged,
        kept_addresses=mine,
        merged_addresses=other,
        since=since,
    )
    _follow_deliveries(connection, kept, merged)


def _follow_deliveries(connection: Connection, kept: int, merged: int) -> None:
    """What is known of a message goes to whose message it is."""
    for table in (interactions, clicks, contacts):
        own = select(deliveries.c.id).where(deliveries.c.id == table.c.delivery_id)
        whose = own.where(deliveries.c.customer_id == merged)
        connection.execute(
            update(table)
            .where(table.c.customer_id == kept, whose.exists())
            .values(customer_id=merged)
        )
