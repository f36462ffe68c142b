"""The outbox driven at random with a virtual clock, held against the model after every step.

Any number of workers hold batches; each may be slow, die, wake up late and speak late. People opt
out and move; runs are paused, cancelled and run again; a backup is restored.
"""

from __future__ import annotations

import itertools
import os
import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select, update

from campaigns.domain.batch import Batch
from campaigns.domain.channel import Channel
from campaigns.domain.delivery import (
    Accepted,
    DeliveryState,
    NotSent,
    Outcome,
    Refused,
    Rejected,
    Unknown,
)
from campaigns.domain.plan import PlannedDelivery
from campaigns.domain.run import Run, RunState
from campaigns.store import schema
from campaigns.store.engine import Database, bar_intents, open_database
from campaigns.store.hashing import AddressHash
from tests.contract.store_world import LEASE, MARGIN, NOW, World, release
from tests.databases import PostgresDatabases, SqliteFiles
from tests.faults.model import Model, Person, Provider, Row

S = DeliveryState
PEOPLE = 6
EXPIRES = NOW + timedelta(minutes=30)
#: Makes a database and closes it: for each example anew, or the same one again.
Opened = Callable[[], tuple[Database, Callable[[], None]]]
_campaigns = itertools.count(1)
_picks = st.integers(0, 11)


@dataclass
class Hand:
    """A worker with a batch in its hands, from claimed to settled and after."""

    batch: Batch
    addresses: dict[int, int]  # delivery → the customer's address when it was claimed
    granted: set[int] | None = None
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    called: bool = False
    settled: int = 0


def _answer(kind: str, now: datetime) -> tuple[bool, Outcome]:
    """Whether the provider gets the message, and what the worker learns."""
    return {
        "accepted": (True, Accepted("id")),
        "reply lost": (True, Unknown("time", "no answer")),
        "message lost": (False, Unknown("time", "no answer")),
        "not sent": (False, NotSent("429", "slow down", now + timedelta(seconds=20))),
        "rejected": (False, Rejected("400", "no such address")),
        "refused": (False, Refused("401", "wrong key")),
    }[kind]


_KINDS = ("accepted", "reply lost", "message lost", "not sent", "rejected", "refused")
_MOVES = ("claim", "claim", "go on", "go on", "go on", "wait", "sweep", "die")


