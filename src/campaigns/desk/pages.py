"""The desk's pages, written out. What customers wrote is only data: everything is escaped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError

from campaigns.domain.answer import Because
from campaigns.domain.history import data_in_words
from campaigns.domain.interaction import Agent, InteractionKind
from campaigns.domain.moments import until
from campaigns.page_templates import page_templates

_TEMPLATES: Final = Path(__file__).parent / "templates"
_BECAUSE: Final = {
    Because.REPLY: "",
    Because.UNCLEAR: "May want no more messages. Suppressed; please look",
    Because.ERASURE: (
        "Asks to be erased. Suppressed everywhere; have it done within a month (campaigns erase)"
    ),
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
    """Writes every page of the desk, its times by the clock of `zone`, where staff are."""

    def __init__(self, zone: str) -> None:
        clock = Clock(ZoneInfo(zone))
        self._environment = page_templates(_TEMPLATES)
        self._environment.filters |= {
            "moment": clock.moment,
            "day": clock.day,
            "language": language_name,
        }
        self._environment.globals |= {
            "because": _BECAUSE.__getitem__,
            "kind_label": self.kind_label,
            "not_a_person": lambda agent: agent in (Agent.MACHINE, Agent.SUSPECT),
            "ago": ago,
            "said": data_in_words,
            "until": clock.until,
            "zone": zone,
        }

    @staticmethod
    def kind_label(kind: InteractionKind) -> str:
        """What an interaction is called."""
        return _KINDS[str(kind)]

    def write(self, name: str, **values: Any) -> str:
        """One page."""
        return self._environment.get_template(name).render(**values)


def language_name(locale: str) -> str:
    """`Catalan` of `ca_ES`; what is written where nobody knows it."""
    try:
        return Locale.parse(locale).get_language_name("en") or locale
    except (UnknownLocaleError, ValueError):
        return locale


@dataclass(frozen=True, slots=True)
class Clock:
    """Moments in the words of one place."""

    zone: ZoneInfo

    def moment(self, at: datetime) -> str:
        """`1 Mar 2027, 09:05`."""
        return f"{self.day(at)}, {at.astimezone(self.zone):%H:%M}"

    def day(self, at: datetime) -> str:
        """`1 Mar 2027`."""
        at = at.astimezone(self.zone)
        return f"{at.day} {at:%b %Y}"

    def until(self, at: datetime) -> str:
        """`the end of 31 Mar 2027`."""
        return until(at.astimezone(self.zone), self.moment)


def ago(at: datetime, now: datetime) -> str:
    """How long somebody waits, as people say it."""
    minutes = max(0, int((now - at).total_seconds() // 60))
    if minutes < 1:
        return "just now"
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // (24 * 60)} days"
