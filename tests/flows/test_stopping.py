"""Stopping a flow stops its senders: nobody gets the message twice, and the next run goes on."""

from __future__ import annotations

import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from campaigns.bootstrap import connect
from campaigns.domain.run import RunState
from flows.send_campaign import send_campaign
from tests.flows.conftest import CHECKOUT, Prefect, Shop
from tests.flows.pages import until

pytestmark = pytest.mark.prefect

FLOW = "from flows.send_campaign import send_campaign; send_campaign('spring_sale')"


def slow_down(shop: Shop) -> None:
    """Every request to Twilio takes long enough to be stopped in."""
    request = urllib.request.Request(
        f"{shop.sandbox.url}/sandbox/faults",
        data=b'[{"kind": "delay", "provider": "twilio", "seconds": 0.3}]',
        headers={"Content-Type": "application/json"},
    )
    urllib.request.urlopen(request, timeout=5).close()


def flow_process(prefect: Prefect) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", FLOW],
        cwd=CHECKOUT,
        env=prefect.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def descendants(pid: int) -> set[int]:
    """Processes below this one, from /proc."""
    parents = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended while we looked
        parents[int(status.parent.name)] = int(fields[1])
    found, grown = {pid}, set[int]()
    while grown != found:
        grown = set(found)
        found |= {child for child, parent in parents.items() if parent in found}
    return found - {pid}


def alive(pids: set[int]) -> set[int]:
    """Those that still run; the dead that nobody has collected do not."""

    def runs(pid: int) -> bool:
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
        except OSError:
            return False

    return {pid for pid in pids if runs(pid)}


@pytest.mark.parametrize("workers", [1, 2])
def test_a_cancelled_flow_stops_sending_and_the_next_run_goes_on(
    prefect: Prefect, shop: Shop, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    monkeypatch.setenv("CAMPAIGNS_WORKERS", str(workers))
    slow_down(shop)
    process = flow_process(prefect)
    until(lambda: shop.texts() > 2, seconds=60)
    below = descendants(process.pid)
    process.send_signal(signal.SIGTERM)
    process.wait(30)

    until(lambda: not alive(below), seconds=10)
    with connect() as app:
        run = app.latest_run()
        assert run.state is RunState.PAUSED
        assert app.report(run.id).waiting > 0, "it was stopped too late to show anything"
    assert _finishes(shop), "messages were lost or sent twice"


def test_senders_end_with_a_flow_that_is_killed_outright(
    prefect: Prefect, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMPAIGNS_WORKERS", "2")
    slow_down(shop)
    process = flow_process(prefect)
    until(lambda: shop.texts() > 2, seconds=60)
    below = descendants(process.pid)
    process.kill()
    process.wait()

    until(lambda: not alive(below))
    assert below, "there were no senders"
    with connect() as app:
        assert app.report(app.latest_run().id).waiting > 0


def _finishes(shop: Shop) -> bool:
    """Send the rest; every planned customer has one message, in the log and on the profile."""
    counts = send_campaign("spring_sale")
    return bool(
        counts["accepted"] == counts["planned"] == shop.sent() and not shop.sandbox.log.duplicates()
    )
