"""X's endpoints: posts, direct messages, users."""

from __future__ import annotations

import re
from typing import Any

import orjson

from campaigns.sandbox.call import Answer, Call, json_answer
from campaigns.sandbox.config import SandboxConfig
from campaigns.sandbox.writer import LogWriter, Recipient
from campaigns.sandbox.x_answers import PROBLEMS, invalid, problem
from campaigns.sandbox.x_auth import Signatures
from campaigns.sandbox.x_history import History
from campaigns.sandbox.x_limits import Limits
from campaigns.sandbox.x_users import Users
from campaigns.x_rules import x_rules

_DM = re.compile(r"/2/dm_conversations/with/(\d+)/messages")
_BY_NAME = re.compile(r"/2/users/by/username/([^/]+)")
_EVENTS = re.compile(r"/2/dm_conversations/with/(\d+)/dm_events")
_TIMELINE = re.compile(r"/2/users/(\d+)/tweets")
_MAX_DM = 10_000
_EPOCH = 1_288_834_974_657  # X's ids count milliseconds from here


class X:
    """One X account with API access in user context."""

    name = "x"

    def __init__(self, config: SandboxConfig, log: LogWriter) -> None:
        self._log = log
        self._signatures = Signatures(config)
        self._limits = Limits(config)
        self.users = Users(log)
        self.me = self.users.declare({"username": config.x_username, "name": config.x_name})
        for raw in config.x_users:
            self.users.declare(raw)
        self._history = History(self.me, self.users, log)
        self._actions = {
            "post": self._post,
            "dm": self._message,
            "dm_events": self._events,
        }
        self._said = {
            _text(body)
            for (body,) in log.connection.execute(
                "SELECT r.body FROM messages m JOIN requests r ON r.id = m.request "
                "WHERE m.channel = 'x_post'"
            )
        }

    def handle(self, call: Call) -> Answer:
        """Answer one request under /2/."""
        if not self._signatures.verify(call):
            return problem(401, "Unauthorized", "Unauthorized")
        if call.path == "/2/users/me" and call.method == "GET":
            return json_answer(200, {"data": self.me.to_json()})
        if call.path == "/2/tweets" and call.method == "POST":
            return self._limited("post", call)
        if call.method == "POST" and _DM.fullmatch(call.path):
            return self._limited("dm", call)
        if call.method == "GET":
            return self._read(call)
        return problem(404, "Not Found", "Not Found")

    def _read(self, call: Call) -> Answer:
        if match := _BY_NAME.fullmatch(call.path):
            return self._user(match[1], call)
        if match := _TIMELINE.fullmatch(call.path):
            return self._history.timeline(match[1], call)
        if match := _EVENTS.fullmatch(call.path):
            return self._limited("dm_events", call)
        return problem(404, "Not Found", "Not Found")

    def sends(self, call: Call) -> bool:
        """Whether this request is to send a message."""
        return call.method == "POST" and (
            call.path == "/2/tweets" or _DM.fullmatch(call.path) is not None
        )

    def concerns(self, call: Call) -> list[tuple[str | None, str | None]]:
        """The recipient of a direct message; posts are for everyone and carry no delivery id."""
        match = _DM.fullmatch(call.path)
        user = self.users.with_id(match[1]) if match else None
        return [(None, user.username if user else None)]

    @staticmethod
    def too_many(now: float, seconds: float) -> Answer:
        """What is answered above the rate limit."""
        answer = problem(429, "Too Many Requests", "Too Many Requests")
        answer.headers = {
            "x-rate-limit-limit": "100",
            "x-rate-limit-remaining": "0",
            "x-rate-limit-reset": str(int(now + seconds)),
        }
        return answer

    @staticmethod
    def broken() -> Answer:
        """What is answered when X itself fails."""
        return problem(503, "Service Unavailable", "Service Unavailable")

    def _limited(self, action: str, call: Call) -> Answer:
        headers, allowed = self._limits.take(action, call.at / 1e6)
        if not allowed:
            answer = problem(429, "Too Many Requests", "Too Many Requests")
        else:
            answer = self._actions[action](call)
        answer.headers.update(headers)
        return answer

    def _post(self, call: Call) -> Answer:
        raw = _document(call)
        text = raw.get("text")
        unknown = raw.keys() - {"text"}
        if unknown:
            return invalid(f"The sandbox takes text only, not {min(unknown)}", min(unknown))
        if not isinstance(text, str) or not text:
            return invalid("text is required", "text")
        if not _is_valid_post(text):
            return problem(
                403, "Forbidden", "Your Tweet text is too long or has invalid characters."
            )
        if text in self._said:
            return problem(
                403, "Forbidden", "You are not allowed to create a Tweet with duplicate content."
            )
        self._said.add(text)
        number = self._accept(call, Recipient(0, "x_post", None, None))
        return json_answer(
            201, {"data": {"text": text, "id": number, "edit_history_tweet_ids": [number]}}
        )

    def _message(self, call: Call) -> Answer:
        match = _DM.fullmatch(call.path)
        assert match is not None
        raw = _document(call)
        text = raw.get("text")
        if not isinstance(text, str) or not text:
            return invalid("text is required", "text")
        if len(text) > _MAX_DM:
            return invalid("text is too long: at most 10000 characters", "text")
        user = self.users.with_id(match[1])
        if user is None:
            return problem(404, "Not Found", f"Could not find user with id: [{match[1]}].")
        if not (user.accepts_dms and user.wrote_first):
            return problem(
                403, "Forbidden", "You do not have permission to DM one or more participants."
            )
        number = self._accept(call, Recipient(0, "x_dm", user.username, None))
        conversation = "-".join(sorted((self.me.id, user.id), key=int))
        return json_answer(
            201, {"data": {"dm_conversation_id": conversation, "dm_event_id": number}}
        )

    def _events(self, call: Call) -> Answer:
        match = _EVENTS.fullmatch(call.path)
        assert match is not None
        return self._history.events(match[1], call)

    def _accept(self, call: Call, recipient: Recipient) -> str:
        request = self._log.next_request_id()
        number = str(((call.at // 1000 - _EPOCH) << 22) + (request & 0x3FFFFF))
        self._log.accept(request, self.name, number, call.at, call.body, [recipient])
        return number

    def _user(self, username: str, call: Call) -> Answer:  # noqa: ARG002
        user = self.users.named(username)
        if user is not None:
            return json_answer(200, {"data": user.to_json()})
        missing = {
            "value": username,
            "detail": f"Could not find user with username: [{username}].",
            "title": "Not Found Error",
            "resource_type": "user",
            "parameter": "username",
            "resource_id": username,
            "type": PROBLEMS + "resource-not-found",
        }
        # X says 200 here, with `errors` and no `data`.
        return json_answer(200, {"errors": [missing]})


def _document(call: Call) -> dict[str, Any]:
    try:
        raw = orjson.loads(call.body)
    except orjson.JSONDecodeError:
        return {}
    return raw if isinstance(raw, dict) else {}


def _text(body: bytes) -> str:
    return str(orjson.loads(body)["text"])


def _is_valid_post(text: str) -> bool:
    return bool(x_rules().parse_tweet(text).valid)
