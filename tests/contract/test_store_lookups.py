"""Queries that must stay look-ups however large the tables are and whatever statistics say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlalchemy import Connection, event, select
from sqlalchemy.dialects import postgresql, sqlite

from campaigns.domain.plan import PlannedSkip
from campaigns.domain.run import RunState
from campaigns.store.candidates import has_delivery
from campaigns.store.engine import Database
from campaigns.store.locking import Locking
from campaigns.store.planning import SqlPlanning
from campaigns.store.schema import customers
from tests.contract.store_world import World
from tests.contract.test_store_pressing import pressed

#: Tables that grow with the past.
_OF_THE_PAST = ("interactions", "deliveries", "contacts", "consents")


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


_WHEN = datetime(2027, 3, 3, tzinfo=UTC)


def _plans(database: Database) -> list[str]:
    """How the database goes about reading profiles, line by line."""
    release = pressed()
    world = World(database)
    world.customer()
    world.planned([world.customer()], of=release)  # a campaign that some have already
    planning = SqlPlanning(database)
    first, last = planning.customer_range()
    with noted(database) as asked:
        assert list(planning.profiles(release, first_customer=first, last_customer=last, now=_WHEN))
    return _explained(database, *next(a for a in asked if "preferred_channel" in a[0]))


@contextmanager
def noted(database: Database) -> Iterator[list[tuple[str, object]]]:
    """The statements of a while, with what was given with them."""
    asked: list[tuple[str, object]] = []

    def note(_c: Connection, _cursor: object, sql: str, parameters: object, *_rest: object) -> None:
        asked.append((sql, parameters))

    event.listen(database.engine, "before_cursor_execute", note)
    yield asked
    event.remove(database.engine, "before_cursor_execute", note)


def _explained(database: Database, sql: str, parameters: object) -> list[str]:
    explain = "EXPLAIN " if database.dialect == "postgresql" else "EXPLAIN QUERY PLAN "
    with database.read() as connection:
        if database.dialect == "postgresql":  # with a handful of rows it would rather look at all
            Locking("postgresql").by_index(connection)
        rows = connection.exec_driver_sql(explain + sql, parameters).fetchall()  # type: ignore[arg-type]
    return [str(row[-1]) for row in rows]


def test_planning_reads_the_past_by_ranges_of_an_index_alone(database: Database) -> None:
    """However long the history is: a customer's contacts of the caps' days, and no interactions."""
    plan = _plans(database)
    told = "\n".join(plan)
    assert not re.search(r"\b(SCAN|Seq Scan on) (" + "|".join(_OF_THE_PAST) + r")\b", told), told
    assert "interactions" not in told, told
    by_range = (
        "customer_id = customers.id) AND (at >"
        if database.dialect == "postgresql"
        else "contacts USING PRIMARY KEY (customer_id=? AND at>?)"
    )
    assert by_range in told, told


def test_what_a_campaign_that_runs_again_left_behind_is_read_by_ranges_of_indexes(
    database: Database,
) -> None:
    """Deliveries and skips of the shard's customers alone, and each table by its own index: no
    customer is compared with all of a past."""
    release, world = pressed(), World(database)
    world.finished(world.planned([world.customer()], of=release).id)  # somebody has it
    customers = world.customers(2, consents=False)
    planning = SqlPlanning(database)
    for _ in range(2):
        run = world.started(release)
        plan = [PlannedSkip(c, "no_consent|email=no_consent") for c in customers]
        (shard,) = world.runs.shards(run.id)
        first, last = shard.first_customer, shard.last_customer
        with noted(database) as asked:
            sifted = planning.sift(release, run, first=first, last=last, now=_WHEN)
        planning.write_plan(run, shard, [], plan, already=0, now=_WHEN)
        world.runs.move(run.id, RunState.FINISHED, now=_WHEN)
    assert (sorted(*sifted.barred.values()), sifted.already) == (customers, 1)
    read = [a for a in asked if "FROM" in a[0]]  # and not how it is to be read
    told = "\n".join(line for a in read for line in _explained(database, *a))
    large = "deliveries|skips|customers|addresses|standings|suppressions"
    assert not re.search(rf"\b(SCAN|Seq Scan on) ({large})\b", told), told
    ranges = (
        ("pk_skips", "uq_deliveries_standing", "customer_id >=")
        if database.dialect == "postgresql"
        else (
            "skips USING PRIMARY KEY (run_id=? AND customer_id=?)",
            "uq_deliveries_standing (campaign_id=? AND step=? AND customer_id>? AND customer_id<?)",
            "customers USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)",
            "MERGE (EXCEPT)",
        )
    )
    assert [part for part in ranges if part not in told] == [], told
