"""When campaigns go out as it stands on Prefect's server: people add, change and switch schedules
on its pages, and start runs for later there. prefect.yaml knows none of that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import StateType
from prefect.client.schemas.responses import DeploymentResponse

from campaigns.bootstrap import App
from campaigns.bootstrap.calendar import SCHEDULES, schedules_in
from campaigns.domain.occurrences import CampaignSchedule, leaves_nobody_out
from flows.deployments import schedule_block

_SENDS = FlowFilter(name=FlowFilterName(any_=["send-campaign"]))
_AHEAD = FlowRunFilterState(
    type=FlowRunFilterStateType(any_=[StateType.SCHEDULED, StateType.PAUSED])
)


def standing(app: App) -> list[CampaignSchedule] | Path:
    """The schedules of campaigns and the runs that somebody started for later; the file's where
    the server has no campaign's deployment."""
    with get_client(sync_client=True) as client:
        deployments = client.read_deployments(flow_filter=_SENDS, limit=200)
        if not deployments:
            return SCHEDULES
        return [*map(_named, schedules_in(map(_block, deployments))), *_by_hand(app, client)]


def _block(deployment: DeploymentResponse) -> dict[str, object]:
    """As prefect.yaml would say it; a paused deployment's schedules are off."""
    schedules = [schedule_block(s) for s in deployment.schedules]
    if deployment.paused:
        schedules = [{**s, "active": False} for s in schedules]
    return {
        "name": deployment.name,
        "parameters": deployment.parameters,
        "schedules": schedules,
    }


def _named(schedule: CampaignSchedule) -> CampaignSchedule:
    """One that was made on the pages has no name there."""
    made_there = schedule.name.startswith("page-")
    return replace(schedule, name="a schedule of Prefect's page") if made_there else schedule


def _by_hand(app: App, client: SyncPrefectClient) -> Iterator[CampaignSchedule]:
    """Runs for later, and those that wait for a yes; what has begun is told by its run."""
    begun = {run.campaign for run in app.runs.active()}
    for run in client.read_flow_runs(
        flow_filter=_SENDS, flow_run_filter=FlowRunFilter(state=_AHEAD)
    ):
        campaign, at = run.parameters.get("campaign"), run.expected_start_time
        if run.auto_scheduled or run.parameters.get("dry_run") or campaign in begun or at is None:
            continue
        name = "started for later" if run.state_type is StateType.SCHEDULED else "waits for a yes"
        plain = datetime.fromtimestamp(at.timestamp(), UTC)  # Prefect's own loses its zone
        whole = leaves_nobody_out(run.parameters)
        yield CampaignSchedule(str(campaign), name, zone="UTC", at=plain, whole=whole)
