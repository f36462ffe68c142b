"""Flow runs that Prefect calls running for ever, since whoever ran them is gone.

Prefect's own state changes only while somebody is there to change it: a machine that is lost, or a
server that was away when its flow ended, leave a lie on the page. So what has not beaten its heart
for a while is told to have crashed; and the run of ours that it carried goes on (domain.outage).
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.states import Crashed

from campaigns.bootstrap import App
from campaigns.bootstrap.control import carried
from campaigns.bootstrap.outages import pause_for_outage
from campaigns.domain.run import UNDER_WAY
from flows.automations import SILENCE

_GONE = "It gives no sign of life any more: who ran it is gone."


def crash_the_silent(app: App) -> list[str]:
    """Tell Prefect which of the flow runs that carry our runs are gone; their names. What they
    carried is paused for an outage.

    Where our run moves somebody is at it: most likely the flow run, whose heart Prefect's server
    did not hear while it was away itself. Once nothing moves any more the next look tells."""
    now, runs = app.clock.now(), carried(app)
    with get_client(sync_client=True) as client:
        silent = [f for f in _running(client, list(runs)) if _silent(client, f, now)]
        gone = [f for f in silent if not _moves(app, runs[str(f.id)])]
        for flow_run in gone:
            client.set_flow_run_state(flow_run.id, Crashed(message=_GONE), force=True)
            _pause(app, runs[str(flow_run.id)])
    return [flow_run.name for flow_run in gone]


def _moves(app: App, run_id: int) -> bool:
    seen = app.progress(run_id)
    return bool(seen.alive or seen.settled_lately or (seen.begins and seen.unplanned))


def _pause(app: App, run_id: int) -> None:
    if app.runs.get(run_id).state in UNDER_WAY:
        pause_for_outage(app, run_id, "its flow run is gone", crashed=True)


def _running(client: SyncPrefectClient, ids: list[str]) -> list[FlowRun]:
    if not ids:
        return []
    running = FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.RUNNING]))
    these = FlowRunFilterId(any_=[UUID(each) for each in ids])
    return client.read_flow_runs(flow_run_filter=FlowRunFilter(id=these, state=running))


def _silent(client: SyncPrefectClient, flow_run: FlowRun, now: datetime) -> bool:
    """Whether its heart has beaten, and has not for a while. One that never did tells nothing."""
    wanted = {
        "filter": {
            "event": {"name": ["prefect.flow-run.heartbeat"]},
            "resource": {"id": [f"prefect.flow-run.{flow_run.id}"]},
        },
        "limit": 1,
    }
    answer = client.request("POST", "/events/filter", json=wanted)
    answer.raise_for_status()
    beats = [datetime.fromisoformat(event["occurred"]) for event in answer.json()["events"]]
    return bool(beats) and now - max(beats) > SILENCE
