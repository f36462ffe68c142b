"""A worker that dies: the real application on real SDKs, which ends itself at one exact spot.

It ends by SIGKILL, or stops by SIGSTOP, by its own hand: so the trial knows where it was, and
which messages it had in its hands. It writes that to its journal first.
"""

from __future__ import annotations

import json
import select
import signal
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection as DatabaseConnection
from sqlalchemy import event

from campaigns.bootstrap.app import App
from campaigns.channels import wire
from campaigns.channels.connection import Connection
from campaigns.channels.deadline import Deadline
from campaigns.channels.http_answer import Answer
from campaigns.channels.sendgrid.channel import EmailSender
from campaigns.channels.twilio.channel import SmsSender
from campaigns.domain.batch import Batch
from campaigns.domain.channel import Channel
from campaigns.domain.delivery import Outcome
from campaigns.errors import RunStoppedError
from campaigns.services import pacing
from campaigns.services.watching import Step
from campaigns.settings import Settings
from tests.faults.clock import NothingDueError, SharedClock
from tests.faults.points import Spot

_STEPS = {
    Step.CLAIMED: Spot.CLAIMED,
    Step.INTENDED: Spot.INTENDED,
    Step.CALLING: Spot.CALLING,
    Step.ANSWERED: Spot.ANSWERED,
    Step.SETTLED: Spot.SETTLED,
}


class EnoughError(Exception):
    """The worker has done the batches it was to do, and ends with nothing in its hands."""


@dataclass(frozen=True)
class Order:
    """What one worker is to do.

    Attributes:
        settings: of the application.
        batch: messages a batch, in place of the vendors' limits: a batch that dies with its worker
            is in doubt, and there should be something left for the next one.
        spot: where it ends; None: nowhere.
        nth: at its which batch. `call`: at the which request of that batch.
        signal: SIGKILL, or SIGSTOP.
        batches: so many and no more; None: until nothing is due.
    """

    settings: Mapping[str, Any]
    clock: str
    journal: str
    run: int
    batch: int
    spot: Spot | None = None
    nth: int = 1
    call: int = 1
    signal: int = signal.SIGKILL
    batches: int | None = None

    @classmethod
    def from_json(cls, document: str) -> Order:
        raw = json.loads(document)
        return cls(**{**raw, "spot": Spot(raw["spot"]) if raw["spot"] else None})


@dataclass
class Doom:
    """Ends the process once it is at the spot."""

    order: Order
    batches: int = 0
    calls: int = 0
    #: The requests that the batch in hand takes.
    requests: int = 0
    in_flight: list[int] = field(default_factory=list)
    #: The spot whose next write transaction is the last.
    torn: Spot | None = None

    def at(self, spot: Spot, *, early: bool = False) -> None:
        """The worker is here, and ends if it should. `early`: before its first batch."""
        if spot is not self.order.spot or (not early and self.batches < self.order.nth):
            return
        self.order = replace(self.order, spot=None)
        with Path(self.order.journal).open("a") as journal:
            journal.write(json.dumps({"spot": spot, "in_flight": self.in_flight}) + "\n")
        # To this thread, or it would go on for a moment while another one takes the signal.
        signal.pthread_kill(threading.get_ident(), self.order.signal)

    def watch(self, step: Step, batch: Batch, outcomes: Mapping[int, Outcome]) -> None:
        """What dispatch tells."""
        if step is Step.CLAIMED:
            self.batches, self.calls, self.in_flight = self.batches + 1, 0, []
            self.requests = 1 if batch.channel is Channel.EMAIL else len(batch.items)
            self.at(Spot.RESUMED)
            self.torn = Spot.INTENT_TORN
        elif step is Step.INTENDED:
            self.torn = None
            self.in_flight = [i.delivery_id for i in batch.items if i.delivery_id not in outcomes]
        elif step is Step.SETTLED:
            self.torn, self.in_flight = None, []
        self.at(_STEPS[step])
        if step is Step.ANSWERED:
            self.torn = Spot.SETTLING_TORN
        if step is Step.SETTLED and self.batches == self.order.batches:
            raise EnoughError

    def committing(self, connection: DatabaseConnection) -> None:
        """A transaction is about to commit."""
        if self.torn and connection.get_execution_options().get("campaigns_write"):
            self.at(self.torn, early=self.torn is Spot.SWEEP_TORN)

    def calling(self, spot: Spot) -> None:
        """A request is here."""
        if self.calls >= min(self.order.call, self.requests):
            self.at(spot)


def work(order: Order) -> None:
    """Sweep, then send what is due, as a worker does that takes over."""
    doom = Doom(order)
    _small_batches(order.batch)
    pacing.slow_start = lambda batch, _answered: batch  # in the middle of a run: senders are known
    _watch_the_wire(doom)
    settings = Settings.model_validate(dict(order.settings))
    with App(settings, SharedClock(Path(order.clock)).clock(), doom.watch) as app:
        event.listen(app.database.engine, "commit", doom.committing)
        doom.torn = Spot.SWEEP_TORN
        app.sweep()
        doom.torn = None
        doom.at(Spot.SWEPT, early=True)
        try:
            app.dispatch_shard(order.run, 0)
        except (EnoughError, NothingDueError, RunStoppedError):
            return


def _small_batches(size: int) -> None:
    for sender in (EmailSender, SmsSender):
        sender.limits = replace(sender.limits, batch=min(size, sender.limits.batch))


def _watch_the_wire(doom: Doom) -> None:
    """Beneath the SDKs, around what goes out and what comes in."""
    send, read_answer = Connection.send, wire.read_answer
    last: list[Connection] = []  # that something went out by: a worker here has one lane

    def sending(connection: Connection, request: bytes, deadline: Deadline) -> None:
        doom.calls += 1
        last[:] = [connection]
        middle = len(request) // 2
        send(connection, request[:middle], deadline)
        doom.calling(Spot.HALF_SENT)
        send(connection, request[middle:], deadline)
        doom.calling(Spot.SENT)

    def receiving(receive: Callable[[int], bytes], method: str) -> tuple[Answer, bool]:
        if doom.order.spot is Spot.UNREAD:
            _until_readable(last[0])
            doom.calling(Spot.UNREAD)
        answer = read_answer(receive, method)
        doom.calling(Spot.READ)
        return answer

    Connection.send = sending  # type: ignore[method-assign]
    wire.read_answer = receiving


def _until_readable(connection: Connection) -> None:
    poll = select.poll()
    poll.register(connection.socket, select.POLLIN)
    poll.poll(5_000)


def journal(path: Path) -> Iterable[dict[str, Any]]:
    """What a worker wrote before its end."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
