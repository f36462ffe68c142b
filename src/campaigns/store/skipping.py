"""Writing who of the audience gets nothing in a run, and why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from campaigns.domain.plan import PlannedSkip
from campaigns.domain.run import Run
from campaigns.store import bulk
from campaigns.store.journeys import write_skips
from campaigns.store.runs import find_campaign
from campaigns.store.schema import skips
from campaigns.store.steps import step_numbers

_SKIP_ALL = (
    "INSERT INTO skips (run_id, customer_id, reason) SELECT :run_id, customer_id, :reason "
    "FROM {given} AS given WHERE true ON CONFLICT (run_id, customer_id) DO NOTHING"
)


def insert_skips(
    connection: Connection, run: Run, planned: Sequence[PlannedSkip], now: datetime
) -> None:
    """One by one; what is decided of a later step of a journey is kept with the journey, too."""
    bulk.insert(
        connection,
        skips,
        ("run_id", "customer_id", "reason"),
        [(run.id, s.customer_id, s.reason) for s in planned],
        on_conflict="ON CONFLICT (run_id, customer_id) DO NOTHING",
    )
    decided = [s for s in planned if s.step]
    if decided:
        campaign_id = connection.execute(find_campaign(run.campaign, run.edition)).scalar_one()
        numbers = step_numbers(connection, campaign_id)
        rows = [(numbers[s.step], s.customer_id, s.reason, s.ends) for s in decided]
        write_skips(connection, campaign_id, rows, now)


def skip_all(connection: Connection, run: Run, reason: str, customer_ids: Sequence[int]) -> None:
    """Many for the same reason: their ids travel as one value."""
    rows = [(customer_id,) for customer_id in customer_ids]
    bulk.over(
        connection, _SKIP_ALL, {"customer_id": "bigint"}, rows, run_id=run.id, reason=reason
    ).close()
