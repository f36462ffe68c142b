"""A run with a story, for the report: sent through the sandbox, then five days of what people,
programs and providers do, told as providers and shops tell it."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import text

from campaigns.bootstrap import App
from campaigns.domain.agent import Agent
from campaigns.domain.channel import Channel
from campaigns.domain.interaction import Interaction, InteractionKind
from campaigns.domain.provider_event import ProviderEvent
from campaigns.sample import write_csv
from campaigns.sandbox.process import SandboxProcess
from campaigns.services.dispatch import Clock
from campaigns.services.record_events import record_events
from campaigns.settings import Settings
from tests.files import restate
from tests.runs import plan_run, send_run

ROOT = Path(__file__).parents[1]
CAMPAIGN = "spring_sale"
GOAL = """
goal: {kind: purchased, within_days: 14}
budget: {amount: 50, currency: EUR}
experiment:
  holdout: 15
  worth: 3
"""


class Turned:
    """A clock that goes on, some time ahead of the machine's."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def clock(self) -> Clock:
        return Clock(now=self.now, monotonic=time.monotonic, sleep=time.sleep)


@contextmanager
def shop(
    folder: Path, database_url: str = "", *, goal: str = GOAL
) -> Iterator[tuple[App, Turned, SandboxProcess]]:
    """An application on a copy of the shipped templates whose campaign states a goal."""
    templates = folder / "templates"
    shutil.copytree(ROOT / "templates", templates)
    restate(templates / "campaigns" / CAMPAIGN / "campaign.yaml", goal)
    turned = Turned()
    with SandboxProcess(folder / "sandbox") as sandbox:
        settings = Settings(
            home=folder / "home",
            templates=templates,
            database_url=database_url,
            sandbox_url=sandbox.url,  # type: ignore[arg-type]
            sandbox_quiet_hours=False,
            workers=1,
        )
        with App(settings, turned.clock()) as app:
            yield app, turned, sandbox


def people(app: App, folder: Path, count: int) -> None:
    """Made-up customers."""
    file = folder / "people.csv"
    app.import_customers(file, write_csv(file, count=count, seed=1, now=datetime.now(UTC)))


def send(app: App, limit: int | None = None) -> int:
    """Run the campaign to its end."""
    return send_run(app, plan_run(app, CAMPAIGN, limit).id)


def sent_of(app: App, run: int) -> list[tuple[int, int, Channel]]:
    """(delivery, customer, channel) of what was accepted."""
    query = text(
        "SELECT id, customer_id, channel FROM deliveries "
        "WHERE run_id = :run AND customer_id <> 0 AND state = 'accepted' ORDER BY id"
    )
    with app.database.read() as connection:
        return [(d, c, Channel(ch)) for d, c, ch in connection.execute(query, {"run": run})]


def held_out(app: App, run: int) -> list[int]:
    """Who was held out."""
    query = text("SELECT customer_id FROM skips WHERE run_id = :run AND reason = 'holdout'")
    with app.database.read() as connection:
        return list(connection.execute(query, {"run": run}).scalars())


def live(app: App, turned: Turned, run: int, *, seed: int = 4) -> None:
    """Five days: deliveries, bounces, clicks by people and programs, purchases, opt-outs."""
    chance, start = random.Random(seed), app.runs.get(run).started_at
    turned.ahead += timedelta(days=5)
    events: list[ProviderEvent] = []
    bought: list[Interaction] = []
    for delivery, customer, channel in sent_of(app, run):

        def event(kind: InteractionKind, after: timedelta, agent: Agent | None = None) -> None:
            key = f"test:{delivery}:{kind}:{after}"  # noqa: B023
            events.append(
                ProviderEvent(key, kind, start + after, channel, delivery, agent=agent)  # noqa: B023
            )

        later = timedelta(minutes=chance.expovariate(1 / 900))
        if channel is not Channel.X_DM:
            gone = chance.random() < 0.03
            kind = InteractionKind.BOUNCED if gone else InteractionKind.DELIVERED
            event(kind, timedelta(seconds=chance.randint(20, 400)))
            if gone:
                continue
        if channel is Channel.EMAIL and chance.random() < 0.3:
            event(InteractionKind.CLICKED, timedelta(seconds=chance.randint(20, 90)), Agent.MACHINE)
        if chance.random() < (0.18 if channel is Channel.EMAIL else 0.3):
            event(InteractionKind.CLICKED, timedelta(minutes=10) + later, Agent.HUMAN)
            if chance.random() < 0.55:
                bought.append(purchase(customer, start + timedelta(hours=1) + later, chance))
        elif chance.random() < 0.04:
            bought.append(purchase(customer, start + timedelta(hours=2) + later, chance))
        if chance.random() < 0.01:
            event(InteractionKind.UNSUBSCRIBED, timedelta(hours=1) + later)
    others = [c for c in held_out(app, run) if chance.random() < 0.04]
    bought += [purchase(c, start + timedelta(days=1), chance) for c in others]
    now = app.clock.now()
    in_time = [e for e in events if e.at <= now]
    record_events(in_time, app.evidence, now=now)
    app.profiles.record_interactions([b for b in bought if b.at <= now])


def purchase(customer: int, at: datetime, chance: random.Random) -> Interaction:
    """Something bought in the shop."""
    amount = round(chance.lognormvariate(3.4, 0.6), 2)
    data = {"amount": amount, "currency": "EUR"}
    kind = InteractionKind.PURCHASED
    return Interaction(customer, kind, at, None, f"shop:{customer}:{at:%d%H%M%S}", data=data)
