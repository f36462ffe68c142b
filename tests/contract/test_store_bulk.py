"""Many rows at once: every type of column, conflicts, and more rows than one statement takes."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

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
