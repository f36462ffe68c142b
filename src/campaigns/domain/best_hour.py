"""At which hour of their own day a customer answers: learnt from their clicks and replies.

Only what a person did counts (domain.agent), and older answers weigh less. An hour is best where
most of the weight is within an hour of it; with few answers, or none that stand out, there is no
best hour and the campaign's own time holds. Purchases are left out: they tell when the shop is
open. docs/decisions/0038 says what this cannot know.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

from campaigns.domain.interaction import InteractionKind
from campaigns.domain.schedule import BestHour

#: What is counted.
TELLING = frozenset({InteractionKind.CLICKED, InteractionKind.REPLIED})
#: Fewer answers say nothing.
MINIMUM = 5
#: So much of the weight has to be around the hour: three hours of a day by chance hold far less.
SHARE = 0.5
#: Half-lives after which an answer is left out: it would weigh 1/256.
HALF_LIVES = 8
_DAY = 24

#: A customer, their zone and country as far as known, and when they answered.
Answered: TypeAlias = tuple[int, str | None, str | None, Sequence[datetime]]


def best_hour(
    answers: Sequence[datetime], zone: str, *, half_life: timedelta, now: datetime
) -> BestHour | None:
    """The hour around which a customer answers, by the clock of their zone; None where that is
    not known well enough. Of hours alike the earliest."""
    if len(answers) < MINIMUM:
        return None
    place = ZoneInfo(zone)
    weights, counts = [0.0] * _DAY, [0] * _DAY
    for at in answers:
        hour = at.astimezone(place).hour
        weights[hour] += 0.5 ** (max(now - at, timedelta(0)) / half_life)
        counts[hour] += 1
    # The hour itself counts twice among equals: the middle of what is around it.
    best = max(range(_DAY), key=lambda h: (round(_around(weights, h), 9), weights[h], -h))
    if _around(weights, best) < SHARE * sum(weights):
        return None
    return BestHour(best, int(_around(counts, best)), len(answers))


def _around(by_hour: Sequence[float], hour: int) -> float:
    return sum(by_hour[(hour + n) % _DAY] for n in (-1, 0, 1))