class Outbox(RuleBasedStateMachine):
    """One campaign to a few people."""

    opened: Opened

    @initialize()
    def plan(self) -> None:
        self.database, self.close_database = self.opened()
        self.world = World(self.database)
        self.now = NOW
        self.model = Model(EXPIRES)
        self.provider = Provider()
        self.hands: list[Hand] = []
        self.backup: tuple[sqlite3.Connection, Model, Run] | None = None
        self.armed = True
        self.release = release(f"campaign_{next(_campaigns)}", expires_at=EXPIRES)
        self.customers = self.world.customers(PEOPLE)
        self.run_ = self.world.planned(self.customers, of=self.release)
        self.model.runs[self.run_.id] = RunState.RUNNING
        for row in self._rows():
            self.model.rows[row.id] = Row(row.customer_id, self.run_.id)
            self.model.people[row.customer_id] = Person()

    def teardown(self) -> None:
        if hasattr(self, "database"):
            self.close_database()

    # Workers --------------------------------------------------------------------------------

    @rule(moves=st.integers(1, 8), seed=st.integers(0, 2**32))
    def workers(self, moves: int, seed: int) -> None:
        """Several moves of theirs: drawn one by one, Hypothesis would hardly get one to its end."""
        chance = random.Random(seed)
        for _ in range(moves):
            match chance.choice(_MOVES):
                case "wait":
                    self.now += timedelta(seconds=chance.choice((1, 1, 25, 95)))
                case "sweep":
                    self.now += LEASE * chance.randint(0, 1) + timedelta(seconds=1)
                    self.world.outbox.sweep(now=self.now)
                    self.model.sweep(self.now)
                case "die" if len(self.hands) > 2:
                    self.hands.remove(chance.choice(self.hands))
                case "go on" if self.hands:
                    self._go_on(chance)
                case _:
                    self._claim(chance.randint(1, 3))
            self.the_database_says_what_the_model_says()
            self.nobody_gets_two()

    def _claim(self, most: int) -> None:
        batch = self.world.outbox.claim(
            self.run_.id,
            0,
            owner="worker",
            limits={Channel.EMAIL: most},
            now=self.now,
            lease=LEASE,
        )
        due = self.model.due(self.run_.id, self.now, most)
        assert [i.delivery_id for i in batch.items] == due if batch else not due
        if batch:
            self.model.claim(batch.id, due, self.now + LEASE)
            people = {i.delivery_id: self.model.people[i.customer_id] for i in batch.items}
            self.hands.append(Hand(batch, {i: p.address for i, p in people.items()}))

    def _go_on(self, chance: random.Random) -> None:
        """The next steps of one of them, however late it is for them."""
        hand = chance.choice(self.hands)
        for _ in range(chance.randint(1, 3)):
            if hand.granted is None:
                self._intend(hand, unfit=chance.random() < 0.1)
            elif not hand.called:
                self._call(hand, chance)
            else:
                self._settle(hand)

    def _intend(self, hand: Hand, *, unfit: bool) -> None:
        """`unfit`: the first one's values do not fit; it is rejected without being sent."""
        written = self.world.written(hand.batch)[int(unfit) :]
        ids = [w.delivery_id for w in written]
        allowed = {
            i: self.model.verdicts(i, hand.batch.id, hand.addresses[i], self.now, MARGIN)
            for i in ids
        }
        held = {i for i in ids if self.model.rows[i].holder == hand.batch.id}
        hand.granted = self.world.outbox.intend(hand.batch, written, now=self.now, margin=MARGIN)
        states = {row.id: S(row.state) for row in self._rows()}
        for i in ids:
            assert states[i] in allowed[i], f"{i}: {states[i]}, not one of {allowed[i]}"
            self.model.intend(i, states[i])
        assert hand.granted == {i for i in held if S.SENDING in allowed[i]}
        for item in hand.batch.items[: int(unfit)]:
            hand.outcomes[item.delivery_id] = Rejected("slot", "does not fit")

    def _call(self, hand: Hand, chance: random.Random) -> None:
        """However late: a worker may be stopped between its last look at the clock and the call."""
        hand.called = True
        for i in sorted(hand.granted or ()):
            got, hand.outcomes[i] = _answer(chance.choice(_KINDS), self.now)
            self.provider.got[i] += got

    def _settle(self, hand: Hand) -> None:
        """The worker keeps its hand: it may say the same again, and long after."""
        self.world.outbox.settle(hand.batch, hand.outcomes, now=self.now)
        self.model.settle(hand.batch.id, hand.outcomes)
        hand.settled += 1
        if hand.settled == 2 and hand in self.hands:
            self.hands.remove(hand)

    @precondition(lambda self: self.provider.got.total())
    @rule(pick=_picks)
    def evidence(self, pick: int) -> None:
        """The provider itself tells of a message, whenever it likes."""
        got = sorted(i for i, n in self.provider.got.items() if n)
        delivery = got[pick % len(got)]
        stranger = Batch(10**9, self.run_.id, 0, Channel.EMAIL, 0, self.now, ())
        self.world.outbox.settle(stranger, {delivery: Accepted("told")}, now=self.now)
        self.model.settle(stranger.id, {delivery: Accepted("told")})

    # People ---------------------------------------------------------------------------------

    @rule(pick=_picks, what=st.sampled_from(["no", "yes", "yes", "suppress", "move", "move"]))
    def somebody(self, pick: int, what: str) -> None:
        """Opts out, or in again; is suppressed; gets another address."""
        customer = self.customers[pick % PEOPLE]
        person = self.model.people[customer]
        if what in ("no", "yes"):
            self.world.standing(customer, Channel.EMAIL, granted=what == "yes", at=self.now)
            person.consents = what == "yes"
        elif what == "move":
            person.address += 1
            self._move(customer, f"c{customer}.{person.address}@example.com")
        elif person.address not in person.suppressed:
            self.world.suppress(customer, Channel.EMAIL)
            person.suppressed.add(person.address)

    def _move(self, customer: int, written: str) -> None:
        table = schema.addresses
        with self.database.write() as connection:
            bar_intents(connection)
            key = AddressHash.load(connection).key(Channel.EMAIL.address_kind, written)
            mine = update(table).where(table.c.customer_id == customer)
            connection.execute(mine.values(address=written, address_key=key))

    # Runs -----------------------------------------------------------------------------------

    @precondition(lambda self: self.armed)
    @rule(what=st.sampled_from(["pause", "resume", "resume", "resume", "cancel"]))
    def control(self, what: str) -> None:
        """Pause, resume, or cancel the run and run the campaign again."""
        if what == "cancel":
            self._cancel_and_run_again()
            return
        to = RunState.PAUSED if what == "pause" else RunState.RUNNING
        if self.world.runs.move(self.run_.id, to, now=self.now):
            self.model.runs[self.run_.id] = to

    def _cancel_and_run_again(self) -> None:
        assert self.world.runs.move(self.run_.id, RunState.CANCELLED, now=self.now)
        self.model.cancel(self.run_.id)
        self.run_, resumed = self.world.runs.start(
            self.release, now=self.now, shard_size=10_000, limit=None
        )
        assert not resumed
        (shard,) = self.world.runs.shards(self.run_.id)
        wanted = self.release.skeleton(Channel.EMAIL, "en_GB").hash
        plan = [PlannedDelivery(c, Channel.EMAIL, wanted, "again") for c in self.customers]
        self.world.planning.write_plan(self.run_, shard, plan, [], already=0, now=self.now)
        self.world.runs.move(self.run_.id, RunState.RUNNING, now=self.now)
        self.model.plan_again(self.run_.id)

    # Backups --------------------------------------------------------------------------------

    @precondition(lambda self: self.database.dialect == "sqlite")
    @rule(what=st.sampled_from(["back up", "restore"]))
    def backup_is(self, what: str) -> None:
        if what == "back up":
            self._back_up()
        elif self.backup is not None:
            self._restore()

    def _back_up(self) -> None:
        kept = sqlite3.connect(":memory:")
        with self.database.engine.connect() as connection:
            _driver(connection).backup(kept)
        self.backup = (kept, self.model.copy(), self.world.runs.get(self.run_.id))

    def _restore(self) -> None:
        """The database goes back; the world does not. No worker lives, and nothing is sent until a
        person has told what the providers have, and says that it may."""
        assert self.backup is not None
        (kept, model, self.run_), self.backup = self.backup, None
        with self.database.engine.connect() as connection:
            kept.backup(_driver(connection))
        kept.close()
        self.model, self.hands, self.armed = model, [], False
        if self.world.runs.move(self.run_.id, RunState.PAUSED, now=self.now):
            self.model.runs[self.run_.id] = RunState.PAUSED

    @precondition(lambda self: not self.armed)
    @rule()
    def arm(self) -> None:
        told: dict[int, Outcome] = {i: Accepted("told") for i, n in self.provider.got.items() if n}
        stranger = Batch(10**9, self.run_.id, 0, Channel.EMAIL, 0, self.now, ())
        self.world.outbox.settle(stranger, told, now=self.now)
        self.model.settle(stranger.id, told)
        self.armed = True
        self.control("resume")

    # What always holds ----------------------------------------------------------------------

    @invariant()
    def nobody_gets_two(self) -> None:
        assert all(n <= 1 for n in self.provider.got.values()), self.provider.got

    @invariant()
    def the_database_says_what_the_model_says(self) -> None:
        rows = self._rows()
        assert {r.id: S(r.state) for r in rows} == {i: r.state for i, r in self.model.rows.items()}
        assert sorted(r.customer_id for r in rows) == sorted(self.customers)

    @invariant()
    def what_a_provider_has_is_never_believed_unsent(self) -> None:
        believed = {self.model.rows[i].state for i, n in self.provider.got.items() if n}
        assert not self.armed or believed <= {S.SENDING, S.IN_DOUBT, S.ACCEPTED}

    @invariant()
    def what_is_believed_accepted_a_provider_has(self) -> None:
        accepted = {i for i, row in self.model.rows.items() if row.state is S.ACCEPTED}
        assert accepted <= {i for i, n in self.provider.got.items() if n}
        assert set(self.world.sent()) & self.model.rows.keys() == accepted

    # Parts ----------------------------------------------------------------------------------

    def _rows(self) -> list[Any]:
        d = schema.deliveries.c
        mine = d.customer_id.in_(self.customers)
        return self.world.rows(select(d.id, d.customer_id, d.state).where(mine).order_by(d.id))


