"""The campaign and its copy, as a marketer writes them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Literal, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from campaigns.domain.audience import Audience
from campaigns.domain.brand import Fallback
from campaigns.domain.canary import CanarySpec
from campaigns.domain.channel import Channel
from campaigns.domain.consent import Purpose
from campaigns.domain.copy_rules import OwnLimits
from campaigns.domain.counting import counted
from campaigns.domain.facts import Fact, Texts
from campaigns.domain.journey import MAX_DEPTH, MAX_STEPS, Condition, Step, StepName, depth
from campaigns.domain.lengths import Length
from campaigns.domain.message import SlotType
from campaigns.domain.prices import Budget
from campaigns.domain.recurring import Recurs
from campaigns.domain.schedule import SendAt
from campaigns.domain.written import Line, LocaleName, Written

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Topic = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
Edition = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{0,40}$")]
LayoutFile = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+(\.[a-z0-9]+)*\.j2$")]


def _moment(value: object) -> object:
    # A number would be read as seconds since 1970.
    if not isinstance(value, str | date | datetime):
        raise ValueError("write a day (2027-03-31) or a moment (2027-03-31T20:00)")
    if isinstance(value, str) and len(value) == len("2027-03-31"):
        return date.fromisoformat(value)
    return value


class SlotSpec(Written):
    """A value that differs per customer: what it may hold and what stands there without it."""

    type: SlotType | None = Field(None, description="of a slot that is no attribute; default text")
    max_length: Annotated[int, Field(ge=1, le=500)] | None = None
    fallback: Texts | None = None
    description: str = ""


Share = Annotated[float, Field(gt=0, le=1_000)]
Percent = Annotated[float, Field(ge=0, le=50)]


_DOING = {
    "purchased": "buy",
    "visited": "visit",
    "clicked": "click",
    "replied": "reply",
    "called": "call",
}


class GoalSpec(Written):
    """What the campaign is for, counted per customer: did it happen, and for how much."""

    kind: Literal["purchased", "visited", "clicked", "replied", "called"]
    within_days: Annotated[int, Field(ge=1, le=365)] = 14

    @property
    def in_words(self) -> str:
        """`people buy within 14 days of the message`."""
        return (
            f"people {_DOING[self.kind]} within {counted(self.within_days, 'day')} of the message"
        )


class ExperimentSpec(Written):
    """What is tried out, on whom. Assignment is by hash: a customer stays in their arm."""

    variants: dict[Literal["a", "b", "c", "d"], Share] = Field(
        default_factory=dict, description="variants of the copy and their shares: {a: 50, b: 50}"
    )
    channels: dict[Literal["preferred", "default"], Share] = Field(
        default_factory=dict,
        description="the customer's preferred channel against the campaign's first one",
    )
    holdout: Percent = Field(
        0, description="percent who get nothing, to measure what the campaign brings"
    )
    worth: Annotated[float, Field(gt=0)] | None = Field(
        None,
        description="the smallest difference that would matter, in points (or money, where the "
        "goal is an amount): early looks are narrowest there",
    )
    baseline: Annotated[float, Field(gt=0, lt=100)] | None = Field(
        None, description="percent who reach the goal anyway: tells what can be seen"
    )

    @model_validator(mode="after")
    def _two_arms(self) -> ExperimentSpec:
        if len(self.variants) == 1 or len(self.channels) == 1:
            raise ValueError("one arm alone is no experiment; name two or more with their shares")
        return self


class Layouts(Written):
    """Layouts of this campaign's own, instead of the shared ones: file names in layouts/."""

    email_html: Annotated[LayoutFile | None, Field(alias="email.html")] = None
    email_text: Annotated[LayoutFile | None, Field(alias="email.txt")] = None
    email_subject: Annotated[LayoutFile | None, Field(alias="email.subject")] = None
    sms: Annotated[LayoutFile | None, Field(alias="sms.txt")] = None
    whatsapp: Annotated[LayoutFile | None, Field(alias="whatsapp.txt")] = None
    x_post: Annotated[LayoutFile | None, Field(alias="x_post.txt")] = None
    x_dm: Annotated[LayoutFile | None, Field(alias="x_dm.txt")] = None


