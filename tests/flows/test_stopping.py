"""Stopping a flow stops its senders: nobody gets the message twice, and the next run goes on."""

from __future__ import annotations

import signal
import subprocess
import sys
from concurrent.futures import Future
from pathlib import Path

import pytest

from campaigns.bootstrap import App, Workers, connect
from campaigns.domain.run import RunState
from campaigns.services.dispatch import DispatchCounts
from flows.send_campaign import send_campaign
from tests.flows.conftest import CHECKOUT, Prefect, Shop
from tests.misbehaving import behave
from tests.runs import plan_run
from tests.waiting import until

#: A run's sending without Prefect, in a process to be killed: two shards, two senders.
SENDING = """
from campaigns.bootstrap import Workers, connect
with connect() as app:
    run = app.latest_run()
    with Workers(app, run.id, 2) as workers:
        for shard in [workers.submit(0), workers.submit(1)]:
            shard.result()
"""


class StopRequested(BaseException):
    """As Prefect's own signal: not an Exception."""


def process(prefect_environment: dict[str, str] | None, code: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=CHECKOUT,
        env=prefect_environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def begun(app: App) -> int:
    """A run that is ready to send; its id."""
    run = plan_run(app)
    app.begin_sending(run.id)
    return run.id


def below(pid: int) -> set[int]:
    """Processes below this one that still run, from /proc; the dead that nobody has collected
    do not."""
    found, grown = {pid}, set[int]()
    while grown != found:
        grown = set(found)
        found |= {child for child, (state, parent) in _processes().items() if parent in grown}
    return alive(found - {pid})


def alive(pids: set[int]) -> set[int]:
    """Those that still run."""
    return {pid for pid, (state, _) in _processes().items() if state != "Z"} & pids


def _processes() -> dict[int, tuple[str, int]]:
    """Process → its state and its parent."""
    seen = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent, *_ = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended while we looked
        seen[int(status.parent.name)] = (state, int(parent))
    return seen


@pytest.mark.parametrize("workers", [1, 2])
def test_senders_stop_before_their_next_message_when_the_flow_is_stopped(
    slow: Shop, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    monkeypatch.setenv("CAMPAIGNS_WORKERS", str(workers))
    with connect() as app:
        run_id = begun(app)
        sending: list[Future[DispatchCounts]] = []

        def stopped() -> None:
            with Workers(app, run_id, len(app.shards(run_id))) as pool:
                sending.extend(pool.submit(no) for no in range(workers))
                until(lambda: slow.texts() > 2)
                raise StopRequested

        with pytest.raises(StopRequested):
            stopped()
        counts = [future.result() for future in sending]  # they ended by themselves

        # What a batch had not sent yet went back unsent.
        assert sum(c.outcomes["accepted"] for c in counts) == slow.sent()
        assert app.runs.get(run_id).state is RunState.PAUSED
        report = app.report(run_id)
        assert report.waiting > 0, "it was stopped too late to show anything"
        assert report.accepted == slow.sent()
        assert sum(n for (_, state), n in report.states.items() if state == "in_doubt") == 0


def test_senders_end_with_a_flow_that_is_killed_outright(
    slow: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMPAIGNS_WORKERS", "2")
    with connect() as app:
        run_id = begun(app)
        flow = process(None, SENDING)
        until(lambda: slow.texts() > 2)
        senders = below(flow.pid)
        flow.kill()
        flow.wait()

        assert senders, "there were no senders"
        until(lambda: not alive(senders))
        assert app.report(run_id).waiting > 0


@pytest.mark.prefect
def test_a_cancelled_flow_stops_sending_and_the_next_run_goes_on(
    prefect: Prefect, slow: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMPAIGNS_WORKERS", "2")
    code = "from flows.send_campaign import send_campaign; send_campaign('spring_sale')"
    flow = process(prefect.environment, code)
    until(lambda: slow.texts() > 2)
    children = below(flow.pid)
    flow.send_signal(signal.SIGTERM)
    flow.wait(120)

    until(lambda: not alive(children))
    with connect() as app:
        run = app.latest_run()
        assert run.state is RunState.PAUSED
        assert app.report(run.id).waiting > 0, "it was stopped too late to show anything"
    behave(slow.sandbox.url)
    counts = send_campaign("spring_sale")
    assert counts["accepted"] == counts["planned"] == slow.sent()
    assert not slow.sandbox.log.duplicates()
