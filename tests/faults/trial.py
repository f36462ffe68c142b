"""A trial: one campaign on one database and one sandbox, sent by workers that are killed and
stopped, and looked at after each round."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from campaigns.bootstrap.app import App
from campaigns.domain.delivery import DeliveryState
from campaigns.domain.run import Run
from campaigns.sandbox.process import SandboxProcess
from campaigns.settings import Settings
from tests.faults.campaign import FAULTY, add_customers, address, opt_out, planned, tell_sandbox
from tests.faults.clock import SharedClock
from tests.faults.invariants import Seen, broken, look
from tests.faults.nursery import Nursery
from tests.faults.points import FAILPOINTS, RECOVERY, STOPS, Spot
from tests.faults.worker import Order, journal

S = DeliveryState
LEASE = 60
#: Every fourth customer gets a text, in a request of its own; the others share requests.
_ONE_TEXT_IN = 4


@dataclass
class Tally:
    """What a trial came to."""

    kills: int = 0
    stops: int = 0
    sends: int = 0
    accepted: int = 0
    duplicates: int = 0
    lost: int = 0
    in_doubt: int = 0
    resolved: int = 0
    rounds: int = 0

    def add(self, other: Tally) -> None:
        """Add another trial's."""
        for name, value in asdict(other).items():
            setattr(self, name, getattr(self, name) + value)


@dataclass
class Trial:
    """One campaign under fire. Everything random comes from the seed."""

    nursery: Nursery
    sandbox: SandboxProcess
    app: App
    run: Run
    home: Path
    clock: SharedClock
    seed: int
    sends: int
    batch: int
    tally: Tally = field(default_factory=Tally)
    in_flight: set[int] = field(default_factory=set)
    barred: set[int] = field(default_factory=set)
    _orders: int = 0

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    # Rounds ---------------------------------------------------------------------------------

    def kill(self, failpoint: str) -> None:
        """A round: a worker dies at the failpoint while another one works beside it."""
        spot = self.random.choice(FAILPOINTS[failpoint])
        beside = self.start(batches=1)
        if failpoint == RECOVERY:  # then there must be something to recover
            died_before = self.random.choice([Spot.CLAIMED, Spot.INTENDED])
            self._dies(spot=died_before)
            self.clock.forward(LEASE + 1)
            self._dies(spot=spot)
        else:
            nth, call = self.random.randint(1, 2), self.random.randint(1, 3)
            self._dies(spot=spot, nth=nth, call=call)
        self.ends(beside)
        self.check()

    def stop(self, spot: Spot, batches: int = 2) -> set[int]:
        """A round: a worker is stopped beyond its lease, others take over, and it wakes again and
        goes on to its end of `batches`. Returns what was in flight in its hands while it slept."""
        call = self.random.randint(1, 2)
        stop = int(signal.SIGSTOP)
        pid, order = self._hit(spot=spot, call=call, signal=stop, batches=batches)
        self.tally.stops += 1
        self.clock.forward(LEASE + 1)
        self.ends(self.start(batches=1))
        doubted = self._now().ids(S.IN_DOUBT)
        os.kill(pid, signal.SIGCONT)
        self.ends((pid, order))
        self.check()
        self.tally.resolved += len(doubted - self._now().ids(S.IN_DOUBT))
        (entry,) = journal(Path(order.journal))
        return set(entry["in_flight"])

    def opt_out(self, count: int) -> None:
        """Between two rounds, so many of those who wait for their message say no."""
        seen = self._now()
        waiting = sorted(seen.ids(S.PENDING))
        chosen = self.random.sample(waiting, min(count, len(waiting)))
        self.barred |= opt_out(self.app, [seen.customers[i] for i in chosen])

    def finish(self) -> Tally:
        """Workers that live send the rest. Then the tally is complete."""
        for _ in range(100):
            if not self._now().ids(S.PENDING):
                break
            self.ends(self.start())
            self.check()
        seen = self._now()
        ends = {S.ACCEPTED, S.REJECTED, S.IN_DOUBT, S.SUPPRESSED}
        assert set(seen.states.values()) <= ends, f"seed {self.seed}: {set(seen.states.values())}"
        self.tally.sends = self.sends
        self.tally.accepted = len(seen.ids(S.ACCEPTED))
        self.tally.duplicates, self.tally.lost = seen.duplicates, seen.lost
        self.tally.in_doubt = len(seen.ids(S.IN_DOUBT))
        return self.tally

    def check(self) -> None:
        """Time passes, what the dead held is taken back, and every invariant is looked at."""
        self.clock.forward(LEASE + 1)
        self._sweep()
        seen = self._now()
        self.tally.rounds += 1
        found = broken(seen, planned=self.sends, in_flight=self.in_flight, barred=self.barred)
        assert not found, "\n".join([f"seed {self.seed}, round {self.tally.rounds}:", *found])

    # Parts ----------------------------------------------------------------------------------

    def _now(self) -> Seen:
        return look(self.sandbox.log, self.app.database)

    def _sweep(self) -> None:
        """Until nothing is left: a server takes a moment to see that a killed worker is gone, and
        a sweep passes over what its transaction still holds."""
        give_up = time.monotonic() + 60
        while True:
            self.app.sweep()
            if not self._now().ids(S.CLAIMED, S.SENDING) or time.monotonic() > give_up:
                return
            time.sleep(0.005)

    def start(self, **how: Any) -> tuple[int, Order]:
        self._orders += 1
        order = Order(
            settings={k: str(v) for k, v in self.app.settings.revealed().items()},
            clock=str(self.home / "clock"),
            journal=str(self.home / f"journal_{self._orders}"),
            run=self.run.id,
            batch=self.batch,
            **how,
        )
        return self.nursery.start(order), order

    def _hit(self, **how: Any) -> tuple[int, Order]:
        """A worker that its signal has reached. One may end before: a provider has asked to slow
        down, and nothing more is due for now. Then time passes, and another one tries."""
        for _ in range(10):
            pid, order = self.start(**how)
            told = self.nursery.wait(pid)
            if told == order.signal:
                return pid, order
            assert told == 0, f"a worker ended by signal {told}"
            self.clock.forward(LEASE + 1)
        raise AssertionError(f"seed {self.seed}: no worker reached {how}: nothing left?")

    def _dies(self, **how: Any) -> None:
        _, order = self._hit(**how)
        (entry,) = journal(Path(order.journal))
        self.in_flight |= set(entry["in_flight"])
        self.tally.kills += 1

    def ends(self, worker: tuple[int, Order]) -> None:
        told = self.nursery.wait(worker[0])
        assert told == 0, f"a worker ended by signal {told}"


