"""A canary: a run sends to a few first, and what they do decides whether the rest gets it.

The few are chosen by hash: the same whoever asks, and like the rest in every way. What is watched
is what providers and customers report of them; a share above its threshold stops the run at once.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import blake2b
from typing import Annotated, Any

from pydantic import Field

from campaigns.domain.evidence import age
from campaigns.domain.lengths import Length
from campaigns.domain.moments import moment
from campaigns.domain.written import Frozen

#: The shard of a run's canary; customers' shards count from 0.
CANARY_SHARD = 1_000_000

Threshold = Annotated[float, Field(gt=0, le=100)]


class CanarySpec(Frozen):
    """`canary` in campaign.yaml. Thresholds are percent of the people in it."""

    people: Annotated[int, Field(ge=1, le=1_000_000)] = Field(500, description="so many first")
    watch: Length = Field(
        timedelta(hours=2), description="so long after the last of them left (90 min, 2 h, 1 day)"
    )
    bounces: Threshold = Field(2, description="more percent bounced or rejected: stop")
    complaints: Threshold = Field(0.1, description="more percent reported as spam: stop")
    opt_outs: Threshold = Field(1, description="more percent opted out: stop")

    @property
    def in_words(self) -> str:
        """`to 500 first, watched for 2 h; …`: what a plan says of it."""
        watched = age(self.watch).removesuffix(" 0 min").removesuffix(" 0 h")
        return (
            f"to {self.people:,} first, watched for {watched}; the rest gets it unless more than "
            f"{self.bounces:g}% bounce, {self.complaints:g}% complain or {self.opt_outs:g}% opt out"
        )

    @classmethod
    def of(cls, campaign: Mapping[str, Any]) -> CanarySpec | None:
        """That of a campaign.yaml as it is frozen in a release; None where it has none."""
        found = campaign.get("canary")
        return None if found is None else cls.model_validate(found)


class CanaryState(StrEnum):
    """Where a canary stands."""

    SENDING = "sending"
    WATCHING = "watching"
    PASSED = "passed"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of the few.

    Attributes:
        people: how many they are; left: of them, messages not settled yet.
        settled_at: when the last one was settled; None while any is left.
        reported: messages of which a provider has reported anything.
        bounced: bounced, undelivered or rejected; complained, opted_out: people.
        due_at: when the earliest of those left may go; None when none is left.
    """

    people: int
    left: int
    settled_at: datetime | None
    reported: int
    bounced: int
    complained: int
    opted_out: int
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Where a canary stands, and why.

    Attributes:
        until: when the watch ends; None while messages of it are left to send.
    """

    state: CanaryState
    because: str
    seen: Seen
    until: datetime | None = None

    @property
    def decided(self) -> bool:
        """Whether nothing will change any more."""
        return self.state in (CanaryState.PASSED, CanaryState.STOPPED)

    def __str__(self) -> str:
        """`Canary: watching the first 500 until …`; `Canary, passed: of the first 500, …`."""
        return f"Canary{f', {self.state}' if self.decided else ''}: {self.because}."


def choose_canary(key: str, customers: Iterable[int], people: int) -> list[int]:
    """So many customers, by the hash of `key` (campaign and edition) and their number."""

    def place(customer_id: int) -> bytes:
        return blake2b(f"{key}/canary\x1f{customer_id}".encode(), digest_size=8).digest()

    return sorted(heapq.nsmallest(people, customers, key=place))


def judge(spec: CanarySpec, seen: Seen, now: datetime) -> Verdict:
    """Whether the rest gets it. A threshold decides at once, the time only after it is over."""
    counted = (
        ("bounced or were rejected", seen.bounced, spec.bounces),
        ("reported it as spam", seen.complained, spec.complaints),
        ("opted out", seen.opted_out, spec.opt_outs),
    )
    above = [
        _told(what, n, seen.people, most) for what, n, most in counted if _above(n, seen, most)
    ]
    if above:
        return Verdict(CanaryState.STOPPED, "; ".join(above), seen)
    if seen.left or seen.settled_at is None:
        because = f"{seen.people - seen.left:,} of the first {seen.people:,} sent"
        return Verdict(CanaryState.SENDING, because, seen)
    until = (seen.settled_at + spec.watch).astimezone(now.tzinfo)
    told = ", ".join(f"{n:,} {what}" for what, n, _ in counted)
    if now < until:
        because = f"watching the first {seen.people:,} until {moment(until)}: {told}"
        return Verdict(CanaryState.WATCHING, because, seen, until)
    silent = "" if seen.reported else "; no provider has reported anything of them"
    because = f"of the first {seen.people:,}, {told}{silent}"
    return Verdict(CanaryState.PASSED, because, seen, until)


def _above(number: int, seen: Seen, most: float) -> bool:
    return 100.0 * number / max(1, seen.people) > most


def _told(what: str, number: int, people: int, most: float) -> str:
    share = 100.0 * number / people
    return f"{number:,} of the first {people:,} {what}: {share:.2g} percent, more than {most:g}"
