"""Runs and their shards. The database allows one active run per campaign, not the code."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    exists,
    false,
    literal_column,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.exc import IntegrityError

from campaigns.domain.audit import ENGINE, Action, AuditEntry, run_subject
from campaigns.domain.portion import WHOLE, Portion
from campaigns.domain.release import Release
from campaigns.domain.run import ACTIVE_RUN_STATES, TRANSITIONS, Run, RunState, Shard
from campaigns.store import audience, bulk
from campaigns.store.audit import append, hold_of
from campaigns.store.clock import from_ms_or_none, to_ms, to_ms_or_none
from campaigns.store.cutting import cut, cut_again
from campaigns.store.engine import Database, bar_intents
from campaigns.store.journeys import due_at_any_step
from campaigns.store.releases import save_release
from campaigns.store.run_reading import all_runs, find_run, get_run
from campaigns.store.schema import batches, campaigns, deliveries, runs, shards
from campaigns.store.steps import number_steps
from campaigns.store.sweeping import cancel_pending

#: Nothing beside the reason goes into the trail.
NO_DATA: Mapping[str, int] = MappingProxyType({})

_ENDED = frozenset({RunState.FINISHED, RunState.STOPPED, RunState.CANCELLED})
#: What the audit trail calls a move to this state; the others are no decision of anybody's.
_ACTIONS = {
    RunState.PAUSED: Action.PAUSED,
    RunState.CANCELLED: Action.CANCELLED,
    RunState.STOPPED: Action.STOPPED,
}


class SqlRuns:
    """Implements services.ports.Runs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def start(
        self,
        release: Release,
        *,
        now: datetime,
        shard_size: int,
        limit: int | None,
        continues: bool = False,
        portion: Portion = WHOLE,
    ) -> tuple[Run, bool]:
        """Start a run with its shards; or return the campaign's active one (True: resumed). One
        that `continues` has shards of those only who are due for a later step of the journey.

        Two who start at once get the same run: the unique index lets one insert, and the other
        waits for it and finds it.
        """
        while True:
            with self._database.write() as connection:
                save_release(connection, release, now)
                campaign_id = ensure_campaign(connection, release)
                run_id = _insert_run(
                    connection, campaign_id, release, now, limit, portion, continues=continues
                )
                if run_id is not None:
                    number_steps(connection, campaign_id, release.policy.journey.names)
                    whom = _whom(connection, campaign_id, release, now, continues=continues)
                    if continues:
                        cut(connection, run_id, whom, shard_size)
                    else:
                        cut_again(connection, run_id, whom, shard_size, campaign_id)
                    return get_run(connection, run_id), False
                active = find_run(
                    connection,
                    (runs.c.campaign_id == campaign_id) & runs.c.state.in_(ACTIVE_RUN_STATES),
                )
                if active is not None:
                    return active, True
            # The active run ended between the two statements: start again.

    def get(self, run_id: int) -> Run:
        """Raises NotFoundError."""
        with self._database.read() as connection:
            return get_run(connection, run_id)

    def latest(self, campaign: str | None = None) -> Run | None:
        """The newest run, of one campaign or of all."""
        clause = true() if campaign is None else campaigns.c.name == campaign
        with self._database.read() as connection:
            return find_run(connection, clause)

    def active(self, *, or_ended_since: datetime | None = None) -> list[Run]:
        """Every run that has not ended, or not before that moment; newest first."""
        clause: ColumnElement[bool] = runs.c.state.in_(ACTIVE_RUN_STATES)
        if or_ended_since is not None:
            clause |= runs.c.finished_at >= to_ms(or_ended_since)
        with self._database.read() as connection:
            return all_runs(connection, clause)

    def shards(self, run_id: int) -> list[Shard]:
        """In order."""
        query = select(shards).where(shards.c.run_id == run_id).order_by(shards.c.no)
        with self._database.read() as connection:
            return [
                Shard(
                    no=row.no,
                    first_customer=row.first_customer,
                    last_customer=row.last_customer,
                    planned_at=from_ms_or_none(row.planned_at),
                    already=row.already,
                )
                for row in connection.execute(query)
            ]

    def move(
        self,
        run_id: int,
        to: RunState,
        *,
        now: datetime,
        because: str | None = None,
        by: str = ENGINE,
        as_held: bool = False,
        data: Mapping[str, int] = NO_DATA,
    ) -> bool:
        """Change the state along domain.run.TRANSITIONS; False if it was not possible: nor does a
        run finish while it has something to send. A pause, a
        cancellation and a stop go into the audit trail (`as_held`: as a hold; with `data`) in the
        same transaction.

        A run that a person holds is not set running before the hold is ended in the trail.
        When this returns True for a state that does not send, no intent of the run can commit any
        more. A run that is cancelled or stopped cancels what is still pending: the next run of
        the campaign plans it again.
        """
        sources = [source for source, targets in TRANSITIONS.items() if to in targets]
        left = _left_to_send(run_id) if to is RunState.FINISHED else false()
        change = (
            update(runs)
            .where(runs.c.id == run_id, runs.c.state.in_(sources), ~left)
            .values(
                state=to,
                finished_at=to_ms(now) if to in _ENDED else None,
                stopped_because=because,
            )
        )
        try:
            with self._database.write() as connection:
                bar_intents(connection)
                if to is RunState.RUNNING and hold_of(connection, run_id) is not None:
                    return False
                moved = connection.execute(change).rowcount == 1
                if moved and to in {RunState.CANCELLED, RunState.STOPPED}:
                    cancel_pending(connection, now)
                action = Action.HELD if as_held else _ACTIONS.get(to)
                if moved and action is not None:
                    subject = run_subject(run_id)
                    entry = AuditEntry(now, by, action, subject, because or "", data)
                    append(connection, entry)
        except IntegrityError:  # another run of the campaign has become active meanwhile
            return False
        return moved

    def due(self, *, now: datetime) -> list[Run]:
        """See services.ports.Runs.due. A worker that is at it will come to what is due itself."""
        at = to_ms(now)
        waiting = exists().where(
            deliveries.c.run_id == runs.c.id,
            deliveries.c.state == literal_column("'pending'"),
            deliveries.c.not_before <= at,
        )
        at_work = exists().where(
            batches.c.run_id == runs.c.id, batches.c.open, batches.c.lease_until >= at
        )
        query = (
            select(runs.c.id)
            .where(runs.c.state == RunState.RUNNING, waiting, ~at_work)
            .order_by(runs.c.id)
        )
        with self._database.read() as connection:
            return [get_run(connection, run_id) for run_id in connection.execute(query).scalars()]


