"""HTTP as uvicorn speaks it, with a limit on a request's head, which uvicorn has none for: neither
on its size nor on the time that it takes to arrive (uvicorn 0.3x with httptools, November 2026)."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

#: Bytes of a request line and headers. nginx takes 32 KB, and no provider sends a quarter of it.
LARGEST_HEAD = 64 * 1024
#: Seconds that a head may take to arrive.
PATIENCE = 30.0


class HeadTooLargeError(Exception):
    """Raised within the parser: uvicorn answers 400 and hangs up."""


class Protocol(HttpToolsProtocol):
    """One connection."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._head: int | None = 0  # bytes of what came before; None: the head is complete
        self._size = 0  # of its headers, as the parser has them
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody is here, who has to say what they want."""
        super().connection_made(transport)  # type: ignore[arg-type]
        self._hurry()

    def connection_lost(self, exc: Exception | None) -> None:
        """They are gone."""
        self._rest()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Some of a request. A header that does not end is no header for the parser yet, so what
        has come of a head is counted here, too."""
        super().data_received(data)
        if self._head is not None:
            self._head += len(data)
            if self._head > LARGEST_HEAD and not self.transport.is_closing():
                self.send_400_response("The request's headers are too large.")

    def on_message_begin(self) -> None:
        """The parser: a head begins."""
        self._head = 0
        self._size = 0
        self._hurry()
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """The parser: some of the address."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """The parser: a whole header."""
        self._count(len(name) + len(value) + 4)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The parser: the head is complete."""
        self._head = None
        self._rest()
        super().on_headers_complete()

    def _count(self, more: int) -> None:
        self._size += more
        if self._size > LARGEST_HEAD:
            raise HeadTooLargeError

    def _hurry(self) -> None:
        self._rest()
        self._timer = self.loop.call_later(PATIENCE, self._give_up)

    def _rest(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()
