"""What Prefect's API answers: an outage goes on by itself, a refusal asks for somebody."""

from __future__ import annotations

import httpx
import pytest
from prefect.exceptions import PrefectHTTPStatusError, TerminationSignal

from campaigns.bootstrap import Workers, connect
from campaigns.bootstrap.outages import standing_outage
from campaigns.domain.run import RunState
from campaigns.errors import ConfigurationError, OutageError
from flows.steps import of_prefect
from tests.flows.conftest import Shop
from tests.runs import plan_run


def answered(status: int) -> PrefectHTTPStatusError:
    """As Prefect's client raises it."""
    asked = httpx.Request("GET", "http://prefect.example/api/flow_runs/1")
    answer = httpx.Response(status, request=asked, json={"detail": "no"})
    with pytest.raises(httpx.HTTPStatusError) as raised:
        answer.raise_for_status()
    return PrefectHTTPStatusError.from_httpx_error(raised.value)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_a_refusal_by_the_server_is_a_fault_to_be_mended(status: int) -> None:
    told = of_prefect(answered(status))
    assert isinstance(told, ConfigurationError)
    assert f"Prefect's server refuses: {status} " in str(told)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
def test_an_answer_that_another_time_may_better_is_an_outage(status: int) -> None:
    assert isinstance(of_prefect(answered(status)), OutageError)


@pytest.mark.parametrize(
    "error", [httpx.ConnectError("no"), TerminationSignal(15)], ids=["away", "shut down"]
)
def test_a_server_that_is_away_and_a_worker_that_is_shut_down_are_outages(
    error: BaseException,
) -> None:
    told = of_prefect(error)
    assert isinstance(told, OutageError)
    assert str(told) == f"Prefect: {type(error).__name__}"


def test_errors_of_others_stay_as_they_are() -> None:
    error = ValueError("something else")
    assert of_prefect(error) is error


@pytest.mark.parametrize(("status", "goes_on"), [(401, False), (503, True)])
def test_a_run_that_the_server_refuses_waits_for_somebody(
    shop: Shop, status: int, goes_on: bool
) -> None:
    with connect() as app:
        run = plan_run(app)
        app.begin_sending(run.id)
        error = answered(status)
        with pytest.raises(httpx.HTTPStatusError), Workers(app, run.id, 1, of_prefect):
            raise error
        run = app.runs.get(run.id)
        assert run.state is RunState.PAUSED
        assert (standing_outage(app, run) is not None) is goes_on
        assert "Prefect" in (run.stopped_because or "")
