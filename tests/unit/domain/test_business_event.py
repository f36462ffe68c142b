"""What is an event, and in which words one is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.domain.business_event import BusinessEvent, EventResult, is_source, read_event

NOW = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)


def purchase(**changed: Any) -> dict[str, Any]:
    known = {"id": "r-1", "kind": "purchased", "at": "2027-02-28T18:30:00+01:00"}
    return known | {"customer": {"ref": "c"}} | changed


def refusal(raw: object) -> str:
    read = read_event(raw, NOW)
    assert isinstance(read, EventResult)
    assert read.reason is not None
    return read.reason


def test_a_purchase_is_read_as_it_was_told() -> None:
    data = {"shop": "Girona", "items": 3, "gift": True, "rate": 0.5, "note": None}
    read = read_event(purchase(amount="49.90", currency="EUR", data=data), NOW)
    assert isinstance(read, BusinessEvent)
    assert read.facts("till") == {**data, "amount": 49.9, "currency": "EUR", "source": "till"}


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"id": "r\u00e9"}, "id:"),
        ({"id": ""}, "id:"),
        ({"kind": "sent"}, "kind:"),
        ({"at": "2027-02-28T18:30:00"}, "at:"),
        ({"at": "1772000000"}, "at:"),
        ({"at": 1772000000}, "at:"),
        ({"at": "2027-03-01T09:06:00Z"}, "at: it lies in the future"),
        ({"at": "1999-12-31T00:00:00Z"}, "at: it lies before"),
        ({"customer": {}}, "customer: name the customer by exactly one"),
        ({"customer": {"ref": "c", "email": "c@example.com"}}, "customer: name the customer by"),
        ({"customer": {"ref": "c\0"}}, "customer.ref: it holds a NUL"),
        ({"channel": "post"}, "channel:"),
        ({"amount": 5}, "amount and currency go together"),
        ({"amount": 1e300, "currency": "EUR"}, "amount:"),
        ({"data": {"amount": "much"}}, "`amount` is no name"),
        ({"data": {"a": "x\0"}}, "data.a: it holds a NUL"),
        ({"data": {"a": 2**60}}, "data.a: the number is too large"),
        ({"data": {"a": {"b": 1}}}, "data.a:"),
        ({"data": {f"a{n}": 1 for n in range(21)}}, "data:"),
        ({"customers": 1}, "customers: there is no such field"),
    ],
)
def test_a_wrong_event_is_refused_with_its_field(changed: dict[str, Any], field: str) -> None:
    assert refusal(purchase(**changed)).startswith(field)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(_JSON, st.sampled_from(["id", "kind", "at", "customer", "channel", "amount", "data"]))
def test_whatever_is_told_is_an_event_or_a_refusal(told: Any, field: str) -> None:
    for raw in (told, purchase(**{field: told})):
        assert isinstance(read_event(raw, NOW), BusinessEvent | EventResult)


def test_a_refusal_repeats_no_value() -> None:
    secret = "anna@example.com"
    for field in ("id", "kind", "at", "customer", "channel", "amount", "currency"):
        assert secret not in refusal(purchase(**{field: [secret]}))


@pytest.mark.parametrize("name", ["", "Till", "a:b", "x" * 21, "1st"])
def test_a_source_whose_ids_could_be_taken_for_anothers_is_none(name: str) -> None:
    assert not is_source(name)
    assert is_source("web-shop")
