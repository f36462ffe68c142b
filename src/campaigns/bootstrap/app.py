"""The application: the product's verbs over one set of settings.

Commands, flows and pages ask `connect()` for an `App` and call verbs on it; nothing else knows
which store, channels or files there are.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from campaigns.bootstrap.starting import Starting
from campaigns.bootstrap.workers import Workers, send_all
from campaigns.domain.canary import CANARY_SHARD
from campaigns.domain.channel import Channel
from campaigns.domain.message import fill
from campaigns.domain.plan import PlanCounts
from campaigns.domain.progress import Progress
from campaigns.domain.release import Release
from campaigns.domain.run import Run, RunState, Shard
from campaigns.errors import CampaignsError, DatabaseError, NotFoundError, OutageError
from campaigns.services.dispatch import PATIENT, Clock, DispatchCounts
from campaigns.services.plan_run import plan_post, plan_shard
from campaigns.services.progress import progress
from campaigns.services.report import RunReport, report, waiting
from campaigns.services.rounds import AT_ONCE, Rounds
from campaigns.services.watching import Watch, unwatched
from campaigns.settings import Settings, load_settings

if TYPE_CHECKING:
    from campaigns.bootstrap.observing import Carrier
    from campaigns.services.diagnose import Diagnosis
    from campaigns.services.import_customers import ImportReport

CLOCK = Clock(now=lambda: datetime.now(UTC), monotonic=time.monotonic, sleep=time.sleep)

NOTHING: Mapping[str, str] = {}

#: The shard of a run's public post; customers' shards count from 0.
POST_SHARD = -1


def connect(settings: Settings | None = None) -> App:
    """An application on these settings, or on the environment's. Cheap: parts open when used."""
    return App(settings or load_settings())


