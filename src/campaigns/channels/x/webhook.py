"""X's webhooks, read: the challenge (CRC) and direct messages. Pure.

Both are signed with the app's consumer secret: HMAC-SHA256 over the challenge, or over the body's
bytes. Events carry no other moment than the message's own.
"""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from campaigns.domain.channel import Channel
from campaigns.domain.interaction import InteractionKind
from campaigns.domain.provider_event import ProviderEvent, clean

SIGNATURE = "x-twitter-webhooks-signature"
_LONGEST = 10_000
#: A message older than this is no news: X itself tries again for minutes.
OLDEST = timedelta(days=2)


def challenge_answer(consumer_secret: str, token: str) -> str:
    """What X wants to hear to its `crc_token`."""
    return _signed(consumer_secret, token.encode())


def verify(consumer_secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether X sent these bytes."""
    given = headers.get(SIGNATURE, "")
    expected = _signed(consumer_secret, body)
    return bool(consumer_secret) and hmac.compare_digest(given.encode(), expected.encode())


def parse(body: bytes, *, now: datetime) -> list[ProviderEvent]:
    """The direct messages that others wrote; none for anything else X tells."""
    try:
        raw = orjson.loads(body)
    except orjson.JSONDecodeError:
        return []
    if not isinstance(raw, dict):
        return []
    listed, users = raw.get("direct_message_events"), raw.get("users")
    if not isinstance(listed, list) or not isinstance(users, dict):
        return []
    found = (_message(item, users, raw.get("for_user_id"), now) for item in listed)
    return [event for event in found if event is not None]


def _message(
    raw: object, users: Mapping[str, Any], own: object, now: datetime
) -> ProviderEvent | None:
    match raw:
        case {
            "type": "message_create",
            "id": str(number),
            "created_timestamp": sent,
            "message_create": {"sender_id": str(sender), "message_data": {"text": str(text)}},
        } if sender != own:
            pass
        case _:
            return None
    user = users.get(sender)
    name = user.get("screen_name") if isinstance(user, dict) else None
    at = _moment(sent, now)
    if not isinstance(name, str) or now - at > OLDEST:
        return None
    return ProviderEvent(
        key=f"x:{clean(number, 40)}",
        kind=InteractionKind.REPLIED,
        at=at,
        channel=Channel.X_DM,
        provider_id=clean(number, 40),
        address=clean(name, 50),
        data={"text": clean(text, _LONGEST)},
    )


def _moment(stamp: object, now: datetime) -> datetime:
    """X tells milliseconds, as text."""
    if isinstance(stamp, str) and stamp.isascii() and stamp.isdecimal() and len(stamp) < 15:
        return min(now, datetime.fromtimestamp(int(stamp) / 1000, UTC))
    return now


def _signed(secret: str, content: bytes) -> str:
    digest = hmac.digest(secret.encode(), content, "sha256")
    return f"sha256={b64encode(digest).decode()}"
