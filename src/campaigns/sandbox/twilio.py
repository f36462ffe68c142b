"""Twilio's endpoints: accounts and messages, with the Content API beside them."""

from __future__ import annotations

import re
import secrets
from base64 import b64encode

from campaigns.sandbox.call import Answer, Call, json_answer
from campaigns.sandbox.config import SandboxConfig
from campaigns.sandbox.twilio_content import Contents
from campaigns.sandbox.twilio_errors import refuse
from campaigns.sandbox.twilio_history import History
from campaigns.sandbox.twilio_inbound import Inbound
from campaigns.sandbox.twilio_messages import Messages
from campaigns.sandbox.twilio_resources import account, delivery_in, form_of
from campaigns.sandbox.writer import LogWriter

_PATH = re.compile(r"/2010-04-01/Accounts/(AC[0-9a-fA-F]{32})(?:/(Messages))?(?:/(\w+))?\.json")


class Twilio:
    """One Twilio account."""

    name = "twilio"

    def __init__(self, config: SandboxConfig, log: LogWriter) -> None:
        credentials = f"{config.twilio_account_sid}:{config.twilio_auth_token}"
        self._authorization = b"Basic " + b64encode(credentials.encode())
        self._account = config.twilio_account_sid
        self._messages_path = f"/2010-04-01/Accounts/{self._account}/Messages.json"
        self.contents = Contents(config, log)
        self.inbound = Inbound(log)
        self._messages = Messages(config, log, self.contents, self.inbound)
        self._history = History(self._account, log, self.contents)

    def handle(self, call: Call) -> Answer:
        """Answer one request under /2010-04-01/ or /v1/Content."""
        given = call.headers.get("Authorization", "").encode()
        if not secrets.compare_digest(given, self._authorization):
            raise refuse(20003)
        if call.path == self._messages_path and call.method == "POST":
            return self._messages.create(call)
        if call.path.startswith("/v1/Content"):
            return self.contents.handle(call)
        return self._read(call)

    def _read(self, call: Call) -> Answer:
        match = _PATH.fullmatch(call.path)
        if match is None:
            raise refuse(20404, path=call.path.removeprefix("/2010-04-01"))
        sid, messages, message_sid = match.groups()
        if sid != self._account:
            raise refuse(20003)
        if call.method != "GET":
            raise refuse(20004)
        if messages is None and message_sid is None:
            return json_answer(200, account(self._account))
        if message_sid is None:
            return self._history.read(call)
        return self._history.get(message_sid, call)

    def sends(self, call: Call) -> bool:
        """Whether this request is to send a message."""
        return call.method == "POST" and call.path == self._messages_path

    def concerns(self, call: Call) -> list[tuple[str | None, str | None]]:
        """The (delivery, recipient) pair in a request that may be malformed."""
        form = form_of(call.body)
        if "To" not in form:
            return []
        delivery = delivery_in(form.get("StatusCallback", ""))
        return [(delivery, form["To"].removeprefix("whatsapp:"))]

    @staticmethod
    def too_many(now: float, seconds: float) -> Answer:  # noqa: ARG004 – Twilio names no moment
        """What is answered above the rate limit."""
        answer = refuse(20429).answer
        answer.headers["Retry-After"] = str(max(1, round(seconds)))
        return answer

    @staticmethod
    def broken() -> Answer:
        """What is answered when Twilio itself fails."""
        return refuse(20500).answer
