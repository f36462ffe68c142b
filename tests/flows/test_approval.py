"""A campaign that needs a yes, on a real Prefect server: asked by form, answered there or by
command."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import Pause
from prefect.flow_engine import run_flow
from prefect.input.run_input import keyset_from_paused_state

from campaigns.bootstrap import App, connect
from campaigns.cli import run as campaigns
from campaigns.domain.approval import Approval, Decision
from campaigns.domain.audit import Action
from campaigns.services.dispatch import Clock
from flows.questions import settle_questions
from flows.send_campaign import send_campaign
from tests.flows.conftest import Prefect, Shop
from tests.flows.pages import artifacts, client

pytestmark = pytest.mark.prefect


@pytest.fixture
def asked(prefect: Prefect, checkout: Path, templates: Path) -> UUID:
    """A flow run that has been started from its form and waits."""
    return started()


def started(**parameters: Any) -> UUID:
    with client() as api:
        deployment = api.read_deployment_by_name("send-campaign/spring-sale")
        run = api.create_flow_run_from_deployment(deployment.id, parameters=parameters)
    carried(run.id)
    return run.id


def carried(flow_run: UUID) -> FlowRun:
    """Carry the flow run as far as it goes, as a worker would; how it stands then."""
    with client() as api:
        run = api.read_flow_run(flow_run)
        with suppress(Pause):
            run_flow(send_campaign, run, parameters=run.parameters, return_type="state")
        return api.read_flow_run(flow_run)


def answered(flow_run: UUID, **form: Any) -> FlowRun:
    """Fill in the form, as Prefect's page does, and carry on."""
    with client() as api:
        said = api.resume_flow_run(flow_run, run_input=form)
        assert said.status.value == "ACCEPT", said.details
    return carried(flow_run)


def form_of(flow_run: UUID) -> str:
    """What stands above the form."""
    with client() as api:
        state = api.read_flow_run(flow_run).state
        assert state is not None
        keys = keyset_from_paused_state(state)
        return str(api.read_flow_run_input(flow_run, keys["description"]))


def ledger(app: App) -> list[Approval]:
    return app.approvals.of(app.compile("spring_sale").hash)


def test_the_run_waits_with_its_plan_and_sends_once_somebody_says_yes(
    asked: UUID, shop: Shop
) -> None:
    with connect() as app:
        assert app.runs.latest() is None, "a run was begun before the yes"
        planned = app.preview("spring_sale").planned.total()
    words = form_of(asked)
    assert f"**{planned} people get it**" in words
    assert re.search(r"waits for your yes until \d+ \w{3} \d\d:\d\d CES?T; nothing", words)
    # A small screen shows the first lines alone: what decides stands there.
    order = [words.index(w) for w in ("](http", "people get it", "Cost: ", "do not get it")]
    assert order == sorted(order)
    assert "| planned |" in str(artifacts(asked)["plan-spring-sale"])
    assert shop.sandbox.log.counts() == {}

    run = answered(asked, decision="yes", who="Berta Soler", why="Looks good")

    assert run.state_name == "Completed", run.state
    assert shop.sent() == planned
    with connect() as app:
        (said,) = ledger(app)
        assert (said.by, said.note, said.first) == ("Berta Soler", "Looks good", None)
        assert said.plan in words
        assert said.release_hash in words
        actions = [e.action for e in app.audit.entries(f"release:{said.release_hash}")]
    assert actions == [Action.APPROVED, Action.ASKED]


def test_a_no_needs_its_reason_and_ends_the_run_before_it_began(asked: UUID, shop: Shop) -> None:
    again = answered(asked, decision="no", who="Berta Soler", why="")
    assert again.state_name == "Suspended"
    assert "say why" in form_of(asked)

    run = answered(asked, decision="no", who="Berta Soler", why="Wrong price")

    assert (run.state_name, run.state_type.value) == ("Rejected", "CANCELLED")
    assert run.state.message == "Rejected by Berta Soler: Wrong price. Nothing was sent."
    assert shop.sandbox.log.counts() == {}
    with connect() as app:
        assert [a.verdict for a in ledger(app)] == [Decision.REJECTED]
        assert app.runs.latest() is None


def test_a_yes_for_the_first_few_sends_to_those_and_the_next_run_asks_again(
    asked: UUID, shop: Shop
) -> None:
    run = answered(asked, decision="3", who="Berta", why="")

    assert run.state_name == "Completed"
    assert shop.sent() == 3
    second = started()
    with client() as api:
        assert api.read_flow_run(second).state_name == "Suspended"
    assert "3 had it already" in form_of(second)


def test_a_yes_does_not_count_for_files_that_were_edited_while_it_was_waited_for(
    asked: UUID, shop: Shop, templates: Path
) -> None:
    copy = templates / "campaigns" / "spring_sale" / "copy.en.yaml"
    copy.write_text(copy.read_text().replace("longer", "much longer", 1))

    run = answered(asked, decision="yes", who="Berta", why="")

    assert run.state_name == "Suspended"
    assert shop.sandbox.log.counts() == {}
    with connect() as app:
        assert ledger(app) == []


def test_the_command_is_the_same_verb_and_lets_the_run_go_on(
    asked: UUID, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shop.home)  # no checkout: housekeeping finds the answer
    assert campaigns(["approve", "spring_sale", "--by", "Berta Soler", "--first", "4"]) == 0

    with connect() as app:
        assert settle_questions(app) == {"answered": 1}
    run = carried(asked)

    assert run.state_name == "Completed"
    assert shop.sent() == 4
    with connect() as app:
        assert [a.by for a in ledger(app)] == ["Berta Soler"]
        assert settle_questions(app) == {}


def test_nobody_answering_ends_the_flow_run_with_nothing_begun(asked: UUID, shop: Shop) -> None:
    with connect() as app:
        assert settle_questions(app) == {}, "not yet"
        now = app.clock.now() + timedelta(hours=25)
        app.clock = Clock(lambda: now, app.clock.monotonic, app.clock.sleep)
        assert settle_questions(app) == {"timed out": 1}
        assert [a.verdict for a in ledger(app)] == [Decision.TIMED_OUT]
        assert app.runs.latest() is None
    with client() as api:
        run = api.read_flow_run(asked)
    assert (run.state_name, run.state_type.value) == ("Not answered", "CANCELLED")
    assert "Nothing was sent" in str(run.state.message)
    assert shop.sandbox.log.counts() == {}


def test_without_a_deployment_the_run_tells_how_to_approve(
    prefect: Prefect, shop: Shop, templates: Path
) -> None:
    state = send_campaign("spring_sale", return_state=True)

    assert state.is_failed()
    assert "campaigns approve spring_sale" in state.message
