"""The APIs for the rest of the business: its events in, and what customers were told out."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Depends, Path, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, Field, JsonValue

from campaigns.bootstrap import business
from campaigns.domain.api_key import ApiKey, Scope
from campaigns.domain.business_event import MOST_EVENTS, BusinessEvent
from campaigns.domain.channel import Channel
from campaigns.errors import NotFoundError
from campaigns.web.errors import Problem

if TYPE_CHECKING:
    from campaigns.bootstrap.app import App

DESCRIPTION = (
    "Tell what customers do elsewhere, and ask what they were told, so that the web site, the app "
    "and the shop say what the message said. Keys: `campaigns keys create SOURCE --scope …`."
)


class Error(BaseModel):
    """Why the request as a whole was refused."""

    error: str


class EventAnswer(BaseModel):
    """What became of one event, in the order in which they were sent."""

    id: str | None
    result: Literal["accepted", "duplicate", "waiting", "refused"]
    reason: str | None = Field(None, description="field and sentence, where it was refused")


class EventsAnswer(BaseModel):
    """Counts, and each event's result. What is accepted, or waits, is on disk."""

    accepted: int
    duplicate: int
    waiting: int = Field(description="of devices that nobody is known to use")
    refused: int
    results: list[EventAnswer]


class FactAnswer(BaseModel):
    """A fact as a value for programs, and as the message writes it in the customer's locale."""

    kind: str
    value: JsonValue
    written: str


class MessageAnswer(BaseModel):
    """A message that was sent to the customer, word for word."""

    id: int
    campaign: str
    edition: str
    title: str
    release: str = Field(description="the release's hash, as in `campaigns diff`")
    channel: Channel = Field(description="where it was said")
    locale: str
    told_at: datetime
    expires_at: datetime = Field(description="do not show it after this moment")
    seen_at: datetime | None
    parts: dict[str, str] = Field(description="subject, html and text of an e-mail; body of others")
    facts: dict[str, FactAnswer]


class MessagesAnswer(BaseModel):
    """The newest message of each live campaign, the newest first."""

    messages: list[MessageAnswer]


class SeenAnswer(BaseModel):
    """Whether this is the first time that this source says so."""

    new: bool


def _event_schema() -> dict[str, Any]:
    """The body as the document shows it: it is read by hand, after the key."""
    schema = BusinessEvent.model_json_schema()
    schema["properties"]["customer"] = schema.pop("$defs")["Who"]
    return {"type": "array", "maxItems": MOST_EVENTS, "items": schema}


_BEARER = HTTPBearer(auto_error=False, scheme_name="key", description="campaigns keys create")
_REFUSALS: dict[int | str, dict[str, Any]] = {
    401: {"model": Error, "description": "no key, or one that is revoked"},
    403: {"model": Error, "description": "the key does not permit it"},
}
_NOT_FOUND: dict[int | str, dict[str, Any]] = {404: {"model": Error, "description": "none such"}}
_TOO_LARGE: dict[int | str, dict[str, Any]] = {
    413: {
        "description": "the body is larger than 1 MB",
        "content": {"text/plain": {"schema": {"type": "string"}}},
    },
    422: {"model": Error, "description": f"no JSON array of at most {MOST_EVENTS} events"},
}
Ref = Annotated[str, Path(description="your own customer id", min_length=1, max_length=80)]


def router(app: App) -> APIRouter:
    """The addresses under /v1."""
    routes = APIRouter(prefix="/v1", responses=_REFUSALS)
    handlers = _Apis(app)
    writes = [Depends(_permitting(app, Scope.EVENTS_WRITE))]
    reads = [Depends(_permitting(app, Scope.MESSAGES_READ))]
    add = routes.add_api_route
    add(
        "/events",
        handlers.events,
        methods=["POST"],
        response_model=EventsAnswer,
        summary="Tell what customers did: purchases, visits, calls, questions",
        description=f"Up to {MOST_EVENTS} events and 1 MB at once. Scope `events:write`. Each is "
        "answered for itself; telling one again is safe.",
        responses=_TOO_LARGE,
        dependencies=writes,
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": _event_schema()}},
            }
        },
    )
    add(
        "/customers/{ref:path}/messages",
        handlers.messages,
        methods=["GET"],
        response_model=MessagesAnswer,
        summary="What a customer was told, and may still be told",
        description="Scope `messages:read`. Messages in their own words, of campaigns still on; "
        "none to whom has said no since. `html` and click links are personal: show them to this "
        "customer only.",
        responses=_NOT_FOUND,
        dependencies=reads,
    )
    add(
        "/customers/{ref:path}/messages/{message}/seen",
        handlers.seen,
        methods=["POST"],
        response_model=SeenAnswer,
        summary="Tell that a message was shown to the customer",
        description="Scope `events:write`. Kept once per message and source of the key.",
        responses=_NOT_FOUND,
        dependencies=writes,
    )
    return routes


class _Apis:
    def __init__(self, app: App) -> None:
        self._app = app

    async def events(self, request: Request) -> dict[str, Any]:
        """The body is read here, after the key was looked at."""
        told = _array(await request.body())
        source = request.state.key.source
        results = await asyncio.to_thread(business.record_events, self._app, source, told)
        counts = Counter(str(r.result) for r in results)
        names = ("accepted", "duplicate", "waiting", "refused")
        listed = [EventAnswer(id=r.id, result=r.result.value, reason=r.reason) for r in results]
        return {**{name: counts[name] for name in names}, "results": listed}

    async def messages(self, ref: Ref) -> dict[str, Any]:
        """What was said, again."""
        found = await asyncio.to_thread(_found, business.customer_messages, self._app, ref)
        return {"messages": found}

    async def seen(self, request: Request, ref: Ref, message: int) -> SeenAnswer:
        """Once per source."""
        source = request.state.key.source
        see = business.see_message
        new = await asyncio.to_thread(_found, see, self._app, ref, message, source)
        return SeenAnswer(new=new)


def _permitting(app: App, scope: Scope) -> Callable[..., Any]:
    async def permit(
        request: Request,
        given: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
    ) -> None:
        key: ApiKey | None = None
        if given is not None:
            key = await asyncio.to_thread(business.find_key, app, given.credentials)
        if key is None:
            raise Problem(401, "give a key: `Authorization: Bearer campaigns_…`.")
        if scope not in key.scopes:
            raise Problem(403, f"this key does not permit {scope}.")
        request.state.key = key

    return permit


def _array(body: bytes) -> list[object]:
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Problem(422, "the body is no JSON.") from None
    if not isinstance(told, list):
        raise Problem(422, "send an array of events, also where there is only one.")
    if len(told) > MOST_EVENTS:
        raise Problem(422, f"send at most {MOST_EVENTS} events at once.")
    return told


def _found(verb: Callable[..., Any], app: App, ref: str, *more: object) -> Any:
    if "\0" in ref:  # PostgreSQL takes none, so nobody is called so
        raise Problem(404, "there is no customer with this ref.")
    try:
        return verb(app, ref, *more)
    except NotFoundError as error:
        raise Problem(404, str(error)) from None
