"""Verbs about journeys: which campaigns have one, and who is where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from campaigns.bootstrap.app import App
from campaigns.bootstrap.naming import never_ran
from campaigns.domain.moments import by_clock
from campaigns.domain.run import ACTIVE_RUN_STATES
from campaigns.domain.travellers import Whereabouts
from campaigns.errors import NotFoundError
from campaigns.store.travellers import SqlTravellers


def whereabouts(app: App, campaign: str) -> Whereabouts:
    """Who is where on the journey of the campaign's newest run, by the brand's clock. Raises
    NotFoundError where it has not run, or has no steps."""
    run = app.runs.latest(campaign)
    if run is None:
        raise never_ran(app, campaign)
    release = app.releases.load(run.release_hash)
    if not release.policy.journey.goes_on:
        raise NotFoundError(
            f"{campaign} is one message; write `steps:` in its campaign.yaml for a journey "
            "(docs/journeys.md)."
        )
    found = SqlTravellers(app.database).whereabouts(release, now=app.clock.now())
    return by_clock(found, app.home)


@dataclass(frozen=True, slots=True)
class UnderWay:
    """Campaigns whose journey somebody is due to go on with.

    Attributes:
        due: names; `held`: names whose journey waits for a run of the campaign that somebody has
            to decide about, and the sentence that says so.
    """

    due: tuple[str, ...]
    held: Mapping[str, str]


def under_way(app: App) -> UnderWay:
    """The journeys of the templates folder that can go on now.

    A run that a person started, or paused, is theirs: it is never set going from here. One that
    only goes on with journeys and was interrupted is gone on with.
    """
    due, held = [], {}
    for name in app.campaign_names():
        run = app.runs.latest(name)
        if run is None:
            continue
        interrupted = run.state in ACTIVE_RUN_STATES
        if interrupted and (not run.continues or app.audit.hold(run.id) is not None):
            held[name] = f"run {run.id} of {name} is {run.state}: its journey waits for that."
        elif interrupted or _is_due(app, name):
            due.append(name)
    return UnderWay(tuple(due), held)


def _is_due(app: App, name: str) -> bool:
    try:
        return whereabouts(app, name).due > 0
    except NotFoundError:  # one message
        return False
