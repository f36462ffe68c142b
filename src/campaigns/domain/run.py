"""A run: one execution of a campaign, and the shards its audience is cut into."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from campaigns.domain.consent import Purpose
from campaigns.domain.moments import moment
from campaigns.domain.portion import WHOLE, Portion


class RunState(StrEnum):
    """Where a run stands. Only a `running` run sends."""

    PLANNING = "planning"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    STOPPED = "stopped"  # a provider refused the configuration or content: mend it, run again
    CANCELLED = "cancelled"


ACTIVE_RUN_STATES = frozenset({RunState.PLANNING, RunState.RUNNING, RunState.PAUSED})
#: Somebody should be planning it or sending it.
UNDER_WAY = frozenset({RunState.PLANNING, RunState.RUNNING})

_R = RunState
TRANSITIONS: dict[RunState, frozenset[RunState]] = {
    _R.PLANNING: frozenset({_R.RUNNING, _R.PAUSED, _R.CANCELLED, _R.STOPPED}),
    _R.RUNNING: frozenset({_R.PAUSED, _R.FINISHED, _R.STOPPED, _R.CANCELLED}),
    # Paused or stopped once more: for what is known by now, unless a person holds it.
    _R.PAUSED: frozenset({_R.RUNNING, _R.PAUSED, _R.STOPPED, _R.CANCELLED}),
    _R.STOPPED: frozenset(),
    # Opened again for the fallbacks of what bounced later, and for what a person sends again.
    _R.FINISHED: frozenset({_R.RUNNING}),
    _R.CANCELLED: frozenset(),
}


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of a campaign's release.

    Attributes:
        limit: at most so many messages; None for the whole audience.
        expires_at: after this nothing is sent (the offer is over).
        portion: the channels and locales that it is restricted to.
        continues: it goes on with a journey's later steps, and nobody enters by it.
    """

    id: int
    campaign: str
    edition: str
    release_hash: str
    state: RunState
    purpose: Purpose
    topic: str
    started_at: datetime
    finished_at: datetime | None
    expires_at: datetime | None
    limit: int | None
    stopped_because: str | None
    continues: bool = False
    portion: Portion = WHOLE


@dataclass(frozen=True, slots=True)
class Wait:
    """Messages of a run that wait for their time for one reason; the first of them may go at
    `first`."""

    why: str
    messages: int
    first: datetime

    @property
    def until(self) -> str:
        """`until 28 Mar 06:00 CET`, by the clock of the zone that `first` is in."""
        return f"until {moment(self.first)}"

    def __str__(self) -> str:
        wait = "waits" if self.messages == 1 else "wait"
        return f"{self.messages:,} {wait} ({self.why}, the first {self.until})"


@dataclass(frozen=True, slots=True)
class Shard:
    """Customers by id, both ends included: what one worker plans and dispatches at a time."""

    no: int
    first_customer: int
    last_customer: int
    planned_at: datetime | None
    already: int
