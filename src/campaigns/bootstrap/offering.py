"""What there is to run: the campaigns of the templates, as a list of choices shows them."""

from __future__ import annotations

from dataclasses import dataclass

from campaigns.bootstrap.app import App
from campaigns.domain.campaign import Campaign
from campaigns.domain.channel import Channel


@dataclass(frozen=True, slots=True)
class Offered:
    """One campaign as its files are now.

    Attributes:
        channels: in the campaign's order.
        locales: those it is written in.
        journey: it has steps that follow each other.
        team: whose campaign it is; empty where nobody has said.
    """

    name: str
    title: str
    description: str
    channels: tuple[Channel, ...]
    locales: tuple[str, ...]
    needs_approval: bool
    journey: bool
    team: str = ""


def offered(app: App) -> list[Offered]:
    """All campaigns, by name. Raises FileError or FilesError where a file cannot be read."""
    brand = app.catalog.brand()
    return [_offered(app, name, tuple(brand.locales)) for name in app.campaign_names()]


def _offered(app: App, name: str, locales: tuple[str, ...]) -> Offered:
    from campaigns.content.reading import read_model

    path = app.settings.templates / "campaigns" / name / "campaign.yaml"
    campaign = read_model(path, Campaign)[1]
    return Offered(
        name=name,
        title=campaign.title,
        description=campaign.description,
        channels=campaign.channels,
        locales=campaign.locales or locales,
        needs_approval=campaign.needs_approval,
        journey=bool(campaign.steps),
        team=campaign.team or "",
    )
