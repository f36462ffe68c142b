"""X's answers as outcomes. Pure."""

from __future__ import annotations

from datetime import datetime

import orjson

from campaigns.channels.answers import too_many
from campaigns.channels.wire import Answer
from campaigns.domain.channel import Channel
from campaigns.domain.delivery import Accepted, Outcome, Refused, Rejected, Unknown

#: What a 403 says when it is the app that may not, and not the person who will not be written to
#: ('You do not have permission to DM one or more participants').
_ABOUT_THE_APP = ("oauth", "client app", "access level", "developer app", "suspended")


def outcome_of(channel: Channel, answer: Answer, now: datetime) -> Outcome:
    """What X's answer to a post or a direct message says about it."""
    if answer.ok:
        return Accepted(_id(answer.body))
    if answer.status == 429:
        return too_many("x", answer.headers, now)
    if 400 <= answer.status < 500 and answer.status != 408:
        return _no(channel, answer.status, _said(answer.body))
    return Unknown(f"x:{answer.status}", f"X answered {answer.status}")


def _no(channel: Channel, status: int, said: str) -> Outcome:
    if status == 401:
        return Refused("x:401", "X does not know these keys (CAMPAIGNS_X_…)")
    if status == 403:
        return _forbidden(channel, said)
    if channel is Channel.X_POST:
        return Refused(f"x:{status}", f"X refuses the post: {said or status}")
    return Rejected(f"x:{status}", f"X refuses the message: {said or status}")


def _forbidden(channel: Channel, said: str) -> Outcome:
    """403 is for good. X tells the cases apart by words only (November 2026)."""
    words = said.lower()
    if "duplicate" in words:
        return Rejected("x:duplicate", "the account has posted this very text before")
    if channel is Channel.X_POST or any(w in words for w in _ABOUT_THE_APP):
        return Refused("x:403", f"this X app or account may not do this: {said or 'forbidden'}")
    return Rejected("x:403", "this person takes no direct messages from the account")


def user_id_in(answer: Answer) -> str | None:
    """The id in the answer to a look-up; None when X knows nobody by that name, which it says with
    a 200, `errors` and no `data`."""
    return _id(answer.body) if answer.ok else None


def _id(body: bytes) -> str | None:
    """The post's or the message's id; None when a 2xx came with a broken body."""
    data = _document(body).get("data")
    if not isinstance(data, dict):
        return None
    found = data.get("id") or data.get("dm_event_id")
    return str(found) if found else None


def _said(body: bytes) -> str:
    document = _document(body)
    said = document.get("detail") or document.get("title")
    errors = document.get("errors")
    if not said and isinstance(errors, list) and errors and isinstance(errors[0], dict):
        said = errors[0].get("message")
    return str(said) if said else ""


def _document(body: bytes) -> dict[str, object]:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return document if isinstance(document, dict) else {}
