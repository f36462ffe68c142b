"""The audience filter: the same people on both databases, and nothing from a file becomes SQL."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import TypeAdapter
from sqlalchemy import select

from campaigns.domain.audience import MAX_DEPTH, AllOf, Audience, Everyone, NotOf
from campaigns.errors import UserError
from campaigns.store import audience as audience_sql
from campaigns.store import schema
from campaigns.store.clock import to_ms
from campaigns.store.engine import Database
from tests.contract.store_world import NOW, World

PEOPLE: dict[str, dict[str, Any]] = {
    "ada": {
        "locale": "ca_AD",
        "country": "AD",
        "preferred_channel": "email",
        "time_zone": "Europe/Andorra",
        "last_purchase_at": to_ms(NOW - timedelta(days=10)),
        "attributes": {"points": 120, "tier": "gold", "member": True, "joined": "2027-02-20"},
    },
    "bob": {
        "locale": "es_ES",
        "country": "ES",
        "last_purchase_at": to_ms(NOW - timedelta(days=100)),
        "attributes": {"points": 9.5, "tier": "silver", "member": False, "joined": "2020-01-01"},
    },
    "cat": {
        "locale": "ca",
        "country": None,
        "attributes": {"points": "120", "tier": None, "odd name-1.x": 1},
    },
    "dan": {"locale": "en_GB", "country": "GB", "attributes": {}},
}

CASES: list[tuple[Any, str]] = [
    ("everyone", "ada bob cat dan"),
    ({"country": {"eq": "ES"}}, "bob"),
    ({"country": {"not_eq": "ES"}}, "ada cat dan"),
    ({"country": {"in": ["ES", "AD"]}}, "ada bob"),
    ({"country": {"not_in": ["ES", "AD"]}}, "cat dan"),
    ({"country": {"in": []}}, ""),
    ({"country": {"exists": False}}, "cat"),
    ({"country": {"exists": True, "not_eq": "GB"}}, "ada bob"),
    ({"language": {"eq": "ca"}}, "ada cat"),
    ({"language": {"not_in": ["ca", "en"]}}, "bob"),
    ({"locale": {"eq": "ca"}}, "cat"),
    ({"preferred_channel": {"exists": True}}, "ada"),
    ({"time_zone": {"eq": "Europe/Andorra"}}, "ada"),
    ({"ref": {"in": ["ada", "dan"]}}, "ada dan"),
    ({"last_purchase": {"within_days": 10}}, "ada"),
    ({"last_purchase": {"within_days": 9}}, ""),
    ({"last_purchase": {"within_days": 365}}, "ada bob"),
    ({"last_purchase": {"not_within_days": 30}}, "bob cat dan"),
    ({"last_purchase": {"exists": False}}, "cat dan"),
    ({"last_purchase": {"lt": "2027-01-01"}}, "bob"),
    ({"last_purchase": {"gte": "2027-01-01T00:00:00+01:00"}}, "ada"),
    # 9.5 < 120 as numbers, not as text; the text "120" is no number at all.
    ({"attributes.points": {"gt": 50}}, "ada"),
    ({"attributes.points": {"lte": 9.5}}, "bob"),
    ({"attributes.points": {"eq": 120}}, "ada"),
    ({"attributes.points": {"eq": 120.0}}, "ada"),
    ({"attributes.points": {"eq": "120"}}, "cat"),
    ({"attributes.points": {"in": [9.5, "120"]}}, "bob cat"),
    ({"attributes.points": {"not_in": [9.5, "120"]}}, "ada dan"),
    ({"attributes.points": {"gte": 5, "lt": 100}}, "bob"),
    ({"attributes.member": {"eq": True}}, "ada"),
    ({"attributes.member": {"eq": False}}, "bob"),
    ({"attributes.member": {"not_eq": True}}, "bob cat dan"),
    ({"attributes.member": {"eq": 1}}, ""),
    ({"attributes.tier": {"gt": "gold"}}, "bob"),
    ({"attributes.tier": {"exists": True}}, "ada bob"),
    ({"attributes.tier": {"exists": False}}, "cat dan"),
    ({"attributes.joined": {"within_days": 30}}, "ada"),
    ({"attributes.joined": {"not_within_days": 30}}, "bob cat dan"),
    ({"attributes.odd name-1.x": {"eq": 1}}, "cat"),
    ({"attributes.tier": {"eq": "x' OR '1'='1"}}, ""),
    ({"country": {"eq": "x'; DROP TABLE customers; --"}}, ""),
    ({"all": []}, "ada bob cat dan"),
    ({"any": []}, ""),
    ({"all": [{"country": {"exists": True}}, {"language": {"eq": "ca"}}]}, "ada"),
    ({"any": [{"country": {"eq": "GB"}}, {"attributes.points": {"gt": 100}}]}, "ada dan"),
    ({"not": {"country": {"eq": "ES"}}}, "ada cat dan"),
    ({"not": {"attributes.points": {"gt": 50}}}, "bob cat dan"),
    ({"not": {"any": [{"country": {"exists": False}}, {"country": {"eq": "ES"}}]}}, "ada dan"),
]


@pytest.fixture
def world(database: Database) -> World:
    world = World(database)
    for ref, values in PEOPLE.items():
        world.customer(ref=ref, **values)
    return world


def _typed(raw: Any) -> Audience:
    typed: Audience = TypeAdapter(Audience).validate_python(raw)
    return typed


def _matching(world: World, audience: Audience) -> str:
    clause = audience_sql.where(audience, now=NOW, dialect=world.database.dialect)
    query = select(schema.customers.c.ref).where(clause).order_by(schema.customers.c.ref)
    return " ".join(row.ref for row in world.rows(query))


def test_every_filter_finds_the_same_people_on_both_databases(world: World) -> None:
    found = [(raw, _matching(world, _typed(raw))) for raw, _ in CASES]
    assert found == CASES


def test_a_filter_and_its_opposite_share_nobody_and_miss_nobody(world: World) -> None:
    """Also for customers without a value, whom SQL's NULL would lose."""
    for raw, _ in CASES[1:]:
        chosen = set(_matching(world, _typed(raw)).split())
        others = set(_matching(world, _typed({"not": raw})).split())
        assert (chosen & others, chosen | others) == (set(), set(PEOPLE)), raw


