"""The public app's parts put together: one router per file, a guard around them all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI

from campaigns.web import api as apis
from campaigns.web import api_docs, clicks, health, pages, webhooks
from campaigns.web.errors import plain_errors
from campaigns.web.guard import Guard

if TYPE_CHECKING:
    from campaigns.bootstrap.app import App

#: Each has `router(app: App) -> APIRouter`. A new group of addresses is a file here and a name in
#: this list; its largest body, where it takes more than a form, is a line in `guard.LIMITS`.
PARTS = (health, webhooks, clicks, pages, api_docs)


def create_app(app: App) -> FastAPI:
    """The public app over the product's verbs."""

    @asynccontextmanager
    async def life(_api: FastAPI) -> AsyncIterator[None]:
        _ = app.database  # a database that cannot be opened is told before the first request
        yield

    # No redirect for a slash too many: a mail that SendGrid's Inbound Parse is told to take
    # elsewhere is lost for good.
    api = FastAPI(
        title="campaigns",
        version="1",
        description=apis.DESCRIPTION,
        lifespan=life,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    for part in PARTS:
        api.include_router(part.router(app), include_in_schema=False)
    api.include_router(apis.router(app))
    plain_errors(api)
    api.add_middleware(Guard)
    return api
