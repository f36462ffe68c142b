"""Flow runs that wait for a yes: let those go on that were answered by command, end those that
nobody answered in time. Called by `campaigns approve` and by the flow `housekeeping`."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateName,
)
from prefect.client.schemas.objects import FlowRun
from prefect.states import Cancelled

from campaigns.bootstrap import App, connect
from campaigns.bootstrap.approving import question_timed_out
from campaigns.bootstrap.asking import Asked, asked
from campaigns.domain.approval import Approval
from campaigns.domain.moments import moment
from campaigns.errors import CampaignsError
from flows.approval import NO, YES, release_asked


def settle_questions(app: App) -> dict[str, int]:
    """What became of the flow runs that wait: answered or timed out → how many."""
    done: dict[str, int] = {}
    with get_client(sync_client=True) as client:
        for run in _waiting(client):
            key = run.state.state_details.pause_key if run.state else None
            question = asked(app, release_asked(key or ""), str(run.id))
            if question is not None and (what := _settle(app, client, run, question)):
                done[what] = done.get(what, 0) + 1
    return done


def _waiting(client: SyncPrefectClient) -> list[FlowRun]:
    suspended = FlowRunFilterState(name=FlowRunFilterStateName(any_=["Suspended"]))
    return client.read_flow_runs(
        flow_filter=FlowFilter(name=FlowFilterName(any_=["send-campaign"])),
        flow_run_filter=FlowRunFilter(state=suspended),
    )


def _settle(app: App, client: SyncPrefectClient, run: FlowRun, question: Asked) -> str:
    said = [a for a in app.approvals.of(question.release) if a.at >= question.at]
    if said:
        client.resume_flow_run(run.id, run_input=_as_form(said[-1]))
        return "answered"
    if app.clock.now() < question.until:
        return ""
    question_timed_out(app, question.release, question.plan)
    home = ZoneInfo(app.releases.load(question.release).policy.home_zone)
    client.set_flow_run_state(run.id, _too_late(question.until.astimezone(home)), force=True)
    return "timed out"


def _as_form(said: Approval) -> dict[str, Any]:
    """The command's answer as the form's: the flow run finds the ledger first."""
    decision = str(said.first or YES) if said.granted else NO
    return {"decision": decision, "who": said.by, "why": said.note}


def _too_late(until: datetime) -> Any:
    return Cancelled(
        name="Not answered",
        message=f"Nobody answered until {moment(until)}. Nothing was sent; run it "
        "again when somebody can.",
    )


def main() -> int:
    """`campaigns approve` calls this when a flow run waits for what it has written."""
    try:
        with connect() as app:
            done = settle_questions(app)
    except CampaignsError as error:
        print(f"Error: {error}", file=sys.stderr)
        return error.exit_code
    if done.get("answered"):
        print("The run that waited for it in Prefect goes on.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
