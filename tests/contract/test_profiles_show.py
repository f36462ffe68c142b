"""What is known of a customer and of a delivery: shown, exported, brought back."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import orjson
import pytest

from campaigns.domain.channel import Channel
from campaigns.domain.delivery import Accepted, DeliveryState
from campaigns.domain.interaction import Interaction, InteractionKind
from campaigns.domain.plan import PlannedDelivery, PlannedSkip
from campaigns.domain.reason import Reason, Skip
from campaigns.errors import NotFoundError, UserError
from campaigns.services.record_interactions import record_interactions
from campaigns.store import consents, schema
from campaigns.store.clock import to_ms
from campaigns.store.customers import SqlProfiles
from campaigns.store.engine import Database, bar_intents
from tests.contract.profiles_world import Importing
from tests.contract.store_world import World, release
from tests.files import NOW

FULL = (
    "id,email,phone,x,name,surname,lang,land,prefers,points,offers,news,said_on,clicks,dms,bought,seen\n"
    "7,Ana@example.com,+34600000001,demo_ana,Ana,Puig,ca_ES,ES,sms,5,yes,no,2024-05-06,2,1,1,2027-01-02\n"
)


def event(customer: int, key: str, **values: object) -> Interaction:
    """A click by e-mail, or what `values` make of it."""
    default = {"kind": InteractionKind.CLICKED, "at": NOW, "channel": Channel.EMAIL}
    return Interaction(customer_id=customer, source_key=key, **{**default, **values})  # type: ignore[arg-type]


# Recording --------------------------------------------------------------------------------------


def test_an_event_told_twice_counts_once(importing: Importing) -> None:
    importing("id,email\n7,ana@example.com\n")
    customer = importing.profiles.find("7")
    events = [event(customer, "a"), event(customer, "b"), event(customer, "a")]
    assert record_interactions(events, importing.profiles) == 2
    assert record_interactions([*events, event(customer, "c")], importing.profiles) == 1
    importing.learn()
    view = importing.show("7")
    assert len(view.interactions) == 3
    assert [(u.channel, u.answers) for u in view.uses] == [(Channel.EMAIL, 3)]


def test_only_clicks_replies_purchases_and_forms_are_answers(importing: Importing) -> None:
    importing("id,email\n7,ana@example.com\n")
    customer = importing.profiles.find("7")
    kinds = [event(customer, str(k), kind=k) for k in InteractionKind]
    assert record_interactions(kinds, importing.profiles) == len(InteractionKind)
    importing.learn()
    (use,) = importing.show("7").uses
    assert (use.answers, use.kind) == (4, None)


@pytest.mark.parametrize("backwards", [False, True])
def test_the_last_message_and_purchase_are_the_latest_in_any_order(
    importing: Importing, backwards: bool
) -> None:
    importing("id,x\n7,demo_ana\n")
    customer = importing.profiles.find("7")
    days = [NOW - timedelta(days=n) for n in (5, 3, 9)]
    told = [
        *(
            event(customer, f"r{d}", kind=InteractionKind.REPLIED, channel=Channel.X_DM, at=d)
            for d in days
        ),
        *(
            event(customer, f"p{d}", kind=InteractionKind.PURCHASED, channel=None, at=d)
            for d in days
        ),
    ]
    for each in reversed(told) if backwards else told:
        record_interactions([each], importing.profiles)
    view = importing.show("7")
    assert view.uses[0].last_inbound_at == days[1]
    assert view.last_purchase_at == days[1]


def test_what_an_event_says_is_kept(importing: Importing) -> None:
    importing("id,email\n7,ana@example.com\n")
    customer = importing.profiles.find("7")
    said = {"amount": "12.50", "currency": "EUR", "first": True, "items": 3, "note": None}
    record_interactions([event(customer, "a", data=said)], importing.profiles)
    assert importing.show("7").interactions[0].data == said


def test_thousands_of_events_are_recorded_in_batches(importing: Importing) -> None:
    importing("id,email\n7,ana@example.com\n")
    customer = importing.profiles.find("7")
    events = (event(customer, f"k{n}") for n in range(4_500))
    assert record_interactions(events, importing.profiles) == 4_500
    assert len(importing.show("7").interactions) == 4_500


# Showing ----------------------------------------------------------------------------------------


def test_nobody_is_shown_under_a_number_that_is_not_there(importing: Importing) -> None:
    for method in (importing.profiles.show, importing.profiles.export, importing.profiles.delivery):
        with pytest.raises(NotFoundError, match="there is no"):
            method(4_711)


@pytest.fixture
def sent(importing: Importing) -> tuple[Importing, World, int]:
    """Ana got one campaign by e-mail and was skipped by another."""
    importing(FULL)
    importing("id,email\n8,bo@example.com\n")
    world = World(importing.database)
    customer = importing.profiles.find("7")
    of = release()
    run = world.started(of)
    (shard,) = world.runs.shards(run.id)
    wanted = of.skeleton(Channel.EMAIL, "en_GB").hash
    reason = "learnt:email 2/3 clicked|sms=no_consent"
    plan = [PlannedDelivery(customer, Channel.EMAIL, wanted, reason)]
    world.planning.write_plan(run, shard, plan, [], already=0, now=NOW)
    batch = world.claim(run)
    world.intend(batch)
    world.settle(batch, Accepted("sg-1"))
    other = world.started(release("newsletter"))
    (shard,) = world.runs.shards(other.id)
    skip = PlannedSkip(customer, "opted_out|email=opted_out")
    world.planning.write_plan(other, shard, [], [skip], already=0, now=NOW)
    return importing, world, batch.items[0].delivery_id


def test_a_customer_is_shown_with_deliveries_skips_and_reasons_in_words(
    sent: tuple[Importing, World, int],
) -> None:
    importing, _, delivery_id = sent
    view = importing.show("7")
    (line,) = view.deliveries
    assert (line.delivery_id, line.campaign, line.channel, line.state) == (
        delivery_id,
        "spring_sale",
        Channel.EMAIL,
        DeliveryState.ACCEPTED,
    )
    assert line.why == Reason.decode(line.reason).explain(Channel.EMAIL)
    assert "SMS (no consent)" in line.why
    (skip,) = view.skips
    assert (skip.campaign, skip.why) == ("newsletter", Skip.decode(skip.reason).explain())
    newest = view.interactions[0]
    assert (newest.kind, newest.campaign, newest.delivery_id) == (
        InteractionKind.SENT,
        "spring_sale",
        delivery_id,
    )
    assert [i.at for i in view.interactions] == sorted(
        (i.at for i in view.interactions), reverse=True
    )
    assert importing.show("8").deliveries == ()


def test_a_delivery_is_shown_with_all_that_is_known_of_it(
    sent: tuple[Importing, World, int],
) -> None:
    importing, world, delivery_id = sent
    view = importing.profiles.delivery(delivery_id)
    assert (view.ref, view.campaign, view.channel) == ("7", "spring_sale", Channel.EMAIL)
    assert view.release_hash == release().hash
    assert view.skeleton_hash == release().skeleton(Channel.EMAIL, "en_GB").hash
    assert (view.state, view.provider_id, view.attempts) == (DeliveryState.ACCEPTED, "sg-1", 1)
    assert (view.address, view.values) == ("Ana@example.com", {"name": "7"})
    assert view.message_hash
    assert "SMS (no consent)" in view.why
    assert [i.kind for i in view.interactions] == [InteractionKind.SENT]
    assert world.delivery(delivery_id).skeleton_id == view.skeleton_id


def test_the_public_post_is_shown_without_a_customer(importing: Importing) -> None:
    importing("id,email\n7,ana@example.com\n")
    world = World(importing.database)
    of = release()
    run = world.started(of)
    wanted = of.skeleton(Channel.X_POST, "en_GB").hash
    world.planning.write_post(
        run, PlannedDelivery(0, Channel.X_POST, wanted, "public_post"), now=NOW
    )
    (number,) = [r.id for r in world.rows(schema.deliveries.select())]
    view = importing.profiles.delivery(number)
    assert (view.customer_id, view.ref, view.address, view.values) == (0, None, None, None)


def test_views_become_plain_json(sent: tuple[Importing, World, int]) -> None:
    importing, _, delivery_id = sent
    shown = json.loads(json.dumps(importing.show("7").as_json()))
    assert shown["addresses"][0]["channel"] == "email"
    assert shown["consents"][0]["at"] == "2024-05-06T00:00:00+00:00"
    assert json.dumps(importing.profiles.delivery(delivery_id).as_json())


# Exporting --------------------------------------------------------------------------------------


def test_an_export_brought_into_an_empty_database_is_exported_the_same(
    importing: Importing, another_database: Callable[[], Database]
) -> None:
    importing(FULL)
    importing("id,email,news\n7,,no\n", now=NOW + timedelta(days=1))
    importing(
        "Name,Email Address,CLEAN_TIME\nAna,ana@example.com,2024-05-06 07:08:09\n", mapping=None
    )
    number = importing.profiles.find("7")
    record_interactions([event(number, "provider-1", data={"amount": "5"})], importing.profiles)
    document = importing.profiles.export(number)
    there = SqlProfiles(another_database())
    written = orjson.loads(orjson.dumps(document))
    again = there.export(there.import_export(written, now=NOW + timedelta(days=9)))
    for told in (document, again):  # since when is of each database's own
        told["identities"] = [{**i, "since": ""} for i in told["identities"]]
    assert again == document
    here, copy = importing.show("7"), there.show(there.find("7"))
    assert (copy.uses, copy.last_purchase_at) == (here.uses, here.last_purchase_at)
    assert copy.standings == here.standings


def test_an_export_tells_the_messages_that_were_sent(sent: tuple[Importing, World, int]) -> None:
    importing, _, delivery_id = sent
    document = importing.profiles.export(importing.profiles.find("7"))
    (message,) = document["messages"]
    assert (message["delivery"], message["values"]) == (delivery_id, {"name": "7"})
    assert message["address"] == "Ana@example.com"


def test_an_export_brought_back_where_it_was_made_changes_nothing(
    sent: tuple[Importing, World, int],
) -> None:
    importing, _, _ = sent
    number = importing.profiles.find("7")
    document = importing.profiles.export(number)
    before = importing.snapshot()
    assert importing.profiles.import_export(document, now=NOW) == number
    assert importing.snapshot() == before


def test_an_export_does_not_bring_back_a_yes_that_was_taken_back_since(
    importing: Importing,
) -> None:
    importing("id,email,offers,said_on\n7,ana@example.com,yes,2024-01-01\n")
    number = importing.profiles.find("7")
    document = importing.profiles.export(number)
    document["profile"]["consents"][0]["at"] = (NOW + timedelta(days=1)).isoformat()
    importing("id,email,offers\n7,ana@example.com,no\n")
    importing.profiles.import_export(document, now=NOW)
    assert importing.standings("7") == {"email/offers": False}


def test_what_is_no_export_is_refused(importing: Importing) -> None:
    with pytest.raises(UserError, match="no export of a customer"):
        importing.profiles.import_export({"ref": "7"}, now=NOW)


def test_everyone_is_exported_once_in_pages(
    importing: Importing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("campaigns.store.portability._PAGE", 3)
    importing("id,email\n" + "".join(f"{n},c{n}@example.com\n" for n in range(7)))
    assert [d["profile"]["ref"] for d in importing.profiles.export_all()] == list("0123456")


def test_a_ledger_entry_of_the_same_moment_leaves_the_no_standing(importing: Importing) -> None:
    importing("id,email\n7,ana@example.com\n")
    number = importing.profiles.find("7")
    for granted in (False, True):
        row = ("email", "marketing", "offers", granted, to_ms(NOW), "customer", "form", "customer")
        with importing.database.write() as connection:
            bar_intents(connection)
            consents.append(connection, [(number, *row)])
    assert importing.standings("7") == {"email/offers": False}
