"""Messages in doubt: which there are, what is known of them, and what their lists showed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import (
    Connection,
    Row,
    Select,
    and_,
    false,
    literal_column,
    or_,
    select,
    true,
)

from campaigns.domain.audit import Action, AuditEntry
from campaigns.domain.channel import Channel
from campaigns.domain.delivery import DeliveryState
from campaigns.domain.evidence import Doubt, Finding, Judgement, Verdict, next_look
from campaigns.store import audit, bulk
from campaigns.store.clock import from_ms, from_ms_or_none, to_ms, to_ms_or_none
from campaigns.store.engine import Database
from campaigns.store.schema import campaigns, deliveries, doubts, messages, runs
from campaigns.store.settling import Settling

#: Literal, as in the partial index.
_IN_DOUBT = deliveries.c.state == literal_column("'in_doubt'")
_SETTLED_QUESTIONS = (Finding.SEEN, Finding.TWICE)

# Whoever has the same address is looked at too: a text to a shared number is the number's.
_SAME_ADDRESS = """
  FROM deliveries d
  JOIN addresses a ON a.customer_id = d.customer_id AND a.channel = d.channel
  JOIN addresses b ON b.address_key = a.address_key
"""
_KNOWN = f"""
SELECT DISTINCT d.id, other.provider_id {_SAME_ADDRESS}
  JOIN interactions i ON i.customer_id = b.customer_id AND i.kind = 'sent'
  JOIN deliveries other ON other.id = i.delivery_id AND other.id <> d.id
 WHERE d.id IN (SELECT id FROM {{given}} AS given) AND other.provider_id IS NOT NULL
"""  # noqa: S608 - our own words
_TWINS = f"""
SELECT DISTINCT d.id {_SAME_ADDRESS}
  JOIN deliveries other ON other.campaign_id = d.campaign_id AND other.step = d.step
   AND other.customer_id = b.customer_id AND NOT other.replaced AND other.id <> d.id
   AND other.channel = d.channel AND other.state IN ('sending', 'in_doubt')
  JOIN messages own ON own.delivery_id = d.id
  JOIN messages its ON its.delivery_id = other.id AND its.hash = own.hash
 WHERE d.id IN (SELECT id FROM {{given}} AS given)
"""  # noqa: S608 - our own words
_REMEMBER = (
    "ON CONFLICT (delivery_id) DO UPDATE SET looks = doubts.looks + 1, "
    "looked_at = excluded.looked_at, next_look_at = excluded.next_look_at, "
    "finding = excluded.finding, told = excluded.told"
)
_LONGEST_TOLD = 300


class SqlDoubts:
    """Implements services.reconcile.Doubts."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._settling = Settling(database.dialect)

    def listed(self) -> list[Doubt]:
        """Everything in doubt, the oldest first."""
        return self._read(_query(_IN_DOUBT))

    def due(self, *, now: datetime, most: int, all_: bool) -> list[Doubt]:
        """What is to be looked for now (`all_`: whether or not it is its time), the oldest first:
        what is in doubt, and what a person decided on and no list has confirmed."""
        in_time = or_(
            true() if all_ else false(),
            doubts.c.delivery_id.is_(None),
            doubts.c.looks == 0,
            doubts.c.next_look_at <= to_ms(now),
        )
        decided = and_(
            doubts.c.resolved.is_not(None),
            doubts.c.next_look_at.is_not(None),
            or_(doubts.c.finding.is_(None), doubts.c.finding.not_in(_SETTLED_QUESTIONS)),
        )
        # Two queries: the one goes by the index of what is in doubt, the other by `doubts`.
        found = self._read(_query(and_(_IN_DOUBT, in_time)).limit(most))
        asked = {d.delivery_id for d in found}
        again = self._read(_query(and_(decided, in_time)).limit(most))
        return [*found, *(d for d in again if d.delivery_id not in asked)][:most]

    def rivals(self, ids: Sequence[int]) -> tuple[dict[int, set[str]], set[int]]:
        """Of messages in doubt: the provider ids that belong to other messages to the same
        address, and which of them have a twin in doubt (the same words to the same address)."""
        if not ids:
            return {}, set()
        given, rows = {"id": "bigint"}, [(i,) for i in ids]
        known: dict[int, set[str]] = {}
        with self._database.read() as connection:
            for delivery_id, provider_id in bulk.over(connection, _KNOWN, given, rows):
                known.setdefault(delivery_id, set()).add(provider_id)
            twins = set(bulk.over(connection, _TWINS, given, rows).scalars())
        return known, twins

    def record(
        self, found: Sequence[tuple[Doubt, Judgement]], *, now: datetime
    ) -> Mapping[Finding, int]:
        """Write what a look showed, in one transaction: what was seen is accepted, with its `sent`
        interaction; what a person sent twice is put on the audit trail."""
        counts: dict[Finding, int] = {}
        with self._database.write() as connection:
            seen = {
                d.delivery_id: j.provider_id
                for d, j in found
                if j.finding is Finding.SEEN and d.state is not DeliveryState.ACCEPTED
            }
            if seen:
                self._settling.accept(connection, seen, now=now)
            for doubt, judgement in found:
                counts[judgement.finding] = counts.get(judgement.finding, 0) + 1
                if judgement.finding is Finding.TWICE:
                    audit.append(connection, _twice(doubt, judgement, now))
            _remember(connection, found, now)
        return counts

    def _read(self, query: Select[Any]) -> list[Doubt]:
        with self._database.read() as connection:
            return [_doubt(row) for row in connection.execute(query)]


