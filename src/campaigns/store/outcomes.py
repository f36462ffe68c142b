"""What became of a campaign's people, counted by arm in the database.

Everyone planned counts, whatever became of their message, and everyone held out who would have got
it: the arms hold people who are alike. Both are watched from the same moment, the run's start. Who
was held out by an earlier run that reached all it was for belongs to that run, as those do who got
their message from it; a run with a limit holds out only those who come before it is reached.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from campaigns.domain.interaction import Agent, InteractionKind
from campaigns.store import bulk
from campaigns.store.bulk import Dialect
from campaigns.store.clock import to_ms
from campaigns.store.engine import Database


@dataclass(frozen=True, slots=True)
class Cell:
    """People who are in the same arms: of which skeleton, which channel arm, or held out why.

    Attributes:
        skeleton_id: None for people who were held out.
        arm: of the channel experiment, or why somebody was held out.
        reached: how many reached the goal.
        sums: of the amounts' first three powers, one amount per person.
    """

    skeleton_id: int | None
    arm: str
    people: int
    reached: int
    sums: tuple[float, float, float]


_AMOUNT: Mapping[Dialect, str] = {
    "sqlite": "CAST(json_extract(i.data, '$.amount') AS REAL)",
    "postgresql": "CAST(i.data ->> 'amount' AS double precision)",
}
# A channel experiment's arm stands in the reason: `stated_preference@preferred|…`.
_OUTCOMES = """
WITH earlier AS (
    SELECT r.id FROM runs r JOIN runs this ON this.campaign_id = r.campaign_id
     WHERE this.id = :run AND r.id < this.id AND r.state = 'finished'
), people AS (
    SELECT d.customer_id, d.skeleton_id,
           CASE WHEN d.reason LIKE '%@preferred%' THEN 'preferred'
                WHEN d.reason LIKE '%@default%' THEN 'default' ELSE '' END AS arm
      FROM deliveries d
     WHERE d.run_id = :run AND d.customer_id <> 0 AND d.step = 0 AND d.hop = 0
     UNION ALL
    SELECT s.customer_id, NULL, s.reason FROM skips s
     WHERE s.run_id = :run AND s.reason IN ('holdout', 'brand_holdout')
       AND NOT EXISTS (SELECT 1 FROM earlier JOIN skips before ON before.run_id = earlier.id
                        WHERE before.customer_id = s.customer_id AND before.reason = s.reason)
), did AS (
    SELECT i.customer_id, COALESCE(SUM({amount}), 0) AS amount
      FROM people p JOIN interactions i ON i.customer_id = p.customer_id
     WHERE i.at > :since AND i.at <= :until AND i.kind = :kind
       AND (i.agent IS NULL OR i.agent = :human)
     GROUP BY i.customer_id
)
SELECT p.skeleton_id, p.arm, COUNT(*) AS people, COUNT(did.customer_id) AS reached,
       COALESCE(SUM(did.amount), 0) AS amount{more}
  FROM people p LEFT JOIN did ON did.customer_id = p.customer_id
 GROUP BY p.skeleton_id, p.arm ORDER BY p.arm, p.skeleton_id
"""
_POWERS = (
    ", COALESCE(SUM(did.amount * did.amount), 0) AS second"
    ", COALESCE(SUM(did.amount * did.amount * did.amount), 0) AS third"
)


_CELLS = {
    dialect: text(_OUTCOMES.format(amount=amount, more=_POWERS))
    for dialect, amount in _AMOUNT.items()
}


def cells_sql(dialect: Dialect, run_id: int, goal: str, since: datetime, within: timedelta) -> str:
    """The same question without parameters, as a person may ask it."""
    asked = _OUTCOMES.format(amount=_AMOUNT[dialect], more="")
    values = {
        ":run": str(run_id),
        ":since": str(to_ms(since)),
        ":until": str(to_ms(since + within)),
        ":kind": f"'{goal}'",
        ":human": f"'{Agent.HUMAN}'",
    }
    for name, value in values.items():
        asked = asked.replace(name, value)
    return asked.strip()


def cells_of(
    connection: Connection, run_id: int, goal: str, since: datetime, within: timedelta
) -> Iterator[Cell]:
    """People of one run by arm: see SqlOutcomes.of_run."""
    values = {
        "run": run_id,
        "kind": goal,
        "since": to_ms(since),
        "until": to_ms(since + within),
        "human": str(Agent.HUMAN),
    }
    for row in bulk.tuples(connection.execute(_CELLS[bulk.dialect_of(connection)], values)):
        skeleton_id, arm, people, reached, first, second, third = row
        sums = (float(first), float(second), float(third))
        yield Cell(skeleton_id, arm, people, int(reached), sums)


class SqlOutcomes:
    """Reading outcomes by arm."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_run(
        self, run_id: int, goal: InteractionKind, *, since: datetime, within: timedelta
    ) -> Iterator[Cell]:
        """People of one run by arm, with the goal reached after `since` and within `within`.

        Clicks of machines, and such as may be, do not count.
        """
        with self._database.read() as connection:
            yield from cells_of(connection, run_id, goal, since, within)
