"""Click links: a redirect to the stored address, and a note of who asked.

The link names a delivery, signed, and the id of an address that its release holds: it can lead
nowhere else. Nothing but the note changes, whoever asks and however often.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from campaigns.bootstrap.listening import Listener
from campaigns.web.pages.view import Pages

if TYPE_CHECKING:
    from campaigns.bootstrap.app import App


def router(app: App) -> APIRouter:
    """The address."""
    routes = APIRouter()
    listener = Listener(app)
    pages = Pages(app.catalog.brand())

    @routes.api_route("/c/{token}/{link}", methods=["GET", "HEAD"], response_model=None)
    async def click(request: Request, token: str, link: str) -> Response:
        """302 to where the link leads; 404 for one that is not ours."""
        url = await asyncio.to_thread(
            listener.follow,
            token,
            link,
            method=request.method,
            headers=request.headers,
            address=request.client.host if request.client else "",
        )
        if url is not None:
            return RedirectResponse(url, 302)
        # A mail program cut it, or its mail is older than its secret: a reader stands there.
        html = pages.nowhere(request.headers.get("accept-language", ""))
        return HTMLResponse(html, 404, headers=pages.headers)

    return routes
