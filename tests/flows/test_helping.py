"""Several machines send one run: helpers are called, take their share, and are never waited for in
vain."""

from __future__ import annotations

import pytest
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterName

from campaigns.bootstrap import connect
from campaigns.domain.run import RunState
from campaigns.errors import ConfigurationError
from campaigns.services.rounds import beginning_at, places
from campaigns.settings import Settings
from flows.cluster import task_runner
from flows.helping import help_send
from flows.send_campaign import send_campaign
from tests.flows.conftest import Prefect, Shop
from tests.flows.pages import client
from tests.flows.test_stopping import begun


def test_everybody_begins_at_a_place_of_their_own_and_sends_every_shard() -> None:
    assert places(12, 3) == [3, 6, 9]
    assert places(2, 5) == [0], "one for each shard that we do not begin with ourselves"
    assert places(1, 3) == places(0, 3) == []
    assert beginning_at([0, 1, 2, 3], 2) == [2, 3, 0, 1]
    assert beginning_at([], 2) == []


@pytest.mark.prefect
def test_a_helper_sends_what_is_due_of_a_run_and_then_nothing(prefect: Prefect, shop: Shop) -> None:
    with connect() as app:
        run = begun(app)
        first, second = help_send(run, place=1), help_send(run)
        app.finish(run)

        assert sum(first.values()) == shop.sent() > 0
        assert second == {}
        assert app.runs.get(run).state is RunState.FINISHED
        assert shop.sandbox.log.duplicates() == {}


@pytest.mark.prefect
def test_a_number_of_no_run_is_told_in_words(prefect: Prefect, shop: Shop) -> None:
    state = help_send(999, return_state=True)

    assert state.is_failed()
    assert "999" in (state.message or "")


@pytest.mark.prefect
def test_without_the_deployment_the_machine_sends_alone(
    prefect: Prefect, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMPAIGNS_HELPERS", "2")
    with connect() as app:
        end = send_campaign("spring_sale", return_state=True)

        assert end.is_completed(), end.message
        assert app.runs.get(app.latest_run().id).state is RunState.FINISHED
    assert shop.sent() > 0


def _deployed() -> bool:
    with client() as api:
        return any(d.name == "help-send" for d in api.read_deployments())


@pytest.mark.prefect
def test_a_run_calls_helpers_and_waits_for_none_that_never_comes(
    prefect: Prefect, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMPAIGNS_HELPERS", "1")
    made = None if _deployed() else help_send.to_deployment(name="help-send").apply()
    named = FlowRunFilter(name=FlowRunFilterName(any_=["spring_sale, helper 1 of 1"]))
    with connect() as app, client() as api:
        before = {r.id for r in api.read_flow_runs(flow_run_filter=named)}  # other tests' helpers
        end = send_campaign("spring_sale", return_state=True)

        assert end.is_completed(), end.message
        run = app.latest_run()
        called = [r for r in api.read_flow_runs(flow_run_filter=named) if r.id not in before]
        assert [r.parameters for r in called] == [{"run": run.id, "place": 1}]
        assert help_send(**called[0].parameters) == {}, "the run has sent it all"
        api.delete_flow_run(called[0].id)  # no worker has taken it
        if made is not None:
            api.delete_deployment(made)
        report = app.report(run.id)
    assert report.adds_up
    assert shop.sandbox.log.duplicates() == {}
    assert report.accepted == shop.sent()


def test_a_cluster_that_is_not_installed_is_told_in_words() -> None:
    try:
        import prefect_ray  # noqa: F401
    except ImportError:
        with pytest.raises(ConfigurationError, match="pip install prefect-ray"):
            task_runner(Settings(cluster="ray"))
    else:
        pytest.skip("prefect-ray is installed here")


@pytest.mark.prefect
def test_a_cluster_of_dask_sends_the_shards(
    prefect: Prefect, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    distributed = pytest.importorskip("distributed", reason="prefect-dask is not installed here")
    monkeypatch.setenv("PREFECT_API_URL", prefect.api)
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None
    ) as cluster:
        monkeypatch.setenv("CAMPAIGNS_CLUSTER", f"dask:{cluster.scheduler_address}")
        _sent_by_a_cluster(shop)


@pytest.mark.prefect
def test_a_cluster_of_ray_sends_the_shards(
    prefect: Prefect, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    ray = pytest.importorskip("ray", reason="prefect-ray is not installed here")
    monkeypatch.setenv("PREFECT_API_URL", prefect.api)
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    context = ray.init(num_cpus=2, include_dashboard=False, _node_ip_address="127.0.0.1")
    try:
        monkeypatch.setenv("CAMPAIGNS_CLUSTER", f"ray:{context.address_info['address']}")
        _sent_by_a_cluster(shop)
    finally:
        ray.shutdown()


def _sent_by_a_cluster(shop: Shop) -> None:
    """Everybody once, by more processes than one."""
    runner = task_runner(Settings())
    end = send_campaign.with_options(task_runner=runner)("spring_sale", return_state=True)
    assert end.is_completed(), end.message
    with connect() as app:
        report = app.report(app.latest_run().id)
        owners = _owners(app)
    assert report.adds_up
    assert shop.sandbox.log.duplicates() == {}
    assert len(owners) > 1, "by processes of the cluster"


def _owners(app: object) -> set[str]:
    from sqlalchemy import text

    from campaigns.bootstrap import App

    assert isinstance(app, App)
    with app.database.read() as connection:
        found = connection.execute(text("SELECT DISTINCT owner FROM batches")).scalars()
        return {owner.split(":")[1] for owner in found}
