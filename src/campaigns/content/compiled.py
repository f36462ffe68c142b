"""What compiling gives. Apart, since the process that asks needs nothing else of what compiles."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from campaigns.domain.findings import Finding
from campaigns.domain.release import Release


@dataclass(frozen=True, slots=True)
class Compiled:
    """What compiling gave: a release unless a file is wrong, and all findings.

    Attributes:
        later: findings that hold from a moment on.
    """

    release: Release | None
    findings: tuple[Finding, ...]
    later: tuple[tuple[datetime, Finding], ...] = ()

    def at(self, now: datetime) -> list[Finding]:
        """All findings that hold now."""
        return [*self.findings, *(finding for since, finding in self.later if since <= now)]
