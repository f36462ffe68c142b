"""Learn: which channel each customer answers on, from what they did since the last time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Protocol

from campaigns.domain.channel import Channel
from campaigns.domain.engagement import Counted, Learning, priors
from campaigns.domain.learning import Learnt

#: Customers per transaction: others write in between.
CHUNK = 5_000
#: Everybody is counted anew so often: what nobody added to grows older too, and is deleted.
ALL_ANEW = timedelta(days=7)


class Engagements(Protocol):
    """What customers do on each channel."""

    @property
    def lanes(self) -> int:
        """How many may count at once, each its own customers."""

    def last(self) -> Learnt | None:
        """What is in force; None before the first time."""

    def until(self) -> int:
        """An id of interactions beneath which nothing more will appear."""

    def everybody(self) -> Sequence[int]:
        """All customers, by id."""

    def with_news(self, after: int, until: int) -> Sequence[int]:
        """Customers with interactions after one id up to another, or with changed ones, by id."""

    def count(self, ids: Sequence[int], *, half_life: timedelta, now: datetime) -> None:
        """Count these customers anew, in one transaction."""

    def counted(self) -> Mapping[Channel, Sequence[Counted]]:
        """Channel → how many customers answered how many of how many messages."""

    def close(self, learnt: Learnt) -> None:
        """This holds from now on."""


def learn(
    store: Engagements,
    rule: Learning,
    *,
    now: datetime,
    everybody: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> Learnt:
    """Count customers with news, or everybody where that is wanted or due, and what customers
    show in general. Safe at any time and any number of times: it counts, and does not add up."""
    last, until = store.last(), store.until()
    if last is not None:  # rows tell by the moment which of them are of this time
        now = max(now, last.at + timedelta(milliseconds=1))
    everybody = everybody or last is None or now - last.all_at >= ALL_ANEW
    ids = store.everybody() if everybody or last is None else store.with_news(last.until_id, until)
    half_life = timedelta(days=rule.half_life)

    def count(start: int) -> None:
        store.count(list(ids[start : start + CHUNK]), half_life=half_life, now=now)

    starts = range(0, len(ids), CHUNK)
    for done, _ in enumerate(_all(count, starts, store.lanes), 1):
        progress(min(done * CHUNK, len(ids)))
    all_at = now if everybody or last is None else last.all_at
    learnt = Learnt(now, until, all_at, len(ids), priors(store.counted()))
    store.close(learnt)
    return learnt


def _all(count: Callable[[int], None], starts: Sequence[int], lanes: int) -> Iterator[None]:
    """Count them all, in so many threads. For one none is begun: the database's pages that this
    thread holds would be held a second time."""
    if lanes == 1:
        yield from map(count, starts)
        return
    with ThreadPoolExecutor(lanes) as pool:
        try:
            yield from pool.map(count, starts)
        finally:
            pool.shutdown(cancel_futures=True)
