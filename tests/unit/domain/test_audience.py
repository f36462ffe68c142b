"""Audiences: typed filters, with errors that speak of what was meant."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from campaigns.domain.audience import (
    AllOf,
    AnyOf,
    Audience,
    Everyone,
    FieldFilter,
    NotOf,
    depth,
)

AUDIENCE: TypeAdapter[Audience] = TypeAdapter(Audience)

NESTED = {
    "all": [
        {"country": {"in": ["ES", "AD"]}},
        {"any": [{"last_purchase": {"within_days": 365}}, {"attributes.points": {"gte": 10}}]},
        {"not": {"locale": {"eq": "en_GB"}}},
    ]
}


def test_everyone_must_be_said() -> None:
    assert AUDIENCE.validate_python("everyone") == Everyone("everyone")
    with pytest.raises(ValidationError):
        AUDIENCE.validate_python(None)


def test_a_tree_is_read_as_its_kinds() -> None:
    tree = AUDIENCE.validate_python(NESTED)
    assert isinstance(tree, AllOf)
    country, any_of, not_of = tree.all
    assert isinstance(country, FieldFilter)
    assert country.root["country"].in_ == ("ES", "AD")
    assert isinstance(any_of, AnyOf)
    assert isinstance(not_of, NotOf)
    assert depth(tree) == 3


@pytest.mark.parametrize("tree", ["everyone", NESTED, {"ref": {"exists": True}}])
def test_an_audience_survives_json(tree: Any) -> None:
    audience = AUDIENCE.validate_python(tree)
    dumped = AUDIENCE.dump_json(audience, by_alias=True, exclude_unset=True)
    assert AUDIENCE.validate_json(dumped) == audience
    assert AUDIENCE.dump_python(audience, mode="json", by_alias=True, exclude_unset=True) == tree


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ("all", "Input should be 'everyone'"),
        ({"countri": {"eq": "ES"}}, "unknown field `countri`; allowed: country"),
        ({"country": {}}, "a condition needs an operator"),
        ({"country": {"like": "E%"}}, "Extra inputs are not permitted"),
        ({"country": {"eq": "ES"}, "locale": {"eq": "x"}}, "name one field per filter"),
        ({"all": [{"any": [{"x": {"eq": 1}}]}]}, "unknown field `x`"),
        ({"all": [], "any": []}, "Extra inputs are not permitted"),
        ({"last_purchase": {"within_days": 0}}, "greater than or equal to 1"),
        ({"__class__": {"eq": 1}}, "unknown field `__class__`"),
        (3, "valid dictionary"),
    ],
)
def test_a_mistake_is_told_once_and_for_the_kind_that_was_meant(tree: Any, message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        AUDIENCE.validate_python(tree)
    (error,) = caught.value.errors()
    assert message in error["msg"]
