"""SendGrid's endpoints: mail/send and scopes."""

from __future__ import annotations

import secrets
from typing import Any

import orjson

from campaigns.sandbox import sendgrid_rules as rules
from campaigns.sandbox.call import Answer, Call, RefusedError, json_answer
from campaigns.sandbox.config import SandboxConfig
from campaigns.sandbox.sendgrid_activity import Activity, QueryError
from campaigns.sandbox.writer import LogWriter, Recipient

_NOT_VERIFIED = (
    "The from address does not match a verified Sender Identity. Mail cannot be sent until this "
    "error is resolved. Visit https://sendgrid.com/docs/for-developers/sending-email/"
    "sender-identity/ to see the Sender Identity requirements"
)
_SCOPES = ["mail.send", "sender_verification_eligible", "2fa_required"]


class SendGrid:
    """One SendGrid account."""

    name = "sendgrid"

    def __init__(self, config: SandboxConfig, log: LogWriter) -> None:
        self._log = log
        self._verified = config.sendgrid_verified_senders
        self._authorization = f"Bearer {config.sendgrid_key}"
        self._activity = Activity(log) if config.sendgrid_activity else None
        self._scopes = _SCOPES + ["email_activity.read"] * config.sendgrid_activity

    def handle(self, call: Call) -> Answer:
        """Answer one request under /v3/."""
        self._authenticate(call)
        match (call.method, call.path):
            case ("POST", "/v3/mail/send"):
                return self._send(call)
            case ("GET", "/v3/scopes"):
                return json_answer(200, {"scopes": self._scopes})
            case ("GET", "/v3/messages"):
                return self._read_activity(call)
            case (_, "/v3/mail/send" | "/v3/scopes" | "/v3/messages"):
                raise _errors(405, "method not allowed")
        raise _errors(404, "not found")

    def sends(self, call: Call) -> bool:
        """Whether this request is to send a message."""
        return call.method == "POST" and call.path == "/v3/mail/send"

    def concerns(self, call: Call) -> list[tuple[str | None, str | None]]:
        """The (delivery, recipient) pairs in a request that may be malformed."""
        try:
            mail = orjson.loads(call.body)
            return [
                (delivery_of(mail, p), person["email"])
                for p in mail["personalizations"]
                for person in p["to"]
            ]
        except (ValueError, KeyError, TypeError, AttributeError):
            return []

    @staticmethod
    def too_many(now: float, seconds: float) -> Answer:
        """What is answered above the rate limit."""
        headers = {
            "X-RateLimit-Limit": "600",
            "X-RateLimit-Remaining": "0",
            "X-RateLimit-Reset": str(int(now + seconds)),
        }
        return json_answer(
            429, {"errors": [{"field": None, "message": "too many requests"}]}, headers
        )

    @staticmethod
    def broken() -> Answer:
        """What is answered when SendGrid itself fails."""
        return json_answer(500, {"errors": [{"message": "Internal Server Error"}]})

    def _authenticate(self, call: Call) -> None:
        given = call.headers.get("Authorization")
        if not given:
            raise _errors(401, "authorization required")
        if not secrets.compare_digest(given.encode(), self._authorization.encode()):
            raise _errors(401, "The provided authorization grant is invalid, expired, or revoked")

    def _send(self, call: Call) -> Answer:
        mail = self._checked(call)
        if mail.get("mail_settings", {}).get("sandbox_mode", {}).get("enable"):
            return Answer(200, content_type=None)
        number = self._log.next_request_id()
        message_id = f"{self._log.prefix[:6]}{number:016x}"
        self._log.accept(number, self.name, message_id, call.at, call.body, _recipients(mail))
        return Answer(202, headers={"X-Message-Id": message_id}, content_type=None)

    def _read_activity(self, call: Call) -> Answer:
        if self._activity is None:
            raise _errors(403, "access forbidden")
        try:
            return self._activity.read(call)
        except QueryError as error:
            # Of these SendGrid tells the message alone (its OpenAPI file).
            raise RefusedError(json_answer(400, {"errors": [{"message": str(error)}]})) from None

    def _checked(self, call: Call) -> dict[str, Any]:
        """The mail in a request. Raises RefusedError when SendGrid would not take it."""
        if call.content_type != "application/json":
            raise _errors(415, "Content-Type should be application/json.")
        if len(call.body) >= rules.MAX_BYTES:
            raise _errors(413, "The JSON payload you have included in your request is too large.")
        try:
            mail: dict[str, Any] = orjson.loads(call.body)
        except orjson.JSONDecodeError:
            raise _errors(400, "Bad Request") from None
        found = rules.check(mail, now=call.at / 1e6)
        if found:
            raise RefusedError(json_answer(400, {"errors": found}))
        if self._verified and not rules.is_verified(mail, self._verified):
            raise _errors(403, _NOT_VERIFIED, "from")
        return mail


def delivery_of(mail: dict[str, Any], personalization: dict[str, Any]) -> str | None:
    """The delivery id in the custom arguments, where a personalization's own win."""
    args = {**mail.get("custom_args", {}), **personalization.get("custom_args", {})}
    delivery = args.get("delivery_id")
    return str(delivery) if delivery is not None else None


def _recipients(mail: dict[str, Any]) -> list[Recipient]:
    common = mail.get("custom_args", {}).get("delivery_id")
    rows = []
    for i, p in enumerate(mail["personalizations"]):
        delivery = p.get("custom_args", {}).get("delivery_id", common)
        for key in ("to", "cc", "bcc"):
            if key in p:
                rows += [Recipient(i, "email", who["email"], delivery) for who in p[key]]
    return rows


def _errors(status: int, message: str, field: str | None = None) -> RefusedError:
    error = {"message": message, "field": field, "help": None}
    return RefusedError(json_answer(status, {"errors": [error]}))
