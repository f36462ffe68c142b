"""Importing what else finds a customer, and the past of people who were merged."""

from __future__ import annotations

from pathlib import Path

import pytest

from campaigns.store.engine import Database
from tests.contract.persons_world import Persons, whose
from tests.contract.profiles_world import CRM

IDENTITIES = """
identities:
  - {kind: ref, value: {column: till, optional: true, prefix: "till:"}}
  - {kind: device, value: {column: app, optional: true}}
"""
MAPPING = CRM + IDENTITIES


@pytest.fixture
def persons(database: Database, tmp_path: Path) -> Persons:
    return Persons(database, tmp_path)


def test_an_id_of_another_system_and_a_device_find_the_customer_from_then_on(
    persons: Persons,
) -> None:
    first = persons("id,email,till,app\n1,ana@example.com,9,app-1\n", mapping=MAPPING)
    again = persons("id,email,till,app\n1,ana@example.com,9,app-1\n", mapping=MAPPING)
    assert (first.created, again.unchanged) == (1, 1)
    ana = persons.number("1")
    assert persons.number("till:9") == ana
    assert whose(persons.database, "app-1") == ana


def test_a_row_that_tells_an_id_that_is_known_is_about_that_customer(persons: Persons) -> None:
    persons("id,email\n1,ana@example.com\n")
    by_other = persons(
        "id,phone,old\ntill:9,+34600000001,1\n",
        mapping=CRM + "identities: [{kind: ref, value: old}]\n",
        name="till.csv",
    )
    assert (by_other.created, by_other.updated) == (0, 1)
    assert persons.number("till:9") == persons.number("+34600000001") == persons.number("1")


def test_an_id_that_two_customers_have_makes_no_one_of_them(persons: Persons) -> None:
    persons("id,email,till\n1,ana@example.com,9\n2,ben@example.com,9\n", mapping=MAPPING)
    assert persons.count("customers") == 2
    assert persons.number("till:9") == persons.number("1")


def test_a_ref_that_is_somebodys_own_is_nobody_elses(persons: Persons) -> None:
    persons("id,email\n1,ana@example.com\ntill:9,ben@example.com\n")
    persons("id,till\n1,9\n", mapping=MAPPING, name="more.csv")
    assert persons.number("till:9") == persons.number("ben@example.com")
    assert persons.count("identities") == 0


def test_a_shared_device_stays_with_the_first_and_changes_nobody_else(persons: Persons) -> None:
    lines = "id,email,app\n1,ana@example.com,app-1\n2,ben@example.com,app-1\n"
    persons(lines, mapping=MAPPING)
    assert persons(lines, mapping=MAPPING).unchanged == 2
    assert whose(persons.database, "app-1") == persons.number("1")


def test_the_ref_that_another_system_gives_one_with_the_same_mail_finds_them(
    persons: Persons,
) -> None:
    persons("id,email\ncrm:1,ana@example.com\n")
    shop = persons("id,email\nshop:7,ana@example.com\n", name="shop.csv")
    assert shop.created == 0
    assert persons.number("shop:7") == persons.number("crm:1")
    alone = persons("id,points\nshop:7,12\n", name="points.csv")
    assert (alone.created, alone.updated) == (0, 1)


@pytest.mark.parametrize("who", ["id", "email"])
def test_after_a_merge_the_past_of_either_is_counted_once_however_they_are_named(
    persons: Persons, who: str
) -> None:
    names = {"id": ("1", "2"), "email": ("ana@example.com", "anna@shop.example")}[who]
    lines = f"{who},clicks,seen\n{names[0]},2,2025-01-02\n{names[1]},3,2025-02-03\n"
    persons("id,email\n1,ana@example.com\n2,anna@shop.example\n", name="people.csv")
    assert persons(lines, name="past.csv").interactions == 5
    persons.merge("1", "2")
    assert persons(lines, name="past.csv").interactions == 0
    one_more = lines.replace(",3,", ",4,").replace(",2,", ",3,")
    assert persons(one_more, name="past.csv").interactions == 1  # the second row is a repeated one
    assert len(persons.show("1").interactions) == 6


def test_after_two_merges_the_past_of_the_first_merged_is_still_known(persons: Persons) -> None:
    lines = "id,clicks,seen\n1,2,2025-01-02\n"
    persons("id,email\n1,a@example.com\n2,b@example.com\n3,c@example.com\n")
    assert persons(lines, name="past.csv").interactions == 2
    second = [persons.merge("2", "1"), persons.merge("3", "2")][1]
    assert persons(lines, name="past.csv").interactions == 0
    persons.unmerge(second)
    assert persons(lines, name="past.csv").interactions == 0
    assert len(persons.show("2").interactions) == 2
