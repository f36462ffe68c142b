"""Messages in doubt: found, judged, decided; on both databases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert, select, update

from campaigns.domain.audit import Action
from campaigns.domain.channel import Channel
from campaigns.domain.delivery import Accepted, DeliveryState, Unknown
from campaigns.domain.evidence import (
    Answer,
    Authority,
    Finding,
    Judgement,
    Listed,
    NoAnswer,
    Sought,
    Verdict,
)
from campaigns.domain.run import RunState
from campaigns.errors import NotFoundError, UserError
from campaigns.services.reconcile import Reconciled, reconcile
from campaigns.store import schema
from campaigns.store.audit import SqlAudit
from campaigns.store.clock import to_ms
from campaigns.store.doubts import SqlDoubts
from campaigns.store.engine import Database
from campaigns.store.resolving import SqlResolving
from tests.contract.store_world import LEASE, NOW, World, release

S = DeliveryState
HOUR = timedelta(hours=1)
DROPPED = Unknown("twilio:interrupted", "no complete answer in time")


@pytest.fixture
def doubts(database: Database) -> SqlDoubts:
    return SqlDoubts(database)


@pytest.fixture
def resolving(database: Database) -> SqlResolving:
    return SqlResolving(database)


class ToldList:
    """A provider's list that answers what it is told to."""

    authority = Authority("the list", HOUR, "it is complete within the hour")

    def __init__(self, answers: Mapping[int, Answer]) -> None:
        self.answers = answers
        self.asked: list[Sought] = []

    def look(self, sought: Sequence[Sought]) -> Mapping[int, Answer]:
        self.asked += sought
        return {s.delivery_id: self.answers.get(s.delivery_id, Listed(())) for s in sought}


def doubted(world: World, count: int = 1, **kwargs: object) -> list[int]:
    """Deliveries that fell in doubt at NOW."""
    _, batch = world.sending(world.customers(count), **kwargs)
    world.settle(batch, DROPPED)
    return [item.delivery_id for item in batch.items]


def look(
    world: World,
    doubts: SqlDoubts,
    answers: Mapping[int, Answer],
    *,
    now: datetime = NOW + timedelta(minutes=2),
    all_: bool = False,
) -> tuple[Reconciled, ToldList]:
    listed = ToldList(answers)
    done = reconcile(doubts, lambda _: listed, world.releases.skeleton, now=now, all_=all_)
    return done, listed


def test_what_is_in_doubt_is_listed_the_oldest_first_with_what_is_known(
    world: World, doubts: SqlDoubts
) -> None:
    (first,) = doubted(world, of=release("first"))
    _, batch = world.sending(world.customers(1), of=release("second"))
    world.outbox.sweep(now=NOW + 2 * LEASE)
    listed = doubts.listed()
    assert [d.delivery_id for d in listed] == [first, batch.items[0].delivery_id]
    assert [d.campaign for d in listed] == ["first", "second"]
    assert [d.fell for d in listed] == [NOW, NOW + 2 * LEASE]
    assert listed[0].known == "no complete answer in time (Twilio)"


def test_a_message_that_is_in_the_list_is_accepted_with_its_interaction(
    world: World, doubts: SqlDoubts
) -> None:
    seen, absent = doubted(world, 2)
    done, listed = look(world, doubts, {seen: Listed(("SM1",))})
    assert done.resolved == 1
    assert (world.delivery(seen).state, world.delivery(seen).provider_id) == (S.ACCEPTED, "SM1")
    assert world.delivery(absent).state == S.IN_DOUBT
    assert world.sent() == [seen]
    assert [d.delivery_id for d in doubts.listed()] == [absent]
    sought = {s.delivery_id: s for s in listed.asked}[seen]
    assert sought.body.startswith("Hello c")
    assert sought.since <= NOW


def test_absence_is_told_and_nothing_is_sent_again_by_it(world: World, doubts: SqlDoubts) -> None:
    (delivery,) = doubted(world)
    look(world, doubts, {}, now=NOW + timedelta(minutes=59))
    assert [d.finding for d in doubts.listed()] == [Finding.NOT_YET]
    look(world, doubts, {}, now=NOW + HOUR, all_=True)
    (doubt,) = doubts.listed()
    assert (doubt.finding, doubt.looks) == (Finding.ABSENT, 2)
    assert "never left" in doubt.known
    assert world.delivery(delivery).state == S.IN_DOUBT
    assert world.sent() == []


def test_several_candidates_are_no_proof(world: World, doubts: SqlDoubts) -> None:
    (delivery,) = doubted(world)
    look(world, doubts, {delivery: Listed(("SM1", "SM2"))})
    assert [d.finding for d in doubts.listed()] == [Finding.SEVERAL]


