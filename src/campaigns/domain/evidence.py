"""Evidence about messages in doubt: what a provider's own list can show, and when it is asked.

That a message is there proves that it was sent. That it is not there proves something only where
the list is complete and enough time has passed; even then nothing is sent again by itself, since
absence is a person's business to act upon (docs/decisions/0013).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeAlias

from campaigns.domain.channel import Channel
from campaigns.domain.delivery import DeliveryState
from campaigns.domain.message import Skeleton, fill_part
from campaigns.domain.outcome_words import in_words


class Finding(StrEnum):
    """What the last look at a message in doubt showed."""

    SEEN = "seen"  # it was sent: positive evidence
    ABSENT = "absent"  # the list is complete, time enough has passed, and it is not there
    NOT_YET = "not_yet"  # it is not there, which proves nothing (yet)
    SEVERAL = "several"  # more than one message could be it, or one could be several's
    UNASKED = "unasked"  # the provider could not be asked
    TWICE = "twice"  # sent again by a person, and the first one had left after all


class Verdict(StrEnum):
    """What a person decides about a message in doubt."""

    SENT = "sent"
    RESEND = "resend"


@dataclass(frozen=True, slots=True)
class Authority:
    """What a provider's list is worth.

    Attributes:
        name: what it is called, for people.
        absent_after: after so long what is not in the list was not sent; None: never provable.
        because: why so long, or why never.
    """

    name: str
    absent_after: timedelta | None
    because: str


@dataclass(frozen=True, slots=True)
class Sought:
    """A message to look for, exactly as it was written before it may have left.

    Attributes:
        address: None where the customer was erased since: only our own id is left to look by.
        since: it cannot have left before.
    """

    delivery_id: int
    channel: Channel
    address: str | None
    skeleton: Skeleton
    values: Mapping[str, str] | None
    since: datetime

    @property
    def body(self) -> str:
        """The text of a channel that has one part. Raises KeyError without its values."""
        return fill_part(self.skeleton.parts["body"], self.values or {})


@dataclass(frozen=True, slots=True)
class Doubt:
    """A message in doubt, or one that a person decided about, and what is known of it.

    Attributes:
        since: the run's start: it cannot have left before.
        fell: when it fell in doubt (of one decided since: when that took effect).
        outcome: what happened when it was sent, in the channel's words.
        looks, looked_at, finding, told: of the last look at the provider's list.
        resolved: what a person decided.
    """

    delivery_id: int
    customer_id: int
    run_id: int
    campaign: str
    edition: str
    channel: Channel
    state: DeliveryState
    skeleton_id: int
    address: str | None = field(repr=False)
    values: Mapping[str, str] | None = field(repr=False)
    provider_id: str | None
    outcome: str | None
    since: datetime
    fell: datetime
    looks: int
    looked_at: datetime | None
    finding: Finding | None
    told: str | None
    resolved: Verdict | None

    @property
    def known(self) -> str:
        """All that is known, in words, without anything of the customer."""
        happened = in_words(self.outcome) if self.outcome else None
        return "; ".join(filter(None, [happened, self.told])) or "nothing"


@dataclass(frozen=True, slots=True)
class Listed:
    """The provider's ids of the messages in its list that are, by all that is known, this one."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """The list could not be read, or cannot show this message."""

    why: str


Answer: TypeAlias = Listed | NoAnswer


@dataclass(frozen=True, slots=True)
class Judgement:
    """A finding in words, with the provider's id where the message was seen."""

    finding: Finding
    told: str
    provider_id: str | None = None


def judge(
    answer: Answer,
    *,
    authority: Authority,
    known: Collection[str],
    twins: bool,
    waited: timedelta,
) -> Judgement:
    """What an answer says about one message in doubt.

    `known` are provider ids of other messages of ours; `twins`: another message in doubt says the
    same to the same address; `waited`: since this one fell in doubt.
    """
    if isinstance(answer, NoAnswer):
        return Judgement(Finding.UNASKED, answer.why)
    ids = [i for i in answer.ids if i not in known]
    if len(ids) > 1 or (ids and twins):
        return Judgement(
            Finding.SEVERAL, f"{authority.name} has several messages that could be this one"
        )
    if ids:
        return Judgement(Finding.SEEN, f"it is in {authority.name}", ids[0])
    if authority.absent_after is not None and waited >= authority.absent_after:
        return Judgement(
            Finding.ABSENT, f"it is not in {authority.name}: {authority.because}, so it never left"
        )
    later = "" if authority.absent_after is None else " yet"
    return Judgement(
        Finding.NOT_YET,
        f"it is not in {authority.name}{later}, which proves nothing: {authority.because}",
    )


def sent_as_well(ids: Sequence[str], own: str | None) -> str | None:
    """Of a message that a person sent again and that was accepted: the provider's id of the first
    one, if that had left after all. `own` is the second one's id."""
    others = [i for i in ids if own is None or not (i == own or i.startswith(f"{own}."))]
    if own is None:
        others = others[1:]
    return others[0] if others else None


def age(span: timedelta) -> str:
    """`3 d 4 h`, `2 h 5 min`, `40 s`."""
    seconds = max(0, int(span.total_seconds()))
    days, hours, minutes = seconds // 86_400, seconds // 3_600 % 24, seconds // 60 % 60
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min" if minutes else f"{seconds} s"


#: When a message in doubt is looked for again by itself, counted from the last look.
_NEXT = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=6),
    timedelta(hours=12),
)
#: A provider that could not be asked is asked again as if it had not been.
_UNASKED = timedelta(minutes=15)
#: Beyond this no vendor's list reaches back, or only by accident.
LOOKED_FOR = timedelta(days=30)


def next_look(looks: int, finding: Finding, *, fell: datetime, now: datetime) -> datetime | None:
    """When to look again after so many looks; None: not by itself any more."""
    if finding in (Finding.SEEN, Finding.TWICE) or now - fell > LOOKED_FOR:
        return None
    if finding is Finding.UNASKED:
        return now + _UNASKED
    return now + (_NEXT[looks - 1] if looks <= len(_NEXT) else timedelta(days=1))
