"""The audit trail: who did what to which run, delivery, release or customer, when and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

#: What the trail is about: `run:12`, and two that are all of their kind.
SUBJECT_KINDS = (
    "run", "delivery", "release", "customer", "stranger", "match", "key", "flow-run",
)  # fmt: skip
WHOLE_SUBJECTS = ("database", "customers")

#: The actor where the engine acted by itself.
ENGINE = "campaigns"


class Action(StrEnum):
    """What people, and the engine in their stead, do."""

    STARTED = "started"
    PAUSED = "paused"
    RESUMED = "resumed"
    CANCELLED = "cancelled"
    STOPPED = "stopped"
    TAKEN_UP = "taken_up"  # an outage may be over: see domain.outage
    HELD = "held"
    ASKED = "asked"
    APPROVED = "approved"
    REJECTED = "rejected"
    PASSED = "passed"  # a canary: the rest is sent
    TIMED_OUT = "timed_out"  # nobody answered a question for approval
    RESOLVED = "resolved"
    CONFLICTED = "conflicted"  # evidence says that a customer has a message twice
    ARMED = "armed"
    ANSWERED = "answered"
    CLOSED = "closed"
    TAKEN_BACK = "taken_back"  # an opt-out that a reply was wrongly read as
    MERGED = "merged"
    SPLIT = "split"
    ERASED = "erased"
    READMITTED = "readmitted"
    EXPORTED = "exported"
    LOOKED = "looked"  # at all that is known of a customer
    CREATED = "created"
    REVOKED = "revoked"


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

    @property
    def did(self) -> str:
        """What was done, in words: `paused`, `resolved: resend`."""
        verdict = self.data.get("as") if self.action is Action.RESOLVED else None
        did = self.action.replace("_", " ")
        return f"{did}: {verdict}" if verdict else did


_PAUSES = frozenset({Action.PAUSED, Action.HELD})
#: What says whether a run waits for a person; the newest of these decides.
DECIDING = frozenset({*_PAUSES, Action.RESUMED})


def run_subject(run_id: int) -> str:
    """How the trail names a run."""
    return f"run:{run_id}"


def standing_hold(newest_first: Iterable[AuditEntry]) -> AuditEntry | None:
    """The entry because of which a run waits until a person lets it go on, or None.

    A person's pause holds the run, and so does the engine where it asks for a decision (`held`:
    too late, restored from a backup). A pause of the engine's own (no provider, an interruption)
    holds nothing: `campaigns run` goes on.
    """
    for entry in newest_first:
        if entry.action in DECIDING:
            waits = entry.action is Action.HELD or entry.actor != ENGINE
            return entry if waits and entry.action in _PAUSES else None
    return None
