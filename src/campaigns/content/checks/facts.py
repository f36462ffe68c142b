"""Every must-say fact stands in every message, as its locale writes it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from campaigns.content.checks.view import Checked, View, readable
from campaigns.domain.facts import FactKind
from campaigns.domain.findings import Finding


def check(checked: Checked) -> Iterator[Finding]:
    """`fact-missing`: a message does not say what the campaign must say."""
    campaign = checked.sources.campaign
    for view in checked.views:
        for name in campaign.must_say:
            written = checked.release.facts[name][view.locale]
            for part, text in view.bodies.items():
                if says(text, written, campaign.facts[name].kind) or _links_to(view, part, written):
                    continue
                yield checked.in_copy(
                    "fact-missing",
                    f"this message does not say the fact `{name}` ({readable(written)}).",
                    f"Put {{{{ facts.{name} }}}} into the text.",
                    view,
                    part,
                )


def says(text: str, written: str, kind: FactKind) -> bool:
    """Whether a readable text holds a written fact whole, and not as part of a longer value:
    20% is not said by 120% nor by 20.20%."""
    value = re.escape(readable(written))
    if kind == "url":
        return re.search(rf"(?<!\w){value}(?![\w/?#&=%-])", text) is not None
    return re.search(rf"(?<![\w])(?<!\d[.,]){value}(?![\w])(?![.,]\d)", text) is not None


def _links_to(view: View, part: str, written: str) -> bool:
    """A link in HTML says its address to those who follow it."""
    if part != "html" or view.page is None or not written.startswith("https://"):
        return False
    return any(a.attributes.get("href") == written for a in view.page.css("a"))
