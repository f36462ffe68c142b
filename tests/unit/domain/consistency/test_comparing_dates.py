"""Comparison of dates, ranges and times: which day, which hour, whose clock."""

from __future__ import annotations

from datetime import date, time

import pytest

from campaigns.domain.consistency import (
    Clock,
    Declared,
    Kind,
    Span,
    Verdict,
    examine,
)

ENDS_ON = Declared("ends_on", Kind.DATE, date(2027, 3, 31), "31 de marzo de 2027")
PERIOD = Declared("period", Kind.DATE_RANGE, Span(date(2027, 3, 1), date(2027, 3, 31)))
OPENS = Declared("opens", Kind.TIME, Clock(time(18, 30), "Europe/Madrid", date(2027, 3, 31)))


def examined(text: str, *facts: Declared, locale: str = "es_ES") -> Verdict:
    return examine(text, locale, facts, required=[f.name for f in facts])


def test_a_date_in_numbers_that_can_be_two_is_found_by_the_locale_and_told() -> None:
    fact = Declared("ends_on", Kind.DATE, date(2027, 4, 3), "3 de abril de 2027")

    verdict = examined("hasta el 3/4/2027", fact)

    assert not verdict.missing
    assert [r.advice for r in verdict.ambiguous] == [
        "3/4/2027 can also be read as 2027-03-04: write 3 de abril de 2027"
    ]


def test_a_date_with_day_and_month_exchanged_is_a_stranger() -> None:
    fact = Declared("ends_on", Kind.DATE, date(2027, 4, 3), "April 3, 2027")

    verdict = examined("until 3/4/2027", fact, locale="en_US")

    assert verdict.missing == ("ends_on",)
    assert [r.fact for r in verdict.strangers] == ["ends_on"]


@pytest.mark.parametrize("text", ["31 de marzo", "miércoles, 31 de marzo", "hasta el 31/3"])
def test_a_date_without_its_year_is_the_only_one_of_that_day(text: str) -> None:
    assert examined(text, ENDS_ON).is_clean


def test_a_date_without_its_year_is_ambiguous_between_two_years() -> None:
    next_year = Declared("next", Kind.DATE, date(2028, 3, 31))

    verdict = examined("hasta el 31 de marzo", ENDS_ON, next_year)

    assert verdict.missing == ("ends_on", "next")
    assert [r.advice for r in verdict.ambiguous] == [
        "31 de marzo could be ends_on or next: write the year"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "del 1 al 31 de marzo de 2027",
        "1–31 de marzo",
        "Empieza el 1 de marzo y acaba el 31 de marzo de 2027",
        "Empieza el 1 de marzo. Acaba el 31 de marzo.",
    ],
)
def test_a_range_is_found_whole_or_by_its_two_ends(text: str) -> None:
    assert examined(text, PERIOD).is_clean


def test_one_end_of_a_range_is_no_stranger_but_not_the_range() -> None:
    verdict = examined("hasta el 31 de marzo de 2027", PERIOD)

    assert verdict.missing == ("period",)
    assert not verdict.strangers


@pytest.mark.parametrize(
    ("text", "stranger"),
    [
        ("del 1 al 30 de marzo de 2027", "30 de marzo de 2027"),
        ("del 2 al 31 de marzo de 2027", "2"),
        ("31 de marzo de 2027 – 31 de marzo de 2027", "31 de marzo de 2027"),
    ],
)
def test_a_range_with_another_end_is_a_stranger(text: str, stranger: str) -> None:
    verdict = examined(text, PERIOD)

    assert verdict.missing == ("period",)
    assert [r.mention.text for r in verdict.strangers] == [stranger]


def test_a_range_may_join_two_declared_dates() -> None:
    starts_on = Declared("starts_on", Kind.DATE, date(2027, 3, 1))

    verdict = examined("del 1 al 31 de marzo de 2027", starts_on, ENDS_ON)

    assert verdict.is_clean
    assert set(verdict.found) == {"starts_on", "ends_on"}


def test_a_range_of_one_day_is_that_day() -> None:
    day = Declared("day", Kind.DATE_RANGE, Span(date(2027, 3, 31), date(2027, 3, 31)))

    assert examined("31 de marzo de 2027", day).is_clean


@pytest.mark.parametrize(
    "text",
    [
        "31 de marzo de 2027, 18:30 (Madrid)",
        "El 31 de marzo a las 18:30",
        "A las 18.30 h del 31/3/2027",
        "31 de marzo de 2027, 18:30 CEST",
    ],
)
def test_a_time_is_found_on_its_day(text: str) -> None:
    assert examined(text, OPENS).is_clean


@pytest.mark.parametrize(
    ("text", "strangers"),
    [
        ("31 de marzo de 2027, 18:35", ["18:35"]),
        ("30 de marzo de 2027, 18:30", ["30 de marzo de 2027", "18:30"]),
        ("31 de marzo de 2027, 18:30 (Londres)", ["18:30 (Londres)"]),
        ("31 de marzo de 2027, 18:30 CET", ["18:30 CET"]),
        ("a las 18:30", ["18:30"]),
    ],
)
def test_a_time_on_another_day_or_in_another_zone_is_not_the_fact(
    text: str, strangers: list[str]
) -> None:
    verdict = examined(text, OPENS)

    assert verdict.missing == ("opens",)
    assert [r.mention.text for r in verdict.strangers] == strangers
