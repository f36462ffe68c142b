"""Pauses, holds and ends in the audit trail; and what is told of a run at any moment."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import insert, select, text, update

from campaigns.domain.audit import Action, AuditEntry, run_subject
from campaigns.domain.channel import Channel
from campaigns.domain.delivery import Accepted, DeliveryState, NotSent, Rejected, Unknown
from campaigns.domain.run import RunState
from campaigns.services.progress import progress
from campaigns.store import schema
from campaigns.store.audit import SqlAudit
from campaigns.store.clock import to_ms
from campaigns.store.engine import Database
from campaigns.store.figures import SqlFigures
from tests.contract.store_world import LEASE, NOW, World, release

LATER = NOW + timedelta(hours=2)


@pytest.fixture
def trail(database: Database) -> SqlAudit:
    return SqlAudit(database)


@pytest.mark.parametrize(
    ("to", "action"),
    [
        (RunState.PAUSED, Action.PAUSED),
        (RunState.CANCELLED, Action.CANCELLED),
        (RunState.STOPPED, Action.STOPPED),
    ],
)
def test_who_ends_or_pauses_a_run_and_why_is_in_the_trail(
    world: World, trail: SqlAudit, to: RunState, action: Action
) -> None:
    run = world.started()

    assert world.runs.move(run.id, to, now=NOW, because="wrong price", by="ana")
    assert not world.runs.move(run.id, to, now=NOW, because="again", by="bob")

    (entry,) = trail.entries(run_subject(run.id))
    assert (entry.actor, entry.action, entry.why, entry.at) == ("ana", action, "wrong price", NOW)


def test_a_run_paused_by_a_person_gets_running_only_after_somebody_resumes_it(
    world: World, trail: SqlAudit
) -> None:
    run = world.started()
    world.runs.move(run.id, RunState.PAUSED, now=NOW, by="ana")

    assert not world.runs.move(run.id, RunState.RUNNING, now=NOW)
    trail.append(AuditEntry(NOW, "bob", Action.RESUMED, run_subject(run.id)))
    assert world.runs.move(run.id, RunState.RUNNING, now=NOW)


def test_a_run_held_by_the_engine_waits_for_a_person_and_one_paused_by_it_does_not(
    world: World, trail: SqlAudit
) -> None:
    held, paused = world.started(release("a")), world.started(release("b"))
    world.runs.move(held.id, RunState.PAUSED, now=NOW, because="too late", as_held=True)
    world.runs.move(paused.id, RunState.PAUSED, now=NOW, because="no connection")

    hold = trail.hold(held.id)
    assert hold is not None
    assert hold.action is Action.HELD
    assert not world.runs.move(held.id, RunState.RUNNING, now=NOW)
    assert trail.hold(paused.id) is None
    assert world.runs.move(paused.id, RunState.RUNNING, now=NOW)


def test_a_cancelled_run_ends_what_is_pending_and_keeps_what_was_on_its_way(world: World) -> None:
    people = world.customers(6)
    run, batch = world.sending(people[:3])
    more = world.planned(people[3:], of=release("other"))
    claimed = world.claim(more)
    world.runs.move(run.id, RunState.CANCELLED, now=NOW)
    world.runs.move(more.id, RunState.CANCELLED, now=NOW)

    assert world.intend(claimed) == set(), "nothing is intended any more"
    first, second, third = (i.delivery_id for i in batch.items)
    outcomes = {first: Accepted("p"), second: Unknown("t", "?"), third: NotSent("t", "?", LATER)}
    world.outbox.settle(batch, outcomes, now=NOW)
    world.outbox.sweep(now=NOW)

    assert world.states(run) == ["accepted", "in_doubt", "cancelled"]
    assert world.states(more) == ["cancelled"] * 3


# Figures --------------------------------------------------------------------------------------


def test_counts_are_those_of_every_row_whatever_its_state(world: World) -> None:
    people = world.customers(len(DeliveryState) * 2)
    run = world.planned(people)
    world.planned(people[:3], of=release("another"))
    ids = [row.id for row in world.rows(select(schema.deliveries.c.id).order_by("id"))]
    for place, delivery_id in enumerate(ids[: len(people)]):
        channel = (Channel.EMAIL, Channel.SMS)[place % 2]
        state = list(DeliveryState)[place // 2]
        batch = 7 if state in ("claimed", "sending") else None
        world.set_delivery(delivery_id, state=state, channel=channel, batch_id=batch)

    table = schema.deliveries.c
    rows = world.rows(select(table.channel, table.state).where(table.run_id == run.id))
    counted = SqlFigures(world.database).counts(run.id)
    assert counted == dict(Counter((r.channel, r.state) for r in rows))
    assert world.outbox.counts(run.id) == counted


def test_what_falls_in_doubt_is_told_with_its_age(world: World) -> None:
    run, batch = world.sending(world.customers(1))
    figures = SqlFigures(world.database)
    assert figures.oldest_in_doubt(run.id) is None

    world.settle(batch, Unknown("timeout", "no answer"), now=NOW)
    assert figures.oldest_in_doubt(run.id) == NOW

    _, lost = world.sending(world.customers(1), of=release("lost"))
    swept = NOW + LEASE + timedelta(seconds=1)
    world.outbox.sweep(now=swept)
    assert figures.oldest_in_doubt(lost.run_id) == swept


def test_the_rate_is_that_of_the_last_minute_and_tells_the_time_left(world: World) -> None:
    people = world.customers(12)
    run = world.planned(people)
    for second, now in enumerate([NOW - timedelta(hours=1), NOW, NOW + timedelta(seconds=10)]):
        batch = world.claim(run, limits={Channel.EMAIL: 3}, now=now)
        world.intend(batch, now=now)
        world.settle(batch, Accepted(f"p{second}"), now=now)

    seen = look(world, run.id, NOW + timedelta(seconds=30))

    assert seen.rate == pytest.approx(6 / 30)
    assert seen.left == timedelta(seconds=15)
    assert (seen.settled, seen.planned, seen.due) == (9, 12, 3)
    much_later = look(world, run.id, NOW + timedelta(hours=3))
    assert (much_later.rate, much_later.left) == (0, None)
    assert much_later.last_settled == NOW + timedelta(seconds=10)


def test_what_is_held_is_told_with_its_reason_and_until_when(world: World) -> None:
    run = world.planned(world.customers(5))
    ids = [i.delivery_id for i in world.claim(run).items]
    for place, delivery_id in enumerate(ids):
        why = "quiet hours" if place < 3 else "429: too many"
        until = to_ms(LATER + timedelta(minutes=place))
        world.set_delivery(
            delivery_id, state="pending", batch_id=None, not_before=until, outcome=why
        )

    world.execute(update(schema.batches).values(open=False))

    seen = look(world, run.id, NOW)

    told = {h.why: (h.messages, h.until) for h in seen.held}
    assert told == {
        "quiet hours": (3, LATER),
        "429: too many": (2, LATER + timedelta(minutes=3)),
    }
    assert seen.due == 0
    assert seen.stuck is not None
    assert "waiting until 1 Mar 11:00 UTC (e-mail: quiet hours)" in seen.stuck


def test_a_run_without_a_worker_says_since_when_and_what_to_do(world: World) -> None:
    run = world.planned(world.customers(2))
    assert look(world, run.id, NOW).begins == "It begins to send."
    later = NOW + timedelta(minutes=2)
    assert "2 may go now, and nothing has moved since" in (look(world, run.id, later).stuck or "")

    batch = world.claim(run, owner="host:1", limits={Channel.EMAIL: 1})
    seen = look(world, run.id, NOW)
    assert [(w.owner, w.batches) for w in seen.alive] == [("host:1", 1)]
    assert seen.stuck is None

    gone = look(world, run.id, batch.lease_until + timedelta(seconds=1))
    assert gone.alive == []
    assert "`campaigns run spring_sale` goes on" in (gone.stuck or "").lower()


def test_a_run_whose_channels_are_all_closed_says_until_when_and_why(world: World) -> None:
    run = world.planned(world.customers(2))
    pace = {"key": "email:news", "closed_until": to_ms(LATER), "because": "five errors in a row"}
    world.execute(insert(schema.paces).values(**pace, updated_at=0))

    stuck = look(world, run.id, NOW).stuck

    assert stuck is not None
    assert "left alone until 1 Mar 11:00 UTC (email:news: five errors in a row)" in stuck


def test_a_paused_run_says_who_paused_it_and_a_finished_one_waits_for_nothing(
    world: World,
) -> None:
    run = world.started()
    world.runs.move(run.id, RunState.PAUSED, now=NOW, because="wrong price", by="ana")
    stuck = look(world, run.id, NOW).stuck
    assert stuck == (
        "paused by ana on 1 Mar 2027 09:00 UTC: wrong price. `campaigns resume 1` goes on with it."
    ).replace("resume 1", f"resume {run.id}")

    other = world.started(release("other"))
    world.runs.move(other.id, RunState.FINISHED, now=NOW)
    assert look(world, other.id, NOW).stuck is None


def test_looking_at_a_run_reads_no_rows_but_those_that_move(world: World) -> None:
    """On SQLite, whose planner needs no statistics: every query goes through a partial index."""
    if world.database.dialect != "sqlite":
        pytest.skip("the planner of an almost empty PostgreSQL table reads it whole")
    from campaigns.store import figures

    queries = [*figures._COUNTS, figures._OLDEST_IN_DOUBT, figures._SETTLED, figures._HELD]
    wanted = [
        "COVERING INDEX ix_deliveries_settled",
        "COVERING INDEX ix_deliveries_due",
        "INDEX ix_deliveries_batch_id",
        "INDEX ix_deliveries_in_doubt",
        "COVERING INDEX ix_deliveries_settled",
        "COVERING INDEX ix_deliveries_due",
    ]
    given = {"run": 1, "since": 0, "now": 0}
    for query, index in zip(queries, wanted, strict=True):
        used = {k: v for k, v in given.items() if f":{k}" in query.text}
        plan = world.rows(text(f"EXPLAIN QUERY PLAN {query.text}").bindparams(**used))
        assert any(index in row.detail for row in plan), plan


def look(world: World, run_id: int, now):  # type: ignore[no-untyped-def]
    figures, trail = SqlFigures(world.database), SqlAudit(world.database)
    return progress(world.runs, figures, trail, run_id, now=now, unarmed=None)


def test_a_rejected_message_counts_as_settled(world: World) -> None:
    run, batch = world.sending(world.customers(1))
    world.settle(batch, Rejected("x:1", "no"))

    seen = look(world, run.id, NOW)
    assert (seen.settled, seen.waiting, seen.accepted) == (1, 0, 0)
