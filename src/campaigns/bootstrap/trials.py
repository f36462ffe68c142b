"""Verbs about our own campaigns' experiments: what was tried out, on whom, and what it brought."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from campaigns.bootstrap.app import App
from campaigns.bootstrap.naming import never_ran
from campaigns.domain.campaign import Campaign, GoalSpec
from campaigns.domain.experiment import (
    BASE_VARIANT,
    DEFAULT,
    HOLDOUT,
    MESSAGE,
    ExperimentResult,
    GoalKind,
    Sample,
    sample_of,
)
from campaigns.domain.interaction import InteractionKind
from campaigns.domain.release import Release
from campaigns.domain.run import Run
from campaigns.errors import NotFoundError
from campaigns.store.outcomes import Cell, SqlOutcomes

#: Which arm of one question a cell belongs to; None where it is not asked of these people.
_ArmOf = Callable[[Cell], str | None]


@dataclass(frozen=True, slots=True)
class Trial:
    """One question that a campaign's experiment asks, and the answer so far.

    Attributes:
        question: `variants`, `channels`, `holdout` or `brand_holdout`.
        ends_at: when the goal's last day is over; an answer before is an early look.
        result: None where it cannot be told yet; `because` says why.
        made_of: arm → the cells that it is made of, as (skeleton or "", arm).
    """

    question: str
    ends_at: datetime
    result: ExperimentResult | None
    because: str = ""
    made_of: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Question:
    name: str
    arm_of: _ArmOf
    control: str
    shares: Mapping[str, float]


def analyse_campaign(app: App, campaign: str) -> list[Trial]:
    """The experiments of a campaign's newest run. Raises NotFoundError where there are none."""
    run = app.runs.latest(campaign)
    if run is None:
        raise never_ran(app, campaign)
    trials = analyse_run(app, run)
    if not trials:
        raise NotFoundError(
            f"{campaign} tries nothing out: write `goal` and `experiment` in its campaign.yaml "
            "(docs/experiments.md)."
        )
    return trials


def analyse_run(app: App, run: Run, cells: Sequence[Cell] | None = None) -> list[Trial]:
    """The experiments of a run; none where its campaign tries nothing out. `cells`: where what
    became of its people has been read already."""
    release = app.releases.load(run.release_hash)
    spec = Campaign.model_validate(release.source(release.campaign_file))
    if spec.goal is None or release.policy.experiment.trivial:
        return []
    within = timedelta(days=spec.goal.within_days)
    if cells is None:
        goal = InteractionKind(spec.goal.kind)
        outcomes = SqlOutcomes(app.database)
        cells = list(outcomes.of_run(run.id, goal, since=run.started_at, within=within))
    ends_at = run.started_at + within
    early = app.clock.now() < ends_at
    questions = _questions(release, app.releases.skeleton_ids(release.hash))
    return [_trial(q, cells, spec, ends_at, early=early) for q in questions]


def _questions(release: Release, ids: Mapping[str, int]) -> Iterable[_Question]:
    experiment = release.policy.experiment
    if experiment.variants:
        variants = {ids[s.hash]: s.variant for s in release.skeletons}
        shares = dict(experiment.variants)
        control = BASE_VARIANT if BASE_VARIANT in shares else next(iter(shares))
        yield _Question("variants", lambda c: variants.get(c.skeleton_id or 0), control, shares)
    if experiment.channels:
        yield _Question(
            "channels",
            lambda c: c.arm if c.skeleton_id else None,
            DEFAULT,
            dict(experiment.channels),
        )
    own, brand = experiment.holdout, experiment.brand_holdout
    if own:
        yield _Question("holdout", _held_out("holdout"), HOLDOUT, {MESSAGE: 1 - own, HOLDOUT: own})
    if brand:
        shares = {MESSAGE: (1 - brand) * (1 - own), HOLDOUT: brand}
        yield _Question("brand_holdout", _held_out("brand_holdout"), HOLDOUT, shares)


def _held_out(reason: str) -> _ArmOf:
    def arm_of(cell: Cell) -> str | None:
        if cell.skeleton_id is not None:
            return MESSAGE
        return HOLDOUT if cell.arm == reason else None

    return arm_of


def _trial(
    question: _Question,
    cells: Sequence[Cell],
    spec: Campaign,
    ends_at: datetime,
    *,
    early: bool,
) -> Trial:
    from campaigns.analysis.compare import analyse

    assert spec.goal is not None  # an experiment needs one: see Campaign
    goals = _samples(question, cells, spec.goal)
    thin = [arm for arm in question.shares if _people(goals, arm) < 2]
    if thin:
        return Trial(question.name, ends_at, None, f"too few people in {', '.join(thin)}")
    worth = spec.experiment.worth
    if early and worth is None:
        because = "state `worth` in the experiment for an early look"
        return Trial(question.name, ends_at, None, because)
    planned = _planned(goals, worth) if early and worth is not None else None
    result = analyse(goals, control=question.control, shares=question.shares, planned=planned)
    return Trial(question.name, ends_at, result, made_of=_made_of(question, cells))


def _made_of(question: _Question, cells: Sequence[Cell]) -> dict[str, tuple[tuple[str, str], ...]]:
    found = defaultdict[str, list[tuple[str, str]]](list)
    for cell in cells:
        arm = question.arm_of(cell)
        if arm is not None:
            skeleton = "" if cell.skeleton_id is None else str(cell.skeleton_id)
            found[arm].append((skeleton, cell.arm))
    return {arm: tuple(keys) for arm, keys in found.items()}


def _people(goals: Mapping[str, tuple[GoalKind, list[Sample]]], arm: str) -> int:
    return sum(s.people for _, samples in goals.values() for s in samples if s.arm == arm)


def _planned(goals: Mapping[str, tuple[GoalKind, list[Sample]]], worth: float) -> dict[str, float]:
    """The difference an early interval is narrowest for: points as shares, money as it is."""
    return {g: worth / 100 if k is GoalKind.YES_NO else worth for g, (k, _) in goals.items()}


def _samples(
    question: _Question, cells: Sequence[Cell], goal: GoalSpec
) -> dict[str, tuple[GoalKind, list[Sample]]]:
    """The arms on each goal: whether it happened, and for purchases also for how much."""
    people, reached = defaultdict[str, int](int), defaultdict[str, float](float)
    sums = defaultdict[str, list[float]](lambda: [0.0, 0.0, 0.0])
    for cell in cells:
        arm = question.arm_of(cell)
        if arm is None or arm not in question.shares:
            continue
        people[arm] += cell.people
        reached[arm] += cell.reached
        sums[arm] = [a + b for a, b in zip(sums[arm], cell.sums, strict=True)]
    arms = [a for a in question.shares if people[a]]
    did = [sample_of(a, people[a], (reached[a], reached[a], reached[a])) for a in arms]
    goals: dict[str, tuple[GoalKind, list[Sample]]] = {goal.kind: (GoalKind.YES_NO, did)}
    if goal.kind == "purchased":
        spent = [sample_of(a, people[a], (sums[a][0], sums[a][1], sums[a][2])) for a in arms]
        goals["amount"] = (GoalKind.AMOUNT, spent)
    return goals
