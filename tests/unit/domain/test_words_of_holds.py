"""How decisions are told: whole sentences, and what was decided."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from campaigns.domain.audit import Action, AuditEntry
from campaigns.domain.progress import hold_in_words

AT = datetime(2027, 3, 10, 9, tzinfo=UTC)


def test_a_reason_that_ends_in_a_full_stop_does_not_end_in_two() -> None:
    entry = AuditEntry(AT, "ana", Action.PAUSED, "run:1", "The price is wrong.")
    assert hold_in_words(entry, UTC) == "paused by ana on 10 Mar 2027 09:00 UTC: The price is wrong"


def test_a_hold_is_told_by_the_clock_that_is_asked_for() -> None:
    entry = AuditEntry(AT, "ana", Action.PAUSED, "run:1")
    assert (
        hold_in_words(entry, ZoneInfo("Europe/Madrid")) == "paused by ana on 10 Mar 2027 10:00 CET"
    )


def test_the_trail_tells_which_way_a_message_in_doubt_was_decided() -> None:
    entry = AuditEntry(AT, "ana", Action.RESOLVED, "delivery:3", "never came", {"as": "resend"})
    assert entry.did == "resolved: resend"
    assert AuditEntry(AT, "ana", Action.PAUSED, "run:1", data={"as": "x"}).did == "paused"
