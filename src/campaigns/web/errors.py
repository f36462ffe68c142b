"""What is answered when something is wrong: a plain sentence, nothing of the request in it."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, PlainTextResponse, Response

from campaigns.errors import DatabaseError

#: Seconds after which a provider may try again when the database did not answer.
RETRY_AFTER = 30


class Problem(Exception):  # noqa: N818 - what an API answers, not a fault
    """An API's refusal, told to the program that asked as `{"error": …}`."""

    def __init__(self, status: int, sentence: str) -> None:
        self.status = status
        super().__init__(sentence)


def plain_errors(api: FastAPI) -> None:
    """Answer refusals and troubles in plain text."""
    api.add_exception_handler(HTTPException, _refused)
    api.add_exception_handler(Problem, _problem)
    api.add_exception_handler(RequestValidationError, _unreadable)
    api.add_exception_handler(DatabaseError, _no_database)


def plain(status: int, headers: dict[str, str] | None = None) -> Response:
    """A status in words, such as `Not Found`."""
    return PlainTextResponse(f"{HTTPStatus(status).phrase}\n", status, headers=headers)


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return plain(error.status_code, dict(error.headers or {}))


async def _problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else None
    return JSONResponse({"error": str(error)}, error.status, headers=headers)


async def _unreadable(_request: Request, _error: Exception) -> Response:
    return plain(422)


async def _no_database(_request: Request, _error: Exception) -> Response:
    """Nothing was written, so nothing is acknowledged: providers try again."""
    return plain(503, {"Retry-After": str(RETRY_AFTER)})
