"""What demo and serve stand on: a sandbox, a folder of its own, and made-up customers in it.

Everything lies under .campaigns/demo; the user's own database, settings and Prefect stay as they
are. Nothing here can reach a real person: the settings of the environment are set aside.
"""

from __future__ import annotations

import csv
import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from campaigns.bootstrap import App
from campaigns.errors import UserError
from campaigns.sandbox.process import SandboxProcess
from campaigns.services.import_customers import ImportReport
from flows.server import stop

HOME = Path(".campaigns") / "demo"
CUSTOMERS = 600
#: The same seed, the same customers: what the demo shows can be talked about.
SEED = 1
CAMPAIGN = "spring_sale"


@contextmanager
def only_one() -> Iterator[None]:
    """Hold the demo's folder. Raises UserError while another demo or serve holds it."""
    HOME.parent.mkdir(parents=True, exist_ok=True)
    with (HOME.parent / "demo.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UserError(
                "a demo is running in this folder already (make demo or make serve); stop it first."
            ) from None
        yield


def fresh_home() -> None:
    """An empty folder for this demo."""
    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir(parents=True)


def point_settings(sandbox_url: str) -> None:
    """Make the demo's folder and sandbox the settings of this process and its children."""
    for name in [n for n in os.environ if n.upper().startswith("CAMPAIGNS_")]:
        del os.environ[name]
    os.environ["CAMPAIGNS_LIVE"] = "false"  # whatever a .env here says
    os.environ["CAMPAIGNS_HOME"] = str(HOME.resolve())
    os.environ["CAMPAIGNS_TEMPLATES"] = str(Path("templates").resolve())
    os.environ["CAMPAIGNS_DATABASE_URL"] = ""
    os.environ["CAMPAIGNS_SANDBOX_URL"] = sandbox_url
    os.environ["CAMPAIGNS_SANDBOX_QUIET_HOURS"] = "false"  # a demo works at night, too


@contextmanager
def sandbox() -> Iterator[SandboxProcess]:
    """The practice providers, with their log in the demo's folder, as the settings' sandbox."""
    with SandboxProcess(HOME / "sandbox") as process:
        point_settings(process.url)
        yield process


@contextmanager
def public_app(sandbox: SandboxProcess) -> Iterator[str]:
    """The public app on a free port: the sandbox tells it what becomes of messages, and brings it
    what customers write."""
    with _running("serve") as url:
        from campaigns.bootstrap import connect

        with connect() as app:
            mails = urlsplit(app.links.inbound_url).path
        control(sandbox, "webhooks", {"url": url, "mails": mails})
        yield url


@contextmanager
def desk() -> Iterator[str]:
    """The pages for staff, on a free port."""
    with _running("desk") as url:
        yield url


@contextmanager
def _running(command: str) -> Iterator[str]:
    """One of the product's servers, at the address that it prints."""
    log = HOME / f"{command}.log"
    with log.open("wb") as words:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
            [sys.executable, "-m", "campaigns", command, "--port", "0"],
            stdout=subprocess.PIPE,
            stderr=words,
        )
    assert process.stdout is not None
    try:
        said = process.stdout.readline().decode()
        found = re.search(r"http://\S+", said)
        if found is None:
            raise RuntimeError(f"`campaigns {command}` did not start; see {log}")
        yield found[0]
    finally:
        stop(process)
        process.stdout.close()


def heard(sandbox: SandboxProcess, seconds: float = 30.0) -> bool:
    """Wait until the sandbox has told all it has to tell; False when it does not within that."""
    give_up = time.monotonic() + seconds
    while control(sandbox, "webhooks")["waiting"]:
        if time.monotonic() > give_up:
            return False
        time.sleep(0.05)
    return True


def control(sandbox: SandboxProcess, path: str, document: Any = None) -> Any:
    """Ask the sandbox, or tell it something."""
    request = urllib.request.Request(  # noqa: S310 - our own sandbox on loopback
        f"{sandbox.url.rstrip('/')}/sandbox/{path}",
        data=None if document is None else json.dumps(document).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        return json.load(answer)


def make_customers(app: App, sandbox: SandboxProcess) -> ImportReport:
    """Write made-up customers to a file and bring them in with the ordinary importer."""
    from campaigns.sample import write_csv

    file = HOME / "customers.csv"
    mapping = write_csv(file, count=CUSTOMERS, seed=SEED, now=datetime.now(UTC))
    _tell_who_wrote(file, sandbox)
    return app.import_customers(file, mapping)


def _tell_who_wrote(file: Path, sandbox: SandboxProcess) -> None:
    """X takes direct messages only to people who wrote to the brand first: tell the sandbox who
    did, as X itself would know."""
    with file.open(encoding="utf-8", newline="") as rows:
        handles = [r["x_handle"].removeprefix("@") for r in csv.DictReader(rows) if r["x_messages"]]
    control(sandbox, "x/users", [{"username": handle} for handle in handles])
