"""The whole history of one customer, as people who serve them see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from campaigns.domain.answer import Answer
from campaigns.domain.audit import AuditEntry
from campaigns.domain.channel import Channel
from campaigns.domain.consent import ALL_TOPICS
from campaigns.domain.customer import AttributeValue
from campaigns.domain.identity import Identified
from campaigns.domain.interaction import Agent, InteractionKind
from campaigns.domain.preferences import Preferences
from campaigns.domain.schedule import BestHour
from campaigns.domain.views import CustomerView, plain_values


class Side(StrEnum):
    """Who spoke or acted."""

    US = "us"
    CUSTOMER = "customer"
    NOTE = "note"  # what happened to a message, or what we noted


@dataclass(frozen=True, slots=True)
class Entry:
    """One moment of the timeline.

    Attributes:
        words: what was said, part by part: of a message, reproduced from its release.
        proven: the words are, byte for byte, what was sent; None where nothing was to prove.
        why: why this channel, of a message.
        by: who answered.
    """

    at: datetime
    kind: InteractionKind
    side: Side
    channel: Channel | None
    campaign: str | None
    delivery_id: int | None
    words: Mapping[str, str]
    proven: bool | None
    why: str | None
    by: str | None
    agent: Agent | None
    data: Mapping[str, AttributeValue]


@dataclass(frozen=True, slots=True)
class Offer:
    """What the customer was promised and still holds: the facts of a live campaign."""

    campaign: str
    title: str
    ends_at: datetime | None
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class History:
    """Everything about one customer. `timeline` is newest first."""

    customer: CustomerView
    preferences: Preferences
    timeline: tuple[Entry, ...]
    offers: tuple[Offer, ...]
    answers: tuple[Answer, ...]
    audit: tuple[AuditEntry, ...]
    identified: Identified
    best_hour: BestHour | None = None

    def as_json(self) -> dict[str, Any]:
        """As JSON values: the customer's fields, and what is here beside them."""
        document = self.customer.as_json()
        document["best_hour"] = asdict(self.best_hour) if self.best_hour else None
        document["preferences"] = plain_values(asdict(self.preferences))
        for name in ("timeline", "offers", "answers", "audit"):
            document[name] = [plain_values(asdict(item)) for item in getattr(self, name)]
        document |= plain_values(asdict(self.identified))
        return document


_CUSTOMER = frozenset(
    {
        InteractionKind.REPLIED,
        InteractionKind.CLICKED,
        InteractionKind.UNSUBSCRIBED,
        InteractionKind.RESUBSCRIBED,
        InteractionKind.PURCHASED,
        InteractionKind.VISITED,
        InteractionKind.CALLED,
        InteractionKind.ASKED,
        InteractionKind.SEEN,
        InteractionKind.PREFERENCE_CHANGED,
        InteractionKind.COMPLAINED,
    }
)


def side_of(kind: InteractionKind) -> Side:
    """Who acts in an interaction of this kind."""
    if kind in (InteractionKind.SENT, InteractionKind.ANSWERED):
        return Side.US
    return Side.CUSTOMER if kind in _CUSTOMER else Side.NOTE


def data_in_words(data: Mapping[str, AttributeValue]) -> list[tuple[str, str]]:
    """What an interaction says beyond its kind, as people say it: name and value."""
    return [
        (_NAMES.get(name, name.replace("_", " ")), _value(name, value))
        for name, value in data.items()
        if name not in _HIDDEN
    ]


#: For programs: told by the entry itself, or in other words.
_HIDDEN = frozenset(
    {"campaign", "wish", "unclear", "answered", "everywhere", "automatic", "text", "subject"}
)
_NAMES = {ALL_TOPICS: "all topics", "weekly_most": "at most in a week", "channels": "order"}


def _value(name: str, value: AttributeValue) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name in ("quiet_from", "quiet_until") and isinstance(value, int):
        return _clock(value)
    if name == "paused_until":
        return str(value)[:10]
    if name == "channels":
        known = [c for c in str(value).split(",") if c in set(Channel)]
        return ", then ".join(Channel(c).label for c in known) or "none"
    return str(value)


def asked_for(preferences: Preferences, now: datetime) -> list[str]:
    """What the customer asked for beyond consent, a line each, in words."""
    said = []
    if preferences.channels:
        said.append(", then ".join(channel.label for channel in preferences.channels))
    if preferences.quiet_from is not None and preferences.quiet_until is not None:
        hours = f"{_clock(preferences.quiet_from)} to {_clock(preferences.quiet_until)}"
        said.append(f"nothing from {hours}, their time")
    if preferences.weekly_most is not None:
        said.append(f"at most {preferences.weekly_most} a week")
    if preferences.paused_until is not None and preferences.paused(now):
        said.append(f"no marketing before {preferences.paused_until:%Y-%m-%d}")
    return said


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