class App(Starting):
    """The product's verbs. Safe to share between threads; each thread gets its own senders."""

    def __init__(self, settings: Settings, clock: Clock = CLOCK, watch: Watch = unwatched) -> None:
        super().__init__(settings, clock, watch)
        self._limited = threading.Lock()

    # Customers ------------------------------------------------------------------------------

    def import_customers(
        self,
        path: Path,
        mapping: Path | None = None,
        encoding: str | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> ImportReport:
        """Bring customers in from a file, and learn from their past; the counts of the report add
        up to its rows.

        Raises FileError or FilesError when the file or the mapping as a whole is wrong, and for a
        file without rows: most often an export that went wrong.
        """
        from campaigns.bootstrap.importing import CustomerFileAt, import_customers

        return import_customers(self, CustomerFileAt(path, mapping, encoding), progress)

    def diagnose(self) -> list[Diagnosis]:
        """What is set up, what is missing, what would happen."""
        from campaigns.bootstrap.probes import probes
        from campaigns.services.diagnose import diagnose

        return diagnose(probes(self))

    def message(self, delivery_id: int) -> dict[str, str]:
        """The exact message of a delivery, made again from its skeleton and stored values; empty
        while nothing has been written. Raises NotFoundError."""
        view = self.profiles.delivery(delivery_id)
        if view.values is None:
            return {}
        return fill(self.releases.skeleton(view.skeleton_id), view.values)

    # Runs -----------------------------------------------------------------------------------

    def shards(self, run_id: int) -> list[Shard]:
        """The run's audience, cut by customer id."""
        return self.runs.shards(run_id)

    def plan_shard(self, run_id: int, no: int) -> PlanCounts:
        """Plan one shard; planning it again changes nothing."""
        run = self.runs.get(run_id)
        shard = next(s for s in self.runs.shards(run_id) if s.no == no)
        release = self.releases.load(run.release_hash)
        now = self.clock.now()
        timing = self._timing(release)
        if run.limit is None:
            return plan_shard(self.planning, run, release, shard, now=now, room=None, timing=timing)
        with self._limited:  # the room left depends on the shards planned before
            planned = sum(
                n for (c, _), n in self.outbox.counts(run_id).items() if c is not Channel.X_POST
            )
            room = max(0, run.limit - planned)
            return plan_shard(self.planning, run, release, shard, now=now, room=room, timing=timing)

    def begin_sending(self, run_id: int) -> None:
        """Prepare the providers, let the run send, and make the campaign's public post.

        A limited run makes no post: it is a first careful send, and a post is seen by everyone.
        With a canary the post waits for its verdict, like all but the first few.
        Nor does one that goes on with a journey: the post belongs to the first step.
        """
        from campaigns.bootstrap.canary import begin_canary
        from campaigns.bootstrap.proof import require_whole
        from campaigns.bootstrap.settling import settle_plan

        run = self.runs.get(run_id)
        release = self.releases.load(run.release_hash)
        require_whole(release, run.release_hash)
        self.require_no_hold(run)
        self.require_may_send()
        settle_plan(self, run, release)
        self.require_no_hold(run)  # a plan that changed since it was approved waits
        if self._anything_to_send(run, release):
            self._prepare(run, release)
        watched = begin_canary(self, run, release)
        may_post = run.limit is None and not run.continues and not watched
        timing, now = self._timing(release), self.clock.now()
        posted = may_post and plan_post(self.planning, run, release, now=now, timing=timing)
        if not self.runs.move(run_id, RunState.RUNNING, now=self.clock.now()):
            self.require_no_hold(run)  # paused since we looked
        if posted or self.outbox.next_due(run_id, POST_SHARD):
            self.dispatch_shard(run_id, POST_SHARD, patience=AT_ONCE)

    def _anything_to_send(self, run: Run, release: Release) -> bool:
        """Of a run of nothing no provider need know; loading their libraries takes a while, too."""
        from campaigns.bootstrap.settling import post_to_come

        left = self.outbox.pending(run.id, most=1) or self.outbox.shards_left(run.id)
        return bool(left or post_to_come(self, run, release))

    def _prepare(self, run: Run, release: Release) -> None:
        """Prepare the providers; what stands in the way pauses the run, with its reason."""
        from campaigns.bootstrap.outages import pause_for_outage
        from campaigns.bootstrap.probes import require_sandbox

        try:
            require_sandbox(self.settings)
            self._prepared_senders(release)
        except OutageError as error:
            pause_for_outage(self, run.id, error.because)
            raise
        except CampaignsError as error:
            self.runs.move(run.id, RunState.PAUSED, now=self.clock.now(), because=str(error))
            raise

    def dispatch_shard(
        self,
        run_id: int,
        no: int,
        carrier: Carrier = NOTHING,
        patience: timedelta = PATIENT,
    ) -> DispatchCounts:
        """Send what is due of one shard, on all lanes of this process.

        `carrier` ties its spans to the run's; `patience` is how long it may wait for what comes
        due. Raises UnarmedError for a database that was restored or copied.
        """
        self.require_may_send()
        run = self.runs.get(run_id)

        def send() -> DispatchCounts:
            return self._dispatcher(run.release_hash).dispatch_shard(run, no, patience)

        with self.observer.shard(run_id, no, carrier) as tell:
            counts = send() if no == POST_SHARD else self.lanes.send(send)
            if counts.unreachable:  # one lane gave a channel up, another may have sent it since
                left = self.outbox.next_due(run_id, no)
                counts.unreachable = {c: why for c, why in counts.unreachable.items() if c in left}
            tell(counts)
        return counts

    def dispatch_all(
        self, run_id: int, on_progress: Callable[[Progress], None] | None = None
    ) -> DispatchCounts:
        """Send every shard with something left, by worker processes where that is worth it."""
        numbers = self.to_send(run_id)
        rounds, look = Rounds(numbers), 0.0

        def looking() -> None:
            nonlocal look
            began = self.clock.monotonic()
            if on_progress and (began >= look or rounds.over):
                with suppress(DatabaseError):  # whoever sends waits for it, and tells
                    on_progress(self.progress(run_id))
                now = self.clock.monotonic()
                look = now + 10 * (now - began)  # counting a large run takes its time

        with Workers(self, run_id, len(numbers)) as workers:
            send_all(workers, rounds, self.clock, looking)
        return rounds.total()

    def to_send(self, run_id: int) -> list[int]:
        """The numbers of what is sent of a run: its shards with something left to send, and a
        public post that still waits. While a canary is not decided, that alone."""
        canary = self.canaries.of_run(run_id)
        if canary is not None and not canary.decided:
            return [CANARY_SHARD]
        apart = [POST_SHARD] if canary is None else [POST_SHARD, CANARY_SHARD]
        waits = [no for no in apart if self.outbox.next_due(run_id, no)]
        left = self.outbox.shards_left(run_id)
        return [*waits, *(s.no for s in self.shards(run_id) if s.no in left)]

    def finish(self, run_id: int, unreachable: Mapping[Channel, str] | None = None) -> RunReport:
        """Close the run if nothing is left to send, and report.

        What waits for a channel that could not be reached pauses the run, for an outage; deliveries
        in another worker's hands leave it running. Either way the same command goes on with it.
        """
        from campaigns.bootstrap.outages import pause_for_outage

        self.sweep()
        if not waiting(self.outbox, run_id):
            self.runs.move(run_id, RunState.FINISHED, now=self.clock.now())
        elif unreachable and self.runs.get(run_id).state is RunState.RUNNING:
            because = "; ".join(f"{c.label}: {why}" for c, why in unreachable.items())
            pause_for_outage(self, run_id, because, channels=[*unreachable])
        return self.report(run_id)

    def runs_due(self) -> list[Run]:
        """Running runs that have something due which nobody is sending. While a canary is watched
        nothing is: who took the run up would stay with it for hours, and leave the others."""
        from campaigns.bootstrap.canary import awaits_canary

        found = self.runs.due(now=self.clock.now())
        return [run for run in found if not awaits_canary(self, run.id)]

    def latest_run(self) -> Run:
        """The newest run. Raises NotFoundError when nothing has run yet."""
        run = self.runs.latest()
        if run is None:
            raise NotFoundError("nothing has run yet; `campaigns run NAME` starts a campaign.")
        return run

    def report(self, run_id: int) -> RunReport:
        """The run in numbers, as it is now."""
        from campaigns.bootstrap.course import course

        told = report(self.runs, self.outbox, self.paces, run_id, now=self.now_at_home())
        return replace(told, course=tuple(course(self, run_id)), mode=self.mode.belongs())

    def progress(self, run_id: int) -> Progress:
        """How the run stands: counts, rate, what it waits for. Cheap at any size."""
        from campaigns.bootstrap.canary import look_at_canary

        canary = look_at_canary(self, run_id)
        return progress(
            self.runs,
            self.figures,
            self.audit,
            run_id,
            now=self.now_at_home(),
            unarmed=self.arming.bearings().because,
            canary=None if canary is None or canary.decided else canary.because,
        )
