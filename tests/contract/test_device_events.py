"""Events of devices: told beside a customer, before anybody is known, and never of the erased."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from campaigns.bootstrap.app import App
from campaigns.bootstrap.business import import_events, record_events
from campaigns.bootstrap.rights import erase
from campaigns.domain.business_event import DEVICE_WAITS
from campaigns.store import schema
from campaigns.store.retention import SqlRetention
from tests.contract.persons_world import whose
from tests.contract.store_world import World

AT = "2025-02-28T18:30:00+01:00"


@pytest.fixture
def world(app: App) -> World:
    return World(app.database)


def visit(id_: str, kind: str = "visited", **customer: str) -> dict[str, Any]:
    return {"id": id_, "kind": kind, "at": AT, "customer": customer}


def results(app: App, *events: Any) -> list[str]:
    return [str(r.result) for r in record_events(app, "web-shop", events)]


def owners(world: World) -> dict[str, int]:
    """Event → whose it is."""
    i = schema.interactions.c
    rows = world.rows(select(i.source_key, i.customer_id).where(i.source_key.startswith("event:")))
    return {row.source_key.rpartition(":")[2]: row.customer_id for row in rows}


def test_a_device_told_beside_a_customer_finds_them_from_then_on(app: App, world: World) -> None:
    anna = world.customer(ref="c")
    assert results(app, visit("1", ref="c", device="browser-1")) == ["accepted"]
    assert results(app, visit("2", device="browser-1")) == ["accepted"]
    assert owners(world) == {"1": anna, "2": anna}
    assert whose(app.database, "browser-1") == anna


def test_what_a_device_did_before_is_joined_once_it_is_known_whose_it_is(
    app: App, world: World
) -> None:
    anna = world.customer(ref="c")
    assert (
        results(app, visit("1", device="b"), visit("2", "purchased", device="b")) == ["waiting"] * 2
    )
    assert results(app, visit("1", device="b")) == ["waiting"]
    assert owners(world) == {}
    assert results(app, visit("3", ref="c", device="b")) == ["accepted"]
    assert owners(world) == {"1": anna, "2": anna, "3": anna}
    assert app.profiles.show(anna).last_purchase_at is not None
    assert world.rows(select(schema.device_events)) == []
    assert (
        results(app, visit("1", device="b"), visit("2", "purchased", ref="c")) == ["duplicate"] * 2
    )


def test_one_request_may_tell_a_device_before_whose_it_is(app: App, world: World) -> None:
    anna = world.customer(ref="c")
    told = results(app, visit("1", device="b"), visit("2", ref="c", device="b"))
    assert told == ["accepted", "accepted"]
    assert owners(world) == {"1": anna, "2": anna}


def test_a_device_that_two_customers_use_stays_with_the_first(app: App, world: World) -> None:
    anna, ben = world.customer(ref="c"), world.customer(ref="d")
    results(app, visit("1", ref="c", device="tablet"), visit("2", ref="d", device="tablet"))
    assert results(app, visit("3", device="tablet")) == ["accepted"]
    assert owners(world) == {"1": anna, "2": ben, "3": anna}


def test_an_id_that_was_used_for_something_else_is_refused_while_it_waits_too(app: App) -> None:
    assert results(app, visit("1", device="b")) == ["waiting"]
    assert results(app, visit("1", "called", device="b")) == ["refused"]
    assert results(app, visit("1", device="another")) == ["refused"]


def test_nothing_is_kept_of_a_device_of_somebody_who_was_erased(app: App, world: World) -> None:
    anna = world.customer(ref="c")
    results(app, visit("1", ref="c", device="b"))
    erase(app, anna, by="Ana", why="asked")
    assert results(app, visit("2", device="b")) == ["refused"]
    assert world.rows(select(schema.device_events)) == []
    assert world.rows(select(schema.identities)) == []


def test_what_waits_too_long_is_deleted(app: App, world: World) -> None:
    results(app, visit("1", device="b"))
    now, past = app.clock.now(), SqlRetention(app.database)
    past.delete_device_events(before=now - DEVICE_WAITS)
    assert len(world.rows(select(schema.device_events))) == 1
    past.delete_device_events(before=now + timedelta(minutes=1))
    assert world.rows(select(schema.device_events)) == []


def test_the_devices_own_id_is_kept_nowhere(app: App, world: World) -> None:
    world.customer(ref="c")
    results(app, visit("1", device="marked-41"), visit("2", ref="c", device="marked-42"))
    kept = [world.rows(select(t)) for t in (schema.device_events, schema.identities)]
    assert "marked-4" not in repr([*kept, world.rows(select(schema.interactions))])


def test_a_file_may_have_a_column_of_devices(app: App, world: World, tmp_path: Path) -> None:
    anna = world.customer(ref="c")
    file = tmp_path / "visits.csv"
    file.write_text(
        f"id,kind,at,ref,device\n1,visited,{AT},,b\n2,visited,{AT},c,b\n3,visited,{AT},,x\n",
        encoding="utf-8",
    )
    report = import_events(app, file, "web-shop")
    assert (report.accepted, report.waiting, report.refused) == (2, 1, 0)
    assert owners(world) == {"1": anna, "2": anna}
