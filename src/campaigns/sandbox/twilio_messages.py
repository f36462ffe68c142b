"""Creating a message at Twilio."""

from __future__ import annotations

from campaigns.sandbox import phones
from campaigns.sandbox.call import Answer, Call, json_answer
from campaigns.sandbox.config import SandboxConfig
from campaigns.sandbox.twilio_content import Content, Contents
from campaigns.sandbox.twilio_errors import refuse
from campaigns.sandbox.twilio_inbound import Inbound
from campaigns.sandbox.twilio_resources import delivery_in, form_of, message, segments_of
from campaigns.sandbox.twilio_rules import MAX_BODY, WHATSAPP, Rules, variables
from campaigns.sandbox.writer import LogWriter, Recipient

SID_DIGITS = 16


class Messages:
    """The account's outgoing messages."""

    def __init__(
        self, config: SandboxConfig, log: LogWriter, contents: Contents, inbound: Inbound
    ) -> None:
        self._log = log
        self._contents = contents
        self._inbound = inbound
        self._account = config.twilio_account_sid
        self._rules = Rules(config)

    def create(self, call: Call) -> Answer:
        """POST Messages.json. Raises RefusedError."""
        form = form_of(call.body)
        to = form.get("To", "")
        channel = "whatsapp" if to.startswith(WHATSAPP) else "sms"
        number = to.removeprefix(WHATSAPP)
        self._rules.check(form, channel, number)
        if self._inbound.has_stopped(channel, number):
            raise refuse(21610)
        content = self._content(form)
        values = variables(form, content)
        text = content.fill(values) if content else form.get("Body", "")
        if len(text) > MAX_BODY:
            raise refuse(21617)
        error = None
        if channel == "whatsapp":
            error = self._later(number, content, values, call.at)
        delivery = delivery_in(form.get("StatusCallback", ""))
        return self._accept(call, form, Recipient(0, channel, number, delivery, error), text)

    def _content(self, form: dict[str, str]) -> Content | None:
        if not form.get("ContentSid"):
            return None
        content = self._contents.find(form["ContentSid"])
        if content is None:
            raise refuse(21655)
        return content

    def _accept(self, call: Call, form: dict[str, str], recipient: Recipient, text: str) -> Answer:
        sid = f"SM{self._log.prefix}{self._log.next_message_id:0{SID_DIGITS}x}"
        request = self._log.next_request_id()
        self._log.accept(request, "twilio", sid, call.at, call.body, [recipient])
        # A Messaging Service has not chosen a sender yet: Twilio then says 0 segments.
        count = segments_of(recipient.channel, text) if "From" in form else 0
        resource = message(
            account_sid=self._account,
            sid=sid,
            form=form,
            body=text,
            segments=count,
            at=call.at,
            error=None,
            status="queued",
        )
        return json_answer(201, resource)

    def _later(
        self, number: str, content: Content | None, values: dict[str, str], at: int
    ) -> int | None:
        """WhatsApp's refusals, which arrive after Twilio accepted the message."""
        if content is None:
            return None if self._inbound.window_is_open(number, at) else 63016
        if content.variables - values.keys() - content.samples.keys():
            return 63028
        status = self._contents.status(content, at)
        if status == "rejected":
            return 63040
        if status != "approved":
            return None if self._inbound.window_is_open(number, at) else 63016
        return 63049 if content.category == "MARKETING" and phones.is_us(number) else None
