"""Twilio's message list: by recipient, time and the very words.

A message resource does not show its StatusCallback, so our delivery id cannot be asked for. What
can be compared is whom it went to, when it was made and its body, which mostly carries the
customer's own signed link and so is one delivery's alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

from campaigns.channels.deadline import Deadline
from campaigns.channels.lookup import broken_off, one_after_another, unreadable
from campaigns.channels.twilio.account import TwilioAccount
from campaigns.channels.twilio.payload import to_whatsapp
from campaigns.channels.wire import Interrupted, NotConnected
from campaigns.domain.channel import Channel
from campaigns.domain.evidence import Answer, Authority, Listed, NoAnswer, Sought

if TYPE_CHECKING:
    pass

#: Newest first; nobody gets more from one account since a run began.
_MOST = 1_000
_PAGE = 100
#: The list is in the order of sending, and a message may wait a while for that.
_OUT_OF_ORDER = timedelta(days=1)
#: Twilio tells moments in whole seconds.
_SECOND = timedelta(seconds=1)


class MessageLookup(TwilioAccount):
    """What SMS and WhatsApp share."""

    channel: ClassVar[Channel]
    authority: ClassVar[Authority] = Authority(
        "Twilio's message list",
        timedelta(hours=1),
        "Twilio makes the message before it answers, and an hour is far beyond a late request and "
        "the lag of its list",
    )

    def look(self, sought: Sequence[Sought]) -> Mapping[int, Answer]:
        """One request each."""
        self._client  # noqa: B018 - load the SDK before the clock of a deadline starts
        return one_after_another(sought, self._ask)

    def _ask(self, sought: Sought, deadline: Deadline) -> Answer:
        if sought.address is None or sought.values is None:
            return NoAnswer("the customer was erased: there is no address to ask Twilio about")
        self._http.deadline = deadline
        try:
            return self._search(sought, self._to(sought.address))
        except NotConnected as error:
            raise broken_off("Twilio", error) from error
        except Interrupted as error:
            raise broken_off("Twilio", error) from error
        except Exception as error:  # the SDK's own, or what a broken body makes it trip over
            if self._http.answer is None:
                raise  # no request was made: a mistake of ours
            keys = "CAMPAIGNS_TWILIO_…"
            raise unreadable("Twilio", self._http.answer, keys=keys) from error

    def _search(self, sought: Sought, to: str) -> Answer:
        body, seen = sought.body, 0
        found: list[str] = []
        for message in self._client.messages.stream(to=to, page_size=_PAGE, limit=_MOST):
            seen += 1
            if message.date_created < sought.since - _OUT_OF_ORDER:
                return Listed(tuple(found))
            if message.date_created < sought.since - _SECOND or message.direction == "inbound":
                continue
            if not message.body:
                return NoAnswer("this Twilio account keeps no bodies: nothing can be compared")
            if message.body == body:
                found.append(str(message.sid))
        if seen == _MOST:
            return NoAnswer(f"Twilio has more than {_MOST:,} messages to this number")
        return Listed(tuple(found))

    def _to(self, address: str) -> str:
        return address


class SmsLookup(MessageLookup):
    """Text messages."""

    channel: ClassVar[Channel] = Channel.SMS


class WhatsAppLookup(MessageLookup):
    """WhatsApp messages: Twilio lists a template's message with its values filled in."""

    channel: ClassVar[Channel] = Channel.WHATSAPP

    def _to(self, address: str) -> str:
        return to_whatsapp(address)