def _query(which: Any) -> Select[Any]:
    d = deliveries.c
    return (
        select(
            d.id,
            d.customer_id,
            d.run_id,
            d.channel,
            d.state,
            d.skeleton_id,
            d.provider_id,
            d.outcome,
            d.settled_at,
            campaigns.c.name,
            campaigns.c.edition,
            runs.c.started_at,
            messages.c.address,
            messages.c.slot_values,
            doubts,
        )
        .join(runs, runs.c.id == d.run_id)
        .join(campaigns, campaigns.c.id == d.campaign_id)
        .outerjoin(messages, messages.c.delivery_id == d.id)
        .outerjoin(doubts, doubts.c.delivery_id == d.id)
        .where(which)
        .order_by(d.settled_at, d.id)
    )


def _doubt(row: Row[Any]) -> Doubt:
    return Doubt(
        delivery_id=row.id,
        customer_id=row.customer_id,
        run_id=row.run_id,
        campaign=row.name,
        edition=row.edition,
        channel=Channel(row.channel),
        state=DeliveryState(row.state),
        skeleton_id=row.skeleton_id,
        address=row.address,
        values=None if row.slot_values is None else orjson.loads(row.slot_values),
        provider_id=row.provider_id,
        outcome=row.outcome,
        since=from_ms(row.started_at),
        # A row that fell in doubt before that moment was kept: its run's start is the best known.
        fell=from_ms(row.settled_at if row.settled_at is not None else row.started_at),
        looks=row.looks or 0,
        looked_at=from_ms_or_none(row.looked_at),
        finding=None if row.finding is None else Finding(row.finding),
        told=row.told,
        resolved=None if row.resolved is None else Verdict(row.resolved),
    )


def _remember(
    connection: Connection, found: Sequence[tuple[Doubt, Judgement]], now: datetime
) -> None:
    bulk.insert(
        connection,
        doubts,
        ("delivery_id", "looks", "looked_at", "next_look_at", "finding", "told"),
        [
            (
                d.delivery_id,
                1,
                to_ms(now),
                to_ms_or_none(next_look(d.looks + 1, j.finding, fell=d.fell, now=now)),
                str(j.finding),
                j.told[:_LONGEST_TOLD],
            )
            for d, j in found
        ],
        on_conflict=_REMEMBER,
    )


def _twice(doubt: Doubt, judgement: Judgement, now: datetime) -> AuditEntry:
    return AuditEntry(
        at=now,
        actor="campaigns",
        action=Action.CONFLICTED,
        subject=f"delivery:{doubt.delivery_id}",
        why=judgement.told,
        data={"provider_id": judgement.provider_id},
    )
