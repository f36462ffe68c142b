"""What the vendors' answers have in common, in words of ours."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Protocol

import orjson

from campaigns.channels.wire import Interrupted, NotConnected
from campaigns.domain.delivery import Holds, NotSent, Unknown

#: When a provider that could not be reached is tried again.
UNREACHABLE_PAUSE = timedelta(seconds=5)
#: When a provider that said 'too many' without saying until when is tried again.
RATE_PAUSE = timedelta(seconds=30)
#: A reset further off than this is a unit we misread; the vendors' windows are of a day or less.
_LONGEST_PAUSE = timedelta(days=1)
#: 'At once' would be asked again and again.
_SHORTEST_PAUSE = timedelta(seconds=1)
_RESET_HEADERS = ("x-rate-limit-reset", "x-ratelimit-reset", "retry-after")


class Headers(Protocol):
    """The headers of an answer, whatever the case of their names."""

    def get(self, name: str, /) -> str | None:
        """The value, or None."""


def not_connected(vendor: str, error: NotConnected, now: datetime) -> NotSent:
    """No connection: surely not sent."""
    reason, then = f"cannot reach {error}", now + UNREACHABLE_PAUSE
    return NotSent(f"{vendor}:connect", reason, then, Holds.CONNECTION)


def interrupted(vendor: str, error: Interrupted) -> Unknown:
    """The call ended without a status line: it may have been sent."""
    return Unknown(f"{vendor}:interrupted", f"the call ended before its answer: {error}")


def too_many(vendor: str, headers: Headers, now: datetime) -> NotSent:
    """A 429: surely not sent; to be tried when the provider says so."""
    reason, then = "the provider asks to slow down", retry_at(headers, now)
    return NotSent(f"{vendor}:429", reason, then, Holds.PACE)


def retry_at(headers: Headers, now: datetime) -> datetime:
    """When the provider may be asked again, by its headers: a moment in Unix seconds (X, SendGrid),
    seconds to wait or an HTTP date (RFC 9110, 10.2.3). A moment is counted from the answer's own
    `Date`, so that a clock of ours that is wrong makes no wait longer or shorter."""
    theirs = _http_date(headers.get("date")) or now
    for name in _RESET_HEADERS:
        wait = _wait(headers.get(name), theirs)
        if wait is not None and timedelta(0) <= wait <= _LONGEST_PAUSE:
            return now + max(wait, _SHORTEST_PAUSE)
    return now + RATE_PAUSE


def _wait(value: str | None, theirs: datetime) -> timedelta | None:
    if value is None:
        return None
    if not value.strip().isdecimal():
        moment = _http_date(value)
        return None if moment is None else moment - theirs
    try:
        number = int(value)
        a_year = 365 * 24 * 3600
        if number > a_year:
            return datetime.fromtimestamp(number, UTC) - theirs
        return timedelta(seconds=number)
    except (ValueError, OverflowError, OSError):
        return None


def _http_date(value: str | None) -> datetime | None:
    try:
        return None if value is None else parsedate_to_datetime(value).astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None


def broke_off(body: bytes) -> bool:
    """The vendor's JSON, but not all of it. One refusal of one message, cut short, must not stop
    the run of everybody; the message was surely not sent, so it is asked again."""
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError:
        return not body or body.startswith(b"{")
    return False


def without_addresses(text: str, addresses: Iterable[str]) -> str:
    """A provider's words without the customers' addresses: reasons end up in logs and tables."""
    for address in addresses:
        if address:
            text = re.sub(re.escape(address), "(address)", text, flags=re.IGNORECASE)
    return text
