"""What finds a customer is shown: identities, who was merged into them, pairs that wait."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from campaigns.domain.identity import IdentityRules, Verdict
from campaigns.errors import ErasedError
from campaigns.store.engine import Database
from campaigns.store.erasing import SqlErasure
from campaigns.store.identified import read_identified
from tests.contract.persons_world import Persons, identify, whose
from tests.files import NOW

HEADER = "id,email,phone,x,name,surname\n"
ANA = "1,ana@example.com,+34600000001,,Ana,Puig\n"
ANNA = "2,anna@shop.example,,@demo_ana,Anna,\n"
MARC = "3,ana@home.example,+34600000001,,Marc,Vila\n"


@pytest.fixture
def both(database: Database, tmp_path: Path) -> Persons:
    made = Persons(database, tmp_path)
    made(HEADER + ANA + ANNA)
    made.a, made.b = (made.number(who) for who in ("1", "2"))
    return made


def told(persons: Persons) -> list[tuple[str, str | None, str, bool]]:
    with persons.database.read() as connection:
        found = read_identified(connection, [persons.a])[persons.a].identities
    return [(str(i.kind), i.value, i.source, i.present) for i in found]


def test_present_ones_come_first_and_a_number_that_serves_two_channels_once(both: Persons) -> None:
    assert told(both) == [
        ("ref", "1", "profile", True),
        ("email", "ana@example.com", "profile", True),
        ("phone", "+34600000001", "profile", True),
    ]


def test_after_a_merge_what_found_the_other_is_told_with_where_it_came_from(both: Persons) -> None:
    number = both.merge("1", "2")
    identify(both.database, both.a, "app-77", "events of till")
    lines = told(both)
    merge = f"merge {number}"
    assert ("email", "anna@shop.example", merge, False) in lines
    assert ("ref", "2", merge, False) in lines
    assert ("number", str(both.b), merge, False) in lines
    (device,) = (line for line in lines if line[0] == "device")
    assert device[2:] == ("events of till", False)
    assert "app-77" not in str(lines)
    with both.database.read() as connection:
        (merged,) = read_identified(connection, [both.a])[both.a].merged
    assert (merged.merge_id, merged.merged, merged.by) == (number, "2", "Ana")


def test_a_pair_that_waits_is_told_of_both_and_no_more_once_it_is_refused(both: Persons) -> None:
    both(HEADER + MARC, name="more.csv")
    pair = (both.a, both.number("3"))
    verdict = both.persons.consider(pair, IdentityRules(), by="campaigns", now=NOW)
    assert verdict is Verdict.REVIEW
    for customer in pair:
        with both.database.read() as connection:
            (match,) = read_identified(connection, [customer])[customer].matches
        assert match.refs == ("1", "3")
    both.persons.refuse(match.match_id, by="Ana", why="", now=NOW)
    with both.database.read() as connection:
        assert read_identified(connection, [both.a])[both.a].matches == ()


def test_an_export_tells_them_and_brings_refs_and_addresses_of_before_back(
    both: Persons, another_database: Callable[[], Database], tmp_path: Path
) -> None:
    both.merge("1", "2")
    identify(both.database, both.a, "app-77", "crm.csv")
    document = json.loads(json.dumps(both.profiles.export(both.a)))
    assert {i["kind"] for i in document["identities"]} == {
        "ref", "email", "phone", "handle", "number", "device"
    }  # fmt: skip
    assert [m["ref"] for m in document["merged"]] == ["2"]

    elsewhere = Persons(another_database(), tmp_path)
    number = elsewhere.profiles.import_export(document, now=NOW)
    for who in ("1", "2", "ana@example.com", "anna@shop.example", "@demo_ana"):
        assert elsewhere.profiles.find(who) == number
    assert whose(elsewhere.database, "app-77") is None


def test_an_export_names_nobody_else_and_repeats_no_words_of_the_staff(both: Persons) -> None:
    both(HEADER + MARC, name="more.csv")
    pair = (both.a, both.number("3"))
    both.persons.consider(pair, IdentityRules(), by="campaigns", now=NOW)
    both.merge("1", "2")
    document = both.profiles.export(both.a)
    assert [m["evidence"] for m in document["matches"]] == ["same phone"]
    written = json.dumps({name: document[name] for name in ("merged", "matches")})
    assert "till" not in written  # why they were merged
    assert '"3"' not in written


def test_an_export_of_somebody_erased_is_not_taken_in_under_a_ref_of_before(both: Persons) -> None:
    both.merge("1", "2")
    document = both.profiles.export(both.a)
    SqlErasure(both.database).erase(both.a, by="Ana", why="asked", now=NOW)
    document["profile"] |= {"ref": "77", "addresses": []}
    with pytest.raises(ErasedError):
        both.profiles.import_export(document, now=NOW)
