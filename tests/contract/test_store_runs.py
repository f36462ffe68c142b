"""Runs: one active per campaign, states along the table, shards of even size."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise

import pytest
from pydantic import TypeAdapter
from sqlalchemy import delete

from campaigns.domain.audience import Audience
from campaigns.domain.delivery import DeliveryState
from campaigns.domain.run import TRANSITIONS, RunState
from campaigns.errors import NotFoundError
from campaigns.store import schema
from tests.contract.store_world import NOW, World, release


def _start(world: World, **kwargs: object) -> tuple[object, bool]:
    return world.runs.start(
        release(**kwargs),
        now=NOW,
        shard_size=10,
        limit=None,  # type: ignore[arg-type]
    )


def test_a_run_remembers_what_it_was_started_with(world: World) -> None:
    made = release(expires_at=NOW + timedelta(days=2), edition="2027-03")
    run, resumed = world.runs.start(made, now=NOW, shard_size=10, limit=7)
    assert not resumed
    assert world.runs.get(run.id) == run
    assert (run.campaign, run.edition, run.release_hash) == ("spring_sale", "2027-03", made.hash)
    assert (run.state, run.limit, run.started_at) == (RunState.PLANNING, 7, NOW)
    assert (run.purpose, run.topic) == (made.policy.purpose, made.policy.topic)
    assert run.expires_at == NOW + timedelta(days=2)
    assert run.finished_at is None


def test_a_campaign_has_one_active_run(world: World) -> None:
    first, _ = _start(world)
    assert _start(world) == (first, True)


def test_an_active_run_is_resumed_even_when_the_files_have_changed(world: World) -> None:
    first, _ = _start(world)
    assert _start(world, expires_at=NOW) == (first, True)


def test_another_edition_is_another_run(world: World) -> None:
    first, _ = _start(world)
    other, resumed = _start(world, edition="2027-04")
    assert not resumed
    assert other != first


@pytest.mark.parametrize("end", [RunState.FINISHED, RunState.CANCELLED, RunState.STOPPED])
def test_after_its_end_a_campaign_may_run_again(world: World, end: RunState) -> None:
    first = world.started()
    assert world.runs.move(first.id, end, now=NOW)
    second, resumed = world.runs.start(release(), now=NOW, shard_size=10, limit=None)
    assert not resumed
    assert second.id != first.id
    assert world.runs.latest("spring_sale") == second


def test_starts_at_the_same_moment_make_one_run(world: World) -> None:
    world.customer()
    with ThreadPoolExecutor(6) as threads:
        started = list(threads.map(lambda _: _start(world), range(6)))
    assert len({run for run, _ in started}) == 1
    assert sorted(resumed for _, resumed in started) == [False] + [True] * 5


def test_states_move_along_the_table_only(world: World) -> None:
    for source in RunState:
        for target in RunState:
            world.execute(delete(schema.shards), delete(schema.runs))
            run = world.started(running=False)
            world.execute(
                schema.runs.update().where(schema.runs.c.id == run.id).values(state=source)
            )
            assert world.runs.move(run.id, target, now=NOW) == (target in TRANSITIONS[source])
            expected = target if target in TRANSITIONS[source] else source
            assert world.runs.get(run.id).state is expected


def test_a_stop_says_when_and_why(world: World) -> None:
    run = world.started()
    later = NOW + timedelta(minutes=5)
    world.runs.move(run.id, RunState.STOPPED, now=later, because="wrong key")
    stopped = world.runs.get(run.id)
    assert (stopped.stopped_because, stopped.finished_at) == ("wrong key", later)


def test_going_on_after_a_pause_forgets_why_it_paused(world: World) -> None:
    run = world.started()
    world.runs.move(run.id, RunState.PAUSED, now=NOW, because="no connection")
    assert world.runs.get(run.id).stopped_because == "no connection"
    world.runs.move(run.id, RunState.RUNNING, now=NOW)
    assert world.runs.get(run.id).stopped_because is None


@pytest.mark.parametrize("end", [RunState.STOPPED, RunState.CANCELLED])
def test_what_an_ended_run_left_unsent_the_next_run_plans_again(
    world: World, end: RunState
) -> None:
    old = world.planned(world.customers(2))
    batch = world.claim(old)
    world.intend(batch)
    unsent, left = (item.delivery_id for item in batch.items)
    world.set_delivery(unsent, state="pending", batch_id=None)
    world.runs.move(old.id, end, now=NOW)
    new = world.planned([world.delivery(n).customer_id for n in (unsent, left)])
    assert (world.delivery(unsent).run_id, world.delivery(unsent).state) == (new.id, "pending")
    assert (world.delivery(left).run_id, world.delivery(left).state) == (old.id, "sending")
    assert world.delivery(unsent).outcome is None


def test_cancelling_ends_what_is_pending_and_leaves_what_may_have_left(world: World) -> None:
    run = world.planned(world.customers(2))
    batch = world.claim(run)
    world.intend(batch)
    pending = batch.items[0].delivery_id
    world.set_delivery(pending, state="pending")
    world.runs.move(run.id, RunState.CANCELLED, now=NOW)
    assert world.states(run) == [DeliveryState.CANCELLED, DeliveryState.SENDING]
    assert world.delivery(pending).outcome == "the run was cancelled or stopped"


def test_shards_hold_the_same_number_however_sparse_the_audience_is(world: World) -> None:
    customers = [world.customer(country="ES" if n % 3 == 0 else "US") for n in range(60)]
    audience: Audience = TypeAdapter(Audience).validate_python({"country": {"eq": "ES"}})
    run, _ = world.runs.start(release(audience=audience), now=NOW, shard_size=8, limit=None)
    shards = world.runs.shards(run.id)
    matching = [c for n, c in enumerate(customers) if n % 3 == 0]
    held = [[c for c in matching if s.first_customer <= c <= s.last_customer] for s in shards]
    assert [s.no for s in shards] == [0, 1, 2]
    assert [len(h) for h in held] == [8, 8, 4]
    assert all(a.last_customer + 1 == b.first_customer for a, b in pairwise(shards))
    assert all(s.planned_at is None for s in shards)


def test_nobody_gives_no_shards(world: World) -> None:
    run, _ = world.runs.start(release(), now=NOW, shard_size=10, limit=None)
    assert world.runs.shards(run.id) == []


def test_the_latest_run_is_the_newest_of_its_campaign(world: World) -> None:
    assert world.runs.latest() is None
    spring = world.started(release("spring_sale"))
    summer = world.started(release("summer_sale"))
    assert world.runs.latest() == summer
    assert world.runs.latest("spring_sale") == spring
    assert world.runs.latest("autumn_sale") is None


def test_a_run_that_is_not_there_is_named(world: World) -> None:
    with pytest.raises(NotFoundError, match="no run 41"):
        world.runs.get(41)
