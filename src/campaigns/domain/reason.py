"""Why a customer gets a message on a channel, or none at all: the words, and how rows keep them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from campaigns.domain.channel import Channel
from campaigns.domain.engagement import Tally

_WAITS = "waits"


_LONGEST = 200  # characters of a row's reason


#: A channel and what was counted there.
Told: TypeAlias = tuple[Channel, Tally]


class Rule(StrEnum):
    """What decided, of the channels that are permitted and reachable."""

    STATED_PREFERENCE = "stated_preference"
    LEARNT = "learnt"
    EXPLORING = "exploring"  # not the best known channel: to learn whether they answer here
    CAMPAIGN_ORDER = "campaign_order"
    EXPERIMENT = "experiment"  # the arm of a channel experiment that gets the campaign's channel
    PUBLIC_POST = "public_post"
    CONVERSATION = "conversation"  # a later step: where the customer answered an earlier one
    FALLBACK = "fallback"  # the channels tried before failed: domain.fallback


class Obstacle(StrEnum):
    """Why a channel cannot be used for this customer."""

    NO_ADDRESS = "no_address"
    ADDRESS_DEAD = "address_dead"  # bounced or invalid
    SUPPRESSED = "suppressed"
    NO_CONSENT = "no_consent"
    OPTED_OUT = "opted_out"
    NOT_WRITTEN_FIRST = "not_written_first"  # X: no DM to people who never wrote to us
    NO_US_MARKETING = "no_us_marketing"  # WhatsApp: error 63049
    PAUSED = "paused"  # the customer asked for no marketing for a while
    CAPPED = "capped"  # one more would be too many
    NOT_IN_CAMPAIGN = "not_in_campaign"  # preferred, but the campaign does not use it
    REJECTED = "rejected"  # the provider refused this campaign's message there
    BOUNCED = "bounced"  # this campaign's message bounced there
    FAILED = "failed"  # this campaign's message was not delivered there


class SkipReason(StrEnum):
    """Why a customer of the audience gets no message. Told by what would have to change."""

    NO_CONSENT = "no_consent"
    OPTED_OUT = "opted_out"
    SUPPRESSED = "suppressed"
    NO_ADDRESS = "no_address"
    ADDRESS_DEAD = "address_dead"
    PAUSED = "paused"
    CAPPED = "capped"
    NOT_WRITTEN_FIRST = "not_written_first"  # X: only to people who wrote to us first
    NO_US_MARKETING = "no_us_marketing"  # WhatsApp: error 63049
    PUBLIC_POST_ONLY = "public_post_only"  # prefers X, may get no DM: sees the public post
    COMPLAINED = "complained"  # of a fallback: they reported a message of the brand as spam
    NO_OTHER_CHANNEL = "no_other_channel"  # of a fallback: every channel has been tried
    ALREADY_ACTED = "already_acted"  # the journey's goal is reached
    TOLD_BY_A_PERSON = "told_by_a_person"  # somebody of the brand told them about it
    STEP_NOT_FOR_THEM = "step_not_for_them"  # its `if` does not hold
    NO_TIME_LEFT = "no_time_left"  # of an hour and day that the schedule permits
    NOT_IN_THIS_RUN = "not_in_this_run"  # the run was restricted to other channels or languages
    OVER_LIMIT = "over_limit"  # the run was limited to fewer people
    HOLDOUT = "holdout"  # gets nothing, to measure what the campaign brings
    BRAND_HOLDOUT = "brand_holdout"  # gets no marketing, to measure what all of it brings


#: A channel that was looked at and could not be used, and why.
PassedOver: TypeAlias = tuple[Channel, Obstacle]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why this channel: the rule, the evidence, and what was passed over.

    Attributes:
        passed_over: obstacles of the channels that would have come before.
        arm: of a channel experiment; empty where there is none.
        told: what was counted, when that decided: of this channel, and of the one it was
            measured against.
        waits: what the schedule made it wait for, in words; empty: nothing.
    """

    rule: Rule
    passed_over: tuple[PassedOver, ...] = ()
    arm: str = ""
    told: tuple[Told, ...] = ()
    waits: str = ""

    def encode(self) -> str:
        """Compact text for the delivery's row:
        `learnt:sms 3/5 replied,email 0/9@preferred|x_dm=not_written_first`."""
        tallies = ",".join(tally.encode(channel) for channel, tally in self.told)
        head = f"{self.rule}:{tallies}" if tallies else str(self.rule)
        if self.arm:
            head += f"@{self.arm}"
        return _encoded(head, self.passed_over, self.waits)

    @classmethod
    def decode(cls, text: str) -> Reason:
        """Read what `encode` wrote."""
        text, waits = _waits(text)
        head, *rest = text.split("|")
        head, _, arm = head.partition("@")
        rule, _, tallies = head.partition(":")
        told = tuple(map(Tally.decode, tallies.split(","))) if tallies else ()
        pairs = (item.partition("=") for item in rest)
        passed_over = tuple((Channel(c), Obstacle(o)) for c, _, o in pairs)
        return cls(Rule(rule), passed_over, arm, told, waits)

    def explain(self, channel: Channel) -> str:
        """One sentence for people."""
        if self.rule is Rule.LEARNT:
            text = "; ".join(tally.in_words(c) for c, tally in self.told)
        elif self.rule is Rule.PUBLIC_POST:
            text = "public post: seen by everyone who follows the brand"
        else:
            text = f"{channel.label}: {_RULE_TEXT[self.rule]}"
        if self.passed_over:
            text += "; not " + ", not ".join(
                f"{c.label} ({OBSTACLE_TEXT[o]})" for c, o in self.passed_over
            )
        if self.waits:
            text += f"; waited for its time: {self.waits}"
        return text + "."


