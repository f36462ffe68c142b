"""A budget can be kept only where everything it may be spent on has a price."""

from __future__ import annotations

from collections.abc import Iterator

from campaigns.content.checks.checked import Checked
from campaigns.domain.channel import Channel
from campaigns.domain.findings import Finding
from campaigns.domain.prices import Prices

_LOC = ("budget",)


def check(checked: Checked) -> Iterator[Finding]:
    """`budget-unpriced`."""
    budget, prices = checked.sources.campaign.budget, checked.sources.brand.prices
    if budget is None:
        return
    if prices is None:
        told = "a budget is stated, and brand.yaml has no `prices` to hold it against."
        yield checked.in_campaign("budget-unpriced", told, "State the prices.", _LOC)
        return
    if prices.currency != budget.currency:
        told = f"the budget is in {budget.currency}, the brand's prices are in {prices.currency}."
        mend = f"State it in {prices.currency}."
        yield checked.in_campaign("budget-unpriced", told, mend, _LOC)
    for channel in checked.sources.campaign.channels:
        if not _priced(prices, channel, checked):
            told = f"a budget is stated, and {channel.label} has no price."
            mend = "Add it to `prices` in brand.yaml."
            yield checked.in_campaign("budget-unpriced", told, mend, _LOC)


def _priced(prices: Prices, channel: Channel, checked: Checked) -> bool:
    """Whether there is a price in any country: the plan tells which country lacks one."""
    purpose = checked.sources.campaign.purpose
    countries = (None, *prices.sms_segment, *prices.whatsapp.marketing, *prices.whatsapp.utility)
    costs = (prices.cost(channel, purpose=purpose, country=c) for c in countries)
    return any(cost is not None for cost in costs)
