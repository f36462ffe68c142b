"""Look at a run: the same figures for the command line, Prefect's bar, reports and metrics."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from campaigns.domain.audit import AuditEntry
from campaigns.domain.outage import Outage
from campaigns.domain.progress import WINDOW, Progress
from campaigns.domain.run import RunState
from campaigns.services.ports import Figures, Runs


class Holds(Protocol):
    """Which runs wait for a person."""

    def hold(self, run_id: int) -> AuditEntry | None:
        """Because of which entry of the audit trail; None when the run does not wait."""

    def outage(self, run_id: int) -> Outage | None:
        """The newest outage that the trail tells of; of a run that is paused, why it is."""


def progress(
    runs: Runs,
    figures: Figures,
    holds: Holds,
    run_id: int,
    *,
    now: datetime,
    unarmed: str | None,
    canary: str | None = None,
) -> Progress:
    """How the run stands, by the clock of the zone that `now` is in. Raises NotFoundError."""
    run = runs.get(run_id)
    lately, first = figures.settled(run_id, since=now - WINDOW)
    shards = runs.shards(run_id)
    return Progress(
        run=run,
        at=now,
        states=figures.counts(run_id),
        oldest_in_doubt=figures.oldest_in_doubt(run_id),
        settled_lately=lately,
        first_lately=first,
        last_settled=figures.last_settled(run_id),
        held=figures.held(run_id, now=now),
        workers=figures.workers(run_id),
        closed=figures.closed(now=now),
        shards=len(shards),
        unplanned=sum(s.planned_at is None for s in shards),
        last_planned=max((s.planned_at for s in shards if s.planned_at is not None), default=None),
        hold=holds.hold(run_id) if run.finished_at is None else None,
        unarmed=unarmed,
        canary=canary,
        outage=holds.outage(run_id) if run.state is RunState.PAUSED else None,
    )
