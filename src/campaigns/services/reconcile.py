"""Reconcile: messages in doubt are looked for in the providers' own lists, and resolved by that.

What is found was sent. What is not found stays in doubt, whatever that shows: a person decides.
Nothing here sends.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from campaigns.domain.channel import Channel
from campaigns.domain.delivery import DeliveryState
from campaigns.domain.evidence import (
    Answer,
    Authority,
    Doubt,
    Finding,
    Judgement,
    Listed,
    NoAnswer,
    Sought,
    Verdict,
    judge,
    sent_as_well,
)
from campaigns.domain.message import Skeleton

#: Messages looked for in one call, so that a flow's step ends.
MOST = 2_000


class Lookup(Protocol):
    """What reconciling needs of a vendor's list (see channels.lookup.Lookup)."""

    @property
    def authority(self) -> Authority: ...

    def look(self, sought: Sequence[Sought]) -> Mapping[int, Answer]: ...


class Doubts(Protocol):
    """Messages in doubt and what is known of them."""

    def listed(self) -> list[Doubt]:
        """Everything in doubt, the oldest first."""

    def due(self, *, now: datetime, most: int, all_: bool) -> list[Doubt]:
        """What is to be looked for now (`all_`: whether or not it is its time)."""

    def rivals(self, ids: Sequence[int]) -> tuple[dict[int, set[str]], set[int]]:
        """Provider ids that belong to other messages to the same address, and who has a twin."""

    def record(
        self, found: Sequence[tuple[Doubt, Judgement]], *, now: datetime
    ) -> Mapping[Finding, int]:
        """Write what a look showed; what was seen is accepted in the same transaction."""


@dataclass(slots=True)
class Reconciled:
    """What one call did: findings → messages, and those left for the next call."""

    findings: Counter[Finding] = field(default_factory=Counter)
    later: int = 0

    @property
    def resolved(self) -> int:
        """Messages that were seen: accepted now."""
        return self.findings[Finding.SEEN]


def reconcile(
    doubts: Doubts,
    lookups: Callable[[Channel], Lookup],
    skeleton: Callable[[int], Skeleton],
    *,
    now: datetime,
    all_: bool = False,
) -> Reconciled:
    """Look for what is in doubt where it may be found, and write what that shows."""
    done = Reconciled()
    by_channel: dict[Channel, list[Doubt]] = {}
    for doubt in doubts.due(now=now, most=MOST, all_=all_):
        by_channel.setdefault(doubt.channel, []).append(doubt)
    for channel, listed in by_channel.items():
        lookup = lookups(channel)
        answers = lookup.look([_sought(d, skeleton(d.skeleton_id)) for d in listed])
        found = _judged(doubts, listed, answers, lookup.authority, now)
        done.findings.update(doubts.record(found, now=now))
        done.later += len(listed) - len(found)
    return done


def _sought(doubt: Doubt, skeleton: Skeleton) -> Sought:
    return Sought(
        doubt.delivery_id, doubt.channel, doubt.address, skeleton, doubt.values, doubt.since
    )


def _judged(
    doubts: Doubts,
    listed: Sequence[Doubt],
    answers: Mapping[int, Answer],
    authority: Authority,
    now: datetime,
) -> list[tuple[Doubt, Judgement]]:
    """What the answers show; a message that was not answered for is left out."""
    asked = [d for d in listed if d.delivery_id in answers]
    known, twins = doubts.rivals([d.delivery_id for d in asked])
    found = []
    for doubt in asked:
        id_ = doubt.delivery_id
        others = known.get(id_, set())
        found.append((doubt, _judge(doubt, answers[id_], authority, others, id_ in twins, now)))
    return found


def _judge(
    doubt: Doubt,
    answer: Answer,
    authority: Authority,
    known: set[str],
    twin: bool,
    now: datetime,
) -> Judgement:
    if doubt.state is DeliveryState.ACCEPTED and doubt.resolved is Verdict.RESEND:
        return _after_resend(doubt, answer, authority, known)
    return judge(answer, authority=authority, known=known, twins=twin, waited=now - doubt.fell)


def _after_resend(doubt: Doubt, answer: Answer, authority: Authority, known: set[str]) -> Judgement:
    """The second message was accepted; had the first one left after all?"""
    if isinstance(answer, NoAnswer):
        return Judgement(Finding.UNASKED, answer.why)
    assert isinstance(answer, Listed)
    first = sent_as_well([i for i in answer.ids if i not in known], doubt.provider_id)
    if first is None:
        return Judgement(Finding.NOT_YET, f"the first message is not in {authority.name}")
    told = f"{authority.name} has the first message as well: the customer has it twice"
    return Judgement(Finding.TWICE, told, first)
