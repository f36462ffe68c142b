"""Two profiles become one, in one transaction.

The one who stays takes over every row of the other, whose own row goes: no audience, import or
event can find two where there is one. What both had is joined by the rules of domain.joining. All
that it takes to part them again (store.parting) is kept in `merges.before`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, delete, func, insert, select, update

from campaigns.domain import joining as rules
from campaigns.domain.consent import ConsentSource
from campaigns.domain.identity import IdentityKind
from campaigns.domain.joining import Row, Stand
from campaigns.errors import NotFoundError, UserError
from campaigns.store import bulk, carrying, consents, inbox, joined_deliveries
from campaigns.store.clock import to_ms
from campaigns.store.engine import bar_intents
from campaigns.store.interactions import learn_anew
from campaigns.store.schema import (
    addresses,
    best_hours,
    channel_uses,
    customers,
    identities,
    merges,
    preferences,
    standings,
)
from campaigns.store.schema import consents as ledger

STAND = ("channel", "purpose", "topic", "granted", "at")
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
    mine, other = (snapshot(connection, c) for c in (kept, merged))
    moment = to_ms(now)
    merge_id = _enter(connection, mine["customer"], other["customer"], by, why, moment)
    upto = connection.execute(select(func.max(ledger.c.id))).scalar() or 0
    noes = rules.noes_needed(stands(mine), stands(other), moment)
    inbox.yield_to(connection, merged, kept, moment)
    _remember_whose(connection, merged)
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
    before["added"] = _identify(connection, merge_id, mine, other, moment)
    connection.execute(update(merges).where(merges.c.id == merge_id).values(before=_plain(before)))
    return merge_id


def _plain(before: dict[str, Any]) -> dict[str, Any]:
    """With names as plain text: columns' names are a kind of text that JSON does not know."""
    written: dict[str, Any] = orjson.loads(orjson.dumps(before, option=orjson.OPT_NON_STR_KEYS))
    return written


def snapshot(connection: Connection, customer_id: int) -> dict[str, Any]:
    """A customer's own row, held, and those that are joined by a rule. Raises NotFoundError."""
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


def stands(snapshot: Mapping[str, Any]) -> list[Stand]:
    """What the ledger says in a snapshot."""
    return [Stand(*(row[name] for name in STAND)) for row in snapshot[standings.name]]


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
    joint = rules.newest((*stands(mine), *stands(other), *noes))
    joined = {
        addresses.name: _join_addresses(mine, other),
        preferences.name: _join_each(
            mine, other, preferences.name, lambda a, b: rules.joined_preferences(a, b, moment)
        ),
        channel_uses.name: _join_each(mine, other, channel_uses.name, rules.joined_use),
        standings.name: [dict(zip(STAND, s, strict=True)) for s in joint],
    }
    for table in carrying.JOINED:
        carrying.replace_rows(connection, table, other["customer"]["id"], [])
        carrying.replace_rows(connection, table, kept, joined[table.name])
        joined[table.name] = carrying.rows_of(connection, table, kept)
    learn_anew(connection, (kept,))
    return {"customer": customer, **joined}


def by_channel(rows: Sequence[Row]) -> dict[str, Row]:
    """Rows by their channel; preferences have none."""
    return {row.get("channel", ""): row for row in rows}


def _join_each(
    mine: Mapping[str, Any], other: Mapping[str, Any], table: str, joined: Any
) -> list[Row]:
    own, theirs = by_channel(mine[table]), by_channel(other[table])
    both = {c: joined(own[c], theirs[c]) for c in own.keys() & theirs.keys()}
    return list({**own, **theirs, **both}.values())


def _join_addresses(mine: Mapping[str, Any], other: Mapping[str, Any]) -> list[Row]:
    said_yes = [{s.channel for s in stands(side) if s.granted} for side in (mine, other)]

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
    connection.execute(delete(best_hours).where(best_hours.c.customer_id == merged))
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


def _remember_whose(connection: Connection, merged: int) -> None:
    """Of what finds the merged profile: that it did. An import of theirs then knows its past."""
    i = identities.c
    found = update(identities).where(i.customer_id == merged, i.was.is_(None))
    connection.execute(found.values(was=merged))


def _identify(
    connection: Connection,
    merge_id: int,
    mine: Mapping[str, Any],
    other: Mapping[str, Any],
    at: int,
) -> list[list[str]]:
    """Whatever either was found by finds the one who stays. Returns what was added."""
    kept, merged = mine["customer"]["id"], other["customer"]["id"]
    rows: list[tuple[str, str, int | None]] = [(IdentityKind.NUMBER.value, str(merged), merged)]
    for side, whose in ((mine, None), (other, merged)):  # what both have is the one's who stays
        rows.append((IdentityKind.REF.value, side["customer"]["ref"], whose))
        rows += [(_KIND_OF[a["channel"]], a["address_key"], whose) for a in side[addresses.name]]
    columns = ("kind", "key", "customer_id", "at", "source", "was")
    return [
        [kind, key]
        for kind, key, whose in rows
        if bulk.insert(
            connection,
            identities,
            columns,
            [(kind, key, kept, at, f"merge {merge_id}", whose)],
            on_conflict="ON CONFLICT DO NOTHING",
        )
    ]
