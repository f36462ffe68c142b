"""Waiting for a run's canary, told on its page in Prefect."""

from __future__ import annotations

from prefect.logging import get_run_logger

from campaigns.bootstrap import App
from campaigns.bootstrap.canary import wait_for_canary
from campaigns.domain.canary import Verdict
from flows.steering import Steering


def watch_canary(app: App, run_id: int, steering: Steering) -> bool:
    """Wait until it is decided, told in the log as it changes; a pause or cancellation of the flow
    run is followed. True when the rest may be sent."""
    last = ""

    def tell(verdict: Verdict) -> None:
        nonlocal last
        steering.look()
        if verdict.because != last:
            get_run_logger().info("%s", verdict)
            last = verdict.because

    return wait_for_canary(app, run_id, tell)
