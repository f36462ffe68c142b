"""One person, one profile: merging, on SQLite and PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from campaigns.domain.audit import Action
from campaigns.domain.channel import Channel
from campaigns.domain.customer import AddressStatus
from campaigns.domain.delivery import Accepted, DeliveryState
from campaigns.domain.identity import IdentityRules, MatchState, Verdict
from campaigns.domain.interaction import InteractionKind
from campaigns.domain.provider_event import ProviderEvent
from campaigns.errors import NotFoundError, UserError
from campaigns.store import carrying, schema
from campaigns.store.audit import SqlAudit
from campaigns.store.engine import Database
from campaigns.store.erasing import SqlErasure
from campaigns.store.evidence import SqlEvidence
from tests.contract.persons_world import LATER, RECALL, Persons, identify, two_customers, whose
from tests.contract.store_world import LEASE, LIMITS, release
from tests.files import NOW


@pytest.fixture
def both(database: Database, tmp_path: Path) -> Persons:
    return two_customers(database, tmp_path)


def test_every_table_that_knows_a_customer_says_what_becomes_of_its_rows() -> None:
    known = {
        *carrying.CARRIED,
        *carrying.JOINED,
        schema.deliveries,
        schema.unlearned,
        schema.best_hours,
        schema.stamps,  # of the row's own and the customer's state: nobody else's
    }
    assert {t for t in schema.metadata.tables.values() if "customer_id" in t.c} == known


# Joining ----------------------------------------------------------------------------------


def test_the_one_who_stays_has_all_that_was_known_of_both(both: Persons) -> None:
    both.merge("1", "2")
    both.learn()
    view = both.show("1")
    assert (view.ref, view.first_name, view.last_name) == ("1", "Anna", "Puig")
    assert view.attributes == {"points": 120, "tier": "gold"}
    assert {a.channel: a.address for a in view.addresses} == {
        Channel.EMAIL: "ana@example.com",
        Channel.SMS: "+34600000001",
        Channel.WHATSAPP: "+34600000001",
        Channel.X_DM: "demo_ana",
    }
    assert len(view.interactions) == 5
    assert {(u.channel, u.answers) for u in view.uses} == {(Channel.EMAIL, 5)}


def test_a_no_of_either_is_a_no_whenever_it_was_said(both: Persons) -> None:
    """Anna said no to offers before Ana said yes."""
    assert ("email", "offers") in both.permitted("1")
    both.merge("1", "2")
    assert both.permitted("1") == {("email", "news")}
    view = both.show("1")
    assert len(view.consents) == 4
    assert view.consents[-1].proof.startswith("merge ")


def test_whatever_found_either_finds_the_one_who_stays(both: Persons) -> None:
    kept = both.profiles.find("1")
    both.merge("1", "2")
    for who in ("1", "2", "ana@example.com", "ANNA@shop.example", "+34600000001", "@demo_ana"):
        assert both.profiles.find(who) == kept


def test_an_import_by_the_other_id_or_address_makes_nobody_new(both: Persons) -> None:
    both.merge("1", "2")
    by_id = both("id,points\n2,7\n", name="ids.csv")
    by_mail = both("email,points\nanna@shop.example,9\n", name="mails.csv")
    by_old = both("email,points\nana@example.com,11\n", name="old.csv")
    assert [(r.created, r.updated) for r in (by_id, by_mail, by_old)] == [(0, 1)] * 3
    assert both.show("1").attributes["points"] == 11
    assert both.count("customers") == 1


def test_a_merge_is_in_the_audit_trail_without_personal_data(both: Persons) -> None:
    number = both.merge("1", "2")
    (entry,) = SqlAudit(both.database).entries(f"customer:{both.profiles.find('1')}")
    assert (entry.actor, entry.action, entry.why) == ("Ana", Action.MERGED, "seen at the till")
    assert entry.data == {"merge": number, "merged": both.b}


def test_a_customer_is_not_merged_with_themselves_nor_with_nobody(both: Persons) -> None:
    with pytest.raises(UserError, match="one customer already"):
        both.persons.merge(both.a, both.a, by="Ana", why="", now=NOW)
    with pytest.raises(NotFoundError, match="customer number 99999"):
        both.persons.merge(both.a, 99_999, by="Ana", why="", now=NOW)


def test_of_one_address_with_two_states_the_worse_is_believed(both: Persons) -> None:
    both.world.address(both.b, Channel.SMS, "+34600000001", status="bounced")
    both.merge("1", "2")
    (sms,) = (a for a in both.show("1").addresses if a.channel is Channel.SMS)
    assert sms.status is AddressStatus.BOUNCED


# Events -----------------------------------------------------------------------------------


def test_a_stop_from_an_address_of_before_denies_the_one_who_stays(both: Persons) -> None:
    both("id,phone,sms,said_on\n2,+34600000002,yes,2024-01-01\n", name="more.csv")
    both("id,sms,said_on\n1,yes,2024-01-01\n", name="yes.csv")
    both.merge("1", "2")
    assert ("sms", "offers") in both.permitted("1")
    stop = ProviderEvent(
        key="sms:1",
        kind=InteractionKind.UNSUBSCRIBED,
        channel=Channel.SMS,
        at=LATER,
        address="+34600000002",
    )
    SqlEvidence(both.database).record([stop], now=LATER)
    assert ("sms", "offers") not in both.permitted("1")


def test_a_device_finds_its_customer_also_after_a_merge(both: Persons) -> None:
    identify(both.database, both.b, "app-7f3a")
    both.merge("1", "2")
    assert whose(both.database, "app-7f3a") == both.a
    assert whose(both.database, "app-0000") is None


def test_a_device_that_two_share_stays_with_the_first(both: Persons) -> None:
    identify(both.database, both.a, "till-1")
    identify(both.database, both.b, "till-1")
    assert whose(both.database, "till-1") == both.a


# Once per person --------------------------------------------------------------------------


def test_one_who_had_the_campaign_under_either_id_does_not_get_it_again(both: Persons) -> None:
    run, batch = both.sending([both.b])
    both.world.settle(batch, Accepted("p1"))
    both.merge("1", "2")
    profiles = both.world.planning.profiles(RECALL, first_customer=1, last_customer=99_999, now=NOW)
    assert [p.customer_id for p in profiles] == []
    assert [d.state for d in both.show("1").deliveries] == [DeliveryState.ACCEPTED]
    assert both.world.states(run) == [DeliveryState.ACCEPTED]


def test_of_two_messages_to_come_one_leaves(both: Persons) -> None:
    run = both.world.planned([both.a, both.b], of=RECALL)
    both.merge("1", "2")
    assert both.world.states(run) == [DeliveryState.PENDING, DeliveryState.CANCELLED]
    batch = both.world.claim(run)
    assert [i.customer_id for i in batch.items] == [both.a]


def test_a_message_already_claimed_does_not_leave_beside_another(both: Persons) -> None:
    """The merge comes between claim and intent."""
    run = both.world.planned([both.a, both.b], of=RECALL)
    batch = both.world.claim(run)
    both.merge("1", "2")
    left = both.world.intend(batch)
    later = both.world.outbox.claim(run.id, 0, owner="w", limits=LIMITS, now=NOW, lease=LEASE)
    if later is not None:  # the address changed with the merge: it is written anew
        left |= both.world.intend(later)
    assert len(left) == 1


def test_the_message_on_its_way_counts_and_the_other_does_not_leave(both: Persons) -> None:
    run = both.world.planned([both.a, both.b], of=RECALL)
    batch = both.world.claim(run, limits={Channel.EMAIL: 1})
    assert [i.customer_id for i in batch.items] == [both.a]
    both.world.intend(batch)
    both.merge("2", "1")
    assert both.world.states(run) == [DeliveryState.SENDING, DeliveryState.CANCELLED]
    assert [d.state for d in both.show("2").deliveries] == [DeliveryState.SENDING]
    both.world.settle(batch, Accepted("p1"))
    profiles = both.world.planning.profiles(RECALL, first_customer=1, last_customer=99_999, now=NOW)
    assert list(profiles) == []


def test_a_plan_made_before_the_merge_sends_nothing_to_who_was_merged(both: Persons) -> None:
    run, _ = both.sending([both.a])
    both.merge("1", "2")
    late = both.world.planned([both.b], of=release("other"))
    batch = both.world.claim(late)
    assert both.world.intend(batch) == set()
    assert both.world.states(run) == [DeliveryState.SENDING]


def test_events_on_a_message_that_both_had_reach_the_one_who_stays(both: Persons) -> None:
    _, batch = both.sending([both.a, both.b])
    both.world.settle(batch, Accepted("p1"))
    both.merge("1", "2")
    second = batch.items[1]
    opened = ProviderEvent(
        key="e:1",
        kind=InteractionKind.OPENED,
        channel=Channel.EMAIL,
        at=LATER,
        delivery_id=second.delivery_id,
    )
    SqlEvidence(both.database).record([opened], now=LATER)
    assert any(i.kind is InteractionKind.OPENED for i in both.show("1").interactions)


# Erasure ----------------------------------------------------------------------------------


def test_erasing_a_merged_person_erases_both_and_bars_both(both: Persons) -> None:
    both.world.planned([both.a, both.b], of=RECALL)
    number = both.merge("1", "2")
    SqlErasure(both.database).erase(both.a, by="Ana", why="asked", now=LATER)
    (line,) = both.persons.merges()
    assert (line.kept, line.merged) == (None, None)
    with pytest.raises(UserError, match="was erased"):
        both.unmerge(number)
    left = str(both.state() | {"merges": both.world.rows(select(schema.merges))})
    for canary in ("Anna", "Puig", "anna@shop.example", "ana@example.com", "demo_ana", "600000001"):
        assert canary not in left
    report = both("id,email\n2,new@example.com\n9,ANNA@shop.example\n8,ana@example.com\n")
    assert (report.created, report.refused) == (0, 3)


# The queue --------------------------------------------------------------------------------


def test_a_family_mailbox_goes_to_a_person_and_a_refusal_holds(both: Persons) -> None:
    both.world.address(both.b, Channel.SMS, "+34600000001")
    rules = IdentityRules()
    assert both.persons.consider((both.a, both.b), rules, by="campaigns", now=NOW) is Verdict.REVIEW
    assert (
        both.persons.consider((both.a, both.b), rules, by="campaigns", now=NOW) is Verdict.NOTHING
    )
    (match,) = both.persons.matches()
    assert (match.evidence, match.refs) == ("same phone", ("1", "2"))
    both.persons.refuse(match.match_id, by="Ana", why="mother and daughter", now=NOW)
    assert both.persons.matches() == []
    assert [m.match_id for m in both.persons.matches(state=MatchState.REFUSED)] == [match.match_id]
    with pytest.raises(UserError, match="refused already, by Ana"):
        both.persons.accept(match.match_id, by="Ana", why="", now=NOW)


def test_an_accepted_match_is_a_merge(both: Persons) -> None:
    both.world.address(both.b, Channel.SMS, "+34600000001")
    both.persons.consider((both.a, both.b), IdentityRules(), by="campaigns", now=NOW)
    (match,) = both.persons.matches()
    number = both.persons.accept(match.match_id, by="Ana", why="", now=NOW)
    (line,) = both.persons.merges()
    assert (line.merge_id, line.kept, line.merged, line.why) == (number, "1", "2", "same phone")
    with pytest.raises(NotFoundError, match="no match 99999"):
        both.persons.accept(99_999, by="Ana", why="", now=NOW)
