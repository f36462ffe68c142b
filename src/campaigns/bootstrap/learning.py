"""Verbs: learn which channel each customer answers on and at which hour, and what trying others
has shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

from campaigns.bootstrap.app import App
from campaigns.domain.channel import Channel
from campaigns.domain.experiment import GoalKind
from campaigns.domain.exploring import OTHERS, Explored, samples
from campaigns.domain.learning import Learnt
from campaigns.errors import FileError, FilesError
from campaigns.services import learn as learning
from campaigns.services.learn_hours import learn_hours
from campaigns.store.exploring import SqlExploring
from campaigns.store.hours import SqlHours

#: A report is of messages of so long.
REPORTED = timedelta(days=365)


def learn(
    app: App, *, everybody: bool = False, progress: Callable[[int], None] = lambda _: None
) -> Learnt:
    """Count customers who did or got something since the last time; once a week, or where that is
    wanted, everybody anew."""
    brand, hours = app.catalog.brand(), hours_wanted(app)
    whom = _of_hours(app, everybody=everybody) if hours else None
    learnt = learning.learn(
        app.learning,
        brand.learning,
        now=app.clock.now(),
        everybody=everybody,
        progress=progress,
    )
    if hours:
        learn_hours(
            SqlHours(app.database),
            app.learning.everybody() if whom is None or learnt.everybody else whom,
            home=brand.time_zone,
            half_life=timedelta(days=brand.learning.half_life),
            now=learnt.at,
        )
    return learnt


def asked_for(app: App) -> dict[Channel | None, int]:
    """Channel → customers who asked for it first; None: for no channel."""
    from campaigns.store.preferences import asked_for

    return asked_for(app.database)


def hours_wanted(app: App) -> bool:
    """Whether a campaign asks for its customers' best hours. One whose file is wrong does not."""
    for name in app.campaign_names():
        try:
            send_at = app.catalog.campaign(name).send_at
        except (FileError, FilesError):
            continue
        if send_at is not None and send_at.best_hour:
            return True
    return False


def _of_hours(app: App, *, everybody: bool) -> Sequence[int] | None:
    """Whose hours to count: those with news, before learning takes them as known; None: all."""
    last = app.learning.last()
    if everybody or last is None or SqlHours(app.database).none():
        return None
    return app.learning.with_news(last.until_id, app.learning.until())


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