def _left_to_send(run_id: int) -> ColumnElement[bool]:
    """Looked at as the run ends: another worker may just have given it a fallback."""
    pending = deliveries.c.state == literal_column("'pending'")  # literal: the index is partial
    return exists().where(deliveries.c.run_id == run_id, pending)


def ensure_campaign(connection: Connection, release: Release) -> int:
    """The id of what may be told once: the campaign in this edition."""
    key = {"name": release.campaign, "edition": release.edition}
    connection.execute(bulk.upsert(connection, campaigns).values(key).on_conflict_do_nothing())
    found = connection.execute(find_campaign(release.campaign, release.edition))
    campaign_id: int = found.scalar_one()
    return campaign_id


def find_campaign(name: str, edition: str) -> Select[tuple[int]]:
    """Query for the campaign's id."""
    return select(campaigns.c.id).where(campaigns.c.name == name, campaigns.c.edition == edition)


def _insert_run(
    connection: Connection,
    campaign_id: int,
    release: Release,
    now: datetime,
    limit: int | None,
    portion: Portion,
    *,
    continues: bool,
) -> int | None:
    policy = release.policy
    statement = (
        bulk.upsert(connection, runs)
        .values(
            campaign_id=campaign_id,
            release_hash=release.hash,
            state=RunState.PLANNING,
            purpose=policy.purpose,
            topic=policy.topic,
            expires_at=to_ms_or_none(policy.expires_at),
            started_at=to_ms(now),
            row_limit=limit,
            portion=portion.encode() or None,
            continues=continues,
        )
        .on_conflict_do_nothing()
        .returning(runs.c.id)
    )
    return connection.execute(statement).scalar()


def _whom(
    connection: Connection, campaign_id: int, release: Release, now: datetime, *, continues: bool
) -> ColumnElement[bool]:
    """The run's customers: the audience, and who is on a journey, in the audience still or not."""
    clauses = []
    if not continues:
        dialect = bulk.dialect_of(connection)
        clauses.append(audience.where(release.policy.audience, now=now, dialect=dialect))
    if release.policy.journey.goes_on:
        clauses.append(due_at_any_step(connection, campaign_id, release.policy.journey, now))
    return or_(false(), *clauses)
