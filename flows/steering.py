"""What people do to a flow run on Prefect's pages, done to our run.

Prefect cannot stop threads or processes that are sending; the run's state in our database does. So
a pause or a cancellation there becomes one here, with Prefect as the actor in the audit trail.
A crash or a worker's shutdown is nobody's decision: it only pauses, and the flow `go-on` goes on.
"""

from __future__ import annotations

import time
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import httpx
from prefect import Flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.exceptions import Pause, PrefectException
from prefect.runtime import flow_run

from campaigns.bootstrap import App, connect
from campaigns.bootstrap.control import cancel, link, linked, pause, resume
from campaigns.bootstrap.outages import pause_for_outage
from campaigns.domain.run import UNDER_WAY
from campaigns.errors import UserError

#: The actor in the audit trail: open-source Prefect does not know who pressed the button.
PREFECT = "Prefect"
#: Seconds between two looks at the flow run's own state.
LOOK_EVERY = 2.0


class CancelledInPrefectError(Exception):
    """Somebody cancelled the flow run, and no worker of Prefect's is there to end its process."""


class Steering:
    """Our run follows its flow run while `with` lasts."""

    def __init__(self, app: App, run_id: int) -> None:
        self._app = app
        self._run_id = run_id
        self._flow_run = flow_run.id
        self._next_look = 0.0

    def __enter__(self) -> Self:
        if self._flow_run:
            link(self._app, self._run_id, str(self._flow_run), by=PREFECT)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, Pause):  # raised by Prefect itself, or by `look`
            self._pause()

    def look(self) -> bool:
        """Follow a pause or a cancellation. True when a pause has ended: every shard is to be sent
        again. Raises CancelledInPrefectError, or Pause for Prefect to start the flow anew later.
        """
        if time.monotonic() < self._next_look:
            return False
        self._next_look = time.monotonic() + LOOK_EVERY
        state = self._state()
        if state is None or state.is_running():
            return False
        if state.is_cancelling() or state.is_cancelled():
            _cancel(self._app, self._run_id)
            raise CancelledInPrefectError
        if not state.is_paused():
            return False
        self._pause()
        if state.state_details.pause_reschedule:
            raise Pause(state=state)
        return self._wait()

    def _wait(self) -> bool:
        """A pause that keeps the process: wait here until it ends."""
        while (state := self._state()) is None or state.is_paused():
            time.sleep(LOOK_EVERY)
        if state.is_running():
            resume_in_prefect(self._app, self._run_id)
            self._app.begin_sending(self._run_id)
            return True
        return False  # cancelled, or failed for having waited too long: the next look tells

    def _pause(self) -> None:
        with suppress(UserError):  # it has ended meanwhile
            pause(self._app, self._run_id, by=PREFECT, why="paused in Prefect")

    def _state(self) -> State[Any] | None:
        """The flow run's state; None where it cannot be had: sending does not hang on Prefect."""
        if not self._flow_run:
            return None
        with suppress(httpx.HTTPError, PrefectException), get_client(sync_client=True) as client:
            return client.read_flow_run(self._flow_run).state
        return None


def resume_in_prefect(app: App, run_id: int) -> None:
    """End the pause that came from Prefect; what a person paused by command stays paused."""
    if _held_by_prefect(app, run_id):
        resume(app, run_id, by=PREFECT, why="resumed in Prefect")


def go_on_if_resumed(app: App) -> None:
    """At the flow's start: a flow run that was suspended and starts anew ends its own pause."""
    run_id = linked(app, str(flow_run.id)) if flow_run.id else None
    if run_id is not None:
        resume_in_prefect(app, run_id)


# Prefect passes these by name.
def cancel_our_run(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:  # noqa: ARG001
    """Prefect's hook on cancellation, run by the flow's process or by its worker."""
    with connect() as app:
        run_id = linked(app, str(flow_run.id))
        if run_id is not None:
            _cancel(app, run_id)


def pause_our_run(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:  # noqa: ARG001
    """Prefect's hook on a crash: nobody plans or sends any more, until `go-on` takes it up."""
    with connect() as app:
        run_id = linked(app, str(flow_run.id))
        if run_id is not None and app.runs.get(run_id).state in UNDER_WAY:
            pause_for_outage(app, run_id, "the flow run crashed", crashed=True)


def follow_cancellations(app: App) -> list[int]:
    """Cancel the runs whose flow run was cancelled while it was suspended: no process was left for
    a hook to run in. Returns their numbers. What a person paused by command stays paused."""
    held = {run.id for run in app.runs.active() if _held_by_prefect(app, run.id)}
    if not held:
        return []
    ended = FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.CANCELLED]))
    with get_client(sync_client=True) as client:
        flow_runs = client.read_flow_runs(
            flow_run_filter=FlowRunFilter(state=ended), sort=FlowRunSort.END_TIME_DESC
        )
    found = {linked(app, str(flow_run.id)) for flow_run in flow_runs}
    cancelled = sorted(held & {run_id for run_id in found if run_id is not None})
    for run_id in cancelled:
        _cancel(app, run_id)
    return cancelled


def _held_by_prefect(app: App, run_id: int) -> bool:
    hold = app.audit.hold(run_id)
    return hold is not None and hold.actor == PREFECT


def _cancel(app: App, run_id: int) -> None:
    with suppress(UserError):  # it has ended already
        cancel(app, run_id, by=PREFECT, why="cancelled in Prefect")
