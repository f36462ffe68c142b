"""A database belongs to the mode it began in, on both databases."""

from __future__ import annotations

import threading

import pytest

from campaigns.domain.mode import Mode
from campaigns.errors import ConfigurationError
from campaigns.store.engine import Database
from campaigns.store.mode import SqlMode


def test_a_new_database_belongs_to_neither_and_looking_changes_nothing(database: Database) -> None:
    for mode in Mode:
        SqlMode(database, mode).require()
        assert SqlMode(database, mode).belongs() is None


@pytest.mark.parametrize(
    ("first", "then", "way_out"),
    [
        (Mode.SANDBOX, Mode.LIVE, "Going live begins in a database of its own: set CAMPAIGNS_HOME"),
        (Mode.LIVE, Mode.SANDBOX, "Set CAMPAIGNS_LIVE=true to go on with it"),
    ],
)
def test_a_database_that_began_in_one_mode_refuses_the_other_with_the_way_out(
    database: Database, first: Mode, then: Mode, way_out: str
) -> None:
    SqlMode(database, first).bind()
    SqlMode(database, first).bind()
    other = SqlMode(database, then)
    for refused in (other.require, other.bind, other.bind):
        with pytest.raises(ConfigurationError, match=way_out):
            refused()
    assert other.belongs() is first


def test_of_two_that_begin_at_once_in_different_modes_one_is_refused(database: Database) -> None:
    gate = threading.Barrier(2)
    bound: list[Mode] = []

    class Slow(SqlMode):
        def belongs(self) -> Mode | None:
            found = super().belongs()
            if found is None:
                gate.wait(120)  # both have looked, and nobody has written
            return found

    def begin(mode: Mode) -> None:
        try:
            Slow(database, mode).bind()
        except ConfigurationError:
            return
        bound.append(mode)

    threads = [threading.Thread(target=begin, args=(mode,)) for mode in Mode]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert bound == [SqlMode(database, Mode.LIVE).belongs()]
