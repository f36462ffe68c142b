"""Verbs: learn which channel each customer answers on, and what trying others has shown."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from campaigns.bootstrap.app import App
from campaigns.domain.experiment import GoalKind
from campaigns.domain.exploring import OTHERS, Explored, samples
from campaigns.domain.learning import Learnt
from campaigns.services import learn as learning
from campaigns.store.exploring import SqlExploring

#: A report is of messages of so long.
REPORTED = timedelta(days=365)


def learn(
    app: App, *, everybody: bool = False, progress: Callable[[int], None] = lambda _: None
) -> Learnt:
    """Count customers who did or got something since the last time; once a week, or where that is
    wanted, everybody anew."""
    return learning.learn(
        app.learning,
        app.catalog.brand().learning,
        now=app.clock.now(),
        everybody=everybody,
        progress=progress,
    )


def explored(app: App) -> Explored:
    """What trying other channels has cost and brought, in the messages of a year."""
    from campaigns.analysis.compare import analyse

    cells = SqlExploring(app.database).cells(since=app.clock.now() - REPORTED)
    both = samples(cells)
    if any(sample.people < 2 for sample in both):
        return Explored(tuple(cells), None)
    shares = {sample.arm: float(sample.people) for sample in both}  # they were not meant as equal
    goals = {"answered": (GoalKind.YES_NO, both)}
    (goal,) = analyse(goals, control=OTHERS, shares=shares).goals
    return Explored(tuple(cells), goal.differences[0])
