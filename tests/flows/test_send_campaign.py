"""The flow send-campaign, end to end through the sandbox, on a real Prefect server."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from campaigns.bootstrap import connect
from campaigns.cli import run as campaigns
from campaigns.domain.run import RunState
from flows.planning import plan_shards, span, together
from flows.send_campaign import finish, send_campaign
from flows.sending import dispatch_later, dispatch_shard
from tests.files import restate
from tests.flows.conftest import CHECKOUT, Prefect, Shop
from tests.flows.pages import artifacts, log_lines, newest_run, task_runs

pytestmark = pytest.mark.prefect


def test_a_run_sends_what_was_planned_and_shows_it_by_stage_and_shard(
    prefect: Prefect, shop: Shop
) -> None:
    counts = send_campaign("spring_sale")

    assert counts["accepted"] == counts["planned"] == counts["recorded"] == shop.sent() > 0
    run = newest_run()
    assert run.name.startswith("Spring sale, ")
    assert run.state_name == "Completed"
    names = {
        "check and compile spring_sale",
        "plan shards 1 to 2 of 2",
        "prepare the channels",
        "send shard 1 of 2",
        "send shard 2 of 2",
        "fall back to other channels",
        "report",
    }
    assert task_runs(run.id, count=len(names)) == dict.fromkeys(names, "COMPLETED")
    shown = artifacts(run.id)
    assert shown["progress-spring-sale"] == 100
    assert log_lines(run.id, containing="Shard 1 of 2: ")
    assert log_lines(run.id, containing="Shard 2 of 2: ")


def test_the_report_is_one_artifact_with_the_numbers_of_the_command_line(
    prefect: Prefect,
    shop: Shop,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "200")  # so that no line of the table is folded
    counts = send_campaign("spring_sale")

    found = artifacts(newest_run().id)
    assert set(found) == {"progress-spring-sale", "report-spring-sale"}
    shown = str(found["report-spring-sale"])
    with connect() as app:
        report = app.report(counts["run"])
    assert report.course
    for sentence in report.course:
        assert f"- {sentence}" in shown
    assert campaigns(["show", "run", str(counts["run"])]) == 0
    printed = capsys.readouterr().out
    for section, line, number in report.rows():
        if section in ("skipped", "outcome"):
            assert f"| {section} | {line} | {number:,} |" in shown
        assert any(line in row and f"{number:,}" in row for row in printed.splitlines()), line


def test_running_again_sends_nothing_twice(prefect: Prefect, shop: Shop) -> None:
    first = send_campaign("spring_sale")
    sent = shop.sent()

    second = send_campaign("spring_sale")

    assert shop.sent() == sent
    assert second["planned"] == second["accepted"] == 0
    assert second["already"] == first["planned"]
    assert not shop.sandbox.log.duplicates()


def test_a_dry_run_tells_the_plan_and_sends_nothing(prefect: Prefect, shop: Shop) -> None:
    counts = send_campaign("spring_sale", dry_run=True)

    run = newest_run()
    assert "dry run" in run.name
    assert shop.sandbox.log.counts() == {}
    with connect() as app:
        assert app.runs.latest() is None
        preview = app.preview("spring_sale")
    assert counts == {"planned": preview.planned.total(), "skipped": preview.skipped.total()}
    assert f"| audience | everyone the campaign is for | {preview.audience:,} |" in str(
        artifacts(run.id)["plan-spring-sale"]
    )


def test_a_canary_goes_first_and_the_budget_is_kept_in_prefect_too(
    prefect: Prefect, shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    templates = tmp_path / "templates"
    shutil.copytree(CHECKOUT / "templates", templates)
    monkeypatch.setenv("CAMPAIGNS_TEMPLATES", str(templates))
    file = templates / "campaigns" / "spring_sale" / "campaign.yaml"
    restate(file, "canary: {people: 10, watch: 0 min}\nbudget: {amount: 0.2, currency: EUR}")
    for dry_run in (True, False):
        state = send_campaign("spring_sale", dry_run=dry_run, return_state=True)
        assert state.is_failed()
        assert "budget is €0.20" in state.message
        assert shop.sent() == 0

    restate(file, "budget: {amount: 500, currency: EUR}")
    counts = send_campaign("spring_sale")
    assert counts["accepted"] == counts["planned"] == shop.sent() > 10
    run = newest_run()
    assert log_lines(run.id, containing="Canary, passed: of the first 10")
    assert log_lines(run.id, containing="The canary (accepted 10")
    with connect() as app:
        assert app.report(counts["run"]).post is not None


def test_a_limited_run_sends_to_so_many_and_the_next_to_the_rest(
    prefect: Prefect, shop: Shop
) -> None:
    first = send_campaign("spring_sale", limit=5)
    second = send_campaign("spring_sale")

    assert first["accepted"] == 5
    assert second["already"] == 5
    assert shop.sent() == first["accepted"] + second["accepted"]
    assert not shop.sandbox.log.duplicates()


def test_a_wrong_name_fails_with_one_message_and_no_traceback(prefect: Prefect, shop: Shop) -> None:
    state = send_campaign("sprnig_sale", return_state=True)

    assert state.is_failed()
    assert "sprnig_sale" in state.message
    assert "spring_sale" in state.message.replace("sprnig_sale", "")  # the way out
    lines = log_lines(newest_run().id, containing="sprnig_sale")
    assert not any("Traceback" in line or "NoneType" in line for line in lines)


def test_a_finding_stops_the_run_before_anything_is_sent_and_is_shown_with_its_place(
    prefect: Prefect, shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    templates = tmp_path / "templates"
    shutil.copytree(CHECKOUT / "templates", templates)
    with (templates / "campaigns" / "spring_sale" / "campaign.yaml").open("a") as file:
        file.write("surprise: 1\n")
    monkeypatch.setenv("CAMPAIGNS_TEMPLATES", str(templates))

    state = send_campaign("spring_sale", return_state=True)

    assert state.is_failed()
    assert "surprise" in state.message
    table = str(artifacts(newest_run().id)["findings-spring-sale"])
    assert "campaign.yaml:" in table
    assert "surprise" in table
    assert shop.sandbox.log.counts() == {}


def test_nobody_in_the_audience_fails_with_one_message(
    prefect: Prefect, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMPAIGNS_HOME", str(shop.home / "empty"))

    state = send_campaign("spring_sale", return_state=True)

    assert state.is_failed()
    assert "nobody is in the audience" in state.message


def test_a_provider_that_is_down_fails_the_flow_and_the_next_run_goes_on(
    prefect: Prefect, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    up = shop.sandbox.url
    shop.sandbox.stop()
    state = send_campaign("spring_sale", return_state=True)
    assert state.is_failed()

    shop.sandbox.start()
    monkeypatch.setenv("CAMPAIGNS_SANDBOX_URL", shop.sandbox.url)
    counts = send_campaign("spring_sale")

    assert counts["accepted"] == counts["planned"] == shop.sent() > 0, up
    with connect() as app:
        assert app.latest_run().state is RunState.FINISHED


def test_a_million_customers_are_planned_in_five_steps_named_by_their_shards() -> None:
    parts = together(range(50))
    assert [span(some, 50) for some in parts][:2] == [
        "shards 1 to 10 of 50",
        "shards 11 to 20 of 50",
    ]
    assert [no for some in parts for no in some] == list(range(50))
    assert len(parts) == 5
    assert span([10], 11) == "shard 11 of 11"


def test_only_steps_that_do_no_harm_twice_are_repeated() -> None:
    assert plan_shards.retries == finish.retries == 2
    assert dispatch_shard.retries == dispatch_later.retries == 0
