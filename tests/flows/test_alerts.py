"""Alerts: from our database over Prefect's events and automations to somebody's notification."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from prefect.blocks.notifications import CustomWebhookNotificationBlock

from campaigns.bootstrap import connect
from campaigns.bootstrap.alerts import alerts
from campaigns.bootstrap.control import started
from campaigns.domain.alert import AlertKind
from campaigns.domain.run import RunState
from campaigns.errors import ConfigurationError
from flows.alerting import tell
from flows.automations import put_automations
from flows.housekeeping import housekeeping
from tests.flows.conftest import Prefect, Shop
from tests.flows.pages import client, until

pytestmark = pytest.mark.prefect


class Inbox(ThreadingHTTPServer):
    """Takes notifications, as Slack would."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Post)
        self.told: list[dict[str, str]] = []


class _Post(BaseHTTPRequestHandler):
    server: Inbox

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.told.append(json.loads(body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Silent."""


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    with Inbox() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def paused_by_the_engine() -> int:
    """A run that asks for somebody."""
    with connect() as app:
        run, _ = app.start_run("shop_moves")
        started(app, run.id, by="tests")
        app.runs.move(run.id, RunState.PAUSED, now=app.clock.now(), because="no provider")
        return run.id


def test_a_run_that_does_not_go_on_reaches_the_named_block_once_a_day(
    prefect: Prefect, shop: Shop, inbox: Inbox
) -> None:
    hook = CustomWebhookNotificationBlock(
        name="marketing",
        url=f"http://127.0.0.1:{inbox.server_port}/",
        json_data={"subject": "{{subject}}", "body": "{{body}}"},
    )
    hook.save("marketing", overwrite=True)
    with client() as api:
        assert put_automations(api, "custom-webhook/marketing") == (
            "Alerts go to custom-webhook/marketing."
        )
        ours = [a for a in api.read_automations() if a.name.startswith("campaigns: ")]
        assert len(ours) == 5
        api.pause_automation(ours[0].id)
        put_automations(api, "custom-webhook/marketing")
        again = {a.id: a.enabled for a in api.read_automations() if a.id in {o.id for o in ours}}
        assert again == {a.id: a is not ours[0] for a in ours}, "doubled, or switched on again"
        api.resume_automation(ours[0].id)
    run_id = paused_by_the_engine()

    assert housekeeping()["alerts"] == 1

    (said,) = until(lambda: list(inbox.told), seconds=60)
    assert said["subject"] == "campaigns: a run does not go on"
    assert f"Run {run_id} of shop_moves does not go on: paused: no provider" in said["body"]
    with connect() as app:
        found = alerts(app)
    assert [(a.kind, a.run_id) for a in found] == [(AlertKind.STUCK, run_id)]
    today = datetime.now(UTC).date()
    until(lambda: not tell(found, today))  # the server has recorded it: nothing is told again
    with client() as api:
        for automation in ours:
            api.delete_automation(automation.id)


def test_a_block_that_is_not_there_is_named_with_the_way_out(prefect: Prefect) -> None:
    with client() as api, pytest.raises(ConfigurationError, match="Blocks → \\+"):
        put_automations(api, "slack-webhook/nowhere")
