"""Twilio's Content API: templates, WhatsApp's approval of them, and filling them."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from campaigns.sandbox.call import Answer, Call, json_answer
from campaigns.sandbox.config import SandboxConfig
from campaigns.sandbox.twilio_errors import refuse
from campaigns.sandbox.writer import LogWriter

BASE = "https://content.twilio.com/v1/Content"
_VARIABLE = re.compile(r"\{\{\s*([A-Za-z0-9_]+)\s*\}\}")
_APPROVAL_NAME = re.compile(r"[a-z0-9_]{1,512}")
_CATEGORIES = ("UTILITY", "MARKETING", "AUTHENTICATION")
#: The kinds of template the sandbox can show, and the text each must have.
_KINDS = {
    "twilio/text": "body",
    "twilio/media": "media",
    "twilio/quick-reply": "body",
    "twilio/call-to-action": "body",
    "twilio/card": "title",
    "whatsapp/card": "body",
}


@dataclass(slots=True)
class Content:
    """One template. It never changes: a message accepted with it stays what it was."""

    sid: str
    created_at: int
    document: dict[str, Any]
    approval: dict[str, Any] | None = None
    submitted_at: int = 0
    deleted: bool = False

    @property
    def body(self) -> str:
        """The text with its variables open."""
        kind = next(iter(self.document["types"].values()))
        return str(kind.get("body") or kind.get("title") or "")

    @property
    def buttons(self) -> list[str]:
        """The titles of its buttons."""
        kind = next(iter(self.document["types"].values()))
        return [str(a.get("title", "")) for a in kind.get("actions", [])]

    @property
    def samples(self) -> dict[str, str]:
        """What stands for a variable that a message does not fill."""
        return dict(self.document.get("variables", {}))

    @property
    def category(self) -> str:
        """WhatsApp's category, once submitted: UTILITY, MARKETING or AUTHENTICATION."""
        return self.approval["category"] if self.approval else ""

    @property
    def variables(self) -> set[str]:
        """The names of the variables its text uses."""
        return set(_VARIABLE.findall(self.body))

    def fill(self, values: Mapping[str, str]) -> str:
        """The text as it arrives; variables not given take the template's sample value."""
        known = {**self.samples, **values}
        return _VARIABLE.sub(lambda m: str(known.get(m[1], m[0])), self.body)


