"""Verbs about messages in doubt, and about fallbacks for those that surely failed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache

from campaigns.bootstrap.app import App
from campaigns.domain.brand import LONGEST_WITHIN
from campaigns.domain.channel import Channel
from campaigns.domain.evidence import Doubt, Verdict
from campaigns.domain.progress import Progress
from campaigns.domain.run import RunState
from campaigns.errors import CampaignsError, UserError
from campaigns.services.dispatch import DispatchCounts
from campaigns.services.fall_back import FellBack, fall_back
from campaigns.services.reconcile import Lookup, Reconciled, reconcile
from campaigns.services.report import RunReport

#: Seconds between two looks at what is in other hands.
LOOK_EVERY = 2.0


def reconcile_doubts(app: App, *, all_: bool = False) -> Reconciled:
    """Look for what is in doubt in the providers' lists: what is there was sent. Sends nothing.

    `all_` asks about everything now, not only about what it is time for.
    """
    from campaigns.bootstrap.wiring import lookup_configuration
    from campaigns.channels.registry import open_lookup
    from campaigns.store.doubts import SqlDoubts

    app.mode.require()  # the other mode's providers never heard of these messages
    configuration = lookup_configuration(app.settings)
    app.sweep()
    with ExitStack() as opened:

        @cache
        def lookups(channel: Channel) -> Lookup:
            lookup = open_lookup(configuration, channel)
            opened.callback(lookup.close)
            return lookup

        return reconcile(
            SqlDoubts(app.database),
            lookups,
            cache(app.releases.skeleton),
            now=app.clock.now(),
            all_=all_,
        )


def list_doubts(app: App) -> list[Doubt]:
    """Everything in doubt, the oldest first, with what is known of it."""
    from campaigns.store.doubts import SqlDoubts

    return SqlDoubts(app.database).listed()


def resolve(app: App, delivery_id: int, verdict: Verdict, *, by: str, why: str) -> str:
    """Settle one message in doubt as a person says; who and why go on the audit trail. Returns the
    campaign's name. Raises NotFoundError or UserError."""
    from campaigns.store.resolving import SqlResolving

    if not by.strip() or not why.strip():
        raise UserError("say who decides (--by) and why (--why): both are kept.")
    resolving = SqlResolving(app.database)
    return resolving.resolve(delivery_id, verdict, by=by, why=why, now=app.now_at_home())


def fall_back_run(app: App, run_id: int) -> FellBack:
    """Give the run's messages that surely failed their next hop, to be sent by the run."""
    from campaigns.store.falling_back import SqlFallbacks

    run = app.runs.get(run_id)
    release = app.releases.load(run.release_hash)
    return fall_back(SqlFallbacks(app.database), run, release, now=app.clock.now())


def dispatch_with_fallbacks(
    app: App,
    run_id: int,
    on_progress: Callable[[Progress], None] | None = None,
    on_others: Callable[[Progress], None] = lambda _progress: None,
) -> DispatchCounts:
    """Send every shard, then what others gave back and what fell back, until nothing does any
    more. `on_others` is told while others have messages of the run in hand."""
    total = DispatchCounts()
    while True:
        total.add(app.dispatch_all(run_id, on_progress))
        waited = False
        for progress in in_other_hands(app, run_id):
            waited = True
            on_others(progress)
        fell = fall_back_run(app, run_id).hops
        if not fell and not (waited and app.progress(run_id).due):
            return total


def in_other_hands(app: App, run_id: int) -> Iterator[Progress]:
    """How a running run stands while others have messages of it in hand, again and again until
    they have none: they settle them, or they are dead and their leases end."""
    while (progress := app.progress(run_id)).moving and progress.run.state is RunState.RUNNING:
        yield progress
        app.clock.sleep(LOOK_EVERY)
        app.sweep()


@dataclass(frozen=True, slots=True)
class LateFallbacks:
    """What one call of `fall_back_later` did with one run."""

    hops: int
    report: RunReport


def fall_back_later(app: App) -> list[LateFallbacks]:
    """Of finished runs: send what bounced since on the next channel, and go on with what was opened
    again. A run whose campaign has another one under way waits for that to end.

    Raises the first CampaignsError that one of the runs met, after all had their turn.
    """
    from campaigns.store.falling_back import SqlFallbacks

    app.mode.require()
    store, now = SqlFallbacks(app.database), app.clock.now()
    app.sweep()
    going_on = set(store.opened_again(now=now))
    finished = store.finished_runs(since=now - LONGEST_WITHIN, now=now)
    done: list[LateFallbacks] = []
    troubles: list[CampaignsError] = []
    for run_id in sorted(going_on.union(finished)):
        try:
            fell = fall_back_run(app, run_id)
            if not fell.hops and run_id not in going_on:
                continue
            app.begin_sending(run_id)
            sent = dispatch_with_fallbacks(app, run_id)
            done.append(LateFallbacks(fell.hops, app.finish(run_id, sent.unreachable)))
        except CampaignsError as error:
            troubles.append(error)
    if troubles:
        raise troubles[0]
    return done
