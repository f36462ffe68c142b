"""Findings: what the checks report, each with its place and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from enum import StrEnum


class Level(StrEnum):
    """An error stops the run before the first message; a warning is only told."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, or looks wrong, with a campaign.

    Attributes:
        rule: the check's id, such as `fact-missing`; explained in docs/checks.md.
        message: what was found.
        mend: what to do about it.
        file: the file to mend, as the user named the templates folder.
        line: 1-based; None when the whole file is meant.
        channel, locale, part: where it shows; empty when it is everywhere.
    """

    rule: str
    level: Level
    message: str
    mend: str
    file: str
    line: int | None = None
    channel: str = ""
    locale: str = ""
    part: str = ""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.sentence}"

    @property
    def sentence(self) -> str:
        """What was found, where it shows, and how to mend it."""
        shown = ", ".join(x for x in (self.channel, self.locale, self.part) if x)
        return f"{self.message}{f' [{shown}]' if shown else ''} {self.mend}".rstrip()

    def as_json(self) -> dict[str, object]:
        """Every field under its own name, for machines."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing to mend, however many messages show it."""

    finding: Finding
    places: tuple[str, ...]

    def __str__(self) -> str:
        where = (
            f"{self.finding.file}:{self.finding.line}" if self.finding.line else self.finding.file
        )
        shown = f" [{'; '.join(self.places)}]" if self.places else ""
        return f"{where}: {self.finding.message}{shown} {self.finding.mend}".rstrip()


def faults(findings: Iterable[Finding]) -> list[Fault]:
    """What differs in nothing but where it shows is one fault, with those places."""
    told: dict[Finding, dict[str, None]] = {}
    for finding in findings:
        place = " ".join(x for x in (finding.channel, finding.locale, finding.part) if x)
        alike = replace(finding, channel="", locale="", part="")
        told.setdefault(alike, {}).update({place: None} if place else {})
    return [Fault(finding, tuple(places)) for finding, places in told.items()]