class Contents:
    """The account's templates."""

    def __init__(self, config: SandboxConfig, log: LogWriter) -> None:
        self._log = log
        self._sid = config.twilio_account_sid
        self._wait = int(config.whatsapp_approval_seconds * 1e6)
        self._reject = frozenset(config.whatsapp_reject)
        rows = log.connection.execute("SELECT * FROM contents ORDER BY created_at")
        self._by_sid = {row[0]: read_content(row) for row in rows}

    def find(self, sid: str) -> Content | None:
        """A template that has not been deleted."""
        content = self._by_sid.get(sid)
        return None if content is None or content.deleted else content

    def any(self, sid: str) -> Content | None:
        """A template, deleted or not: what was sent with it is still readable."""
        return self._by_sid.get(sid)

    def status(self, content: Content, at: int) -> str:
        """WhatsApp's word on the template: unsubmitted, pending, approved or rejected."""
        if content.approval is None:
            return "unsubmitted"
        if at < content.submitted_at + self._wait:
            return "pending"
        return "rejected" if content.approval["name"] in self._reject else "approved"

    def handle(self, call: Call) -> Answer:
        """Answer one request under /v1/Content."""
        sid, _, rest = call.path.removeprefix("/v1/Content").lstrip("/").partition("/")
        if not sid:
            return self._collection(call)
        content = self.find(sid)
        match (call.method, rest):
            case (_, _) if content is None:
                pass
            case ("GET", ""):
                return json_answer(200, self._describe(content))
            case ("DELETE", ""):
                return self._delete(content)
            case ("GET", "ApprovalRequests"):
                return json_answer(200, self._approval(content, call.at))
            case ("POST", "ApprovalRequests/whatsapp"):
                return self._submit(content, call)
        raise refuse(20404, path=call.path.removeprefix("/v1"))

    def _delete(self, content: Content) -> Answer:
        content.deleted = True
        self._log.put("UPDATE contents SET deleted = 1 WHERE sid = ?", content.sid)
        return Answer(204, content_type=None)

    def _collection(self, call: Call) -> Answer:
        if call.method == "POST":
            return self._create(call)
        if call.method != "GET":
            raise refuse(20004)
        contents = [self._describe(c) for c in self._by_sid.values() if not c.deleted]
        meta = {
            "key": "contents",
            "page": 0,
            "page_size": max(50, len(contents)),
            "first_page_url": f"{BASE}?PageSize=50&Page=0",
            "previous_page_url": None,
            "next_page_url": None,
            "url": f"{BASE}?PageSize=50&Page=0",
        }
        return json_answer(200, {"contents": contents, "meta": meta})

    def _create(self, call: Call) -> Answer:
        raw = _json(call)
        _check(raw)
        content = Content("HX" + secrets.token_hex(16), call.at, raw)
        self._by_sid[content.sid] = content
        self._log.put(
            "INSERT INTO contents (sid, created_at, document) VALUES (?, ?, ?)",
            *(content.sid, content.created_at, orjson.dumps(raw).decode()),
        )
        return json_answer(201, self._describe(content))

    def _submit(self, content: Content, call: Call) -> Answer:
        raw = _json(call)
        if not isinstance(raw, dict) or not _APPROVAL_NAME.fullmatch(str(raw.get("name"))):
            raise refuse(20001, detail="name must be lower case letters, digits and underscores")
        if raw.get("category") not in _CATEGORIES:
            raise refuse(20001, detail=f"category must be one of {', '.join(_CATEGORIES)}")
        if content.approval is not None:
            raise refuse(20001, detail="this content was submitted to WhatsApp before")
        content.approval = {"name": raw["name"], "category": raw["category"]}
        content.submitted_at = call.at
        self._log.put(
            "UPDATE contents SET approval = ?, submitted_at = ? WHERE sid = ?",
            *(orjson.dumps(content.approval).decode(), call.at, content.sid),
        )
        return json_answer(
            201, {**self._approval(content, call.at)["whatsapp"], "status": "received"}
        )

    def _describe(self, content: Content) -> dict[str, Any]:
        url = f"{BASE}/{content.sid}"
        created = datetime.fromtimestamp(content.created_at // 1_000_000, UTC)
        return {
            "sid": content.sid,
            "account_sid": self._sid,
            "friendly_name": content.document.get("friendly_name"),
            "language": content.document["language"],
            "variables": content.document.get("variables", {}),
            "types": content.document["types"],
            "url": url,
            "date_created": created.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "date_updated": created.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "links": {
                "approval_create": f"{url}/ApprovalRequests/whatsapp",
                "approval_fetch": f"{url}/ApprovalRequests",
            },
        }

    def _approval(self, content: Content, at: int) -> dict[str, Any]:
        status = self.status(content, at)
        given = content.approval or {"name": "", "category": ""}
        return {
            "sid": content.sid,
            "account_sid": self._sid,
            "whatsapp": {
                "type": "whatsapp",
                "name": given["name"],
                "category": given["category"],
                "content_type": next(iter(content.document["types"])),
                "status": status,
                "rejection_reason": "PROMOTIONAL" if status == "rejected" else "",
                "allow_category_change": True,
            },
            "url": f"{BASE}/{content.sid}/ApprovalRequests",
        }


def read_content(row: tuple[Any, ...]) -> Content:
    """A template from its row in the log."""
    sid, created_at, document, approval, submitted_at, deleted = row
    return Content(
        sid,
        created_at,
        orjson.loads(document),
        orjson.loads(approval) if approval else None,
        submitted_at or 0,
        bool(deleted),
    )


def _json(call: Call) -> Any:
    try:
        return orjson.loads(call.body)
    except orjson.JSONDecodeError:
        return None


def _check(raw: Any) -> None:
    """Refuse a template that Twilio would not create."""
    if not isinstance(raw, dict):
        raise refuse(20001, detail="the body must be a JSON object")
    if not isinstance(raw.get("language"), str) or not raw["language"]:
        raise refuse(20001, detail="language is required")
    types = raw.get("types")
    if not isinstance(types, dict) or not types:
        raise refuse(20001, detail="types is required")
    for kind, parts in types.items():
        if kind not in _KINDS:
            raise refuse(20001, detail=f"types: {kind} is unknown; known: {', '.join(_KINDS)}")
        if not isinstance(parts, dict) or not parts.get(_KINDS[kind]):
            raise refuse(20001, detail=f"types: {kind} requires {_KINDS[kind]}")
    variables = raw.get("variables", {})
    if not isinstance(variables, dict) or not all(isinstance(v, str) for v in variables.values()):
        raise refuse(20001, detail="variables must be an object of strings")
