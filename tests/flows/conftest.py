"""One real Prefect server for all flow tests, and a shop of one's own for each.

Prefect reads its environment when it is imported, and test modules import it when they are
collected: so the environment is prepared here, first.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from flows.environment import prepare
from tests.flows.outside import Outside, outside
from tests.misbehaving import misbehave

_PREFECT_HOME = Path(tempfile.mkdtemp(prefix="campaigns-prefect-"))
# A flow in a test that names no server fails, where Prefect would start one of its own.
prepare(_PREFECT_HOME, PREFECT_SERVER_ALLOW_EPHEMERAL_MODE="false")

CHECKOUT = Path(__file__).resolve().parents[2]
CUSTOMERS = 200


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests that need the server go to one process: it is started once."""
    for item in items:
        if item.get_closest_marker("prefect"):
            item.add_marker(pytest.mark.xdist_group("prefect"))


def pytest_unconfigure() -> None:
    shutil.rmtree(_PREFECT_HOME, ignore_errors=True)


@dataclass(frozen=True)
class Prefect:
    """The server of this session."""

    api: str
    home: Path

    @property
    def environment(self) -> dict[str, str]:
        """For `prefect` commands and workers in processes of their own."""
        return {**os.environ, "PREFECT_API_URL": self.api}


@pytest.fixture(scope="session")
def world() -> Iterator[Outside]:
    """Slack, SendGrid and a mail server, as the session's Prefect server finds them."""
    with outside(_PREFECT_HOME) as made:
        yield made


@pytest.fixture(scope="session")
def prefect_server(world: Outside) -> Iterator[Prefect]:
    """Started once: 10 to 20 seconds. Its scheduler looks every second, so tests need not wait."""
    from flows.server import PrefectServer

    server = PrefectServer(pages=True, log=_PREFECT_HOME / "server.log")
    os.environ["PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS"] = "1"
    os.environ["PREFECT_API_BLOCKS_REGISTER_ON_START"] = "false"  # three seconds, unused here
    with pytest.MonkeyPatch.context() as patch:
        for name, value in world.environment.items():  # for the server alone
            patch.setenv(name, value)
        server.start()
    try:
        server.wait()
        yield Prefect(server.api, _PREFECT_HOME)
    finally:
        server.stop()


@pytest.fixture
def prefect(prefect_server: Prefect) -> Iterator[Prefect]:
    """This session's server as the one flows run on."""
    from prefect.events.worker import EventsWorker
    from prefect.settings import (
        PREFECT_API_URL,
        PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
        temporary_settings,
    )

    # Each flow would otherwise wait a second for the thread that beats its heart.
    quick: dict[Any, Any] = {PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}
    with temporary_settings({PREFECT_API_URL: prefect_server.api, **quick}):
        yield prefect_server
        # Logs and events go in the background: to this server, and not on into other tests (a
        # socket kept alive draws random numbers, which Hypothesis then blames on its strategies).
        EventsWorker.drain_all()


@dataclass(frozen=True)
class Shop:
    """A brand with customers, sending to a sandbox of its own."""

    home: Path
    sandbox: Any

    def sent(self) -> int:
        """Messages to customers that the sandbox's providers took; the public post apart."""
        return sum(n for channel, n in self.sandbox.log.counts().items() if channel != "x_post")

    def texts(self) -> int:
        """Text messages the sandbox took: they go one by one."""
        counts = self.sandbox.log.counts()
        return sum(counts.get(channel, 0) for channel in ("sms", "whatsapp"))


@pytest.fixture(scope="session")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with made-up customers in it, to copy."""
    from campaigns.bootstrap import connect
    from campaigns.sample import write_csv
    from campaigns.settings import Settings

    home = tmp_path_factory.mktemp("imported")
    file = home / "customers.csv"
    mapping = write_csv(file, count=CUSTOMERS, seed=7, now=datetime.now(UTC))
    with connect(Settings(home=home)) as app:
        app.import_customers(file, mapping)
    return home


def arm_copy(home: Path) -> None:
    """A copied home sends nothing until somebody says so."""
    from campaigns.bootstrap import connect
    from campaigns.bootstrap.arming import arm, standing
    from campaigns.settings import Settings

    with connect(Settings(home=home)) as app:
        arm(app, standing(app), by="tests", why="a copy for one test")


@pytest.fixture
def shop(imported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """Customers, a sandbox, and the environment that flows and workers find them by."""
    from campaigns.sandbox.process import SandboxProcess

    home = tmp_path / "home"
    shutil.copytree(imported, home)
    arm_copy(home)
    with SandboxProcess(tmp_path / "sandbox") as sandbox:
        monkeypatch.setenv("CAMPAIGNS_HOME", str(home))
        monkeypatch.setenv("CAMPAIGNS_TEMPLATES", str(CHECKOUT / "templates"))
        monkeypatch.setenv("CAMPAIGNS_SANDBOX_URL", sandbox.url)
        monkeypatch.setenv("CAMPAIGNS_LIVE", "false")
        monkeypatch.setenv("CAMPAIGNS_SHARD_SIZE", "100")
        yield Shop(home, sandbox)


@pytest.fixture
def slow(shop: Shop) -> Shop:
    """Every request to Twilio takes long enough to be stopped in: with one lane, all of them take
    17 s, and Prefect is asked every two seconds whether somebody has stopped the run."""
    misbehave(shop.sandbox.url, kind="delay", provider="twilio", seconds=0.6)
    return shop


def campaigns(prefect: Prefect, folder: Path, *arguments: str) -> str:
    """Run `campaigns …` in a checkout and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "campaigns", *arguments],
        cwd=folder,
        env={
            **prefect.environment,
            "CAMPAIGNS_TEMPLATES": "templates",
            "CAMPAIGNS_HOME": str(folder / "home"),
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="session")
def checkout(prefect_server: Prefect, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean copy of what is checked in, deployed from there by one command."""
    copy = tmp_path_factory.mktemp("checkout")
    for name in ("flows", "templates"):
        shutil.copytree(CHECKOUT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("prefect.yaml", "prefect.toml"):
        shutil.copy(CHECKOUT / name, copy / name)
    campaigns(prefect_server, copy, "deploy")
    return copy


@pytest.fixture
def templates(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shipped templates, with a spring sale that somebody has to approve."""
    copy = tmp_path / "templates"
    shutil.copytree(CHECKOUT / "templates", copy)
    with (copy / "campaigns" / "spring_sale" / "campaign.yaml").open("a") as file:
        file.write("needs_approval: true\nauthor: Arnau Vila\n")
    monkeypatch.setenv("CAMPAIGNS_TEMPLATES", str(copy))
    return copy


@pytest.fixture
def one_lane(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sending takes long enough to be stopped in, and again."""
    monkeypatch.setenv("CAMPAIGNS_LANES", "1")


@pytest.fixture
def worker(prefect: Prefect, checkout: Path, shop: Shop) -> Iterator[None]:
    """A worker with the shop's environment."""
    process = subprocess.Popen(
        [sys.executable, "-m", "prefect", "worker", "start", "--pool", "campaigns"],
        cwd=checkout,
        env={**prefect.environment, "PREFECT_WORKER_QUERY_SECONDS": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    yield
    process.terminate()
    process.wait(120)
