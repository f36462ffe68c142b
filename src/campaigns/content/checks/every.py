"""All checks, run over one compiled campaign."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from campaigns.content.checks import (
    budget,
    contrast,
    copy,
    facts,
    fit,
    legal,
    links,
    locales,
    mail,
    mail_support,
    readability,
    sanity,
    steps,
    typed,
    vague,
    voice,
)
from campaigns.content.checks.checked import Checked
from campaigns.domain.findings import Finding

Check = Callable[[Checked], Iterator[Finding]]

CHECKS: Final[tuple[Check, ...]] = (
    facts.check,
    typed.check,
    vague.check,
    locales.check,
    fit.check,
    legal.check,
    links.check,
    voice.check,
    readability.check,
    contrast.check,
    mail.check,
    mail_support.check,
    copy.check,
    steps.check,
    budget.check,
    sanity.check,
)


def run_checks(checked: Checked) -> tuple[Finding, ...]:
    """All findings, each once, by file and line."""
    found = dict.fromkeys(finding for check in CHECKS for finding in check(checked))
    return tuple(sorted(found, key=lambda f: (f.file, f.line or 0, f.rule, f.message)))
