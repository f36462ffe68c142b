"""Taking back an opt-out that a reply was wrongly read as (an unclear one).

Nothing that was said goes away: the reply, the no in the ledger and its reading stay. Beside the
no the ledger gets what stood before it, in the name of whoever read the reply; and the suppression
that this no alone made goes. Any other no, before it or since, stands.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, TypeAlias

from sqlalchemy import Connection, delete, select, update

from campaigns.domain.answer import AnswerKind, InboxLine
from campaigns.domain.channel import Channel
from campaigns.domain.consent import ALL_TOPICS, ConsentSource, Purpose, Standing, permits
from campaigns.domain.delivery import DeliveryState
from campaigns.domain.interaction import InteractionKind
from campaigns.store import consents as ledger
from campaigns.store.clock import from_ms, to_ms
from campaigns.store.consents import LedgerRow
from campaigns.store.schema import addresses, answers, consents, interactions, suppressions

#: Customer and channel.
_Who: TypeAlias = tuple[int, str]


class _Noes(NamedTuple):
    """The unclear replies of one inbox line: the proofs that their noes have, and the last one's
    moment in ms."""

    proofs: Sequence[str]
    last: int
    everywhere: bool


def take_back(connection: Connection, line: InboxLine, *, by: str, now: datetime) -> bool:
    """Undo what an unclear reply did, for everybody whom it was taken for. The caller has barred
    intents. False when nothing of it is in force any more."""
    noes = _noes(connection, line)
    if not noes.proofs:
        return False
    keys = _keys(connection, line, everywhere=noes.everywhere)
    before = _before(connection, keys, noes.proofs)
    at = max(to_ms(now), noes.last + 1, _after(before))
    rows = [row for who, (kept, current) in before.items()
            for row in _restored(who, kept, current, at, by, noes.proofs[-1])]  # fmt: skip
    ledger.append(connection, rows)
    lifted = _lift(connection, keys - _barred_keys(connection, before), noes.last)
    _confirm_nothing(connection, line, at)
    return bool(rows) or lifted > 0


def _noes(connection: Connection, line: InboxLine) -> _Noes:
    i = interactions.c
    kin = [str(c) for c in Channel if c.address_kind is line.channel.address_kind]
    query = (
        select(i.source_key, i.at, i.channel, i.data)
        .where(
            i.customer_id == line.customer_id,
            i.kind == str(InteractionKind.UNSUBSCRIBED),
            i.channel.in_(kin),
            i.at.between(to_ms(line.opened_at), to_ms(line.last_at)),
        )
        .order_by(i.at)
    )
    found = [row for row in connection.execute(query) if (row.data or {}).get("unclear")]
    proofs = [f"{InteractionKind.UNSUBSCRIBED} on {r.channel}: {r.source_key}" for r in found]
    everywhere = any(r.data.get("everywhere") for r in found)
    return _Noes(proofs, max((r.at for r in found), default=0), everywhere)


def _keys(connection: Connection, line: InboxLine, *, everywhere: bool) -> set[str]:
    a = addresses.c
    query = select(a.address_key).where(a.customer_id == line.customer_id)
    if not everywhere:
        query = query.where(a.channel == str(line.channel))
    return set(connection.execute(query).scalars())


def _before(
    connection: Connection, keys: Collection[str], proofs: Sequence[str]
) -> dict[_Who, tuple[list[Standing], list[Standing]]]:
    """For each customer and channel that a no of these was taken for: what the ledger says without
    it, and with it."""
    c, a = consents.c, addresses.c
    owners = set(connection.execute(select(a.customer_id).where(a.address_key.in_(keys))).scalars())
    query = (
        select(c.customer_id, c.channel, c.topic, c.granted, c.at, c.proof)
        .where(c.customer_id.in_(owners), c.purpose == str(Purpose.MARKETING))
        .order_by(c.at, c.granted.desc())
    )
    kept: dict[_Who, dict[str, Standing]] = {}
    current: dict[_Who, dict[str, Standing]] = {}
    taken_for: set[_Who] = set()
    for row in connection.execute(query):
        who = (row.customer_id, row.channel)
        standing = Standing(row.topic, bool(row.granted), from_ms(row.at))
        current.setdefault(who, {})[row.topic] = standing
        if row.proof in proofs:
            taken_for.add(who)
        else:
            kept.setdefault(who, {})[row.topic] = standing
    return {
        who: (list(kept.get(who, {}).values()), list(current[who].values()))
        for who in sorted(taken_for)
    }


def _after(before: Mapping[_Who, tuple[list[Standing], list[Standing]]]) -> int:
    """Just after all that the ledger says: a no over a yes that a clock dated ahead counts from
    that yes's moment on (domain.consent.no_counts_from)."""
    return max((to_ms(s.at) + 1 for _, current in before.values() for s in current), default=0)


def _restored(
    who: _Who,
    kept: Sequence[Standing],
    current: Sequence[Standing],
    at: int,
    by: str,
    no: str,
) -> list[LedgerRow]:
    """Entries that make the ledger permit again what it permitted. Of two of one moment the no
    decides, so a yes to all topics goes with the noes to single ones that stood beside it."""
    topics = {standing.topic for standing in kept}
    wanted = {t: permits(kept, Purpose.MARKETING, t) for t in topics}
    if all(permits(current, Purpose.MARKETING, t) == yes for t, yes in wanted.items()):
        return []
    with_noes = wanted.get(ALL_TOPICS, False)
    return [
        (
            who[0],
            who[1],
            str(Purpose.MARKETING),
            topic,
            yes,
            at,
            str(ConsentSource.STAFF),
            f"as it stood before; taken back: {no}",
            by[:80],
        )
        for topic, yes in sorted(wanted.items())
        if yes or with_noes
    ]


def _barred_keys(
    connection: Connection, before: Mapping[_Who, tuple[list[Standing], list[Standing]]]
) -> set[str]:
    """Addresses for which another no to all topics stands, of anybody who has them."""
    barred: set[str] = set()
    for (customer_id, channel), (kept, _) in before.items():
        if any(s.topic == ALL_TOPICS and not s.granted for s in kept):
            a = addresses.c
            query = select(a.address_key).where(a.customer_id == customer_id, a.channel == channel)
            barred |= set(connection.execute(query).scalars())
    return barred


def _lift(connection: Connection, keys: Collection[str], last: int) -> int:
    s = suppressions.c
    return connection.execute(
        delete(suppressions).where(
            s.address_key.in_(keys),
            s.purpose == "marketing",
            s.reason == "opted_out",
            s.at <= last,
        )
    ).rowcount


def _confirm_nothing(connection: Connection, line: InboxLine, at: int) -> None:
    """A confirmation that has not left would be wrong."""
    a = answers.c
    connection.execute(
        update(answers)
        .where(
            a.customer_id == line.customer_id,
            a.kind == str(AnswerKind.CONFIRMATION),
            a.state == str(DeliveryState.PENDING),
            a.created_at.between(to_ms(line.opened_at), to_ms(line.last_at)),
        )
        .values(
            state=str(DeliveryState.CANCELLED),
            outcome="the reply was no opt-out",
            settled_at=at,
        )
    )
