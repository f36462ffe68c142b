"""What a run did, in numbers that come from the database alone.

The same numbers make the command line's table and `--json`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from campaigns.domain.channel import PERSONAL_CHANNELS, Channel
from campaigns.domain.delivery import FINAL_STATES, DeliveryState
from campaigns.domain.mode import Mode
from campaigns.domain.moments import second
from campaigns.domain.outcome_words import all_in_words, in_words
from campaigns.domain.pace import channel_of
from campaigns.domain.plan import ALREADY, NOT_AGAIN
from campaigns.domain.reason import SKIP_TEXT, Reason, SkipReason
from campaigns.domain.run import Run, Wait
from campaigns.services.ports import Outbox, Paces, Runs

_NOT_SETTLED = frozenset({DeliveryState.PENDING, DeliveryState.CLAIMED, DeliveryState.SENDING})


@dataclass(frozen=True, slots=True)
class Standing:
    """How a run stands beside its numbers: as of `RunReport`."""

    paused: Sequence[str]
    because: str | None
    waits: Sequence[Wait]


@dataclass(frozen=True, slots=True)
class RunReport:
    """One run in numbers.

    Attributes:
        states: (channel, state) → deliveries to customers; the public post is told apart.
        skipped: skip reason → customers of the audience who got nothing.
        already: customers who have a delivery of this campaign from an earlier run.
        recorded: `sent` interactions on profiles.
        post: the state of the public X post; None when this run has none.
        outcomes: what became of messages that were not accepted, in words.
        fallbacks: how many of the deliveries are fallbacks, by what they came after, in words.
        exploring: how many of the deliveries try another channel than the best known, to learn.
        reached_twice: customers who got it on two channels: the first one's good news came late.
        paused: which of its channels are left alone for now, until when and why.
        waits: what waits for its time, and why.
        course: how it came to send, in sentences: its plan, approval and canary.
        mode: whom its messages reach: the sandbox, or real people.
    """

    run: Run
    states: Mapping[tuple[Channel, DeliveryState], int]
    skipped: Mapping[SkipReason, int]
    already: int
    recorded: int
    post: DeliveryState | None
    outcomes: Mapping[str, int] = field(default_factory=dict)
    fallbacks: Mapping[str, int] = field(default_factory=dict)
    exploring: int = 0
    reached_twice: int = 0
    paused: Sequence[str] = ()
    waits: Sequence[Wait] = ()
    course: Sequence[str] = ()
    mode: Mode | None = None

    @property
    def planned(self) -> dict[Channel, int]:
        """Deliveries to customers by channel, in the vocabulary's order."""
        return {
            channel: total
            for channel in PERSONAL_CHANNELS
            if (total := sum(n for (c, _), n in self.states.items() if c is channel))
        }

    @property
    def audience(self) -> int:
        """Everyone the campaign is for: planned + skipped + already."""
        return sum(self.planned.values()) + sum(self.skipped.values()) + self.already

    def in_state(self, *states: DeliveryState) -> int:
        """Deliveries to customers in these states."""
        return sum(n for (_, s), n in self.states.items() if s in states)

    @property
    def accepted(self) -> int:
        """Messages the providers took."""
        return self.in_state(DeliveryState.ACCEPTED)

    @property
    def waiting(self) -> int:
        """Messages not sent yet, the public post with them: they go when the run goes on."""
        return self.in_state(*_NOT_SETTLED) + (self.post in _NOT_SETTLED)

    @property
    def because(self) -> str | None:
        """Why the run was stopped or waits, unless `paused` says the very same of each channel."""
        return _because(self.run, self.paused)

    @property
    def adds_up(self) -> bool:
        """Whether every planned customer is in one state and every accepted message recorded."""
        states = (*FINAL_STATES, DeliveryState.IN_DOUBT, *_NOT_SETTLED)
        return (
            self.in_state(*states) == sum(self.planned.values()) and self.recorded == self.accepted
        )

    def rows(self) -> list[tuple[str, str, int]]:
        """(section, line, people), in reading order; the sections add up to the audience."""
        rows = [("planned", c.label, n) for c, n in self.planned.items()]
        if self.exploring:
            rows.append(("of these exploring", "on another channel, to learn", self.exploring))
        rows += [("of these by fallback", words, n) for words, n in self.fallbacks.items()]
        rows += [
            ("skipped", SKIP_TEXT[r], n)
            for r, n in sorted(self.skipped.items(), key=lambda item: -item[1])
        ]
        if self.already:
            rows.append((NOT_AGAIN, ALREADY, self.already))
        rows.append(("audience", "everyone the campaign is for", self.audience))
        for state in DeliveryState:
            if number := self.in_state(state):
                rows.append(("outcome", str(state).replace("_", " "), number))
        rows += [("waits, why", f"{w.why}, the first {w.until}", w.messages) for w in self.waits]
        rows += [("not accepted, why", outcome, n) for outcome, n in self.outcomes.items()]
        if self.reached_twice:
            rows.append(("reached twice", "the first message arrived late", self.reached_twice))
        rows.append(("recorded", "`sent` on the customers' profiles", self.recorded))
        return rows

    def as_json(self) -> dict[str, object]:
        """For `--json`."""
        return {
            "run": self.run.id,
            "campaign": self.run.campaign,
            "state": self.run.state,
            "mode": self.mode,
            "release": self.run.release_hash,
            "stopped_because": self.run.stopped_because,
            "audience": self.audience,
            "planned": dict(self.planned),
            "skipped": dict(self.skipped),
            "already": self.already,
            "states": _by_state(self.states),
            "outcomes": dict(self.outcomes),
            "fallbacks": dict(self.fallbacks),
            "exploring": self.exploring,
            "reached_twice": self.reached_twice,
            "waits": [
                {"why": w.why, "messages": w.messages, "first": w.first.isoformat()}
                for w in self.waits
            ],
            "accepted": self.accepted,
            "recorded": self.recorded,
            "post": self.post,
            "adds_up": self.adds_up,
            "paused": list(self.paused),
            "course": list(self.course),
        }


