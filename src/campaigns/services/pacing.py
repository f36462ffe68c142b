"""Pacing: how many messages of which channel may be claimed now, for all workers together.

The rules are `domain.pace`, the shared values are the store's. A process looks at them a few times
a second and keeps a picture: while every sender is healthy and has no rate, a batch costs no
statement more. Whatever changes the shared value is decided on the value itself, never on the
picture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from campaigns.domain.channel import Channel
from campaigns.domain.delivery import Accepted, Outcome, Rejected
from campaigns.domain.pace import (
    SLOWED,
    STALE,
    Pace,
    Spacing,
    adjust,
    begin_try,
    careful,
    learn,
    most,
    next_free,
    slow_start,
    take,
    tally,
)
from campaigns.services.ports import Paces

#: How old the picture of the shared paces may be. A worker whose own request fails knows at once.
LOOK_EVERY = timedelta(milliseconds=250)
#: A shard without messages for a channel is asked for them again after this.
ASK_AGAIN = timedelta(seconds=1)

_T = TypeVar("_T")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Way:
    """One channel's sender: the key of its pace, its rate, and what one call takes."""

    key: str
    batch: int
    one_request: bool
    spacing: Spacing | None


@dataclass(frozen=True, slots=True)
class Turn:
    """Leave to claim: at most `limits[channel]` messages.

    `reserved` units of the rate were taken for it (`since`: GCRA's moment then); `trying`: it is
    the one request that tries after the breaker closed. Both are of a single channel.
    """

    limits: Mapping[Channel, int]
    reserved: int = 0
    since: int = 0
    trying: bool = False

    @property
    def alone(self) -> tuple[Channel, ...]:
        """The channel that the leave was reserved for, if it was."""
        return tuple(self.limits) if self.reserved or self.trying else ()