class Campaign(Written):
    """templates/campaigns/<name>/campaign.yaml."""

    title: Line
    description: str = ""
    purpose: Purpose = Field(
        Purpose.MARKETING, description="service: it concerns a service in use, without any offer"
    )
    topic: Topic | None = Field(
        None, description="the marketing topic that consents name; required for marketing"
    )
    facts: dict[Name, Fact] = Field(default_factory=dict)
    must_say: tuple[Name, ...] = Field((), description="on every channel, in every locale")
    channels: Annotated[tuple[Channel, ...], Field(min_length=1)] = Field(
        description="in the order that decides when nothing else does"
    )
    audience: Audience = Field(description="who it is for; `everyone` must be said")
    locales: tuple[LocaleName, ...] = Field((), description="of the brand's; empty: all of them")
    post_locale: LocaleName | None = Field(
        None, description="of the public X post; default: the brand's default locale"
    )
    traits: tuple[Name, ...] = Field(
        (), description="attributes (bool or choice) that the copy or layouts branch on"
    )
    expires: Annotated[datetime | date | None, BeforeValidator(_moment)] = Field(
        None, description="nothing is sent after this day or moment"
    )
    start_tolerance: Length = Field(
        timedelta(hours=1),
        description="a run that starts later than scheduled by more than this (90 min, 2 h, 1 day) "
        "is held for a person; default: 1 h",
    )
    goal: GoalSpec | None = Field(None, description="what the campaign is for")
    budget: Budget | None = Field(
        None, description="the most it may cost by the brand's `prices`: else nothing is sent"
    )
    steps: Annotated[tuple[Step, ...], Field(max_length=MAX_STEPS)] = Field(
        (), description="a journey: the messages that follow each other; empty: one message"
    )
    stop_when: Condition | None = Field(
        None, description="who fulfils it gets no further step; default: the `goal`, if any"
    )
    experiment: ExperimentSpec = Field(ExperimentSpec(), description="what is tried out")
    layouts: Layouts = Layouts()
    limits: OwnLimits = Field(OwnLimits(), description="instead of the brand's")
    slots: dict[Name, SlotSpec] = Field(default_factory=dict)
    fallback: Literal[False] | Fallback | None = Field(
        None, description="instead of the brand's; false: no message goes to another channel"
    )
    send_at: SendAt | None = Field(
        None, description="at which hour of the customer's day it arrives; empty: at once"
    )
    edition: Edition = Field("", description="of a campaign that recurs: which time this is")
    recurs: Recurs | None = Field(
        None, description="everybody gets it once in each: the edition is named by the date"
    )
    team: Line | None = Field(None, description="whose campaign it is; see the calendar")
    author: Line | None = Field(None, description="who writes it; see the brand's `approval`")
    canary: CanarySpec | None = Field(
        None, description="send to a few first, watch them, and go on or stop"
    )
    needs_approval: bool = Field(
        False, description="runs only as a release that somebody approved (campaigns approve)"
    )

    @model_validator(mode="after")
    def _topic_of_marketing(self) -> Campaign:
        if self.purpose is Purpose.MARKETING and self.topic is None:
            raise ValueError("a marketing campaign needs a `topic`, such as offers")
        if len(set(self.channels)) != len(self.channels):
            raise ValueError("`channels` names a channel twice")
        if self.goal is None and self.experiment != ExperimentSpec():
            raise ValueError("an `experiment` needs a `goal` to be judged by")
        if self.recurs and self.edition:
            raise ValueError("`recurs` names the edition by the date: take `edition` out")
        if self.recurs and self.steps:
            raise ValueError("a journey does not recur: everybody is on it at a time of their own")
        if self.stop_when is not None and len(self.steps) < 2:
            raise ValueError("`stop_when` ends a journey: there are no `steps` to stop")
        if self.stop_when is not None and depth(self.stop_when) > MAX_DEPTH:
            raise ValueError(f"`stop_when` is nested deeper than {MAX_DEPTH}; flatten it")
        return self

    @property
    def expires_on(self) -> date | None:
        """The last day, where `expires` is a day and no moment."""
        return None if isinstance(self.expires, datetime) else self.expires

    def expires_at(self, zone: str) -> datetime | None:
        """The last moment of sending (UTC). A day lasts until its midnight in `zone`."""
        match self.expires:
            case None:
                return None
            case datetime(tzinfo=None) as local:
                return local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
            case datetime() as moment:
                return moment.astimezone(UTC)
            case day:
                midnight = datetime.combine(day + timedelta(days=1), datetime.min.time())
                return midnight.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


Paragraphs: TypeAlias = str | Annotated[tuple[str, ...], Field(min_length=1)]


class Words(Written):
    """The words of a message. A text may name facts, customer, brand, links and traits."""

    subject: str | None = Field(None, description="of the e-mail")
    preheader: str | None = Field(None, description="what mail clients show after the subject")
    headline: str | None = None
    greeting: str | None = None
    body: Paragraphs | None = Field(None, description="a text, or a list of paragraphs")
    call_to_action: str | None = Field(None, description="on the button of the e-mail")
    short: str | None = Field(
        None, description="for SMS, WhatsApp and X; default: the headline and the facts"
    )
    post: str | None = Field(None, description="for the X post; default: short")
    closing: Paragraphs | None = None


class Copy(Words):
    """templates/campaigns/<name>/copy.<language or locale>.yaml."""

    variants: dict[Literal["b", "c", "d"], Words] = Field(
        default_factory=dict, description="texts that differ in variant b, c or d; a is the base"
    )
    steps: dict[StepName, Words] = Field(
        default_factory=dict, description="texts that differ in a step of the journey"
    )
