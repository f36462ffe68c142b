"""What is said of a name that nothing has: what there is, and what was probably meant."""

from __future__ import annotations

from campaigns.bootstrap.app import App
from campaigns.errors import NotFoundError
from campaigns.yaml_files.validate import listing, nearest


def no_campaign(app: App, name: str) -> NotFoundError:
    """No folder of this name is among the campaigns."""
    names = app.campaign_names()
    told = f"there is no campaign `{name}`; {nearest(name, names)}there is: {listing(names)}."
    return NotFoundError(told)


def never_ran(app: App, name: str) -> NotFoundError:
    """No run of this campaign is known; perhaps there is no such campaign."""
    if name not in app.campaign_names():
        return no_campaign(app, name)
    return NotFoundError(f"{name} has not run yet; `campaigns run {name}` starts it.")
