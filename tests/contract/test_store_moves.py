"""Every statement moves deliveries only along domain.delivery.TRANSITIONS, from every state."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Update, update

from campaigns.domain.batch import Batch
from campaigns.domain.channel import Channel
from campaigns.domain.delivery import (
    TRANSITIONS,
    Accepted,
    DeliveryState,
    NotSent,
    Refused,
    Rejected,
    Unknown,
)
from campaigns.domain.run import Run, RunState
from campaigns.store import schema
from campaigns.store.clock import to_ms
from campaigns.store.intending import KEPT_BACK
from tests.contract.store_world import LEASE, LIMITS, NOW, World

S = DeliveryState
AFTER = NOW + LEASE + timedelta(seconds=1)


def _run(run: Run) -> Update:
    return update(schema.runs).where(schema.runs.c.id == run.id)


def _claim(world: World, run: Run, batch: Batch) -> None:
    world.outbox.claim(run.id, 0, owner="other", limits=LIMITS, now=NOW, lease=LEASE)


def _intend(world: World, run: Run, batch: Batch) -> None:
    world.intend(batch)


def _intend_paused(world: World, run: Run, batch: Batch) -> None:
    world.execute(_run(run).values(state=RunState.PAUSED))
    world.intend(batch)


def _intend_cancelled(world: World, run: Run, batch: Batch) -> None:
    world.execute(_run(run).values(state=RunState.CANCELLED))
    world.intend(batch)


def _intend_expired(world: World, run: Run, batch: Batch) -> None:
    world.execute(_run(run).values(expires_at=to_ms(NOW)))
    world.intend(batch)


def _intend_opted_out(world: World, run: Run, batch: Batch) -> None:
    world.standing(batch.items[0].customer_id, Channel.EMAIL, granted=False, at=NOW)
    world.intend(batch)


def _accept(world: World, run: Run, batch: Batch) -> None:
    world.settle(batch, Accepted("id"))


def _reject(world: World, run: Run, batch: Batch) -> None:
    world.settle(batch, Rejected("400", "no", invalid_address=True, opted_out=True))


def _not_sent(world: World, run: Run, batch: Batch) -> None:
    world.settle(batch, NotSent("429", "wait", NOW))


def _refuse(world: World, run: Run, batch: Batch) -> None:
    world.settle(batch, Refused("401", "key"))


def _unknown(world: World, run: Run, batch: Batch) -> None:
    world.settle(batch, Unknown("timeout", "?"))


def _sweep(world: World, run: Run, batch: Batch) -> None:
    world.outbox.sweep(now=AFTER)


def _sweep_cancelled(world: World, run: Run, batch: Batch) -> None:
    world.execute(_run(run).values(state=RunState.CANCELLED))
    world.outbox.sweep(now=NOW)


def _sweep_expired(world: World, run: Run, batch: Batch) -> None:
    world.execute(_run(run).values(expires_at=to_ms(NOW)))
    world.outbox.sweep(now=NOW)


def _cancel_run(world: World, run: Run, batch: Batch) -> None:
    world.runs.move(run.id, RunState.CANCELLED, now=NOW)


def _plan_again(world: World, run: Run, batch: Batch) -> None:
    world.execute(_run(run).values(state=RunState.FINISHED))
    later = world.planned([batch.items[0].customer_id])
    world.execute(_run(later).values(state=RunState.FINISHED))


def _plan_again_kept_back(world: World, run: Run, batch: Batch) -> None:
    world.execute(update(schema.deliveries).values(outcome=KEPT_BACK[0]))
    _plan_again(world, run, batch)


#: What each statement is for: the moves it makes, with the batch that holds the row. All others
#: it leaves alone.
MOVES: dict[Callable[[World, Run, Batch], None], dict[S, S]] = {
    _claim: {S.PENDING: S.CLAIMED},
    _intend: {S.CLAIMED: S.SENDING},
    _intend_paused: {S.CLAIMED: S.PENDING},
    _intend_cancelled: {S.CLAIMED: S.CANCELLED},
    _intend_expired: {S.CLAIMED: S.EXPIRED},
    _intend_opted_out: {S.CLAIMED: S.SUPPRESSED},
    _accept: dict.fromkeys(S, S.ACCEPTED),
    _reject: dict.fromkeys((S.CLAIMED, S.SENDING, S.IN_DOUBT), S.REJECTED),
    _not_sent: dict.fromkeys((S.CLAIMED, S.SENDING, S.IN_DOUBT), S.PENDING),
    _refuse: dict.fromkeys((S.CLAIMED, S.SENDING, S.IN_DOUBT), S.PENDING),
    _unknown: {S.SENDING: S.IN_DOUBT},
    _sweep: {S.CLAIMED: S.PENDING, S.SENDING: S.IN_DOUBT},
    _sweep_cancelled: {S.PENDING: S.CANCELLED},
    _sweep_expired: {S.PENDING: S.EXPIRED},
    _cancel_run: {S.PENDING: S.CANCELLED},
    _plan_again: {S.CANCELLED: S.PENDING, S.EXPIRED: S.PENDING},
    _plan_again_kept_back: dict.fromkeys((S.CANCELLED, S.EXPIRED, S.SUPPRESSED), S.PENDING),
}


def test_the_table_of_moves_keeps_to_the_transitions() -> None:
    for moves in MOVES.values():
        for source, target in moves.items():
            assert source is target or target in TRANSITIONS[source]


def test_every_transition_but_the_operators_has_its_statement() -> None:
    made = {(s, t) for moves in MOVES.values() for s, t in moves.items() if s is not t}
    allowed = {(s, t) for s, targets in TRANSITIONS.items() for t in targets}
    assert allowed - made == set()


@pytest.mark.parametrize("statement", MOVES, ids=lambda f: f.__name__.strip("_"))
def test_a_statement_makes_its_moves_and_no_others(
    world: World, statement: Callable[[World, Run, Batch], None]
) -> None:
    """The row is in its state in the hands of the batch that speaks."""
    found = {}
    for state in S:
        run, batch, delivery_id = _in_state(world, state)
        statement(world, run, batch)
        found[state] = S(world.delivery(delivery_id).state)
        world.execute(_run(run).values(state=RunState.FINISHED))
    assert found == {state: MOVES[statement].get(state, state) for state in S}


@pytest.mark.parametrize(
    "statement",
    [_intend, _intend_cancelled, _reject, _not_sent, _refuse, _unknown],
    ids=lambda f: f.__name__.strip("_"),
)
def test_without_the_fence_a_statement_moves_nothing(
    world: World, statement: Callable[[World, Run, Batch], None]
) -> None:
    """The row has been claimed by a newer batch since."""
    for state in S:
        run, batch, delivery_id = _in_state(world, state)
        world.set_delivery(delivery_id, batch_id=batch.id + 1_000)
        statement(world, run, batch)
        assert world.delivery(delivery_id).state == state
        world.execute(_run(run).values(state=RunState.FINISHED))


def _in_state(world: World, state: S) -> tuple[Run, Batch, int]:
    """A fresh run whose only delivery is in this state, as the batch that claimed it left it."""
    run = world.planned([world.customer()])
    batch = world.claim(run)
    (item,) = batch.items
    if state is not S.CLAIMED:
        world.set_delivery(item.delivery_id, state=state)
    return run, batch, item.delivery_id
