"""What a message costs, by the brand's price table (`prices` in brand.yaml).

Vendors price an e-mail each, a text per segment and country, a WhatsApp message per category of its
template and country, a post and a direct message each. All amounts are Decimal, never rounded
before they are shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field

from campaigns.domain.channel import Channel
from campaigns.domain.consent import Purpose
from campaigns.domain.facts import Amount, Country, Currency
from campaigns.domain.written import Written

#: What these cost depends on the customer's country; elsewhere a message costs the same for all.
PRICED_BY_COUNTRY = (Channel.SMS, Channel.WHATSAPP)

#: A price is of nothing, or more.
Price = Annotated[Amount, Field(ge=0)]
#: Country → price; `other` is of every country that is not listed, and of customers without one.
Tariff: TypeAlias = dict[Country | Literal["other"], Price]


class WhatsAppPrices(Written):
    """By the category of the template: Meta prices an offer higher than a service notice."""

    marketing: Tariff = Field(default_factory=dict, description="of marketing campaigns")
    utility: Tariff = Field(default_factory=dict, description="of service campaigns")


class Prices(Written):
    """What the providers ask for. For plans, reports and previews: no message states these."""

    currency: Currency
    email: Price | None = Field(None, description="price of one e-mail")
    sms_segment: Tariff = Field(
        default_factory=dict,
        description="price of one SMS segment by the customer's country; `other`: elsewhere",
    )
    whatsapp: WhatsAppPrices = WhatsAppPrices()
    x_post: Price | None = Field(None, description="price of one post on X")
    x_dm: Price | None = Field(None, description="price of one direct message on X")

    @classmethod
    def of(cls, documents: Mapping[str, Any]) -> Prices | None:
        """Those of a brand.yaml as it is frozen in a release; None where it states none."""
        found = documents.get("prices")
        return cls.model_validate(found) if found else None

    def cost(
        self, channel: Channel, *, purpose: Purpose, country: str | None, segments: int = 1
    ) -> Decimal | None:
        """What one message costs; None where the brand has no price for it.

        Args:
            country: the customer's, two capitals; None is priced as `other`.
            segments: of a text; elsewhere without meaning.
        """
        match channel:
            case Channel.EMAIL:
                return self.email
            case Channel.SMS:
                each = _in(self.sms_segment, country)
                return None if each is None else each * segments
            case Channel.WHATSAPP:
                kinds = self.whatsapp
                tariff = kinds.marketing if purpose is Purpose.MARKETING else kinds.utility
                return _in(tariff, country)
            case Channel.X_POST:
                return self.x_post
            case Channel.X_DM:
                return self.x_dm


class Budget(Written):
    """The most that a campaign may cost."""

    amount: Price
    currency: Currency


def money(amount: Decimal, currency: str) -> str:
    """`€1,234.50`, as the plan and the report write it; small amounts with up to four decimals."""
    from babel.numbers import format_currency

    small = 0 < abs(amount) < Decimal("0.1")
    pattern = "¤#,##0.00##" if small else "¤#,##0.00"
    return str(format_currency(amount, currency, pattern, locale="en", currency_digits=False))


def _in(tariff: Mapping[str, Decimal], country: str | None) -> Decimal | None:
    return tariff.get(country or "other", tariff.get("other"))
