"""What a message costs PostgreSQL does not hang on what its statistics say, nor on their age."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest

from campaigns.domain.channel import Channel
from campaigns.domain.delivery import Accepted, DeliveryState, Outcome, Rejected, Unknown
from campaigns.domain.intake import Content, RefusedRow, UnreadRow
from campaigns.domain.pressure import Cap
from campaigns.domain.run import Run
from campaigns.store.customers import SqlProfiles
from campaigns.store.engine import open_database
from campaigns.store.locking import Locking
from tests.contract.store_world import MARGIN, NOW, World, release
from tests.contract.test_store_lookups import noted
from tests.databases import PostgresDatabases

pytestmark = pytest.mark.postgres

_names = itertools.count(1)
_BATCH = 500
_CAP = Cap(messages=1, days=1, channel=None)
_OTHERS = 10_000
_OUTBOX = r"Scan (using \S+ )?on deliveries"
_FEW = "ix_deliveries_replaced"  # is read as a whole: statistics do know that these are few


@pytest.fixture
def world(postgres_databases: PostgresDatabases) -> Iterator[World]:
    """On PostgreSQL alone, since SQLite's planner needs no statistics; and in a database of its
    own, since a table that was emptied after the server had looked at it is taken for empty."""
    url = postgres_databases.url(postgres_databases.fresh())
    with closing(open_database(url, Path())) as database:
        yield World(database)


def _customers(world: World) -> list[int]:
    """As `world.customers`, by few statements."""
    first = world.customer()
    numbers = f"generate_series({first + 1}, {first + _BATCH - 1}) AS n"
    with world.database.write() as connection:
        for statement in (
            "INSERT INTO customers (id, ref, locale, created_at, updated_at) "
            f"SELECT n, 'many-' || n, 'en_GB', 0, 0 FROM {numbers}",
            "INSERT INTO addresses "
            "SELECT n, 'email', 'c' || n || '@example.com', md5(n::text), 'active', 0 "
            f"FROM {numbers}",
            "INSERT INTO standings (customer_id, channel, purpose, topic, granted, at) "
            f"SELECT n, 'email', 'marketing', '*', true, 0 FROM {numbers}",
            "SELECT setval(pg_get_serial_sequence('customers', 'id'), max(id)) FROM customers",
        ):
            connection.exec_driver_sql(statement)
    return list(range(first, first + _BATCH))


def _campaign(world: World, customers: Sequence[int]) -> Run:
    return world.planned(customers, of=release(f"statistics_{next(_names)}"))


def _looked_at_while_all_is_pending(world: World) -> Run:
    """A run of one batch, and many deliveries beside it, of which the server knows one state."""
    run = _campaign(world, _customers(world))
    _campaign(world, range(10_000_000, 10_000_000 + _OTHERS))
    with world.database.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.exec_driver_sql("VACUUM ANALYZE deliveries")
    return run


def _read_beside(world: World, asked: Sequence[tuple[str, object]]) -> list[str]:
    """How the server goes about these statements where it does not look deliveries up by a key,
    or compares all with all."""
    plan: list[str] = []
    with world.database.read() as connection:
        for sql, parameters in asked:
            if "set_config" in sql:  # as the transactions do that sent them
                connection.exec_driver_sql(sql, parameters)  # type: ignore[arg-type]
            elif not sql.startswith("SET "):
                rows = connection.exec_driver_sql("EXPLAIN " + sql, parameters)  # type: ignore[arg-type]
                plan += [str(row[0]) for row in rows]
    return [
        line
        for line, condition in pairwise([*plan, ""])
        if "Join Filter" in line
        or (re.search(_OUTBOX, line) and "Cond: " not in condition and _FEW not in line)
    ]


@pytest.mark.parametrize(
    "outcome",
    [Accepted("told-by-provider"), Rejected("550", "refused"), Unknown("408", "no answer")],
    ids=["accepted", "rejected", "in doubt"],
)
def test_a_batch_reads_its_own_deliveries_after_all_were_seen_pending(
    world: World, outcome: Outcome
) -> None:
    run = _looked_at_while_all_is_pending(world)
    with noted(world.database) as asked:
        batch = world.claim(run, limits={Channel.EMAIL: _BATCH})
        granted = world.outbox.intend(
            batch, world.written(batch), now=NOW, margin=MARGIN, caps=[_CAP]
        )
        world.settle(batch, outcome)
    assert len(granted) == _BATCH
    assert _read_beside(world, asked) == []


def test_evidence_reads_its_own_deliveries_after_all_were_seen_pending(world: World) -> None:
    run = _looked_at_while_all_is_pending(world)
    batch = world.claim(run, limits={Channel.EMAIL: _BATCH})
    world.intend(batch)
    world.settle(batch, Unknown("408", "no answer"))
    with noted(world.database) as asked, world.database.write() as connection:
        found = {i.delivery_id: "told-later" for i in batch.items}
        world.outbox._settling.accept(connection, found, now=NOW)
    assert _read_beside(world, asked) == []
    assert set(world.states(run)) == {DeliveryState.ACCEPTED}


def test_rows_that_may_change_nothing_are_looked_up_while_stamps_are_taken_for_few(
    world: World,
) -> None:
    """Until the server has looked at an import's tables, it takes the stamps for the fewest rows,
    and would begin with all of them for each page of the file."""
    customers, profiles = _customers(world), SqlProfiles(world.database)
    numbers = f"generate_series(1, {_OTHERS}) AS n"
    with world.database.write() as connection:
        connection.exec_driver_sql(
            f"INSERT INTO stamps SELECT n, 'export', 'of another row', 0 FROM {numbers}"
        )
    content = Content("export", b"a row")
    with noted(world.database) as asked:
        for ref, email in (("many-{}", None), (None, "c{}@example.com")):
            rows = [
                UnreadRow(n, content, ref and ref.format(n), email and email.format(n), _unread)
                for n in customers
            ]
            assert profiles.unchanged(rows) == rows
    assert any("JOIN stamps" in sql for sql, _ in asked)
    assert _read_beside(world, asked) == []


def test_a_run_again_looks_up_whom_the_last_one_skipped_before_the_server_has_seen_its_skips(
    world: World,
) -> None:
    """It would go through all of them for each customer: there is one of that run, it thinks."""
    of, customers = release("again"), _customers(world)
    first = world.planned(customers[:10], of=of)
    with world.database.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.exec_driver_sql(
            f"INSERT INTO skips SELECT 0, n, 'no_consent|email=no_consent' "
            f"FROM generate_series(1, {_OTHERS}) AS n"
        )
        connection.exec_driver_sql("VACUUM ANALYZE")
        connection.exec_driver_sql(
            f"INSERT INTO skips SELECT {first.id}, id, 'no_consent|email=no_consent' "
            f"FROM customers WHERE id >= {customers[10]}"
        )
    world.finished(first.id)
    second = world.started(of)
    with noted(world.database) as asked:
        sifted = world.planning.sift(of, second, first=1, last=customers[-1], now=NOW)
    assert sifted.already == 10
    with world.database.read() as connection:
        Locking("postgresql").by_index(connection)
        told = [
            str(row[0])
            for sql, parameters in asked
            if "lacking" in sql
            for row in connection.exec_driver_sql("EXPLAIN " + sql, parameters)  # type: ignore[arg-type]
        ]
    assert any("pk_skips" in line for line in told)
    # (Of suppressions, of which there are none here, it may do as it likes.)
    compared = [line for line in told if "Join Filter" in line and "address_key" not in line]
    assert compared == []


def _unread() -> RefusedRow:
    raise AssertionError("the row is not read")


def test_no_statement_is_compiled_whatever_was_rolled_back(world: World) -> None:
    """The server would compile planning's statements, which takes ten times as long as they do."""
    with world.database.engine.connect() as connection:
        connection.rollback()
        assert connection.exec_driver_sql("SHOW jit").scalar_one() == "off"
