"""Around every request: a limit on its body before anything parses it, and headers on the answer
that leave a browser nothing to be tricked with."""

from __future__ import annotations

import asyncio

import structlog
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from campaigns.web.errors import plain

#: Bytes. A form, or one event.
SMALL = 64 * 1024
#: Seconds that a body may take to arrive.
PATIENCE = 60.0
#: Path prefix → most bytes of a body. SendGrid posts batches of events, and mails with attachments
#: (30 MB by its own limit: a 413 would lose the mail for good).
LIMITS = {
    "/webhooks/sendgrid/inbound": 32 * 1024 * 1024,
    "/webhooks/sendgrid": 4 * 1024 * 1024,
    "/webhooks/x": 1024 * 1024,
    "/v1/events": 1024 * 1024,
}
#: For pages and answers alike. A page that needs more says so itself: what is set is left alone.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Strict-Transport-Security": "max-age=31536000",
    "X-Robots-Tag": "noindex, nofollow",
}

_log = structlog.get_logger("campaigns.web")


def limit_of(path: str) -> int:
    """The most bytes that a body sent to this path may have."""
    return next((most for prefix, most in LIMITS.items() if path.startswith(prefix)), SMALL)


class Guard:
    """The outermost layer, in plain ASGI: it costs a webhook next to nothing."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(send)
        most = limit_of(scope["path"])
        if _announced(scope) > most:
            await plain(413, {"Connection": "close"})(scope, receive, answer)
            return
        try:
            await self._app(scope, _limited(receive, most), answer)
        except ClientDisconnect:
            return
        except Exception as error:  # a mistake of ours: told by kind and place, never by value
            place = _place(error)
            _log.error("web_failed", error=type(error).__name__, at=place)
            if answer.started:
                raise RuntimeError(f"{type(error).__name__} at {place}") from None
            await plain(500)(scope, receive, answer)


class _Answer:
    """Sends the answer on with HEADERS; knows whether it has begun."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.started = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await self._send(message)


def _announced(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value[:20])
    return 0


def _limited(receive: Receive, most: int) -> Receive:
    """The same, but no more than `most` bytes of it, since a body may come without its length, and
    no longer than PATIENCE, since it may come a byte at a time."""
    left, whole = most, False
    give_up = asyncio.get_running_loop().time() + PATIENCE

    async def counted() -> Message:
        nonlocal left, whole
        try:
            # After the body comes nothing but the end of the connection, whenever that is.
            async with asyncio.timeout_at(None if whole else give_up):
                message = await receive()
        except TimeoutError:
            raise HTTPException(408, headers={"Connection": "close"}) from None
        whole = not message.get("more_body", False)
        if message["type"] == "http.request":
            left -= len(message.get("body", b""))
            if left < 0:
                raise HTTPException(413, headers={"Connection": "close"})
        return message

    return counted


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
