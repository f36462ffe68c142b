"""How a run came to send: its plan, who approved it, what changed since, how its canary stands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from campaigns.bootstrap.canary import look_at_canary
from campaigns.domain.counting import people

if TYPE_CHECKING:
    from campaigns.bootstrap.app import App


def course(app: App, run_id: int) -> Iterator[str]:
    """In sentences; little of a run that has no plan yet."""
    portion = app.runs.get(run_id).portion
    if not portion.whole:
        yield f"Restricted: {portion}. The rest is for a later run."
    made = app.plans.of_run(run_id)
    if made is not None:
        yield f"Plan {made.plan}, of {people(made.people)}."
        release_hash = app.runs.get(run_id).release_hash
        said = [a for a in app.approvals.of(release_hash) if a.id == made.approval_id]
        if said:
            changed = f" Since then: {made.changed}." if made.changed else ""
            yield f"{str(said[0])[0].upper()}{str(said[0])[1:].rstrip('.')}.{changed}"
    canary = look_at_canary(app, run_id)
    if canary is not None:
        yield f"Canary, {canary.state}: {canary.because}."
