"""What an event of the timeline says, in the words of those who read it."""

from __future__ import annotations

import pytest

from campaigns.domain.customer import AttributeValue
from campaigns.domain.history import data_in_words


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"quiet_from": 1290, "quiet_until": 495},
         [("quiet from", "21:30"), ("quiet until", "08:15")]),
        ({"quiet_from": None, "quiet_until": None},
         [("quiet from", "none"), ("quiet until", "none")]),
        ({"paused_until": "2026-12-26T12:07:13.681660+00:00"}, [("paused until", "2026-12-26")]),
        ({"channels": "sms,email"}, [("order", "SMS, then e-mail")]),
        ({"*": False, "offers": True}, [("all topics", "no"), ("offers", "yes")]),
        ({"weekly_most": 2}, [("at most in a week", "2")]),
        ({"shop": "Girona", "amount": 49.9}, [("shop", "Girona"), ("amount", "49.9")]),
        ({"text": "hello", "wish": "help", "campaign": "sale"}, []),
    ],
)  # fmt: skip
def test_what_happened_is_told_as_people_say_it(
    data: dict[str, AttributeValue], words: list[tuple[str, str]]
) -> None:
    assert data_in_words(data) == words
