"""How long a worker waits for a database that is away."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from campaigns.errors import DatabaseError, UserError
from campaigns.services.dispatch import Clock
from campaigns.services.patience import AGAIN, OUTAGE, insist


class Away:
    """A database that comes back at a moment of a clock that only moves while somebody sleeps."""

    def __init__(self, until: float) -> None:
        self.time, self.until, self.asked = 0.0, until, 0
        self.told: list[DatabaseError] = []
        moment = datetime(2027, 3, 1, tzinfo=UTC)
        self.clock = Clock(lambda: moment, lambda: self.time, self._sleep)

    def _sleep(self, seconds: float) -> None:
        self.time += seconds

    def ask(self) -> str:
        self.asked += 1
        if self.time < self.until:
            raise DatabaseError("gone")
        return "here"


def test_what_the_database_refuses_is_asked_again_until_it_is_back() -> None:
    away = Away(until=30 * AGAIN)
    assert insist(away.clock, away.told.append, away.ask) == "here"
    assert away.asked == 31
    assert len(away.told) == 30


def test_a_database_that_stays_away_is_waited_for_no_longer_than_an_outage() -> None:
    away = Away(until=OUTAGE * 2)
    with pytest.raises(DatabaseError):
        insist(away.clock, away.told.append, away.ask)
    assert OUTAGE <= away.time < OUTAGE + 2 * AGAIN


def test_any_other_error_is_told_at_once() -> None:
    away = Away(until=0)

    def wrong() -> None:
        away.ask()
        raise UserError("no such run")

    with pytest.raises(UserError):
        insist(away.clock, away.told.append, wrong)
    assert (away.asked, away.time) == (1, 0.0)