def _driver(connection: Any) -> sqlite3.Connection:
    found: sqlite3.Connection = connection.connection.driver_connection
    return found


def _check(opened: Opened, examples: int) -> None:
    machine = type("Outbox", (Outbox,), {"opened": staticmethod(opened)})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=20,
            deadline=None,
            derandomize=True,
            # The gate wants to know whether it fails, not the smallest way to.
            phases=[Phase.generate] if os.environ.get("CAMPAIGNS_GATE") else list(Phase),
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_the_outbox_on_sqlite_does_what_the_model_does(sqlite_files: SqliteFiles) -> None:
    def opened() -> tuple[Database, Callable[[], None]]:
        file = sqlite_files.copy()
        database = open_database(f"sqlite:///{file}", Path())

        def close() -> None:
            database.close()
            file.unlink()

        return database, close

    _check(opened, examples=200)


@contextmanager
def _one(databases: PostgresDatabases) -> Iterator[Database]:
    name = databases.take()
    database = open_database(databases.url(name), Path())
    try:
        yield database
    finally:
        database.close()
        databases.give_back(name)


@pytest.mark.postgres
def test_the_outbox_on_postgresql_does_what_the_model_does(
    postgres_databases: PostgresDatabases,
) -> None:
    """Fewer examples, all in one database: each is a campaign of its own."""
    with _one(postgres_databases) as database:
        _check(lambda: (database, lambda: None), examples=30)
