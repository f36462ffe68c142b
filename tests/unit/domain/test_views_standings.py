"""Which of the ledger's standings decide, as people who serve a customer see them."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

from campaigns.domain.channel import Channel
from campaigns.domain.consent import Purpose
from campaigns.domain.views import CustomerView, StandingView

T0 = datetime(2027, 3, 1, tzinfo=UTC)
NOBODY = CustomerView(
    **{
        **dict.fromkeys((f.name for f in dataclasses.fields(CustomerView)), None),
        "standings": (),
    }  # type: ignore[arg-type]
)


def stands(topic: str, granted: bool, days: int, channel: Channel = Channel.SMS) -> StandingView:
    return StandingView(channel, Purpose.MARKETING, topic, granted, T0 + timedelta(days=days))


def test_a_yes_is_not_shown_beside_a_later_no_to_everything() -> None:
    offers, mail = stands("offers", True, 0), stands("offers", True, 0, Channel.EMAIL)
    stop, news = stands("*", False, 1), stands("news", True, 2)
    view = dataclasses.replace(NOBODY, standings=(offers, stop, news, mail))
    assert view.in_force == (stop, news, mail)
    assert dataclasses.replace(NOBODY, standings=(offers,)).in_force == (offers,)
