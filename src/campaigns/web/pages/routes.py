"""The addresses of customers' own pages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, TypeAlias

import orjson
from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, RedirectResponse, Response

from campaigns.bootstrap import preferences as verbs
from campaigns.bootstrap import rights
from campaigns.domain.preferences import Subject
from campaigns.errors import NotFoundError
from campaigns.web.pages.form import BadFormError, current, read
from campaigns.web.pages.view import Pages

if TYPE_CHECKING:
    from campaigns.bootstrap.app import App

#: RFC 8058: what mail programs send, as a form of either encoding. Our own page sends `confirmed`.
_ONE_CLICK: Final = b"one-click"
_LOOK: Final = ["GET", "HEAD"]
_SEND: Final = ["POST"]
#: Forms of the preference page that answer in its place.
_DONE: Final = ("pause", "resume", "stop", "known", "download")
#: Answers for the customer whom the link leads to; the rest are the page's address and the body.
_Answer: TypeAlias = "Callable[[Subject, str, bytes], Response]"


def router(app: App) -> APIRouter:
    """Every address under /u, /p and /pages."""
    routes = APIRouter()
    here = _CustomerPages(app)
    for path, methods, answer in here.table():
        routes.add_api_route(
            path, here.endpoint(path, answer), methods=methods, response_model=None
        )
    routes.add_api_route("/pages/{version}.css", here.style, methods=_LOOK, response_model=None)
    return routes


class _CustomerPages:
    def __init__(self, app: App) -> None:
        self._app = app
        self._pages = Pages(app.catalog.brand())

    def table(self) -> list[tuple[str, list[str], _Answer]]:
        """What there is: path, methods, what answers."""
        return [
            ("/u/{token}", _LOOK, self.unsubscribe_page),
            ("/u/{token}", _SEND, self.unsubscribe),
            ("/p/{token}", _LOOK, self.preferences_page),
            ("/p/{token}", _SEND, self.save),
            ("/p/{token}/pause", _SEND, self.pause),
            ("/p/{token}/resume", _SEND, self.resume),
            ("/p/{token}/stop", _SEND, self.stop),
            ("/p/{token}/known", _SEND, self.known),
            ("/p/{token}/download", _SEND, self.download),
            # A tab that a phone opens again asks for the address of the form that was sent last.
            *((f"/p/{{token}}/{done}", _LOOK, self.back) for done in _DONE),
            ("/p/{token}/delete", _LOOK, self.erase_page),
            ("/p/{token}/delete", _SEND, self.erase),
        ]

    def endpoint(self, path: str, answer: _Answer) -> Callable[[str, Request], Awaitable[Response]]:
        """Reads a request, and answers 404 where its link leads to nobody."""
        of_mail = path.startswith("/u/")
        find = verbs.unsubscribe_subject if of_mail else verbs.preferences_subject

        def answered(token: str, body: bytes, languages: str) -> Response:
            subject = find(self._app, token)
            if subject is None:
                return self._nowhere(languages)
            try:
                return answer(subject, f"/{path[1]}/{token}", body)
            except NotFoundError:  # erased while this was being answered
                return self._nowhere(languages)

        async def read_and_answer(token: str, request: Request) -> Response:
            body = await request.body()  # no larger than the guard lets through
            languages = request.headers.get("accept-language", "")
            return await run_in_threadpool(answered, token, body, languages)

        return read_and_answer

    async def style(self, version: str) -> Response:  # noqa: ARG002  there is only the newest
        """The style sheet, under a name that changes with it."""
        headers = {"Cache-Control": "public, max-age=31536000, immutable"}
        return Response(self._pages.sheet, media_type="text/css", headers=headers)

    # Unsubscribe -------------------------------------------------------------------------------

    def unsubscribe_page(self, subject: Subject, here: str, _body: bytes) -> Response:
        """One button."""
        return self._page(self._pages.unsubscribe(subject, here))

    def unsubscribe(self, subject: Subject, _here: str, body: bytes) -> Response:
        """One click, by a mail program (RFC 8058) or by the button of the page."""
        by_mail = _ONE_CLICK in body.lower()
        wording = None if by_mail else self._pages.unsubscribe_wording(subject)
        after = _present(verbs.unsubscribe(self._app, subject, wording))
        return self._page(self._pages.unsubscribed(after))

    # Preferences -------------------------------------------------------------------------------

    def preferences_page(self, subject: Subject, here: str, _body: bytes) -> Response:
        """Everything that can be chosen, as it stands."""
        return self._shown(subject, here)

    def back(self, _subject: Subject, here: str, _body: bytes) -> Response:
        """To the preference page, where the form is."""
        return RedirectResponse(here, 303, headers=self._pages.headers)

    def save(self, subject: Subject, here: str, body: bytes) -> Response:
        """The form. What is wrong in it is told on the page, and nothing is saved."""
        pages = self._pages
        shown = pages.locale_of(subject)
        try:
            form = read(body, subject, pages.topics, pages.brand.locales, shown)
        except BadFormError:
            return self._shown(subject, here, status=422)
        if form.quiet_is_wrong:
            now = self._app.clock.now()
            return self._page(pages.preferences(subject, form, here, now=now), 422)
        after = verbs.save(self._app, subject, form.choices, pages.wordings(subject))
        return self._shown(_present(after), here, notice="saved")

    def pause(self, subject: Subject, here: str, _body: bytes) -> Response:
        """Thirty days of silence."""
        return self._shown(_present(verbs.pause(self._app, subject)), here, notice="saved")

    def resume(self, subject: Subject, here: str, _body: bytes) -> Response:
        """The end of it."""
        return self._shown(_present(verbs.resume(self._app, subject)), here, notice="saved")

    def stop(self, subject: Subject, here: str, _body: bytes) -> Response:
        """No marketing on any channel."""
        after = verbs.stop_all(self._app, subject, self._pages.stop_wording(subject))
        return self._shown(_present(after), here, notice="stopped")

    # Rights ------------------------------------------------------------------------------------
    # By POST, though the first two change nothing of the customer: scanners follow links and keep
    # copies of what they find, and each look goes into the audit trail.

    def known(self, subject: Subject, here: str, _body: bytes) -> Response:
        """Everything kept about the customer, to read."""
        if not self._may(subject):
            return self._shown(subject, here, status=403)
        document = verbs.known(self._app, subject)
        return self._page(self._pages.known(subject, document, here))

    def download(self, subject: Subject, here: str, _body: bytes) -> Response:
        """The same as a file that `campaigns import` takes."""
        if not self._may(subject):
            return self._shown(subject, here, status=403)
        content = orjson.dumps(verbs.known(self._app, subject), option=orjson.OPT_INDENT_2)
        name = {"Content-Disposition": 'attachment; filename="my-data.json"'}
        return Response(content, media_type="application/json", headers=name)

    def erase_page(self, subject: Subject, here: str, _body: bytes) -> Response:
        """What erasing means; nothing has changed yet."""
        if not self._may(subject):
            return self._shown(subject, here, status=403)
        return self._page(self._pages.erase(subject, here))

    def erase(self, subject: Subject, here: str, _body: bytes) -> Response:
        """Everything gone."""
        if not self._may(subject):
            return self._shown(subject, here, status=403)
        rights.erase(self._app, subject.customer_id, by=verbs.CUSTOMER, why="asked on their page")
        return self._page(self._pages.erased(self._pages.locale_of(subject)))

    # Parts -------------------------------------------------------------------------------------

    def _may(self, subject: Subject) -> bool:
        return subject.may_use_rights(self._app.clock.now())

    def _shown(
        self, subject: Subject, here: str, *, notice: str = "", status: int = 200
    ) -> Response:
        pages = self._pages
        form = current(subject, pages.topics, pages.locale_of(subject))
        now = self._app.clock.now()
        return self._page(pages.preferences(subject, form, here, now=now, notice=notice), status)

    def _nowhere(self, languages: str) -> Response:
        return self._page(self._pages.nowhere(languages), 404)

    def _page(self, html: str, status: int = 200) -> Response:
        return HTMLResponse(html, status, headers=self._pages.headers)


def _present(subject: Subject | None) -> Subject:
    if subject is None:
        raise NotFoundError("this customer is erased.")
    return subject
