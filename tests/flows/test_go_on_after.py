"""The flow go-on after an outage, a crash, and with a flow run whose machine is gone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from prefect import flow
from prefect.client.orchestration import SyncPrefectClient
from prefect.events import Event
from prefect.events.schemas.events import Resource
from prefect.states import Running

from campaigns.bootstrap import App, connect
from campaigns.bootstrap.app import CLOCK
from campaigns.bootstrap.control import link
from campaigns.bootstrap.outages import pause_for_outage, standing_outage
from campaigns.domain.outage import FIRST_WAIT
from campaigns.domain.pace import PATIENCE, Pace
from campaigns.domain.run import RunState
from campaigns.errors import UnarmedError
from campaigns.services.dispatch import Clock
from campaigns.settings import load_settings
from flows.automations import SILENCE
from flows.go_on import go_on
from flows.silence import crash_the_silent
from tests.flows.conftest import Prefect, Shop
from tests.flows.pages import client, until
from tests.misbehaving import misbehave
from tests.runs import plan_run

pytestmark = pytest.mark.prefect


def a_while_ago() -> App:
    """The application when a first outage would by now be over."""
    ago = FIRST_WAIT + timedelta(minutes=1)
    return App(
        load_settings(), Clock(lambda: datetime.now(UTC) - ago, *(CLOCK.monotonic, CLOCK.sleep))
    )


def test_a_run_that_crashed_while_it_was_planned_is_planned_and_sent(
    prefect: Prefect, shop: Shop
) -> None:
    with a_while_ago() as app:
        run, _ = app.start_run("spring_sale")
        assert pause_for_outage(app, run.id, "the flow run crashed", crashed=True)
    told = go_on()
    with connect() as app:
        assert app.runs.get(run.id).state is RunState.FINISHED
        assert told == {"spring_sale": app.report(run.id).accepted}


def test_a_provider_that_is_still_away_is_no_failure_of_the_flow(
    prefect: Prefect, shop: Shop
) -> None:
    with a_while_ago() as app:
        run = plan_run(app)
        assert pause_for_outage(app, run.id, "SMS: Twilio answered 500")
        give_twilio_up(app)
    misbehave(shop.sandbox.url, kind="500_before", provider="twilio")
    state = go_on(return_state=True)
    assert state.is_completed()
    assert "spring_sale waits until" in (state.message or "")
    with connect() as app:
        outage = standing_outage(app, app.runs.get(run.id))
    assert outage is not None
    assert outage.tries == 0, "e-mails were accepted: what is down now is another outage"


def test_what_a_person_has_to_mend_is_told_though_an_outage_paused_the_run(
    prefect: Prefect, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_while_ago() as app:
        run = plan_run(app)
        assert pause_for_outage(app, run.id, "SMS: Twilio answered 500")

    def refuses(_: App) -> None:
        raise UnarmedError("the database was restored")

    monkeypatch.setattr(App, "require_may_send", refuses)
    state = go_on(return_state=True)
    assert state.is_failed()
    assert "the database was restored" in (state.message or "")


def test_a_crash_of_go_on_itself_is_counted_too(
    prefect: Prefect, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_while_ago() as app:
        run = plan_run(app)
        assert pause_for_outage(app, run.id, "the flow run crashed", crashed=True)

    def ended(*_: object) -> None:
        raise SystemExit(137)

    monkeypatch.setattr("flows.send_campaign._dispatch", ended)
    with pytest.raises(SystemExit):
        go_on()
    with connect() as app:
        outage = standing_outage(app, app.runs.get(run.id))
    assert outage is not None
    assert outage.crashes == 2


def give_twilio_up(app: App) -> None:
    """One try is left to each of its senders, and no pause is waited for."""
    given_up = Pace(trips=PATIENCE + 1, closed_until=app.clock.now(), because="Twilio answered 500")
    for key in ("sms +447700900123", "whatsapp +447700900124"):
        app.paces.change(key, lambda _: (given_up, None), now=app.clock.now())


@flow(name="gone", persist_result=False)
def gone() -> None:
    """Of no importance."""


def test_a_flow_run_that_is_gone_is_told_to_have_crashed_and_its_run_goes_on_later(
    prefect: Prefect,
    shop: Shop,
) -> None:
    with client() as api, connect() as app:
        lost, alive = (api.create_flow_run(gone, state=Running()) for _ in range(2))
        run = plan_run(app)
        for each, ago in ((lost, SILENCE + timedelta(minutes=1)), (alive, timedelta())):
            link(app, run.id, str(each.id), by="Prefect")
            beat(api, each.id, datetime.now(UTC) - ago)
        link(app, run.id, str(uuid4()), by="Prefect")  # one that the server has forgotten
        assert until(lambda: crash_the_silent(app)) == [lost.name]
        state = api.read_flow_run(lost.id).state
        assert state is not None
        assert state.is_crashed()
        other = api.read_flow_run(alive.id).state
        assert other is not None
        assert other.is_running()
        assert standing_outage(app, app.runs.get(run.id)) is not None


def test_a_flow_run_that_is_not_heard_of_while_its_run_moves_is_not_gone(
    prefect: Prefect, shop: Shop
) -> None:
    """As when Prefect's server was away itself, and heard nobody's heart."""
    with client() as api, connect() as app:
        unheard, lost = (api.create_flow_run(gone, state=Running()) for _ in range(2))
        moving = plan_run(app)
        still = plan_run(app, "shop_moves")
        app.begin_sending(moving.id)
        app.dispatch_all(moving.id)
        at = datetime.now(UTC)
        for each, run in ((unheard, moving), (lost, still)):
            link(app, run.id, str(each.id), by="Prefect")
            beat(api, each.id, at - SILENCE - timedelta(minutes=1))
    with at_moment(at) as app:
        assert app.progress(moving.id).settled_lately
        assert until(lambda: crash_the_silent(app)) == [lost.name]
        assert standing_outage(app, app.runs.get(moving.id)) is None
    with at_moment(at + timedelta(minutes=5)) as app:
        assert crash_the_silent(app) == [unheard.name]


def at_moment(at: datetime) -> App:
    """The application by a clock that stands still."""
    return App(load_settings(), Clock(lambda: at, CLOCK.monotonic, CLOCK.sleep))


def beat(api: SyncPrefectClient, flow_run: object, at: datetime) -> None:
    """As the flow run's own thread does."""
    event = Event(
        occurred=at,  # type: ignore[arg-type]
        event="prefect.flow-run.heartbeat",
        resource=Resource({"prefect.resource.id": f"prefect.flow-run.{flow_run}"}),
        id=uuid4(),
    )
    api.request("POST", "/events", json=[event.model_dump(mode="json")]).raise_for_status()
