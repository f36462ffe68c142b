"""Verbs about a database that was restored or copied: see what it would send, and arm it."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from datetime import datetime

from campaigns.bootstrap.app import App
from campaigns.domain.audit import Action, AuditEntry, run_subject
from campaigns.domain.delivery import DeliveryState
from campaigns.domain.moments import dated
from campaigns.domain.run import RunState

ADVICE = (
    "Before you arm it:\n"
    "- What left after the backup is not known here: those messages look pending, and a run that "
    "is resumed sends them again. `campaigns reconcile` does not ask about them: it looks for what "
    "is in doubt. Compare with the providers' own lists. Where something may have left, `campaigns "
    "cancel RUN`, and do not run that campaign again.\n"
    "- Runs that were started after the backup are not known at all: nor are those to whom they "
    "sent.\n"
    "- Opt-outs that came after the backup are lost: bring them in from your providers' lists.\n"
    "- If the database this is a copy of still sends, both would send the same: leave it unarmed."
)
_HELD = "restored from a backup or copied: what left since is not known"


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A run that arming lets go on, once it is resumed; in messages, the public post included."""

    run_id: int
    campaign: str
    state: str
    pending: int
    sending: int
    in_doubt: int


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether the database may send.

    Attributes:
        because: why it is not armed; None when it is.
        runs: the runs under way, as this database knows them.
        since: what left after the backup, as far as the marker tells.
    """

    because: str | None
    runs: tuple[UnderWay, ...]
    since: tuple[str, ...]
    advice: str = ADVICE

    def as_json(self) -> dict[str, object]:
        """For `--json`."""
        return asdict(self)


def standing(app: App) -> Standing:
    """Look, and change nothing."""
    bearings = app.arming.bearings()
    known = {run.id: run for run in app.runs.active()}
    since = [
        f"run {run_id}{f' of {known[run_id].campaign}' if run_id in known else ''} sent until "
        f"{_at_home(app, at)}"
        for run_id, at in bearings.since.items()
    ]
    return Standing(bearings.because, tuple(_under_way(app)), tuple(since))


def _at_home(app: App, written: str) -> str:
    """A moment as the marker has it, by the brand's clock; as it stands where it is none."""
    try:
        return dated(datetime.fromisoformat(written).astimezone(app.home))
    except ValueError:
        return written


def arm(app: App, found: Standing, *, by: str, why: str) -> list[int]:
    """Hold every run under way, then let the database send. Returns the runs held: each goes on
    only when somebody resumes it. What was being sent becomes in doubt, never pending."""
    held = [run.run_id for run in found.runs]
    now = app.clock.now()
    for run_id in held:
        moved = app.runs.move(run_id, RunState.PAUSED, now=now, because=_HELD, by=by, as_held=True)
        if not moved:  # paused already: by now for this, too
            app.audit.append(AuditEntry(now, by, Action.HELD, run_subject(run_id), _HELD))
    totals = {
        "because": found.because,
        "runs": len(held),
        "pending": sum(r.pending for r in found.runs),
        "sending": sum(r.sending for r in found.runs),
        "in_doubt": sum(r.in_doubt for r in found.runs),
    }
    app.arming.arm(AuditEntry(now, by, Action.ARMED, "database", why, totals))
    app.sweep()
    return held


def _under_way(app: App) -> list[UnderWay]:
    lines = []
    for run in app.runs.active():
        states: Counter[DeliveryState] = Counter()
        for (_, state), number in app.outbox.counts(run.id).items():
            states[state] += number
        pending = states[DeliveryState.PENDING] + states[DeliveryState.CLAIMED]
        sending, in_doubt = states[DeliveryState.SENDING], states[DeliveryState.IN_DOUBT]
        lines.append(UnderWay(run.id, run.campaign, str(run.state), pending, sending, in_doubt))
    return lines
