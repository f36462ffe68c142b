"""What is wrong with an event is told in words that its teller understands."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from campaigns.domain.business_event import read_event

NOW = datetime(2027, 3, 1, tzinfo=UTC)
GOOD = {"id": "1", "kind": "visited", "at": "2027-02-01T10:00:00Z", "customer": {"ref": "c-1"}}


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (5, "write an object, with names and values"),
        ({**GOOD, "at": "2027-02-01T10:00:00"}, "at: write it as 2027-03-31T18:30:00Z, with its"),
        ({**GOOD, "customer": "c-1"}, "customer: write an object, with names and values"),
        ({k: v for k, v in GOOD.items() if k != "kind"}, "kind: it is missing"),
    ],
)
def test_a_refusal_speaks_of_the_event_and_of_nothing_inside_us(raw: object, reason: str) -> None:
    told = read_event(raw, NOW)
    assert getattr(told, "reason", "").startswith(reason)
