"""Starting late: what was meant for nine in the morning is not sent at midnight by itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from campaigns.domain.moments import dated
from campaigns.domain.release import Policy


def lateness(policy: Policy, scheduled_for: datetime | None, now: datetime) -> str | None:
    """Why a run that starts now has to wait for a person; None if it is in time. A moment without a
    zone is by the brand's clock."""
    if scheduled_for is None:
        return None
    home = ZoneInfo(policy.home_zone)
    was_due = scheduled_for if scheduled_for.tzinfo else scheduled_for.replace(tzinfo=home)
    if now - was_due <= policy.start_tolerance:
        return None
    return (
        f"it was to start on {dated(was_due.astimezone(home))} and "
        f"is {_told(now - was_due)} late; its tolerance is {_told(policy.start_tolerance)}."
    )


def _told(span: timedelta) -> str:
    """`1 h 30 min`, `2 days 4 h`: the two largest units."""
    minutes = int(span.total_seconds() // 60)
    days, hours = divmod(minutes // 60, 24)
    units = [(days, "day" if days == 1 else "days"), (hours, "h"), (minutes % 60, "min")]
    return " ".join(f"{n} {unit}" for n, unit in units if n) or "0 min"
