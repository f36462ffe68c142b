"""The pace of one channel and sender: its rate, and the circuit breaker that leaves it alone.

All workers share one `Pace` per sender. The rate is a GCRA (ITU-T I.371): one moment says when the
allowance is whole again, and every message taken moves it on. The breaker closes the sender after
repeated errors; when its time is over one request tries, and what becomes of that one decides for
everybody. Pure: the store keeps the value, the clock is the caller's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from campaigns.domain.channel import Channel
from campaigns.domain.delivery import Accepted, Holds, NotSent, Outcome, Rejected, Unknown

#: So many requests in a row that failed, and the sender is left alone.
FAILURES = 5
#: For how long the first time; doubled each time until a request succeeds again, up to the longest.
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=5)
#: What was learned or reserved further ahead than this was so by a clock that has been set back
#: since (docs/clocks.md); workers' clocks may be apart by less.
SET_BACK = timedelta(minutes=10)
#: A run waits for a provider that only ever asks to slow down for so long; then it is for later.
SLOWED = timedelta(minutes=15)
#: A sender that has answered nothing for so long is unknown again.
STALE = timedelta(minutes=10)
#: A run waits for a sender that was left alone so often; after that what waits is for a later run.
PATIENCE = 2

_US = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Rate:
    """At most so many messages (of texts: segments) in any stretch of this length.

    Attributes:
        burst: so many of them may go at once. The rest is spread evenly, and in any stretch of
            `per` there are never more than `messages`, so a larger burst costs sustained rate.
    """

    messages: int
    per: timedelta
    burst: int = 1


@dataclass(frozen=True, slots=True)
class Spacing:
    """Rates as GCRA has them: one message each `interval` microseconds, `burst` at once."""

    interval: int
    burst: int

    @classmethod
    def of(cls, rates: Sequence[Rate]) -> Spacing | None:
        """What keeps every one of the rates; None without rates.

        A burst of b and then one each T is at most b + W/T in a window of W, hence T = W/(n-b+1):
        the window that begins with a burst ends before the n-b+1st of those that follow it.
        """
        if not rates:
            return None
        burst = min(min(r.burst, r.messages) for r in rates)
        spread = (-(-(r.per // _US) // (r.messages - burst + 1)) for r in rates)
        return cls(max(spread), max(1, burst))


def per_second(messages: float) -> Rate:
    """The brand's own rate of a sender; a tenth of a second's worth may go at once."""
    whole = max(1, int(messages))
    return Rate(whole, timedelta(seconds=whole / messages), max(1, whole // 10))


def pace_key(channel: Channel, sender: Mapping[str, str]) -> str:
    """What a sender's pace is kept under: the channel and the brand's address, number or handle."""
    named = (sender.get(n) for n in ("from", "messaging_service", "address", "handle"))
    return f"{channel} {next(filter(None, named), '')}".strip()[:120]


def channel_of(key: str) -> Channel:
    """The channel of a `pace_key`."""
    return Channel(key.partition(" ")[0])


@dataclass(frozen=True, slots=True)
class Pace:
    """One sender's pace.

    Attributes:
        free_at: GCRA's moment, microseconds since 1970: the whole burst is free from then on.
        failures: requests in a row that failed; trips: times in a row the breaker closed.
        closed_until: nothing is claimed before. After it, where `trips` is not 0, one request
            tries; otherwise (the provider asked to slow down) the sender is simply open again.
        because: why it closed, for people.
        learned_at: when the breaker last learned something.
    """

    free_at: int = 0
    failures: int = 0
    trips: int = 0
    closed_until: datetime | None = None
    because: str | None = None
    learned_at: datetime | None = None

    def closed(self, now: datetime) -> bool:
        """Whether nothing may be sent now. A clock that was set back closes nothing for longer."""
        if self.closed_until is None or now >= self.closed_until:
            return False
        return self.learned_at is None or self.learned_at - now <= SET_BACK

    def wants_try(self, now: datetime) -> bool:
        """Whether the breaker's time is over and one request has to try."""
        return self.trips > 0 and not self.closed(now)

    @property
    def given_up(self) -> bool:
        """Whether a run should no longer wait for it."""
        return self.trips > PATIENCE


