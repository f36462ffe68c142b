"""Asking the database for a run's account: reads only, one moment for all of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import orjson
from sqlalchemy import Connection, text

from campaigns.domain.account import Sampled
from campaigns.domain.figures import Answer, Answers, Asked, Number, Query
from campaigns.domain.run import Run
from campaigns.store.account_people_sql import BODIES, base_name, together
from campaigns.store.account_sql import brief_queries, queries, values_of
from campaigns.store.bulk import dialect_of
from campaigns.store.engine import Database
from campaigns.store.outcomes import Cell, cells_of

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

    def answers(self, run: Run, asked: Asked) -> tuple[Answers, list[Cell]]:
        """Every query of the report; and what the experiments' analysis needs beyond them."""
        dialect = self._database.dialect
        with self._database.moment() as connection:
            cells = _cells(connection, asked)
            return _ask_all(connection, run, asked, list(queries(asked, dialect)), cells), cells

    def brief(self, run: Run, asked: Asked) -> Answers:
        """Those by which runs are compared."""
        listed = list(brief_queries(asked, self._database.dialect))
        with self._database.moment() as connection:
            return _ask_all(connection, run, asked, listed)

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


def _cells(connection: Connection, asked: Asked) -> list[Cell]:
    if not asked.goal:
        return []
    return list(cells_of(connection, asked.run, asked.goal, asked.since, asked.within))


def _ask_all(
    connection: Connection,
    run: Run,
    asked: Asked,
    questions: Sequence[Query],
    cells: Sequence[Cell] = (),
) -> Answers:
    values = values_of(asked, dialect_of(connection))
    people = [query for query in questions if base_name(query) in BODIES]
    found = _ask_together(connection, people, values)
    for query in questions:
        if query.name == "arms":
            found[query.name] = Answer(query, dict(map(_arm, cells)))
        elif query.name not in found:
            found[query.name] = _ask(connection, query)
    return Answers(run, {query.name: found[query.name] for query in questions})


def _arm(cell: Cell) -> tuple[tuple[str, str], dict[str, Number]]:
    """What the query `arms` tells, of what the same question told with more numbers."""
    key = ("" if cell.skeleton_id is None else str(cell.skeleton_id), cell.arm)
    amount = _number(cell.sums[0])
    return key, {"people": cell.people, "reached": cell.reached, "amount": amount}


def _ask(connection: Connection, query: Query) -> Answer:
    """One query and what the database says to it."""
    keys = len(query.keys)
    rows = connection.execute(text(query.sql))
    return Answer(query, dict(_row(query, row[:keys], row[keys:]) for row in rows))


def _ask_together(
    connection: Connection, questions: Sequence[Query], values: Mapping[str, object]
) -> dict[str, Answer]:
    """Several at once, with the answers that each has alone."""
    rows: dict[str, dict[tuple[str, ...], dict[str, Number]]] = {q.name: {} for q in questions}
    by_name = {query.name: query for query in questions}
    for name, _, *told in connection.execute(text(together(questions, values))):
        query = by_name[name]
        key, numbers = _row(query, told[: len(query.keys)], told[3 : 3 + len(query.numbers)])
        rows[name][key] = numbers
    return {name: Answer(by_name[name], found) for name, found in rows.items()}


def _row(
    query: Query, keys: Sequence[object], numbers: Sequence[object]
) -> tuple[tuple[str, ...], dict[str, Number]]:
    key = tuple("" if word is None else str(word) for word in keys)
    return key, dict(zip(query.numbers, map(_number, numbers), strict=True))


def _number(value: object) -> Number:
    """PostgreSQL sums whole numbers to Decimal; an amount keeps its cents and no more."""
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return int(value)
    if isinstance(value, float | Decimal):
        return round(float(value), 2)
    return int(value) if isinstance(value, int) else 0
