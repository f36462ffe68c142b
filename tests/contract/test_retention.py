"""The ledger only grows, and the past goes when the brand keeps it no longer."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from campaigns.bootstrap.rights import delete_the_past
from campaigns.domain.channel import Channel
from campaigns.domain.delivery import Unknown
from campaigns.store import schema
from campaigns.store.clock import to_ms
from tests.contract.erasure_world import gone
from tests.pages_world import Shop

EMAIL, SMS = Channel.EMAIL, Channel.SMS


# The ledger only grows ------------------------------------------------------------------------


def test_the_database_refuses_to_change_or_delete_what_the_ledger_says(here: Shop) -> None:
    customer = here.customer()
    c = schema.consents
    before = here.rows("consents")
    for statement in (
        update(c).values(granted=True),
        update(c).values(proof="another"),
        update(c).values(at=1),
        delete(c),
        delete(c).where(c.c.customer_id == customer),
    ):
        with pytest.raises((IntegrityError, DBAPIError), match="only grows"):
            here.world.execute(statement)
    assert here.rows("consents") == before


def test_erasing_one_customer_opens_the_ledger_for_no_other(here: Shop) -> None:
    customer, other = here.customer(), here.customer(at={EMAIL: "bo@example.com"})
    gone(here, customer)
    assert [r.key for r in here.rows("meta") if r.key.startswith("erasing")] == []
    with pytest.raises(DBAPIError, match="only grows"):
        here.world.execute(delete(schema.consents).where(schema.consents.c.customer_id == other))


# Retention --------------------------------------------------------------------------------------


def test_the_past_goes_when_the_brand_keeps_it_no_longer(here: Shop, tmp_path: Path) -> None:
    customer = here.customer()
    old = here.delivery(customer)
    here.now += timedelta(days=800)
    kept = here.delivery(customer, name="two")
    later = to_ms(here.now)
    here.world.execute(
        update(schema.deliveries).where(schema.deliveries.c.id == kept).values(settled_at=later)
    )
    ancient, recent = to_ms(here.now - timedelta(days=1096)), to_ms(here.now - timedelta(days=1))
    row = {"customer_id": customer, "channel": "email"}
    here.world.execute(
        insert(schema.interactions).values(**row, at=ancient, kind="clicked", source_key="a"),
        insert(schema.interactions).values(**row, at=recent, kind="clicked", source_key="b"),
        insert(schema.interactions).values(
            customer_id=customer + 99, channel="email", at=recent, kind="sent", delivery_id=99
        ),
    )
    ledger, trail = here.rows("consents"), here.rows("audit")
    deleted = delete_the_past(here.app)
    assert (deleted.interactions, deleted.messages, deleted.reports) == (2, 1, 0)
    assert [r.delivery_id for r in here.rows("messages")] == [kept]
    assert {(r.kind, r.source_key, r.delivery_id) for r in here.rows("interactions")} == {
        ("clicked", "b", None),
        ("sent", None, old),
        ("sent", None, kept),
    }
    assert (here.rows("consents"), here.rows("audit")) == (ledger, trail)
    again = delete_the_past(here.app)
    assert (again.interactions, again.messages) == (0, 0)


def test_the_past_is_deleted_a_stretch_at_a_time(
    here: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    from campaigns.store import retention

    monkeypatch.setattr(retention, "BATCH", 3)
    customer = here.customer()
    ancient = to_ms(here.now - timedelta(days=2000))
    here.world.execute(
        *(
            insert(schema.interactions).values(
                customer_id=customer, at=ancient, kind="clicked", source_key=str(n)
            )
            for n in range(10)
        )
    )
    assert delete_the_past(here.app).interactions == 10
    assert here.rows("interactions") == []


def test_a_message_in_doubt_keeps_what_it_takes_to_resolve_it(here: Shop) -> None:
    _, batch = here.claimed([here.customer()])
    here.world.intend(batch)
    here.world.settle(batch, Unknown("timeout", "no answer"))
    here.now += timedelta(days=4000)
    assert delete_the_past(here.app).messages == 0
