"""What somebody should be told of without having to look."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from campaigns.domain.audit import Action
from campaigns.domain.counting import counted
from campaigns.domain.evidence import Doubt, age
from campaigns.domain.progress import Progress
from campaigns.domain.run import RunState

#: A message in doubt that reconciling has not settled within this needs a person.
OLD_DOUBT = timedelta(hours=1)
#: A run in which nothing has moved for so long, though something is due, has nobody at work.
STILL = timedelta(minutes=30)
#: Runs are watched for so long after they ended.
WATCHED = timedelta(days=2)
#: This share of those who have the message is unusual; ordinary campaigns stay well below one in
#: two hundred. Of fewer people than FEW one or two say nothing.
SPIKE, FEW = 0.01, 5


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
            f"{p.settled:,} of {counted(p.planned, 'message is', 'messages are')} done.",
        )
        for p in seen
        if p.stuck and _asks(p)
    ]


def _asks(p: Progress) -> bool:
    """Whether somebody has to do something: a person's own pause and quiet hours ask nobody."""
    if p.hold is not None:
        return p.hold.action is Action.HELD
    if p.outage is not None and p.unarmed is None:  # it goes on by itself, once that is over
        return p.at - p.outage.since >= STILL
    if p.unarmed is not None or p.run.state is RunState.PAUSED:
        return True
    if p.canary is not None:
        return False  # the rest waits for the first few, as it should
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
            f"{counted(len(of_run), 'message')} of run {run_id} ({of_run[0].campaign}) "
            f"{'is' if len(of_run) == 1 else 'are'} in doubt, the oldest for "
            f"{age(max(now - d.fell for d in of_run))}. `campaigns reconcile --list` shows them, "
            "`campaigns resolve` decides.",
        )
        for run_id, of_run in sorted(old.items())
    ]


def opt_outs(seen: Iterable[Progress], gone: Mapping[int, int]) -> list[Alert]:
    """Runs of which unusually many have opted out or complained; `gone`: how many, by run."""
    return [
        Alert(
            AlertKind.OPT_OUTS,
            p.run.id,
            p.run.campaign,
            f"{gone[p.run.id]:,} of the {p.accepted:,} customers who got run {p.run.id} "
            f"({p.run.campaign}) have opted out or complained. `campaigns pause {p.run.id}` stops "
            "it while it sends.",
        )
        for p in seen
        if gone.get(p.run.id, 0) >= max(FEW, SPIKE * p.accepted)
    ]
