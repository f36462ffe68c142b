"""Runs, read."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select

from campaigns.domain.consent import Purpose
from campaigns.domain.portion import Portion
from campaigns.domain.run import Run, RunState
from campaigns.errors import NotFoundError
from campaigns.store.clock import from_ms, from_ms_or_none
from campaigns.store.schema import campaigns, runs


def get_run(connection: Connection, run_id: int) -> Run:
    """Raises NotFoundError."""
    run = find_run(connection, runs.c.id == run_id)
    if run is None:
        raise NotFoundError(f"there is no run {run_id}; `campaigns show run` shows the newest.")
    return run


def find_run(connection: Connection, clause: ColumnElement[bool]) -> Run | None:
    """The newest that the clause is true of."""
    return next(iter(all_runs(connection, clause, most=1)), None)


def all_runs(
    connection: Connection, clause: ColumnElement[bool], most: int | None = None
) -> list[Run]:
    """Those that the clause, over `runs` and `campaigns`, is true of; newest first."""
    query = (
        select(runs, campaigns.c.name, campaigns.c.edition)
        .join_from(runs, campaigns)
        .where(clause)
        .order_by(runs.c.id.desc())
        .limit(most)
    )
    return [_run(row) for row in connection.execute(query)]


def _run(row: Row[Any]) -> Run:
    return Run(
        id=row.id,
        campaign=row.name,
        edition=row.edition,
        release_hash=row.release_hash,
        state=RunState(row.state),
        purpose=Purpose(row.purpose),
        topic=row.topic,
        started_at=from_ms(row.started_at),
        finished_at=from_ms_or_none(row.finished_at),
        expires_at=from_ms_or_none(row.expires_at),
        limit=row.row_limit,
        stopped_because=row.stopped_because,
        continues=row.continues,
        portion=Portion.decode(row.portion or ""),
    )
