"""Asking the database for a run's account: reads only, one moment for all of it."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import orjson
from sqlalchemy import Connection, text

from campaigns.domain.account import Answer, Answers, Asked, Number, Query, Sampled
from campaigns.domain.run import Run
from campaigns.store.account_sql import brief_queries, queries
from campaigns.store.engine import Database

# Scattered by a multiplication and a square, modulo the prime 2^31 - 1: the same on both databases,
# and nothing overflows 64 bits.
_SAMPLE = text("""
SELECT id, skeleton_id, slot_values, hash FROM (
    SELECT d.id, d.skeleton_id, m.slot_values, m.hash,
           (d.id + :seed) % 2147483647 * 1103515245 % 2147483647 AS place
      FROM deliveries d JOIN messages m ON m.delivery_id = d.id
     WHERE d.run_id = :run AND d.state = 'accepted'
) AS left_us ORDER BY place * place % 2147483647, id LIMIT :most
""")
_RUNS_BEFORE = text("""
SELECT r.id FROM runs r JOIN campaigns c ON c.id = r.campaign_id
 WHERE c.name = :name AND r.id < :run ORDER BY r.id DESC LIMIT :most
""")
#: Texts that left, by the price that is paid for them.
_TEXTS = text("""
SELECT COALESCE(c.country, '') AS country, d.skeleton_id, m.slot_values, count(*) AS messages
  FROM deliveries d JOIN messages m ON m.delivery_id = d.id
  LEFT JOIN customers c ON c.id = d.customer_id
 WHERE d.run_id = :run AND d.channel = 'sms' AND d.state = 'accepted'
 GROUP BY COALESCE(c.country, ''), d.skeleton_id, m.slot_values
""")


class SqlAccounts:
    """Reading what a run did."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def answers(self, run: Run, asked: Asked) -> Answers:
        """Every query of the report."""
        return self._ask(run, queries(asked, self._database.dialect))

    def brief(self, run: Run, asked: Asked) -> Answers:
        """Those by which runs are compared."""
        return self._ask(run, brief_queries(asked, self._database.dialect))

    def _ask(self, run: Run, asked: Iterable[Query]) -> Answers:
        with self._database.read() as connection:
            return Answers(run, {query.name: ask(connection, query) for query in asked})

    def before(self, run: Run, most: int) -> list[int]:
        """Earlier runs of the same campaign, the newest first."""
        here = {"name": run.campaign, "run": run.id, "most": most}
        with self._database.read() as connection:
            return list(connection.execute(_RUNS_BEFORE, here).scalars())

    def sample(self, run_id: int, most: int, seed: int) -> list[Sampled]:
        """At most so many messages that left, in an order that only the seed decides."""
        here = {"run": run_id, "most": most, "seed": seed}
        with self._database.read() as connection:
            return [
                Sampled(row.id, row.skeleton_id, orjson.loads(row.slot_values), row.hash)
                for row in connection.execute(_SAMPLE, here)
            ]

    def texts(self, run_id: int) -> list[tuple[str, int, dict[str, str], int]]:
        """SMS that left: (country, skeleton, written values, how many of them are alike)."""
        with self._database.read() as connection:
            return [
                (row.country, row.skeleton_id, orjson.loads(row.slot_values), row.messages)
                for row in connection.execute(_TEXTS, {"run": run_id})
            ]


def ask(connection: Connection, query: Query) -> Answer:
    """One query and what the database says to it."""
    rows: dict[tuple[str, ...], dict[str, Number]] = {}
    for row in connection.execute(text(query.sql)):
        key = tuple(str(word) if word is not None else "" for word in row[: len(query.keys)])
        numbers = map(_number, row[len(query.keys) :])
        rows[key] = dict(zip(query.numbers, numbers, strict=True))
    return Answer(query, rows)


def _number(value: object) -> Number:
    """PostgreSQL sums whole numbers to Decimal; an amount keeps its cents and no more."""
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return int(value)
    if isinstance(value, float | Decimal):
        return round(float(value), 2)
    return int(value) if isinstance(value, int) else 0