@dataclass(slots=True)
class Pacer:
    """The paces of one release's senders. Shared by the threads of a process."""

    paces: Paces
    ways: Mapping[Channel, Way]
    now: Callable[[], datetime]
    lease: timedelta
    _picture: Mapping[str, Pace] = field(default_factory=dict)
    _looked: datetime | None = None
    _answered: dict[str, datetime] = field(default_factory=dict)
    _units: dict[Channel, int] = field(default_factory=dict)
    #: Messages answered since the sender was last unknown, or left alone.
    _proven: dict[str, int] = field(default_factory=dict)
    #: Since when the provider does nothing but ask to slow down.
    _slowed: dict[str, datetime] = field(default_factory=dict)

    def turns(self, quiet: Mapping[Channel, datetime]) -> Iterator[Turn]:
        """What may be claimed now, one leave after another until one finds messages: senders with
        a rate or a try first, since they must not wait behind the others. Channels in `quiet` had
        nothing due a moment ago. A leave that finds nothing is to be given back."""
        now = self.now()
        self._look(now)
        free: dict[Channel, int] = {}
        for channel, way in self.ways.items():
            pace = self._pace(channel)
            if way.spacing is None and not pace.trips:
                if not pace.closed(now):
                    free[channel] = self._most(way, pace)
            elif now >= quiet.get(channel, now):
                turn = self._special(channel, way, pace, now)
                if turn is not None:
                    yield turn
        if free:
            yield Turn(free)

    def give_back(self, channel: Channel, turn: Turn) -> None:
        """Nothing was claimed with this leave."""
        self._learn(channel, [], turn)
        if turn.reserved:
            self._adjust(channel, turn, -turn.reserved)

    def fit(self, channel: Channel, turn: Turn, units: Sequence[int]) -> int:
        """How many of these messages, in order, may go with what was reserved: all of one unit,
        fewer of more; one always. What it comes to is what is counted."""
        self._units[channel] = max([self._units.get(channel, 1), *units])
        fits, used = 0, 0
        for each in units:
            if fits and used + each > turn.reserved:
                break
            fits, used = fits + 1, used + each
        if used != turn.reserved:
            self._adjust(channel, turn, used - turn.reserved)
        return fits

    def learn(self, channel: Channel, outcomes: Sequence[Outcome], turn: Turn) -> None:
        """Tell everybody what this call says about the provider."""
        self._learn(channel, outcomes, turn)

    def opens(self, channel: Channel) -> datetime:
        """When the channel may send again, as far as is known; now or before: it may."""
        pace, way, now = self._pace(channel), self.ways[channel], self.now()
        free = 0 if way.spacing is None else next_free(pace, way.spacing, _micros(now))
        closed_until = pace.closed_until if pace.closed(now) else None
        return max(_EPOCH + _US * free, closed_until or _EPOCH)

    def given_up(self, channel: Channel) -> bool:
        """Whether waiting for the channel is for a later run."""
        slowed = self._slowed.get(self.ways[channel].key)
        slowed_for_long = slowed is not None and self.now() - slowed >= SLOWED
        return self._pace(channel).given_up or slowed_for_long

    def because(self, channel: Channel) -> str | None:
        """Why the channel is closed now; None while it is not."""
        pace = self._pace(channel)
        return pace.because if pace.trips or pace.closed(self.now()) else None

    def _pace(self, channel: Channel) -> Pace:
        return self._picture.get(self.ways[channel].key, Pace())

    def _look(self, now: datetime) -> None:
        if self._looked is None or not timedelta(0) <= now - self._looked < LOOK_EVERY:
            self._picture = self.paces.look([w.key for w in self.ways.values()])
            self._looked = now
            for key, pace in self._picture.items():
                if pace.trips:  # whoever found out: all begin with little again
                    self._proven.pop(key, None)

    def _most(self, way: Way, pace: Pace) -> int:
        """How many messages of a sender that is open may be claimed at once."""
        answered_at = self._answered.get(way.key)
        if answered_at is None or self.now() - answered_at > STALE:
            self._proven.pop(way.key, None)
        proven = slow_start(way.batch, self._proven.get(way.key, 0))
        return min(proven, careful(way.batch, pace, one_request=way.one_request))

    def _prove(self, way: Way, answered: int, *, failed: bool) -> None:
        """A failure before a whole batch was earned is a beginning anew."""
        proven = self._proven.get(way.key, 0)
        if failed and 10 * proven < way.batch:
            self._proven.pop(way.key, None)
        elif not failed and proven < way.batch:
            self._proven[way.key] = proven + answered

    def _special(self, channel: Channel, way: Way, pace: Pace, now: datetime) -> Turn | None:
        """Leave for one channel alone: a try, or what its rate lets go now."""
        if pace.closed(now):
            return None
        if pace.trips:
            begun = self._change(channel, lambda p: begin_try(p, now, self.lease))
            return Turn({channel: 1}, trying=True) if begun else None
        if way.spacing is None or not most(pace, way.spacing, _micros(now)):
            return None
        return self._reserve(channel, way, way.spacing, now)

    def _reserve(self, channel: Channel, way: Way, spacing: Spacing, now: datetime) -> Turn | None:
        each = self._units.get(channel, 1)
        batch = self._most(way, self._pace(channel))

        def reserve(pace: Pace) -> tuple[Pace, int]:
            if pace.closed(now) or pace.trips:
                return pace, 0
            return take(pace, spacing, _micros(now), batch * each)

        had = self._change(channel, reserve)
        if not had:
            return None
        since = self._pace(channel).free_at
        return Turn({channel: max(1, had // each)}, reserved=had, since=since)

    def _adjust(self, channel: Channel, turn: Turn, units: int) -> None:
        spacing = self.ways[channel].spacing
        if spacing is not None:
            self._change(
                channel, lambda pace: (adjust(pace, spacing, units, since=turn.since), None)
            )

    def _learn(self, channel: Channel, outcomes: Sequence[Outcome], turn: Turn) -> None:
        way, now = self.ways[channel], self.now()
        told = tally(outcomes, one_request=way.one_request)
        answered_at = self._answered.get(way.key)
        if told.conclusive:
            answered = sum(isinstance(o, Accepted | Rejected) for o in outcomes)
            if answered:
                self._slowed.pop(way.key, None)
            elif told.slow_until is not None:
                self._slowed.setdefault(way.key, now)
            self._prove(way, answered, failed=told.failed > 0)
        if told.answered:
            self._answered[way.key] = now
        pace = self._pace(channel)
        healthy = told.answered and not told.failed and told.slow_until is None
        if not turn.trying and (not told.conclusive or (healthy and not pace.failures)):
            return  # nothing that others do not know
        self._change(
            channel,
            lambda p: (learn(p, told, now, trying=turn.trying, answered_at=answered_at), None),
        )

    def _change(self, channel: Channel, how: Callable[[Pace], tuple[Pace, _T]]) -> _T:
        key = self.ways[channel].key
        pace, result = self.paces.change(key, how, now=self.now())
        self._picture = {**self._picture, key: pace}
        return result


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // _US
