"""How a step that cannot go on says so: one message that people can act on, no traceback.

Errors of the product's own tree (a finding, an empty audience, a provider that refuses) are
answers, not accidents: the task run ends Failed with the error's own words, is not retried, and
the flow ends with the same words. Anything else is an accident and keeps its traceback.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import httpx
from prefect import Task, task
from prefect.client.schemas.objects import State, TaskRun
from prefect.exceptions import FailedRun, TerminationSignal
from prefect.futures import PrefectFuture
from prefect.logging import get_run_logger
from prefect.states import Failed

from campaigns.errors import CampaignsError, ConfigurationError, OutageError

P = ParamSpec("P")
R = TypeVar("R")


class CannotGoOnError(Exception):
    """A step failed for a reason that a user can mend; the message says which."""


class OutageInStepError(CannotGoOnError, OutageError):
    """A step met an outage: the run is taken up again by the flow `go-on`."""


#: Answers of 4xx that another time may be better; any other asks for somebody.
_MAY_PASS = frozenset({httpx.codes.REQUEST_TIMEOUT, httpx.codes.TOO_MANY_REQUESTS})
#: The name of a failed step's state after an outage, as people read it on the run's page.
_OUTAGE = "Outage"


def step(name: str, *, repeatable: bool) -> Callable[[Callable[P, R]], Task[P, R]]:
    """One task of a flow, by the name that people read on the run's page.

    A `repeatable` step does no harm when done twice: an accident there is tried again. Sending is
    never repeatable: the outbox alone knows what may go again. Nothing is persisted by Prefect.
    """

    def made(function: Callable[P, R]) -> Task[P, R]:
        as_task = task(
            task_run_name=name,
            persist_result=False,
            retries=2 if repeatable else 0,
            retry_delay_seconds=2,
            retry_condition_fn=_an_accident,
        )
        return as_task(_in_words(function))

    return made


def _an_accident(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Whether a step raised, rather than telling in words what has to be mended first."""
    return isinstance(state.data, BaseException)


class _NoNoise(logging.Filter):
    """Prefect logs a traceback for a failed state, though it has none or was told in words."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and record.exc_info[0] is None:
            record.exc_info = None
        return not (record.exc_info and isinstance(record.exc_info[1], FailedRun))


for _name in ("prefect.task_runs", "prefect.flow_runs", "prefect.engine"):
    logging.getLogger(_name).addFilter(_NoNoise())


def _in_words(function: Callable[P, R]) -> Callable[P, R]:
    """Turn the product's errors into a Failed state with their message."""

    @wraps(function)
    def told(*args: P.args, **kwargs: P.kwargs) -> Any:
        try:
            return function(*args, **kwargs)
        except OutageError as error:
            return Failed(name=_OUTAGE, message=str(error))
        except CampaignsError as error:
            return Failed(message=str(error))

    return told


def outcome(state: State[R]) -> R:
    """A finished step's result. Raises CannotGoOnError with its message when it has none."""
    if not state.is_completed():
        raise _error(state, state.message or f"the step ended {state.name}")
    return state.result()


def waited(future: PrefectFuture[R]) -> R:
    """The same for a step that was submitted."""
    try:
        return future.result()
    except FailedRun as error:
        raise _error(future.state, str(error)) from None


def of_prefect(error: BaseException) -> BaseException:
    """An error of ours for what Prefect raises when its server is away, or ends a worker that is
    shut down (an outage), or when its server refuses (a fault to be mended); others as they are."""
    if isinstance(error, httpx.HTTPStatusError):
        status = error.response.status_code
        if httpx.codes.is_client_error(status) and status not in _MAY_PASS:
            return ConfigurationError(
                f"Prefect's server refuses: {status} {httpx.codes.get_reason_phrase(status)}; see "
                "that PREFECT_API_URL, PREFECT_API_KEY and PREFECT_API_AUTH_STRING are right, and "
                "that it runs the version of the lock file"
            )
    if isinstance(error, (httpx.HTTPError, TerminationSignal)):
        return OutageError(f"Prefect: {type(error).__name__}")
    return error


def _error(state: State[Any], says: str) -> CannotGoOnError:
    return OutageInStepError(says) if state.name == _OUTAGE else CannotGoOnError(says)


def failed(error: CannotGoOnError | CampaignsError) -> State[Any]:
    """The flow's end for a reason that a user can mend, also told in its log."""
    get_run_logger().error("%s", error)
    return Failed(message=str(error))
