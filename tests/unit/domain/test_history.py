"""What staff are told of a customer, in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from campaigns.domain.channel import Channel
from campaigns.domain.history import Side, asked_for, side_of
from campaigns.domain.interaction import InteractionKind
from campaigns.domain.preferences import Preferences

NOW = datetime(2027, 3, 1, 9, tzinfo=UTC)


def test_what_a_customer_asked_for_is_told_in_words() -> None:
    asked = Preferences(
        channels=(Channel.SMS, Channel.EMAIL),
        quiet_from=1290,
        quiet_until=540,
        paused_until=NOW + timedelta(days=30),
        weekly_most=2,
    )
    assert asked_for(asked, NOW) == [
        "SMS, then e-mail",
        "nothing from 21:30 to 09:00, their time",
        "at most 2 a week",
        "no marketing before 2027-03-31",
    ]


def test_a_pause_that_is_over_and_a_customer_who_asked_nothing_tell_nothing() -> None:
    assert asked_for(Preferences(paused_until=NOW), NOW) == []
    assert asked_for(Preferences(), NOW) == []


@pytest.mark.parametrize(
    ("kind", "side"),
    [
        (InteractionKind.SENT, Side.US),
        (InteractionKind.ANSWERED, Side.US),
        (InteractionKind.REPLIED, Side.CUSTOMER),
        (InteractionKind.CALLED, Side.CUSTOMER),
        (InteractionKind.BOUNCED, Side.NOTE),
    ],
)
def test_every_moment_has_its_side(kind: InteractionKind, side: Side) -> None:
    assert side_of(kind) is side
