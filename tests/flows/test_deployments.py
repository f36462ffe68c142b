"""prefect.yaml: from a clean checkout to runs that a worker carries out."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterId
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.responses import DeploymentResponse
from prefect.states import Cancelling, Suspended
from ruamel.yaml import YAML

from campaigns.bootstrap import connect
from campaigns.domain.audit import Action, run_subject
from campaigns.domain.delivery import DeliveryState
from campaigns.domain.run import RunState
from campaigns.errors import RunHeldError
from tests.flows.conftest import CHECKOUT, Prefect, Shop
from tests.flows.pages import artifacts, client, until

pytestmark = pytest.mark.prefect

NAMES = (
    "send-campaign",
    "go-on",
    "journeys",
    "help-send",
    "import-customers",
    "housekeeping",
    "reconcile",
    "answers",
    "retention",
    "learn",
    "calendar",
    "find-matches",
)


def command(prefect: Prefect, folder: Path, *arguments: str) -> str:
    """Run `prefect …` in a folder and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "prefect", *arguments],
        cwd=folder,
        env=prefect.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def checkout(prefect_server: Prefect, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean copy of what is checked in, deployed from there."""
    copy = tmp_path_factory.mktemp("checkout")
    for name in ("flows", "templates"):
        shutil.copytree(CHECKOUT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("prefect.yaml", "prefect.toml"):
        shutil.copy(CHECKOUT / name, copy / name)
    command(
        prefect_server, copy, "work-pool", "create", "campaigns", "--type", "process", "--overwrite"
    )
    command(prefect_server, copy, "--no-prompt", "deploy", "--all")
    return copy


@pytest.fixture
def deployments(prefect: Prefect, checkout: Path) -> dict[str, DeploymentResponse]:
    """Name → deployment as the server has it."""
    with client() as api:
        return {d.name: d for d in api.read_deployments()}


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
    process.wait(30)


def scheduled(deployment: DeploymentResponse) -> list[FlowRun]:
    with client() as api:
        wanted = DeploymentFilter(id=DeploymentFilterId(any_=[deployment.id]))
        runs = api.read_flow_runs(deployment_filter=wanted)
    return [run for run in runs if run.auto_scheduled]


def test_a_clean_checkout_deploys_every_flow_from_its_own_folder(
    deployments: dict[str, DeploymentResponse], checkout: Path
) -> None:
    assert set(deployments) == set(NAMES)
    for deployment in deployments.values():
        (step,) = deployment.pull_steps
        assert list(step.values()) == [{"directory": str(checkout)}]
        assert deployment.description
        assert deployment.tags
        assert deployment.schedules


def test_deploying_again_doubles_no_schedule(
    prefect: Prefect, deployments: dict[str, DeploymentResponse], checkout: Path
) -> None:
    command(prefect, checkout, "--no-prompt", "deploy", "--name", "send-campaign")

    with client() as api:
        again = api.read_deployment_by_name("send-campaign/send-campaign")
    assert again.id == deployments["send-campaign"].id
    slugs = [s.slug for s in again.schedules]
    assert sorted(slugs) == sorted(s.slug for s in deployments["send-campaign"].schedules)


def test_a_cron_schedule_really_produces_runs(deployments: dict[str, DeploymentResponse]) -> None:
    runs = until(lambda: scheduled(deployments["housekeeping"]))

    minutes = {run.expected_start_time.minute for run in runs if run.expected_start_time}
    assert all(minute % 5 == 0 for minute in minutes)


def test_nothing_is_sent_or_imported_by_a_schedule_until_someone_switches_it_on(
    deployments: dict[str, DeploymentResponse],
) -> None:
    until(lambda: scheduled(deployments["housekeeping"]))  # the scheduler has been round

    for name in ("send-campaign", "import-customers", "journeys"):
        assert not any(s.active for s in deployments[name].schedules)
        assert scheduled(deployments[name]) == []
    looking = [s for s in deployments["reconcile"].schedules if s.active]
    assert deployments["reconcile"].parameters == {"fall_back": False}
    assert [s.parameters.get("fall_back", False) for s in looking] == [False]


def test_two_runs_of_sending_never_overlap_and_the_form_offers_the_campaigns(
    deployments: dict[str, DeploymentResponse],
) -> None:
    send = deployments["send-campaign"]

    assert send.global_concurrency_limit is not None
    assert send.global_concurrency_limit.limit == 1
    assert send.concurrency_options is not None
    assert send.concurrency_options.collision_strategy == "CANCEL_NEW"
    fields = send.parameter_openapi_schema["properties"]
    shipped = {p.parent.name for p in (CHECKOUT / "templates").glob("campaigns/*/campaign.yaml")}
    assert set(fields["campaign"]["enum"]) == shipped
    assert fields["dry_run"]["type"] == "boolean"
    assert fields["limit"]["description"]


@pytest.mark.usefixtures("worker")
def test_a_worker_carries_a_deployment_to_its_end(
    deployments: dict[str, DeploymentResponse], shop: Shop
) -> None:
    with client() as api:
        run = api.create_flow_run_from_deployment(
            deployments["send-campaign"].id, parameters={"campaign": "shop_moves"}
        )

    def ended() -> FlowRun | None:
        with client() as api:
            seen = api.read_flow_run(run.id)
        return seen if seen.state and seen.state.is_final() else None

    seen = until(ended, seconds=90)
    assert seen is not None
    assert seen.state is not None
    assert seen.state_name == "Completed", seen.state.message
    assert shop.sent() > 0
    assert f"| outcome | accepted | {shop.sent():,} |" in str(
        artifacts(run.id)["report-shop-moves"]
    )


@pytest.mark.usefixtures("one_lane", "worker")
def test_suspend_resume_and_cancel_on_prefects_pages_do_the_same_to_our_run(
    deployments: dict[str, DeploymentResponse], slow: Shop
) -> None:
    with client() as api:
        flow_run = api.create_flow_run_from_deployment(
            deployments["send-campaign"].id, parameters={"campaign": "spring_sale"}
        )
        until(lambda: slow.texts() > 2, seconds=90)
        api.set_flow_run_state(flow_run.id, Suspended(timeout_seconds=300))
        with connect() as app:
            run = until(lambda: r if (r := app.latest_run()).state is RunState.PAUSED else None)
            hold = until(lambda: app.audit.hold(run.id))
            assert (hold.actor, hold.why) == ("Prefect", "paused in Prefect")
            until(lambda: not app.progress(run.id).moving)
            sent = slow.sent()
            with pytest.raises(RunHeldError, match="paused by Prefect"):
                app.start_run("spring_sale")

            api.resume_flow_run(flow_run.id)
            until(lambda: slow.sent() > sent, seconds=60)
            assert app.runs.get(run.id).state is RunState.RUNNING
            api.set_flow_run_state(flow_run.id, Cancelling())
            until(lambda: app.runs.get(run.id).state is RunState.CANCELLED, seconds=60)
            until(lambda: api.read_flow_run(flow_run.id).state_name == "Cancelled", seconds=60)

            until(lambda: not app.progress(run.id).moving)
            app.sweep()
            seen = app.progress(run.id)
            said = [(e.action, e.actor) for e in app.audit.entries(run_subject(run.id))]
    assert seen.waiting == 0
    assert seen.count(DeliveryState.CANCELLED) > 0, "it was cancelled too late to show anything"
    assert seen.accepted + seen.in_doubt >= slow.sent()
    assert not slow.sandbox.log.duplicates()
    assert (Action.CANCELLED, "Prefect") in said
    assert (Action.RESUMED, "Prefect") in said


def test_schedules_name_campaigns_that_exist() -> None:
    file = YAML(typ="safe").load(CHECKOUT / "prefect.yaml")
    (send,) = (d for d in file["deployments"] if d["name"] == "send-campaign")

    for schedule in send["schedules"]:
        name = schedule["parameters"]["campaign"]
        assert (CHECKOUT / "templates" / "campaigns" / name / "campaign.yaml").is_file()
        assert schedule["timezone"]
