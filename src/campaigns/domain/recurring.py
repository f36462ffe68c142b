"""Campaigns that recur: each time is an edition of its own, and everybody gets each once."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Literal, TypeAlias
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from campaigns.domain.release import Release

Recurs: TypeAlias = Literal["daily", "weekly", "monthly", "quarterly", "yearly"]


def in_its_edition(release: Release, at: datetime) -> Release:
    """The release as it goes out at this moment: of a campaign that recurs, that time's edition.
    A moment without a zone is by the brand's clock."""
    recurs: Recurs | None = release.source(release.campaign_file).get("recurs")
    if recurs is None:
        return release
    here = at.astimezone(ZoneInfo(release.policy.home_zone)) if at.tzinfo else at
    return replace(release, edition=edition_on(recurs, here.date()))


def edition_on(recurs: Recurs, day: date) -> str:
    """The edition of a day by the brand's calendar: `2027-03-10`, `2027-W10` (ISO 8601: the week
    that a Thursday belongs to), `2027-03`, `2027-Q1`, `2027`."""
    match recurs:
        case "daily":
            return day.isoformat()
        case "weekly":
            return f"{day:%G-W%V}"
        case "monthly":
            return f"{day:%Y-%m}"
        case "quarterly":
            return f"{day.year}-Q{(day.month + 2) // 3}"
        case "yearly":
            return str(day.year)
