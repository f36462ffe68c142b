"""Two who were made one part again, in one transaction.

Everything is as it was before the merge, except for what came since: that stays with the one who
stayed, but a no that was said meanwhile holds for both, and a message that left meanwhile belongs
to whose address it went.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from campaigns.domain import joining as rules
from campaigns.domain.joining import Row, Stand
from campaigns.errors import NotFoundError, UserError
from campaigns.store import carrying, consents, joined_deliveries
from campaigns.store.append_only import close_ledger, open_ledger
from campaigns.store.clock import to_ms
from campaigns.store.engine import bar_intents
from campaigns.store.interactions import learn_anew
from campaigns.store.joined_deliveries import Moved
from campaigns.store.joining import STAND, by_channel, snapshot, stands
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
    own = update(identities).where(identities.c.customer_id == merged, identities.c.was == merged)
    connection.execute(own.values(was=None))
    _part_profiles(connection, before, kept, merged)
    _forget_added(connection, before["added"], kept)
    _part_deliveries(connection, before, kept, merged, merge["at"])
    done = update(merges).where(merges.c.id == merge_id)
    connection.execute(done.values(undone_at=to_ms(now), before=None))
    return kept, merged


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
    open_ledger(connection, kept)
    connection.execute(delete(ledger).where(ledger.c.id.in_(before["noes"])))
    close_ledger(connection, kept)
    query = select(ledger).where(ledger.c.customer_id == kept, ledger.c.id > before["upto"])
    since = [dict(r) for r in connection.execute(query.order_by(ledger.c.id)).mappings()]
    noes = [row for row in since if not row["granted"]]
    said = {kept: since, merged: noes}
    for side, customer_id in (("kept", kept), ("merged", merged)):
        fresh = [Stand(*(r[n] for n in STAND)) for r in said[customer_id]]
        rows = rules.newest((*stands(before[side]), *fresh))
        carrying.replace_rows(
            connection, standings, customer_id, [dict(zip(STAND, s, strict=True)) for s in rows]
        )
    consents.append(connection, [_as_entry(row, merged) for row in noes])


def _as_entry(row: Row, customer_id: int) -> consents.LedgerRow:
    matter = (row["channel"], row["purpose"], row["topic"], row["granted"], row["at"])
    return (customer_id, *matter, row["source"], row["proof"], row["actor"])


def _part_profiles(
    connection: Connection, before: Mapping[str, Any], kept: int, merged: int
) -> None:
    now_is = snapshot(connection, kept)
    row = rules.parted(now_is["customer"], before["joined"]["customer"], before["kept"]["customer"])
    connection.execute(update(customers).where(customers.c.id == kept).values(row))
    _part_preferences(connection, before, now_is, kept, merged)
    _part_uses(connection, before, now_is, kept, merged)
    _part_addresses(connection, before, now_is, kept, merged)


def _part_addresses(
    connection: Connection,
    before: Mapping[str, Any],
    now_is: Mapping[str, Any],
    kept: int,
    merged: int,
) -> None:
    own, theirs = [], []
    states = (now_is, before["joined"], before["kept"], before["merged"])
    sides = [by_channel(state[addresses.name]) for state in states]
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
    present, was, mine = (
        by_channel(side[name]) for side in (now_is, before["joined"], before["kept"])
    )
    rows = dict(present)
    for channel, joined in was.items():
        row = rules.parted_use(present.get(channel), joined, mine.get(channel))
        rows.pop(channel, None)
        if row is not None:
            rows[channel] = row
    carrying.replace_rows(connection, channel_uses, kept, list(rows.values()))
    carrying.replace_rows(connection, channel_uses, merged, before["merged"][name])
    learn_anew(connection, (kept, merged))


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
