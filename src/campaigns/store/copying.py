"""Many rows into PostgreSQL by COPY: a third of the server's time for `unnest`, and less of ours.

COPY knows no ON CONFLICT, so what may conflict goes into a table of the transaction first and is
moved from there. What is written is what `bulk.insert` writes; a test compares them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Table
from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    import psycopg

_STAGE = "given_rows"


def insert(
    connection: Connection,
    table: Table,
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    on_conflict: str = "",
) -> int:
    """As bulk.insert, on PostgreSQL. Worth it from some hundred rows on."""
    names = ", ".join(columns)
    if not on_conflict:
        return _copy(connection, table.name, names, rows)
    connection.exec_driver_sql(
        f"CREATE TEMPORARY TABLE {_STAGE} ON COMMIT DROP AS "  # noqa: S608
        f"SELECT {names} FROM {table.name} WITH NO DATA"
    )
    _copy(connection, _STAGE, names, rows)
    moved = connection.exec_driver_sql(
        f"INSERT INTO {table.name} ({names}) SELECT {names} FROM {_STAGE} {on_conflict}"  # noqa: S608
    ).rowcount
    connection.exec_driver_sql(f"DROP TABLE {_STAGE}")
    return moved


def _copy(connection: Connection, into: str, names: str, rows: Sequence[Sequence[object]]) -> int:
    """Raises what SQLAlchemy would raise for a statement."""
    import psycopg

    raw: psycopg.Connection[object] = connection.connection.driver_connection  # type: ignore[assignment]
    statement = f"COPY {into} ({names}) FROM STDIN"
    try:
        with raw.cursor() as cursor:
            with cursor.copy(statement) as copy:
                for row in rows:
                    copy.write_row(row)
            return cursor.rowcount
    except psycopg.Error as error:
        raise DBAPIError.instance(
            statement, None, error, psycopg.Error, hide_parameters=True
        ) from error
