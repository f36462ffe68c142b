"""The words of the desk's pages."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from campaigns.desk.pages import Clock, Pages, language_name
from campaigns.domain.interaction import InteractionKind

MADRID = Clock(ZoneInfo("Europe/Madrid"))


def test_staff_read_times_by_their_own_clock() -> None:
    assert MADRID.moment(datetime(2027, 6, 30, 22, 30, tzinfo=UTC)) == "1 Jul 2027, 00:30"
    assert MADRID.day(datetime(2027, 6, 30, 22, 30, tzinfo=UTC)) == "1 Jul 2027"


@pytest.mark.parametrize(
    ("ends", "told"),
    [
        (datetime(2027, 3, 31, 22, 0, tzinfo=UTC), "the end of 31 Mar 2027"),
        (datetime(2027, 3, 31, 18, 0, tzinfo=UTC), "31 Mar 2027, 20:00"),
    ],
)
def test_an_offer_ends_at_an_hour_that_staff_can_repeat(ends: datetime, told: str) -> None:
    assert MADRID.until(ends) == told


@pytest.mark.parametrize("kind", InteractionKind)
def test_whatever_a_customer_does_has_its_words(kind: InteractionKind) -> None:
    label = Pages("Europe/Madrid").kind_label(kind)
    assert label[0].isupper()


@pytest.mark.parametrize(
    ("locale", "name"), [("ca_ES", "Catalan"), ("en_GB", "English"), ("xx_nowhere", "xx_nowhere")]
)
def test_a_language_has_its_name(locale: str, name: str) -> None:
    assert language_name(locale) == name
