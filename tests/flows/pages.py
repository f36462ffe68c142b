"""What a run's page shows, read from the server's API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    FlowRunFilter,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterId,
    LogFilter,
    LogFilterFlowRunId,
)
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.sorting import FlowRunSort
from prefect.logging.handlers import APILogWorker

from tests.waiting import until


def client() -> SyncPrefectClient:
    """A client of the server that is set."""
    return get_client(sync_client=True)


def begun_runs() -> list[FlowRun]:
    """The flow runs that somebody began. A server with schedules has hundreds for later, and
    answers with the first two hundred."""
    soon = datetime.now(UTC) + timedelta(minutes=1)
    with client() as api:
        found = api.read_flow_runs(
            flow_run_filter=FlowRunFilter(
                expected_start_time=FlowRunFilterExpectedStartTime(before_=soon)
            ),
            sort=FlowRunSort.EXPECTED_START_TIME_DESC,
        )
    return [run for run in found if not run.auto_scheduled]


def newest_run() -> FlowRun:
    """The flow run that was created last."""
    return max(begun_runs(), key=lambda run: run.created)


def task_runs(flow_run: UUID, *, count: int) -> dict[str, str]:
    """Task run name → state type, once `count` of them have been recorded as ended."""

    def look() -> dict[str, str]:
        with client() as api:
            wanted = FlowRunFilter(id=FlowRunFilterId(any_=[flow_run]))
            runs = api.read_task_runs(flow_run_filter=wanted)
        ended = {r.name: str(r.state_type.value) for r in runs if r.state and r.state.is_final()}
        return ended if len(ended) >= count else {}

    return until(look)


def artifacts(flow_run: UUID) -> dict[str, object]:
    """Artifact key → data, of those that have a key."""
    with client() as api:
        wanted = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[flow_run]))
        found = api.read_artifacts(artifact_filter=wanted)
    return {a.key: a.data for a in found if a.key}


def log_lines(flow_run: UUID, *, containing: str) -> list[str]:
    """The run's log, once a line with these words has arrived."""
    APILogWorker.instance().drain()

    def look() -> list[str]:
        with client() as api:
            wanted = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[flow_run]))
            lines = [log.message for log in api.read_logs(log_filter=wanted, limit=200)]
        return lines if any(containing in line for line in lines) else []

    return until(look)
