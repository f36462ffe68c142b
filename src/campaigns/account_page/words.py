"""How the account is put into words, the same on the page, in markdown and on the command line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from campaigns.domain.account import Account, Incremental, Proof
from campaigns.domain.channel import Channel
from campaigns.domain.counting import counted
from campaigns.domain.experiment import Difference, GoalKind, GoalResult
from campaigns.domain.figures import ALL, Figure
from campaigns.domain.reason import SKIP_TEXT, Reason, SkipReason
from campaigns.domain.run import ACTIVE_RUN_STATES

#: What was done, of people: `312 people bought`.
_DID = {
    "purchased": ("bought", "purchases"),
    "visited": ("visited", "visits"),
    "clicked": ("clicked", "clicks"),
    "replied": ("replied", "replies"),
    "called": ("called", "calls"),
}
QUESTIONS = {
    "variants": "Which words?",
    "channels": "What does the preferred channel bring?",
    "holdout": "What does the campaign bring?",
    "brand_holdout": "What does all marketing bring?",
}
MISMATCH = (
    "The arms do not have the sizes they were meant to have: do not trust what follows until you "
    "know why."
)
#: Messages that are told only where there are any: query → words.
APART = {
    "exploring": "on another channel than the best known, to learn",
    "reached_twice": "arrived late, after another channel had been tried",
}
_AGENTS = {"human": "people", "suspect": "cannot be told", "machine": "programs"}


@dataclass(frozen=True, slots=True)
class GoalWords:
    """The goal in words.

    Attributes:
        did: what people did, as a verb; `times`: the events' name.
        people, sent: the two figures of the answer.
    """

    did: str
    times: str
    days: int
    people: Figure
    sent: Figure


def goal_words(account: Account) -> GoalWords | None:
    """None where the campaign states no goal."""
    if account.goal is None:
        return None
    kind, days = account.goal
    did, times = _DID[kind]
    told = account.answers
    return GoalWords(
        did,
        times,
        days,
        told.figure("conversions", ALL, column="people"),
        told.figure("funnel", ALL, column="sent"),
    )


def extra_words(found: Incremental, did: str) -> str:
    """`About 37 more people bought than would have without it`."""
    if abs(found.extra) < 0.5:
        return f"About as many people {did} as would have without it"
    more = "more" if found.extra >= 0 else "fewer"
    who = counted(round(abs(found.extra)), f"{more} person", f"{more} people")
    return f"About {who} {did} than would have without it"


def nobody(account: Account) -> str:
    """That nobody has the message; empty where somebody has."""
    if account.answers.number("funnel", ALL, column="sent"):
        return ""
    return (
        "Nobody has got it yet"
        if account.run.state in ACTIVE_RUN_STATES
        else "Nobody got it from this run"
    )


def why_no_lift(account: Account) -> str:
    """Why the holdout tells nothing; empty where nobody was to be held out."""
    return next((q.because for q in account.questions if q.name == "holdout"), "")


def proof_words(proof: Proof) -> str:
    """`200 of 200 messages taken at random (seed 1) were made again`."""
    were = "was" if proof.asked == 1 else "were"
    taken = counted(proof.asked, "message")
    return f"{proof.proven:,} of {taken} taken at random (seed {proof.seed}) {were} made again"


def unheard(account: Account) -> str:
    """That no provider has told of any delivery; empty where one has, or nothing was sent."""
    told = account.answers
    sent, delivered = (told.number("funnel", ALL, column=c) for c in ("sent", "delivered"))
    if not sent or delivered:
        return ""
    return "No provider has told of any delivery: do their webhooks arrive?"


def channel_word(channel: str) -> str:
    """`e-mail`; `all channels`."""
    return "all channels" if channel == ALL else Channel(channel).label


def skip_word(reason: str) -> str:
    """Why somebody was skipped."""
    return SKIP_TEXT[SkipReason(reason)]


def agent_word(agent: str) -> str:
    """Who clicked or opened."""
    return _AGENTS[agent]


def fallback_words(channel: str, reason: str) -> str:
    """`SMS, after e-mail (bounced)`."""
    before = ", ".join(f"{c.label} ({o})" for c, o in Reason.decode(reason).passed_over)
    return f"{Channel(channel).label}, after {before}"


def in_words(word: str) -> str:
    """`in_doubt` as people write it."""
    return word.replace("_", " ")


def percent(value: float) -> str:
    """`3.4%`; more digits where less would say nought."""
    return f"{value:.2%}" if 0 < abs(value) < 0.01 else f"{value:.1%}"


def standing(account: Account) -> str:
    """What must be known before any number is read; empty for a run that ended in order."""
    run = account.run
    if run.state in ACTIVE_RUN_STATES:
        told = ["This run is still going on: the figures are those of this moment", *account.paused]
        told += [f"Waiting: {account.because}"] if account.because else []
        return " ".join(f"{str(told).rstrip('.')}." for told in (*told, *account.waits))
    return f"This run was {run.state}: {account.because}" if account.because else ""


def verdict(goal: GoalResult, difference: Difference, confidence: float) -> str:
    """One sentence: what was found, within which bounds, and how sure."""
    low, high = _amount(goal, difference.low), _amount(goal, difference.high)
    against = f"{difference.arm} against {difference.control}"
    interval = f"{confidence * 100:g}% interval {low} to {high}"
    found = f"{_amount(goal, difference.value)}{_unit(goal)} ({interval})"
    if difference.relative is not None:
        found += f", {difference.relative:+.1%} of it"
    sure = p_words(difference.adjusted)
    if difference.adjusted >= 1 - confidence:
        told = f"{against}: no difference shown; {found}, {sure}."
    else:
        told = f"{against}: {found}, {sure}."
    return f"{told} Note: {difference.caution}." if difference.caution else told


def reached(goals: Iterable[GoalResult]) -> list[GoalResult]:
    """Those that anybody of any arm has reached: of the others there is nothing to compare."""
    return [goal for goal in goals if any(sample.total for sample in goal.samples)]


def day(at: datetime) -> str:
    """`1 March 2027`."""
    return f"{at.day} {at:%B %Y}"


def p_words(value: float) -> str:
    """`p = 0.041`."""
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}"


def _amount(goal: GoalResult, value: float) -> str:
    return f"{value * 100:+.2f}" if goal.kind is GoalKind.YES_NO else f"{value:+,.2f}"


def _unit(goal: GoalResult) -> str:
    return " points" if goal.kind is GoalKind.YES_NO else " per person"