def test_a_message_that_is_known_to_be_another_delivery_is_no_candidate(
    world: World, doubts: SqlDoubts
) -> None:
    """Somebody else with the same telephone got the same words before."""
    one, other = world.customers(2, channels=())
    for customer in (one, other):
        world.address(customer, Channel.SMS, "+34600000001")
        world.standing(customer, Channel.SMS, granted=True)
    _, earlier = world.sending([one], of=release("earlier"), channel=Channel.SMS)
    world.settle(earlier, Accepted("SM1"))
    _, batch = world.sending([other], of=release("later"), channel=Channel.SMS)
    world.settle(batch, DROPPED)
    (delivery,) = [i.delivery_id for i in batch.items]

    look(world, doubts, {delivery: Listed(("SM1",))})
    assert [d.finding for d in doubts.listed()] == [Finding.NOT_YET]
    look(world, doubts, {delivery: Listed(("SM2", "SM1"))}, all_=True)
    assert world.delivery(delivery).provider_id == "SM2"


def test_one_message_is_no_proof_for_two_that_say_the_same_to_the_same_address(
    world: World, doubts: SqlDoubts
) -> None:
    one, other = world.customers(2, channels=())
    for customer in (one, other):
        world.address(customer, Channel.SMS, "+34600000001")
        world.standing(customer, Channel.SMS, granted=True)
    _, batch = world.sending([one, other], channel=Channel.SMS)
    world.settle(batch, DROPPED)
    ids = [i.delivery_id for i in batch.items]
    for number in ids:  # the same words, as where nothing in them is the customer's own
        world.execute(
            update(schema.messages)
            .where(schema.messages.c.delivery_id == number)
            .values(hash="same", slot_values='{"name": "you"}')
        )
    look(world, doubts, {number: Listed(("SM1",)) for number in ids})
    assert [d.finding for d in doubts.listed()] == [Finding.SEVERAL] * 2
    assert world.sent() == []


def test_looking_again_waits_longer_each_time_and_a_person_need_not_wait(
    world: World, doubts: SqlDoubts
) -> None:
    doubted(world)
    asked, now = [], NOW
    for minute in (0, 1, 5, 6, 20, 21, 80, 81, 440, 441, 1160, 1161, 1440):
        now = NOW + timedelta(minutes=minute)
        _, listed = look(world, doubts, {}, now=now)
        asked += [minute] * len(listed.asked)
    assert asked == [0, 1, 6, 21, 81, 441, 1161]
    _, listed = look(world, doubts, {}, now=now, all_=True)
    assert len(listed.asked) == 1
    _, listed = look(world, doubts, {}, now=NOW + timedelta(days=31))
    assert len(listed.asked) == 1
    _, listed = look(world, doubts, {}, now=NOW + timedelta(days=90))
    assert listed.asked == []


def test_a_provider_that_could_not_be_asked_is_asked_again_soon(
    world: World, doubts: SqlDoubts
) -> None:
    (delivery,) = doubted(world)
    look(world, doubts, {delivery: NoAnswer("it could not be reached")}, now=NOW)
    _, early = look(world, doubts, {}, now=NOW + timedelta(minutes=14))
    _, later = look(world, doubts, {}, now=NOW + timedelta(minutes=15))
    assert (len(early.asked), len(later.asked)) == (0, 1)


# A person decides ---------------------------------------------------------------------------


def decide(resolving: SqlResolving, delivery: int, verdict: Verdict) -> str:
    return resolving.resolve(delivery, verdict, by="Ana Puig", why="she told us", now=NOW + HOUR)


def test_sent_is_accepted_with_who_and_why(
    world: World, doubts: SqlDoubts, resolving: SqlResolving, database: Database
) -> None:
    (delivery,) = doubted(world)
    assert decide(resolving, delivery, Verdict.SENT) == "spring_sale"
    assert world.delivery(delivery).state == S.ACCEPTED
    assert world.sent() == [delivery]
    assert doubts.listed() == []
    (entry,) = SqlAudit(database).entries(f"delivery:{delivery}")
    assert (entry.actor, entry.action, entry.why) == ("Ana Puig", Action.RESOLVED, "she told us")
    assert entry.data == {"as": "sent", "before": "twilio:interrupted: no complete answer in time"}


def test_resend_is_pending_again_in_a_finished_run_that_is_opened_again(
    world: World, resolving: SqlResolving
) -> None:
    (delivery,) = doubted(world)
    run_id = world.delivery(delivery).run_id
    world.runs.move(run_id, RunState.FINISHED, now=NOW)
    decide(resolving, delivery, Verdict.RESEND)
    run = world.runs.get(run_id)
    assert (world.delivery(delivery).state, run.state) == (S.PENDING, RunState.RUNNING)
    batch = world.claim(run, now=NOW + HOUR)
    assert world.intend(batch, now=NOW + HOUR) == {delivery}


