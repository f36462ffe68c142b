"""What a run's page shows: tables, a progress bar, and sentences. Counts only."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import cast
from uuid import UUID

from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    update_progress_artifact,
)
from prefect.logging import get_run_logger
from prefect.settings import PREFECT_UI_URL

from campaigns.domain.channel import Channel
from campaigns.domain.counting import counted
from campaigns.domain.evidence import Doubt, age
from campaigns.domain.findings import Finding
from campaigns.domain.plan import PlanCounts
from campaigns.domain.progress import Progress
from campaigns.domain.reason import SKIP_TEXT, SkipReason
from campaigns.domain.travellers import Whereabouts
from campaigns.errors import DatabaseError


def publish(key: str, markdown: str, description: str) -> str:
    """A markdown artifact of this run, with its address in the log: it is three clicks deep.
    Returns where it is."""
    artifact = create_markdown_artifact(
        key=key.replace("_", "-"), markdown=markdown, description=description
    )
    pages = PREFECT_UI_URL.value()
    where = f"{pages}/artifacts/artifact/{artifact}" if pages else "the Artifacts tab of this run"
    get_run_logger().info("%s: %s", description, where)
    return where


def findings_table(findings: Iterable[Finding]) -> str:
    """Findings as a markdown table: where, what, and how to mend it."""
    lines = ["| | where | what | how to mend it |", "|---|---|---|---|"]
    for f in findings:
        place = f"{f.file}:{f.line}" if f.line else f.file
        shown = ", ".join(part for part in (f.channel, f.locale, f.part) if part)
        cells = (f.level, f"{place} ({shown})" if shown else place, f.message, f.mend)
        lines.append("| " + " | ".join(c.replace("|", "\\|") for c in cells) + " |")
    return "\n".join(lines)


def journey_table(found: Whereabouts) -> str:
    """Who is where on a journey, as `campaigns journey` tells it."""
    lines = ["| step | | people |", "|---|---|---:|"]
    lines += [f"| {step} | {what} | {n:,} |" for step, what, n in found.rows()]
    acted = "" if found.acted is None else f", {counted(found.acted, 'has', 'have')} acted"
    return "\n".join([*lines, "", f"{found.entered:,} entered{acted}."])


def preferences_table(asked: Mapping[Channel | None, int]) -> str:
    """How many asked for which channel, the most first."""
    lines = ["| asked for first | customers |", "|---|---:|"]
    most_first = sorted(asked.items(), key=lambda item: -item[1])
    lines += [f"| {channel.label} | {number:,} |" for channel, number in most_first if channel]
    nothing = asked.get(None, 0)
    lines.append(f"| no channel: what was learnt decides, else the campaign | {nothing:,} |")
    return "\n".join(lines)


def plan_sentence(counts: PlanCounts) -> str:
    """A shard's plan in one line of the log."""
    planned = listed({c.label: n for c, n in counts.planned.most_common()})
    skipped = listed({SKIP_TEXT[SkipReason(r)]: n for r, n in counts.skipped.most_common()})
    already = f"; {counts.already:,} had it already" if counts.already else ""
    return (
        f"{counts.planned.total():,} planned{planned}; "
        f"{counts.skipped.total():,} skipped{skipped}{already}"
    )


def rate_sentence(seen: Progress) -> str:
    """`12,000 of 50,000, 900 a second, 0:00:42 left`, or why it does not go on."""
    done = f"{seen.settled:,} of {seen.planned:,}"
    if seen.canary and seen.hold is None:
        return f"{done}; {seen.canary}"
    if seen.stuck:
        return f"{done}; {seen.stuck}"
    left = f", {seen.left} left" if seen.left and seen.waiting else ""
    return f"{done}, {seen.rate:,.0f} a second{left}"


#: A table of more rows than this is read by nobody; `campaigns reconcile --list` has all.
MOST_ROWS = 100


def doubts_table(doubts: Sequence[Doubt], now: datetime) -> str:
    """What is in doubt, the oldest first: numbers and what is known, nothing of the customer."""
    lines = ["| delivery | run | channel | for | what is known |", "|---|---|---|---|---|"]
    lines += [
        f"| {d.delivery_id} | {d.run_id} | {d.channel.label} | {age(now - d.fell)} | {d.known} |"
        for d in doubts[:MOST_ROWS]
    ]
    if len(doubts) > MOST_ROWS:
        all_of_them = f"`campaigns reconcile --list --most {len(doubts)}`"
        lines.append(f"\n… and {len(doubts) - MOST_ROWS:,} more: {all_of_them}")
    return "\n".join(lines)


def listed(numbers: Mapping[str, int]) -> str:
    """` (e-mail 12, SMS 3)`, or nothing."""
    told = ", ".join(f"{name} {number:,}" for name, number in numbers.items() if number)
    return f" ({told})" if told else ""


#: Seconds between two looks of the bar, at least.
LOOK_EVERY = 2.0
#: And while the database cannot be used.
WAIT_FOR_DATABASE = 15.0


class ProgressBar:
    """A progress artifact that moves while messages are settled.

    Looking costs a count over the run, and writing a request, so it is done at most every two
    seconds and takes at most a fiftieth of the time; a change of less than a percent is not
    written.
    """

    def __init__(self, key: str, description: str, progress: Callable[[], Progress]) -> None:
        self._progress = progress
        self._description = description
        self._percent, self._told = 0.0, ""
        self._next_look = 0.0
        self._artifact = cast(
            "UUID",
            create_progress_artifact(
                progress=0.0, key=key.replace("_", "-"), description=description
            ),
        )

    def look(self, *, last: bool = False) -> None:
        """See how far the run is; `last` looks in any case."""
        started = time.monotonic()
        if started < self._next_look and not last:
            return
        try:
            seen = self._progress()
        except DatabaseError as error:  # whoever sends waits for it (services.patience)
            get_run_logger().warning("%s Sending waits for it.", error)
            self._next_look = time.monotonic() + WAIT_FOR_DATABASE
            return
        percent = 100.0 * seen.settled / seen.planned if seen.planned else 100.0
        told = f"{self._description}: {rate_sentence(seen)}"
        if percent - self._percent >= 1 or (last and told != self._told):
            self._percent, self._told = percent, told
            update_progress_artifact(self._artifact, round(percent, 1), told)
        now = time.monotonic()
        self._next_look = now + max(LOOK_EVERY, 50 * (now - started))
