"""Dispatch: claim, write, intend, send, settle, batch after batch until nothing is due.

The order is the guarantee (see docs/decisions): what will be said and the intent are on disk
before the first byte leaves, and what may have left is never sent again by itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from campaigns.domain.channel import Channel
from campaigns.domain.delivery import (
    Accepted,
    Envelope,
    Halted,
    NotSent,
    Outcome,
    Refused,
    Rejected,
    Unknown,
)
from campaigns.domain.message import Skeleton
from campaigns.domain.pressure import Cap
from campaigns.domain.run import Run, RunState
from campaigns.errors import DatabaseError, RunStoppedError
from campaigns.services.collecting import seldom_collecting
from campaigns.services.composing import Composer
from campaigns.services.pacing import ASK_AGAIN, Pacer, Turn
from campaigns.services.patience import Tell, insist
from campaigns.services.ports import Batch, Outbox, Runs, Written
from campaigns.services.watching import Step, Watch, unwatched

#: What a lease must have left, beyond the provider's deadline, when the intent is written.
MARGIN = timedelta(seconds=5)
#: A wait longer than this for a retry or for a channel to open is left to a later run.
LONGEST_WAIT = timedelta(minutes=15)
#: How often, in seconds, a batch that goes message by message sees whether its run goes on.
LOOK_EVERY = 1.0
#: Waits until nothing of the shard comes due soon: for a shard that is alone.
PATIENT = timedelta.max

_T = TypeVar("_T")

_WORDS: dict[type[Outcome], str] = {
    Accepted: "accepted",
    Rejected: "rejected",
    NotSent: "not sent",
    Unknown: "in doubt",
    Refused: "not sent",
}


class Limits(Protocol):
    """How much one request takes, and for how long at most."""

    @property
    def batch(self) -> int: ...
    @property
    def deadline(self) -> timedelta: ...


class Sender(Protocol):
    """What dispatch needs of a channel (see channels.base.Sender)."""

    @property
    def limits(self) -> Limits: ...

    def units(self, skeleton: Skeleton, values: Mapping[str, str]) -> int: ...
    def send(
        self, skeleton: Skeleton, envelopes: Sequence[Envelope], halted: Halted, /
    ) -> list[Outcome]: ...


@dataclass(frozen=True, slots=True)
class Clock:
    """The two clocks of a worker: the wall's (UTC) for records, a monotonic one for leases."""

    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    sleep: Callable[[float], None]


@dataclass(slots=True)
class DispatchCounts:
    """What one call of `dispatch_shard` did, in messages; the channels it no longer waited for,
    with the reason; and when more of the shard may go (None: nothing that is worth waiting for)."""

    outcomes: Counter[str] = field(default_factory=Counter)
    unreachable: dict[Channel, str] = field(default_factory=dict)
    again_at: datetime | None = None

    def add(self, other: DispatchCounts) -> None:
        """Add the counts of another lane or shard."""
        self.outcomes.update(other.outcomes)
        self.unreachable.update(other.unreachable)
        moments = [at for at in (self.again_at, other.again_at) if at is not None]
        self.again_at = min(moments, default=None)


