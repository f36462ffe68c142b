"""What a run's report counts: last touch, people once, people and programs apart."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import insert, update

from campaigns.domain.channel import Channel
from campaigns.domain.delivery import Accepted
from campaigns.domain.figures import ALL, Answers, Asked
from campaigns.domain.plan import PlannedDelivery
from campaigns.domain.run import Run, RunState
from campaigns.store import schema
from campaigns.store.accounts import SqlAccounts
from campaigns.store.clock import to_ms
from tests.contract.store_world import NOW, World, release

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def sent(
    world: World, customers: list[int], campaign: str, *, after: timedelta = timedelta()
) -> Run:
    """A run that all of them got."""
    run, batch = world.sending(customers, of=release(campaign))
    world.settle(batch, Accepted(None), now=NOW + after)
    world.runs.move(run.id, RunState.FINISHED, now=NOW + after)
    return run


def did(world: World, customer: int, kind: str, *, after: timedelta = HOUR, **more: object) -> None:
    world.execute(
        insert(schema.interactions).values(
            customer_id=customer, at=to_ms(NOW + after), kind=kind, **more
        )
    )


def delivery_of(world: World, run: Run, customer: int) -> int:
    d = schema.deliveries.c
    (row,) = world.rows(
        schema.deliveries.select().where(d.run_id == run.id, d.customer_id == customer)
    )
    found: int = row.id
    return found


def asked(world: World, run: Run, goal: str = "purchased") -> Answers:
    question = Asked(run.id, NOW, goal, 7 * DAY, HOUR)
    return SqlAccounts(world.database).answers(run, question)[0]


def bought(answers: Answers, channel: str = ALL) -> tuple[float, float, float]:
    told = [answers.number("conversions", channel, column=c) for c in ("people", "times", "amount")]
    return told[0], told[1], told[2]


def test_a_purchase_belongs_to_the_last_message_before_it_whatever_campaign(world: World) -> None:
    a, b = world.customers(2)
    first = sent(world, [a, b], "spring_sale")
    second = sent(world, [a], "shop_moves", after=2 * HOUR)
    did(world, a, "purchased", after=HOUR, data={"amount": 10.5})
    did(world, a, "purchased", after=3 * HOUR, data={"amount": 20})
    did(world, b, "purchased", after=3 * HOUR, data={"amount": 4})
    assert bought(asked(world, first)) == (2, 2, 14.5)
    assert bought(asked(world, first), "email") == (2, 2, 14.5)
    assert bought(asked(world, second)) == (1, 1, 20)


def test_a_purchase_too_long_after_the_message_is_not_its_doing(world: World) -> None:
    a, b = world.customers(2)
    run = sent(world, [a, b], "spring_sale")
    did(world, a, "purchased", after=7 * DAY + HOUR)
    did(world, b, "purchased", after=-HOUR)
    assert bought(asked(world, run)) == (0, 0, 0)


def test_somebody_who_buys_twice_is_one_person_and_two_purchases(world: World) -> None:
    (a,) = world.customers(1)
    run = sent(world, [a], "spring_sale")
    for hours in (1, 2):
        did(world, a, "purchased", after=hours * HOUR, data={"amount": 1})
    assert bought(asked(world, run)) == (1, 2, 2)


def test_a_click_on_an_older_message_is_not_a_goal_of_the_newer_one(world: World) -> None:
    (a,) = world.customers(1)
    first = sent(world, [a], "spring_sale")
    second = sent(world, [a], "shop_moves", after=2 * HOUR)
    old = delivery_of(world, first, a)
    did(world, a, "clicked", after=3 * HOUR, delivery_id=old, agent="human")
    assert asked(world, first, "clicked").number("conversions", ALL, column="people") == 1
    assert asked(world, second, "clicked").number("conversions", ALL, column="people") == 0


def test_clicks_of_people_programs_and_unknown_are_told_apart(world: World) -> None:
    a, b = world.customers(2)
    run = sent(world, [a, b], "spring_sale")
    for agent, times in (("human", 2), ("machine", 3), ("suspect", 1)):
        for n in range(times):
            did(world, a, "clicked", after=(1 + n) * HOUR,
                delivery_id=delivery_of(world, run, a), agent=agent)  # fmt: skip
    told = asked(world, run)
    assert told.number("reactions", "email", "clicked", "human", column="people") == 1
    assert [
        told.number("reactions", ALL, "clicked", agent, column="times")
        for agent in ("human", "machine", "suspect")
    ] == [2, 3, 1]


def test_an_opt_out_without_a_message_belongs_to_the_last_one(world: World) -> None:
    a, b = world.customers(2)
    run = sent(world, [a, b], "spring_sale")
    did(world, a, "unsubscribed")
    did(world, a, "complained", delivery_id=delivery_of(world, run, a))
    did(world, b, "unsubscribed", after=-HOUR)
    assert asked(world, run).number("left", column="people") == 1


def test_a_customer_who_was_reached_by_a_fallback_counts_once_there(world: World) -> None:
    (a,) = world.customers(1)
    run = sent(world, [a], "spring_sale")
    d = schema.deliveries
    world.execute(update(d).values(replaced=True, provider_state="bounced"))
    world.execute(
        insert(d).values(
            campaign_id=1, customer_id=a, run_id=run.id, shard=0, channel="sms", skeleton_id=1,
            reason="fallback|email=bounced", state="accepted", provider_state="delivered", hop=1,
        )
    )  # fmt: skip
    told = asked(world, run)
    assert told.number("funnel", ALL, column="sent") == 1
    assert told.number("funnel", "sms", column="delivered") == 1
    assert told.number("funnel", "email", column="sent") == 0
    assert told.number("paid", "email", "", column="messages") == 1  # it left: it is paid for
    assert told.number("fallbacks", "sms", "fallback|email=bounced", column="messages") == 1


def test_who_had_two_steps_on_two_channels_is_one_person(world: World) -> None:
    (a,) = world.customers(1)
    run = sent(world, [a], "spring_sale")
    world.execute(
        insert(schema.deliveries).values(
            campaign_id=1, step=1, customer_id=a, run_id=run.id, shard=0, channel="sms",
            skeleton_id=1, reason="campaign_order", state="accepted",
        )
    )  # fmt: skip
    told = asked(world, run)
    assert told.number("funnel", ALL, column="sent") == 1
    assert told.number("funnel", ALL, column="messages") == 2
    assert told.number("funnel", "sms", column="sent") == 1


def test_the_same_seed_takes_the_same_messages_and_another_takes_others(world: World) -> None:
    run = sent(world, world.customers(40), "spring_sale")
    accounts = SqlAccounts(world.database)

    def taken(seed: int) -> list[int]:
        return [m.delivery_id for m in accounts.sample(run.id, 10, seed)]

    assert taken(1) == taken(1)
    assert len({*taken(1)}) == 10
    assert sorted(taken(1)) != sorted(taken(2))
    assert max(taken(1)) - min(taken(1)) > 15  # from everywhere


def test_earlier_runs_are_those_of_the_same_campaign(world: World) -> None:
    a, b = world.customers(2)
    first = sent(world, [a], "spring_sale")
    sent(world, [a], "shop_moves")
    run, _ = world.sending([b], of=release("spring_sale"))
    assert SqlAccounts(world.database).before(run, 5) == [first.id]
    told = SqlAccounts(world.database).brief(first, Asked(first.id, NOW, "", 7 * DAY, HOUR))
    assert told.number(f"funnel@{first.id}", ALL, column="sent") == 1


def test_without_a_goal_nothing_is_asked_about_one(world: World) -> None:
    run = world.planned(world.customers(1))
    told = asked(world, run, "")
    assert not {"conversions", "arms"} & set(told.by_name)
    assert told.number("conversions", ALL, column="people") == 0


def test_a_plan_that_has_not_begun_is_counted_as_planned_only(world: World) -> None:
    (a,) = world.customers(1)
    run = world.started()
    (shard,) = world.runs.shards(run.id)
    wanted = release().skeleton(Channel.EMAIL, "en_GB").hash
    plan = [PlannedDelivery(a, Channel.EMAIL, wanted, "campaign_order")]
    world.planning.write_plan(run, shard, plan, [], already=3, now=NOW)
    told = asked(world, run)
    assert told.number("audience", column="people") == 4
    assert told.number("audience", column="already") == 3
    assert told.number("funnel", ALL, column="planned") == 1
    assert told.number("funnel", ALL, column="sent") == 0
