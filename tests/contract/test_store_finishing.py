"""A run that has finished leaves nobody waiting; on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest

from campaigns.domain.delivery import DeliveryState, NotSent
from campaigns.domain.run import RunState
from campaigns.store.engine import Database
from tests.contract.store_world import LEASE, NOW, World, release

S = DeliveryState
LATER = NOW + LEASE + timedelta(seconds=1)


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


def given_back_after_the_end(world: World) -> tuple[int, int]:
    """A worker was stopped beyond its lease; its run finished, with the message in doubt; then the
    worker woke and said that nothing had left. The run and the delivery."""
    run, batch = world.sending([world.customer()])
    world.outbox.sweep(now=LATER)
    assert world.runs.move(run.id, RunState.FINISHED, now=LATER)
    world.settle(batch, NotSent("late", "the worker was stopped too long", LATER), now=LATER)
    assert world.states(run) == [S.PENDING]
    return run.id, batch.items[0].delivery_id


def test_a_run_that_something_comes_back_to_after_its_end_is_opened_again(world: World) -> None:
    run_id, _ = given_back_after_the_end(world)
    world.outbox.sweep(now=LATER)
    run = world.runs.get(run_id)
    assert run.state is RunState.RUNNING
    assert [due.id for due in world.runs.due(now=LATER)] == [run_id]
    assert len(world.intend(world.claim(run, now=LATER), now=LATER)) == 1


def test_what_comes_back_while_another_run_is_under_way_belongs_to_the_next(world: World) -> None:
    run_id, delivery = given_back_after_the_end(world)
    other = world.started()
    assert world.outbox.sweep(now=LATER) == {S.CANCELLED: 1}
    assert world.runs.get(run_id).state is RunState.FINISHED
    assert world.runs.get(other.id).state is RunState.RUNNING
    assert world.delivery(delivery).outcome == "given back after the run had finished"


def test_of_two_finished_runs_of_a_campaign_the_newest_is_opened_again(world: World) -> None:
    first, older = given_back_after_the_end(world)
    second, _ = given_back_after_the_end(world)
    world.outbox.sweep(now=LATER)
    states = [world.runs.get(run_id).state for run_id in (first, second)]
    assert states == [RunState.FINISHED, RunState.RUNNING]
    assert world.delivery(older).state == S.CANCELLED


def test_what_comes_back_after_the_offer_expires_and_opens_nothing(world: World) -> None:
    brief = release(expires_at=LATER)
    run, batch = world.sending([world.customer()], of=brief)
    world.outbox.sweep(now=LATER)
    world.runs.move(run.id, RunState.FINISHED, now=LATER)
    world.settle(batch, NotSent("late", "the worker was stopped too long", LATER), now=LATER)
    assert world.outbox.sweep(now=LATER) == {S.EXPIRED: 1}
    assert world.runs.get(run.id).state is RunState.FINISHED


def test_a_run_does_not_finish_with_something_left_to_send(world: World) -> None:
    run = world.planned([world.customer()])
    assert not world.runs.move(run.id, RunState.FINISHED, now=NOW)
    assert world.runs.get(run.id).state is RunState.RUNNING
