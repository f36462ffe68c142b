"""The HTTP client behind the SendGrid SDK, with a deadline and kept-alive connections.

The SDK's own opens a connection for every call and waits for ever (sendgrid 6.12.5).
"""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request

from python_http_client import Client
from python_http_client.exceptions import handle_error

from campaigns.channels.deadline import Deadline
from campaigns.channels.wire import Answer, Wire


class WireClient(Client):  # type: ignore[misc] # python_http_client ships no types
    """The SDK's client with the step that opens the request replaced. `timeout` is the deadline of
    one whole call, in seconds."""

    def __init__(self, wire: Wire, **of_the_sdk: object) -> None:
        super().__init__(**of_the_sdk)
        self._wire = wire

    def _build_client(self, name: str | None = None) -> WireClient:
        """The SDK makes a client for every segment of the path."""
        return WireClient(
            self._wire,
            host=self.host,
            version=self._version,
            request_headers=self.request_headers,
            url_path=[*self._url_path, name] if name else self._url_path,
            append_slash=self.append_slash,
            timeout=self.timeout,
        )

    def _make_request(
        self,
        opener: object,  # noqa: ARG002 - the SDK's way to open it
        request: Request,
        timeout: float | None = None,
    ) -> _Reply:
        """Raises NotConnected, Interrupted, or the SDK's own HTTPError for a status above 2xx."""
        answer = self._wire.request(
            request.get_method(),
            request.full_url,
            headers=dict(request.header_items()),
            body=request.data,  # type: ignore[arg-type] # bytes: the SDK has just encoded it
            deadline=Deadline(timeout or self.timeout),
        )
        if answer.ok:
            return _Reply(answer)
        error = HTTPError(
            request.full_url, answer.status, answer.reason, answer.headers, BytesIO(answer.body)
        )
        raise handle_error(error)


def open_client(key: str, wire: Wire, deadline: timedelta) -> Any:
    """The SDK over our transport; every call has this deadline."""
    from sendgrid import SendGridAPIClient

    client = SendGridAPIClient(key)
    client.client = WireClient(
        wire,
        host=client.host,
        request_headers=client._default_headers,
        version=3,
        timeout=deadline.total_seconds(),
    )
    return client


class _Reply:
    """What the SDK reads a response from."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def getcode(self) -> int:
        return self._answer.status

    def read(self) -> bytes:
        return self._answer.body

    def info(self) -> object:
        return self._answer.headers
