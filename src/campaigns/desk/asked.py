"""What a request to the desk says: its number, its form."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qsl

from fastapi import Request
from starlette.exceptions import HTTPException

from campaigns.domain.answer import InboxState

#: Bytes of a form: the longest answer, written in percent signs.
_LARGEST: Final = 256 * 1024


def state_of(text: str | None) -> InboxState:
    """Which replies are asked for: those that wait unless it says otherwise."""
    return next((s for s in InboxState if str(s) == text), InboxState.WAITING)


def number_of(request: Request) -> int:
    """The number in the page's address. Raises HTTPException where there is none."""
    text = request.path_params["number"]
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise HTTPException(404)
    return int(text)


async def form_of(request: Request) -> dict[str, str]:
    """A posted form's fields. Raises HTTPException for one that is too large, or has too many."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _LARGEST:
            raise HTTPException(413)
    text = body.decode("utf-8", "replace")
    try:
        fields = parse_qsl(text, keep_blank_values=True, max_num_fields=20)
    except ValueError:
        raise HTTPException(413) from None
    return {name: value.replace("\0", "") for name, value in fields}
