"""What is done to a flow run that no worker of Prefect's looks after: a flow started by hand."""

from __future__ import annotations

from uuid import UUID

import pytest
from prefect.states import Cancelled, Cancelling, Paused, Suspended

from campaigns.bootstrap import connect
from campaigns.bootstrap.control import carriers, link, pause
from campaigns.domain.delivery import DeliveryState
from campaigns.domain.run import RunState
from flows.housekeeping import housekeeping
from flows.send_campaign import send_campaign
from flows.steering import PREFECT, cancel_our_run, pause_our_run, resume_in_prefect
from tests.flows.conftest import Prefect, Shop
from tests.flows.pages import client
from tests.flows.test_stopping import begun, process
from tests.waiting import until


@pytest.mark.prefect
def test_a_flow_without_a_worker_follows_pause_resume_and_cancel(
    prefect: Prefect, slow: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMPAIGNS_LANES", "1")  # long enough to be stopped in, and again
    monkeypatch.setenv("CAMPAIGNS_WORKERS", "1")
    code = "from flows.send_campaign import send_campaign; send_campaign('spring_sale')"
    flow = process(prefect.environment, code)
    until(lambda: slow.texts() > 2)
    with client() as api, connect() as app:
        run = app.latest_run()
        flow_run = UUID(until(lambda: carriers(app).get(run.id)))
        api.set_flow_run_state(flow_run, Paused(timeout_seconds=300))
        hold = until(lambda: app.audit.hold(run.id))
        until(lambda: not app.progress(run.id).moving)
        sent = slow.sent()
        api.resume_flow_run(flow_run)
        until(lambda: slow.sent() > sent)
        api.set_flow_run_state(flow_run, Cancelling())
        flow.wait(120)

        assert hold.actor == PREFECT
        assert app.runs.get(run.id).state is RunState.CANCELLED
        app.sweep()
        seen = app.progress(run.id)
        assert api.read_flow_run(flow_run).state_name == "Cancelled"
    assert seen.waiting == seen.in_doubt == 0
    assert seen.accepted == slow.sent() + 1, "the public post is the one more"
    assert seen.count(DeliveryState.CANCELLED) > 0, "it was cancelled too late to show anything"


def test_a_crash_pauses_and_a_cancellation_cancels_the_run_of_that_flow_run(shop: Shop) -> None:
    flow, state = None, None

    class FlowRun:
        id = "7e8b6a52-0000-4000-8000-000000000001"

    with connect() as app:
        run_id = begun(app)
        cancel_our_run(flow, FlowRun, state)  # type: ignore[arg-type]
        assert app.runs.get(run_id).state is RunState.RUNNING, "another flow run's"

        link(app, run_id, FlowRun.id, by=PREFECT)
        pause_our_run(flow, FlowRun, state)  # type: ignore[arg-type]
        assert app.runs.get(run_id).state is RunState.PAUSED
        assert app.audit.hold(run_id) is None, "nobody decided it: the next run goes on"

        cancel_our_run(flow, FlowRun, state)  # type: ignore[arg-type]
        cancel_our_run(flow, FlowRun, state)  # type: ignore[arg-type]
        assert app.runs.get(run_id).state is RunState.CANCELLED


@pytest.mark.prefect
def test_a_flow_run_cancelled_while_suspended_ends_its_run_with_the_next_housekeeping(
    prefect: Prefect, shop: Shop
) -> None:
    with connect() as app, client() as api:
        mine = begun(app)
        flow_run = api.create_flow_run(send_campaign, state=Suspended(timeout_seconds=300))
        link(app, mine, str(flow_run.id), by=PREFECT)
        pause(app, mine, by=PREFECT, why="paused in Prefect")
        housekeeping()
        assert app.runs.get(mine).state is not RunState.CANCELLED, "it is only suspended"

        api.set_flow_run_state(flow_run.id, Cancelled(), force=True)
        housekeeping()

        assert app.runs.get(mine).state is RunState.CANCELLED
        assert app.audit.entries(f"run:{mine}", most=1)[0].actor == PREFECT


def test_resuming_in_prefect_does_not_end_a_pause_by_command(shop: Shop) -> None:
    with connect() as app:
        run_id = begun(app)
        pause(app, run_id, by="ana", why="wrong price")
        resume_in_prefect(app, run_id)

        hold = app.audit.hold(run_id)
    assert hold is not None
    assert hold.actor == "ana"
