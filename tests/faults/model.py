"""The delivery protocol as a small model, written from its design and not from its code.

It knows what the provider got, which the code cannot: so it can tell a second message from a
first. Where the design leaves open which of several reasons is told, any of them will do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Self

from campaigns.domain.delivery import (
    Accepted,
    DeliveryState,
    NotSent,
    Outcome,
    Refused,
    Rejected,
    Unknown,
)
from campaigns.domain.run import RunState

S = DeliveryState


@dataclass
class Row:
    """One delivery. `holder` is the batch that claimed it last and still may speak of it."""

    customer: int
    run: int
    state: DeliveryState = S.PENDING
    holder: int | None = None
    not_before: datetime | None = None


@dataclass
class Person:
    """A customer: what may change between the plan and the intent."""

    consents: bool = True
    address: int = 0  # counted up when it changes
    suppressed: set[int] = field(default_factory=set)  # addresses, by that number

    @property
    def permits(self) -> bool:
        """Whether a message may go to the address there is now."""
        return self.consents and self.address not in self.suppressed


@dataclass
class Model:
    """What the database should say. Time is an argument."""

    expires: datetime
    rows: dict[int, Row] = field(default_factory=dict)
    people: dict[int, Person] = field(default_factory=dict)
    runs: dict[int, RunState] = field(default_factory=dict)
    leases: dict[int, datetime] = field(default_factory=dict)

    def copy(self) -> Self:
        """As a backup has it."""
        return deepcopy(self)

    def due(self, run: int, now: datetime, most: int) -> list[int]:
        """What a claim should bring."""
        if self.runs[run] is not RunState.RUNNING:
            return []
        waiting = (
            i
            for i, row in sorted(self.rows.items())
            if row.run == run
            and row.state is S.PENDING
            and (row.not_before is None or row.not_before <= now)
        )
        return list(waiting)[:most]

    def claim(self, batch: int, ids: list[int], until: datetime) -> None:
        """These are the batch's now."""
        self.leases[batch] = until
        for i in ids:
            self.rows[i].state, self.rows[i].holder = S.CLAIMED, batch

    def verdicts(
        self, i: int, batch: int, address: int, now: datetime, margin: timedelta
    ) -> set[DeliveryState]:
        """The states that an intent for this delivery may lead to."""
        row = self.rows[i]
        if row.state is not S.CLAIMED or row.holder != batch:
            return {row.state}
        person, run = self.people[row.customer], self.runs[row.run]
        reasons = {
            S.CANCELLED: run is RunState.CANCELLED,
            S.EXPIRED: now >= self.expires,
            S.SUPPRESSED: not person.permits,
            S.PENDING: run is RunState.PAUSED
            or self.leases[batch] <= now + margin
            or address != person.address,
        }
        return {state for state, holds in reasons.items() if holds} or {S.SENDING}

    def intend(self, i: int, state: DeliveryState) -> None:
        """The verdict that was given, one of those above."""
        row = self.rows[i]
        if row.state is S.CLAIMED and state is S.PENDING:
            row.holder = None
        row.state = state

    def settle(self, batch: int, outcomes: Mapping[int, Outcome]) -> None:
        """A yes always counts; anything else only from the holder, of what is not settled."""
        for i, outcome in outcomes.items():
            row = self.rows[i]
            if isinstance(outcome, Accepted):
                row.state = S.ACCEPTED
            elif row.holder == batch and row.state in (S.CLAIMED, S.SENDING, S.IN_DOUBT):
                self._settle(row, outcome)

    @staticmethod
    def _settle(row: Row, outcome: Outcome) -> None:
        match outcome:
            case Rejected():
                row.state = S.REJECTED
            case NotSent(retry_at=moment):
                row.state, row.holder, row.not_before = S.PENDING, None, moment
            case Refused():
                row.state, row.holder, row.not_before = S.PENDING, None, None
            case Unknown() if row.state is S.SENDING:
                row.state = S.IN_DOUBT

    def sweep(self, now: datetime) -> None:
        """What dead workers held; what will never be sent."""
        for row in self.rows.values():
            if row.holder is not None and self.leases[row.holder] < now:
                if row.state is S.CLAIMED:
                    row.state, row.holder = S.PENDING, None
                elif row.state is S.SENDING:
                    row.state = S.IN_DOUBT
            if row.state is S.PENDING and self.runs[row.run] is RunState.CANCELLED:
                row.state = S.CANCELLED
            if row.state is S.PENDING and now >= self.expires:
                row.state = S.EXPIRED

    def cancel(self, run: int) -> None:
        """The run ends; what it had not begun ends with it, and what runs that had ended before
        got back since."""
        self.runs[run] = RunState.CANCELLED
        for row in self.rows.values():
            if row.state is S.PENDING and self.runs[row.run] is RunState.CANCELLED:
                row.state = S.CANCELLED

    def plan_again(self, run: int) -> None:
        """Another run takes on what was cancelled or expired before it left, and nothing else."""
        self.runs[run] = RunState.RUNNING
        for i, row in self.rows.items():
            if row.state in {S.CANCELLED, S.EXPIRED}:
                self.rows[i] = Row(row.customer, run)


@dataclass
class Provider:
    """What it really got: delivery → how often."""

    got: Counter[int] = field(default_factory=Counter)
