"""What flows and demo say, without a server."""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from campaigns.bootstrap import reconciling
from campaigns.cli import run as cli
from campaigns.domain.channel import Channel
from campaigns.domain.consent import Purpose
from campaigns.domain.delivery import DeliveryState
from campaigns.domain.evidence import Doubt
from campaigns.domain.plan import PlanCounts
from campaigns.domain.run import Run, RunState
from campaigns.errors import UserError
from campaigns.sandbox.process import SandboxProcess
from campaigns.services.dispatch import DispatchCounts
from campaigns.services.report import RunReport
from flows import send_campaign, stage
from flows.environment import prepare
from flows.examples import Example
from flows.reporting import MOST_ROWS, doubts_table, plan_sentence, rate_sentence
from flows.server import free_port
from flows.story import Story
from tests.flows.conftest import CHECKOUT
from tests.sandbox_clients import FROM, twilio_client, x_client
from tests.unit.domain.test_progress import progress

COUNTS = PlanCounts(
    Counter({Channel.EMAIL: 1200, Channel.SMS: 3}), Counter({"no_consent": 40}), already=7
)


def test_a_shards_plan_is_one_sentence() -> None:
    assert plan_sentence(COUNTS) == (
        "1,203 planned (e-mail 1,200, SMS 3); 40 skipped (No consent 40); 7 had it already"
    )
    assert plan_sentence(PlanCounts()) == "0 planned; 0 skipped"


def test_the_bar_of_a_run_tells_of_its_canary_instead_of_a_time() -> None:
    rest = {(Channel.SMS, DeliveryState.ACCEPTED): 20, (Channel.SMS, DeliveryState.PENDING): 50}
    watched = progress(rest, canary="watching the first 20 until 10 Mar 11:00 CET")
    assert rate_sentence(watched) == "20 of 70; watching the first 20 until 10 Mar 11:00 CET"
    assert rate_sentence(progress(rest)) == "20 of 70, 10 a second, 0:00:05 left"


def test_a_demo_that_does_not_add_up_says_so_and_fails() -> None:
    written = StringIO()
    story = Story(Console(file=written, width=100))
    story.check("two and two are four", holds=True)
    assert story.ending(1.0) == 0

    story.check("two and two are five", holds=False)

    assert story.ending(1.0) == 1
    assert "✗ two and two are five" in written.getvalue()
    assert "does not add up" in written.getvalue()


def test_the_second_runs_sentence_tells_messages_and_public_posts_apart(tmp_path: Path) -> None:
    written = StringIO()
    with SandboxProcess(tmp_path) as sandbox:
        client = twilio_client(sandbox.url)
        client.messages.create(to="+34600000001", from_=FROM, body="Hello")
        client.messages.create(to="+34600000002", from_=FROM, body="Hello")
        x_client(sandbox.url).create_tweet(text="Hello", user_auth=True)

        Story(Console(file=written, width=200)).second_run(
            {"already": 2, "accepted": 0}, sandbox.log, before=3
        )

    assert (
        "✓ 2 had it already, 0 sent; the providers' log still holds 2 messages and 1 public post"
        in written.getvalue()
    )


def test_a_customers_box_shows_the_whole_message() -> None:
    written = StringIO()
    text = "Word " * 120 + "\nhttps://shop.example/end\nReply STOP to leave"
    example = Example("Ana", "c1, es, ES", "es", "rule", "why", None, text, text)

    Story(Console(file=written, width=100)).three_customers([example])

    assert "https://shop.example/end" in written.getvalue()
    assert "Reply STOP to leave" in written.getvalue()


def test_only_one_demo_runs_in_a_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    with stage.only_one(), pytest.raises(UserError, match="stop it first"), stage.only_one():
        pass
    with stage.only_one():  # and the folder is free again
        pass


def test_our_prefect_leaves_the_users_server_and_profile_alone(tmp_path: Path) -> None:
    environ = {"PREFECT_API_URL": "https://prefect.example.com/api", "PREFECT_PROFILE": "work"}

    prepare(tmp_path / "home", environ=environ, PREFECT_CLI_COLORS="false")

    assert environ.keys().isdisjoint({"PREFECT_API_URL", "PREFECT_PROFILE"})
    assert environ["PREFECT_HOME"] == str(tmp_path / "home")
    assert environ["DO_NOT_TRACK"] == "1"
    assert environ["PREFECT_CLI_COLORS"] == "false"


def test_a_taken_port_is_left_to_who_has_it() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert free_port(port) != port
    assert free_port(port) == port


def test_the_product_does_not_import_prefect_nor_the_flows() -> None:
    code = (
        "import sys, campaigns.cli, campaigns.bootstrap as b; b.App, b.connect; "
        "assert not {'prefect', 'flows'} & sys.modules.keys()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_layers_hold() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [linter, "--no-cache"],
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONPATH": "src"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def _doubt(number: int, now: datetime) -> Doubt:
    return Doubt(
        delivery_id=90_000 + number,
        customer_id=number,
        run_id=1,
        campaign="spring_sale",
        edition="",
        channel=Channel.EMAIL,
        state=DeliveryState.IN_DOUBT,
        skeleton_id=1,
        address=None,
        values=None,
        provider_id=None,
        outcome="a time-out",
        since=now,
        fell=now,
        looks=0,
        looked_at=None,
        finding=None,
        told=None,
        resolved=None,
    )


def test_the_command_beside_a_table_that_was_cut_lists_all_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = datetime.now(UTC)
    doubts = [_doubt(number, now) for number in range(MOST_ROWS + 7)]
    told = doubts_table(doubts, now)
    assert told.count("\n| 9") == MOST_ROWS
    found = re.search(r"and 7 more: `(campaigns [^`]+)`", told)
    assert found is not None
    monkeypatch.setenv("CAMPAIGNS_HOME", str(tmp_path))
    monkeypatch.setattr(reconciling, "list_doubts", lambda _: doubts)
    assert cli(shlex.split(found[1])[1:]) == 0
    said = capsys.readouterr().out
    assert all(str(d.delivery_id) in said for d in doubts)


def test_a_flow_run_that_ends_with_messages_left_by_a_pace_says_so() -> None:
    run = Run(
        1, "spring_sale", "", "aa", RunState.RUNNING, Purpose.MARKETING, "offers",
        datetime(2027, 3, 1, tzinfo=UTC), None, None, None, None,
    )  # fmt: skip
    states = {(Channel.EMAIL, DeliveryState.ACCEPTED): 5, (Channel.X_DM, DeliveryState.PENDING): 1}
    report = RunReport(run, states, {}, already=0, recorded=5, post=None)
    left = send_campaign._end(report, DispatchCounts())
    assert left.message == (
        "5 of 6 sent, 0 skipped. Left by their channel's pace: 1; `go-on` sends them."
    )
    done = replace(report, states={(Channel.EMAIL, DeliveryState.ACCEPTED): 5})
    assert send_campaign._end(done, DispatchCounts()).message == "5 of 5 sent, 0 skipped."
