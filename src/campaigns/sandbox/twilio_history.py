"""Listing and fetching messages at Twilio."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode

from campaigns.sandbox.call import Answer, Call, json_answer
from campaigns.sandbox.twilio_content import Contents
from campaigns.sandbox.twilio_errors import refuse
from campaigns.sandbox.twilio_messages import SID_DIGITS
from campaigns.sandbox.twilio_resources import API, form_of, message, segments_of
from campaigns.sandbox.twilio_rules import WHATSAPP, variables
from campaigns.sandbox.writer import LogWriter

_SELECT = (
    "SELECT m.id, m.channel, m.error, r.provider_id, r.accepted_at, r.body "
    "FROM messages m JOIN requests r ON r.id = m.request"
)


class History:
    """The account's messages as they ended: delivered, or undelivered with an error."""

    def __init__(self, account_sid: str, log: LogWriter, contents: Contents) -> None:
        self._account = account_sid
        self._log = log
        self._contents = contents

    def get(self, sid: str, call: Call) -> Answer:
        """GET Messages/{sid}.json. Raises RefusedError."""
        row = None
        if sid.startswith("SM" + self._log.prefix):
            row = self._log.connection.execute(
                f"{_SELECT} WHERE m.id = :id AND r.provider = 'twilio'",
                {"id": int(sid[-SID_DIGITS:], 16)},
            ).fetchone()
        if row is None:
            raise refuse(20404, path=call.path.removeprefix(f"/{API}"))
        return json_answer(200, self._resource(row))

    def read(self, call: Call) -> Answer:
        """GET Messages.json, newest first: filters To, From, DateSent, DateSent<, DateSent>."""
        query = {k: v[-1] for k, v in parse_qs(call.query, keep_blank_values=True).items()}
        try:
            size = min(1000, max(1, int(query.get("PageSize", 50))))
            token = query.get("PageToken", "")
            before = int(token.removeprefix("PA"), 16) if token else None
            where, values = _filters(query)
        except ValueError as error:
            raise refuse(20001, detail=str(error)) from None
        rows = self._log.connection.execute(
            f"{_SELECT} WHERE {where} AND (:before IS NULL OR m.id < :before) ORDER BY m.id DESC",
            {**values, "before": before},
        )
        found: list[Any] = []
        for row in rows:
            sender = query.get("From")
            if sender is None or form_of(row[5]).get("From") == sender:
                found.append(row)
            if len(found) > size:
                break
        return json_answer(200, self._page(call, query, found, size))

    def _page(
        self, call: Call, query: dict[str, str], found: list[Any], size: int
    ) -> dict[str, Any]:
        page = int(query.get("Page", 0))
        bare = {k: v for k, v in query.items() if k not in ("Page", "PageToken", "PageSize")}
        bare["PageSize"] = str(size)
        following = None
        if len(found) > size:
            token = {"Page": str(page + 1), "PageToken": f"PA{found[size - 1][0]:x}"}
            following = f"{call.path}?{urlencode({**bare, **token})}"
        shown = found[:size]
        return {
            "messages": [self._resource(row) for row in shown],
            "page": page,
            "page_size": size,
            "start": page * size,
            "end": page * size + max(0, len(shown) - 1),
            "first_page_uri": f"{call.path}?{urlencode({**bare, 'Page': '0'})}",
            "previous_page_uri": None,
            "next_page_uri": following,
            "uri": f"{call.path}?{call.query}" if call.query else call.path,
        }

    def _resource(self, row: tuple[Any, ...]) -> dict[str, Any]:
        _, channel, error, sid, at, raw = row
        form = form_of(raw)
        text = form.get("Body", "")
        content = self._contents.any(form.get("ContentSid", ""))
        if content:
            text = content.fill(variables(form, content))
        return message(
            account_sid=self._account,
            sid=sid,
            form=form,
            body=text,
            segments=segments_of(channel, text),
            at=at,
            error=error,
            status="undelivered" if error else "delivered",
        )


def _filters(query: dict[str, str]) -> tuple[str, dict[str, Any]]:
    """The WHERE clause and its values. Raises ValueError for a date that is none."""
    where = ["r.provider = 'twilio'"]
    values: dict[str, Any] = {}
    if "To" in query:
        to = query["To"]
        where.append("m.recipient = :to AND m.channel = :channel")
        values["to"] = to.removeprefix(WHATSAPP)
        values["channel"] = "whatsapp" if to.startswith(WHATSAPP) else "sms"
    for name, compare in (("DateSent", "="), ("DateSent<", "<"), ("DateSent>", ">")):
        if name not in query:
            continue
        start, end = _span(query[name], day=compare == "=")
        if compare in "=>":
            where.append("r.accepted_at >= :start")
            values["start"] = int(start.timestamp() * 1e6)
        if compare in "=<":
            where.append("r.accepted_at < :end")
            values["end"] = int(end.timestamp() * 1e6)
    return " AND ".join(where), values


def _span(text: str, *, day: bool) -> tuple[datetime, datetime]:
    """First moment and end of a date (or, unless `day`, of a moment)."""
    moment = datetime.fromisoformat(text)
    start = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if day or len(text) <= len("2026-01-01"):
        start = start.replace(hour=0, minute=0, second=0, microsecond=0)
        return start, start + timedelta(days=1)
    return start, start
