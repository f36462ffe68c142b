"""What a message costs by the brand's table."""

from __future__ import annotations

from decimal import Decimal

import pytest
from pydantic import ValidationError

from campaigns.domain.channel import Channel
from campaigns.domain.consent import Purpose
from campaigns.domain.prices import Prices, money

PRICES = Prices.model_validate(
    {
        "currency": "EUR",
        "email": "0.0009",
        "sms_segment": {"ES": "0.0721", "other": "0.09"},
        "whatsapp": {"marketing": {"ES": "0.05"}, "utility": {"ES": "0.02"}},
        "x_post": "0.01",
    }
)


def cost(channel: Channel, country: str | None = "ES", **more: object) -> Decimal | None:
    given = {"purpose": Purpose.MARKETING, **more}
    return PRICES.cost(channel, country=country, **given)  # type: ignore[arg-type]


def test_a_text_costs_its_segments_in_the_customers_country() -> None:
    assert cost(Channel.SMS, segments=3) == Decimal("0.2163")
    assert cost(Channel.SMS, "FR", segments=2) == Decimal("0.18")
    assert cost(Channel.SMS, None) == Decimal("0.09")


def test_whatsapp_is_priced_by_what_the_campaign_is_for() -> None:
    assert cost(Channel.WHATSAPP) == Decimal("0.05")
    assert cost(Channel.WHATSAPP, purpose=Purpose.SERVICE) == Decimal("0.02")


def test_what_has_no_price_is_not_free() -> None:
    assert cost(Channel.WHATSAPP, "FR") is None
    assert cost(Channel.X_DM) is None


def test_an_email_and_a_post_cost_the_same_everywhere() -> None:
    assert cost(Channel.EMAIL, "FR") == Decimal("0.0009")
    assert cost(Channel.X_POST, None) == Decimal("0.01")


def test_a_price_is_not_negative() -> None:
    with pytest.raises(ValidationError, match="greater than or equal to 0"):
        Prices.model_validate({"currency": "EUR", "email": "-0.1"})


@pytest.mark.parametrize(
    ("amount", "told"),
    [("1234.5", "€1,234.50"), ("0.0721", "€0.0721"), ("0", "€0.00"), ("0.5", "€0.50")],
)
def test_money_is_written_to_the_cent_and_small_amounts_finer(amount: str, told: str) -> None:
    assert money(Decimal(amount), "EUR") == told
