"""Providers' events, many at once: one transaction, on disk when it ends, the same in any order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property

import orjson
from sqlalchemy import Connection, text

from campaigns.domain.delivery import PROVIDER_ORDER, ProviderState
from campaigns.domain.interaction import InteractionKind
from campaigns.domain.provider_event import ProviderEvent, Recorded
from campaigns.store import answers, bulk, clicks, contacts, interactions
from campaigns.store.clock import from_ms, to_ms
from campaigns.store.engine import Database, bar_intents
from campaigns.store.event_matching import Match, Matching, Sent
from campaigns.store.hashing import AddressHash
from campaigns.store.hops import reached_after_all
from campaigns.store.inbox import note_replies
from campaigns.store.interactions import EventRow
from campaigns.store.locking import Locking
from campaigns.store.opting import NOES, record_wishes
from campaigns.store.schema import unmatched_events
from campaigns.store.settling import ACCEPT_LATE, RECORD_SENT

_STATES = {InteractionKind(str(state)): state for state in ProviderState}
_RANK = {state: rank for rank, state in enumerate(PROVIDER_ORDER)}
#: Said of an answer, these concern the person too.
_OF_THE_PERSON = frozenset({*NOES, InteractionKind.BOUNCED})
_LONGEST_ID = 120  # the column's width


class SqlEvidence:
    """Implements services.record_events.Evidence."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._locking = Locking(database.dialect)

    @cached_property
    def _hashing(self) -> AddressHash:
        with self._database.read() as connection:
            return AddressHash.load(connection)

    def record(self, events: Sequence[ProviderEvent], *, now: datetime) -> Recorded:
        """See services.record_events.Evidence."""
        if not events:
            return Recorded()
        hashing = self._hashing
        with self._database.write() as connection:
            if any(e.kind in NOES or e.dead_address for e in events):
                bar_intents(connection)
            self._locking.by_index(connection)
            self._locking.hold_deliveries(connection, {e.delivery_id or 0 for e in events})
            replied, others = _of_answers(connection, events, now)
            matches = Matching(connection, hashing).match(others)
            recorded = replied + _write(connection, matches, to_ms(now))
            # A message that was replaced by one on another channel may have arrived after all.
            reached_after_all(connection, {m.sent.id for m in matches if m.sent}, now=now)
            return recorded

    def provider_states(self, run_id: int) -> dict[str, int]:
        """What the providers told of a run's messages, counted."""
        query = text(
            "SELECT provider_state AS state, count(*) AS number FROM deliveries "
            "WHERE run_id = :run AND provider_state IS NOT NULL GROUP BY provider_state"
        )
        with self._database.read() as connection:
            return {row.state: row.number for row in connection.execute(query, {"run": run_id})}

    def unmatched(self) -> dict[str, int]:
        """Events that match nothing, by why."""
        query = text("SELECT why, count(*) AS number FROM unmatched_events GROUP BY why")
        with self._database.read() as connection:
            return {row.why: row.number for row in connection.execute(query)}


def _of_answers(
    connection: Connection, events: Sequence[ProviderEvent], now: datetime
) -> tuple[Recorded, list[ProviderEvent]]:
    """Events that carry an answer's number, which is below zero. What they tell of the person (a
    complaint, a dead address) goes the way of all events, by the address."""
    about = [e for e in events if (e.delivery_id or 0) < 0]
    if not about:
        return Recorded(), list(events)
    known = answers.prove(connection, about, now)
    others = [
        replace(e, delivery_id=None) if (e.delivery_id or 0) < 0 else e
        for e in events
        if (e.delivery_id or 0) >= 0 or e.kind in _OF_THE_PERSON
    ]
    return Recorded(known=known, unmatched=len(about) - known), others


def _write(connection: Connection, matches: Sequence[Match], now: int) -> Recorded:
    _accept(connection, matches, now)
    _move_states(connection, matches)
    rows = {r.source_key: r for r in map(_row, matches) if r is not None}
    # In one order everywhere: two transactions that meet wait, and do not block each other.
    written = interactions.record(connection, [rows[key] for key in sorted(rows)])
    strangers = _keep_unmatched(connection, matches, now)
    # What is told again must not act again: the customer may have changed it since.
    fresh = [m for m in matches if m.event.key in written or m.event.key in strangers]
    _mark_dead(connection, fresh, now)
    record_wishes(connection, fresh, from_ms(now))
    note_replies(connection, fresh, now)
    clicks.doubt_too_soon(connection, _arrivals(fresh))
    unmatched = sum(m.why is not None for m in matches)
    return Recorded(len(written), len(matches) - len(written) - unmatched, unmatched)


def _accept(connection: Connection, matches: Sequence[Match], now: int) -> None:
    """An event with our id is proof that the provider has the message: unfenced."""
    at = from_ms(now)
    sent: dict[int, tuple[Sent, str | None]] = {}
    for match in matches:
        if match.sent is not None:
            known = sent.get(match.sent.id, (match.sent, None))[1]
            sent[match.sent.id] = (match.sent, known or match.event.provider_id)
    rows = [(i, p and p[:_LONGEST_ID]) for i, (_, p) in sorted(sent.items())]
    columns = {"id": "bigint", "provider_id": "text"}
    contacts.count_again(connection, _run(connection, ACCEPT_LATE, columns, rows, now=now), at)
    rows = [row for row in rows if sent[row[0]][0].known]
    _run(connection, RECORD_SENT, columns, rows, now=now)