@dataclass(frozen=True, slots=True)
class Choice:
    """This customer gets the message on this channel, for this reason."""

    channel: Channel
    reason: Reason


@dataclass(frozen=True, slots=True)
class Skip:
    """This customer gets nothing, for this reason; `obstacles` tell it per channel, `waits` what
    of the schedule left no time."""

    reason: SkipReason
    obstacles: tuple[PassedOver, ...] = ()
    waits: str = ""

    def encode(self) -> str:
        """Compact text for the skip's row: `no_consent|email=no_consent|sms=no_address`."""
        return _encoded(str(self.reason), self.obstacles, self.waits)

    @classmethod
    def decode(cls, text: str) -> Skip:
        """Read what `encode` wrote."""
        text, waits = _waits(text)
        head, *rest = text.split("|")
        pairs = (item.partition("=") for item in rest)
        return cls(SkipReason(head), tuple((Channel(c), Obstacle(o)) for c, _, o in pairs), waits)

    def explain(self) -> str:
        """One sentence for people."""
        text = SKIP_TEXT[self.reason]
        if self.obstacles:
            text += ": " + ", ".join(f"{c.label} {OBSTACLE_TEXT[o]}" for c, o in self.obstacles)
        if self.waits:
            text += f": {self.waits}"
        return text + "."


def _encoded(head: str, told: tuple[PassedOver, ...], waits: str) -> str:
    text = "|".join([head, *(f"{c}={o}" for c, o in told)])
    # What it waited for is cut rather than lost, where many channels were passed over.
    return f"{text}|{_WAITS}={waits}"[:_LONGEST] if waits else text


def _waits(text: str) -> tuple[str, str]:
    """A reason as it was written, and its last part: what it says of waiting."""
    before, _, waits = text.partition(f"|{_WAITS}=")
    return before, waits


#: Behind the channel's name; the other two rules have sentences of their own.
_RULE_TEXT = {
    Rule.STATED_PREFERENCE: "the customer asked for it",
    Rule.EXPLORING: "tried, to learn whether this customer answers there",
    Rule.CAMPAIGN_ORDER: "first in the campaign's order that this customer permits",
    Rule.EXPERIMENT: "the campaign's first channel, to see what preferences bring",
    Rule.CONVERSATION: "the customer answered there",
    Rule.FALLBACK: "the next channel that this customer permits",
}
OBSTACLE_TEXT = {
    Obstacle.NO_ADDRESS: "no address",
    Obstacle.ADDRESS_DEAD: "the address bounced or is invalid",
    Obstacle.SUPPRESSED: "the address is suppressed",
    Obstacle.NO_CONSENT: "no consent",
    Obstacle.OPTED_OUT: "opted out",
    Obstacle.NOT_WRITTEN_FIRST: "never wrote to us there first",
    Obstacle.NO_US_MARKETING: "WhatsApp allows no marketing to US numbers",
    Obstacle.PAUSED: "the customer asked for a pause",
    Obstacle.CAPPED: "enough messages lately",
    Obstacle.NOT_IN_CAMPAIGN: "not one of this campaign's channels",
    Obstacle.REJECTED: "the provider refused the message there",
    Obstacle.BOUNCED: "the message bounced there",
    Obstacle.FAILED: "the message was not delivered there",
}


SKIP_TEXT = {
    SkipReason.NO_CONSENT: "No consent",
    SkipReason.OPTED_OUT: "Opted out",
    SkipReason.SUPPRESSED: "The address is suppressed",
    SkipReason.NO_ADDRESS: "No address on any of the campaign's channels",
    SkipReason.ADDRESS_DEAD: "The address bounced or is invalid",
    SkipReason.PAUSED: "The customer asked for a pause",
    SkipReason.CAPPED: "Has had enough messages lately",
    SkipReason.NOT_WRITTEN_FIRST: "X lets a brand write only to people who wrote to it first",
    SkipReason.NO_US_MARKETING: "WhatsApp allows no marketing to US numbers",
    SkipReason.PUBLIC_POST_ONLY: "Prefers X and may get no direct message: sees the public post",
    SkipReason.COMPLAINED: "Reported a message as spam",
    SkipReason.NO_OTHER_CHANNEL: "Every channel of the campaign has been tried",
    SkipReason.ALREADY_ACTED: "Has already done what the campaign asks for",
    SkipReason.TOLD_BY_A_PERSON: "A person told them about it",
    SkipReason.STEP_NOT_FOR_THEM: "This step is not for them (its `if`)",
    SkipReason.NO_TIME_LEFT: "The offer ends before an hour and day at which it may be sent",
    SkipReason.NOT_IN_THIS_RUN: "The run was restricted to other channels or languages",
    SkipReason.OVER_LIMIT: "The run was limited to fewer people",
    SkipReason.HOLDOUT: "Held out, to measure what the campaign brings",
    SkipReason.BRAND_HOLDOUT: "Held out of all marketing, to measure what it brings",
}
