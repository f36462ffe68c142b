"""What an account on X can read back: its own timeline, and its conversations."""

from __future__ import annotations

from base64 import b32encode
from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any
from urllib.parse import parse_qsl

import orjson

from campaigns.sandbox.call import Answer, Call, json_answer
from campaigns.sandbox.writer import LogWriter
from campaigns.sandbox.x_answers import invalid, problem
from campaigns.sandbox.x_users import User, Users
from campaigns.x_rules import x_rules

_TIMELINE = frozenset({"max_results", "start_time", "pagination_token", "tweet.fields"})
_EVENTS = frozenset({"max_results", "event_types", "pagination_token", "dm_event.fields"})
_SELECT = (
    "SELECT m.id, r.provider_id, r.accepted_at, r.body FROM messages m "
    "JOIN requests r ON r.id = m.request WHERE m.channel = :channel AND m.id < :before "
    "AND r.accepted_at >= :since AND (:who IS NULL OR m.recipient = :who) "
    "ORDER BY m.id DESC LIMIT :most"
)
_END = 2**62


class History:
    """One account's own posts and messages."""

    def __init__(self, me: User, users: Users, log: LogWriter) -> None:
        self._me = me
        self._users = users
        self._log = log

    def timeline(self, number: str, call: Call) -> Answer:
        """GET /2/users/:id/tweets, newest first."""
        user = self._users.with_id(number)
        if user is None:
            return problem(404, "Not Found", f"Could not find user with id: [{number}].")
        query = _Query.read(call, _TIMELINE, fewest=5, usual=10)
        if isinstance(query, Answer):
            return query
        rows = self._rows("x_post", query, None) if user.id == self._me.id else []
        fields = query.fields("tweet.fields")
        return query.page(rows, lambda row: _post(row, fields), "newest_id", "oldest_id")

    def events(self, number: str, call: Call) -> Answer:
        """GET /2/dm_conversations/with/:id/dm_events, newest first: messages of ours."""
        user = self._users.with_id(number)
        if user is None:
            return problem(404, "Not Found", f"Could not find user with id: [{number}].")
        query = _Query.read(call, _EVENTS, fewest=1, usual=100)
        if isinstance(query, Answer):
            return query
        rows = self._rows("x_dm", query, user.username)
        fields = query.fields("dm_event.fields")
        return query.page(rows, lambda row: self._event(row, fields, user))

    def _rows(self, channel: str, query: _Query, who: str | None) -> list[Any]:
        values = {"channel": channel, "before": query.before, "since": query.since, "who": who}
        return self._log.connection.execute(_SELECT, {**values, "most": query.size + 1}).fetchall()

    def _event(self, row: tuple[Any, ...], fields: set[str], user: User) -> dict[str, Any]:
        _, number, at, body = row
        text, urls = as_shown(text_of(body))
        whole = {
            "id": number,
            "event_type": "MessageCreate",
            "text": text,
            "sender_id": self._me.id,
            "created_at": written(at),
            "dm_conversation_id": "-".join(sorted((self._me.id, user.id), key=int)),
        }
        if urls:
            whole["entities"] = {"urls": urls}
        # X gives id, event_type and text unasked.
        return {k: v for k, v in whole.items() if k in fields | {"id", "event_type", "text"}}


def _post(row: tuple[Any, ...], fields: set[str]) -> dict[str, Any]:
    _, number, at, body = row
    text, urls = as_shown(text_of(body))
    whole = {
        "id": number,
        "text": text,
        "created_at": written(at),
        "edit_history_tweet_ids": [number],
    }
    if urls:
        whole["entities"] = {"urls": urls}
    # X gives id, text and edit_history_tweet_ids unasked.
    return {
        k: v for k, v in whole.items() if k in fields | {"id", "text", "edit_history_tweet_ids"}
    }


class _Query:
    """A list's parameters, checked as X checks them."""

    def __init__(self, given: dict[str, str], size: int, before: int, since: int) -> None:
        self._given = given
        self.size, self.before, self.since = size, before, since

    @classmethod
    def read(cls, call: Call, known: Iterable[str], *, fewest: int, usual: int) -> _Query | Answer:
        given = dict(parse_qsl(call.query))
        for name in given.keys() - set(known):
            return invalid(f"The query parameter [{name}] is not one of {sorted(known)}", name)
        try:
            size = int(given.get("max_results", usual))
        except ValueError:
            size = 0
        if not fewest <= size <= 100:
            return invalid(f"max_results must be between {fewest} and 100", "max_results")
        try:
            token = given.get("pagination_token")
            before = _END if token is None else int(token, 36)
        except ValueError:
            return invalid("pagination_token is not valid", "pagination_token")
        try:
            start = given.get("start_time")
            since = 0 if start is None else datetime.fromisoformat(start).timestamp()
        except ValueError:
            return invalid("start_time must be written YYYY-MM-DDTHH:mm:ssZ", "start_time")
        return cls(given, size, before, int(since * 1e6))

    def fields(self, name: str) -> set[str]:
        """What is asked for beyond what X gives unasked."""
        return set(self._given.get(name, "").split(","))

    def page(self, rows: list[Any], make: Any, *ends: str) -> Answer:
        """The answer; `ends` name the newest and oldest entry in `meta`."""
        shown = rows[: self.size]
        meta: dict[str, Any] = {"result_count": len(shown)}
        if len(rows) > self.size:
            meta["next_token"] = _base36(shown[-1][0])
        if not shown:
            return json_answer(200, {"meta": meta})
        meta |= zip(ends, (shown[0][1], shown[-1][1]), strict=False)
        return json_answer(200, {"data": [make(row) for row in shown], "meta": meta})


def as_shown(text: str) -> tuple[str, list[dict[str, Any]]]:
    """A text as X gives it back: links as t.co, `&`, `<`, `>` as HTML; and what the links stand
    for."""
    urls, place, shown = [], 0, ""
    for url in x_rules().extract_urls(text):
        start = text.index(url, place)
        digest = b32encode(blake2b(url.encode(), digest_size=10).digest()).decode()
        short = f"https://t.co/{digest[:10]}"
        shown += _escaped(text[place:start])
        whole = url if "://" in url else f"http://{url}"
        urls.append(
            {
                "start": len(shown),
                "end": len(shown) + len(short),
                "url": short,
                "expanded_url": whole,
                "display_url": whole.partition("://")[2],
            }
        )
        shown += short
        place = start + len(url)
    return shown + _escaped(text[place:]), urls


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def text_of(body: bytes) -> str:
    """The words of a post or a direct message."""
    return str(orjson.loads(body)["text"])


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[rest] + digits
    return digits or "0"


def written(at: int) -> str:
    """A moment as X writes it."""
    return f"{datetime.fromtimestamp(at // 1_000_000, UTC):%Y-%m-%dT%H:%M:%S.000Z}"
