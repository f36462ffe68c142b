"""Verbs about runs that an outage stopped: pause one for it, find those to take up again, take one
up. What a person paused, or has to decide, is never among them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from campaigns.domain.audit import ENGINE, Action, AuditEntry, run_subject
from campaigns.domain.channel import Channel
from campaigns.domain.outage import Outage, begins, in_words_of_too_many, taken_up
from campaigns.domain.pace import channel_of
from campaigns.domain.run import UNDER_WAY, Run, RunState
from campaigns.errors import DatabaseError, TerminatedError

if TYPE_CHECKING:
    from campaigns.bootstrap.app import App

#: Whoever sent the last message of a run closes it within seconds, and whoever planned its last
#: shard plans the next, or sends, within a minute or two; not after this.
UNCLOSED = timedelta(minutes=10)


def pause_for_outage(
    app: App,
    run_id: int,
    because: str,
    *,
    crashed: bool = False,
    channels: Collection[Channel] = (),
) -> bool:
    """Pause the run until it is taken up again, also one that is paused for something else than a
    person's word; False if it cannot be.

    `crashed`: whoever sent it has crashed. After a few of these in one run a person has to look.
    `channels`: those that cannot be reached; one of them at least has to open first.
    """
    now, before = app.clock.now(), app.audit.outage(run_id)
    accepted = before is not None and app.figures.accepted(run_id, since=before.last)
    opens = _opens(app, channels) if channels else None
    outage = begins(because, now, before, accepted=accepted, crashed=crashed, opens=opens)
    data = outage.data if outage else {}
    told = because if outage else in_words_of_too_many(because)
    return app.runs.move(run_id, RunState.PAUSED, now=now, because=told, data=data)


@contextmanager
def paused_when_stopped(app: App, run_id: int) -> Iterator[None]:
    """Ctrl-C and SIGTERM pause the run, whatever is done for it just then. After Ctrl-C `go-on`
    leaves it alone: somebody was there. While it sends, its workers do that (bootstrap.workers)."""
    try:
        yield
    except TerminatedError:
        with suppress(DatabaseError):
            if app.runs.get(run_id).state in UNDER_WAY:
                pause_for_outage(app, run_id, "the command was stopped (SIGTERM)")
        raise
    except KeyboardInterrupt:
        with suppress(DatabaseError):
            if app.runs.get(run_id).state in UNDER_WAY:
                because = "the command was stopped (Ctrl-C)"
                app.runs.move(run_id, RunState.PAUSED, now=app.clock.now(), because=because)
        raise


def _opens(app: App, channels: Collection[Channel]) -> datetime | None:
    """When the first of their senders may be asked again. The earliest, also of several senders of
    one channel: that one's messages may go then, and those of the others put the run off anew."""
    paces = app.paces.look().items()
    closed = [p.closed_until for key, p in paces if channel_of(key) in channels and p.closed_until]
    return min(closed, default=None)


def standing_outage(app: App, run: Run) -> Outage | None:
    """The outage that a run is paused for; None of any other run."""
    return app.audit.outage(run.id) if run.state is RunState.PAUSED else None


def to_take_up(app: App) -> list[tuple[Run, Outage]]:
    """The runs that an outage paused, and that it is time to go on with, oldest first."""
    now = app.clock.now()
    paused = ((run, standing_outage(app, run)) for run in reversed(app.runs.active()))
    return [(run, outage) for run, outage in paused if outage and outage.is_over(now)]


def to_go_on_with(app: App) -> list[tuple[Run, Outage | None]]:
    """Every run that can go on now and that nobody sends: what waited for its hour or whose worker
    died, what has sent everything and was not closed, what was left half planned, and with its
    outage what one paused. A run
    that a person paused, or has to decide about, is not among them. What dead workers had in
    their hands is taken back first: it may be all that is left of a run."""
    app.sweep()
    left = [run for run in app.runs.active() if _unclosed(app, run) or _unplanned(app, run)]
    due = [*app.runs_due(), *left]
    return [*((run, None) for run in due), *to_take_up(app)]


def _unclosed(app: App, run: Run) -> bool:
    if run.state is not RunState.RUNNING:
        return False
    seen = app.progress(run.id)
    at_its_end = not seen.waiting and seen.canary is None
    return at_its_end and seen.at - (seen.last_settled or run.started_at) >= UNCLOSED


def _unplanned(app: App, run: Run) -> bool:
    """Whoever was to plan it, and to send it then, is gone."""
    if run.state is not RunState.PLANNING:
        return False
    seen = app.progress(run.id)
    return seen.hold is None and seen.at - seen.last_sign_of_planning >= UNCLOSED


def take_up(app: App, run_id: int, outage: Outage | None) -> bool:
    """Note that the run is taken up again, before anything is done with it: should that fail, the
    next time is further off. Going on is what `begin_sending` and `dispatch_all` do.

    False where it is not as it was found any more: whoever went on with the runs before it may
    have taken hours, and meanwhile somebody paused it, ended it, or took it up.
    """
    run = app.runs.get(run_id)
    if outage is None:
        return run.state in UNDER_WAY
    if standing_outage(app, run) != outage:
        return False
    now = app.clock.now()
    data = taken_up(outage, now).data
    subject = run_subject(run_id)
    app.audit.append(AuditEntry(now, ENGINE, Action.TAKEN_UP, subject, outage.because, data))
    return True
