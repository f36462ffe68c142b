"""What is over. That depends on when one looks: it is found with the moment it holds from."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from campaigns.content.checks.checked import Checked
from campaigns.domain.facts import Fact
from campaigns.domain.findings import Finding


def later(checked: Checked) -> Iterator[tuple[datetime, Finding]]:
    """`over`, at most once: by `expires`, else by the last day that the campaign must state."""
    campaign, zone = checked.sources.campaign, checked.sources.brand.time_zone
    ends = campaign.expires_at(zone)
    days = {n: day for n in campaign.must_say if (day := last_day(campaign.facts[n]))}
    if ends is not None:
        told = f"it ended on {campaign.expires} (`expires`): a run sends nothing any more."
        mend = "Move `expires`, and the days among its facts, or take the campaign out."
        yield ends, checked.in_campaign("over", told, mend, ("expires",))
    elif days:
        name = max(days, key=lambda fact: days[fact])
        gone = campaign.model_copy(update={"expires": days[name]}).expires_at(zone)
        assert gone is not None
        told = f"the last day it states is over (`{name}`, {days[name]}); it is sent all the same."
        mend = f"Move the day, and write `expires: {days[name]}` so that it ends by itself."
        yield gone, checked.in_campaign("over", told, mend, ("facts", name))


def last_day(fact: Fact) -> date | None:
    """The last day that a fact names; None for a fact without a day."""
    match fact.kind:
        case "date":
            return fact.date
        case "date_range":
            return fact.date_range.to if fact.date_range else None
        case "time":
            return fact.time.date if fact.time else None
        case _:
            return None
