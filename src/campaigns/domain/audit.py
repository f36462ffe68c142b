"""The audit trail: who did what to which run, delivery, release or customer, when and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Action(StrEnum):
    """What people, and the engine in their stead, do."""

    STARTED = "started"
    PAUSED = "paused"
    RESUMED = "resumed"
    CANCELLED = "cancelled"
    STOPPED = "stopped"
    HELD = "held"
    APPROVED = "approved"
    REJECTED = "rejected"
    RESOLVED = "resolved"
    CONFLICTED = "conflicted"  # evidence says that a customer has a message twice
    ARMED = "armed"
    ANSWERED = "answered"
    CLOSED = "closed"
    MERGED = "merged"
    SPLIT = "split"
    ERASED = "erased"
    EXPORTED = "exported"
    IMPORTED = "imported"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line of the trail; never changed.

    Attributes:
        actor: a person's name, or `campaigns` where the engine acted by itself.
        subject: kind and number, such as `run:12`, `delivery:345`, `customer:7`: no personal data.
        why: in the actor's words; empty where nobody was asked.
    """

    at: datetime
    actor: str
    action: Action
    subject: str
    why: str = ""
    data: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)
