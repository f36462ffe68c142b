"""The desk's pages, written out. What customers wrote is only data: everything is escaped."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from campaigns.domain.answer import Because
from campaigns.domain.interaction import Agent

_TEMPLATES: Final = Path(__file__).parent / "templates"
_BECAUSE: Final = {
    Because.REPLY: "",
    Because.UNCLEAR: "May want no more messages. Suppressed; please look",
    Because.ERASURE: "Asks to be erased. Suppressed everywhere; please do it within a month",
    Because.FAILED: "An answer did not arrive",
    Because.IN_DOUBT: "An answer may have left, or not",
}
_KINDS: Final = {
    "sent": "Sent",
    "delivered": "Delivered",
    "bounced": "Bounced",
    "failed": "Failed",
    "complained": "Complained",
    "opened": "Opened",
    "clicked": "Clicked",
    "replied": "Wrote",
    "answered": "Answered",
    "unsubscribed": "Asked for no more messages",
    "resubscribed": "Wants messages again",
    "purchased": "Purchased",
    "visited": "Visited",
    "called": "Called",
    "asked": "Asked service",
    "seen": "Was shown it",
    "preference_changed": "Changed preferences",
}


class Pages:
    """Writes every page of the desk. `now` is for 'an hour ago'."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(_TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters |= {"moment": moment, "day": day}
        self._environment.globals |= {
            "because": _BECAUSE.__getitem__,
            "kind_label": lambda kind: _KINDS[str(kind)],
            "not_a_person": lambda agent: agent in (Agent.MACHINE, Agent.SUSPECT),
            "ago": ago,
        }

    def write(self, name: str, **values: Any) -> str:
        """One page."""
        return self._environment.get_template(name).render(**values)


def moment(at: datetime) -> str:
    """`1 Mar 2027, 09:05` in UTC."""
    at = at.astimezone(UTC)
    return f"{at.day} {at:%b %Y, %H:%M}"


def day(at: datetime) -> str:
    """`1 Mar 2027`."""
    at = at.astimezone(UTC)
    return f"{at.day} {at:%b %Y}"


def ago(at: datetime, now: datetime) -> str:
    """How long somebody waits, as people say it."""
    minutes = max(0, int((now - at).total_seconds() // 60))
    if minutes < 1:
        return "just now"
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // (24 * 60)} days"
