"""What became of a run's people, counted by arm, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import insert, update

from campaigns.domain.channel import Channel
from campaigns.domain.interaction import InteractionKind
from campaigns.domain.plan import PlannedDelivery, PlannedSkip
from campaigns.store import schema
from campaigns.store.clock import to_ms
from campaigns.store.outcomes import Cell, SqlOutcomes
from tests.contract.store_world import NOW, World, release

DAY = timedelta(days=1)


def did(world: World, customer: int, kind: str, *, after: timedelta = DAY, **more: object) -> None:
    world.execute(
        insert(schema.interactions).values(
            customer_id=customer, at=to_ms(NOW + after), kind=kind, **more
        )
    )


def run_of(world: World, reasons: dict[int, str], held: list[int]) -> int:
    """A run whose deliveries have these reasons; the rest is held out."""
    made = release()
    run = world.started(made)
    (shard,) = world.runs.shards(run.id)
    skeleton = made.skeleton(Channel.EMAIL, "en_GB").hash
    world.planning.write_plan(
        run,
        shard,
        [PlannedDelivery(c, Channel.EMAIL, skeleton, reason) for c, reason in reasons.items()],
        [PlannedSkip(c, "holdout") for c in held],
        already=0,
        now=NOW,
    )
    return run.id


def cells(world: World, run: int, goal: InteractionKind) -> dict[str, Cell]:
    found = SqlOutcomes(world.database).of_run(run, goal, since=NOW, within=7 * DAY)
    return {cell.arm: cell for cell in found}


def test_everyone_planned_or_held_out_counts_once_by_arm(world: World) -> None:
    a, b, c, d = world.customers(4)
    run = run_of(
        world,
        {
            a: "learnt:sms 2/3 replied,email 0/2@preferred",
            b: "experiment@default",
            c: "learnt:sms 2/3 replied,email 0/2",
        },
        [d],
    )
    found = cells(world, run, InteractionKind.PURCHASED)
    assert {arm: cell.people for arm, cell in found.items()} == {
        "preferred": 1,
        "default": 1,
        "": 1,
        "holdout": 1,
    }
    assert found["holdout"].skeleton_id is None


def test_amounts_are_summed_per_person_before_they_are_squared(world: World) -> None:
    a, b = world.customers(2)
    run = run_of(world, {a: "campaign_order", b: "campaign_order"}, [])
    for amount in (10.0, 20.5):
        did(world, a, "purchased", data={"amount": amount})
    did(world, b, "purchased", data={"shop": "Main Street"})
    (cell,) = cells(world, run, InteractionKind.PURCHASED).values()
    assert (cell.people, cell.reached) == (2, 2)
    assert cell.sums == pytest.approx((30.5, 30.5**2, 30.5**3))


def test_only_what_came_after_and_in_time_counts(world: World) -> None:
    (a,) = world.customers(1)
    run = run_of(world, {a: "campaign_order"}, [])
    did(world, a, "purchased", after=-DAY, data={"amount": 5})
    did(world, a, "purchased", after=8 * DAY, data={"amount": 5})
    (cell,) = cells(world, run, InteractionKind.PURCHASED).values()
    assert (cell.reached, cell.sums[0]) == (0, 0)


def test_clicks_of_machines_do_not_count(world: World) -> None:
    a, b, c = world.customers(3)
    run = run_of(world, dict.fromkeys((a, b, c), "campaign_order"), [])
    did(world, a, "clicked", agent="human")
    did(world, b, "clicked", agent="machine")
    did(world, c, "clicked", agent="suspect")
    (cell,) = cells(world, run, InteractionKind.CLICKED).values()
    assert cell.reached == 1


def test_a_fallback_counts_its_customer_once(world: World) -> None:
    (a,) = world.customers(1)
    run = run_of(world, {a: "campaign_order"}, [])
    d = schema.deliveries
    world.execute(update(d).values(replaced=True))
    world.execute(
        insert(d).values(
            campaign_id=1, customer_id=a, run_id=run, shard=0, channel="sms", skeleton_id=1,
            reason="fallback", state="pending", hop=1,
        )
    )  # fmt: skip
    assert sum(c.people for c in cells(world, run, InteractionKind.PURCHASED).values()) == 1
