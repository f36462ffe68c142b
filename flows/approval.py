"""The yes that a campaign with `needs_approval` waits for: a form on the flow run's page.

The flow run is suspended: no process waits. When somebody answers, here or by `campaigns approve`,
it begins again from its top, finds the answer, and goes on. Both answers go through the same verbs
into the same ledger.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Annotated

from prefect.flow_runs import suspend_flow_run
from prefect.input import RunInput
from prefect.runtime import deployment, flow_run
from pydantic import Field

from campaigns.bootstrap import App
from campaigns.bootstrap.approving import Question, approve_release, ask_approval, reject_release
from campaigns.bootstrap.asking import Asked, asked, note_asked
from campaigns.bootstrap.plan_page import as_markdown
from campaigns.domain.approval import Approval, Decision
from campaigns.domain.counting import counted
from campaigns.domain.findings import Level
from campaigns.domain.reason import SKIP_TEXT, SkipReason
from campaigns.errors import UserError
from flows.choices import Only, title
from flows.reporting import listed, publish
from flows.steering import PREFECT

YES, NO = "yes", "no"
LONGEST_NAME = 80
#: Prefect itself gives up so much later than we do: it could only say that it did.
MARGIN = timedelta(hours=1)


class RejectedError(Exception):
    """Somebody said no; the message says who and why."""


class Answer(RunInput):
    """The form. Prefect does not know who fills it in, so it asks.

    The decision is written and not chosen: a list of choices in this dialog of Prefect's closes
    as soon as a mouse opens it.
    """

    decision: Annotated[
        str,
        Field(
            title="Send it?",
            description="**yes**: to all of them. A number, such as **25**: to the first 25 only. "
            "**no**: to nobody; say why below.",
        ),
    ]
    who: Annotated[str, Field(title="Your name")]
    why: Annotated[
        str, Field(title="Why", description="The reason for a no; a note beside a yes.")
    ] = ""


def require_answer(app: App, campaign: str, limit: int | None, only: Only) -> None:
    """Return once somebody has said yes to what would be sent now; suspend the flow run until
    then. Raises RejectedError on a no.

    A flow run without a deployment cannot wait: starting the run tells how to approve.
    """
    if any(finding.level is Level.ERROR for finding in app.check(campaign)):
        return  # the next step tells them all
    question = ask_approval(app, campaign, limit, **only.asked())
    if question is None or question.answered is not None or deployment.id is None:
        return
    release, me = question.told.release, str(flow_run.id)
    earlier = asked(app, release, me)  # of another release: the files have changed meanwhile
    if earlier is not None:
        said = app.approvals.of(release)
        if said and said[-1].verdict is Decision.REJECTED and said[-1].at >= earlier.at:
            raise RejectedError(_rejected(said[-1]))
    trouble = _take(app, question, earlier.plan, earlier.attempt) if earlier else ""
    if earlier is not None and not trouble:
        return
    attempt = earlier.attempt + 1 if earlier else 1
    now = Asked(release, question.told.plan, app.clock.now(), question.until, attempt)
    note_asked(app, me, now, by=PREFECT)
    what = f"Plan of {title(campaign)}"
    where = publish(f"plan-{campaign}", as_markdown(question.told), what)
    _suspend(question, attempt, _words(question, where, trouble))


def _take(app: App, question: Question, plan: str, attempt: int) -> str:
    """Do what the form's answer says; what is wrong with it, to ask again."""
    answer = _suspend(question, attempt)
    release, who, note = question.told.release, answer.who.strip(), answer.why.strip()
    decision = answer.decision.strip().strip(".!").lower()
    if not 0 < len(who) <= LONGEST_NAME:
        return f"say who you are, in at most {LONGEST_NAME} letters."
    if decision == NO and not note:
        return "say why; the reason is kept."
    if decision not in {YES, NO} and not (decision.isdecimal() and int(decision)):
        return "answer with yes, no, or how many people the first few are."
    try:
        if decision == NO:
            said = reject_release(app, release, by=who, why=note, plan=plan)
            raise RejectedError(_rejected(said))
        first = None if decision == YES else int(decision)
        approve_release(app, release, by=who, note=note, first=first, plan=plan)
    except UserError as error:
        return str(error)
    return ""


def _suspend(question: Question, attempt: int, words: str = "") -> Answer:
    """Suspend, or return the answer when this very question has been answered."""
    wait = question.until - question.told.at + MARGIN
    return suspend_flow_run(
        wait_for_input=Answer.with_initial_data(description=words),
        timeout=int(wait.total_seconds()),
        key=pause_key(question.told.release, attempt),
    )


def pause_key(release: str, attempt: int) -> str:
    """What Prefect knows a question by."""
    return f"{release}-{attempt}"


def release_asked(pause_key: str) -> str:
    """The release that a question is about."""
    return pause_key.rpartition("-")[0]


def _words(question: Question, where: str, trouble: str) -> str:
    """What stands above the form. It is narrow there, so no tables, which would be cut off; and on
    a small screen only the first lines are seen: what decides comes first."""
    told = question.told
    counts = told.counts
    plan = "the whole plan, with three of the messages"
    lines = [
        f"**{told.title}** waits for your yes until {told.local(question.until)}; nothing has been "
        f"sent. "
        + (f"[Read {plan}]({where})." if where.startswith("http") else f"{where}: {plan}."),
        "",
        *([f"- **Refused: {told.over_budget}**"] if told.over_budget else []),
        *([f"- Caution: {told.caution}"] if told.caution else []),
        f"- **{counted(counts.planned.total(), 'person gets', 'people get')} it**"
        + listed({c.label: n for c, n in counts.planned.most_common()}),
        *(f"- {sentence}" for sentence in replace(told, needs_approval=False).sentences()),
        *([f"- {counts.already:,} had it already"] if counts.already else []),
        f"- {counted(counts.skipped.total(), 'does', 'do')} not get it"
        + listed({SKIP_TEXT[SkipReason(r)]: n for r, n in counts.skipped.most_common()}),
        "",
        f"Release `{told.release}`, plan `{told.plan}`.",
    ]
    return "\n".join([*([f"**Once more, please: {trouble}**", ""] if trouble else []), *lines])


def _rejected(said: Approval) -> str:
    return f"Rejected by {said.by}: {said.note.rstrip('.')}. Nothing was sent."
