"""What the services need of the store: small interfaces, beside their consumers.

The store implements them on SQLite and PostgreSQL; one contract suite in tests/contract runs on
both. Instants are aware datetimes here, integers in the tables.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from campaigns.domain.audience import Audience
from campaigns.domain.audit import ENGINE
from campaigns.domain.batch import Batch, Claimed, Written
from campaigns.domain.channel import Channel
from campaigns.domain.customer import Profile
from campaigns.domain.delivery import DeliveryState, Outcome
from campaigns.domain.journey import Due
from campaigns.domain.message import Skeleton
from campaigns.domain.pace import Pace
from campaigns.domain.plan import PlannedDelivery, PlannedSkip, Sifted
from campaigns.domain.portion import WHOLE, Portion
from campaigns.domain.pressure import Cap
from campaigns.domain.progress import Closed, Held, Worker
from campaigns.domain.release import Release
from campaigns.domain.run import Run, RunState, Shard, Wait

__all__ = [
    "Batch",
    "Claimed",
    "Figures",
    "Outbox",
    "Paces",
    "PlanStore",
    "Releases",
    "Runs",
    "Written",
]


_T = TypeVar("_T")


class Releases(Protocol):
    """Frozen releases by hash."""

    def save(self, release: Release, now: datetime) -> None:
        """Store the release and its skeletons; storing the same again changes nothing."""

    def load(self, release_hash: str) -> Release:
        """Raises NotFoundError."""

    def skeleton_ids(self, release_hash: str) -> dict[str, int]:
        """Skeleton hash → id, for the outbox's narrow rows."""

    def skeleton(self, skeleton_id: int) -> Skeleton:
        """One skeleton."""


class Runs(Protocol):
    """Runs and their shards."""

    def start(
        self,
        release: Release,
        *,
        now: datetime,
        shard_size: int,
        limit: int | None,
        continues: bool = False,
        portion: Portion = WHOLE,
    ) -> tuple[Run, bool]:
        """Start a run, its shards cut by customer id over the audience; or, when the campaign has
        an active run, that one (True: resumed). The database allows one active run a campaign.
        One that `continues` is cut over those only who are due for a later step of the journey."""

    def get(self, run_id: int) -> Run:
        """Raises NotFoundError."""

    def latest(self, campaign: str | None = None) -> Run | None:
        """The newest run, of one campaign or of all."""

    def shards(self, run_id: int) -> list[Shard]:
        """In order."""

    def due(self, *, now: datetime) -> list[Run]:
        """Running runs that have something due which no worker holds, oldest first."""

    def move(
        self,
        run_id: int,
        to: RunState,
        *,
        now: datetime,
        because: str | None = None,
        by: str = ENGINE,
        as_held: bool = False,
        data: Mapping[str, int] = ...,
    ) -> bool:
        """Change the state along domain.run.TRANSITIONS; False if it was not possible. A pause, a
        cancellation and a stop go into the audit trail with `data`, `as_held` as a hold that a
        person ends; a run that is held does not get running."""


class PlanStore(Protocol):
    """Reading profiles of a shard and writing its plan."""

    def audience_size(self, audience: Audience, *, now: datetime) -> int:
        """How many customers the filter matches."""

    def customer_range(self) -> tuple[int, int]:
        """Smallest and largest customer id; (0, -1) when there are none."""

    def profiles(
        self,
        release: Release,
        *,
        first_customer: int,
        last_customer: int,
        now: datetime,
    ) -> Iterator[Profile]:
        """Customers of the audience in this id range who have no delivery of this campaign and
        edition yet, by id, in bounded memory."""

    def sift(self, release: Release, run: Run, *, first: int, last: int, now: datetime) -> Sifted:
        """Of the audience in this id range: who has the campaign already, who of those whom an
        earlier run skipped gets nothing still, and who is to be decided on."""

    def each_of(self, release: Release, ids: Sequence[int], *, now: datetime) -> Iterator[Profile]:
        """These customers as planning sees them, by id, in bounded memory."""

    def due(
        self, release: Release, step: str, *, first: int, last: int, now: datetime
    ) -> Iterator[Due]:
        """Customers in this id range who are due for a later step of the journey, by id."""

    def profiles_of(
        self, release: Release, ids: Sequence[int], *, now: datetime
    ) -> Mapping[int, Profile]:
        """These customers as planning sees them, by id."""

    def already(self, release: Release, *, first: int, last: int, now: datetime) -> int:
        """Customers of the audience in this id range who have a delivery of this campaign."""

    def write_plan(
        self,
        run: Run,
        shard: Shard,
        deliveries: Sequence[PlannedDelivery],
        skips: Sequence[PlannedSkip],
        *,
        barred: Mapping[str, Sequence[int]],
        already: int,
        now: datetime,
    ) -> int:
        """One transaction: rows in, shard marked planned. A shard planned before is left alone.
        `barred` are skips, too: reason → customers.
        Rows are written ordered by channel and skeleton. Returns the deliveries written."""

    def write_post(self, run: Run, delivery: PlannedDelivery, *, now: datetime) -> bool:
        """The run's public post as a delivery to PUBLIC (shard -1); False if the campaign has
        one already."""


