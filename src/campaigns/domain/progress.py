"""How a run stands at one moment: what is where, how quickly it goes on, and what it waits for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from campaigns.domain.audit import Action, AuditEntry
from campaigns.domain.channel import Channel
from campaigns.domain.counting import counted
from campaigns.domain.delivery import DeliveryState
from campaigns.domain.moments import by_clock, dated, moment
from campaigns.domain.outage import Outage
from campaigns.domain.pace import channel_of
from campaigns.domain.run import ACTIVE_RUN_STATES, Run, RunState

#: The rate is that of the last minute: what counts is how it goes now, not since the start.
WINDOW = timedelta(minutes=1)

#: Who takes up a run that nobody sends where campaigns are run from Prefect.
_GO_ON = "as Prefect's `go-on` does every ten minutes"

_S = DeliveryState
MOVING = frozenset({_S.CLAIMED, _S.SENDING})
WAITING = MOVING | {_S.PENDING}


@dataclass(frozen=True, slots=True)
class Held:
    """Pending messages of a channel that are not due yet: the same reason, the earliest moment."""

    channel: Channel
    why: str
    messages: int
    until: datetime


@dataclass(frozen=True, slots=True)
class Worker:
    """Batches of a channel in one worker's hands; the lease is the one that ends last."""

    owner: str
    channel: Channel
    batches: int
    lease_until: datetime


@dataclass(frozen=True, slots=True)
class Closed:
    """A channel and sender that the circuit breaker leaves alone for now."""

    key: str
    until: datetime
    because: str


@dataclass(frozen=True, slots=True)
class Progress:
    """A run at the moment `at`; other moments are told by the clock of the zone that it is in.

    Attributes:
        states: deliveries by channel and state, the public post included.
        settled_lately: messages settled within WINDOW, the first of them at `first_lately`.
        last_settled: the newest sign of life; None when nothing has been settled.
        unplanned: shards that are not planned yet, of `shards`.
        last_planned: when the newest shard was.
        hold: because of which entry it waits for a person.
        unarmed: why the database may not send; None when it may.
        canary: how the first few stand while the rest waits for them.
        outage: what it is paused for until it is taken up again.
    """

    run: Run
    at: datetime
    states: Mapping[tuple[Channel, DeliveryState], int]
    oldest_in_doubt: datetime | None
    settled_lately: int
    first_lately: datetime | None
    last_settled: datetime | None
    held: Sequence[Held]
    workers: Sequence[Worker]
    closed: Sequence[Closed]
    shards: int
    unplanned: int
    hold: AuditEntry | None
    unarmed: str | None
    canary: str | None = None
    outage: Outage | None = None
    last_planned: datetime | None = None

    def count(self, *states: DeliveryState, channel: Channel | None = None) -> int:
        """Messages in these states, of one channel or of all."""
        return sum(n for (c, s), n in self.states.items() if s in states and channel in (None, c))

    @property
    def planned(self) -> int:
        """All messages of the run."""
        return sum(self.states.values())

    @property
    def settled(self) -> int:
        """Those that will not move by themselves, and those in doubt."""
        return self.planned - self.waiting

    @property
    def accepted(self) -> int:
        """Messages the providers took."""
        return self.count(_S.ACCEPTED)

    @property
    def in_doubt(self) -> int:
        """Messages that may or may not have left."""
        return self.count(_S.IN_DOUBT)

    @property
    def waiting(self) -> int:
        """Not settled yet, those in a worker's hands included."""
        return self.count(*WAITING)

    @property
    def moving(self) -> int:
        """In a worker's hands."""
        return self.count(*MOVING)

    @property
    def due(self) -> int:
        """Pending, and nothing keeps them."""
        return self.count(_S.PENDING) - sum(h.messages for h in self.held)

    @property
    def rate(self) -> float:
        """Messages settled per second, now."""
        if self.first_lately is None:
            return 0.0
        return self.settled_lately / max(1.0, (self.at - self.first_lately).total_seconds())

    @property
    def left(self) -> timedelta | None:
        """How long what is due and moving still takes at this rate; None when nobody knows, as
        while the run is paused, its rest waits for the first few, or a channel that has messages
        to send is left alone."""
        waits = self.run.state is RunState.PAUSED or self.canary is not None
        if not self.rate or waits or self._awaits_a_provider:
            return None
        return timedelta(seconds=round((self.due + self.moving) / self.rate))

    @property
    def _awaits_a_provider(self) -> bool:
        return any(self.count(_S.PENDING, channel=channel_of(c.key)) for c in self.closed)

    @property
    def alive(self) -> list[Worker]:
        """Workers whose lease runs."""
        return [w for w in self.workers if w.lease_until > self.at]

    @property
    def in_doubt_for(self) -> timedelta | None:
        """The age of the oldest message in doubt."""
        return None if self.oldest_in_doubt is None else self.at - self.oldest_in_doubt

    @property
    def last_sign_of_planning(self) -> datetime:
        """When a shard was planned last; of a run that has none planned, when it was started."""
        return max(self.run.started_at, self.last_planned or self.run.started_at)

    @property
    def begins(self) -> str | None:
        """How far a run is that nothing has come of yet, and of which there was a sign of life
        within WINDOW; None for any other."""
        active = self.run.state in ACTIVE_RUN_STATES and _by_decision(self) is None
        return _begins(self) if active and self.last_settled is None else None

    @property
    def stuck(self) -> str | None:
        """Why the run does not go on by itself; None while it does, and when it has ended."""
        return _stuck(self) if self.run.state in ACTIVE_RUN_STATES else None


