"""Answers to customers: a person's, and the few that go by themselves. What each channel permits.

Rule sources (design rules, providers): CTIA (HELP is answered; one confirmation of an opt-out
within five minutes, nothing else), WhatsApp (free text within 24 hours of the customer's own
message), X (messages only to people who wrote first). Counsel confirms them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from campaigns.domain.channel import Channel
from campaigns.domain.customer import AddressStatus
from campaigns.domain.delivery import DeliveryState
from campaigns.domain.message import Part, Skeleton
from campaigns.domain.views import SuppressionView
from campaigns.errors import UserError


class AnswerKind(StrEnum):
    """Why an answer is sent."""

    ANSWER = "answer"  # a person wrote it
    HELP = "help"  # to HELP
    CONFIRMATION = "confirmation"  # the one message after an opt-out


class InboxState(StrEnum):
    """What becomes of a reply that a person has to see."""

    WAITING = "waiting"
    ANSWERED = "answered"
    CLOSED = "closed"  # nothing to say


class Because(StrEnum):
    """Why it waits for a person."""

    REPLY = "reply"
    UNCLEAR = "unclear"  # may be an opt-out: already suppressed
    ERASURE = "erasure"  # asks to be erased: already suppressed everywhere
    FAILED = "failed"  # the answer did not get there
    IN_DOUBT = "in_doubt"  # the answer may have left


#: CTIA: a confirmation comes within five minutes or never; help that comes later helps nobody.
SOON = timedelta(minutes=5)
#: WhatsApp's window, less what a request may take.
WINDOW = timedelta(hours=24) - timedelta(minutes=5)
#: How long one request may take, beyond every channel's deadline.
LEASE = timedelta(minutes=2)
#: Characters. Twilio's limit of a body, X's of a message; a mail longer than that is a letter.
LONGEST: Mapping[Channel, int] = {
    Channel.EMAIL: 20_000,
    Channel.SMS: 1_600,
    Channel.WHATSAPP: 1_600,
    Channel.X_DM: 10_000,
}


@dataclass(frozen=True, slots=True)
class Reach:
    """What is known of a customer on one channel.

    Attributes:
        address: None where there is none.
        last_inbound_at: when they last wrote to us there.
    """

    address: str | None
    status: AddressStatus | None
    suppression: SuppressionView | None
    last_inbound_at: datetime | None


@dataclass(frozen=True, slots=True)
class Draft:
    """What a person wants to say.

    Attributes:
        key: of the form it was written in: the same form sent twice is one answer.
        campaign: the campaign that the customer was told of, if they were.
    """

    key: str
    inbox_id: int
    text: str
    by: str
    subject: str | None = None
    campaign: str | None = None


@dataclass(frozen=True, slots=True)
class Intent:
    """An answer about to leave: it is on disk as `sending`. `attempt` is the fence."""

    answer_id: int
    attempt: int
    channel: Channel
    address: str
    text: str
    subject: str | None
    last_inbound_at: datetime | None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer and what became of it."""

    answer_id: int
    customer_id: int
    inbox_id: int | None
    channel: Channel
    kind: AnswerKind
    text: str | None
    campaign: str | None
    by: str
    state: DeliveryState
    created_at: datetime
    settled_at: datetime | None
    outcome: str | None


@dataclass(frozen=True, slots=True)
class Said:
    """One line of a stranger's conversation: theirs, or (with `by`) an answer of ours."""

    at: datetime
    text: str
    subject: str | None = None
    by: str | None = None
    state: str | None = None
    outcome: str | None = None


@dataclass(frozen=True, slots=True)
class InboxLine:
    """Replies of one customer on one channel that wait, or waited, for a person.

    Attributes:
        customer_id: below zero: a stranger's number; then `ref`, `name` and `locale` are empty.
        address: where a stranger wrote from; None for customers.
    """

    inbox_id: int
    customer_id: int
    ref: str
    name: str
    locale: str
    channel: Channel
    state: InboxState
    because: Because
    opened_at: datetime
    last_at: datetime
    words: str
    closed_by: str | None = None
    address: str | None = None

    @property
    def stranger(self) -> bool:
        """Whether nobody here is known by the address they wrote from."""
        return self.customer_id < 0