@dataclass(slots=True)
class Dispatcher:
    """One worker of one release. Not shared between threads: each has its own senders."""

    outbox: Outbox
    runs: Runs
    composer: Composer
    senders: Mapping[Channel, Sender]
    pacer: Pacer
    clock: Clock
    owner: str
    lease: timedelta
    caps: Sequence[Cap]
    watch: Watch = unwatched
    tell_outage: Tell = lambda _error: None

    @seldom_collecting()
    def dispatch_shard(self, run: Run, shard: int, patience: timedelta = PATIENT) -> DispatchCounts:
        """Send everything of the shard that is due, waiting for retries that come due soon and for
        channels that open again soon; but once `patience` is over, wait no more and tell in
        `again_at` when there is more to do.

        Raises RunStoppedError when a provider refuses the campaign's configuration or content, and
        DatabaseError when the database stays away (services.patience). Channels that are not
        waited for are named in `unreachable`; their deliveries stay pending.
        """
        counts, began = DispatchCounts(), self.clock.now()
        quiet: dict[Channel, datetime] = {}
        while True:
            outcomes = self._insist(lambda: self._next_batch(run, shard, quiet))
            if outcomes is None:
                counts.again_at = self._insist(lambda: self._soonest(run, shard, counts))
                if counts.again_at is None or self.clock.now() - began >= patience:
                    return counts
                self._wait_until(counts.again_at)
                continue
            if not outcomes and not self._insist(lambda: self._running(run)):
                return counts
            counts.outcomes.update(_WORDS[type(o)] for o in outcomes.values())

    def _next_batch(
        self, run: Run, shard: int, quiet: dict[Channel, datetime]
    ) -> dict[int, Outcome] | None:
        """What became of the next batch; None: nothing may go now. Of a batch that the database
        failed nothing is left undone, so that asking for the next one is safe."""
        found = self._claim(run, shard, quiet)
        return None if found is None else self._send_batch(run, *found)

    def _claim(
        self, run: Run, shard: int, quiet: dict[Channel, datetime]
    ) -> tuple[Batch, Turn] | None:
        """The next batch that the senders' paces let go now, and the leave it goes by."""
        for turn in self.pacer.turns(quiet):
            batch = self.outbox.claim(
                run.id,
                shard,
                owner=self.owner,
                limits=turn.limits,
                now=self.clock.now(),
                lease=self.lease,
            )
            if batch is not None:
                return batch, turn
            for channel in turn.alone:
                self.pacer.give_back(channel, turn)
                quiet[channel] = self.clock.now() + ASK_AGAIN
        return None

    def _running(self, run: Run) -> bool:
        return self.runs.get(run.id).state is RunState.RUNNING

    def _halted(self, run: Run) -> Halted:
        """For the messages of one batch, which has seen its run running on its intent."""
        looked, halted = self.clock.monotonic(), False

        def look() -> bool:
            nonlocal looked, halted
            if not halted and self.clock.monotonic() - looked >= LOOK_EVERY:
                try:
                    halted = not self._running(run)
                except Exception:  # settling will tell; raised here, it would put all in doubt
                    return False
                looked = self.clock.monotonic()
            return halted

        return look

    def _send_batch(self, run: Run, batch: Batch, turn: Turn) -> dict[int, Outcome]:
        """One batch from claimed to settled."""
        claimed_at = self.clock.monotonic()
        self.watch(Step.CLAIMED, batch, {})
        sender = self.senders[batch.channel]
        try:
            skeleton, going, refused = self._intend(batch, turn, sender)
        except DatabaseError:  # the intent may be on disk, and nothing has left
            self._give_back(batch, turn)
            raise
        self.watch(Step.INTENDED, batch, refused)
        outcomes = self._too_late(batch, going, claimed_at, sender.limits.deadline)
        if len(outcomes) < len(going):
            self.watch(Step.CALLING, batch, refused)
            going = [w for w in going if w.delivery_id not in outcomes]
            outcomes |= self._call(sender, skeleton, run, batch, going)
        self.watch(Step.ANSWERED, batch, outcomes)
        self._settle(batch, {**refused, **outcomes})
        self.watch(Step.SETTLED, batch, {**refused, **outcomes})
        self._insist(lambda: self.pacer.learn(batch.channel, [*outcomes.values()], turn))
        self._stop_if_refused(run, outcomes)
        return {**refused, **outcomes}

    def _intend(
        self, batch: Batch, turn: Turn, sender: Sender
    ) -> tuple[Skeleton, list[Written], dict[int, Outcome]]:
        """The batch's skeleton, what of it may go, and what became of the rest that was tried."""
        text = self.composer.text(batch.skeleton_id)
        lasting = sender.limits.deadline + MARGIN
        written, refused = self.composer.write(batch, text, now=self.clock.now(), lasting=lasting)
        if turn.reserved:
            written, left = self._fit(batch, turn, text.skeleton, written)
            refused |= left
        granted = self.outbox.intend(
            batch, written, now=self.clock.now(), margin=lasting, caps=self.caps
        )
        return text.skeleton, [w for w in written if w.delivery_id in granted], refused

    def _insist(self, what: Callable[[], _T]) -> _T:
        return insist(self.clock, self.tell_outage, what)

    def _give_back(self, batch: Batch, turn: Turn) -> None:
        """A whole batch of which nothing has left."""
        unsent = NotSent("database", "the database could not be used", self.clock.now())
        outcomes: dict[int, Outcome] = {item.delivery_id: unsent for item in batch.items}
        self._settle(batch, outcomes)
        self.watch(Step.SETTLED, batch, outcomes)
        self._insist(lambda: self.pacer.give_back(batch.channel, turn))

    def _settle(self, batch: Batch, outcomes: Mapping[int, Outcome]) -> None:
        self._insist(lambda: self.outbox.settle(batch, outcomes, now=self.clock.now()))

    def _too_late(
        self, batch: Batch, going: Sequence[Written], claimed_at: float, deadline: timedelta
    ) -> dict[int, Outcome]:
        """A worker that was stopped since its intent may be too late for a call. By either clock:
        the wall's may be set back, and the monotonic one stands still while a machine sleeps."""
        now = self.clock.now()
        stopped = NotSent("late", "the worker was stopped too long", now)
        lease_ends = self._lease_left(claimed_at) < deadline or now + deadline > batch.lease_until
        return {
            w.delivery_id: stopped
            for w in going
            if lease_ends or not w.permit.lasts_until(now + deadline)
        }

    def _lease_left(self, claimed_at: float) -> timedelta:
        return self.lease - timedelta(seconds=self.clock.monotonic() - claimed_at)

    def _call(
        self, sender: Sender, skeleton: Skeleton, run: Run, batch: Batch, going: list[Written]
    ) -> dict[int, Outcome]:
        if not going:
            return {}
        envelopes = self.composer.envelopes(run, batch, skeleton, going)
        outcomes = sender.send(skeleton, envelopes, self._halted(run))
        return dict(zip((e.delivery_id for e in envelopes), outcomes, strict=True))

    def _fit(
        self, batch: Batch, turn: Turn, skeleton: Skeleton, written: list[Written]
    ) -> tuple[list[Written], dict[int, Outcome]]:
        """As many messages as the reserved rate is good for; the others go back unsent."""
        sender = self.senders[batch.channel]
        units = [sender.units(skeleton, w.values) for w in written]
        fits = self.pacer.fit(batch.channel, turn, units)
        later = NotSent("pace", "the sender's rate was used up", self.clock.now())
        return written[:fits], {w.delivery_id: later for w in written[fits:]}

    def _stop_if_refused(self, run: Run, outcomes: Mapping[int, Outcome]) -> None:
        refusal = next((o for o in outcomes.values() if isinstance(o, Refused)), None)
        if refusal is None:
            return
        because = f"{refusal.reason} ({refusal.code})"
        self._insist(lambda: self._stop(run, because))
        raise RunStoppedError(
            f"run {run.id} stopped: {because}. What had not left is cancelled: mend it, then "
            f"`campaigns run {run.campaign}` sends to those who did not get it."
        )

    def _stop(self, run: Run, because: str) -> None:
        self.runs.move(run.id, RunState.STOPPED, now=self.clock.now(), because=because)

    def _soonest(self, run: Run, shard: int, counts: DispatchCounts) -> datetime | None:
        """When the shard can send next; None when there is nothing worth waiting for.

        `counts` tells which channels are left for a later run because of their pace.
        """
        counts.unreachable.clear()
        if not self._running(run):
            return None
        now, soonest = self.clock.now(), None
        for channel, due in self.outbox.next_due(run.id, shard).items():
            when = max(due, self.pacer.opens(channel))
            why = self.pacer.because(channel)
            if when - now > LONGEST_WAIT or (why and self.pacer.given_up(channel)):
                counts.unreachable |= {channel: why} if why else {}
            elif soonest is None or when < soonest:
                soonest = when
        return soonest

    def _wait_until(self, moment: datetime) -> None:
        """Wait a little of the time until then: meanwhile the run may be paused."""
        left = (moment - self.clock.now()).total_seconds()
        self.clock.sleep(max(0.05, min(left, 1.0)))
