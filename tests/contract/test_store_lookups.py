"""Queries that must stay look-ups however large the tables are and whatever statistics say."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from campaigns.store.candidates import has_delivery
from campaigns.store.engine import Database
from campaigns.store.schema import customers


def test_whether_a_customer_has_a_delivery_is_looked_up_by_key(database: Database) -> None:
    """Right after an import PostgreSQL takes the outbox for empty. A join that is best for an empty
    table compared every customer of a shard with every delivery of the campaign."""
    on_postgres = database.dialect == "postgresql"
    dialect = postgresql.dialect() if on_postgres else sqlite.dialect()  # type: ignore[no-untyped-call]
    query = select(customers.c.id).where(customers.c.id.between(1, 5_000), ~has_delivery(1))
    sql = str(query.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
    sql = sql.replace("LIMIT ?", "LIMIT -1")  # how SQLite is told of an offset alone
    explain = "EXPLAIN (VERBOSE) " if on_postgres else "EXPLAIN QUERY PLAN "
    with database.read() as connection:
        rows = connection.exec_driver_sql(explain + sql.replace("%", "%%")).fetchall()
    plan = "\n".join(str(row[-1]) for row in rows)
    wanted = "customer_id = customers.id" if on_postgres else "AND customer_id=?"
    looked_up = [line for line in plan.splitlines() if wanted in line]
    assert looked_up, plan
    assert all("Join Filter" not in line for line in plan.splitlines()), plan
    assert "SCAN deliveries" not in plan, plan
