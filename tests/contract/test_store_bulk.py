"""Many rows at once: every type of column, conflicts, and more rows than one statement takes."""

from __future__ import annotations

from random import Random
from typing import Any

import orjson
import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError, IntegrityError

from campaigns.store import bulk, schema
from campaigns.store.engine import Database

CUSTOMER = ("id", "ref", "first_name", "locale", "attributes", "created_at", "updated_at")


def test_every_type_of_value_arrives_as_it_is(database: Database) -> None:
    attributes = '{"points": 1.5, "name": "Ñandú \\" quote", "member": true}'
    with database.write() as connection:
        bulk.insert(
            connection,
            schema.customers,
            CUSTOMER,
            [(7, "c-7", None, "ca_ES", attributes, 2**40, 0)],
        )
        bulk.insert(
            connection,
            schema.standings,
            ("customer_id", "channel", "purpose", "topic", "granted", "at"),
            [(7, "email", "marketing", "*", False, -1)],
        )
        bulk.insert(connection, schema.skeletons, ("hash", "document"), [("h", b"\x00\xff")])
        customer = connection.execute(select(schema.customers)).one()
        standing = connection.execute(select(schema.standings)).one()
        document = connection.execute(select(schema.skeletons.c.document)).scalar()
    assert (customer.id, customer.first_name, customer.created_at) == (7, None, 2**40)
    assert customer.attributes == {"points": 1.5, "name": 'Ñandú " quote', "member": True}
    assert (standing.granted, standing.at) == (False, -1)
    assert document == b"\x00\xff"


def test_the_number_of_rows_written_is_told(database: Database) -> None:
    rows = [(f"k{n}", str(n)) for n in range(12_001)]
    nothing = "ON CONFLICT DO NOTHING"
    with database.write() as connection:
        assert bulk.insert(connection, schema.meta, ("key", "value"), rows) == 12_001
        again = [*rows[:5], ("new", "1")]
        assert (
            bulk.insert(connection, schema.meta, ("key", "value"), again, on_conflict=nothing) == 1
        )
        assert bulk.insert(connection, schema.meta, ("key", "value"), []) == 0
        found = select(func.count()).where(schema.meta.c.key.like("k%"))
        assert connection.execute(found).scalar() == 12_001


@pytest.mark.postgres
@pytest.mark.parametrize(
    "database_url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
def test_a_text_too_long_for_its_column_is_an_error_and_not_cut(database: Database) -> None:
    """SQLite does not look at the width of a column; PostgreSQL must not cut silently."""
    with pytest.raises(DBAPIError), database.write() as connection:
        bulk.insert(connection, schema.meta, ("key", "value"), [("k" * 41, "v")])


_PIECES = [
    "\t",
    "\n",
    "\r",
    "\\",
    "\\N",
    "\\.",
    '"',
    "'",
    ",",
    "ñ",
    "👩",
    "\x1f",
    " ",
    "a",
    "{}",
    "$1",
]


def _hostile(random: Random, number: int) -> tuple[object, ...]:
    def words(most: int) -> str:
        return "".join(random.choices(_PIECES, k=random.randrange(most)))

    attributes = orjson.dumps({words(4): words(9), "n": random.random()}).decode()
    name = random.choice([None, "", words(12)])
    return (number, f"{number}{words(9)}", name, "ca_ES", attributes, random.getrandbits(60), 0)


def _rows(database: Database, rows: list[tuple[object, ...]], at_once: int, rule: str) -> list[Any]:
    """What stands in the table after inserting so many at once; then it is empty again."""
    written = 0
    with database.write() as connection:
        for start in range(0, len(rows), at_once):
            chunk = rows[start : start + at_once]
            written += bulk.insert(connection, schema.customers, CUSTOMER, chunk, on_conflict=rule)
        found = list(connection.execute(select(schema.customers).order_by("id")))
        connection.execute(schema.customers.delete())
    return [written, *found]


@pytest.mark.parametrize("rule", ["", "ON CONFLICT (id) DO UPDATE SET ref = excluded.ref"])
def test_many_rows_at_once_are_written_as_few_are(database: Database, rule: str) -> None:
    """Many go by COPY on PostgreSQL."""
    random = Random(20_261_126)
    rows = [_hostile(random, number) for number in range(1, 1_201)]
    if rule:
        rows[900:] = [(n, f"again {row[1]}", *row[2:]) for n, row in enumerate(rows[900:], 1)]
    many, few = (_rows(database, rows, at_once, rule) for at_once in (600, 150))
    assert many == few
    assert len(many) == 1 + (900 if rule else 1_200)


def test_a_key_written_twice_is_the_same_error_for_many_rows(database: Database) -> None:
    rows = [(f"k{n % 600}", "v") for n in range(601)]
    with pytest.raises(IntegrityError), database.write() as connection:
        bulk.insert(connection, schema.meta, ("key", "value"), rows)
    with database.read() as connection:
        assert not connection.execute(
            select(func.count()).where(schema.meta.c.key.like("k%"))
        ).scalar()