@dataclass(slots=True)
class Sent:
    """What became of answers that were due, counted."""

    counts: dict[DeliveryState, int] = field(default_factory=dict)

    def add(self, state: DeliveryState) -> None:
        """One more."""
        self.counts[state] = self.counts.get(state, 0) + 1


def refusal(kind: AnswerKind, channel: Channel, reach: Reach, now: datetime) -> str | None:
    """Why this must not be sent there, in words for whoever would send it; None when it may."""
    if reach.address is None:
        return f"there is no address for {channel.label} any more"
    if reach.status is not AddressStatus.ACTIVE:
        return "the address is dead: nothing reaches it"
    if said := _barred(kind, channel, reach):
        return said
    if channel is Channel.WHATSAPP and not _within(reach.last_inbound_at, now):
        return (
            "WhatsApp permits free text within 24 hours of the customer's own message; take "
            "another channel that they use"
        )
    if channel is Channel.X_DM and reach.last_inbound_at is None:
        return "X permits messages to people who wrote first, and this one has not"
    return None


def _barred(kind: AnswerKind, channel: Channel, reach: Reach) -> str | None:
    """An opt-out. After one, a phone or handle gets the confirmation and nothing else; to a mail,
    or to HELP, that the customer wrote later, an answer is what they ask for."""
    suppression = reach.suppression
    if suppression is None:
        return None
    if suppression.purpose == "all":
        return "this address must not be contacted at all"
    if kind is AnswerKind.CONFIRMATION:
        return None
    asked_since = reach.last_inbound_at is not None and reach.last_inbound_at > suppression.at
    if asked_since and (channel is Channel.EMAIL or kind is AnswerKind.HELP):
        return None
    return (
        "the customer asked for no more messages here, and only their own START lifts that; take "
        "another channel that they use"
    )


def _within(last_inbound_at: datetime | None, now: datetime) -> bool:
    return last_inbound_at is not None and now - last_inbound_at < WINDOW


def checked(draft: Draft, channel: Channel) -> Draft:
    """The draft as it will be said. Raises UserError for one that cannot be."""
    text = draft.text.replace("\r\n", "\n").strip()
    who = " ".join(draft.by.split())
    if not text or "\0" in text:
        raise UserError("the answer is empty.")
    if not who:
        raise UserError("say who answers.")
    if len(text) > LONGEST[channel]:
        raise UserError(
            f"the answer has {len(text):,} characters; {channel.label} takes {LONGEST[channel]:,}."
        )
    subject = " ".join(draft.subject.split())[:200] if draft.subject else None
    return Draft(draft.key, draft.inbox_id, text, who[:80], subject, draft.campaign)


def skeleton_of(channel: Channel, text: str, subject: str | None) -> Skeleton:
    """The answer in the form that channels send: fixed words, no slots."""
    if channel is Channel.EMAIL:
        parts = {"subject": Part((subject or "Re:",), ()), "text": Part((text,), ())}
    else:
        parts = {"body": Part((text,), ())}
    return Skeleton(
        channel=channel, locale="und", variant="answer", traits=(), parts=parts, slots={}
    )


#: A Message-ID, and how much of a conversation's a mail names (RFC 5322, 3.6.4; a line takes 998).
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,250}>")
_MOST_REFERENCES = 900


def thread_of(asked: Mapping[str, object]) -> tuple[str | None, dict[str, str]]:
    """Subject and headers that put an answer below the mail it answers; `asked` is the data of
    that reply. Nothing where it brought no subject or no id of its own."""
    said = str(asked.get("subject") or "").strip()
    subject = (said if said[:3].casefold() == "re:" else f"Re: {said}") if said else None
    own = _MESSAGE_ID.fullmatch(str(asked.get("message_id") or ""))
    if own is None:
        return subject, {}
    known = _MESSAGE_ID.findall(str(asked.get("references") or ""))
    listed = [*dict.fromkeys(i for i in known if i != own[0]), own[0]]
    while len(" ".join(listed)) > _MOST_REFERENCES:
        listed.pop(1)  # the first names the conversation, the last ones its place in it
    return subject, {"In-Reply-To": own[0], "References": " ".join(listed)}


def delivery_number(answer_id: int) -> int:
    """How an answer is called where channels and providers call deliveries by number."""
    return -answer_id
