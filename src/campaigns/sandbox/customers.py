"""What customers write back, by any channel: kept here, and told to whoever listens as the vendor
of that channel would tell it."""

from __future__ import annotations

import re

from campaigns.errors import UserError
from campaigns.sandbox.phones import is_e164
from campaigns.sandbox.twilio_inbound import Inbound
from campaigns.sandbox.webhooks import Webhooks
from campaigns.sandbox.writer import LogWriter
from campaigns.sandbox.x_users import Users

#: Where texts go that do not say to whom.
_OUR_NUMBER = "+447700900123"
_MAIL = re.compile(r"[^\s@<>\"]{1,64}@[^\s@<>\"]{1,189}")
_LONGEST = 10_000
CHANNELS = ("email", "sms", "whatsapp", "x_dm")


class Customers:
    """The people behind the inboxes, with a pen."""

    def __init__(
        self, log: LogWriter, inbound: Inbound, users: Users, webhooks: Webhooks, our_id: str
    ) -> None:
        self._log = log
        self._inbound = inbound
        self._users = users
        self._webhooks = webhooks
        self._our_id = our_id

    def write(
        self,
        at: int,
        channel: str,
        sender: str,
        body: str,
        *,
        to: str = "",
        subject: str = "",
        answers: str = "",
    ) -> None:
        """One message of theirs. `answers` is the Message-ID of the mail that they reply to.

        Raises UserError for a channel or an address that is none.
        """
        if channel not in CHANNELS:
            raise UserError(
                'expected {"channel": "sms", "whatsapp", "email" or "x_dm", "from": …, "body": …}'
            )
        body = body[:_LONGEST]
        _check(channel, sender)
        number = self._log.next_request_id()
        if channel == "x_dm":
            user = self._users.wrote(sender)
            self._inbound.receive(at, channel, user.username, body)
            self._webhooks.tell_direct_message(user, self._our_id, body, at, number)
            return
        self._inbound.receive(at, channel, sender, body)
        if channel == "email":
            self._webhooks.tell_mail(sender, to, subject, body, number, answers)
        else:
            self._webhooks.tell_message(channel, sender, body, to or _OUR_NUMBER, number)


def _check(channel: str, sender: str) -> None:
    if channel in ("sms", "whatsapp") and not is_e164(sender):
        raise UserError(f"from is a number such as +34600000000, found {sender!r}")
    if channel == "email" and not _MAIL.fullmatch(sender):
        raise UserError(f"from is an address such as ana@example.com, found {sender!r}")
