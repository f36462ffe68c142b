"""SendGrid's email activity feed: an account's messages, by a query.

As its OpenAPI file and query reference have it: conditions `field="value"` joined by AND and OR,
with parentheses; six requests a minute. The sandbox searches by the fields in `_FIELDS`.
"""

from __future__ import annotations

import re
from collections import deque
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import orjson

from campaigns.sandbox import rendering
from campaigns.sandbox.call import Answer, Call, json_answer
from campaigns.sandbox.writer import LogWriter

PER_MINUTE = 6
_MINUTE = 60_000_000
_MSG_ID = "r.provider_id || '.sandbox-' || m.part"
_FIELDS = {
    "msg_id": f"{_MSG_ID} = ?",
    "to_email": "m.recipient = ?",
    "unique_args['delivery_id']": "m.delivery = ?",
    "status": "CASE WHEN m.error IS NULL THEN 'delivered' ELSE 'not_delivered' END = ?",
}
_TOKEN = re.compile(
    r"""\s*(?:(?P<word>AND|OR)\b|(?P<mark>[()])|"""
    r"""(?P<field>\w+(?:\['[^']*'\])?)\s*=\s*"(?P<value>[^"]*)")"""
)


class QueryError(Exception):
    """The query is wrong, in SendGrid's words."""


class Activity:
    """The feed of one account."""

    def __init__(self, log: LogWriter) -> None:
        self._log = log
        self._asked: deque[int] = deque()

    def read(self, call: Call) -> Answer:
        """GET /v3/messages. Raises QueryError."""
        while self._asked and self._asked[0] <= call.at - _MINUTE:
            self._asked.popleft()
        if len(self._asked) >= PER_MINUTE:
            return json_answer(429, {"errors": [{"message": "too many requests"}]})
        self._asked.append(call.at)
        given = dict(parse_qsl(call.query))
        where, values = _where(given.get("query", ""))
        rows = self._log.connection.execute(
            f"SELECT {_MSG_ID}, m.recipient, m.part, m.error, r.accepted_at, r.body "  # noqa: S608 - our own words
            "FROM messages m JOIN requests r ON r.id = m.request "
            f"WHERE r.provider = 'sendgrid' AND ({where}) ORDER BY m.id DESC LIMIT ?",
            (*values, _limit(given)),
        )
        return json_answer(200, {"messages": [_message(row) for row in rows]})


def _limit(given: dict[str, str]) -> int:
    try:
        limit = int(given.get("limit", 10))
    except ValueError:
        limit = 0
    if not 1 <= limit <= 1000:
        raise QueryError("limit must be between 1 and 1000")
    return limit


def _message(row: tuple[Any, ...]) -> dict[str, Any]:
    msg_id, recipient, part, error, at, body = row
    seen = rendering.mail(orjson.loads(body), part)
    return {
        "from_email": seen.sender,
        "msg_id": msg_id,
        "subject": seen.subject,
        "to_email": recipient,
        "status": "delivered" if error is None else "not_delivered",
        "opens_count": 0,
        "clicks_count": 0,
        "last_event_time": f"{datetime.fromtimestamp(at / 1e6, UTC):%Y-%m-%dT%H:%M:%SZ}",
    }


def _where(query: str) -> tuple[str, list[str]]:
    """The query as SQL: our own words, and the values to bind. Raises QueryError."""
    sql, values, place, depth, wants_condition = "", [], 0, 0, True
    text = query.strip()
    while place < len(text):
        token = _TOKEN.match(text, place)
        if token is None:
            raise QueryError(f"invalid syntax: at {text[place : place + 20]!r}")
        word, mark, field, value = token.group("word", "mark", "field", "value")
        opens = field is not None or mark == "("
        if opens is not wants_condition:
            raise QueryError(f"invalid syntax: at {text[place : place + 20]!r}")
        if field is not None:
            if field not in _FIELDS:
                raise QueryError(f"invalid syntax: '{field}' is not a known field")
            values.append(value)
        sql += f" {_FIELDS[field] if field is not None else word or mark}"
        depth += {"(": 1, ")": -1}.get(mark or "", 0)
        wants_condition = word is not None or mark == "("
        place = token.end()
        if depth < 0:
            raise QueryError("invalid syntax: a parenthesis too many")
    if wants_condition or depth:
        raise QueryError("invalid syntax: the query ends too early")
    return sql, values
