"""What is set up, what is missing, and what would happen: for `campaigns doctor`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from campaigns.errors import CampaignsError


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One thing looked at.

    Attributes:
        ok: True fine, False stands in the way of a run, None worth knowing.
        found: what is there, one sentence.
        advice: the way out; empty when there is nothing to do.
    """

    subject: str
    ok: bool | None
    found: str
    advice: str = ""

    def as_json(self) -> dict[str, object]:
        """For `--json`."""
        return {"subject": self.subject, "ok": self.ok, "found": self.found, "advice": self.advice}


def diagnose(probes: dict[str, Callable[[], Iterator[Diagnosis]]]) -> list[Diagnosis]:
    """Ask every probe; an error of ours is a finding, not the end."""
    found: list[Diagnosis] = []
    for subject, probe in probes.items():
        try:
            found.extend(probe())
        except CampaignsError as error:
            found.append(Diagnosis(subject, False, str(error)))
    return found
