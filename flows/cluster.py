"""Shards sent by the workers of a Dask or Ray cluster, where CAMPAIGNS_CLUSTER names one.

The flow stays where it is and gives out shards; a cluster's worker opens the same database and
sends. Dask and Ray are installed by who has them: `pip install prefect-dask` or `prefect-ray`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from typing import Any

from prefect.futures import PrefectFuture
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from campaigns.bootstrap import connect
from campaigns.errors import ConfigurationError
from campaigns.services.dispatch import DispatchCounts
from campaigns.settings import Settings, load_settings
from flows.steps import step

#: Sends a shard for so long, of what (in words).
Submit = Callable[[int, timedelta, str], PrefectFuture[DispatchCounts]]


_RUNNERS = {
    "dask": ("prefect_dask", "DaskTaskRunner"),
    "ray": ("prefect_ray", "RayTaskRunner"),
}


def task_runner(settings: Settings) -> TaskRunner[Any]:
    """What runs the tasks of a flow that sends. Raises ConfigurationError when it is missing."""
    kind, _, address = settings.cluster.partition(":")
    if not kind:
        return ThreadPoolTaskRunner()
    module, name = _RUNNERS[kind]
    try:
        runner: TaskRunner[Any] = getattr(import_module(module), name)(address=address or None)
    except ImportError as error:
        raise ConfigurationError(
            f"CAMPAIGNS_CLUSTER asks for {kind}, which is not installed: `pip install "
            f"prefect-{kind}` here and on the cluster's workers."
        ) from error
    return runner


def _configured() -> TaskRunner[Any]:
    try:
        settings = load_settings()
    except ConfigurationError:
        return ThreadPoolTaskRunner()  # told when a flow runs
    return task_runner(settings)


#: Of every flow that sends: Prefect wants it when a flow is defined.
RUNNER = _configured()


def elsewhere(settings: Settings, run_id: int) -> Submit | None:
    """Sends a shard on the cluster; None without one: this machine's own workers send."""
    if not settings.cluster:
        return None

    def submit(no: int, patience: timedelta, what: str) -> PrefectFuture[DispatchCounts]:
        return dispatch_on_cluster.submit(run_id, no, patience, what)

    return submit


@step("send {what}", repeatable=False)
def dispatch_on_cluster(
    run_id: int,
    no: int,
    patience: timedelta,
    what: str,  # noqa: ARG001 - the task's name on the run's page
) -> DispatchCounts:
    """Send what is due of one shard where this runs. Never retried: the outbox knows what may."""
    with connect() as app:
        return app.dispatch_shard(run_id, no, patience=patience)
