"""Why messages were not accepted, counted for a report."""

from __future__ import annotations

from datetime import timedelta

from campaigns.domain.delivery import Accepted, NotSent, Rejected
from campaigns.services.report import report
from campaigns.store.paces import SqlPaces
from tests.contract.store_world import NOW, World


def test_a_report_tells_why_messages_were_not_accepted_and_how_many(world: World) -> None:
    run, batch = world.sending(world.customers(3))
    first, second, third = (item.delivery_id for item in batch.items)
    refusal = Rejected("x:403", "this person takes no direct messages")
    outcomes = {first: Accepted("id"), second: refusal, third: refusal}
    world.outbox.settle(batch, outcomes, now=batch.lease_until)
    (told,) = world.outbox.outcomes(run.id).items()
    assert "this person takes no direct messages" in told[0]
    assert told[1] == 2


def test_a_report_says_it_in_words_and_the_table_keeps_the_code(world: World) -> None:
    run, batch = world.sending(world.customers(3))
    first, second, third = (item.delivery_id for item in batch.items)
    later = NOW + timedelta(hours=1)
    outcomes = {
        first: Rejected("twilio:21610", "the customer opted out"),
        second: Rejected("slot:points", "points is no number"),
        third: NotSent("twilio:connect", "cannot reach api.example.com", later),
    }
    world.outbox.settle(batch, outcomes, now=NOW)
    told = report(world.runs, world.outbox, SqlPaces(world.database), run.id, now=NOW)
    words = {"the customer opted out (Twilio 21610)": 1, "points is no number": 1}
    assert told.outcomes == words
    assert [w.why for w in told.waits] == ["cannot reach api.example.com (Twilio)"]
    assert world.delivery(first).outcome == "twilio:21610: the customer opted out"
