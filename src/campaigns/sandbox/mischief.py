"""How a struck request is answered on the wire."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING

from campaigns.sandbox.call import Answer
from campaigns.sandbox.faults import Kind, Rule

if TYPE_CHECKING:
    from aiohttp.web import BaseRequest


async def misbehave(request: BaseRequest, rule: Rule, answer: Answer) -> None:
    """Write `answer` the way the rule says, or nothing at all, and end the connection."""
    match rule.kind:
        case Kind.DROP_BEFORE | Kind.DROP_AFTER:
            pass
        case Kind.HANG | Kind.HANG_BEFORE:
            await _while_connected(request, rule.seconds)
        case Kind.TRUNCATE:
            whole = answer.body or b"{}"
            await _send(request, _head(answer, len(whole)) + whole[: len(whole) // 2])
            return
        case Kind.GARBLE:
            half = (answer.body or b"{}")[: max(1, len(answer.body) // 2)]
            await _send(request, _head(answer, len(half)) + half)
            return
        case Kind.EMPTY:
            await _send(request, _head(answer, 0))
            return
        case Kind.DRIP:
            await _drip(request, _head(answer, len(answer.body)) + answer.body, rule.seconds)
            return
    if request.transport is not None:
        request.transport.abort()


def _head(answer: Answer, length: int) -> bytes:
    lines = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"]
    headers = {**answer.headers, "Content-Length": str(length), "Connection": "close"}
    if answer.content_type:
        headers["Content-Type"] = answer.content_type
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def _send(request: BaseRequest, data: bytes) -> None:
    if request.transport is not None:
        request.transport.write(data)
        request.transport.close()


async def _drip(request: BaseRequest, data: bytes, seconds: float) -> None:
    for i in range(len(data)):
        if request.transport is None:
            return
        request.transport.write(data[i : i + 1])
        await asyncio.sleep(seconds)
    await _send(request, b"")


async def _while_connected(request: BaseRequest, seconds: float) -> None:
    """Wait, but not for a client that has gone."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while request.transport is not None and loop.time() < end:
        await asyncio.sleep(0.05)