class Paces(Protocol):
    """The paces of the senders, shared by all workers."""

    def look(self, keys: Collection[str] | None = None) -> Mapping[str, Pace]:
        """The paces of these senders, or of all; who never had trouble or a rate has none."""

    def change(
        self, key: str, how: Callable[[Pace], tuple[Pace, _T]], *, now: datetime
    ) -> tuple[Pace, _T]:
        """Decide on the pace as it is and store what comes of it, in one transaction that others
        wait for."""


class Outbox(Protocol):
    """The protocol of one message, once. Every method is one transaction (claim included)."""

    def claim(
        self,
        run_id: int,
        shard: int,
        *,
        owner: str,
        limits: Mapping[Channel, int],
        now: datetime,
        lease: timedelta,
    ) -> Batch | None:
        """Claim up to limits[channel] due deliveries of one channel and skeleton of the shard;
        channels not in `limits` are left. None when nothing is due."""

    def intend(
        self,
        batch: Batch,
        written: Sequence[Written],
        *,
        now: datetime,
        margin: timedelta,
        caps: Sequence[Cap] = (),
    ) -> set[int]:
        """Store what will be said and move claimed → sending, on disk before this returns, for
        those still permitted: fence holds, lease outlives now + margin, run is running, offer not
        expired, consent stands, address not suppressed, now + margin within the permit of each,
        no pause, below every cap. Returns their ids. The rest is settled (suppressed, expired,
        cancelled) or given back (pending) with its reason."""

    def settle(
        self,
        batch: Batch,
        outcomes: Mapping[int, Outcome],
        *,
        now: datetime,
        request_id: str | None = None,
    ) -> None:
        """Write outcomes and, in the same transaction, the `sent` interactions of the accepted.
        Accepted is unfenced and always wins; everything else only where batch.id still holds the
        row. Rejected with invalid_address marks the address, with opted_out suppresses it and
        appends a denial to the ledger."""

    def sweep(self, *, now: datetime) -> Mapping[DeliveryState, int]:
        """Expired leases: claimed → pending, sending → in_doubt. Returns how many of each."""

    def counts(self, run_id: int) -> Mapping[tuple[Channel, DeliveryState], int]:
        """Rows of the run by channel and state. A customer counts once: what was replaced by a
        fallback is not counted."""

    def next_due(self, run_id: int, shard: int) -> Mapping[Channel, datetime]:
        """When the shard's earliest pending delivery of each channel may be tried; channels
        without pending deliveries are left out."""

    def waits(self, run_id: int, *, now: datetime) -> list[Wait]:
        """What of the run waits for its time, and why; the most first."""

    def recorded(self, run_id: int) -> int:
        """`sent` interactions of the run's standing deliveries to customers, with the accepted
        ones whose customer was erased since: equals the accepted."""

    def outcomes(self, run_id: int) -> Mapping[str, int]:
        """What became of the run's messages that were not accepted, in words: outcome → how many.
        Messages that are still to go are left out."""

    def exploring(self, run_id: int) -> int:
        """Deliveries on another channel than the best known, to learn."""

    def fallbacks(self, run_id: int) -> Mapping[tuple[Channel, str], int]:
        """Standing fallbacks: (channel, encoded reason) → how many."""

    def reached_twice(self, run_id: int) -> int:
        """Customers whose first message arrived after all when its fallback had left already."""

    def skip_counts(self, run_id: int) -> Mapping[str, int]:
        """Skips of the run by SkipReason value."""


class Figures(Protocol):
    """How runs stand, cheap enough to ask every second while a million messages are sent."""

    def counts(self, run_id: int) -> Mapping[tuple[Channel, DeliveryState], int]:
        """Rows of the run by channel and state."""

    def oldest_in_doubt(self, run_id: int) -> datetime | None:
        """Since when the oldest message in doubt is so; None when none is."""

    def settled(self, run_id: int, *, since: datetime) -> tuple[int, datetime | None]:
        """Messages settled after this moment, and when the first of them was."""

    def last_settled(self, run_id: int) -> datetime | None:
        """When the newest was settled; None when none has been."""

    def accepted(self, run_id: int, *, since: datetime) -> bool:
        """Whether a message was accepted after this moment."""

    def held(self, run_id: int, *, now: datetime) -> list[Held]:
        """Pending messages that are not due, by channel and reason."""

    def workers(self, run_id: int) -> list[Worker]:
        """Who has open batches of the run, also when the lease has run out."""

    def closed(self, *, now: datetime) -> list[Closed]:
        """Paces whose circuit breaker is open, of all runs."""