def test_the_size_of_an_audience_is_its_number_of_customers(world: World) -> None:
    assert world.planning.audience_size(Everyone("everyone"), now=NOW) == 4
    assert world.planning.audience_size(_typed({"language": {"eq": "ca"}}), now=NOW) == 2


def test_values_are_bound_and_never_part_of_the_statement(world: World) -> None:
    hostile = "canary'; DROP TABLE customers; --"
    for name in ("country", "language", "attributes.tier"):
        clause = audience_sql.where(
            _typed({name: {"eq": hostile}}), now=NOW, dialect=world.database.dialect
        )
        statement = str(select(schema.customers.c.id).where(clause).compile(world.database.engine))
        assert "canary" not in statement


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ({"country": {"eq": 34}}, "`country` does not take 34; it is text"),
        ({"country": {"gt": "ES"}}, "`country` does not take `gt: ES`"),
        ({"country": {"within_days": 3}}, "`country` does not take `within_days: 3`"),
        ({"last_purchase": {"eq": "2027-01-01"}}, "`last_purchase` does not take a list"),
        ({"last_purchase": {"gt": "soon"}}, "`last_purchase` does not take 'soon'"),
        ({"attributes.member": {"gt": True}}, "`attributes.member` does not take `gt`"),
        ({'attributes.x"y': {"eq": 1}}, "is no attribute's name"),
        ({"attributes.": {"eq": 1}}, "is no attribute's name"),
    ],
)
def test_what_does_not_suit_a_field_is_one_clear_error(raw: Any, told: str) -> None:
    with pytest.raises(UserError) as caught:
        audience_sql.where(_typed(raw), now=NOW, dialect="sqlite")
    assert told in str(caught.value)


def test_a_filter_nested_too_deep_is_refused() -> None:
    node: Any = _typed({"country": {"eq": "ES"}})
    for _ in range(MAX_DEPTH):
        node = NotOf.model_construct(not_=node)
    with pytest.raises(UserError, match=f"deeper than {MAX_DEPTH}"):
        audience_sql.where(AllOf.model_construct(all=(node,)), now=NOW, dialect="sqlite")