def _stuck(p: Progress) -> str | None:
    stopped = _by_decision(p)
    if stopped is not None or p.alive or p.settled_lately or p.begins:
        return stopped
    return _by_itself(p)


def _by_decision(p: Progress) -> str | None:
    """Somebody, or the engine, has decided that nothing is sent."""
    if p.unarmed is not None:
        return f"the database is not armed: {p.unarmed}. See `campaigns arm`."
    if p.hold is not None:
        return (
            f"{hold_in_words(p.hold, p.at.tzinfo)}. `campaigns resume {p.run.id}` goes on with it."
        )
    if p.outage is not None:
        return f"paused: {in_words(p.outage, p.run.campaign, p.at.tzinfo)}"
    if p.run.state is RunState.PAUSED:
        why = p.run.stopped_because or "no reason told"
        return f"paused: {why}. `campaigns run {p.run.campaign}` goes on with it."
    return None


def in_words(outage: Outage, campaign: str, zone: tzinfo | None) -> str:
    """What a run is paused for, and who goes on with it when, by the clock of a zone."""
    here = by_clock(outage, zone or UTC)
    return (
        f"{str(here).rstrip('.')}. `go-on` takes it up from {moment(here.again_at)} "
        f"on; `campaigns run {campaign}` goes on at once."
    )


def _by_itself(p: Progress) -> str:
    """It may go on, and nothing moves."""
    go_on = f"`campaigns run {p.run.campaign}` goes on with it"
    if p.run.state is RunState.PLANNING:
        return f"it is not sending yet: {_planned(p)}. If nobody is planning it, {go_on}, {_GO_ON}."
    if p.canary is not None:
        return f"{p.canary}. The rest waits for that; if nobody stays with it, {go_on} then."
    if p.closed and p.due and _all_closed(p):
        until = min(c.until for c in p.closed)
        because = "; ".join(f"{c.key}: {c.because}" for c in p.closed)
        return f"every channel is left alone until {_moment(p, until)} ({because})."
    if p.due or p.moving:
        return f"{_still(p)}. If nobody is sending it, {go_on}, {_GO_ON}."
    if p.held:
        first = min(p.held, key=lambda h: h.until)
        return f"waiting until {_moment(p, first.until)} ({first.channel.label}: {first.why})."
    return f"nothing is left to send, and nobody has closed it: {go_on} and closes it."


def _begins(p: Progress) -> str | None:
    if p.at - p.last_sign_of_planning >= WINDOW:
        return None
    if p.run.state is RunState.PLANNING:
        return f"It begins: {_planned(p)}."
    left_alone = p.closed and _all_closed(p)
    return None if p.canary is not None or left_alone or not p.due else "It begins to send."


def _planned(p: Progress) -> str:
    return f"{p.shards - p.unplanned:,} of {counted(p.shards, 'shard')} planned"


def _still(p: Progress) -> str:
    """`1,200 may go now, and nothing has moved since …`."""
    since = _moment(p, p.last_settled or p.run.started_at)
    told = f"{p.due:,} may go now, and " if p.due else ""
    return f"{told}nothing has moved since {since}"


def _all_closed(p: Progress) -> bool:
    """Whether each channel that has pending messages is named by a closed pace."""
    pending = {c for (c, s), n in p.states.items() if s is _S.PENDING and n}
    return all(any(closed.key.startswith(c) for closed in p.closed) for c in pending)


def hold_in_words(hold: AuditEntry, zone: tzinfo | None) -> str:
    """`paused by ana on 1 Mar 2027 09:00 CET: wrong price`, by the clock of a zone."""
    what = "paused" if hold.action is Action.PAUSED else "held"
    why = f": {hold.why.rstrip('.')}" if hold.why else ""
    return f"{what} by {hold.actor} on {dated(hold.at.astimezone(zone))}{why}"


def _moment(p: Progress, at: datetime) -> str:
    return moment(at.astimezone(p.at.tzinfo))
