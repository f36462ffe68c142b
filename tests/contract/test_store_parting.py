"""Undoing a merge, on SQLite and PostgreSQL: whose is what came while they were one."""

from __future__ import annotations

from pathlib import Path

import pytest

from campaigns.domain.channel import Channel
from campaigns.domain.customer import AddressStatus
from campaigns.domain.delivery import Accepted
from campaigns.domain.identity import IdentityRules, Verdict
from campaigns.domain.interaction import Interaction, InteractionKind
from campaigns.domain.run import RunState
from campaigns.errors import NotFoundError, UserError
from campaigns.store import schema
from campaigns.store.engine import Database
from tests.contract.persons_world import LATER, RECALL, Persons, identify, two_customers
from tests.contract.store_world import release
from tests.files import NOW


@pytest.fixture
def both(database: Database, tmp_path: Path) -> Persons:
    return two_customers(database, tmp_path)


def test_parting_restores_every_row(both: Persons) -> None:
    _, batch = both.sending([both.a])
    both.world.settle(batch, Accepted("p1"))
    both.world.planned([both.a, both.b], of=release("other"))
    identify(both.database, both.b, "app-1")
    before = both.state()
    both.unmerge(both.merge("1", "2"))
    assert both.state() == before


def test_parting_gives_the_swapped_messages_back(both: Persons) -> None:
    run = both.world.planned([both.a, both.b], of=RECALL)
    batch = both.world.claim(run, limits={Channel.EMAIL: 1})
    both.world.intend(batch)
    both.world.settle(batch, Accepted("p1"))
    before = both.state()
    both.unmerge(both.merge("2", "1"))
    assert both.state() == before


def test_what_the_merge_stopped_is_planned_again_once_its_run_is_over(both: Persons) -> None:
    run = both.world.planned([both.a, both.b], of=RECALL)
    number = both.merge("1", "2")
    batch = both.world.claim(run)
    both.world.intend(batch)
    both.world.settle(batch, Accepted("p1"))
    both.world.runs.move(run.id, RunState.FINISHED, now=NOW)
    both.unmerge(number)
    profiles = both.world.planning.profiles(RECALL, first_customer=1, last_customer=99_999, now=NOW)
    assert [p.customer_id for p in profiles] == [both.b]


def test_a_no_said_while_merged_holds_for_both(both: Persons) -> None:
    number = both.merge("1", "2")
    both("id,all,said_on\n1,no,2027-02-28\n", name="no.csv", now=LATER)
    both.unmerge(number)
    assert both.permitted("1") == both.permitted("2") == set()


def test_a_yes_said_while_merged_is_of_the_one_who_stayed_only(both: Persons) -> None:
    number = both.merge("1", "2")
    both("id,sms,said_on\n1,yes,2027-02-28\n", name="yes.csv", now=LATER)
    both.unmerge(number)
    assert ("sms", "offers") in both.permitted("1")
    assert not any(channel == "sms" for channel, _ in both.permitted("2"))


def test_what_came_since_stays_with_the_one_who_stayed(both: Persons) -> None:
    number = both.merge("1", "2")
    visit = Interaction(both.a, InteractionKind.VISITED, LATER, None, "shop:1")
    both.profiles.record_interactions([visit])
    both("id,points\n1,500\n", name="points.csv", now=LATER)
    both.unmerge(number)
    assert both.show("1").attributes == {"points": 500}
    assert [i.kind for i in both.show("1").interactions].count(InteractionKind.VISITED) == 1
    assert both.show("2").attributes == {"tier": "gold"}


def test_a_bounce_while_merged_stays_with_the_address(both: Persons) -> None:
    number = both.merge("1", "2")
    both.world.execute(
        schema.addresses.update()
        .where(schema.addresses.c.channel == "x_dm")
        .values(status="bounced")
    )
    both.unmerge(number)
    (handle,) = (a for a in both.show("2").addresses if a.channel is Channel.X_DM)
    assert handle.status is AddressStatus.BOUNCED


def test_merges_are_undone_in_reverse_order(both: Persons) -> None:
    both("id,email\n3,ana@mail.example\n", name="third.csv")
    third = both.number("3")
    first, second = both.merge("1", "2"), both.merge("3", "1")
    assert {both.profiles.find(who) for who in ("1", "2", "3")} == {third}
    with pytest.raises(UserError, match=f"unmerge {second}"):
        both.unmerge(first)
    before = both.unmerge(second) and both.unmerge(first)
    assert before == (both.a, both.b)
    with pytest.raises(UserError, match="undone already"):
        both.unmerge(first)
    with pytest.raises(NotFoundError, match="no merge 99999"):
        both.unmerge(99_999)


def test_who_was_parted_is_not_merged_again_by_itself(both: Persons) -> None:
    both("id,email,name\n5,eva@example.com,Eva\n", name="eva.csv")
    both.world.address(both.number("5"), Channel.SMS, "+34600000001")
    both.world.execute(schema.customers.update().values(first_name="Ana", last_name="Puig"))
    rules, pair = IdentityRules(), (both.a, both.number("5"))
    assert both.persons.sharing(rules.most) == [pair]
    assert both.persons.consider(pair, rules, by="campaigns", now=NOW) is Verdict.JOIN
    (merge,) = both.persons.merges()
    both.unmerge(merge.merge_id)
    assert both.persons.consider(pair, rules, by="campaigns", now=NOW) is Verdict.NOTHING
