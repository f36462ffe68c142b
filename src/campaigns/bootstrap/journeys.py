"""Verbs about journeys: which campaigns have one, and who is where."""

from __future__ import annotations

from campaigns.bootstrap.app import App
from campaigns.domain.travellers import Whereabouts
from campaigns.errors import NotFoundError
from campaigns.store.travellers import SqlTravellers


def whereabouts(app: App, campaign: str) -> Whereabouts:
    """Who is where on the journey of the campaign's newest run. Raises NotFoundError where it has
    not run, or has no steps."""
    run = app.runs.latest(campaign)
    if run is None:
        raise NotFoundError(f"{campaign} has not run yet; `campaigns run {campaign}` starts it.")
    release = app.releases.load(run.release_hash)
    if not release.policy.journey.goes_on:
        raise NotFoundError(
            f"{campaign} is one message; write `steps:` in its campaign.yaml for a journey "
            "(docs/journeys.md)."
        )
    return SqlTravellers(app.database).whereabouts(release, now=app.clock.now())


def under_way(app: App) -> list[str]:
    """Campaigns of the templates folder whose journey somebody is due to go on with."""
    names = []
    for name in app.campaign_names():
        try:
            found = whereabouts(app, name)
        except NotFoundError:
            continue
        if found.due:
            names.append(name)
    return names
