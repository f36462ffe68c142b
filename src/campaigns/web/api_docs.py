"""`/docs`: the APIs' document for people, from /openapi.json; without scripts or outside files."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from html import escape
from typing import TYPE_CHECKING, Any, Final

import orjson
from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

if TYPE_CHECKING:
    from campaigns.bootstrap.app import App

_STYLE: Final = (
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem;"
    "color:#222;background:#fff}code,pre{font-family:ui-monospace,monospace}"
    "pre{background:#f3f3f3;padding:1rem;overflow:auto;white-space:pre-wrap}"
    "th,td{text-align:left;vertical-align:top;padding:.3rem .8rem .3rem 0}"
)
_HASH: Final = b64encode(sha256(_STYLE.encode()).digest()).decode()
_POLICY: Final = f"default-src 'none'; style-src 'sha256-{_HASH}'; frame-ancestors 'none'"


def router(_app: App) -> APIRouter:
    """The address."""
    routes = APIRouter()

    @routes.get("/docs", response_model=None)
    async def docs(request: Request) -> Response:
        """The page."""
        page = "".join(_page(request.app.openapi()))
        return HTMLResponse(page, headers={"Content-Security-Policy": _POLICY})

    return routes


def _page(document: dict[str, Any]) -> Iterator[str]:
    info = document["info"]
    yield (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(info['title'])}: APIs</title><style>{_STYLE}</style></head><body><main>"
        f"<h1>{escape(info['title'])}: APIs</h1><p>{escape(info['description'])}</p>"
        '<p>For programs: <a href="/openapi.json">openapi.json</a></p>'
    )
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield from _operation(method.upper(), path, operation)
    yield "<h2>Answers</h2>"
    for name, schema in document["components"]["schemas"].items():
        if "properties" in schema:
            yield f"<h3>{escape(name)}</h3><p>{escape(schema.get('description', ''))}</p>"
            yield from _fields(schema)
    yield "</main></body></html>"


def _operation(method: str, path: str, operation: dict[str, Any]) -> Iterator[str]:
    yield f"<h2>{escape(operation['summary'])}</h2><p><code>{method} {escape(path)}</code></p>"
    yield f"<p>{escape(operation['description'])}</p>"
    for content in operation.get("requestBody", {}).get("content", {}).values():
        yield "<p>An array of:</p>"
        yield from _fields(content["schema"]["items"])
    yield "<table><thead><tr><th>status</th><th>when</th></tr></thead><tbody>"
    for status, answer in operation["responses"].items():
        yield f"<tr><td>{status}</td><td>{escape(answer['description'])}</td></tr>"
    yield "</tbody></table>"


def _fields(schema: dict[str, Any]) -> Iterator[str]:
    required = schema.get("required", ())
    yield "<table><thead><tr><th>field</th><th>what</th></tr></thead><tbody>"
    for name, field in schema["properties"].items():
        needed = " (required)" if name in required else ""
        words = escape(field.get("description", "") + needed)
        shape = {k: v for k, v in field.items() if k not in ("title", "description", "default")}
        written = escape(orjson.dumps(shape, option=orjson.OPT_INDENT_2).decode())
        yield f"<tr><td><code>{escape(name)}</code></td><td>{words}<pre>{written}</pre></td></tr>"
    yield "</tbody></table>"
