"""Nobody is written to in their quiet hours, across the night in which the clocks change, and what
starts too late waits for a person: the whole way, from the plan to the provider's log.

The clock is ours: it moves a little whenever it is looked at, and to the next hour when all wait.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, select

from campaigns.bootstrap import App
from campaigns.cli import run as cli
from campaigns.domain.audit import Action, AuditEntry
from campaigns.domain.channel import Channel
from campaigns.domain.delivery import Accepted, DeliveryState, Outcome
from campaigns.domain.run import RunState
from campaigns.domain.whereabouts import zones_of_number
from campaigns.sandbox.process import SandboxProcess
from campaigns.services.dispatch import Clock
from campaigns.services.ports import Batch
from campaigns.services.report import RunReport
from campaigns.services.watching import Step
from campaigns.settings import Settings
from campaigns.store import schema
from campaigns.store.clock import to_ms
from tests.contract.store_world import World

ROOT = Path(__file__).parents[2]
#: A minute and a half before nine in the evening in Madrid; in the night the clocks go forward.
EVE = datetime(2027, 3, 27, 19, 58, 30, tzinfo=UTC)
MADRID, NEW_YORK = "Europe/Madrid", "America/New_York"
S = DeliveryState


@dataclass
class Moving:
    """A clock that moves a little whenever somebody looks at it."""

    at: datetime
    step: timedelta = timedelta(seconds=0.4)

    def now(self) -> datetime:
        self.at += self.step
        return self.at

    def clock(self) -> Clock:
        def monotonic() -> float:
            return self.now().timestamp()

        def sleep(seconds: float) -> None:
            self.at += timedelta(seconds=seconds)

        return Clock(now=self.now, monotonic=monotonic, sleep=sleep)


@dataclass
class Night:
    """An application by a clock of ours, a sandbox, and when each message was under way."""

    clock: Moving
    sandbox: SandboxProcess
    app: App
    calls: dict[int, tuple[datetime, datetime]] = field(default_factory=dict)
    began: datetime | None = None

    def watch(self, step: Step, batch: Batch, outcomes: Mapping[int, Outcome]) -> None:
        """Note when a call began and ended."""
        if step is Step.CALLING:
            self.began = self.clock.at
        if step is Step.ANSWERED and self.began is not None:
            accepted = [i for i, o in outcomes.items() if isinstance(o, Accepted)]
            self.calls |= dict.fromkeys(accepted, (self.began, self.clock.at))

    def send_until_done(self, campaign: str, most: int = 40) -> RunReport:
        """Run it, and again at each hour for which messages wait."""
        run, _ = self.app.start_run(campaign)
        for _ in range(most):
            for shard in self.app.shards(run.id):
                self.app.plan_shard(run.id, shard.no)
            self.app.begin_sending(run.id)
            self.app.dispatch_all(run.id)
            report = self.app.finish(run.id)
            if not report.waiting:
                return report
            assert report.waits, "what waits tells why"
            assert report.run.state is RunState.RUNNING
            assert self.app.runs_due() == []
            first = min(w.first for w in report.waits).astimezone(UTC)
            self.clock.at = max(self.clock.at, first)
            assert [due.id for due in self.app.runs_due()] == [run.id]
        raise AssertionError(f"still waiting: {report.waits}")


@contextmanager
def night(
    tmp_path: Path, *, heed: bool = True, at: datetime = EVE, templates: Path = ROOT / "templates"
) -> Iterator[Night]:
    clock = Moving(at)
    with SandboxProcess(tmp_path / "sandbox", record=1_000) as sandbox:
        settings = Settings(
            home=tmp_path / "home",
            templates=templates,
            sandbox_url=sandbox.url,  # type: ignore[arg-type]
            sandbox_quiet_hours=heed,
            workers=1,
            lanes=1,
        )
        made: list[Night] = []

        def watch(step: Step, batch: Batch, outcomes: Mapping[int, Outcome]) -> None:
            made[0].watch(step, batch, outcomes)

        with App(settings, clock.clock(), watch) as app:
            made.append(Night(clock, sandbox, app))
            yield made[0]


#: Name → number, stated zone, country, own quiet hours in minutes, and the zones that must suit.
PEOPLE: dict[str, tuple[str, str | None, str, tuple[int, int] | None, tuple[str, ...]]] = {
    "madrid": ("+3460000{:04d}", MADRID, "ES", None, (MADRID,)),
    "london": ("+447700900{:03d}", "Europe/London", "GB", None, ("Europe/London",)),
    "new york": ("+1212555{:04d}", NEW_YORK, "US", None, (NEW_YORK,)),
    "moved": ("+1213555{:04d}", NEW_YORK, "US", None, (NEW_YORK, "America/Los_Angeles")),
    "abroad": ("+1214555{:04d}", MADRID, "ES", None, (MADRID, "America/Chicago")),
    "unknown": ("+3461000{:04d}", None, "ES", None, (MADRID, "Atlantic/Canary")),
    "anywhere": ("+1500555{:04d}", None, "US", None, zones_of_number("+15005550006")),
    "late riser": ("+3462000{:04d}", MADRID, "ES", (22 * 60, 12 * 60), (MADRID,)),
}
_serial = itertools.count(100)


def people(app: App, each: int = 12) -> dict[int, str]:
    """Customers of every kind, who may be texted and nothing else: customer → kind."""
    world, found = World(app.database), {}
    before = app.clock.now() - timedelta(days=30)
    for kind, (number, zone, country, own, _) in PEOPLE.items():
        made = world.customers(
            each,
            channels=(),
            country=country,
            time_zone=zone,
            last_purchase_at=to_ms(before),
        )
        for customer in made:
            found[customer] = kind
            world.address(customer, Channel.SMS, number.format(next(_serial)))
            world.standing(customer, Channel.SMS, granted=True, at=before)
            if own:
                row = {"customer_id": customer, "updated_at": 0}
                row |= {"quiet_from": own[0], "quiet_until": own[1]}
                world.execute(insert(schema.preferences).values(row))
    return found


def deliveries(app: App) -> dict[int, int]:
    """Delivery → customer of all texts."""
    table = schema.deliveries.c
    with app.database.read() as connection:
        rows = connection.execute(
            select(table.id, table.customer_id).where(table.channel == Channel.SMS)
        )
        return {row.id: row.customer_id for row in rows}


def at_night(moment: datetime, kind: str) -> bool:
    """Whether a clock on a wall says it is quiet: before 09:00, from 21:00 on, or by own wish."""
    *_, own, where = PEOPLE[kind]
    for zone in where:
        there = moment.astimezone(ZoneInfo(zone))
        minute = there.hour * 60 + there.minute
        if not 9 * 60 <= minute < 21 * 60:
            return True
        if own and (minute >= own[0] or minute < own[1]):
            return True
    return False


def disturbed(made: Night, kinds: Mapping[int, str]) -> set[str]:
    """Kinds of people to whom a call began or ended in their night."""
    of = deliveries(made.app)
    return {
        kinds[of[delivery]]
        for delivery, moments in made.calls.items()
        if delivery in of and any(at_night(m, kinds[of[delivery]]) for m in moments)
    }


def test_nobody_is_texted_at_night_in_the_night_in_which_the_clocks_change(tmp_path: Path) -> None:
    with night(tmp_path) as made:
        kinds = people(made.app)
        report = made.send_until_done("spring_sale")
        assert report.in_state(S.ACCEPTED) == len(kinds)
        assert report.run.state is RunState.FINISHED
        assert disturbed(made, kinds) == set()
        _all_got_one(made, kinds)
        _the_provider_drops_what_it_cannot_deliver_in_time(made, kinds)
        first = {kind: min(_calls_of(made, kinds, kind)) for kind in PEOPLE}
    # Who is reached before nine in the evening is; the others at their hour of the morning, by
    # summer time: nine in Madrid, and on the Canaries for who may live there, noon for late risers.
    hours = {kind: moment.strftime("%d %H") for kind, moment in first.items()}
    assert hours["madrid"] in {"27 19", "28 07"}
    assert hours["unknown"] in {"27 19", "28 08"}
    assert hours["late riser"] == "28 10"


def test_without_heeding_quiet_hours_people_would_be_disturbed(tmp_path: Path) -> None:
    """The test above can fail: the same night in a sandbox that practises at any hour."""
    with night(tmp_path, heed=False, at=EVE + timedelta(hours=3)) as made:
        kinds = people(made.app, each=1)
        made.send_until_done("spring_sale")
        assert {"madrid", "london", "late riser"} <= disturbed(made, kinds)


def _calls_of(made: Night, kinds: Mapping[int, str], kind: str) -> list[datetime]:
    of = deliveries(made.app)
    return [began for d, (began, _) in made.calls.items() if d in of and kinds[of[d]] == kind]


def _all_got_one(made: Night, kinds: Mapping[int, str]) -> None:
    entries = [e for e in made.sandbox.log.entries() if e.channel == Channel.SMS]
    got = sorted(int(e.delivery or 0) for e in entries)
    assert got == sorted(deliveries(made.app))
    assert len(got) == len(kinds)


def _the_provider_drops_what_it_cannot_deliver_in_time(
    made: Night, kinds: Mapping[int, str]
) -> None:
    """Twilio's ValidityPeriod ends before the recipient's night begins."""
    of, seen = deliveries(made.app), 0
    for request in made.sandbox.log.recorded("twilio"):
        form = {k: v[0] for k, v in parse_qs(request.body.decode()).items()}
        if "StatusCallback" not in form:
            continue
        query = parse_qs(urlsplit(form["StatusCallback"]).query)
        delivery = int(query["delivery"][0])
        _, ended = made.calls[delivery]
        # The provider's time runs from its answer, which came before the call had ended.
        last = ended + timedelta(seconds=int(form["ValidityPeriod"])) - timedelta(seconds=60)
        assert not at_night(last, kinds[of[delivery]])
        seen += 1
    assert seen == len(kinds)


def test_what_ends_before_the_morning_is_dropped_in_the_evening(tmp_path: Path) -> None:
    """On the offer's last day, at half past nine in the evening: nothing waits for a tomorrow on
    which the offer is over, neither at the brand's midnight nor at the recipient's."""
    with night(tmp_path, at=datetime(2032, 3, 31, 19, 30, tzinfo=UTC)) as made:
        kinds = people(made.app, each=2)
        report = made.send_until_done("spring_sale")
        states = {
            kinds[row.customer_id]: row.state
            for row in World(made.app.database).rows(select(schema.deliveries))
            if row.customer_id in kinds
        }
        assert disturbed(made, kinds) == set()
    assert report.outcomes == {"the offer ends before this can be sent": report.in_state(S.EXPIRED)}
    assert states["madrid"] == states["late riser"] == states["unknown"] == "expired"
    assert states["new york"] == "accepted"
    assert made.clock.at < datetime(2032, 3, 31, 22, 0, tzinfo=UTC)


def test_a_run_that_starts_too_late_is_planned_and_waits_for_a_person(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with SandboxProcess(tmp_path / "sandbox") as sandbox:
        monkeypatch.setenv("CAMPAIGNS_SANDBOX_URL", sandbox.url)
        monkeypatch.setenv("CAMPAIGNS_HOME", str(tmp_path / "home"))
        monkeypatch.setenv("CAMPAIGNS_TEMPLATES", str(ROOT / "templates"))
        with App(Settings()) as app:
            customers = World(app.database).customers(3, channels=(), country="ES")
            for number, customer in enumerate(customers):
                World(app.database).address(customer, Channel.EMAIL, f"person{number}@example.com")
            run = ["run", "shop_moves", "--scheduled-for", "2026-01-01T09:00"]
            assert cli(run) == 3
            said = capsys.readouterr().err
            assert "was held by campaigns" in said
            assert "it was to start on 1 Jan 2026 09:00" in said
            assert "campaigns resume 1" in said
            # Neither the same command nor the next one sends it.
            assert cli(["run", "shop_moves"]) == 3
            assert app.runs.get(1).state is RunState.PAUSED
            assert app.runs_due() == []
            assert sandbox.log.counts() == {}
            assert app.report(1).in_state(S.PENDING) == 3
            now = datetime.now(UTC)
            app.audit.append(AuditEntry(now, "Ada", Action.RESUMED, "run:1", "still true"))
            assert cli(["run", "shop_moves"]) == 0
            assert sandbox.log.counts() == {"email": 3}


def test_a_run_within_its_tolerance_starts(tmp_path: Path) -> None:
    with night(tmp_path, at=EVE) as made:
        customer = World(made.app.database).customer(channels=(), country="ES")
        World(made.app.database).address(customer, Channel.EMAIL, "ada@example.com")
        run, _ = made.app.start_run("shop_moves", scheduled_for=EVE - timedelta(minutes=59))
        assert run.state is RunState.PLANNING
        again, resumed = made.app.start_run("shop_moves", scheduled_for=EVE - timedelta(days=9))
        assert (again.id, resumed, made.app.audit.hold(run.id)) == (run.id, True, None)
