"""What bars a customer from every channel, as three short texts, and the skip that follows.

Most customers share these texts with others, so each combination is decided on once, by
`routing.barred`. The dates of what people said would be different for each: what the newest word
on the campaign's topic is, the database says (as it does for each intent, store.intending).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, ScalarSelect, and_, case, func, select

from campaigns.domain.channel import Channel
from campaigns.domain.consent import ALL_TOPICS, Standing
from campaigns.domain.customer import Profile
from campaigns.domain.reason import Skip
from campaigns.domain.release import Policy
from campaigns.domain.routing import barred
from campaigns.store.packed import UNIT, Shared, joined
from campaigns.store.permission import reach_text, read_reach
from campaigns.store.schema import customers, standings

#: The stated preference, the addresses, what they said.
Bars: TypeAlias = tuple[str | None, str | None, str | None]

_YES, _NO, _NO_ELSEWHERE = "yes", "no", "no elsewhere"
#: Before any time that anybody said anything.
_NEVER = -9_000_000_000_000_000_000
_ANY_TIME = datetime(1970, 1, 1, tzinfo=UTC)
#: No campaign's topic.
_ELSEWHERE = ""


def bars(policy: Policy) -> tuple[ColumnElement[Any], ...]:
    """The columns of `Bars`, over `customers`."""
    return customers.c.preferred_channel, reach_text(policy.purpose), said_text(policy)


def said_text(policy: Policy) -> ScalarSelect[str]:
    """By channel the customer's word on the policy's topic, as `consent.permits` weighs it: the
    newest, and of one moment the no. Where there is none, whether they said no to another topic."""
    s = standings.c
    on_topic = s.topic.in_([policy.topic, ALL_TOPICS])
    yes = func.max(case((and_(on_topic, s.granted), s.at)))
    no = func.max(case((and_(on_topic, ~s.granted), s.at)))
    word = case(
        (yes > func.coalesce(no, _NEVER), _YES),
        (no.is_not(None), _NO),
        (func.max(case((s.granted, 0), else_=1)) == 1, _NO_ELSEWHERE),
        else_="",
    )
    by_channel = (
        select(s.channel, word.label("word"))
        .where(s.customer_id == customers.c.id, s.purpose == policy.purpose)
        .group_by(s.channel)
        .correlate(customers)
        .subquery("said")
    )
    return select(joined(by_channel.c.channel, by_channel.c.word)).scalar_subquery()


class Fates(dict[Bars, list[int]]):
    """What bars people → the list of those who share the fate; forgotten before there are many."""

    _MOST = 5_000

    def __init__(self, policy: Policy) -> None:
        super().__init__()
        self.open: list[int] = []
        self.barred: dict[Skip, list[int]] = {}
        self._policy = policy
        self._reach = Shared(read_reach)
        self._said = Shared(self._read_said)

    def __missing__(self, told: Bars) -> list[int]:
        if len(self) >= self._MOST:
            self.clear()
        skip = barred(self._bare(told), self._policy)
        found = self[told] = self.open if skip is None else self.barred.setdefault(skip, [])
        return found

    def _bare(self, told: Bars) -> Profile:
        """A profile of what bars a customer, and of nothing else."""
        stated, reached, said = told
        reachable, suppressed = self._reach[reached]
        return Profile(
            customer_id=0,
            ref="",
            locale="",
            country=None,
            time_zone=None,
            stated_preference=Channel(stated) if stated else None,
            reachable=reachable,
            suppressed=suppressed,
            standings=self._said[said],
            engagement={},
        )

    def _read_said(self, records: list[str]) -> dict[Channel, tuple[Standing, ...]]:
        """Takes `said_text` apart: standings that say the same as the customer's own."""
        topic = self._policy.topic
        standing = {
            _YES: Standing(topic, True, _ANY_TIME),
            _NO: Standing(topic, False, _ANY_TIME),
            _NO_ELSEWHERE: Standing(_ELSEWHERE, False, _ANY_TIME),
        }
        words = (record.split(UNIT) for record in records)
        return {Channel(channel): (standing[word],) for channel, word in words if word}
