"""Alerts: from our database, and from Prefect itself, to Slack, SendGrid and a mail server, through
Prefect's own notification blocks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from prefect.blocks.notifications import SendgridEmail, SlackWebhook
from prefect.client.orchestration import SyncPrefectClient
from prefect.flow_engine import run_flow
from sqlalchemy import text

from campaigns.bootstrap import App, connect
from campaigns.bootstrap.alerts import alerts
from campaigns.bootstrap.control import started
from campaigns.domain.alert import AlertKind
from campaigns.domain.run import RunState
from campaigns.errors import ConfigurationError
from flows.alerting import tell
from flows.automations import put_automations
from flows.housekeeping import housekeeping
from flows.send_campaign import send_campaign
from tests.flows.conftest import Prefect, Shop
from tests.flows.outside import SENDGRID, SLACK, Outside
from tests.flows.pages import client
from tests.waiting import until

pytestmark = pytest.mark.prefect

#: The shortest that Prefect takes for something that does not happen.
SILENCE = timedelta(seconds=10)
BLOCKS = ("slack-webhook/marketing", "sendgrid-email/marketing", "slack-webhook/by-mail")
NEVER_ENDS = """
import time
from prefect import flow

@flow(name="never-ends", flow_run_name="Spring sale, 26 Nov")
def never_ends():
    time.sleep(600)
"""


@pytest.fixture
def blocks(prefect: Prefect, world: Outside) -> tuple[str, ...]:
    """As a marketer makes them on Prefect's pages; the last mails, by any mail server."""
    SlackWebhook(url="https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXX").save(  # type: ignore[arg-type]
        "marketing", overwrite=True
    )
    SendgridEmail(
        api_key="SG.made-up",  # type: ignore[arg-type]
        sender_email="alerts@example.com",
        to_emails=["marketing@example.com"],
    ).save("marketing", overwrite=True)
    mail = f"mailto://127.0.0.1:{world.smtp_port}/?from=alerts@example.com&to=team@example.com"
    SlackWebhook(url=f"{mail}&mode=insecure&format=text").save("by-mail", overwrite=True)  # type: ignore[arg-type]
    return BLOCKS


@contextmanager
def alerting(api: SyncPrefectClient, blocks: tuple[str, ...], *deployments: UUID) -> Iterator[Any]:
    """The alerts, gone again after."""
    put_automations(api, blocks, deployments, SILENCE)
    ours = [a for a in api.read_automations() if a.name.startswith("campaigns: ")]
    try:
        yield ours
    finally:
        for automation in ours:
            api.delete_automation(automation.id)


def count_runs_from(app: App, number: int) -> None:
    """An alert of a run is told once a day, and the server is also other tests': each test has runs
    of its own numbers."""
    run, _ = app.start_run("welcome")
    app.runs.move(run.id, RunState.CANCELLED, now=app.clock.now())
    with app.database.write() as connection:
        connection.execute(text("PRAGMA defer_foreign_keys = ON"))
        for column in ("runs SET id", "shards SET run_id"):
            table, _, name = column.split()
            connection.execute(
                text(f"UPDATE {table} SET {name} = :new WHERE {name} = :old"),
                {"new": number, "old": run.id},
            )


def paused_by_the_engine(app: App) -> int:
    """A run that asks for somebody."""
    run, _ = app.start_run("shop_moves")
    started(app, run.id, by="tests")
    app.runs.move(run.id, RunState.PAUSED, now=app.clock.now(), because="no provider")
    return run.id


def with_old_doubts_and_many_opt_outs(app: App) -> int:
    """A run that has sent, with ten messages in doubt for long, and six people who left."""
    run, _ = app.start_run("spring_sale")
    for shard in app.shards(run.id):
        app.plan_shard(run.id, shard.no)
    app.begin_sending(run.id)
    app.dispatch_all(run.id)
    app.finish(run.id)
    now = int(app.clock.now().timestamp() * 1000)
    of_run = "SELECT {} FROM deliveries WHERE run_id = :run AND customer_id > 0 LIMIT {}"
    with app.database.write() as connection:
        connection.execute(
            text(
                "UPDATE deliveries SET state = 'in_doubt', settled_at = :old "
                f"WHERE id IN ({of_run.format('id', 10)})"
            ),
            {"run": run.id, "old": now - 7_200_000},
        )
        connection.execute(
            text(
                "INSERT INTO interactions (customer_id, at, kind) SELECT customer_id, :now, "
                f"'unsubscribed' FROM ({of_run.format('customer_id', 6)}) AS left_us"
            ),
            {"run": run.id, "now": now + 1000},
        )
    return run.id


def deployed(api: SyncPrefectClient, flow: Any, name: str, **more: Any) -> UUID:
    return api.create_deployment(api.create_flow(flow), name=name, **more)


