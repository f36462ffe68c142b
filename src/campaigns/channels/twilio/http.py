"""The HTTP client behind the Twilio SDK: the hook it offers for one's own transport.

The SDK's own client costs about 1.3 ms a call and knows no deadline; this one a tenth of that
(docs/benchmarks.md, SMS). It retries nothing and logs nothing.
"""

from __future__ import annotations

import json
import logging
from base64 import b64encode
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from twilio.http import HttpClient
from twilio.http.response import Response

from campaigns.channels.deadline import Deadline
from campaigns.channels.twilio.created import handed_on
from campaigns.channels.twilio.form import encoded
from campaigns.channels.wire import Answer, Wire


class WireHttpClient(HttpClient):  # type: ignore[misc] # twilio ships no types
    """Carries the SDK's requests over a Wire.

    Attributes:
        deadline: of the next request; set it before each call of the SDK.
        answer: the last one that came; None when the last request brought none. The SDK's
            exceptions carry no headers, and for a broken 2xx body no status either.
    """

    def __init__(self, wire: Wire) -> None:
        super().__init__(logging.getLogger("twilio.http_client"), False)
        self._wire = wire
        self.deadline = Deadline(0)
        self.answer: Answer | None = None

    def request(
        self,
        method: str,
        uri: str,
        params: dict[str, object] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ARG002 - the deadline says
        allow_redirects: bool = False,  # noqa: ARG002 - never
    ) -> Response:
        """One request. Raises NotConnected or Interrupted."""
        self.answer = None
        sent = dict(headers or {})
        if auth is not None:
            sent["Authorization"] = _basic(*auth)
        if params:
            uri = f"{uri}{'&' if '?' in uri else '?'}{urlencode(params, doseq=True)}"
        answer = self._wire.request(
            method.upper(),
            uri,
            headers=sent,
            body=_body(method, data, sent),
            deadline=self.deadline,
        )
        self.answer = answer
        # Without headers: the SDK would parse and copy them, for nobody to read.
        return Response(answer.status, handed_on(method, uri, answer))


def open_client(account: str, token: str, http: WireHttpClient) -> Any:
    """The SDK over our transport."""
    from twilio.rest import Client

    # An empty `environment` would mean os.environ, where TWILIO_EDGE or TWILIO_REGION could
    # change the hosts (twilio 9.13.0).
    nothing = {"TWILIO_ENVIRONMENT": "not read"}
    return Client(account, token, http_client=http, environment=nothing)


def _body(method: str, data: dict[str, object] | None, headers: dict[str, str]) -> bytes | None:
    if method.upper() == "GET":
        return None
    if headers.get("Content-Type", "").endswith("json"):
        return json.dumps(data).encode()
    return encoded(data or {})


@lru_cache(maxsize=4)
def _basic(username: str, password: str) -> str:
    return f"Basic {b64encode(f'{username}:{password}'.encode()).decode('ascii')}"
