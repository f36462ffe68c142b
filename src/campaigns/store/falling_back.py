"""Fallback: what surely failed is replaced by the next hop, in one transaction.

Reading what failed, choosing by the profile as it is now, marking the failed row and adding the
next one happen under one lock: nobody sees a customer without a standing row, or with two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, text
from sqlalchemy.exc import IntegrityError

from campaigns.domain.channel import PUBLIC, Channel
from campaigns.domain.delivery import DeliveryState, ProviderState
from campaigns.domain.fallback import Decide, Failed, tried_by, what_failed
from campaigns.domain.interaction import InteractionKind
from campaigns.domain.plan import PlannedDelivery, PlannedSkip
from campaigns.domain.reason import Reason
from campaigns.domain.release import Release
from campaigns.domain.run import Run
from campaigns.store import bulk, contacts
from campaigns.store.candidates import profiles_of
from campaigns.store.clock import to_ms
from campaigns.store.engine import Database, hold_intent
from campaigns.store.releases import load_skeleton_ids
from campaigns.store.resolving import reopen
from campaigns.store.schema import FAILED, deliveries, interactions
from campaigns.store.steps import step_numbers

# The predicate as in the partial index, so that the databases see that it fits.
_FAILED = f"""
SELECT id, campaign_id, step, hop, customer_id, shard, channel, reason, state, provider_state
  FROM deliveries
 WHERE run_id = :run AND {FAILED} AND settled_at >= :since AND customer_id <> {PUBLIC}
 ORDER BY settled_at LIMIT :most {{lock}}
"""  # noqa: S608 - our own words
_RUNS = text(
    f"""
SELECT id FROM runs
 WHERE state = 'finished' AND (expires_at IS NULL OR expires_at > :now)
   AND id IN (SELECT run_id FROM deliveries WHERE {FAILED} AND settled_at >= :since)
 ORDER BY id
"""  # noqa: S608 - our own words
)
# `finished_at` of a running run tells that it was opened again (store.resolving.reopen).
_OPENED_AGAIN = text(
    """
SELECT id FROM runs
 WHERE state = 'running' AND finished_at IS NOT NULL AND EXISTS (
   SELECT 1 FROM deliveries d
    WHERE d.run_id = runs.id AND d.state = 'pending' AND d.not_before <= :now)
 ORDER BY id
"""
)
_REPLACE = """
UPDATE deliveries SET replaced = true FROM {given} AS given WHERE deliveries.id = given.id
"""
_LEAVE = """
UPDATE deliveries SET no_fallback = given.reason FROM {given} AS given
 WHERE deliveries.id = given.id
"""
_COLUMNS = (
    "campaign_id", "step", "hop", "customer_id", "run_id", "shard", "channel", "skeleton_id",
    "reason", "state", "attempts", "not_before",
)  # fmt: skip


class SqlFallbacks:
    """Implements services.fall_back.Fallbacks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def finished_runs(self, *, since: datetime, now: datetime) -> list[int]:
        """Finished runs with messages that failed after `since` and have not been looked at."""
        with self._database.read() as connection:
            moments = {"since": to_ms(since), "now": to_ms(now)}
            return list(connection.execute(_RUNS, moments).scalars())

    def opened_again(self, *, now: datetime) -> list[int]:
        """Runs that had finished, were opened again, and have something due."""
        with self._database.read() as connection:
            return list(connection.execute(_OPENED_AGAIN, {"now": to_ms(now)}).scalars())

    def replace(
        self,
        run: Run,
        release: Release,
        decide: Decide,
        *,
        since: datetime,
        now: datetime,
        most: int,
    ) -> tuple[int, int] | None:
        """Look at up to `most` failed messages of the run: one transaction. Returns how many were
        looked at and how many got a next hop; None where the run has finished and another run of
        its campaign is under way: then nothing has been changed."""
        try:
            with self._database.write() as connection:
                hold_intent(connection)  # the run may be ending at this moment
                failed = self._failed(connection, run, since, most)
                if not failed:
                    return 0, 0
                # What did not arrive must not stand in its own fallback's way.
                contacts.forget(connection, [(f.customer_id, f.delivery_id) for _, f in failed])
                hops, left = _decide(connection, release, failed, decide, now)
                _write(connection, run, hops, left)
                if hops:
                    reopen(connection, run.id)
        except IntegrityError:  # the unique index of active runs
            return None
        return len(failed), len(hops)

    def _failed(
        self, connection: Connection, run: Run, since: datetime, most: int
    ) -> list[tuple[Any, Failed]]:
        by_row = self._database.dialect == "postgresql"
        query = text(_FAILED.format(lock="FOR UPDATE SKIP LOCKED" if by_row else ""))
        given = {"run": run.id, "since": to_ms(since), "most": most}
        rows = connection.execute(query, given).all()
        told = select(interactions.c.customer_id).where(
            interactions.c.customer_id.in_([row.customer_id for row in rows]),
            interactions.c.kind == InteractionKind.COMPLAINED,
            interactions.c.at >= to_ms(run.started_at),
        )
        complained = set(connection.execute(told).scalars()) if rows else set()
        names = _step_names(connection, rows)
        return [
            (row, _as_failed(row, row.customer_id in complained, names.get(row.step, "")))
            for row in rows
        ]


