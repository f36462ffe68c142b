"""The brand: who speaks, how it looks, where its links may lead, what the law asks it to say."""

from __future__ import annotations

from typing import Annotated

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
from campaigns.domain.facts import Amount, Currency, HttpsUrl, Texts, Zone


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


LocaleName = Annotated[str, AfterValidator(_locale)]
Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9A-Fa-f]{6}$")]
E164 = Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{6,14}$")]
Line = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\r\n]*$")]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
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


class EmailSender(_Frozen):
    """Who e-mail comes from."""

    address: Annotated[str, AfterValidator(_email)]
    name: Line
    reply_to: Annotated[str, AfterValidator(_email)] | None = None


class SmsSender(_Frozen):
    """Who texts come from: a number, or a messaging service that picks one."""

    from_: Annotated[E164 | None, Field(alias="from")] = None
    messaging_service: Annotated[str, StringConstraints(pattern=r"^MG[0-9a-f]{32}$")] | None = None

    @model_validator(mode="after")
    def _one(self) -> SmsSender:
        if (self.from_ is None) == (self.messaging_service is None):
            raise ValueError("give either `from` (a number) or `messaging_service`")
        return self


class WhatsAppSender(_Frozen):
    """The WhatsApp number."""

    from_: Annotated[E164, Field(alias="from")]


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
        return sender.model_dump(by_alias=True, exclude_none=True) if sender else None


class AvoidedTerm(_Frozen):
    """A word the brand does not use, and why."""

    term: Line
    reason: Line
    use_instead: Line | None = None
    locales: tuple[LocaleName, ...] = Field((), description="where it holds; empty: everywhere")


class Terms(_Frozen):
    """The glossary of the brand."""

    avoid: tuple[AvoidedTerm, ...] = ()


class Name(_Frozen):
    """A name that is written one way."""

    write: Line
    not_: Annotated[tuple[Line, ...], Field(alias="not", min_length=1)]


class Voice(_Frozen):
    """How loud the brand may be. Counted in each copy text."""

    description: str = ""
    max_exclamation_marks: Annotated[int, Field(ge=0)] | None = None
    max_capital_words: Annotated[int, Field(ge=0)] | None = Field(
        None, description="words of three letters or more in capitals; codes and names apart"
    )
    emoji: bool = True


class Limits(_Frozen):
    """How long messages may be, below what the vendors allow."""

    sms_segments: Annotated[int, Field(ge=1, le=10)] = 3
    subject_characters: Annotated[int, Field(ge=20, le=200)] = 78


class Prices(_Frozen):
    """What the provider asks for. For previews: no message states these."""

    currency: Currency
    sms_segment: dict[Country, Amount] = Field(
        default_factory=dict, description="price of one SMS segment by the customer's country"
    )


class ApprovalRules(_Frozen):
    """What an approval asks for."""

    author_may_approve: bool = Field(
        True, description="false: a campaign that needs approval is approved by somebody else"
    )


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
    legal: dict[Channel, Texts] = Field(
        default_factory=dict, description="the line the law asks for, per channel and language"
    )
    labels: dict[str, Texts] = Field(
        default_factory=dict, description="what a fact is called where a layout lists the facts"
    )
    words: dict[str, Texts] = Field(
        default_factory=dict, description="words that stand in the layouts"
    )
    terms: Terms = Terms()
    names: tuple[Name, ...] = ()
    voice: Voice = Voice()
    limits: Limits = Limits()
    prices: Prices | None = None
    approval: ApprovalRules = ApprovalRules()

    @model_validator(mode="after")
    def _default_is_offered(self) -> Brand:
        if self.default_locale not in self.locales:
            raise ValueError(f"default_locale {self.default_locale} is not one of `locales`")
        return self
