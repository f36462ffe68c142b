"""The desk's HTTP side: inbox, a customer's history, answering. GET changes nothing, but
that somebody looked at a customer is noted."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import HTMLResponse, RedirectResponse, Response

from campaigns.bootstrap.history import look, look_at_message
from campaigns.bootstrap.replies import Replies
from campaigns.desk.asked import form_of, number_of, state_of
from campaigns.desk.pages import Pages
from campaigns.desk.staff import COOKIE, Staff, same_origin
from campaigns.domain.answer import LONGEST, AnswerKind, InboxLine, InboxState, refusal
from campaigns.domain.delivery import DeliveryState
from campaigns.domain.history import asked_for
from campaigns.domain.outcome_words import in_words
from campaigns.errors import CampaignsError, NotFoundError

if TYPE_CHECKING:
    from campaigns.bootstrap.app import App

_HERE: Final = Path(__file__).parent
#: The look is the studio's; only what the studio has no need of is the desk's own.
_ASSETS: Final = {
    "studio.css": (_HERE.parent / "studio" / "assets" / "studio.css", "text/css; charset=utf-8"),
    "desk.css": (_HERE / "assets" / "desk.css", "text/css; charset=utf-8"),
    "icon.svg": (_HERE.parent / "studio" / "assets" / "icon.svg", "image/svg+xml"),
}
_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
#: A mail as it looked: no scripts, nothing fetched (that would count as an open), no links.
_MAIL_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)
#: In the place of a mail whose customer was erased, or that is older than what is kept.
_GONE: Final = "<p>This mail is no longer kept.</p>"
_HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # without it browsers post with `Origin: null`
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Robots-Tag": "noindex, nofollow",
}
_MAIN: Final = {"/": "page", "/customers/{number}": "customer", "/inbox/{number}": "reply"}

Answerer = Callable[[Request, str], Awaitable[Response]]


def create_app(app: App, staff: Staff, hosts: Sequence[str]) -> FastAPI:
    """The desk over an application. `hosts`: names by which it may be called."""
    api = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    api.add_middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False)
    _Desk(app, staff).join(api)
    return api


class _Desk:
    def __init__(self, app: App, staff: Staff) -> None:
        self._app = app
        self._staff = staff
        self._replies = Replies(app)
        self._pages = Pages(app.catalog.brand().time_zone)

    def join(self, api: FastAPI) -> None:
        """Every route there is."""
        add = api.add_api_route
        for path, name in _MAIN.items():
            add(path, self._signed_in(getattr(self, name)), methods=["GET"], response_model=None)
        add("/mail/{number}", self._signed_in(self.mail), methods=["GET"], response_model=None)
        posts: dict[str, Answerer] = {
            "/search": self.search,
            "/inbox/{number}/answer": self.answer,
            "/inbox/{number}/close": self.close,
            "/inbox/{number}/no-opt-out": self.no_opt_out,
        }
        for path, answer in posts.items():
            add(path, self._signed_in(answer), methods=["POST"], response_model=None)
        add("/sign-in", self.sign_in_page, methods=["GET"], response_model=None)
        add("/sign-in", self.sign_in, methods=["POST"], response_model=None)
        add("/sign-out", self.sign_out, methods=["POST"], response_model=None)
        add("/assets/{name}", self.asset, methods=["GET"], response_model=None)
        api.add_exception_handler(HTTPException, self.refused)

    def _signed_in(self, answer: Answerer) -> Callable[[Request], Awaitable[Response]]:
        """Only for people who said who they are, and forms only from our own pages."""

        async def answered(request: Request) -> Response:
            if request.method == "POST" and not same_origin(request):
                raise HTTPException(403)
            who = self._staff.name(request)
            if who is None:
                return RedirectResponse("/sign-in", 303, headers=_HEADERS)
            try:
                return await answer(request, who)
            except NotFoundError as error:
                return self._trouble(who, str(error), 404)
            except CampaignsError as error:
                return self._trouble(who, str(error), 409)

        return answered

    # Looking ----------------------------------------------------------------------------------

    async def page(self, request: Request, who: str) -> Response:
        """The inbox: what waits, the longest first; or what was answered or closed."""
        state = state_of(request.query_params.get("state"))
        lines = await asyncio.to_thread(self._replies.waiting, state)
        return self._page(
            "inbox.html",
            who,
            lines=lines,
            state=state,
            states=list(InboxState),
            now=self._app.clock.now(),
        )

    async def search(self, request: Request, who: str) -> Response:
        """By id, e-mail, phone or handle; posted, so that no address stands in a page's address."""
        del who
        sought = (await form_of(request)).get("who", "")
        number = await asyncio.to_thread(self._app.profiles.find, sought)
        return _see_other(f"/customers/{number}")

    async def customer(self, request: Request, who: str) -> Response:
        """One customer's whole history."""
        number = number_of(request)
        told = await asyncio.to_thread(look, self._app, number, by=who)
        waits = [w for w in self._replies.waiting() if w.customer_id == number]
        asked = asked_for(told.preferences, self._app.clock.now())
        return self._page(
            "customer.html", who, told=told, asked=asked, line=None, waits=waits, **_NOTHING
        )

    async def reply(self, request: Request, who: str) -> Response:
        """One reply, with the whole history beside it."""
        line = self._replies.inbox.line(number_of(request))
        return await self._reply_page(line, who)

    async def _reply_page(
        self, line: InboxLine, who: str, *, written: str = "", problem: str = "", status: int = 200
    ) -> Response:
        reach = self._replies.answers.reach(line.customer_id, line.channel)
        barred = refusal(AnswerKind.ANSWER, line.channel, reach, self._app.clock.now())
        values: dict[str, Any] = {
            "line": line,
            "waits": [],
            "barred": barred,
            "key": secrets.token_hex(16),
            "longest": LONGEST[line.channel],
            "campaigns": await asyncio.to_thread(self._app.campaign_names),
            "written": written,
            "problem": problem,
        }
        if line.stranger:
            values["talk"] = await asyncio.to_thread(self._replies.inbox.talk, line)
            return self._page("stranger.html", who, status=status, **values)
        told = await asyncio.to_thread(look, self._app, line.customer_id, by=who)
        asked = asked_for(told.preferences, self._app.clock.now())
        return self._page("customer.html", who, status=status, told=told, asked=asked, **values)

    async def mail(self, request: Request, who: str) -> Response:
        """A mail as it looked, for a frame; one that is gone is told inside it, since another page
        of ours would be refused there."""
        headers = {**_HEADERS, "Content-Security-Policy": _MAIL_POLICY}
        try:
            parts = await asyncio.to_thread(look_at_message, self._app, number_of(request), by=who)
        except NotFoundError:
            parts = {}
        gone = "html" not in parts
        return HTMLResponse(_GONE if gone else parts["html"], 404 if gone else 200, headers=headers)

    # Acting -----------------------------------------------------------------------------------

    async def answer(self, request: Request, who: str) -> Response:
        """Answer on the channel it came by."""
        form = await form_of(request)
        line = self._replies.inbox.line(number_of(request))
        text = form.get("text", "")
        try:
            done = await asyncio.to_thread(
                self._replies.answer,
                line.inbox_id,
                text,
                by=who,
                campaign=form.get("campaign") or None,
                key=form.get("key") or None,
            )
        except CampaignsError as error:
            return await self._reply_page(line, who, written=text, problem=str(error), status=409)
        if done.state in (DeliveryState.ACCEPTED, DeliveryState.PENDING):
            where = f"/inbox/{line.inbox_id}" if line.stranger else f"/customers/{line.customer_id}"
            return _see_other(where)
        problem = f"The answer is {done.state.replace('_', ' ')}: {in_words(done.outcome or '')}."
        return await self._reply_page(line, who, problem=problem, status=409)

    async def close(self, request: Request, who: str) -> Response:
        """Take it off without an answer."""
        why = (await form_of(request)).get("why", "")[:300]
        await asyncio.to_thread(self._replies.close, number_of(request), by=who, why=why)
        return _see_other("/")

    async def no_opt_out(self, request: Request, who: str) -> Response:
        """It was read as perhaps an opt-out, and was none."""
        line = self._replies.inbox.line(number_of(request))
        why = (await form_of(request)).get("why", "")[:300]
        undo = self._replies.not_an_opt_out
        await asyncio.to_thread(undo, line.inbox_id, by=who, why=why)
        return _see_other(f"/inbox/{line.inbox_id}")

    # Coming and going -------------------------------------------------------------------------

    async def sign_in_page(self, request: Request) -> Response:
        """Ask who it is."""
        del request
        return self._page("sign_in.html", "", problem="", secret=bool(self._staff.secret))

    async def sign_in(self, request: Request) -> Response:
        """Let somebody in, or say why not."""
        if not same_origin(request):
            raise HTTPException(403)
        form = await form_of(request)
        problem = self._staff.refuse(form.get("name", ""), form.get("secret", ""))
        if problem is not None:
            needed = bool(self._staff.secret)
            return self._page("sign_in.html", "", status=403, problem=problem, secret=needed)
        response = _see_other("/")
        self._staff.sign_in(response, form["name"])
        return response

    async def sign_out(self, request: Request) -> Response:
        """Forget who it is."""
        if not same_origin(request):
            raise HTTPException(403)
        response = _see_other("/sign-in")
        response.delete_cookie(COOKIE)
        return response

    async def asset(self, name: str) -> Response:
        """Style and icon."""
        if name not in _ASSETS:
            raise HTTPException(404)
        path, kind = _ASSETS[name]
        return Response(path.read_bytes(), headers={**_HEADERS, "Content-Type": kind})

    async def refused(self, request: Request, error: Exception) -> Response:
        """What is not here, as a page."""
        status = error.status_code if isinstance(error, HTTPException) else 500
        told = {
            403: "That form was not sent from the desk's own page.",
            404: "There is no such page.",
            413: "That is too long.",
        }
        who = self._staff.name(request) or ""
        return self._trouble(who, told.get(status, "That did not work."), status)

    def _trouble(self, who: str, told: str, status: int) -> Response:
        return self._page("trouble.html", who, status=status, told=told)

    def _page(self, template: str, who: str, *, status: int = 200, **values: Any) -> Response:
        html = self._pages.write(template, who=who, **values)
        return HTMLResponse(html, status, headers=_HEADERS)


_NOTHING: Final[Mapping[str, Any]] = {
    "barred": None,
    "key": "",
    "longest": 0,
    "campaigns": [],
    "written": "",
    "problem": "",
}


def _see_other(where: str) -> Response:
    return RedirectResponse(where, 303, headers=_HEADERS)
