"""Who is where on a journey, in numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from campaigns.domain.delivery import DeliveryState
from campaigns.domain.moments import moment
from campaigns.domain.reason import SKIP_TEXT, SkipReason

_UNDER_WAY = (DeliveryState.PENDING, DeliveryState.CLAIMED, DeliveryState.SENDING)


@dataclass(frozen=True, slots=True)
class StepCount:
    """One step of a journey, in customers.

    Attributes:
        states: what became of the step's messages.
        skipped: who was skipped at it for good, by reason.
        waiting: whose next step it is, and whose time has not come; `due`: whose time has.
        next_at: when the first of those who wait is due.
        present: whether the campaign still has the step.
    """

    name: str
    states: Mapping[DeliveryState, int]
    skipped: Mapping[SkipReason, int]
    waiting: int
    due: int
    next_at: datetime | None
    present: bool = True

    @property
    def sent(self) -> int:
        """Who got it."""
        return self.states.get(DeliveryState.ACCEPTED, 0)

    @property
    def under_way(self) -> int:
        """Whose message is planned or on its way."""
        return sum(self.states.get(s, 0) for s in _UNDER_WAY)

    @property
    def not_arrived(self) -> int:
        """Whose message failed or is in doubt: they stand still here."""
        known = (*_UNDER_WAY, DeliveryState.ACCEPTED, DeliveryState.CANCELLED)
        return sum(n for s, n in self.states.items() if s not in known)


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Who is where on a campaign's journey.

    Attributes:
        entered: customers who got the first message of theirs.
        acted: of them, those who have reached the goal; None where the journey has none.
    """

    campaign: str
    edition: str
    entered: int
    acted: int | None
    steps: tuple[StepCount, ...]

    @property
    def due(self) -> int:
        """Who is due for a step now."""
        return sum(s.due for s in self.steps)

    def rows(self) -> Iterator[tuple[str, str, int]]:
        """(step, what, customers), in reading order."""
        for step in self.steps:
            name = step.name if step.present else f"{step.name} (no step any more)"
            yield name, "sent", step.sent
            yield from ((name, said, n) for said, n in _told(step) if n)

    def as_json(self) -> dict[str, object]:
        """For `--json`."""
        return {
            "campaign": self.campaign,
            "edition": self.edition,
            "entered": self.entered,
            "acted": self.acted,
            "due": self.due,
            "steps": [
                {
                    "name": s.name,
                    "present": s.present,
                    "sent": s.sent,
                    "under_way": s.under_way,
                    "not_arrived": s.not_arrived,
                    "skipped": {str(r): n for r, n in s.skipped.items()},
                    "waiting": s.waiting,
                    "due": s.due,
                    "next_at": s.next_at.isoformat() if s.next_at else None,
                }
                for s in self.steps
            ],
        }


def _told(step: StepCount) -> Iterator[tuple[str, int]]:
    yield "under way", step.under_way
    yield "did not arrive, or in doubt", step.not_arrived
    for reason, number in sorted(step.skipped.items(), key=lambda item: -item[1]):
        yield f"skipped: {SKIP_TEXT[reason][0].lower()}{SKIP_TEXT[reason][1:]}", number
    yield "due now", step.due
    until = f", the first on {moment(step.next_at)}" if step.next_at else ""
    yield f"waiting{until}", step.waiting
