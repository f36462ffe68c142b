"""What each channel permits an answer to be, and to whom."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from campaigns.domain.answer import AnswerKind, Draft, Reach, checked, refusal
from campaigns.domain.channel import Channel
from campaigns.domain.customer import AddressStatus
from campaigns.domain.views import SuppressionView
from campaigns.errors import UserError

NOW = datetime(2027, 3, 1, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
K, C = AnswerKind, Channel
OUT = SuppressionView("marketing", "opted_out", NOW - HOUR)
NEVER = SuppressionView("all", "erased", NOW - HOUR)


def reach(suppression: SuppressionView | None, wrote: timedelta | None) -> Reach:
    last = None if wrote is None else NOW - wrote
    return Reach("there", AddressStatus.ACTIVE, suppression, last)


@pytest.mark.parametrize(
    ("kind", "channel", "suppression", "wrote", "permitted"),
    [
        (K.ANSWER, C.SMS, None, HOUR * 99, True),
        (K.ANSWER, C.SMS, OUT, HOUR / 2, False),
        (K.CONFIRMATION, C.SMS, OUT, HOUR, True),
        (K.HELP, C.SMS, OUT, HOUR / 2, True),
        (K.HELP, C.SMS, OUT, HOUR * 2, False),
        (K.ANSWER, C.EMAIL, OUT, HOUR / 2, True),
        (K.ANSWER, C.EMAIL, OUT, HOUR * 2, False),
        (K.CONFIRMATION, C.SMS, NEVER, HOUR, False),
        (K.ANSWER, C.WHATSAPP, None, HOUR * 23, True),
        (K.ANSWER, C.WHATSAPP, None, HOUR * 24 - timedelta(minutes=4), False),
        (K.ANSWER, C.WHATSAPP, None, None, False),
        (K.ANSWER, C.X_DM, None, HOUR * 99, True),
        (K.ANSWER, C.X_DM, None, None, False),
        (K.ANSWER, C.X_DM, OUT, HOUR / 2, False),
    ],
)
def test_an_answer_is_permitted_or_refused_in_words(
    kind: AnswerKind,
    channel: Channel,
    suppression: SuppressionView | None,
    wrote: timedelta | None,
    permitted: bool,
) -> None:
    assert (refusal(kind, channel, reach(suppression, wrote), NOW) is None) is permitted


@pytest.mark.parametrize("status", [AddressStatus.BOUNCED, AddressStatus.INVALID])
def test_nothing_goes_to_a_dead_address_or_to_none(status: AddressStatus) -> None:
    assert refusal(K.ANSWER, C.SMS, Reach("there", status, None, NOW), NOW)
    assert refusal(K.ANSWER, C.SMS, Reach(None, None, None, NOW), NOW)


@pytest.mark.parametrize(
    ("text", "by"), [("", "Marta"), (" \n", "Marta"), ("Yes.", " "), ("x" * 1601, "Marta")]
)
def test_an_empty_an_unsigned_and_a_too_long_answer_are_told_so(text: str, by: str) -> None:
    with pytest.raises(UserError):
        checked(Draft("key", 1, text, by), C.SMS)
