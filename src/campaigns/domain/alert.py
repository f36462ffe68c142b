"""What somebody should be told of without having to look."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from campaigns.domain.audit import Action
from campaigns.domain.evidence import Doubt, age
from campaigns.domain.progress import Progress
from campaigns.domain.run import RunState

#: A message in doubt that reconciling has not settled within this needs a person.
OLD_DOUBT = timedelta(hours=1)
#: A run in which nothing has moved for so long, though something is due, has nobody at work.
STILL = timedelta(minutes=30)


class AlertKind(StrEnum):
    """The kinds, as the events that tell them are called."""

    STUCK = "campaigns.run.stuck"
    OLD_DOUBT = "campaigns.doubt.old"
    OPT_OUTS = "campaigns.opt-outs.spike"


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing to tell: of which run, in a sentence without anything of a customer."""

    kind: AlertKind
    run_id: int
    campaign: str
    says: str


def stuck(seen: Iterable[Progress]) -> list[Alert]:
    """Runs that do not go on by themselves, with what stands in the way."""
    return [
        Alert(
            AlertKind.STUCK,
            p.run.id,
            p.run.campaign,
            f"Run {p.run.id} of {p.run.campaign} does not go on: {p.stuck} "
            f"{p.settled:,} of {p.planned:,} messages are done.",
        )
        for p in seen
        if p.stuck and _asks(p)
    ]


def _asks(p: Progress) -> bool:
    """Whether somebody has to do something: a person's own pause and quiet hours ask nobody."""
    if p.hold is not None:
        return p.hold.action is Action.HELD
    if p.unarmed is not None or p.run.state is RunState.PAUSED:
        return True
    still = p.at - (p.last_settled or p.run.started_at) >= STILL
    return still and bool(p.due or p.moving or p.unplanned)


def old_doubts(doubts: Sequence[Doubt], now: datetime) -> list[Alert]:
    """Runs with messages that have been in doubt for longer than OLD_DOUBT."""
    old: dict[int, list[Doubt]] = {}
    for doubt in doubts:
        if now - doubt.fell >= OLD_DOUBT:
            old.setdefault(doubt.run_id, []).append(doubt)
    return [
        Alert(
            AlertKind.OLD_DOUBT,
            run_id,
            of_run[0].campaign,
            f"{len(of_run):,} messages of run {run_id} ({of_run[0].campaign}) are in doubt, the "
            f"oldest for {age(max(now - d.fell for d in of_run))}. `campaigns reconcile --list` "
            "shows them, `campaigns resolve` decides.",
        )
        for run_id, of_run in sorted(old.items())
    ]
