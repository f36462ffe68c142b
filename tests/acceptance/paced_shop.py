"""A shop whose waiting is virtual: the application's clock jumps where it would sleep, so an outage
of minutes takes none. Through the real SDKs against the sandbox."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from campaigns.bootstrap import App
from campaigns.domain.channel import Channel
from campaigns.domain.delivery import DeliveryState
from campaigns.sample import write_csv
from campaigns.sandbox.process import SandboxProcess
from campaigns.services.dispatch import Clock, DispatchCounts
from campaigns.services.report import RunReport
from campaigns.services.watching import Watch, unwatched
from campaigns.settings import Settings
from tests.contract.channels import say
from tests.runs import plan_run

ROOT = Path(__file__).parents[2]
PEOPLE = 300


@dataclass
class Jumping:
    """The wall's time, moved on by whatever is slept."""

    ahead: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.ahead)

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.ahead += seconds

    def clock(self) -> Clock:
        return Clock(self.now, lambda: time.monotonic() + self.ahead, self.sleep)


@dataclass
class Shop:
    """An application, its sandbox, and its clock."""

    home: Path
    sandbox: SandboxProcess
    clock: Jumping
    lanes: int = 1

    @contextmanager
    def app(
        self, clock: Clock | None = None, shard_size: int = 20_000, watch: Watch = unwatched
    ) -> Iterator[App]:
        settings = Settings(
            home=self.home,
            templates=self.home / "templates",
            sandbox_url=self.sandbox.url,  # type: ignore[arg-type]
            lanes=self.lanes,
            workers=1,
            shard_size=shard_size,
        )
        with App(settings, clock or self.clock.clock(), watch) as app:
            yield app

    def edit(self, old: str, new: str) -> None:
        """Change brand.yaml."""
        path = self.home / "templates" / "brand.yaml"
        before = path.read_text(encoding="utf-8")
        assert old in before
        path.write_text(before.replace(old, new, 1), encoding="utf-8")

    def faults(self, kind: str, **more: Any) -> None:
        say(self.sandbox, "faults", {"kind": kind, "provider": "twilio", **more})

    def well_again(self) -> None:
        say(self.sandbox, "faults", None, method="DELETE")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Customers, once for all tests."""
    made = tmp_path_factory.mktemp("people")
    shutil.copytree(ROOT / "templates", made / "templates")
    file = made / "people.csv"
    mapping = write_csv(file, count=PEOPLE, seed=3, now=datetime.now(UTC))
    with App(Settings(home=made, templates=made / "templates")) as app:
        app.import_customers(file, mapping)
        with app.database.write() as connection:  # a copy is a new shop, not a restored backup
            connection.execute(text("DELETE FROM meta WHERE key = 'identity'"))
    return made


Open = Callable[..., Shop]


@pytest.fixture
def open_shop(home: Path, tmp_path: Path) -> Iterator[Open]:
    with ExitStack() as stack:

        def make(lanes: int = 1, **config: Any) -> Shop:
            place = tmp_path / "shop"
            shutil.copytree(home, place)
            file = tmp_path / "config.json"
            file.write_text(json.dumps(config))
            sandbox = stack.enter_context(SandboxProcess(tmp_path / "log", config=file))
            return Shop(place, sandbox, Jumping(), lanes)

        yield make


def begun(app: App) -> int:
    run = plan_run(app)
    app.begin_sending(run.id)
    return run.id


def sent(app: App) -> tuple[RunReport, DispatchCounts]:
    """One whole run."""
    run_id = begun(app)
    counts = app.dispatch_all(run_id)
    return app.finish(run_id, counts.unreachable), counts


def of(report: RunReport, channel: Channel, state: DeliveryState) -> int:
    return report.states.get((channel, state), 0)


def later(shop: Shop, wait: timedelta) -> None:
    shop.clock.ahead += wait.total_seconds() + 1


def as_environment(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (
        ("HOME", shop.home), ("TEMPLATES", shop.home / "templates"),
        ("SANDBOX_URL", shop.sandbox.url), ("SANDBOX_QUIET_HOURS", "false"), ("WORKERS", "1"),
    ):  # fmt: skip
        monkeypatch.setenv(f"CAMPAIGNS_{name}", str(value))
