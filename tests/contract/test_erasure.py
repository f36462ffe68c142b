"""Erasing a customer: nothing of them is left, and nothing brings it back."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import update

from campaigns.domain.channel import Channel
from campaigns.domain.delivery import Accepted, DeliveryState, NotSent, Rejected, Unknown
from campaigns.domain.interaction import Interaction, InteractionKind
from campaigns.errors import NotFoundError
from campaigns.store import schema
from tests.contract.erasure_world import gone, traces
from tests.files import NOW
from tests.pages_world import Shop

EMAIL, SMS = Channel.EMAIL, Channel.SMS


#: Tables whose rows of an erased customer stay: they hold a number that is nobody's any more.
PSEUDONYMOUS = {"deliveries", "skips"}


def test_nothing_of_an_erased_customer_is_left_in_any_table(here: Shop) -> None:
    customer = here.customer(ref="canary-7", first_name="Canary", last_name="Bird",
                             attributes={"nearest_shop": "canary street"})  # fmt: skip
    here.delivery(customer)
    old = "canary@example.com"
    here.world.execute(update(schema.messages).values(address=old))
    here.world.execute(update(schema.deliveries).values(outcome=f"twilio:21211: {old} is none"))
    words = ["canary", "ada@", "00900456", "demo_ada", "c1@"]
    assert traces(here, words)
    gone(here, customer)
    assert traces(here, words) == []
    with_customers = {
        name for name, table in schema.metadata.tables.items() if "customer_id" in table.c
    }
    left = {name for name in with_customers if here.rows(name, customer)}
    assert left <= PSEUDONYMOUS  # a new table about customers is cleared too, or named above
    (delivery,) = here.rows("deliveries", customer)
    assert (delivery.provider_id, delivery.outcome) == (None, "twilio:21211")


def test_nothing_of_them_is_left_in_the_file_either(here: Shop) -> None:
    if here.app.database.dialect != "sqlite":
        pytest.skip("PostgreSQL overwrites what is deleted when it vacuums")
    customer = here.customer(first_name="Canary")
    with here.app.database.read() as connection:
        place = Path(connection.exec_driver_sql("PRAGMA database_list").one()[2])
        assert connection.exec_driver_sql("PRAGMA secure_delete").scalar() == 1
    gone(here, customer)
    with here.app.database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").all()
    stored = place.read_bytes()
    assert b"Canary" not in stored
    assert b"ada@example.com" not in stored


def test_the_audit_trail_tells_who_and_why_and_names_nobody(here: Shop) -> None:
    customer = here.customer(ref="canary-7")
    gone(here, customer)
    (entry,) = here.app.audit.entries()
    assert (entry.actor, entry.action, entry.why) == ("Marta", "erased", "asked by letter")
    assert (entry.subject, entry.at) == (f"customer:{customer}", here.now)


def test_others_keep_everything(here: Shop) -> None:
    customer, other = (
        here.customer(),
        here.customer(at={EMAIL: "bo@example.com", SMS: "+447700900457"}),
    )
    here.delivery(other)
    tables = ("addresses", "consents", "standings", "interactions", "deliveries")
    before = {t: here.rows(t, other) for t in tables}
    gone(here, customer)
    assert {t: here.rows(t, other) for t in tables} == before


def test_erasing_somebody_who_is_gone_says_so(here: Shop) -> None:
    customer = here.customer()
    gone(here, customer)
    with pytest.raises(NotFoundError, match="there is no customer number"):
        gone(here, customer)


# Deliveries under way -------------------------------------------------------------------------


def test_a_message_that_a_worker_is_about_to_send_is_not_sent(here: Shop) -> None:
    customer = here.customer()
    run, batch = here.claimed([customer])
    gone(here, customer)
    assert here.world.intend(batch) == set()
    assert here.world.states(run) == [DeliveryState.SUPPRESSED]
    assert here.rows("messages") == []


def test_a_message_that_was_planned_is_claimed_without_an_address_and_ends(here: Shop) -> None:
    customer = here.customer()
    run = here.world.planned([customer])
    gone(here, customer)
    batch = here.world.claim(run)
    assert (batch.items[0].address, batch.items[0].first_name) == ("", None)
    assert here.world.intend(batch) == set()
    assert here.world.states(run) == [DeliveryState.SUPPRESSED]


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Accepted("sg-1"), DeliveryState.ACCEPTED),
        (Rejected("400", "no", invalid_address=True, opted_out=True), DeliveryState.REJECTED),
        (NotSent("429", "wait", NOW), DeliveryState.PENDING),
        (Unknown("timeout", "no answer"), DeliveryState.IN_DOUBT),
    ],
)
def test_what_comes_of_a_message_in_flight_is_settled_and_brings_nothing_back(
    here: Shop, outcome: Accepted | Rejected | NotSent | Unknown, state: DeliveryState
) -> None:
    customer = here.customer()
    run, batch = here.claimed([customer])
    assert here.world.intend(batch)
    gone(here, customer)
    here.world.settle(batch, outcome)
    assert here.world.states(run) == [state]
    for table in ("interactions", "consents", "standings", "addresses", "messages"):
        assert here.rows(table) == []
    assert here.app.outbox.recorded(run.id) == (1 if state is DeliveryState.ACCEPTED else 0)


def test_events_that_arrive_later_bring_nothing_back(here: Shop) -> None:
    customer, other = here.customer(), here.customer(at={EMAIL: "bo@example.com"})
    delivery = here.delivery(customer)
    gone(here, customer)
    events = [
        Interaction(who, InteractionKind.REPLIED, NOW, SMS, f"late-{who}", delivery)
        for who in (customer, other)
    ]
    assert here.app.profiles.record_interactions(events) == 1
    assert [r.customer_id for r in here.rows("interactions")] == [other]
    assert here.rows("channel_uses", customer) == []
