"""Findings as SARIF 2.1.0, the form in which code hosts take annotations of changed files.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from campaigns import __version__
from campaigns.domain.findings import Finding

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif(findings: Sequence[Finding], folder: Path) -> dict[str, Any]:
    """One run. Files under `folder` are named from there, as code hosts expect."""
    from campaigns.content.checks.rules import RULES

    order = list(RULES)
    rules = [
        {
            "id": rule.id,
            "shortDescription": {"text": f"{rule.meaning[:1].upper()}{rule.meaning[1:]}."},
            "help": {"text": f"See `{rule.id}` in docs/checks.md."},
            "defaultConfiguration": {"level": rule.level.value},
        }
        for rule in RULES.values()
    ]
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "campaigns",
                        "semanticVersion": __version__,
                        "rules": rules,
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_result(finding, order, folder) for finding in findings],
            }
        ],
    }


def _result(finding: Finding, order: list[str], folder: Path) -> dict[str, Any]:
    uri = _uri(finding.file, folder)
    where = {"channel": finding.channel, "locale": finding.locale, "part": finding.part}
    # A finding stays the same one when lines are added above it.
    same = "\0".join((finding.rule, uri, finding.message, *where.values()))
    return {
        "ruleId": finding.rule,
        "ruleIndex": order.index(finding.rule),
        "level": finding.level.value,
        "message": {"text": finding.sentence},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": uri},
                    "region": {"startLine": finding.line or 1},
                }
            }
        ],
        "partialFingerprints": {"finding/v1": blake2b(same.encode(), digest_size=16).hexdigest()},
        "properties": {name: value for name, value in where.items() if value},
    }


def _uri(file: str, folder: Path) -> str:
    path = Path(file)
    whole = path if path.is_absolute() else folder / path
    if whole.is_relative_to(folder):
        return quote(whole.relative_to(folder).as_posix())
    return whole.as_uri()
