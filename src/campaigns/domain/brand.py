"""The brand: who speaks, how it looks, where its links may lead, what the law asks it to say."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from campaigns.domain.channel import Channel
from campaigns.domain.copy_rules import Limits, Name, PatternRule, Terms, Voice
from campaigns.domain.engagement import Learning
from campaigns.domain.facts import Country, HttpsUrl, Phone, Texts, Zone
from campaigns.domain.lengths import Length
from campaigns.domain.pressure import Pressure
from campaigns.domain.prices import Prices
from campaigns.domain.retention import Retention
from campaigns.domain.schedule import Blackout, HolidayRule
from campaigns.domain.senders import Senders
from campaigns.domain.written import Line, LocaleName, Written

Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9A-Fa-f]{6}$")]
Domain = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9-]+)+$")
]


class Colours(Written):
    """The palette, as #RRGGBB."""

    primary: Colour = Field(description="buttons and bands")
    on_primary: Colour = Field(description="text on primary")
    accent: Colour
    background: Colour = Field(description="around the message")
    surface: Colour = Field(description="the message itself")
    text: Colour
    muted: Colour = Field(description="small print")


class Logo(Written):
    """The logo; without a URL its text is set in type."""

    alt: Line
    url: HttpsUrl | None = None
    width: Annotated[int, Field(ge=16, le=600)] | None = None


#: No campaign falls back later than this.
LONGEST_WITHIN = timedelta(days=7)


class Fallback(Written):
    """When a message that bounced or was rejected goes to the customer's next channel."""

    within: Annotated[int, Field(ge=1, le=LONGEST_WITHIN // timedelta(hours=1))] = Field(
        48, description="hours after it was sent; what bounces later stays where it is"
    )


class ApprovalRules(Written):
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


class BrandHoldout(Written):
    """Customers who get no marketing at all for a while: what all campaigns together bring."""

    percent: Annotated[float, Field(gt=0, le=20)]
    period: Line = Field(description="such as 2027-H1; another period holds out other people")


class Brand(Written):
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
