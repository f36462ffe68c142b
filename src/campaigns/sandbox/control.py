"""The sandbox's own API: what it has, and what it should pretend."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any
from urllib.parse import parse_qsl

import orjson

from campaigns.errors import UserError
from campaigns.sandbox.call import Answer, Call, json_answer
from campaigns.sandbox.customers import Customers
from campaigns.sandbox.faults import FaultBook
from campaigns.sandbox.log import SandboxLog
from campaigns.sandbox.webhooks import Webhooks
from campaigns.sandbox.writer import LogWriter
from campaigns.sandbox.x_users import Users


class Control:
    """Everything under /sandbox/."""

    def __init__(
        self,
        log: LogWriter,
        faults: FaultBook,
        customers: Customers,
        users: Users,
        webhooks: Webhooks,
    ) -> None:
        self._webhooks = webhooks
        self._log = log
        self._faults = faults
        self._customers = customers
        self._users = users
        self._reader = SandboxLog(log.home)
        self._started = time.monotonic()
        self._routes: dict[tuple[str, str], Callable[[Call], Any]] = {
            ("GET", "health"): lambda _: {"status": "ok"},
            ("GET", "stats"): self._stats,
            ("GET", "messages"): self._messages,
            ("GET", "faults"): lambda _: self._faults.describe(),
            ("POST", "faults"): self._add_faults,
            ("DELETE", "faults"): self._clear_faults,
            ("POST", "x/users"): self._declare,
            ("POST", "inbound"): self._receive,
            ("GET", "webhooks"): lambda _: self._webhooks.describe(),
            ("POST", "webhooks"): self._point,
            ("POST", "events"): self._tell,
        }

    def close(self) -> None:
        """Let go of the log."""
        self._reader.close()

    def handle(self, call: Call) -> Answer:
        """Answer one request; a wrong one gets 400 with the reason."""
        route = self._routes.get((call.method, call.path.removeprefix("/sandbox/")))
        if route is None:
            return json_answer(404, {"error": f"no such thing: {call.method} {call.path}"})
        try:
            return json_answer(200, route(call))
        except UserError as error:
            return json_answer(400, {"error": str(error)})

    def _stats(self, _: Call) -> dict[str, Any]:
        return {
            "accepted": dict(self._log.counts),
            "total": self._log.counts.total(),
            "commits": self._log.commits,
            "cpu_seconds": time.process_time(),
            "uptime_seconds": time.monotonic() - self._started,
            "faults": self._faults.describe(),
        }

    def _messages(self, call: Call) -> list[dict[str, Any]]:
        query = dict(parse_qsl(call.query))
        unknown = query.keys() - {"to", "channel", "delivery", "before", "limit"}
        if unknown:
            raise UserError(f"unknown filter {min(unknown)!r}")
        try:
            limit = min(1000, int(query.get("limit", 100)))
            before = int(query["before"]) if "before" in query else None
        except ValueError:
            raise UserError("limit and before are whole numbers") from None
        found = self._reader.messages(
            query.get("to"),
            channel=query.get("channel"),
            delivery=query.get("delivery"),
            before=before,
            newest=True,
            limit=limit,
        )
        return [{**asdict(entry), "seen": asdict(seen)} for entry, seen in found]

    def _add_faults(self, call: Call) -> list[dict[str, Any]]:
        self._faults.add(_json(call))
        return self._faults.describe()

    def _clear_faults(self, _: Call) -> list[dict[str, Any]]:
        self._faults.clear()
        return []

    def _declare(self, call: Call) -> list[dict[str, str]]:
        return [self._users.declare(user).to_json() for user in _list(call)]

    def _receive(self, call: Call) -> dict[str, str]:
        for raw in _list(call):
            told = raw if isinstance(raw, dict) else {}
            channel, sender, body, to, subject = (
                str(told.get(name, "")) for name in ("channel", "from", "body", "to", "subject")
            )
            self._customers.write(call.at, channel, sender, body, to=to, subject=subject)
        return {"status": "ok"}

    def _point(self, call: Call) -> dict[str, Any]:
        raw = _json(call)
        if not isinstance(raw, dict) or not isinstance(raw.get("url"), str):
            raise UserError('expected {"url": "http://127.0.0.1:…"}, or "" for nobody')
        self._webhooks.point(raw["url"], str(raw.get("mails", "")))
        return self._webhooks.describe()

    def _tell(self, call: Call) -> dict[str, Any]:
        for raw in _list(call):
            if not isinstance(raw, dict) or "event" not in raw:
                raise UserError('expected an event of SendGrid\'s: {"event": "open", …}')
            self._webhooks.tell_event(raw)
        return self._webhooks.describe()


def _json(call: Call) -> Any:
    try:
        return orjson.loads(call.body)
    except orjson.JSONDecodeError as error:
        raise UserError(f"the body is not JSON: {error}") from None


def _list(call: Call) -> list[Any]:
    raw = _json(call)
    return raw if isinstance(raw, list) else [raw]
