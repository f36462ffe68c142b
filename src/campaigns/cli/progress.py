"""How a run stands, for people and for programs."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.live import Live
from rich.text import Text

from campaigns.cli.output import console, table
from campaigns.domain.delivery import DeliveryState
from campaigns.domain.moments import moment, second
from campaigns.domain.outage import Outage
from campaigns.domain.pace import channel_of
from campaigns.domain.progress import Progress
from campaigns.domain.run import ACTIVE_RUN_STATES

if TYPE_CHECKING:
    from rich.console import RenderableType

    from campaigns.bootstrap import App

#: Seconds between two looks; a look that takes long makes it longer.
EVERY = 1.0


def progress_json(p: Progress) -> dict[str, Any]:
    """For `--json`; ages and times left in seconds."""
    return {
        "run": p.run.id,
        "campaign": p.run.campaign,
        "state": p.run.state,
        "at": p.at.isoformat(),
        "planned": p.planned,
        "settled": p.settled,
        "channels": _by_channel(p),
        "oldest_in_doubt_seconds": _seconds(p.in_doubt_for),
        "rate": round(p.rate, 1),
        "left_seconds": _seconds(p.left),
        "held": [_plain(asdict(h)) for h in p.held],
        "closed": [_plain(asdict(c)) for c in p.closed],
        "workers": [{**_plain(asdict(w)), "alive": w in p.alive} for w in p.workers],
        "outage": None if p.outage is None else _plain(_outage(p.outage)),
        "waits_for": None if p.hold is None else _plain(asdict(p.hold)),
        "begins": p.begins,
        "stuck": p.stuck,
    }


def _outage(outage: Outage) -> dict[str, Any]:
    return {
        "because": outage.because,
        "since": outage.since,
        "tries": outage.tries,
        "again_at": outage.again_at,
    }


def print_progress(p: Progress) -> None:
    """What goes on, under the run's numbers; nothing for a run that has ended in order."""
    lines = list(_lines(p))
    if lines:
        console().print(Group(*lines))


def watch(app: App, run_id: int, *, as_json: bool) -> None:
    """Look again and again until the run has ended."""
    from campaigns.cli.output import print_json_line

    with Live(console=console(), auto_refresh=False) as live:
        while True:
            began = time.monotonic()
            seen = app.progress(run_id)
            if as_json:
                print_json_line(progress_json(seen))
            else:
                live.update(Group(_states(seen), *_lines(seen)), refresh=True)
            if seen.run.state not in ACTIVE_RUN_STATES:
                return
            time.sleep(max(EVERY, 9 * (time.monotonic() - began)))


def _states(p: Progress) -> RenderableType:
    shown = [s for s in DeliveryState if p.count(s)]
    rows = [
        [channel, *(f"{counts.get(s, 0):,}" for s in shown)]
        for channel, counts in _by_channel(p).items()
    ]
    title = f"Run {p.run.id} of {p.run.campaign}: {p.run.state}"
    return table(title, ["channel", *(s.replace("_", " ") for s in shown)], rows)


def _lines(p: Progress) -> Iterable[Text]:
    at_home = partial(datetime.astimezone, tz=p.at.tzinfo)
    if p.run.state in ACTIVE_RUN_STATES and p.planned:
        left = f", {p.left} left" if p.left and p.waiting else ""
        yield Text(f"{p.settled:,} of {p.planned:,} settled, {p.rate:,.1f} a second{left}.")
    if p.in_doubt_for is not None:
        age = timedelta(seconds=int(p.in_doubt_for.total_seconds()))
        yield Text(
            f"{p.in_doubt:,} in doubt, the oldest for {age}: `campaigns reconcile`.", style="yellow"
        )
    if p.run.state not in ACTIVE_RUN_STATES:
        yield from _still_moving(p)
        return
    for h in p.held:
        yield Text(
            f"Held: {h.messages:,} by {h.channel.label} until {moment(at_home(h.until))}: {h.why}"
        )
    for c in p.closed:
        who = f"{channel_of(c.key).label} ({c.key.partition(' ')[2]})"
        yield Text(f"{who} paused until {second(at_home(c.until))}: {c.because}", style="yellow")
    yield from _workers(p)
    if p.begins:
        yield Text(p.begins)
    if p.stuck:
        yield Text(f"Waiting: {p.stuck}", style="bold yellow")


def _workers(p: Progress) -> Iterable[Text]:
    for w in p.workers:
        state = "lease until" if w in p.alive else "gone, its lease ended"
        until = second(w.lease_until.astimezone(p.at.tzinfo))
        yield Text(f"Worker {w.owner}: {w.batches} × {w.channel.label}, {state} {until}")


def _still_moving(p: Progress) -> Iterable[Text]:
    """Of a run that has ended: whose requests are not over, or who died with them."""
    if not p.moving:
        return
    yield from _workers(p)
    if p.alive:
        told = "finished by these workers; in doubt if one is gone when its lease ends"
    else:
        told = "nobody has them any more: `campaigns reconcile` takes them up"
    yield Text(f"{p.moving:,} on their way: {told}.", style="yellow")


def _by_channel(p: Progress) -> dict[str, dict[str, int]]:
    channels: dict[str, dict[str, int]] = {}
    for (channel, state), number in sorted(p.states.items()):
        channels.setdefault(str(channel), {})[str(state)] = number
    return channels


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {k: v.isoformat() if isinstance(v, datetime) else v for k, v in values.items()}


def _seconds(span: timedelta | None) -> float | None:
    return None if span is None else round(span.total_seconds(), 1)
