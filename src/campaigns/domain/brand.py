"""The brand: who speaks, how it looks, where its links may lead, what the law asks it to say."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

import regex
from babel import Locale, UnknownLocaleError
from email_validator import EmailNotValidError, validate_email
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from campaigns.domain.channel import Channel
from campaigns.domain.engagement import Learning
from campaigns.domain.facts import Country, HttpsUrl, Phone, Texts, Zone
from campaigns.domain.findings import Level
from campaigns.domain.lengths import Length
from campaigns.domain.pressure import Pressure
from campaigns.domain.prices import Prices
from campaigns.domain.retention import Retention
from campaigns.domain.schedule import Blackout, HolidayRule


def _locale(name: str) -> str:
    try:
        parsed = Locale.parse(name)
    except (UnknownLocaleError, ValueError):
        parsed = None
    if parsed is None or parsed.territory is None or str(parsed) != name:
        raise ValueError(f"`{name}` is no locale; write language and country, such as es_ES")
    return name


def _email(address: str) -> str:
    try:
        validate_email(address, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise ValueError(f"`{address}` is no e-mail address: {error}") from None
    return address


def _pattern(pattern: str) -> str:
    try:
        regex.compile(pattern)
    except regex.error as error:
        raise ValueError(f"`{pattern}` is no regular expression: {error}") from None
    return pattern


LocaleName = Annotated[str, AfterValidator(_locale)]
Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9A-Fa-f]{6}$")]
E164 = Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{6,14}$")]
Line = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\r\n]*$")]
Domain = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9-]+)+$")
]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)


class Colours(_Frozen):
    """The palette, as #RRGGBB."""

    primary: Colour = Field(description="buttons and bands")
    on_primary: Colour = Field(description="text on primary")
    accent: Colour
    background: Colour = Field(description="around the message")
    surface: Colour = Field(description="the message itself")
    text: Colour
    muted: Colour = Field(description="small print")


class Logo(_Frozen):
    """The logo; without a URL its text is set in type."""

    alt: Line
    url: HttpsUrl | None = None
    width: Annotated[int, Field(ge=16, le=600)] | None = None


PerSecond = Annotated[float, Field(gt=0, le=100_000)]


class EmailSender(_Frozen):
    """Who e-mail comes from."""

    address: Annotated[str, AfterValidator(_email)]
    name: Line
    reply_to: Annotated[str, AfterValidator(_email)] | None = None
    per_second: PerSecond | None = Field(None, description="messages; empty: no limit of ours")


class SmsSender(_Frozen):
    """Who texts come from: a number, or a messaging service that picks one."""

    from_: Annotated[E164 | None, Field(alias="from")] = None
    messaging_service: Annotated[str, StringConstraints(pattern=r"^MG[0-9a-f]{32}$")] | None = None
    per_second: PerSecond | None = Field(
        None, description="segments, as the vendor counts; empty: no limit of ours"
    )

    @model_validator(mode="after")
    def _one(self) -> SmsSender:
        if (self.from_ is None) == (self.messaging_service is None):
            raise ValueError("give either `from` (a number) or `messaging_service`")
        return self


class WhatsAppSender(_Frozen):
    """The WhatsApp number."""

    from_: Annotated[E164, Field(alias="from")]
    per_second: PerSecond | None = Field(None, description="messages; empty: no limit of ours")


class XSender(_Frozen):
    """The account on X, without the @."""

    handle: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]{1,15}$")]


class Senders(_Frozen):
    """Who each channel's messages come from."""

    email: EmailSender | None = None
    sms: SmsSender | None = None
    whatsapp: WhatsAppSender | None = None
    x: XSender | None = None

    def of(self, channel: Channel) -> dict[str, str] | None:
        """The sender of a channel as plain names and values; None when there is none."""
        name = "x" if channel in (Channel.X_POST, Channel.X_DM) else channel.value
        sender: _Frozen | None = getattr(self, name)
        if sender is None:
            return None
        return {k: str(v) for k, v in sender.model_dump(by_alias=True, exclude_none=True).items()}


class AvoidedTerm(_Frozen):
    """A word the brand does not use, and why."""

    term: Line
    also: tuple[Line, ...] = Field((), description="its other forms: plurals, feminines")
    reason: Line
    use_instead: Line | None = None
    locales: tuple[LocaleName, ...] = Field((), description="where it holds; empty: everywhere")
    level: Level = Level.ERROR


class PreferredTerm(_Frozen):
    """A word the brand uses, and what is said elsewhere for it."""

    term: Line
    instead_of: Annotated[tuple[Line, ...], Field(min_length=1)]
    reason: Line
    locales: tuple[LocaleName, ...] = Field((), description="where it holds; empty: everywhere")
    level: Level = Level.ERROR


class Terms(_Frozen):
    """The glossary of the brand."""

    avoid: tuple[AvoidedTerm, ...] = ()
    use: tuple[PreferredTerm, ...] = ()


class Name(_Frozen):
    """A name that is written one way. Other capitals are wrong without being listed."""

    write: Line
    not_: Annotated[tuple[Line, ...], Field(alias="not")] = ()


