"""A journey's steps by number: names may be inserted and reordered, numbers stay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, insert, select

from campaigns.domain.journey import MAX_STEPS, Journey
from campaigns.errors import UserError
from campaigns.store.schema import steps


def number_steps(connection: Connection, campaign_id: int, names: Sequence[str]) -> None:
    """Give steps that are new the next numbers. Raises UserError when they are too many."""
    known = step_numbers(connection, campaign_id)
    numbers = _with_new(known, names)
    if len(numbers) > MAX_STEPS:
        raise UserError(
            f"a campaign has at most {MAX_STEPS} steps, those that it had before included: "
            f"{', '.join(numbers)}. Keep a name to reword a step, or start an edition."
        )
    rows = [
        {"campaign_id": campaign_id, "name": name, "number": numbers[name]}
        for name in numbers
        if name not in known
    ]
    if rows:
        connection.execute(insert(steps), rows)


def _with_new(known: Mapping[str, int], names: Sequence[str]) -> dict[str, int]:
    """The numbers, and those that new names get when a run starts."""
    new = [name for name in names if name not in known]
    return {**known, **{name: n for n, name in enumerate(new, start=len(known))}}


def numbers_of(connection: Connection, campaign_id: int, journey: Journey) -> dict[str, int]:
    """Name → number of the campaign's steps, old and new; a run writes the new ones down."""
    return _with_new(step_numbers(connection, campaign_id), journey.names)


def step_numbers(connection: Connection, campaign_id: int) -> dict[str, int]:
    """Name → number of every step that the campaign has or had, in the order they came."""
    query = (
        select(steps.c.name, steps.c.number)
        .where(steps.c.campaign_id == campaign_id)
        .order_by(steps.c.number)
    )
    return {row.name: row.number for row in connection.execute(query)}