def _move_states(connection: Connection, matches: Sequence[Match]) -> None:
    """Forward only."""
    furthest: dict[int, ProviderState] = {}
    for match in matches:
        state = _STATES.get(match.event.kind)
        if match.sent is not None and state is not None:
            before = furthest.setdefault(match.sent.id, state)
            furthest[match.sent.id] = max(before, state, key=_RANK.__getitem__)
    rows = [(i, str(state), _RANK[state]) for i, state in sorted(furthest.items())]
    _run(connection, _MOVE, {"id": "bigint", "state": "text", "rank": "bigint"}, rows)


def _row(match: Match) -> EventRow | None:
    """The event on a timeline; none for one that says only that the provider has it."""
    event, customer_id = match.event, match.customer_id
    if event.kind is InteractionKind.SENT or match.why is not None or not customer_id:
        return None
    return EventRow(
        customer_id,
        to_ms(event.at),
        str(event.kind),
        str(event.channel),
        match.sent.id if match.sent else None,
        event.key,
        orjson.dumps(dict(event.data)).decode() if event.data else None,
        str(event.agent) if event.agent else None,
    )


def _keep_unmatched(connection: Connection, matches: Sequence[Match], now: int) -> set[str]:
    """What belongs to nobody. Returns the keys that were not kept yet."""
    found = {m.event.key: m for m in matches if m.why is not None}
    rows = [_unmatched_row(found[key], now) for key in sorted(found)]
    if not rows:
        return set()
    dialect = bulk.dialect_of(connection)
    data = "given.data" if dialect == "sqlite" else "CAST(given.data AS jsonb)"
    given = bulk.rows_sql(dialect, _UNMATCHED_COLUMNS)
    statement = text(_KEEP.format(given=given, data=data))
    written = connection.execute(statement, bulk.rows_parameters(dialect, rows))
    return set(written.scalars())


def _unmatched_row(match: Match, now: int) -> tuple[object, ...]:
    event = match.event
    data = orjson.dumps(dict(event.data)).decode() if event.data else None
    kind, channel, why = str(event.kind), str(event.channel), str(match.why)
    return event.key, to_ms(event.at), kind, channel, why, match.key, data, now


def _mark_dead(connection: Connection, fresh: Sequence[Match], now: int) -> None:
    """Do not try these addresses again, unless they have been corrected meanwhile."""
    rows = set()
    for match in fresh:
        if match.event.dead_address:
            channel = str(match.event.channel)
            rows |= {(o.customer_id, channel, o.address) for o in match.owners}
            if match.sent is not None and match.sent.address is not None:
                rows.add((match.sent.customer_id, channel, match.sent.address))
    columns = {"customer_id": "bigint", "channel": "text", "address": "text"}
    _run(connection, _DEAD, columns, sorted(rows), now=now)


def _arrivals(fresh: Iterable[Match]) -> list[tuple[int, int]]:
    """Deliveries that arrived, and when: what was clicked before or at once was no reader."""
    return [
        (m.sent.id, to_ms(m.event.at))
        for m in fresh
        if m.event.kind is InteractionKind.DELIVERED and m.sent is not None
    ]


def _run(
    connection: Connection,
    statement: str,
    columns: dict[str, str],
    rows: Sequence[tuple[object, ...]],
    **values: object,
) -> list[int]:
    """The ids that the statement returns, if it returns any."""
    if not rows:
        return []
    result = bulk.over(connection, statement, columns, rows, **values)
    return list(result.scalars()) if result.returns_rows else []


_MOVE = f"""
UPDATE deliveries SET provider_state = given.state
  FROM {{given}} AS given
 WHERE deliveries.id = given.id AND (deliveries.provider_state IS NULL OR given.rank >
   CASE deliveries.provider_state
   {" ".join(f"WHEN '{state}' THEN {rank}" for state, rank in _RANK.items())} ELSE -1 END)
"""  # noqa: S608 - our own words
_DEAD = """
UPDATE addresses SET status = 'bounced', updated_at = :now
  FROM {given} AS given
 WHERE addresses.customer_id = given.customer_id AND addresses.channel = given.channel
   AND addresses.address = given.address AND addresses.status = 'active'
"""
_UNMATCHED_COLUMNS = {
    "key": "text",
    "at": "bigint",
    "kind": "text",
    "channel": "text",
    "why": "text",
    "address_key": "text",
    "data": "text",
    "received_at": "bigint",
}
_KEEP = f"""
INSERT INTO {unmatched_events.name} (key, at, kind, channel, why, address_key, data, received_at)
SELECT given.key, given.at, given.kind, given.channel, given.why, given.address_key, {{data}},
       given.received_at
  FROM {{given}} AS given WHERE true
    ON CONFLICT (key) DO NOTHING
RETURNING key
"""  # noqa: S608 - our own words
