"""The application's senders: each thread has its own, and several threads send one shard."""

from __future__ import annotations

import os
import socket
import sys
import threading
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from campaigns.bootstrap.lanes import Lanes
from campaigns.bootstrap.parts import Parts
from campaigns.domain.channel import Channel
from campaigns.domain.release import Release
from campaigns.domain.timing import Timing
from campaigns.services.composing import Composer, Text
from campaigns.services.dispatch import Clock, Dispatcher
from campaigns.services.pacing import Pacer
from campaigns.services.patience import OUTAGE
from campaigns.services.watching import Step, Watch, unwatched
from campaigns.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from campaigns.bootstrap.observing import Observer
    from campaigns.channels.base import Sender
    from campaigns.domain.batch import Batch
    from campaigns.domain.delivery import Outcome
    from campaigns.errors import DatabaseError


class Sending(Parts):
    """Parts, with what sends."""

    def __init__(self, settings: Settings, clock: Clock, watch: Watch = unwatched) -> None:
        super().__init__(settings, clock)
        self._watch = watch
        self._threads = threading.local()
        self._senders: list[Mapping[Channel, Sender]] = []
        self._preparing = threading.Lock()
        self._prepared: set[str] = set()
        self._texts: dict[str, dict[int, Text]] = {}
        self._pacers: dict[str, Pacer] = {}
        self._tell_outage_at = 0.0

    def close(self) -> None:
        """Give every connection back."""
        if "lanes" in self.__dict__:
            self.lanes.close()
        for senders in self._senders:
            for sender in senders.values():
                sender.close()
        self._senders.clear()
        super().close()

    def require_may_send(self) -> None:
        """Raises UnarmedError for a database that was restored or copied, ConfigurationError for
        one that belongs to the other mode; takes note of a new one."""
        self.mode.bind()
        self.arming.require_armed()

    @cached_property
    def lanes(self) -> Lanes:
        """The sending threads of this process."""
        return Lanes(self.settings.lanes)

    @cached_property
    def observer(self) -> Observer:
        """Logs and spans, where they are configured."""
        from campaigns.bootstrap.observing import observer

        return observer(self.settings)

    @cached_property
    def _watching(self) -> Watch:
        """The marker first: it may refuse a batch before it leaves."""
        own = [] if self._watch is unwatched else [self._watch]
        return self.observer.with_others([self._mark, *own])

    def _mark(self, step: Step, batch: Batch, _outcomes: Mapping[int, Outcome]) -> None:
        """What leaves is on record beside the database, too: see store.arming."""
        if step is Step.CALLING:
            self.marker.add(batch, self.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"))

    def _dispatcher(self, release_hash: str) -> Dispatcher:
        """This thread's dispatcher for the release, kept for the shards to come."""
        known: dict[str, Dispatcher] = self._threads.__dict__.setdefault("dispatchers", {})
        if release_hash not in known:
            release = self.releases.load(release_hash)
            senders = self._prepared_senders(release)
            known[release_hash] = Dispatcher(
                outbox=self.outbox,
                runs=self.runs,
                composer=Composer(
                    self.releases,
                    self.links,
                    self._timing(release),
                    self._texts.setdefault(release_hash, {}),
                ),
                senders=senders,
                pacer=self._pacer(release, senders),
                clock=self.clock,
                owner=f"{socket.gethostname()}:{os.getpid()}:{threading.get_ident()}",
                lease=self._lease,
                caps=release.policy.pressure.caps,
                watch=self._watching,
                tell_outage=self.tell_outage,
            )
        return known[release_hash]

    def tell_outage(self, error: DatabaseError) -> None:
        """On standard error whatever is logged, but not at each try: else nobody would know why
        nothing moves."""
        now = self.clock.monotonic()
        with self._preparing:
            if now < self._tell_outage_at:
                return
            self._tell_outage_at = now + OUTAGE / 2
        waits = f"Waiting for the database, {OUTAGE / 60:.0f} minutes at most"
        sys.stderr.write(f"{waits}: {error}\n")
        sys.stderr.flush()

    @property
    def _lease(self) -> timedelta:
        return timedelta(seconds=self.settings.lease_seconds)

    def _pacer(self, release: Release, senders: Mapping[Channel, Sender]) -> Pacer:
        """The release's pacer, one for all threads: what one learns of a provider all know."""
        from campaigns.bootstrap.wiring import ways

        with self._preparing:
            if release.hash not in self._pacers:
                self._pacers[release.hash] = Pacer(
                    self.paces, ways(release, senders), self.clock.now, self._lease
                )
            return self._pacers[release.hash]

    def _timing(self, release: Release) -> Timing:
        """The hours of the release."""
        return Timing(release.policy, heed_quiet=self.settings.heeds_quiet_hours)

    def _prepared_senders(self, release: Release) -> Mapping[Channel, Sender]:
        """This thread's senders for the release; the first thread prepares the providers."""
        cache: dict[str, Mapping[Channel, Sender]] = self._threads.__dict__.setdefault("cache", {})
        if release.hash not in cache:
            from campaigns.bootstrap.wiring import channel_configuration
            from campaigns.channels.registry import open_senders

            configuration = channel_configuration(self.settings, release, self.clock.now)
            senders = open_senders(configuration, release.policy.channels)
            with self._preparing:
                if release.hash not in self._prepared:
                    for channel, sender in senders.items():
                        sender.prepare([s for s in release.skeletons if s.channel is channel])
                    self._prepared.add(release.hash)
            cache[release.hash] = senders
            self._senders.append(senders)
        return cache[release.hash]
