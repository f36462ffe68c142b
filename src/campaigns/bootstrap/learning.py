"""Verb: learn which channel each customer answers on."""

from __future__ import annotations

from collections.abc import Callable

from campaigns.bootstrap.app import App
from campaigns.domain.learning import Learnt
from campaigns.services import learn as learning


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