class PatternRule(_Frozen):
    """A rule of the brand's own, as data."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
    pattern: Annotated[str, AfterValidator(_pattern), StringConstraints(max_length=300)] = Field(
        description="a regular expression (the Python package regex); (?i) ignores capitals"
    )
    expect: Literal["never", "always"] = Field(
        "never", description="never: no text may match; always: every message must"
    )
    reason: Line
    use_instead: Line | None = None
    channels: tuple[Channel, ...] = Field((), description="where it holds; empty: everywhere")
    locales: tuple[LocaleName, ...] = Field((), description="where it holds; empty: everywhere")
    level: Level = Level.ERROR


class Voice(_Frozen):
    """How loud the brand may be. Counted in each copy text."""

    description: str = ""
    max_exclamation_marks: Annotated[int, Field(ge=0)] | None = None
    max_capital_words: Annotated[int, Field(ge=0)] | None = Field(
        None, description="words of three letters or more in capitals; codes and names apart"
    )
    emoji: bool = True
    max_lix: Annotated[int, Field(ge=10, le=100)] | None = Field(
        None, description="reading level of a body: 30 is easy, 40 a newspaper, 50 an office"
    )


Segments = Annotated[int, Field(ge=1, le=10)]
SubjectLength = Annotated[int, Field(ge=20, le=200)]
#: Room on a phone's inbox, on a button, in a headline that is still one.
_CHARACTERS = {"preheader": 150, "headline": 110, "greeting": 110, "call_to_action": 40}


class Limits(_Frozen):
    """How long messages may be, below what the vendors allow."""

    sms_segments: Segments = 3
    subject_characters: SubjectLength = 78
    characters: dict[str, Annotated[int, Field(ge=1)]] = Field(
        default_factory=dict,
        description="most characters of a copy text: preheader (150), headline (110), greeting "
        "(110), call_to_action (40), or any other",
    )

    @property
    def of_texts(self) -> dict[str, int]:
        """Most characters by copy text."""
        return _CHARACTERS | self.characters


class OwnLimits(_Frozen):
    """Limits of one campaign, instead of the brand's."""

    sms_segments: Segments | None = None
    subject_characters: SubjectLength | None = None
    characters: dict[str, Annotated[int, Field(ge=1)]] = Field(default_factory=dict)

    def over(self, brand: Limits) -> Limits:
        """The brand's limits with these in their place."""
        own = self.model_dump(exclude_none=True)
        return brand.model_copy(update=own | {"characters": brand.characters | self.characters})


class Fallback(_Frozen):
    """When a message that bounced or was rejected goes to the customer's next channel."""

    within: Annotated[int, Field(ge=1, le=168)] = Field(
        48, description="hours after it was sent; what bounces later stays where it is"
    )


class ApprovalRules(_Frozen):
    """What an approval asks for."""

    author_may_approve: bool = Field(
        True, description="false: a campaign that needs approval is approved by somebody else"
    )
    wait: Length = Field(
        timedelta(hours=24), description="so long a run that asks waits (90 min, 2 h, 1 day)"
    )
    may_change: Annotated[float, Field(ge=0, le=100)] = Field(
        5,
        description="percent of the approved plan's people that may change until the run; more, "
        "and it is held for a person",
    )


Topic = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


class BrandHoldout(_Frozen):
    """Customers who get no marketing at all for a while: what all campaigns together bring."""

    percent: Annotated[float, Field(gt=0, le=20)]
    period: Line = Field(description="such as 2027-H1; another period holds out other people")


class Brand(_Frozen):
    """templates/brand.yaml: what every campaign shares."""

    name: Line
    default_locale: LocaleName
    locales: Annotated[tuple[LocaleName, ...], Field(min_length=1)]
    time_zone: Zone
    colours: Colours
    dark_colours: Colours | None = Field(None, description="for mail clients in dark mode")
    logo: Logo
    senders: Senders
    link_domains: Annotated[tuple[Domain, ...], Field(min_length=1)] = Field(
        description="links may lead to these domains and nowhere else"
    )
    postal_address: Line | None = None
    postal_addresses: dict[Country, Line] = Field(
        default_factory=dict, description="of countries that get another one"
    )
    legal: dict[Channel, Texts] = Field(
        default_factory=dict,
        description="the line the law asks for, per channel, and per language (es) or language and "
        "country (es_ES)",
    )
    pages: dict[str, HttpsUrl] = Field(
        default_factory=dict, description="pages of the brand that any message may link to"
    )
    phones: dict[str, Phone] = Field(
        default_factory=dict, description="phone numbers of the brand that any message may give"
    )
    labels: dict[str, Texts] = Field(
        default_factory=dict, description="what a fact is called where a layout lists the facts"
    )
    words: dict[str, Texts] = Field(
        default_factory=dict, description="words that stand in the layouts"
    )
    topics: dict[Topic, Texts] = Field(
        default_factory=dict,
        description="what customers may choose to get, and what it is called on their page",
    )
    retention: Retention = Retention()
    terms: Terms = Terms()
    names: tuple[Name, ...] = ()
    patterns: tuple[PatternRule, ...] = Field((), description="rules of the brand's own")
    voice: Voice = Voice()
    limits: Limits = Limits()
    prices: Prices | None = None
    pressure: Pressure = Pressure()
    blackouts: tuple[Blackout, ...] = Field((), description="days on which nothing is sent")
    holidays: HolidayRule | None = Field(
        None, description="nothing is sent on public holidays of where the customer lives"
    )
    approval: ApprovalRules = ApprovalRules()
    clicks: bool = Field(
        False,
        description="true: links in e-mails lead over your own pages, which count clicks; tell "
        "your customers so in your privacy notice",
    )
    fallback: Literal[False] | Fallback = Field(
        Fallback(),
        description="what bounces or is rejected goes to the customer's next permitted channel; "
        "false: it stays where it is",
    )
    holdout: BrandHoldout | None = None
    learning: Learning = Learning()

    @model_validator(mode="after")
    def _default_is_offered(self) -> Brand:
        if self.default_locale not in self.locales:
            raise ValueError(f"default_locale {self.default_locale} is not one of `locales`")
        return self

    def address_in(self, locale: str) -> str | None:
        """The postal address for a locale's country."""
        return self.postal_addresses.get(locale.rsplit("_", maxsplit=1)[-1], self.postal_address)