def report(runs: Runs, outbox: Outbox, paces: Paces, run_id: int, *, now: datetime) -> RunReport:
    """The numbers of one run, as they are now, by the clock of the zone that `now` is in."""
    run = runs.get(run_id)
    counts = outbox.counts(run_id)
    posts = [s for (c, s), n in counts.items() if c is Channel.X_POST and n]
    return RunReport(
        run=run,
        states={key: n for key, n in counts.items() if key[0] is not Channel.X_POST},
        skipped={SkipReason(r): n for r, n in outbox.skip_counts(run_id).items()},
        already=sum(s.already for s in runs.shards(run_id)),
        recorded=outbox.recorded(run_id),
        post=posts[0] if posts else None,
        outcomes=all_in_words(outbox.outcomes(run_id)),
        fallbacks=_in_words(outbox.fallbacks(run_id)),
        exploring=outbox.exploring(run_id),
        reached_twice=outbox.reached_twice(run_id),
        paused=_paused(paces, {c for (c, s), n in counts.items() if n and s in _NOT_SETTLED}, now),
        waits=_waits(outbox, run_id, now),
    )


def waiting(outbox: Outbox, run_id: int) -> bool:
    """Whether something of the run has not been sent yet, or is in a worker's hands."""
    return any(n and state in _NOT_SETTLED for (_, state), n in outbox.counts(run_id).items())


def stands(runs: Runs, outbox: Outbox, paces: Paces, run_id: int, *, now: datetime) -> Standing:
    """What an account needs of it: its numbers it counts itself."""
    counts = outbox.counts(run_id)
    paused = _paused(paces, {c for (c, s), n in counts.items() if n and s in _NOT_SETTLED}, now)
    return Standing(paused, _because(runs.get(run_id), paused), _waits(outbox, run_id, now))


def _waits(outbox: Outbox, run_id: int, now: datetime) -> list[Wait]:
    return [
        replace(w, why=in_words(w.why), first=w.first.astimezone(now.tzinfo))
        for w in outbox.waits(run_id, now=now)
    ]


def _because(run: Run, paused: Sequence[str]) -> str | None:
    told = " ".join(paused)
    whys = [r.partition(": ")[2] for r in (run.stopped_because or "").split("; ")]
    return None if all(why and why in told for why in whys) else run.stopped_because


def _paused(paces: Paces, waiting: Collection[Channel], now: datetime) -> list[str]:
    """The closed senders of the channels that have messages waiting."""
    told = []
    for key, pace in sorted(paces.look().items()):
        channel, until = channel_of(key), pace.closed_until
        if until is not None and pace.closed(now) and channel in waiting:
            here = second(until.astimezone(now.tzinfo))
            told.append(f"{channel.label} paused until {here}: {pace.because}")
    return told


def _in_words(fallbacks: Mapping[tuple[Channel, str], int]) -> dict[str, int]:
    """`SMS, after e-mail (bounced)` → how many, the most first."""
    words: dict[str, int] = {}
    for (channel, reason), number in sorted(fallbacks.items(), key=lambda item: -item[1]):
        before = ", ".join(f"{c.label} ({o})" for c, o in Reason.decode(reason).passed_over)
        told = f"{channel.label}, after {before}"
        words[told] = words.get(told, 0) + number
    return words


def _by_state(counts: Mapping[tuple[Channel, DeliveryState], int]) -> dict[str, int]:
    by_state: dict[str, int] = {}
    for (_, state), number in counts.items():
        by_state[state] = by_state.get(state, 0) + number
    return by_state
