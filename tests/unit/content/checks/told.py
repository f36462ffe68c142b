"""What the tests of the checks share."""

from __future__ import annotations

from tests.unit.content.files import Files

EN = "campaigns/sale/copy.en.yaml"
ES = "campaigns/sale/copy.es.yaml"
BRAND = "brand.yaml"
CAMPAIGN = "campaigns/sale/campaign.yaml"


def told(files: Files, *rules: str) -> list[str]:
    """The findings of one rule, or of several; there must be no others."""
    assert files.rules() == set(rules), files.findings()
    return files.findings()


def of_rule(files: Files, rule: str) -> list[str]:
    """The findings of one rule, whatever else there is."""
    found = [f for f in files.compile().findings if f.rule == rule]
    return [str(f).replace(f"{files.root}/", "") for f in found]
