"""What providers post. Known and written: 204. Not from whom it says: 403. The database does not
answer: 503, and they try again. Nothing that comes from outside makes anything else of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import structlog
from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from campaigns.bootstrap.listening import Listener
from campaigns.web.errors import plain
from campaigns.web.guard import limit_of
from campaigns.web.recorder import Recorder

if TYPE_CHECKING:
    from campaigns.bootstrap.app import App
    from campaigns.domain.provider_event import ProviderEvent

#: X signs its events with the same key as the answer to its challenge. What could be an event's
#: body is therefore no challenge: else anybody could have their own events signed here.
_CHALLENGE = re.compile(r"[A-Za-z0-9+/=_-]{1,200}")
_MOST_FIELDS = 200

_log = structlog.get_logger("campaigns.web")


def router(app: App) -> APIRouter:
    """All addresses under /webhooks."""
    routes = APIRouter(prefix="/webhooks")
    webhooks = _Webhooks(Listener(app))
    add = routes.add_api_route
    add("/sendgrid", webhooks.sendgrid, methods=["POST"], response_model=None)
    add("/sendgrid/inbound/{token}", webhooks.mail, methods=["POST"], response_model=None)
    add("/twilio", webhooks.twilio, methods=["POST"], response_model=None)
    add("/x", webhooks.x, methods=["POST"], response_model=None)
    add("/x", webhooks.x_challenge, methods=["GET"], response_model=None)
    return routes


class _Webhooks:
    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._recorder = Recorder(listener)

    async def sendgrid(self, request: Request) -> Response:
        """SendGrid's signed event webhook."""
        body = await request.body()
        return await self._answer(self._listener.sendgrid(request.headers, body))

    async def mail(self, request: Request, token: str) -> Response:
        """SendGrid's Inbound Parse. A 4xx loses the mail for good, so only a stranger gets one."""
        if not self._listener.takes_mail(token):  # before 30 MB are read
            return plain(403)
        return await self._answer(self._listener.mail(await _fields(request)))

    async def twilio(self, request: Request) -> Response:
        """Twilio's status callbacks and customers' messages."""
        body = (await request.body()).decode("utf-8", "replace")
        try:
            form = parse_qsl(body, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
        except ValueError:
            return plain(403)
        query = request.scope["query_string"].decode("latin-1")
        target = request.url.path + (f"?{query}" if query else "")
        events = self._listener.twilio(request.headers, target, form, request.query_params)
        return await self._answer(events)

    async def x(self, request: Request) -> Response:
        """X's account activity."""
        body = await request.body()
        return await self._answer(self._listener.x(request.headers, body))

    async def x_challenge(self, request: Request) -> Response:
        """X asks whether we know the app's secret, now and then."""
        token = request.query_params.get("crc_token", "")
        answer = self._listener.x_challenge(token) if _CHALLENGE.fullmatch(token) else None
        return plain(403) if answer is None else JSONResponse({"response_token": answer})

    async def _answer(self, events: Sequence[ProviderEvent] | None) -> Response:
        if events is None:
            return plain(403)
        await self._recorder.record(events)
        return Response(status_code=204)


async def _fields(request: Request) -> dict[str, str]:
    """The texts of a posted form, without its files; empty for what is none."""
    try:
        form = await request.form(max_part_size=limit_of(request.url.path))
    except HTTPException as error:
        if error.status_code != 400:
            raise
        _log.warning("inbound_unreadable")
        return {}
    try:
        return {name: value for name, value in form.items() if isinstance(value, str)}
    finally:
        await form.close()
