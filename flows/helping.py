"""Several machines send one run: its own flow run, and helpers, each a flow run of `help-send`.

Everybody works through all the shards, each beginning at a place of its own, and claims batch by
batch (docs/delivery.md). So nobody waits for a helper that never comes, and what a helper that
died has left is sent by the others: at once what it had not claimed, and the rest when its leases
end.
"""

# No `from __future__ import annotations`: a flow that is served travels without the names that only
# its annotations mention.

from collections.abc import Callable, Sequence
from typing import Annotated, Any

from prefect import flow
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound
from prefect.logging import get_run_logger
from prefect.runtime import flow_run
from prefect.states import Completed

from campaigns.bootstrap import App, Workers, connect
from campaigns.errors import CampaignsError
from campaigns.services.dispatch import DispatchCounts
from campaigns.services.rounds import beginning_at, places
from flows.cluster import RUNNER, elsewhere
from flows.forms import labelled
from flows.reporting import listed
from flows.sending import Sending
from flows.steps import CannotGoOnError, failed, of_prefect, outcome, step

DEPLOYMENT = "help-send/help-send"

RunNumber = Annotated[int, labelled("Run", ge=1)]
Place = Annotated[int, labelled("First shard", ge=0)]


@flow(
    name="help-send",
    flow_run_name="help with run {run}, from {place}",
    persist_result=False,
    task_runner=RUNNER,
)
def help_send(run: RunNumber, place: Place = 0) -> Any:
    """Help to send a run that is under way, until nothing of it is due.

    A run with CAMPAIGNS_HELPERS calls for it by itself. Safe at any time: nobody gets it twice.

    Args:
        run: its number, as `campaigns show run` tells it.
        place: which shard to begin with.
    """
    try:
        with connect() as app:
            app.runs.get(run)  # a number of no run is told as such
            may = app.to_send(run)  # while a canary is not decided, that alone
            whole = beginning_at([s.no for s in app.shards(run)], place)
            numbers = [no for no in whole if no in may] or may
            sent = send_shards(app, run, numbers)
    except (CannotGoOnError, CampaignsError) as error:
        return failed(error)
    told = listed(dict(sent.outcomes.most_common())) or ": nothing was due"
    return Completed(message=f"Helped{told}.", data=dict(sent.outcomes))


def send_shards(
    app: App, run_id: int, numbers: Sequence[int], looking: Callable[[], bool] = lambda: False
) -> DispatchCounts:
    """Send what is due of these shards, in this order, by this machine's workers or the cluster.

    `looking` is called every now and then; when it returns True every shard is sent once more.
    """
    with Workers(app, run_id, len(numbers), of_prefect) as workers:
        sending = Sending(workers, numbers, elsewhere(app.settings, run_id))
        while sending.goes_on():
            if looking():
                sending.begin_again()
        return sending.total()


def call_for_help(app: App, run_id: int, campaign: str) -> None:
    """Ask for as many helpers as are configured; whoever has a worker free takes one."""
    wanted = places(len(app.shards(run_id)), app.settings.helpers)
    if wanted:
        outcome(call_helpers(run_id, campaign, wanted, return_state=True))


@step("call helpers", repeatable=True)
def call_helpers(run_id: int, campaign: str, wanted: list[int]) -> int:
    """One flow run of `help-send` per place. A repetition calls nobody twice."""
    for number, place in enumerate(wanted, start=1):
        try:
            run_deployment(
                DEPLOYMENT,
                parameters={"run": run_id, "place": place},
                flow_run_name=f"{campaign}, helper {number} of {len(wanted)}",
                idempotency_key=f"{run_id}:{flow_run.id}:{flow_run.run_count}:{place}",
                timeout=0,
                as_subflow=False,
            )
        except ObjectNotFound:
            get_run_logger().warning(
                "CAMPAIGNS_HELPERS asks for helpers, but there is no deployment `help-send`: "
                "`make deploy` puts it there. This machine sends alone."
            )
            return 0
    get_run_logger().info("Called %s helpers", len(wanted))
    return len(wanted)
