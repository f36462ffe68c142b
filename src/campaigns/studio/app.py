"""The studio's HTTP side: four pages, all of them read with GET, on this machine only."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

import orjson
from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import HTMLResponse, Response, StreamingResponse

from campaigns.bootstrap.preview import Drafts, Known, State
from campaigns.domain.channel import Channel
from campaigns.errors import CampaignsError
from campaigns.studio.mail import GONE, MAIL_POLICY, mail_page
from campaigns.studio.pages import Pages
from campaigns.studio.query import Query, read_query
from campaigns.studio.watch import End, Watch

HOST: Final = "127.0.0.1"
#: A page of another site that had its own name point to this machine would send that name.
_HOSTS: Final = [HOST, "localhost"]
_ASSETS: Final = Path(__file__).parent / "assets"
_TYPES: Final = {
    "studio.css": "text/css; charset=utf-8",
    "frames.css": "text/css; charset=utf-8",
    "studio.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
_HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-DNS-Prefetch-Control": "off",
}
#: Seconds. A first compile takes half of one; after this the page says that it is on its way.
_PATIENCE: Final = 1.5
#: A sign of life, so that a page whose studio has ended knows.
_BEAT: Final = 15.0


def create_app(drafts: Drafts, watch: Watch) -> FastAPI:
    """The studio over the drafts, and what watches its files."""

    @asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        task = asyncio.create_task(watch.run())
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        drafts.customers.close()

    app = FastAPI(lifespan=life, docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=_HOSTS, www_redirect=False)
    _Studio(drafts, watch).join(app)
    return app


class _Studio:
    def __init__(self, drafts: Drafts, watch: Watch) -> None:
        self._drafts = drafts
        self._watch = watch
        self._pages = Pages()

    def join(self, app: FastAPI) -> None:
        """Every route there is."""
        answers: dict[str, Callable[..., Awaitable[Response]]] = {
            "/": self.page,
            "/mail": self.mail,
            "/events": self.events,
            "/assets/{name}": self.asset,
        }
        for path, answer in answers.items():
            app.add_api_route(path, answer, methods=["GET"], response_model=None)
        app.add_exception_handler(HTTPException, self.refused)

    async def page(self, request: Request) -> Response:
        """All campaigns, or one as it will arrive."""
        query = read_query(request.query_params)
        try:
            names = await asyncio.to_thread(self._drafts.names)
        except (CampaignsError, OSError) as error:
            return _page(self._pages.trouble(query, str(error)), 500)
        if not query.campaign:
            standing = self._drafts.standing()  # before the states: what comes later is told
            states = [(name, self._drafts.state(name)) for name in names]
            return _page(self._pages.overview(query, states, standing))
        if query.campaign not in names:
            return _page(self._pages.unknown(query, names), 404)
        state = await self._watch.state(query.campaign, _PATIENCE)
        if state is None:
            return _page(self._pages.waiting(query))
        return _page(await asyncio.to_thread(self._campaign, query, names, state))

    def _campaign(self, query: Query, names: Sequence[str], state: State) -> str:
        known, notice = self._known(query)
        return self._pages.campaign(
            query, names, state, known, notice, customers=self._drafts.customers.exist
        )

    def _known(self, query: Query) -> tuple[Known | None, str]:
        """The customer that is asked for, or why there is none."""
        who, customers = query.choices.customer, self._drafts.customers
        if not who or not customers.exist:
            return None, ""
        try:
            return customers.find(who), ""
        except CampaignsError as error:
            return None, str(error)

    async def mail(self, request: Request) -> Response:
        """One mail's HTML, for a frame of the page."""
        query = read_query(request.query_params)
        state = self._drafts.state(query.campaign)
        html = await asyncio.to_thread(self._mail, query, state)
        page = mail_page(GONE if html is None else html, dark=query.look == "dark")
        headers = {**_HEADERS, "Content-Security-Policy": MAIL_POLICY}
        return HTMLResponse(page, 404 if html is None else 200, headers=headers)

    def _mail(self, query: Query, state: State | None) -> str | None:
        if state is None or state.previewer is None:
            return None
        previewer, (known, _) = state.previewer, self._known(query)
        choices = previewer.settled(query.choices, known)
        try:
            skeleton = previewer.skeleton(Channel.EMAIL, choices.locale, choices)
        except KeyError:
            return None
        return previewer.cell(skeleton, choices.reader, known).parts.get("html")

    async def events(self, request: Request) -> Response:
        """Server-sent events: how a campaign stands, now and after each change."""
        campaign = request.query_params.get("campaign", "")
        stream = self._stream(campaign)
        return StreamingResponse(stream, media_type="text/event-stream", headers=_HEADERS)

    async def _stream(self, campaign: str) -> AsyncIterator[bytes]:
        with self._watch.following(campaign) as queue:
            yield b"retry: 1000\n\n"
            known = self._drafts.state(campaign)
            if known is not None:
                yield _event(known)
            elif not campaign:
                yield _data({"standing": self._drafts.standing()})
            while True:
                try:
                    told = await asyncio.wait_for(queue.get(), _BEAT)
                except TimeoutError:
                    yield b": still here\n\n"
                    continue
                if isinstance(told, End):
                    return
                yield _event(told)

    async def asset(self, name: str) -> Response:
        """The studio's own style, script and icon."""
        if name not in _TYPES:
            raise HTTPException(404)
        content = (_ASSETS / name).read_bytes()
        return Response(content, headers={**_HEADERS, "Content-Type": _TYPES[name]})

    async def refused(self, request: Request, error: Exception) -> Response:
        """404 and 405, as a page."""
        status = error.status_code if isinstance(error, HTTPException) else 500
        told = {404: "There is no such page.", 405: "The studio only shows: every page is a GET."}
        query = replace(read_query(request.query_params), campaign="")
        return _page(self._pages.trouble(query, told.get(status, "That did not work.")), status)


def _page(html: str, status: int = 200) -> Response:
    return HTMLResponse(html, status, headers=_HEADERS)


def _event(state: State | None) -> bytes:
    told: dict[str, object] = {"gone": True}
    if state is not None:
        told = {
            "campaign": state.name,
            "version": state.version,
            "errors": state.errors,
            "warnings": state.warnings,
            "stale": state.stale,
        }
    return _data(told)


def _data(told: dict[str, object]) -> bytes:
    return b"data: " + orjson.dumps(told) + b"\n\n"