def killed(api: SyncPrefectClient, prefect: Prefect, flow_run: UUID, folder: Path) -> None:
    """A flow run in a process of its own, as a worker starts it, that dies with its machine."""
    process = subprocess.Popen(
        [sys.executable, "-m", "prefect.engine"],
        cwd=folder,  # where Prefect copies the flow's file to
        env={**prefect.environment, "PREFECT__FLOW_RUN_ID": str(flow_run)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    beat = {
        "filter": {
            "event": {"name": ["prefect.flow-run.heartbeat"]},
            "resource": {"id": [f"prefect.flow-run.{flow_run}"]},
        }
    }
    try:
        until(lambda: api.request("POST", "/events/filter", json=beat).json()["events"])
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()


def everything_is_told(api: SyncPrefectClient, world: Outside, prefect: Prefect) -> None:
    """Five alerts by mail, and each by Slack and SendGrid; where one is missing, Prefect's own
    events and its server's log say why."""
    try:
        until(lambda: len(world.mails) >= 5 and len(world.told) >= 10, seconds=180)
    except AssertionError:
        wanted = {"filter": {"event": {"prefix": ["prefect.automation."]}}, "limit": 50}
        events = api.request("POST", "/events/filter", json=wanted).json()["events"]
        tried = [(e["occurred"], e["event"], e["payload"]) for e in events]
        mails, posts = [subject for _, subject, _ in world.mails], world.told
        log = (prefect.home / "server.log").read_text()[-20_000:]
        pytest.fail(f"only these were told: {mails}, {posts}; tried: {tried}; the server: {log}")


@pytest.mark.slow
def test_every_alert_reaches_slack_and_mail_in_plain_words(
    prefect: Prefect, shop: Shop, world: Outside, blocks: tuple[str, ...], tmp_path: Path
) -> None:
    world.forget()
    code, work = tmp_path / "code", tmp_path / "work"
    code.mkdir()
    work.mkdir()
    (code / "never_ends.py").write_text(NEVER_ENDS)
    with client() as api:
        still = api.create_deployment(
            api.create_flow_from_name("never-ends"),
            name="never-ends",
            path=str(code),
            entrypoint="never_ends.py:never_ends",
        )
        sale = deployed(api, send_campaign, "alerts-spring-sale")
        with alerting(api, blocks, still, sale):
            silent = api.create_flow_run_from_deployment(still)
            killed(api, prefect, silent.id, work)
            wrong = api.create_flow_run_from_deployment(sale, parameters={"campaign": "sprig_sale"})
            state = run_flow(
                send_campaign, wrong, parameters={"campaign": "sprig_sale"}, return_type="state"
            )
            assert state.is_failed()
            with connect() as app:
                count_runs_from(app, 1000)
                stuck, sent = paused_by_the_engine(app), with_old_doubts_and_many_opt_outs(app)
            assert housekeeping()["alerts"] == 3
            everything_is_told(api, world, prefect)
        for deployment in (still, sale):
            api.delete_deployment(deployment)
    told = {subject: " ".join(body.split()) for _, subject, body in world.mails}
    assert {to for to, _, _ in world.mails} == {"team@example.com"}
    assert len(told) == len(world.mails) == 5
    page = f"{prefect.api.removesuffix('/api')}/runs/flow-run/"
    for subject, words in (
        ("a run does not go on", f"Run {stuck} of shop_moves does not go on: paused: no provider"),
        ("messages have been in doubt for too long",
         f"10 messages of run {sent} (spring_sale) are in doubt, the oldest for 2 h"),
        ("unusually many opt out", f"customers who got run {sent} (spring_sale) have opted out"),
        ("a flow run failed", "there is no campaign `sprig_sale`"),
        ("a flow run failed", f"{page}{wrong.id}"),
        ("a flow run gives no sign of life", "Spring sale, 26 Nov gives no sign of life any more"),
        ("a flow run gives no sign of life", f"{page}{silent.id}"),
    ):  # fmt: skip
        assert words in told[f"campaigns: {subject}"]
    by_slack, by_sendgrid = str(world.to(SLACK)), str(world.to(SENDGRID))
    for subject in told:
        assert subject in by_slack
        assert subject in by_sendgrid
    assert "marketing@example.com" in by_sendgrid
    assert {path for host, path, _ in world.told if host == SLACK} == {
        "/services/T00000000/B00000000/XXXXXXXX"
    }


def test_each_alert_comes_once_a_day_and_what_was_switched_off_stays_off(
    prefect: Prefect, shop: Shop, world: Outside, blocks: tuple[str, ...]
) -> None:
    with client() as api, alerting(api, blocks) as ours:
        assert len(ours) == 5
        failed = next(a for a in ours if a.name.endswith("failed"))
        api.pause_automation(failed.id)
        put_automations(api, blocks, ())
        again = {a.id: a.enabled for a in api.read_automations() if a.id in {o.id for o in ours}}
        assert again == {a.id: a is not failed for a in ours}, "doubled, or switched on again"
        with connect() as app:
            count_runs_from(app, 2000)
            run_id = paused_by_the_engine(app)
        assert housekeeping()["alerts"] == 1
        with connect() as app:
            found = alerts(app)
        assert [(a.kind, a.run_id) for a in found] == [(AlertKind.STUCK, run_id)]
        today = datetime.now(UTC).date()
        until(lambda: not tell(found, today))  # the server has recorded it: nothing is told again


def test_an_alert_leads_to_the_page_of_the_flow_run(
    prefect: Prefect, shop: Shop, world: Outside, blocks: tuple[str, ...]
) -> None:
    world.forget()
    with client() as api, alerting(api, blocks):
        with connect() as app:
            count_runs_from(app, 3000)
        told = send_campaign("spring_sale", limit=3)
        with connect() as app:
            run_id = told["run"]
            with app.database.write() as connection:
                connection.execute(text("UPDATE deliveries SET state = 'in_doubt', settled_at = 1"))
        housekeeping()
        ((_, _, body),) = until(lambda: list(world.mails))
    assert f"of run {run_id} (spring_sale)" in body
    with client() as api:
        carrier = body.rpartition("/runs/flow-run/")[2].strip()
        assert "Spring sale" in api.read_flow_run(UUID(carrier)).name


def test_a_block_that_is_not_there_is_named_with_the_way_out(prefect: Prefect) -> None:
    with client() as api, pytest.raises(ConfigurationError, match="Blocks → \\+"):
        put_automations(api, ["slack-webhook/nowhere"], ())
