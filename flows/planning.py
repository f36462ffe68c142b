"""Planning on a run's page: several shards by one task."""

from __future__ import annotations

from collections.abc import Sequence

from prefect.logging import get_run_logger

from campaigns.bootstrap.planners import Planners
from flows.reporting import plan_sentence
from flows.steps import step

#: So many shards are planned by one task, in seconds: a pause is followed after each.
PLANNED_TOGETHER = 10


@step("plan {what}", repeatable=True)
def plan_shards(planners: Planners, some: Sequence[int], shards: int, what: str) -> None:  # noqa: ARG001 - the task's name
    """Choose each customer's channel; planning a shard again changes nothing."""
    log = get_run_logger()
    for no in some:
        log.info("Shard %s of %s: %s", no + 1, shards, plan_sentence(planners.plan(no)))


def together(shards: Sequence[int]) -> list[Sequence[int]]:
    """The shards that are planned by one task: a task run costs Prefect more than reading how the
    flow run stands, which is done after each; and a shard takes no second to plan."""
    return [shards[i : i + PLANNED_TOGETHER] for i in range(0, len(shards), PLANNED_TOGETHER)]


def span(some: Sequence[int], shards: int) -> str:
    """`shards 11 to 20 of 50`."""
    first, last = some[0] + 1, some[-1] + 1
    return (
        f"shard {first} of {shards}" if first == last else f"shards {first} to {last} of {shards}"
    )
