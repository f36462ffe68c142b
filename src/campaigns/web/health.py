"""`/healthz`: whether this process can do its work, for whoever balances or restarts it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from fastapi import APIRouter
from starlette.responses import PlainTextResponse, Response

if TYPE_CHECKING:
    from campaigns.bootstrap.app import App


def router(app: App) -> APIRouter:
    """The address."""
    routes = APIRouter()

    def ask() -> None:
        with app.database.read() as connection:
            connection.exec_driver_sql("SELECT 1")

    @routes.api_route("/healthz", methods=["GET", "HEAD"], response_model=None)
    async def healthz() -> Response:
        """200 while the database answers; 503 (see errors) when it does not."""
        await asyncio.to_thread(ask)
        return PlainTextResponse("ok\n")

    return routes