@contextmanager
def trial(
    nursery: Nursery,
    home: Path,
    database_url: str,
    *,
    seed: int,
    sends: int,
    batch: int,
    faults: tuple[dict[str, Any], ...] = FAULTY,
    rejecting: int = 3,
) -> Iterator[Trial]:
    """A campaign to `sends` customers, planned and running; `rejecting` of them have opted out at
    the provider, which will say so."""
    texts = min(sends // _ONE_TEXT_IN, 999)
    clock = SharedClock(home / "clock")
    with SandboxProcess(home / "sandbox") as sandbox:
        settings = Settings(
            home=home,
            database_url=database_url,
            sandbox_url=sandbox.url,
            link_secret="of these tests",
            lanes=1,
            workers=1,
            lease_seconds=LEASE,
        )
        with App(settings, clock.clock()) as app:
            add_customers(app.database, sends, texts)
            run = planned(app)
            stopped = [address(n, by_text=True) for n in range(1, rejecting + 1)]
            tell_sandbox(
                sandbox.url,
                "inbound",
                [{"channel": "sms", "from": number, "body": "STOP"} for number in stopped],
            )
            tell_sandbox(sandbox.url, "faults", [{**rule, "seed": seed} for rule in faults])
            yield Trial(nursery, sandbox, app, run, home, clock, seed, sends, batch)


def stop_spots(seed: int) -> Iterator[Spot]:
    """Where workers are stopped, in an order of the seed, for ever."""
    order = random.Random(seed)
    while True:
        yield from order.sample(STOPS, len(STOPS))
