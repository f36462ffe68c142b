"""Retain: delete the past that the brand does not keep any longer."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Protocol

from campaigns.domain.business_event import DEVICE_WAITS
from campaigns.domain.retention import Retention


class Past(Protocol):
    """What happened, and what was said."""

    def delete_interactions(self, *, before: datetime) -> int:
        """Interactions older than that, `sent` apart; how many."""

    def delete_messages(self, *, before: datetime) -> int:
        """What was said, and where, of messages settled before that; how many."""

    def delete_device_events(self, *, before: datetime) -> None:
        """What was told before that of devices that are nobody's still."""


class Reports(Protocol):
    """Files that tell rows which imports refused."""

    def delete_before(self, moment: datetime) -> int:
        """Those written before; how many."""


@dataclass(frozen=True, slots=True)
class Deleted:
    """How much was deleted."""

    interactions: int = 0
    messages: int = 0
    reports: int = 0

    def as_json(self) -> dict[str, int]:
        """By name."""
        return asdict(self)


def retain(past: Past, reports: Reports, rule: Retention, *, now: datetime) -> Deleted:
    """Delete what is older than the brand says, and, uncounted, events whose device has been
    nobody's for long. Safe at any time and any number of times."""

    def before(days: int) -> datetime:
        return now - timedelta(days=days)

    past.delete_device_events(before=now - DEVICE_WAITS)
    interactions = messages = files = 0
    if rule.interactions is not None:
        interactions = past.delete_interactions(before=before(rule.interactions))
    if rule.messages is not None:
        messages = past.delete_messages(before=before(rule.messages))
    if rule.reports is not None:
        files = reports.delete_before(before(rule.reports))
    return Deleted(interactions, messages, files)