def _write(
    connection: Connection,
    run: Run,
    hops: Sequence[tuple[Any, PlannedDelivery]],
    left: Mapping[int, str],
) -> None:
    if left:
        bulk.over(connection, _LEAVE, {"id": "bigint", "reason": "text"}, list(left.items()))
    if not hops:
        return
    bulk.over(connection, _REPLACE, {"id": "bigint"}, [(row.id,) for row, _ in hops])
    ids = load_skeleton_ids(connection, run.release_hash)
    ordered = sorted(hops, key=lambda h: (h[1].channel, ids[h[1].skeleton_hash], h[0].id))
    bulk.insert(
        connection,
        deliveries,
        _COLUMNS,
        [_next_hop(row, hop, run.id, ids[hop.skeleton_hash]) for row, hop in ordered],
    )


def _next_hop(row: Any, hop: PlannedDelivery, run_id: int, skeleton: int) -> tuple[object, ...]:
    """As _COLUMNS names it."""
    return (
        row.campaign_id,
        row.step,
        row.hop + 1,
        row.customer_id,
        run_id,
        row.shard,
        str(hop.channel),
        skeleton,
        hop.reason,
        str(DeliveryState.PENDING),
        0,
        0,
    )


def _step_names(connection: Connection, rows: Sequence[Any]) -> dict[int, str]:
    """Number → name of the steps of the run's campaign; empty where it has none."""
    if not rows:
        return {}
    return {n: name for name, n in step_numbers(connection, rows[0].campaign_id).items()}


def _as_failed(row: Any, complained: bool, step: str) -> Failed:
    provider_state = None if row.provider_state is None else ProviderState(row.provider_state)
    how = what_failed(DeliveryState(row.state), provider_state)
    assert how is not None  # the query reads nothing else
    tried = tried_by(row.reason, Channel(row.channel), how)
    return Failed(row.id, row.customer_id, Reason.decode(row.reason).arm, tried, complained, step)


def _decide(
    connection: Connection,
    release: Release,
    failed: Sequence[tuple[Any, Failed]],
    decide: Decide,
    now: datetime,
) -> tuple[list[tuple[Any, PlannedDelivery]], dict[int, str]]:
    """The next hops, and of the others why there is none."""
    profiles = profiles_of(connection, release, [f.customer_id for _, f in failed], now)
    hops: list[tuple[Any, PlannedDelivery]] = []
    left: dict[int, str] = {}
    for row, one in failed:
        decision = decide(one, profiles.get(one.customer_id))
        if isinstance(decision, PlannedSkip):
            left[one.delivery_id] = decision.reason
        else:
            hops.append((row, decision))
    return hops, left
