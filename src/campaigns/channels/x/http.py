"""The adapter under tweepy's session: the hook requests offers for one's own transport.

tweepy's base URL is hard-coded and its calls have no time-out (tweepy 4.17.0). OAuth has signed the
request for X's own address before it comes here; where it then goes is the Wire's affair.
"""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO

from requests import PreparedRequest, Response
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from campaigns.channels.deadline import Deadline
from campaigns.channels.wire import Answer, Wire


class WireAdapter(BaseAdapter):
    """Carries a requests session over a Wire.

    Attributes:
        deadline: of the next request; set it before each call of the SDK.
        answer: the last one that came; None when the last request brought none.
    """

    def __init__(self, wire: Wire) -> None:
        super().__init__()
        self._wire = wire
        self.deadline = Deadline(0)
        self.answer: Answer | None = None

    def send(
        self,
        request: PreparedRequest,
        stream: bool = False,  # noqa: ARG002 - the body has been read
        timeout: object = None,  # noqa: ARG002 - the deadline says
        verify: bool | str = True,  # noqa: ARG002 - always
        cert: object = None,  # noqa: ARG002 - none
        proxies: Mapping[str, str] | None = None,  # noqa: ARG002 - none
    ) -> Response:
        """One request. Raises NotConnected or Interrupted."""
        self.answer = None
        answer = self._wire.request(
            request.method or "GET",
            request.url or "",
            headers={_text(n): _text(v) for n, v in request.headers.items()},
            body=_bytes(request.body),
            deadline=self.deadline,
        )
        self.answer = answer
        response = Response()
        response.status_code = answer.status
        response.reason = answer.reason
        response.headers = CaseInsensitiveDict(answer.headers.items())
        response.raw = BytesIO(answer.body)
        response.url = request.url or ""
        response.request = request
        return response

    def close(self) -> None:
        """The sender closes the wire."""


def _bytes(body: object) -> bytes | None:
    """tweepy sends JSON, which requests has made into bytes."""
    return body if isinstance(body, bytes) else None


def _text(value: str | bytes) -> str:
    """OAuth signs a header as bytes."""
    return value.decode("latin-1") if isinstance(value, bytes) else value
