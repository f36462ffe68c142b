"""How decisions are told: whole sentences, and what was decided."""

from __future__ import annotations

from datetime import UTC, datetime

from campaigns.domain.audit import Action, AuditEntry
from campaigns.domain.progress import hold_in_words

AT = datetime(2027, 3, 10, 9, tzinfo=UTC)


def test_a_reason_that_ends_in_a_full_stop_does_not_end_in_two() -> None:
    entry = AuditEntry(AT, "ana", Action.PAUSED, "run:1", "The price is wrong.")
    assert hold_in_words(entry) == "paused by ana on 2027-03-10 09:00 UTC: The price is wrong"


def test_the_trail_tells_which_way_a_message_in_doubt_was_decided() -> None:
    entry = AuditEntry(AT, "ana", Action.RESOLVED, "delivery:3", "never came", {"as": "resend"})
    assert entry.did == "resolved: resend"
    assert AuditEntry(AT, "ana", Action.PAUSED, "run:1", data={"as": "x"}).did == "paused"
