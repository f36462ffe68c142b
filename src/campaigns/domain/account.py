"""The account of a run: all its figures, each with the query of the database that tells it.

The page, the command's table, Prefect's artifact, JSON, CSV and Parquet are all made from this one
list: a figure that is told twice is the same figure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from campaigns.domain.audit import AuditEntry
from campaigns.domain.experiment import ExperimentResult, GoalResult
from campaigns.domain.figures import Answers, Figure, Number, Query
from campaigns.domain.mode import Mode
from campaigns.domain.run import Run, Wait

#: Columns of the timeline, from the narrowest; there are never more than TIMELINE of them.
STEPS = tuple(
    timedelta(minutes=m) for m in (1, 5, 15, 60, 3 * 60, 6 * 60, 12 * 60, 24 * 60, 7 * 24 * 60)
)
TIMELINE = 60


def timeline_step(span: timedelta) -> timedelta:
    """The narrowest step by which a span of time fits on the timeline."""
    return next((s for s in STEPS if span <= s * TIMELINE), STEPS[-1])


@dataclass(frozen=True, slots=True)
class Question:
    """What a campaign tried out, and the answer so far (None: not yet, `because`).

    `made_of`: arm → the rows of the query `arms` that it is the sum of.
    """

    name: str
    ends_at: datetime
    result: ExperimentResult | None
    because: str = ""
    made_of: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Incremental:
    """What came of it that would not have come without: the rate of those who got the message
    less the rate of those held out, for all who got it.

    Attributes:
        extra, low, high: people; the interval has the experiment's confidence.
    """

    extra: float
    low: float
    high: float
    confidence: float
    p_value: float
    early: bool


@dataclass(frozen=True, slots=True)
class Proof:
    """Messages taken at random and made again from what was stored.

    Attributes:
        seed: the same seed takes the same messages.
        asked: how many were taken; `proven`: how many are, byte for byte, what was said.
        differing: deliveries that are not, for `campaigns reproduce`.
    """

    seed: int
    asked: int
    proven: int
    differing: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Cost:
    """What messages of one channel to one country cost at the brand's prices.

    Attributes:
        messages: that left, those with them that another channel's replaced: they are paid for.
        units: segments of an SMS, else messages.
        total: None where the brand has no price for it.
    """

    channel: str
    country: str
    messages: Figure
    units: int
    total: Decimal | None


@dataclass(frozen=True, slots=True)
class Costs:
    """The run's costs, in the price list's currency.

    Attributes:
        budget: the most that the campaign may cost, all its runs together; None: it states none.
        others: what its other runs cost, as the plan reckons it (typical values).
    """

    currency: str
    lines: tuple[Cost, ...]
    budget: Decimal | None = None
    others: Decimal = Decimal(0)

    @property
    def total(self) -> Decimal:
        """Of all that has a price."""
        return sum((line.total for line in self.lines if line.total is not None), Decimal(0))

    @property
    def unpriced(self) -> int:
        """Messages that have no price: they are not in the total."""
        return sum(int(line.messages.value) for line in self.lines if line.total is None)


@dataclass(frozen=True, slots=True)
class Account:
    """Everything that a run's report tells.

    Attributes:
        answers: of this run; `earlier`: of earlier runs of the campaign, the newest first.
        goal: kind and days, where the campaign states one.
        findings: of the files now, if they are still what was sent; None: they have changed.
        facts: name → locale → as it was written there.
        paused: what waits for a provider, in words.
        because: why the run was stopped or waits, beyond that.
        zone: the brand's time zone: moments are told by its clock.
        waits: what waits for its time.
        course: how it came to send, in sentences: its plan, approval and canary.
        mode: whom its messages reached: the sandbox, or real people.
    """

    title: str
    at: datetime
    run: Run
    answers: Answers
    goal: tuple[str, int] | None
    ends_at: datetime
    step: timedelta
    facts: Mapping[str, Mapping[str, str]]
    findings: tuple[str, ...] | None
    proof: Proof
    questions: tuple[Question, ...] = ()
    incremental: Incremental | None = None
    earlier: tuple[Answers, ...] = ()
    costs: Costs | None = None
    trail: tuple[AuditEntry, ...] = ()
    paused: tuple[str, ...] = ()
    because: str | None = None
    zone: str = "UTC"
    waits: tuple[Wait, ...] = ()
    course: tuple[str, ...] = ()
    mode: Mode | None = None

    @property
    def queries(self) -> Sequence[Query]:
        """Every query whose numbers are told, in the order of the page."""
        own = [answer.query for answer in self.answers.by_name.values()]
        return own + [a.query for before in self.earlier for a in before.by_name.values()]

    def goals_of(self, question: str) -> Sequence[GoalResult]:
        """What came of a question that was asked; nothing where there is no answer."""
        answers = (q.result for q in self.questions if q.name == question)
        return [goal for result in answers if result is not None for goal in result.goals]

    def here(self, at: datetime) -> datetime:
        """A moment by the brand's clock."""
        return at.astimezone(ZoneInfo(self.zone))

    @property
    def early(self) -> bool:
        """Whether the goal's last day is not over."""
        return self.goal is not None and self.at < self.ends_at


@dataclass(frozen=True, slots=True)
class FigureRow:
    """A line of the table that CSV, Parquet and `--json` hold."""

    run: int
    figure: str
    value: Number
    meaning: str
    query: str


def figure_rows(account: Account) -> list[FigureRow]:
    """All figures of the account, this run's and the earlier ones'."""
    rows: list[FigureRow] = []
    for answers in (account.answers, *account.earlier):
        for answer in answers.by_name.values():
            query = answer.query
            rows += [
                FigureRow(
                    answers.run.id, "/".join(f.address[1:]), f.value, query.meaning, query.name
                )
                for f in answer.figures()
            ]
    return rows


@dataclass(frozen=True, slots=True)
class Sampled:
    """A message that is made again: its skeleton's number, the written values, the stored hash."""

    delivery_id: int
    skeleton_id: int
    values: Mapping[str, str] = field(default_factory=dict)
    hash: str = ""