def most(pace: Pace, spacing: Spacing, now: int) -> int:
    """How many may go at this moment (microseconds since 1970)."""
    ahead = max(0, _free_at(pace, spacing, now) - now)
    return max(0, spacing.burst - -(-ahead // spacing.interval))


def _free_at(pace: Pace, spacing: Spacing, now: int) -> int:
    """GCRA's moment; now, where it is further ahead than anybody's reservation: the clock was set
    back since, and would bar the sender for as long."""
    most_ahead = SET_BACK // _US + 2 * spacing.burst * spacing.interval
    return now if pace.free_at - now > most_ahead else pace.free_at


def take(pace: Pace, spacing: Spacing, now: int, wanted: int) -> tuple[Pace, int]:
    """Reserve up to `wanted` of what may go now; how many were had."""
    had = min(wanted, most(pace, spacing, now))
    if not had:
        return pace, 0
    begins = max(_free_at(pace, spacing, now), now)
    return replace(pace, free_at=begins + had * spacing.interval), had


def adjust(pace: Pace, spacing: Spacing, units: int, *, since: int) -> Pace:
    """Count so many more (a message of several segments), or less (not needed after all).

    Less only if nobody has reserved `since` (the `free_at` of one's own reservation): given back
    later, they could make one window fuller than the rate.
    """
    if units < 0 and pace.free_at != since:
        return pace
    return replace(pace, free_at=pace.free_at + units * spacing.interval)


def next_free(pace: Pace, spacing: Spacing, now: int) -> int:
    """The moment from which at least one may go."""
    return _free_at(pace, spacing, now) - (spacing.burst - 1) * spacing.interval


# The breaker ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tally:
    """What one call of a sender says about the provider.

    Attributes:
        answered: at least one request was answered like any other.
        failed: requests at the end of the call, in a row, that failed.
        slow_until: the provider asks to wait until then.
        why: the last trouble, in words without personal data.
    """

    answered: bool = False
    failed: int = 0
    slow_until: datetime | None = None
    why: str = ""

    @property
    def conclusive(self) -> bool:
        """Whether anything is known of the provider after this call."""
        return self.answered or self.failed > 0


def tally(outcomes: Iterable[Outcome], *, one_request: bool) -> Tally:
    """Read a call's outcomes, in order. `one_request`: they share the fate of a single request.

    What was not tried because an earlier message met the same (`one_by_one`) counts once.
    """
    told = Tally()
    for outcome in outcomes:
        told = _after(told, outcome)
        if told.slow_until is not None or (isinstance(outcome, NotSent) and told.failed):
            break
    if one_request and told.failed:  # a value that never left does not speak for the provider
        return replace(told, answered=False, failed=1)
    return told


def _after(told: Tally, outcome: Outcome) -> Tally:
    match outcome:
        case NotSent(holds=Holds.PACE):
            return replace(
                told, answered=True, failed=0, slow_until=outcome.retry_at, why=outcome.reason
            )
        case Unknown() | NotSent(holds=Holds.CONNECTION):
            return replace(told, failed=told.failed + 1, why=outcome.reason)
        case Accepted() | Rejected():
            return replace(told, answered=True, failed=0)
    return told


def learn(
    pace: Pace, told: Tally, now: datetime, *, trying: bool, answered_at: datetime | None = None
) -> Pace:
    """The pace after a call.

    `trying`: this was the one request that tries after the breaker closed. `answered_at`: when a
    request of this sender was last answered, as far as the caller knows: older failures are not in
    a row with these.
    """
    if pace.trips and not trying:
        return _slower(pace, told, now)  # begun before the breaker closed: it decides nothing
    if told.failed:
        in_a_row = told.failed + (0 if told.answered else _before(pace, answered_at))
        failed = replace(pace, failures=in_a_row, learned_at=now)
        closes = trying or in_a_row >= FAILURES
        return _closed(failed, told.why, now) if closes else failed
    if told.answered:
        opened = Pace(pace.free_at, learned_at=now)
        if not trying:  # the provider may have asked another worker to slow down
            opened = replace(opened, closed_until=pace.closed_until, because=pace.because)
        return _slower(opened, told, now)
    # Nothing was sent after all: somebody else may try.
    return replace(pace, closed_until=now) if trying else pace


def _before(pace: Pace, answered_at: datetime | None) -> int:
    stale = answered_at and pace.learned_at and answered_at > pace.learned_at
    return 0 if stale else pace.failures


def _closed(pace: Pace, why: str, now: datetime) -> Pace:
    pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2**pace.trips)
    times = "once more" if pace.trips else f"{pace.failures} times in a row"
    return replace(pace, trips=pace.trips + 1, closed_until=now + pause, because=f"{why}, {times}")


def _slower(pace: Pace, told: Tally, now: datetime) -> Pace:
    """A 429 closes the sender for everybody until the provider's own moment."""
    until = told.slow_until
    if until is None or (pace.closed_until is not None and pace.closed_until >= until):
        return pace
    return replace(pace, closed_until=until, because=told.why, learned_at=now)


def begin_try(pace: Pace, now: datetime, lease: timedelta) -> tuple[Pace, bool]:
    """Be the one that tries: the others leave the sender closed until the lease ends."""
    if not pace.wants_try(now):
        return pace, False
    return replace(pace, closed_until=now + lease, learned_at=now), True


def careful(batch: int, pace: Pace, *, one_request: bool) -> int:
    """How many messages to claim at most: the more requests failed in a row, the fewer, so that
    what ends in doubt before the breaker closes stays small."""
    if not pace.failures:
        return batch
    if one_request:
        return max(1, batch // int(10**pace.failures))
    return max(1, min(batch, FAILURES - pace.failures))


def slow_start(batch: int, answered: int) -> int:
    """How many messages to claim at most of a sender that has `answered` so many since it was last
    unknown or left alone: one, then ten times as many, so that an outage which is there from the
    beginning costs a handful (a first request that fails may have arrived)."""
    return max(1, min(batch, 10 * answered))
