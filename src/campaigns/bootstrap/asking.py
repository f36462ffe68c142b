"""Questions that wait for an answer in Prefect: which flow run asks for a yes to which release and
plan. Kept on the audit trail, like all that was done about a release."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from campaigns.bootstrap.app import App
from campaigns.domain.audit import Action, AuditEntry


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it was put.

    Attributes:
        plan: the hash of the plan that was shown.
        until: it times out then.
        attempt: 1, and more where an answer could not be taken.
    """

    release: str
    plan: str
    at: datetime
    until: datetime
    attempt: int


def note_asked(app: App, flow_run: str, question: Asked, *, by: str) -> None:
    """Write down that a flow run asks; the question that it asked before counts no more."""
    data: dict[str, str | int | float | bool | None] = {
        "flow_run": flow_run,
        "plan": question.plan,
        "until": question.until.isoformat(),
        "attempt": question.attempt,
    }
    subject = _release(question.release)
    app.audit.append(AuditEntry(question.at, by, Action.ASKED, subject, data=data))


def asked(app: App, release: str, flow_run: str) -> Asked | None:
    """What a flow run asked last about a release; None when it has asked nothing."""
    for entry in app.audit.entries(_release(release)):
        told = entry.data
        if entry.action is Action.ASKED and told["flow_run"] == flow_run:
            until = datetime.fromisoformat(str(told["until"]))
            attempt = int(told["attempt"] or 0)
            return Asked(release, str(told["plan"]), entry.at, until, attempt)
    return None


def waited_for(app: App, release: str) -> bool:
    """Whether a flow run had asked, and this is the first answer."""
    said = [e.action for e in app.audit.entries(_release(release), most=2)]
    return len(said) == 2 and said[1] is Action.ASKED


def _release(release: str) -> str:
    return f"release:{release}"
