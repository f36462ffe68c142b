"""What a run leaves undone, and the exit code that says so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from campaigns.domain.counting import counted
from campaigns.domain.delivery import DeliveryState
from campaigns.domain.run import RunState

if TYPE_CHECKING:
    from campaigns.services.dispatch import DispatchCounts
    from campaigns.services.report import RunReport

_ENDED_EARLY = frozenset({RunState.PAUSED, RunState.CANCELLED, RunState.STOPPED})


def exit_code(report: RunReport, sent: DispatchCounts) -> int:
    """0 when everything that could go went; 3 when messages wait for a provider or a person. What
    waits for its hour could not go now."""
    for sentence in _left_over(report, sent):
        click.secho(sentence, fg="yellow", err=True)
    ended_early = report.run.state in _ENDED_EARLY
    return 3 if ended_early or (sent.unreachable and report.waiting) else 0


def _left_over(report: RunReport, sent: DispatchCounts) -> Iterator[str]:
    """What has not reached anybody yet, why, and the way on: all of it, each by itself."""
    run = report.run
    if doubtful := report.in_state(DeliveryState.IN_DOUBT):
        yield (
            f"{doubtful:,} in doubt: they may have arrived, and are not sent again. "
            "`campaigns reconcile` looks for them."
        )
    goes_on = f"`campaigns run {run.campaign}` goes on"
    if sent.unreachable and report.waiting:
        waiting = f"{counted(report.waiting, 'message waits', 'messages wait')}; nothing is lost."
        yield f"{waiting} `campaigns go-on` takes them up in a while; {goes_on} at once."
    elif run.state is RunState.PAUSED:
        yield f"The run is paused: `campaigns show run {run.id}` tells what goes on with it."
        return
    elif run.state in _ENDED_EARLY:
        yield (
            f"The run is {run.state}: see `campaigns audit run:{run.id}`. "
            f"`campaigns run {run.campaign}` sends to those who did not get it."
        )
        return
    for wait in report.waits:
        yield f"{wait}. {goes_on} with them then."
