"""prefect.yaml: from a clean checkout to runs that a worker carries out."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from uuid import uuid4

import pytest
from prefect.client.schemas.actions import DeploymentUpdate
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterId
from prefect.client.schemas.objects import DeploymentSchedule, FlowRun
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.schedules import CronSchedule
from prefect.exceptions import PrefectHTTPStatusError
from prefect.states import Cancelling, Suspended

from campaigns.bootstrap import connect
from campaigns.bootstrap.offering import Offered
from campaigns.domain.audit import Action, run_subject
from campaigns.domain.channel import Channel
from campaigns.domain.delivery import DeliveryState
from campaigns.domain.run import RunState
from campaigns.errors import RunHeldError
from flows.deployments import changed_back, put_campaigns, read, written
from tests.flows.conftest import CHECKOUT, Prefect, Shop, campaigns
from tests.flows.pages import artifacts, client
from tests.waiting import until

pytestmark = pytest.mark.prefect

CAMPAIGNS = ("shop-moves", "spring-sale", "welcome")
HOUSEHOLD = (
    "go-on",
    "journeys",
    "help-send",
    "import-customers",
    "housekeeping",
    "reconcile",
    "answers",
    "retention",
    "preferences",
    "look",
    "report",
    "calendar",
    "find-matches",
)


def test_no_flow_s_file_hides_a_module_of_the_standard_library() -> None:
    """Prefect puts the folder on the import path of every run."""
    ours = {file.stem for file in (CHECKOUT / "flows").glob("*.py")}
    assert ours & sys.stdlib_module_names == set()


@pytest.fixture
def deployments(prefect: Prefect, checkout: Path) -> dict[str, DeploymentResponse]:
    """Name → deployment as the server has it."""
    found = on_the_server()
    helper = found.get("help-send")
    if helper is None or helper.work_pool_name is None:  # another test has served its own
        campaigns(prefect, checkout, "deploy")
        found = on_the_server()
    return found


def on_the_server() -> dict[str, DeploymentResponse]:
    with client() as api:
        return {d.name: d for d in api.read_deployments()}


def scheduled(deployment: DeploymentResponse) -> list[FlowRun]:
    with client() as api:
        wanted = DeploymentFilter(id=DeploymentFilterId(any_=[deployment.id]))
        runs = api.read_flow_runs(deployment_filter=wanted)
    return [run for run in runs if run.auto_scheduled]


def test_one_command_deploys_every_campaign_and_flow_from_a_clean_checkout(
    deployments: dict[str, DeploymentResponse], checkout: Path
) -> None:
    assert set(deployments) == {*CAMPAIGNS, *HOUSEHOLD}
    for deployment in deployments.values():
        (step,) = deployment.pull_steps
        assert list(step.values()) == [{"directory": str(checkout)}]
        assert deployment.description
        assert deployment.tags
    for name in CAMPAIGNS:
        assert "The Barcelona shop moves" in deployments["shop-moves"].description
        assert deployments[name].parameters == {"campaign": name.replace("-", "_")}


def test_what_is_checked_in_is_what_deploying_would_write(checkout: Path) -> None:
    assert (checkout / "prefect.yaml").read_text() == (CHECKOUT / "prefect.yaml").read_text()


@pytest.mark.slow
def test_deploying_again_takes_in_a_new_campaign_and_undoes_nothing_that_people_did(
    prefect: Prefect, deployments: dict[str, DeploymentResponse], checkout: Path
) -> None:
    with client() as api:
        for schedule in deployments["spring-sale"].schedules:
            api.update_deployment_schedule(deployments["spring-sale"].id, schedule.id, active=True)
        for schedule in deployments["preferences"].schedules:
            api.update_deployment_schedule(deployments["preferences"].id, schedule.id, active=False)
        made = (CronSchedule(cron="0 7 * * *", timezone="Europe/Andorra"), False)
        api.create_deployment_schedules(deployments["report"].id, [made])
        api.update_deployment(deployments["look"].id, DeploymentUpdate(paused=True))
    campaigns(prefect, checkout, "new", "thank_you")

    said = campaigns(prefect, checkout, "deploy")

    try:
        assert "written for thank_you" in said
        assert "spring-sale: schedule first-day-of-spring is on on the server" in said
        with client() as api:
            new = api.read_deployment_by_name("send-campaign/thank-you")
            sale = api.read_deployment_by_name("send-campaign/spring-sale")
            learn = api.read_deployment_by_name("preferences/preferences")
            report = api.read_deployment_by_name("report/report")
            assert api.read_deployment_by_name("look/look").paused
        assert new.parameter_openapi_schema["properties"]["campaign"]["enum"] == ["thank_you"]
        assert sale.id == deployments["spring-sale"].id
        assert [s.active for s in sale.schedules] == [True]
        assert [s.active for s in learn.schedules] == [False]
        zones = {s.schedule.timezone for s in report.schedules}
        assert zones == {"Europe/Madrid", "Europe/Andorra"}
        assert campaigns(prefect, checkout, "deploy").count("written for") == 0
    finally:  # as the other tests expect it
        with client() as api:
            for schedule in sale.schedules:
                api.update_deployment_schedule(sale.id, schedule.id, active=False)
            for schedule in learn.schedules:
                api.update_deployment_schedule(learn.id, schedule.id, active=True)
            api.update_deployment(deployments["look"].id, DeploymentUpdate(paused=False))
            api.delete_deployment(new.id)
        shutil.rmtree(checkout / "templates" / "campaigns" / "thank_you")
        shutil.copy(CHECKOUT / "prefect.yaml", checkout / "prefect.yaml")
        campaigns(prefect, checkout, "deploy")  # no form offers the new campaign any more


def test_a_campaign_that_is_gone_keeps_its_deployment_until_a_person_deletes_it() -> None:
    document = read(CHECKOUT / "prefect.yaml")

    blocks = put_campaigns(document, [])

    assert blocks.left_over == ["shop_moves", "spring_sale", "welcome"]
    assert written(document) == (CHECKOUT / "prefect.yaml").read_text()


def test_deploying_says_whose_times_of_a_schedule_it_undoes() -> None:
    document = read(CHECKOUT / "prefect.yaml")
    later = CronSchedule(cron="0 11 21 3 *", timezone="Europe/Madrid")
    left = CronSchedule(cron="0 6 * * *", timezone="Europe/Madrid")
    standing = {
        "spring-sale": _standing("first-day-of-spring", later),
        "calendar": _standing("every-morning", left),
    }
    assert changed_back(document, standing) == [
        "spring-sale: schedule first-day-of-spring was 0 11 21 3 * (Europe/Madrid) on the server; "
        "prefect.yaml says 0 10 21 3 * (Europe/Madrid), which holds now. To keep the other, write "
        "it there."
    ]


def _standing(slug: str, rule: CronSchedule) -> DeploymentResponse:
    schedule = DeploymentSchedule(schedule=rule, slug=slug, active=True)
    return DeploymentResponse(name="any", flow_id=uuid4(), schedules=[schedule])


def test_a_campaigns_team_is_one_of_its_tags() -> None:
    document = read(CHECKOUT / "prefect.yaml")
    sale = Offered("sale", "Sale", "", (Channel.SMS,), ("en_GB",), False, False, "Shops")
    put_campaigns(document, [sale])
    assert [list(b["tags"]) for b in document["deployments"] if b["name"] == "sale"] == [
        ["campaign", "Shops"]
    ]


def test_a_cron_schedule_really_produces_runs(deployments: dict[str, DeploymentResponse]) -> None:
    runs = until(lambda: scheduled(deployments["housekeeping"]))

    minutes = {run.expected_start_time.minute for run in runs if run.expected_start_time}
    assert all(minute % 5 == 0 for minute in minutes)


def test_nothing_is_sent_or_imported_by_a_schedule_until_someone_switches_it_on(
    deployments: dict[str, DeploymentResponse],
) -> None:
    until(lambda: scheduled(deployments["housekeeping"]))  # the scheduler has been round

    for name in (*CAMPAIGNS, "import-customers", "journeys"):
        assert not any(s.active for s in deployments[name].schedules)
        assert scheduled(deployments[name]) == []
    looking = [s for s in deployments["reconcile"].schedules if s.active]
    assert deployments["reconcile"].parameters == {"fall_back": False}
    assert [s.parameters.get("fall_back", False) for s in looking] == [False]


@pytest.mark.parametrize("name", CAMPAIGNS)
def test_a_campaign_never_runs_twice_at_once_and_its_form_offers_it_alone(
    deployments: dict[str, DeploymentResponse], name: str
) -> None:
    send = deployments[name]

    assert send.global_concurrency_limit is not None
    assert send.global_concurrency_limit.limit == 1
    assert send.concurrency_options is not None
    assert send.concurrency_options.collision_strategy == "CANCEL_NEW"
    fields = send.parameter_openapi_schema["properties"]
    assert fields["campaign"]["enum"] == [name.replace("-", "_")]
    assert fields["dry_run"]["type"] == "boolean"
    assert fields["dry_run"]["title"] == "Dry run"
    assert (fields["limit"]["type"], fields["limit"]["minimum"]) == ("integer", 1)
    assert fields["limit"]["description"].startswith("At most so many people")
    channels = {"email", "whatsapp", "sms"} | ({"x_dm", "x_post"} if "spring" in name else set())
    assert set(fields["channels"]["items"]["enum"]) == channels
    assert set(fields["locales"]["items"]["enum"]) == {"ca_ES", "en_GB", "en_US", "es_ES"}


def test_forms_offer_what_the_templates_have(deployments: dict[str, DeploymentResponse]) -> None:
    fields = deployments["look"].parameter_openapi_schema["properties"]

    shipped = {p.parent.name for p in (CHECKOUT / "templates").glob("campaigns/*/campaign.yaml")}
    assert set(fields["campaign"]["enum"]) == shipped
    assert fields["channels"]["items"]["enum"] == ["email", "sms", "whatsapp", "x_dm", "x_post"]
    assert fields["locales"]["items"]["enum"] == ["ca_ES", "en_GB", "en_US", "es_ES"]
    days = deployments["report"].parameter_openapi_schema["properties"]
    assert [days[n]["format"] for n in ("since", "until")] == ["date", "date"]
    assert not [f for d in deployments.values() for f in fields_with_types_to_switch(d)]


def fields_with_types_to_switch(deployment: DeploymentResponse) -> list[str]:
    fields = deployment.parameter_openapi_schema.get("properties", {})
    return [f"{deployment.name}.{name}" for name, field in fields.items() if "anyOf" in field]


def test_a_wrong_value_is_refused_before_anything_runs(
    deployments: dict[str, DeploymentResponse],
) -> None:
    for wrong in ({"campaign": "spring_sale", "limit": 0}, {"campaign": "shop_moves"}):
        with client() as api, pytest.raises(PrefectHTTPStatusError, match="409"):
            api.create_flow_run_from_deployment(deployments["spring-sale"].id, parameters=wrong)


@pytest.mark.usefixtures("worker")
def test_a_worker_carries_a_deployment_to_its_end(
    deployments: dict[str, DeploymentResponse], shop: Shop
) -> None:
    with client() as api:
        run = api.create_flow_run_from_deployment(deployments["shop-moves"].id)

    def ended() -> FlowRun | None:
        with client() as api:
            seen = api.read_flow_run(run.id)
        return seen if seen.state and seen.state.is_final() else None

    seen = until(ended, seconds=200)
    assert seen is not None
    assert seen.state is not None
    assert seen.state_name == "Completed", seen.state.message
    assert shop.sent() > 0
    assert f"| outcome | accepted | {shop.sent():,} |" in str(
        artifacts(run.id)["report-shop-moves"]
    )


@pytest.mark.usefixtures("one_lane", "worker")
@pytest.mark.slow
def test_suspend_resume_and_cancel_on_prefects_pages_do_the_same_to_our_run(
    deployments: dict[str, DeploymentResponse], slow: Shop
) -> None:
    with client() as api:
        flow_run = api.create_flow_run_from_deployment(deployments["spring-sale"].id)
        until(lambda: slow.texts() > 2)
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
            until(lambda: slow.sent() > sent)
            assert app.runs.get(run.id).state is RunState.RUNNING
            api.set_flow_run_state(flow_run.id, Cancelling())
            until(lambda: app.runs.get(run.id).state is RunState.CANCELLED)
            until(lambda: api.read_flow_run(flow_run.id).state_name == "Cancelled")

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


def test_schedules_say_their_zone() -> None:
    for block in read(CHECKOUT / "prefect.yaml")["deployments"]:
        for schedule in block.get("schedules", []):
            assert schedule["timezone"]
            assert schedule["slug"]