def test_permission_is_checked_again_before_it_is_sent_again(
    world: World, resolving: SqlResolving
) -> None:
    customer = world.customer()
    run, batch = world.sending([customer])
    world.settle(batch, DROPPED)
    decide(resolving, batch.items[0].delivery_id, Verdict.RESEND)
    world.standing(customer, Channel.EMAIL, granted=False, at=NOW + HOUR)
    again = world.claim(run, now=NOW + HOUR)
    assert world.intend(again, now=NOW + HOUR) == set()
    assert world.states(run) == [S.SUPPRESSED]


def test_nothing_is_decided_twice_or_where_there_is_no_doubt(
    world: World, resolving: SqlResolving, database: Database
) -> None:
    (delivery,) = doubted(world)
    decide(resolving, delivery, Verdict.SENT)
    for verdict in Verdict:
        with pytest.raises(UserError, match="is accepted: only a message in doubt"):
            decide(resolving, delivery, verdict)
    with pytest.raises(NotFoundError):
        decide(resolving, delivery + 1_000, Verdict.SENT)
    assert len(SqlAudit(database).entries()) == 1


def test_resend_says_no_while_another_run_of_the_campaign_is_under_way(
    world: World, resolving: SqlResolving, database: Database
) -> None:
    (delivery,) = doubted(world)
    world.runs.move(world.delivery(delivery).run_id, RunState.FINISHED, now=NOW)
    world.started()
    with pytest.raises(UserError, match="another run of its campaign is under way"):
        decide(resolving, delivery, Verdict.RESEND)
    assert world.delivery(delivery).state == S.IN_DOUBT
    assert SqlAudit(database).entries() == []


def test_resend_says_no_after_the_offer(world: World, resolving: SqlResolving) -> None:
    (delivery,) = doubted(world, of=release(expires_at=NOW + timedelta(minutes=30)))
    with pytest.raises(UserError, match="its offer ended"):
        decide(resolving, delivery, Verdict.RESEND)


def test_evidence_that_comes_before_the_second_message_left_keeps_it_from_leaving(
    world: World, doubts: SqlDoubts, resolving: SqlResolving
) -> None:
    (delivery,) = doubted(world)
    decide(resolving, delivery, Verdict.RESEND)
    done, _ = look(world, doubts, {delivery: Listed(("SM1",))}, now=NOW + 2 * HOUR)
    assert done.resolved == 1
    assert (world.delivery(delivery).state, world.delivery(delivery).attempts) == (S.ACCEPTED, 1)
    assert world.sent() == [delivery]


def test_evidence_for_the_first_message_after_the_second_left_is_told_as_what_it_is(
    world: World, doubts: SqlDoubts, resolving: SqlResolving, database: Database
) -> None:
    (delivery,) = doubted(world)
    decide(resolving, delivery, Verdict.RESEND)
    batch = world.claim(world.runs.get(world.delivery(delivery).run_id), now=NOW + HOUR)
    world.intend(batch, now=NOW + HOUR)
    world.settle(batch, Accepted("SM2"), now=NOW + HOUR)

    look(world, doubts, {delivery: Listed(("SM2",))}, now=NOW + 2 * HOUR)
    assert world.delivery(delivery).provider_id == "SM2"
    done, _ = look(world, doubts, {delivery: Listed(("SM2", "SM1"))}, now=NOW + 3 * HOUR)

    assert done.findings == {Finding.TWICE: 1}
    told = SqlAudit(database).entries(f"delivery:{delivery}")[0]
    assert (told.action, told.actor) == (Action.CONFLICTED, "campaigns")
    assert told.data == {"provider_id": "SM1"}
    assert world.sent() == [delivery]
    again, _ = look(world, doubts, {delivery: Listed(("SM2", "SM1"))}, all_=True)
    assert again.findings == {}


def test_what_a_look_showed_is_kept_even_of_a_delivery_of_before(
    world: World, doubts: SqlDoubts
) -> None:
    """Rows that fell in doubt before that moment was kept have their run's start."""
    (delivery,) = doubted(world)
    world.set_delivery(delivery, settled_at=None)
    (doubt,) = doubts.listed()
    assert doubt.fell == NOW
    doubts.record([(doubt, Judgement(Finding.NOT_YET, "not there"))], now=NOW)
    (row,) = world.rows(select(schema.doubts))
    assert (row.looks, row.looked_at, row.told) == (1, to_ms(NOW), "not there")


def test_the_doubts_of_many_are_looked_for_in_one_call(world: World, doubts: SqlDoubts) -> None:
    ids = doubted(world, 300)
    world.execute(
        insert(schema.doubts).values(delivery_id=ids[0], looks=1, next_look_at=to_ms(NOW + HOUR))
    )
    done, listed = look(world, doubts, {i: Listed((f"SM{i}",)) for i in ids})
    assert done.resolved == len(listed.asked) == 299
